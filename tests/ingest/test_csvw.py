"""CSV on the Web: metadata beside a list are followed, and the tables that an import writes have metadata of their own."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import csvw
import pytest

from citygraph import Project
from citygraph.errors import IngestError
from citygraph.ingest.read import metadata_path
from conftest import TODAY
from ingest_words import Take, Taken

_MORE = 'list = "members"\nas_of = 2025-03-01\n[columns]\ncity = "Town"\ncountry = "Country"\nnetwork = "Network"\n'


def _take(take: Take, tmp_path: Path, text: str, metadata: dict[str, Any], more: str = _MORE) -> Taken:
    described = {"@context": "http://www.w3.org/ns/csvw", "url": "list.csv", **metadata}
    (tmp_path / "list.csv-metadata.json").write_text(json.dumps(described), encoding="utf-8")
    return take(text.encode(str(metadata.get("dialect", {}).get("encoding", "utf-8"))), more=more)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1250", "utf-16"])
def test_the_dialect_is_followed(take: Take, tmp_path: Path, encoding: str) -> None:
    text = "A title\nTown|Country|Network\n# a remark|x|y\nŁódź|Polska|C40\n"
    dialect = {"encoding": encoding, "delimiter": "|", "skipRows": 1, "commentPrefix": "#"}
    taken = _take(take, tmp_path, text, {"dialect": dialect})
    assert [taken.outcome(row) for row in (1, 2, 3, 4)] == ["heading", "heading", "note", "imported"]
    assert (taken.member(4), taken.notes(4)) == ("city-of-lodz", "")
    assert "read as list.csv-metadata.json says" in taken.done.imported.notes


def test_titles_names_and_nulls_of_the_columns_are_used(take: Take, tmp_path: Path) -> None:
    columns = [{"name": "t", "titles": ["Town", "By"]}, {"name": "Country", "null": ["ikke kjent"]}, {"name": "n", "titles": {"en": "Network"}}]  # fmt: skip
    schema = {"tableSchema": {"columns": columns}}
    taken = _take(take, tmp_path, "T,C,N\nOslo,ikke kjent,C40\nBergen,NO,C40\n", schema)
    assert (taken.outcome(2), taken.notes(2)) == ("imported", "no country; taken as Norway")
    assert taken.outcome(3) == "imported"


def test_a_list_without_headings_has_those_of_its_metadata(take: Take, tmp_path: Path) -> None:
    schema = {"columns": [{"titles": "Town"}, {"titles": "Country"}, {"titles": "Network"}]}
    taken = _take(take, tmp_path, "Oslo,Norway,C40\n", {"dialect": {"header": False}, "tableSchema": schema})
    assert taken.outcome(1) == "imported"


def test_a_table_of_a_group_is_found_by_its_url(take: Take, tmp_path: Path) -> None:
    tables = [{"url": "other.csv", "dialect": {"delimiter": "x"}}, {"url": "https://example.org/list.csv", "dialect": {"delimiter": "|"}}]  # fmt: skip
    assert _take(take, tmp_path, "Town|Country|Network\nOslo|Norway|C40\n", {"tables": tables}).outcome(2) == "imported"


@pytest.mark.parametrize(("metadata", "says"), [
    ({"url": "other.csv"}, "does not describe list.csv"), ({"dialect": {"quoteChar": "'"}}, "quoteChar"),
    ({"dialect": {"skipRows": -1}}, "skipRows"), ({"dialect": []}, "dialect is not an object"),
    ({"tableSchema": {"columns": "x"}}, "columns are not a list"),
])  # fmt: skip
def test_metadata_that_cannot_be_followed_are_an_error_with_a_next_step(
    take: Take, tmp_path: Path, metadata: dict[str, Any], says: str
) -> None:
    described = {"@context": "http://www.w3.org/ns/csvw", "url": "list.csv", **metadata}
    (tmp_path / "list.csv-metadata.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(IngestError) as caught:
        take(b"Town,Country,Network\nOslo,Norway,C40\n", more=_MORE)
    assert says in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{", "7"])
def test_metadata_that_are_no_json_object_are_an_error(take: Take, tmp_path: Path, text: str) -> None:
    (tmp_path / "list.csv-metadata.json").write_text(text, encoding="utf-8")
    with pytest.raises(IngestError) as caught:
        take(b"Town,Country,Network\nOslo,Norway,C40\n", more=_MORE)
    assert caught.value.fix


@pytest.mark.parametrize("table", ["report", "review"])
def test_another_reader_of_csvw_reads_the_tables_that_an_import_writes(take: Take, table: str) -> None:
    taken = take("Trondheim;Norway;C40;;2004", 'Trondhiem;Norway;"ICLEI"', "Oslo;Norway;C40;left 2019;2004-05")
    path: Path = getattr(taken.done, table)
    read = csvw.Table.from_file(str(metadata_path(path)))
    rows = list(read.iterdicts(strict=True))
    with path.open(encoding="utf-8-sig", newline="") as file:
        plain = list(csv.DictReader(file))
    assert len(rows) == len(plain) > 0
    assert [str(row["name"] or "") for row in rows] == [row["name"] for row in plain]
    if table == "report":
        assert [row["row"] for row in rows] == [1, 2, 3, 4]
        assert (rows[1]["begin"], rows[3]["end"]) == ("2004", "2019")


def test_a_review_that_a_spreadsheet_saved_anew_is_read_in_spite_of_its_metadata(take: Take) -> None:
    rows = ("Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    asked = take(*rows)
    lines = asked.done.review.read_text(encoding="utf-8-sig").splitlines()
    lines[1] = f"1{lines[1]}"
    asked.done.review.write_bytes("\n".join(lines).replace(",", ";").encode("cp1252"))
    assert take(*rows).member(3) == "city-of-trondheim"


def test_the_metadata_of_tables_are_no_statements_of_the_graph(take: Take, project: Project) -> None:
    taken = take("Trondheim;Norway;C40", "Trondhiem;Norway;ICLEI")
    assert metadata_path(taken.done.review).is_relative_to(project.folder / "data")
    assert [each.code for each in Project.open(project.folder, today=TODAY).check().report] == []
