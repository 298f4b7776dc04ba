"""The two tables for people: the report, with what became of every row; and the review, in which a person decides."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from citygraph.csv_tables import defused
from citygraph.ingest.cells import clean
from citygraph.ingest.countries import country_of, region_of
from citygraph.ingest.kinds import BodyKind
from citygraph.ingest.known import OpenRow
from citygraph.ingest.places import WantedCity
from citygraph.ingest.read import read_list, table_metadata
from citygraph.ingest.tables import ListLimits, list_error
from citygraph.matching.names import fold
from citygraph.messages import Text, said_in, sentence, text
from citygraph.namespaces import expand

CANDIDATES: Final = 5
_MOST_ROWS: Final = 20
CITY: Final = "city"
NETWORK: Final = "network"
COLUMNS: Final = (
    "decision", "name", "country", "region", "kind", "rows", "reason",
    *(f"candidate_{number}" for number in range(1, CANDIDATES + 1)), "comment",
)  # fmt: skip
_COLUMNS: Final = {
    "sheet": "string", "row": "integer", "outcome": "string", "reason": "string", "name": "string", "country": "string",
    "network": "string", "role": "string", "begin": "date", "end": "date", "member": "string", "membership": "string",
    "notes": "string", "candidates": "string",
}  # fmt: skip
REPORT_COLUMNS: Final = tuple(_COLUMNS)
_NEW: Final[Mapping[str, BodyKind | None]] = {
    "new": None, "ny": None, "nytt": None,
    "city": BodyKind.CITY, "by": BodyKind.CITY, "kommune": BodyKind.CITY, "region": BodyKind.REGION,
    "organisation": BodyKind.ORGANISATION, "organization": BodyKind.ORGANISATION, "organisasjon": BodyKind.ORGANISATION,
}  # fmt: skip
"""What a person writes for a body that the graph does not have, and its kind where the word says it."""


class RowOutcome(StrEnum):
    """What became of a row: a word of the report, which is called by its name in the language of the reader."""

    IMPORTED = "imported"
    PARTLY = "partly imported"
    DUPLICATE = "duplicate"
    REVIEW = "review"
    REFUSED = "refused"
    NO_MEMBER = "not a member"
    NOTE = "note"
    HEADING = "heading"
    EMPTY = "empty"
    OUTSIDE = "sheet not read"

    @property
    def called(self) -> Text:
        """What people call it."""
        return text(f"ingest.outcome.{self.value}")


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the report: what became of a row, or of one of the memberships that it states."""

    sheet: str
    row: int
    outcome: RowOutcome
    reason: str = ""
    name: str = ""
    country: str = ""
    network: str = ""
    role: str = ""
    begin: str = ""
    end: str = ""
    member: str = ""
    membership: str = ""
    notes: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the list may name a member here that the graph does not get."""
        return self.outcome in {RowOutcome.REVIEW, RowOutcome.REFUSED}


def together(outcomes: Iterable[RowOutcome]) -> RowOutcome:
    """The outcome of a row with several memberships.

    >>> together([RowOutcome.IMPORTED, RowOutcome.DUPLICATE]), together([RowOutcome.IMPORTED, RowOutcome.REFUSED])
    (<RowOutcome.IMPORTED: 'imported'>, <RowOutcome.PARTLY: 'partly imported'>)
    """
    kinds = set(outcomes)
    if kinds & {RowOutcome.IMPORTED, RowOutcome.DUPLICATE} and kinds & {RowOutcome.REVIEW, RowOutcome.REFUSED}:
        return RowOutcome.PARTLY
    order = (
        RowOutcome.IMPORTED, RowOutcome.DUPLICATE, RowOutcome.REVIEW, RowOutcome.REFUSED, RowOutcome.NO_MEMBER, RowOutcome.NOTE,
        RowOutcome.HEADING, RowOutcome.EMPTY, RowOutcome.OUTSIDE,
    )  # fmt: skip
    return next(each for each in order if each in kinds)


class ReviewWord(StrEnum):
    """What a person can say."""

    OPEN = ""
    TARGET = "target"
    NEW = "new"
    SKIP = "skip"


class ReviewKey(NamedTuple):
    """What a decision is about: it holds for every row with this name (folded), country and region."""

    name: str
    country: str = ""
    region: str = ""
    kind: str = CITY


@dataclass(frozen=True, slots=True)
class ReviewChoice:
    """Who may be meant: the address, what it is called, and the two letters of its country."""

    iri: str
    name: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """One city or network that is not certain: as it is written, in which rows, why, and who may be meant."""

    key: ReviewKey
    written: str
    rows: tuple[int, ...]
    reason: str
    candidates: tuple[ReviewChoice, ...]


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """A line of the review: the word, the chosen thing, and the line as it stood; of what is new the kind and country."""

    word: ReviewWord
    target: str = ""
    comment: str = ""
    cells: tuple[str, ...] = ()
    kind: BodyKind | None = None
    country: str = ""

    @property
    def skipped(self) -> str:
        """That it was skipped, and the comment that says why."""
        said = "ingest.who.skipped_because" if self.comment else "ingest.who.skipped"
        return sentence(said, why=self.comment)


def review_key(asked: WantedCity) -> ReviewKey:
    """The key of a question for a city."""
    return ReviewKey(fold(asked.label), asked.country, asked.region, asked.kind or CITY)


def network_key(written: str) -> ReviewKey:
    """The key of a question for a network."""
    return ReviewKey(fold(written), kind=NETWORK)


def read_review(path: Path, *, prefixes: Mapping[str, str]) -> dict[ReviewKey, ReviewDecision]:
    """The decisions of a review file, by `review_key`; none when there is no file.

    Whatever a spreadsheet program made of it is read: another delimiter, another encoding, `.xlsx`.

    Raises:
        IngestError: a column is missing, or a decision is not understood; the row is named.
    """
    if not path.exists():
        return {}
    rows = [
        row
        for sheet in read_list(path, limits=ListLimits(), metadata=False).sheets
        for row in sheet.rows
        if not row.is_empty
    ]
    heading = [fold(cell) for cell in rows[0].cells] if rows else []
    missing = [name for name in COLUMNS[:4] if name not in heading]
    if rows and missing:
        raise list_error("review_column", path=path, column=missing[0])
    found: dict[ReviewKey, ReviewDecision] = {}
    for row in rows[1:]:
        cells = dict(zip(heading, (_undone(cell) for cell in row.cells), strict=False))
        said = fold(cells.get("kind", ""))
        kind = said if said in {NETWORK, *BodyKind} else CITY
        country = cells.get("country", "").upper()
        key = ReviewKey(fold(cells.get("name", "")), country, region_of(cells.get("region", ""), country), kind)
        found[key] = _decision(cells, path, row.number, prefixes)
    return found


def _undone(cell: str) -> str:
    """The cell without the mark that kept a spreadsheet from running it."""
    text = clean(cell).text
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text


def _decision(cells: Mapping[str, str], path: Path, row: int, prefixes: Mapping[str, str]) -> ReviewDecision:
    said = cells.get("decision", "")
    comment = cells.get("comment", "")
    kept = tuple(cells.get(name, "") for name in COLUMNS)
    match fold(said):
        case "":
            return ReviewDecision(ReviewWord.OPEN, cells=kept)
        case "skip" | "hopp over":
            return ReviewDecision(ReviewWord.SKIP, "", comment, kept)
    if (new := _new(said)) is not None:
        return ReviewDecision(ReviewWord.NEW, "", comment, kept, *new)
    if said.isdigit() and 1 <= int(said) <= CANDIDATES:
        chosen = cells.get(f"candidate_{said}", "")
        if not chosen:
            raise list_error("no_candidate", fix="decision", path=path, row=row, number=said)
        said = chosen
    target = _target(said, prefixes)
    if not target:
        raise list_error("decision", path=path, row=row, said=said)
    return ReviewDecision(ReviewWord.TARGET, target, comment, kept)


def _new(said: str) -> tuple[BodyKind | None, str] | None:
    """The kind and country of "new", "new NO", "organisation" and "region, Norway"; nothing when it is none of these."""
    word, _, rest = said.replace(",", " ").replace(":", " ").replace("(", " ").replace(")", " ").strip().partition(" ")
    country = country_of(rest.strip()) if rest.strip() else ""
    if fold(word) not in _NEW or (rest.strip() and not country):
        return None
    return _NEW[fold(word)], country


def _target(said: str, prefixes: Mapping[str, str]) -> str:
    """The address in a cell such as `id:oslo-kommune Oslo (Norway)`."""
    short = said.split(" ", 1)[0]
    return expand(short, prefixes) or ""


def write_review(
    questions: Iterable[ReviewQuestion],
    decisions: Mapping[ReviewKey, ReviewDecision],
    *,
    short: Mapping[str, str],
    made: Mapping[ReviewKey, str],
    delimiter: str = ",",
    language: str = "en",
) -> bytes:
    """The open questions first, then every decision that was made, sorted, so that git shows small differences.

    Args:
        questions: what is not certain now.
        decisions: what the file said before; an answer is never lost.
        short: for each candidate its cell, by address.
        made: the short name of what was made because a decision says new; it takes the place of that word, so that the
            next edition finds the same city.
        delimiter: what stands between cells.
        language: of the reasons.
    """
    lines: list[Sequence[str]] = []
    asked: set[ReviewKey] = set()
    for each in sorted(questions, key=lambda one: (one.key.kind, one.key.country, one.key.name, one.key.region)):
        key = each.key
        if key in asked:
            continue
        asked.add(key)
        known = decisions.get(key)
        cells = dict(zip(COLUMNS, known.cells, strict=True)) if known and known.word is not ReviewWord.OPEN else {}
        rows = " ".join(map(str, each.rows[:_MOST_ROWS]))
        if len(each.rows) > _MOST_ROWS:
            more = sentence("ingest.review.more_rows", rows=rows, count=len(each.rows) - _MOST_ROWS)
            rows = said_in(more, language)
        names = [short[choice.iri] for choice in each.candidates[:CANDIDATES]]
        names += [""] * (CANDIDATES - len(names))
        values = (
            cells.get("decision", ""), each.written, key.country, key.region, key.kind, rows, said_in(each.reason, language), *names,
            cells.get("comment", ""),
        )  # fmt: skip
        lines.append(values)
    kept = [
        (made.get(key, each.cells[0]), *each.cells[1:4], key.kind, *each.cells[5:])
        for key, each in sorted(decisions.items())
        if each.word is not ReviewWord.OPEN and key not in asked
    ]
    table = io.StringIO()
    writer = csv.writer(table, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([defused(cell) for cell in line] for line in (*lines, *kept))
    # The mark tells a spreadsheet program that the letters are UTF-8.
    return b"\xef\xbb\xbf" + table.getvalue().encode()


def review_metadata(name: str, *, delimiter: str, list_name: str) -> bytes:
    """The CSVW metadata of a review."""
    columns = [
        (column, "string", text(f"ingest.review.{'candidate' if column.startswith('candidate') else column}"))
        for column in COLUMNS
    ]
    title = text("ingest.review.title").filled(list=list_name)
    return table_metadata(name, columns, delimiter=delimiter, title=title, about=text("ingest.review.about"))


def write_report(lines: Iterable[ReportLine], *, delimiter: str = ",", language: str = "en") -> bytes:
    """A line for each row, or for each membership of a row that states several.

    Args:
        lines: what became of them.
        delimiter: what stands between cells.
        language: of reasons and notes; outcomes are words for programs too, and stay.
    """
    table = io.StringIO()
    writer = csv.writer(table, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(REPORT_COLUMNS)
    for each in lines:
        reason, notes = said_in(each.reason, language), "; ".join(said_in(note, language) for note in each.notes)
        cells: Sequence[str] = (
            each.sheet, str(each.row), each.outcome.value, reason, each.name[:200], each.country, each.network[:200],
            each.role.removeprefix("role-"), each.begin, each.end, each.member.rpartition("/")[2],
            each.membership.rpartition("/")[2], notes, " ".join(iri.rpartition("/")[2] for iri in each.candidates),
        )  # fmt: skip
        writer.writerow([defused(cell) for cell in cells])
    return b"\xef\xbb\xbf" + table.getvalue().encode("utf-8", "replace")


def open_rows_of(path: Path) -> tuple[OpenRow, ...]:
    """The rows of a report of which nobody knows whom they mean; none when there is no report.

    A spreadsheet program may have saved it: another delimiter, another encoding. A row without a name may mean nobody.

    Raises:
        IngestError: it cannot be read.
    """
    if not path.exists():
        return ()
    rows = [row for sheet in read_list(path, limits=ListLimits(), metadata=False).sheets for row in sheet.rows]
    heading = [fold(cell) for cell in rows[0].cells] if rows else []
    found: dict[OpenRow, None] = {}
    for row in rows[1:]:
        cells = dict(zip(heading, map(_undone, row.cells), strict=False))
        if cells.get("outcome") in {RowOutcome.REVIEW, RowOutcome.REFUSED} and cells.get("name"):
            who = frozenset(cells.get("candidates", "").split())
            found[OpenRow(cells["name"], cells.get("network", ""), who)] = None
    return tuple(found)


def report_metadata(name: str, *, delimiter: str, list_name: str) -> bytes:
    """The CSVW metadata of a report."""
    columns = [(column, kind, text(f"ingest.report.{column}")) for column, kind in _COLUMNS.items()]
    title = text("ingest.report.title").filled(list=list_name)
    return table_metadata(name, columns, delimiter=delimiter, title=title, about=text("ingest.report.about"))


def reasons(lines: Iterable[ReportLine], outcome: RowOutcome) -> list[tuple[str, int, int]]:
    """Why rows ended so: each reason with how many rows have it and the first of them, the commonest first."""
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for line in lines:
        if line.outcome is outcome and line.reason:
            counts[line.reason] += 1
            first.setdefault(line.reason, line.row)
    return [(reason, count, first[reason]) for reason, count in counts.most_common()]
