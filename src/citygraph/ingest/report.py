"""The report: every row of the list with what became of it, as a table and in a few words."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence

from citygraph.ingest.imported import Import
from citygraph.ingest.outcomes import Line, Outcome
from citygraph.ingest.review import harmless

__all__ = ["REPORT_COLUMNS", "reasons", "write_report"]

REPORT_COLUMNS = (
    "sheet", "row", "outcome", "reason", "name", "country", "network", "role", "begin", "end", "member", "membership", "notes",
)  # fmt: skip


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


def reasons(imported: Import, outcome: Outcome) -> list[tuple[str, int, int]]:
    """Why rows ended so: each reason with how many rows have it and the first of them, the commonest first."""
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for line in imported.lines:
        if line.outcome is outcome and line.reason:
            counts[line.reason] += 1
            first.setdefault(line.reason, line.row)
    return [(reason, count, first[reason]) for reason, count in counts.most_common()]
