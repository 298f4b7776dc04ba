"""Files as they come: encodings, delimiters, workbooks, and files that mean harm."""

from __future__ import annotations

import io
import re
import tracemalloc
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from citygraph.errors import IngestError
from citygraph.ingest.draft import draft_map
from citygraph.ingest.mapping import map_columns, map_keys, read_map
from citygraph.ingest.read import read_list
from citygraph.ingest.tables import ListLimits
from citygraph.messages import said_in
from conftest import ROOT
from ingest_words import MAP, Take

_TEXT = "City;Country\nÅlesund;Norge\n"


def _cells(path: Path, **limits: int) -> list[tuple[str, ...]]:
    return [row.cells for row in read_list(path, limits=ListLimits(**limits)).sheets[0].rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(_TEXT.encode(encoding))
    assert _cells(path)[1] == ("Ålesund", "Norge")


@pytest.mark.parametrize(("encoding", "name"), [
    ("cp1250", "Łódź"), ("mac_roman", "Málaga"), ("cp850", "Ålesund"), ("cp1252", "Zürich"), ("cp1254", "İzmir"), ("cp1257", "Šiauliai"),
])  # fmt: skip
def test_an_encoding_is_found_by_the_names_that_it_gives(tmp_path: Path, encoding: str, name: str) -> None:
    path = tmp_path / "list.csv"
    rows = [name, "Malmö", "Gdańsk", "Tromsø", "Düsseldorf", "Eskişehir", "Klaipėda", "Köln", "Poznań", "København"]
    rows = [row for row in rows if row.encode(encoding, "ignore").decode(encoding) == row]
    path.write_bytes("\n".join(["City", *rows]).encode(encoding))
    listing = read_list(path, limits=ListLimits())
    assert [row.cells[0] for row in listing.sheets[0].rows[1:]] == rows
    assert listing.notes[0].startswith("read as ")


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiters_are_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "list.csv"
    rows = ["Members; all of them, 2025", "", *(delimiter.join(("Oslo", '"a\nb"', "59.9")) for _ in range(5))]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert _cells(path)[2] == ("Oslo", "a\nb", "59.9")


def test_a_quotation_mark_that_is_not_closed_swallows_no_row(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('City;Country\n"Oslo;Norway\nBergen;Norway\nHamar;"Nor"way"\n', encoding="utf-8")
    listing = read_list(path, limits=ListLimits())
    assert [row.cells[0] for row in listing.sheets[0].rows] == ["City", '"Oslo', "Bergen", "Hamar"]
    assert listing.notes == ("row 2: a quotation mark opens here and is not closed",)


def _workbook(path: Path, fill: Any) -> Path:  # noqa: ANN401  # xlsxwriter has no types
    import xlsxwriter  # noqa: PLC0415

    book = xlsxwriter.Workbook(str(path))
    fill(book)
    book.close()
    return path


def test_a_workbook_with_titles_merged_cells_dates_formulas_and_several_sheets(take: Take, tmp_path: Path) -> None:
    def fill(book: Any) -> None:  # noqa: ANN401
        sheet = book.add_worksheet("Members")
        sheet.merge_range("A1:D1", "All members")
        sheet.write_row(2, 0, ["Country", "City", "Network", "Since"])
        sheet.merge_range("A4:A5", "Norway")
        sheet.write_row(3, 1, ["Oslo", "C40"])
        sheet.write_number(3, 3, 2011)
        sheet.write_row(4, 1, ["Bergen", "C40"])
        sheet.write_datetime(4, 3, datetime(2020, 11, 5), book.add_format({"num_format": "dd.mm.yyyy"}))  # noqa: DTZ001
        sheet.write_row(5, 0, ["Norway", "", "C40"])
        sheet.write_formula(5, 1, '="Ham"&"ar"', value="Hamar")
        book.add_worksheet("Notes").write(0, 0, "Nothing to see")
        hidden = book.add_worksheet("Hidden")
        hidden.write(0, 0, "x")
        hidden.hide()

    path = _workbook(tmp_path / "list.xlsx", fill)
    more = 'list = "book"\nas_of = 2025-03-01\n[columns]\ncity = "City"\ncountry = "Country"\nnetwork = "Network"\njoined = "Since"\n'
    taken = take(path.read_bytes(), name="list.xlsx", more=more)
    outcomes = [(line["sheet"], int(line["row"]), line["outcome"], line["member"]) for line in taken.report]
    assert outcomes == [
        ("Members", 1, "heading", ""), ("Members", 2, "empty", ""), ("Members", 3, "heading", ""),
        ("Members", 4, "imported", "city-of-oslo"), ("Members", 5, "imported", "city-of-bergen"),
        ("Members", 6, "imported", "city-of-hamar"), ("Notes", 1, "sheet not read", ""),
        ("Hidden", 1, "sheet not read", ""),
    ]  # fmt: skip
    facts = (taken.done.report.parents[3] / taken.done.files[0]).read_text(encoding="utf-8")
    assert '"2020-11-05"^^xsd:date' in facts
    assert "book-2025-03-01.xlsx#sheet=Members&row=5>" in facts


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(IngestError, match="unpacks to more than"):
        read_list(path, limits=ListLimits(size=10_000_000))


def test_a_workbook_with_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    with pytest.raises(IngestError, match="XML entities"):
        read_list(path, limits=ListLimits())


def test_a_workbook_with_a_cell_at_the_far_end_costs_no_memory(tmp_path: Path) -> None:
    def fill(book: Any) -> None:  # noqa: ANN401
        sheet = book.add_worksheet()
        sheet.write(0, 0, "City")
        sheet.write(1_048_575, 16_383, "far")

    path = _workbook(tmp_path / "far.xlsx", fill)
    with pytest.raises(IngestError, match="more than 1,000 rows"):
        read_list(path, limits=ListLimits(rows=1_000))


_SHEET = "xl/worksheets/sheet1.xml"
_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _three_by_four(path: Path, *, change: tuple[bytes, bytes] = (b"", b""), dimension: bytes | None = None) -> Path:
    """A workbook of four rows and three columns, with one thing of its XML written otherwise."""

    def fill(book: Any) -> None:  # noqa: ANN401
        sheet = book.add_worksheet("Members")
        for row, cells in enumerate([["City", "Country", "Status"], ["Oslo", "Norway", ""], ["Bergen", "Norway", "left"], ["Hamar", "Norway", "new"]]):  # fmt: skip
            sheet.write_row(row, 0, cells)

    plain = _workbook(path.with_name("plain.xlsx"), fill)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            data = old.read(each)
            if each == _SHEET:
                assert change[0] in data
                data = data.replace(*change, 1) if change[0] else data
                data = data if dimension is None else re.sub(rb"<dimension [^>]*/>", dimension, data)
            new.writestr(each, data)
    return path


@pytest.mark.parametrize(
    "dimension",
    [b"", *(b'<dimension ref="%s"/>' % ref for ref in (b"A1", b"A1:C2", b"A1:B4", b"A1:Z9", b"B2:C3", b"A1:XFD1048576"))],
)  # fmt: skip
def test_the_rows_and_columns_that_are_there_count_and_not_what_the_workbook_says_of_its_size(
    tmp_path: Path, dimension: bytes
) -> None:
    path = _three_by_four(tmp_path / "list.xlsx", dimension=dimension)
    tracemalloc.start()
    try:
        cells = _cells(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cells == [("City", "Country", "Status"), ("Oslo", "Norway"), ("Bergen", "Norway", "left"), ("Hamar", "Norway", "new")]  # fmt: skip
    assert most < 50_000_000


def test_a_merged_cell_beyond_the_last_cell_of_a_row_is_filled(tmp_path: Path) -> None:
    merge = b'</sheetData><mergeCells count="1"><mergeCell ref="C1:C2"/></mergeCells>'
    path = _three_by_four(tmp_path / "list.xlsx", change=(b"</sheetData>", merge))
    assert _cells(path)[1] == ("Oslo", "Norway", "Status")


@pytest.mark.parametrize(
    ("change", "row"),
    [
        pytest.param((_MAIN, b"http://example.org/main"), 1, id="a namespace it does not know"),
        pytest.param((b'<row r="4"', b'<row r="2"'), 2, id="a number of a row twice"),
        pytest.param((b'<row r="3"', b'<row r="1"'), 1, id="rows that are not in order"),
        pytest.param((b'<c r="B3"', b'<c r="A3"'), 3, id="a cell twice"),
        pytest.param((b'<c r="C3"', b'<c r="A3"'), 3, id="a cell twice, the last"),
    ],
)
def test_cells_that_the_reader_does_not_give_stop_the_import(
    tmp_path: Path, change: tuple[bytes, bytes], row: int
) -> None:
    path = _three_by_four(tmp_path / "list.xlsx", change=change)
    with pytest.raises(IngestError, match=rf"list\.xlsx, sheet 'Members': row {row} has [356] filled cells") as caught:
        _cells(path)
    assert said_in(caught.value.message, "nb").startswith(f"list.xlsx, arket «Members»: rad {row} har")
    assert said_in(caught.value.fix, "nb").startswith("Ingenting er tatt inn.")


def test_columns_that_are_not_where_they_are_read_stop_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet  # noqa: PLC0415

    moved = ReadOnlyWorksheet._get_row  # noqa: SLF001
    monkeypatch.setattr(ReadOnlyWorksheet, "_get_row", lambda *args: (None, *moved(*args)))
    with pytest.raises(
        IngestError, match="row 1 has its filled cells in the columns A, B, C, and they are read in B, C, D"
    ):
        _cells(_three_by_four(tmp_path / "list.xlsx"))


def _format(book: Any, code: str) -> Any:  # noqa: ANN401
    return book.add_format({"num_format": code})


def _marked(book: Any) -> None:  # noqa: ANN401
    """A sheet with everything that a workbook says beside its values."""
    sheet = book.add_worksheet("Members")
    struck = book.add_format({"font_strikeout": True})
    sheet.write_row(0, 0, ["City", "Since", "Status", "Secret"])
    days = [
        ("Oslo", "mmm-yy"),
        ("Bergen", "yyyy"),
        ("Hamar", "d mmm"),
        ("Bodø", '"fra "mmmm yyyy'),
        ("Skien", "dd.mm.yyyy hh:mm"),
    ]
    for number, (city, code) in enumerate(days, start=1):
        sheet.write(number, 0, city)
        sheet.write_datetime(number, 1, datetime(2004, 5, 17), _format(book, code))  # noqa: DTZ001
    sheet.write_row(6, 0, ["Narvik"])
    sheet.write_number(6, 1, 2004, _format(book, "dd.mm.yyyy"))
    sheet.write(7, 0, "Molde", struck)
    sheet.write_rich_string(8, 0, struck, "Lillesand", " Arendal")
    sheet.write_rich_string(9, 0, struck, "Ris", struck, "ør")
    sheet.write(10, 0, "Tromsø\x07_x000D_")
    sheet.write_formula(10, 2, "=NA()", value="#N/A")
    sheet.write(11, 0, "Vadsø")
    sheet.write_comment(11, 0, "Meldt seg ut i 2019", {"author": "Kari"})
    sheet.write(12, 0, "Vardø")
    sheet.write_comment(12, 0, "by letter")
    sheet.write(13, 0, "Alta")
    sheet.write_formula(13, 2, "=Gone!A1", value="#REF!")
    sheet.set_row(13, None, None, {"hidden": True})
    sheet.set_column("D:D", None, None, {"hidden": True})
    hidden = book.add_worksheet("Old")
    hidden.write(0, 0, "City")
    hidden.very_hidden()


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _workbook(tmp_path_factory.mktemp("marked") / "list.xlsx", _marked)


def test_what_a_workbook_says_beside_its_values_is_told(marked: Path) -> None:
    listing = read_list(marked, limits=ListLimits())
    rows = listing.sheets[0].rows
    dates = [row.cells[1] for row in rows[1:7]]
    assert dates == ["2004-05", "2004", "--05-17", "2004-05", "2004-05-17", "2004"]
    assert [row.number for row in rows if row.struck] == [8, 10]
    assert rows[10].cells == ("Tromsø\x07_x000D_",)
    said = " | ".join((*listing.notes, *(note for row in rows for note in row.notes)))
    for part in (
        "sheet 'Old' is hidden and has 1 rows", "the columns D are hidden", "2 rows have text that is struck out, the first is row 8",
        "2 cells have comments, the first A12", "1 rows are hidden, the first is row 14", "a part of A9 is struck out: Lillesand",
        "C11 is an error of the spreadsheet and no value: #N/A", "B7 shows 1905-06-26 and holds the number 2004: read as that year",
        "comment in A13: by letter",
    ):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("more", "outcomes"),
    [("", ["refused", "refused", "refused", "imported"]), ('struck = "left"\ncomments = "note"\n', ["imported"] * 4)],
)
def test_rows_struck_out_and_remarks_of_an_end_are_asked(
    take: Take, marked: Path, more: str, outcomes: list[str]
) -> None:
    text = f'list = "book"\nas_of = 2025-03-01\nnetwork = "C40"\ncountry = "Norway"\n{more}[columns]\ncity = "City"\njoined = "Since"\nstatus = "Status"\n'
    taken = take(marked.read_bytes(), name="list.xlsx", more=text)
    assert [taken.outcome(row) for row in (8, 10, 12, 13)] == outcomes
    assert "Meldt seg ut i 2019" in taken.notes(12)
    # #N/A says that there is nothing, and another error in the status that nobody knows.
    assert (taken.outcome(11), taken.outcome(14)) == ("imported", "refused")
    assert "a cell that says whether it is a member" in taken.reason(14)
    facts = (taken.done.report.parents[3] / taken.done.files[0]).read_text(encoding="utf-8")
    assert facts.count("dateNotAfter") == (2 if more else 0)


def test_strict_open_xml_is_read(tmp_path: Path, marked: Path) -> None:
    path = tmp_path / "strict.xlsx"
    with zipfile.ZipFile(marked) as old, zipfile.ZipFile(path, "w") as new:
        for each in old.namelist():
            data = old.read(each).replace(_MAIN, b"http://purl.oclc.org/ooxml/spreadsheetml/main")
            usual = b"http://schemas.openxmlformats.org/officeDocument/2006/"
            new.writestr(each, data.replace(usual, b"http://purl.oclc.org/ooxml/officeDocument/"))
    assert read_list(path, limits=ListLimits()).sheets == read_list(marked, limits=ListLimits()).sheets


def test_a_sheet_that_is_not_where_the_workbook_says_stops_the_import(tmp_path: Path, marked: Path) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(marked) as old, zipfile.ZipFile(path, "w") as new:
        for each in old.namelist():
            new.writestr(each, old.read(each).replace(b"worksheets/sheet1.xml", b"worksheets\\sheet1.xml"))
    with pytest.raises(IngestError, match="that is not where the file says"):
        read_list(path, limits=ListLimits())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "er ingen arbeidsbok"),
        (b"\x00" * 50, "er ingen arbeidsbok"),
        (b"<html><table>", "er ingen arbeidsbok"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 50, "med passord, eller i det gamle formatet"),
        (b"PK\x03\x04 broken", "skadet eller ufullstendig"),
        (b"PK\x05\x06" + b"\x00" * 18, "skadet eller ufullstendig"),
    ],
)
def test_what_is_no_workbook_is_an_error_with_a_next_step(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(data)
    with pytest.raises(IngestError) as caught:
        read_list(path, limits=ListLimits())
    assert said in said_in(caught.value.message, "nb")
    assert caught.value.fix


def test_sizes_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("City\n" * 100, encoding="utf-8")
    with pytest.raises(IngestError, match="more than 50 rows"):
        read_list(path, limits=ListLimits(rows=50))
    with pytest.raises(IngestError, match="bytes"):
        read_list(path, limits=ListLimits(size=50))
    with pytest.raises(IngestError, match="neither CSV nor XLSX"):
        read_list(tmp_path / "list.pdf", limits=ListLimits())


def test_long_cells_and_wide_rows_are_refused_and_the_rest_imported(take: Take) -> None:
    taken = take("Oslo;Norway;" + "x" * 20_000, "Bergen;Norway;C40" + ";x" * 2_000, "Hamar;Norway;C40")
    assert [taken.outcome(row) for row in (2, 3, 4)] == ["refused", "refused", "imported"]


# -- the map ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "says", "fix"), [
    ("citty = 1\n", "the key 'citty' is not known", "docs/lists.md"),
    ("[columns]\ncty = 'x'\n", "the key 'columns.cty' is not known. Did you mean 'columns.city'?", ""),
    ("as_of = 'May 2025'\n", "as_of", "docs/lists.md"),
    ("list = 'A B'\n", "small letters", ""),
    ("[roles]\n'gold' = 'king'\n", "'king' is no role", ""),
    ("[countries]\n'X' = 'Atlantis'\n", "'Atlantis' is no country", ""),
    ("[unknown]\ncity = 'merge'\n", "expected one of new, review, refuse", ""),
    ("list = ", "not valid TOML", ""),
])  # fmt: skip
def test_a_wrong_key_or_value_of_the_map_is_named(tmp_path: Path, text: str, says: str, fix: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(IngestError) as caught:
        read_map(path)
    assert says in caught.value.message
    assert fix in caught.value.fix


@pytest.mark.parametrize(("more", "says"), [
    (MAP.format(day="2025-03-01").replace('"State"', '"Stat"'), "the column 'Stat'"),
    (MAP.format(day="2025-03-01").replace('"City"', '"Town"'), "the column 'Town'"),
    (MAP.format(day="2025-03-01") + '[networks]\n"C40" = "id:nowhere"\n', "the network id:nowhere"),
    (MAP.format(day="2025-03-01") + '[roles]\n"x" = "role-of-nobody"\n', "role-of-nobody"),
])  # fmt: skip
def test_a_map_that_does_not_fit_the_list_says_where(take: Take, more: str, says: str) -> None:
    with pytest.raises(IngestError) as caught:
        take("Oslo;Norway;C40", more=more)
    assert says in caught.value.message
    assert caught.value.fix


def test_a_drafted_map_can_be_used_once_its_day_is_set(take: Take, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("Title\n\nKommune;Land;Nettverk\nOslo;Norge;C40\n", encoding="utf-8")
    draft = draft_map(tmp_path / "list.csv")
    assert 'city      = "Kommune"' in draft
    with pytest.raises(IngestError, match="it still says MEND THIS at as_of"):
        take("Oslo;Norge;C40", heading="Kommune;Land;Nettverk\n", more=draft)
    with pytest.raises(IngestError, match="it still says RETT DETTE at as_of"):
        take("Oslo;Norge;C40", heading="Kommune;Land;Nettverk\n", more=draft_map(tmp_path / "list.csv", language="nb"))
    mended = draft.replace('"MEND THIS"', "2025-03-01")
    taken = take("Oslo;Norge;C40", heading="Kommune;Land;Nettverk\n", more=mended)
    assert taken.outcome(2) == "imported"


def test_a_drafted_map_does_not_invent_the_network(take: Take, tmp_path: Path) -> None:
    (tmp_path / "list-2025-03-01.csv").write_text("Kommune;Land\nOslo;Norge\nBergen;Norge\n", encoding="utf-8")
    draft = draft_map(tmp_path / "list-2025-03-01.csv")
    with pytest.raises(IngestError, match="it still says MEND THIS at network"):
        take("Oslo;Norge", heading="Kommune;Land\n", more=draft)


def test_the_keys_of_the_map_are_on_its_page() -> None:
    text = (ROOT / "docs" / "lists.md").read_text(encoding="utf-8")
    assert [each.key for each in map_keys() if f"`{each.key}`" not in text] == []
    assert len(map_columns()) > 5


def test_the_maps_on_the_page_can_be_read(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "lists.md").read_text(encoding="utf-8")
    maps = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(maps) > 1
    for each in maps:
        (tmp_path / "map.toml").write_text(each, encoding="utf-8")
        assert read_map(tmp_path / "map.toml").columns("city")


def test_reading_does_not_depend_on_the_case_of_the_ending(tmp_path: Path, project: Project) -> None:
    path = tmp_path / "LIST.CSV"
    path.write_bytes(io.StringIO(_TEXT).getvalue().encode())
    assert _cells(path)[0] == ("City", "Country")
    assert project.folder.is_dir()
