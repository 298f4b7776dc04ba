"""Accepted links held against Wikidata: there, not merged, of the right kind and country, one to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from citygraph.findings import Finding, finding
from citygraph.link.item_things import thing_of_item
from citygraph.link.items import Item
from citygraph.matching.things import Thing
from citygraph.sssom import Mapping as Row
from citygraph.sssom import MappingSet

__all__ = ["check_links", "linked_items"]


def linked_items(rows: MappingSet) -> list[Row]:
    """The accepted rows that lead to an item and say that it is the same thing."""
    return [
        each
        for each in rows.mappings
        if each.accepted and each.object_id.startswith("wd:Q") and each.predicate_id == "skos:exactMatch"
    ]


def check_links(
    rows: MappingSet, things: Mapping[str, Thing], items: Mapping[str, Item], *, file: str, whole: bool
) -> list[Finding]:
    """What is wrong with the accepted links.

    Args:
        rows: the mapping file.
        things: our things by the short name that the rows use.
        items: what Wikidata says, by id.
        file: the path of the mapping file, for the findings.
        whole: an item that is not among `items` does not exist; an extract need not hold all of them.
    """
    accepted = linked_items(rows)
    findings = [*_doubled(accepted, file)]
    for row in accepted:
        item = items.get(row.object_id.removeprefix("wd:"))
        if item is None or item.missing:
            if whole or item is not None:
                findings.append(_about("link-gone", row, file))
        elif item.redirect:
            findings.append(_about("link-merged", row, file, target=item.redirect))
        elif row.subject_id in things:
            findings += _compared(row, things[row.subject_id], thing_of_item(item), file)
    return findings


def _doubled(rows: list[Row], file: str) -> Iterator[Finding]:
    by_item: dict[str, list[Row]] = defaultdict(list)
    by_subject: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_item[row.object_id].append(row)
        by_subject[row.subject_id].append(row)
    for found in by_item.values():
        for row in found[1:]:
            yield _about("item-linked-twice", row, file, other=found[0].subject_id)
    for found in by_subject.values():
        for row in found[1:]:
            yield _about("two-items-linked", row, file, other=found[0].object_id)


def _compared(row: Row, ours: Thing, theirs: Thing, file: str) -> Iterator[Finding]:
    if ours.kinds and theirs.kinds and not ours.kinds & theirs.kinds:
        wanted, found = (", ".join(sorted(each)) for each in (ours.kinds, theirs.kinds))
        yield _about("link-wrong-type", row, file, wanted=wanted, found=found)
    if ours.countries and theirs.countries and not ours.countries & theirs.countries:
        wanted, found = (", ".join(sorted(each)) for each in (ours.countries, theirs.countries))
        yield _about("link-wrong-country", row, file, wanted=wanted, found=found)


def _about(code: str, row: Row, file: str, **values: str) -> Finding:
    label = row.slots.get("subject_label", "")
    subject = f"{label} ({row.subject_id})" if label else row.subject_id
    words: dict[str, str] = {"entity": subject, "item": row.object_id, **values}
    return replace(finding(code, file=file, **words), line=row.line)  # type: ignore[arg-type]  # its values are words
