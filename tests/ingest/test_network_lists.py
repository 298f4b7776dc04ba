"""Lists as offices of networks make them, taken in with the map that `--draft` begins: every row is what the list means."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.ingest.draft import draft_map
from citygraph.ingest.report import ReportLine, RowOutcome
from citygraph.ingest.run import Import
from conftest import TODAY
from ingest_words import MAP, Take
from network_lists import WIDE_NETWORKS, Expected, long_list, overview, survey

_NO_MEMBERS = {
    "title": {RowOutcome.HEADING}, "names": {RowOutcome.HEADING}, "section": {RowOutcome.HEADING}, "empty": {RowOutcome.EMPTY},
    "total": {RowOutcome.NOTE}, "note": {RowOutcome.NOTE},
}  # fmt: skip


def _taken(project: Project, path: Path) -> Import:
    map_file = path.with_suffix(".toml")
    # The day of a list that does not say it is all that a person has to add.
    map_file.write_text(draft_map(path).replace('"MEND THIS"', "2000-01-01"), encoding="utf-8")
    return Project.open(project.folder, today=TODAY).ingest(path, map_file=map_file).imported


def _file(path: Path, rows: Iterable[Expected], *, delimiter: str, encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(row.cells for row in rows)
    path.write_bytes(text.getvalue().encode(encoding, "replace"))


def _is_lost(text: str) -> bool:
    return text.encode("cp1252", "ignore").decode("cp1252") != text


def _wrong(rows: Mapping[tuple[str, int], Expected], imported: Import) -> Counter[str]:
    """What was not understood as it was meant, counted by what went wrong; a member twice is one claim."""
    lines: dict[tuple[str, int], list[ReportLine]] = defaultdict(list)
    for line in imported.lines:
        lines[line.sheet, line.row].append(line)
    wrong: Counter[str] = Counter()
    for place, row in rows.items():
        for problem in _problems(row, lines[place]):
            wrong[problem] += 1
    return wrong


def _problems(row: Expected, lines: Sequence[ReportLine]) -> Iterable[str]:
    if row.kind in _NO_MEMBERS:
        if {line.outcome for line in lines} - _NO_MEMBERS[row.kind]:
            yield f"{row.kind}: {row.cells} is {lines[0].outcome}: {lines[0].reason}"
        return
    by_network = {line.network: line for line in lines}
    if lines[0].outcome is RowOutcome.REVIEW and lines[0].reason.startswith("resembles "):
        # Two invented towns of one country may be a letter apart: that is asked, as it should be.
        return
    for network, role, begin, end in row.claims:
        line = by_network.get(network)
        match role:
            case "open":
                fine = line is not None and line.outcome in {RowOutcome.REFUSED, RowOutcome.REVIEW}
            case "none":
                fine = line is not None and line.outcome is RowOutcome.NO_MEMBER
            case _:
                fine = (
                    line is not None
                    and line.outcome in {RowOutcome.IMPORTED, RowOutcome.DUPLICATE}
                    and (line.role, line.begin, line.end) == (f"role-{role}", begin, end)
                )
        if not fine:
            yield f"{row.about} {network} {role} {begin} {end}: {line}"


def _merged(rows: Mapping[tuple[str, int], Expected], imported: Import) -> list[set[tuple[str, str]]]:
    """Different cities that became one member; and, as sets of members, one city that became several."""
    cities = {place: row.about for place, row in rows.items() if row.about[0]}
    by_member: dict[str, set[tuple[str, str]]] = defaultdict(set)
    by_city: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in imported.lines:
        if line.member and (line.sheet, line.row) in cities:
            by_member[line.member].add(cities[line.sheet, line.row])
            by_city[cities[line.sheet, line.row]].add(line.member)
    several = [{(city[1], member) for member in members} for city, members in by_city.items() if len(members) > 1]
    return [each for each in by_member.values() if len(each) > 1] + several


@pytest.mark.slow
@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), (",", "utf-8")])
def test_an_overview_with_a_column_for_each_network(
    project: Project, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    rows = list(overview(7, 400))
    path = tmp_path / "overview.csv"
    _file(path, rows, delimiter=delimiter, encoding=encoding)
    imported = _taken(project, path)
    assert imported.read == len(rows) == sum(imported.rows.values())
    expected = {("", number): row for number, row in enumerate(rows, start=1)}
    assert _wrong(expected, imported) == {}
    assert _merged(expected, imported) == []


@pytest.mark.parametrize(("language", "encoding", "delimiter"), [(0, "cp1252", ";"), (1, "utf-16", "\t"), (2, "utf-8-sig", ";"), (3, "utf-8", ",")])  # fmt: skip
def test_a_long_list_in_four_languages(
    project: Project, tmp_path: Path, language: int, encoding: str, delimiter: str
) -> None:
    rows = list(long_list(11, 500, language=language))
    # A program that saves Windows-1252 has no row of a city whose letters it lacks.
    lost = {row.about for row in rows if row.about[0] and encoding == "cp1252" and _is_lost("".join(row.cells))}
    rows = [row for row in rows if row.about not in lost]
    path = tmp_path / "liste.csv"
    _file(path, rows, delimiter=delimiter, encoding=encoding)
    imported = _taken(project, path)
    assert imported.read == len(rows)
    expected = {("", number): row for number, row in enumerate(rows, start=1)}
    assert _wrong(expected, imported) == {}
    assert _merged(expected, imported) == []


def test_a_workbook_of_a_survey(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "survey.xlsx"
    rows = survey(path, 13, 300)
    imported = _taken(project, path)
    expected = {(sheet, number): row for sheet, number, row in rows}
    assert _wrong(expected, imported) == {}
    assert _merged(expected, imported) == []
    assert {line.outcome for line in imported.lines if line.sheet in {"Old", "Read me"}} == {RowOutcome.OUTSIDE}
    assert any("hidden in the workbook" in note for line in imported.lines for note in line.notes)


@pytest.mark.slow
def test_seventeen_thousand_memberships_of_an_overview(project: Project, tmp_path: Path) -> None:
    rows = list(overview(17, 7_200))
    path = tmp_path / "overview.csv"
    _file(path, rows, delimiter=";", encoding="utf-8")
    imported = _taken(project, path)
    assert imported.read == len(rows) == sum(imported.rows.values())
    said = [role for row in rows for _, role, _, _ in row.claims]
    assert len(said) > 17_000
    lines = Counter(line.outcome for line in imported.lines)
    kinds = (RowOutcome.IMPORTED, RowOutcome.DUPLICATE, RowOutcome.REVIEW, RowOutcome.REFUSED, RowOutcome.NO_MEMBER)
    assert sum(lines[kind] for kind in kinds) == len(said)
    wrong = _wrong({("", number): row for number, row in enumerate(rows, start=1)}, imported)
    assert wrong == {}
    assert lines[RowOutcome.REVIEW] < 0.2 * len(said)
    assert imported.made["network"] == len(WIDE_NETWORKS)
    fresh = Project.open(project.folder, today=TODAY)
    assert [each.code for each in fresh.check().report] == []


def test_a_network_in_doubt_or_denied_is_none_and_what_the_map_names_is(take: Take) -> None:
    rows = ("Oslo;Norway;C40", "Lund;Sweden;not in C40", "Alta;Norway;C40?", "Moss;Norway;kein C40", "Bodø;Norway;x", "Hamar;Norway;ikke medlem")  # fmt: skip
    taken = take(*rows, "Lille;France;Pas de Calais")
    assert [taken.outcome(row) for row in range(2, 9)] == ["imported", *("refused",) * 4, "not a member", "imported"]
    assert taken.done.imported.made["network"] == 2
    assert "'C40?' leaves open whether it is a member" in taken.reason(4)
    named = take(*rows, more=MAP.format(day="2025-03-01") + '[networks]\n"x" = "Rainbow"\n')
    assert (named.outcome(6), named.report[5]["network"]) == ("imported", "x")
