"""The report: every row of the list with what became of it, as a table and in a few words."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from citygraph.ingest.csvw import table_metadata
from citygraph.ingest.imported import Import
from citygraph.ingest.outcomes import Line, Outcome
from citygraph.ingest.review import harmless

__all__ = ["REPORT_COLUMNS", "reasons", "report_metadata", "write_report"]

_COLUMNS: Final = (
    ("sheet", "string", "The sheet of a workbook"),
    ("row", "integer", "The row, counted from 1 with headings and empty rows"),
    ("outcome", "string", "What became of the row, or of this membership of it"),
    ("reason", "string", "Why"),
    ("name", "string", "The city as the list writes it, cleaned"),
    ("country", "string", "ISO 3166-1, two letters"),
    ("network", "string", "The network as the list writes it"),
    ("role", "string", "The role that was read, a local name of the vocabulary"),
    ("begin", "date", "When the membership began, as exact as the list says it"),
    ("end", "date", "When it ended"),
    ("member", "string", "The authority in the graph, a short name"),
    ("membership", "string", "The membership in the graph, a short name"),
    ("notes", "string", "What was mended, left out or should be known"),
)
REPORT_COLUMNS: Final = tuple(name for name, _, _ in _COLUMNS)


def write_report(lines: Iterable[Line], *, delimiter: str = ",") -> bytes:
    """A line for each row, or for each membership of a row that states several."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(REPORT_COLUMNS)
    for each in lines:
        cells: Sequence[str] = (
            each.sheet, str(each.row), each.outcome.value, each.reason, each.name[:200], each.country, each.network[:200],
            each.role.removeprefix("role-"), each.begin, each.end, each.member.rpartition("/")[2], each.membership.rpartition("/")[2], "; ".join(each.notes),
        )  # fmt: skip
        writer.writerow([harmless(cell) for cell in cells])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def report_metadata(name: str, *, delimiter: str, list_name: str) -> bytes:
    """The CSVW metadata of a report."""
    about = "Every row of the list: imported, a duplicate, a question, refused with a reason, or no member."
    return table_metadata(
        name, _COLUMNS, delimiter=delimiter, title=f"Report of the import of {list_name}", about=about
    )


def reasons(imported: Import, outcome: Outcome) -> list[tuple[str, int, int]]:
    """Why rows ended so: each reason with how many rows have it and the first of them, the commonest first."""
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for line in imported.lines:
        if line.outcome is outcome and line.reason:
            counts[line.reason] += 1
            first.setdefault(line.reason, line.row)
    return [(reason, count, first[reason]) for reason, count in counts.most_common()]
