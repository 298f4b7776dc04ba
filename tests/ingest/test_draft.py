"""A map that is begun from a list: what R, pandas and spreadsheets write above columns, and on further sheets."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from citygraph.errors import IngestError
from citygraph.ingest.cells import clean
from citygraph.ingest.draft import by_words, draft_map
from ingest_words import Take


def _drafted(path: Path, text: str) -> tuple[dict[str, Any], str]:
    path.write_text(text, encoding="utf-8")
    draft = draft_map(path)
    return tomllib.loads(draft), draft


@pytest.mark.parametrize(("heading", "kind"), [
    ("Network_Name", "network"), ("network.name", "network"), ("networkName", "network"), ("Network<U+00A0>Name", "network"),
    ("Year_of_Joining", "joined"), ("Year.of.Joining", "joined"), ("Start.x", "joined"), ("Member.Since.1", "joined"),
    ("start_date_x", "joined"), ("City.y", "city"), ("Country_Name", "country"), ("End.x", "left"), ("x", ""), ("Unnamed: 0", ""),
])  # fmt: skip
def test_headings_as_r_and_pandas_write_them(heading: str, kind: str) -> None:
    assert list(by_words([clean(heading).text])) == ([kind] if kind else [])


def test_letters_that_r_could_not_write_and_escapes_of_workbooks_are_read() -> None:
    assert clean("Troms<U+00F8>").text == "Tromsø"
    assert clean("Troms<U+00F8>").notes == ("damaged letters mended: Troms<U+00F8> to Tromsø",)
    assert (clean("Oslo_x000D_").text, clean("Mo<U+00A0>i<U+00A0>Rana").text, clean("a<U+D800>").text) == (
        "Oslo", "Mo i Rana", "a<U+D800>",
    )  # fmt: skip


def test_na_in_columns_of_a_data_frame_is_drafted_as_nothing(tmp_path: Path, take: Take) -> None:
    text = '"","Network_Name","City.x","Year_of_Joining","Status","End.x"\n' + "".join(
        f'"{number}","C40","{city}",{year},{status},{end}\n'
        for number, (city, year, status, end) in enumerate(
            [("Oslo", 2004, "NA", "NA"), ("Bergen", "NA", '"member"', "NA"), ("Hamar", 2006, "NA", 2010)]
        )
    )
    drafted, draft = _drafted(tmp_path / "frame-2025-03-01.csv", text)
    assert drafted["columns"] == {
        "city": "City.x", "network": "Network_Name", "status": "Status", "joined": "Year_of_Joining", "left": "End.x",
    }  # fmt: skip
    assert "# NA in Year_of_Joining, Status, End.x: read as an empty cell" in draft
    taken = take(text.encode(), more=draft.replace("[columns]", 'country = "Norway"\n[columns]'))
    assert [(taken.outcome(row), taken.report[row - 1]["begin"], taken.report[row - 1]["end"]) for row in (2, 3, 4)] == [
        ("imported", "2004", ""), ("imported", "", ""), ("imported", "2006", "2010"),
    ]  # fmt: skip


def test_the_first_row_is_taken_for_headings_when_the_types_below_say_so(tmp_path: Path) -> None:
    rows = (
        "Smallvillage,Norway,2004,1200\nOslo,Norway,2005,700000\nBergen,Norway,2006,280000\nHamar,Norway,2007,30000\n"
    )
    drafted, draft = _drafted(tmp_path / "a.csv", "Oppidum,Patria,Annus,Incolae\n" + rows)
    assert (drafted["header"], drafted["columns"]) == (1, {"country": "Patria", "city": "Oppidum", "joined": "Annus"})
    assert "none of its names is known" in draft
    rows_of_marks = "Smallvillage,Norway,yes,1200\nOslo,Norway,no,700000\nBergen,Norway,yes,280000\n"
    drafted, _ = _drafted(tmp_path / "c.csv", "Oppidum,Patria,Active,2021\n" + rows_of_marks)
    assert (drafted["header"], drafted["columns"]) == (1, {"country": "Patria", "city": "Oppidum"})
    drafted, _ = _drafted(tmp_path / "b.csv", rows)
    assert ("header" in drafted, drafted["columns"]) == (False, {"country": 2, "city": 1, "joined": 3})


def test_a_column_of_kinds_is_found_by_its_cells_and_what_nobody_knows_is_named(tmp_path: Path) -> None:
    rows = "Oslo,Norway,Local Authority,{}\nBergen,Norway,Municipality,{}\nNVE,Norway,Agency,{}\nAgder,Norway,Signatory,{}\n"
    cells = rows.format(*("member",) * 4)
    drafted, draft = _drafted(tmp_path / "2025.csv", "Name,Country,Type,Status\n" + cells)
    assert drafted["columns"] == {"city": "Name", "country": "Country", "status": "Status", "kind": "Type"}
    assert '# "Signatory" = "city"' in draft
    assert drafted["as_of"] == 2025
    drafted, _ = _drafted(tmp_path / "b.csv", "Name,Country,Class,Type\n" + cells)
    assert (drafted["columns"]["kind"], drafted["columns"]["status"]) == ("Class", "Type")


_TWICE = "Name,Country,Since,Name,Since\nOslo,Norway,2004,Eurocities,1999\nBergen,Norway,2005,C40,1998\n"


def test_two_columns_of_one_name_are_told_and_called_by_their_numbers(tmp_path: Path, take: Take) -> None:
    drafted, draft = _drafted(tmp_path / "twice.csv", _TWICE)
    assert (drafted["header"], drafted["columns"]) == (1, {"city": 1, "country": "Country", "joined": 3})
    assert "'Name' is the name of 2 columns: 1, 4" in draft
    assert "# not used: Name, column 4, a name that stands twice" in draft
    start = 'list = "a"\nas_of = 2025-03-01\n[columns]\ncountry = "Country"\n'
    with pytest.raises(
        IngestError, match=r"'Name' \(columns\.city\), which stands 2 times in row 1: as columns 1, 4"
    ) as caught:
        take(_TWICE.encode(), more=start + 'city = "Name"\nnetwork = 4\n')
    assert caught.value.fix == "Write the number of the column in the map: city = 1, and header = 1"
    taken = take(_TWICE.encode(), more=start + "city = 1\nnetwork = 4\njoined = 5\n")
    assert [(line["outcome"], line["network"], line["begin"]) for line in taken.report] == [
        ("heading", "", ""), ("imported", "Eurocities", "1999"), ("imported", "C40", "1998"),
    ]  # fmt: skip


def test_a_name_of_the_map_is_found_as_r_writes_it(take: Take) -> None:
    more = 'list = "a"\nas_of = 2025-03-01\nnetwork = "C40"\n[columns]\ncity = "Name of City"\njoined = "Year of joining"\n'
    taken = take(b"Name.of.City;Year_of_Joining\nOslo;2004\n", more=more)
    assert (taken.outcome(2), taken.report[1]["begin"]) == ("imported", "2004")


def test_further_sheets_with_members_are_drafted(tmp_path: Path) -> None:
    import xlsxwriter  # noqa: PLC0415

    book = xlsxwriter.Workbook(str(tmp_path / "two-2025-03-01.xlsx"))
    sheets: dict[str, list[list[str | int]]] = {
        "Full members": [["City", "Country", "Since"], ["Oslo", "Norway", 2004], ["Bergen", "Norway", 2005]],
        "Observers": [["Kommune", "Land", "Medlem siden"], ["Hamar", "Norway", 2004], ["Trondheim", "Norway", 2005]],
        "Partners": [["Town", "Status"], ["Bodø", "observer"], ["Stavanger", "member"]],
        "Old": [["City", "Country"], ["Tromsø", "Norway"], ["Drammen", "Norway"]],
        "Notes": [["Nothing to see"]],
    }
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if name == "Old":
            sheet.hide()
    book.close()
    draft = draft_map(tmp_path / "two-2025-03-01.xlsx")
    drafted = tomllib.loads(draft)
    assert drafted["sheet"] == ["Full members", "Observers"]
    assert drafted["columns"] == {
        "city": ["City", "Kommune"], "country": ["Country", "Land"], "joined": ["Since", "Medlem siden"],
    }  # fmt: skip
    assert "sheet 'Observers' says role-observer" in draft
    assert "The hidden sheet 'Old' looks like members (2 rows)" in draft
    own = draft[draft.index("# Sheet 'Partners' looks like members too (2 rows)") :].splitlines()[1:]
    other = tomllib.loads("\n".join(line.removeprefix("# ") for line in own[: own.index('# status    = "Status"') + 1]))
    assert (other["sheet"], other["columns"]) == ("Partners", {"city": "Town", "status": "Status"})
