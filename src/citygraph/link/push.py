"""Facts of ours that Wikidata lacks as a QuickStatements batch, each with the public page that says so."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Final

from citygraph.link.compare import Difference, State
from citygraph.link.facts import Citation, Fact
from citygraph.link.items import Value

__all__ = ["offered", "write_csv", "write_v1"]

_CIRCA: Final = "Q5727902"
_PRECISION: Final = {0: 9, 1: 10, 2: 11}
_SEEN: Final = 3


def offered(found: Iterable[Difference], decided: Mapping[tuple[str, str, str, str, str], str]) -> list[Fact]:
    """What can be offered: only ours, citable, and not turned down before."""
    return [
        each.fact
        for each in found
        if each.state is State.OURS_ONLY
        and each.fact is not None
        and each.fact.citations
        and decided.get(each.key, "open") != "theirs"
    ]


def write_v1(facts: Iterable[Fact], linked: Mapping[str, str]) -> str:
    """The batch in the tab-separated language of QuickStatements, version 1."""
    return "".join("\t".join(cell for pair in _cells(fact, linked) for cell in pair if cell) + "\n" for fact in facts)


def write_csv(facts: Iterable[Fact], linked: Mapping[str, str]) -> str:
    """The same batch as CSV: for each property a column, then its qualifiers and its reference."""
    rows = list(facts)
    properties = sorted({fact.property for fact in rows})
    columns = [(p, name) for p in properties for name in ("", "P580", "P582", "P585", "P1480", "S854", "S813")]
    used: set[tuple[str, str]] = set()
    lines: list[dict[tuple[str, str], str]] = []
    for fact in rows:
        (qid, _), (property_, value), *more = _cells(fact, linked)
        line = {("", ""): qid, (property_, ""): value, **{(property_, name): each for name, each in more}}
        used |= set(line)
        lines.append(line)
    kept = [("", ""), *(column for column in columns if column in used)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["qid" if not p else p if not name else name.replace("P", "qal") for p, name in kept])
    writer.writerows([line.get(column, "") for column in kept] for line in lines)
    return text.getvalue()


def _cells(fact: Fact, linked: Mapping[str, str]) -> list[tuple[str, str]]:
    cells = [(linked[fact.subject], ""), (fact.property, _value(fact.value))]
    cells += [
        (name, _day(text)) for name, text in (("P580", fact.begin), ("P582", fact.end), ("P585", fact.as_of)) if text
    ]
    if fact.approximate:
        cells.append(("P1480", _CIRCA))
    citation: Citation = fact.citations[0]
    cells.append(("S854", _text(citation.page)))
    if citation.seen:
        cells.append(("S813", _day(citation.seen)))
    return cells


def _value(value: Value) -> str:
    match value.kind:
        case "time":
            return _day(value.text)
        case "item" | "quantity":
            return value.text
        case _:
            return _text(value.text)


def _text(text: str) -> str:
    """A text between quotation marks; the language has no escape, so what would end it is written as in an address."""
    return '"' + "".join("%22" if letter == '"' else letter for letter in " ".join(text.split())) + '"'


def _day(text: str) -> str:
    """A day, month or year with its precision.

    >>> _day("1986"), _day("2020-11-05")
    ('+1986-00-00T00:00:00Z/9', '+2020-11-05T00:00:00Z/11')
    """
    parts = text.partition("T")[0].split("-")[:_SEEN]
    year, month, day = [*parts, "00", "00"][:_SEEN]
    return f"+{year.zfill(4)}-{month}-{day}T00:00:00Z/{_PRECISION[len(parts) - 1]}"
