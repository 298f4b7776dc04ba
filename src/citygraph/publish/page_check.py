"""Every page of a catalogue held against its profile by itself, for a harvester reads one page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from citygraph.findings import Finding
from citygraph.publish.check import check_foreign_shapes, check_profile
from citygraph.publish.harvest import check_harvest
from citygraph.publish.page_links import PageFile
from citygraph.publish.record import Profile
from citygraph.rdf import Triple

__all__ = ["check_pages", "whole_record"]


def check_pages(
    pages: Sequence[PageFile], profile: Profile, *, base: str, shapes: Sequence[Triple] = ()
) -> list[Finding]:
    """What a portal would say about the pages, each fault once, with the first page that has it.

    Args:
        pages: the catalogue; a small one has one page.
        profile: what it follows.
        base: the address that the graph's own names begin with; none of them may be dragged in.
        shapes: shapes from elsewhere that it must pass too.
    """
    found: dict[Finding, Finding] = {}
    for page in pages:
        for each in (
            *check_profile(page.record, profile, file=page.name),
            *check_harvest(page.record, base=base, file=page.name),
            *(check_foreign_shapes(page.record, profile, shapes, file=page.name) if shapes else ()),
        ):
            found.setdefault(replace(each, file=""), each)
    return list(found.values())


def whole_record(pages: Iterable[PageFile]) -> list[Triple]:
    """What all pages say together, each statement once."""
    return list(dict.fromkeys(each for page in pages for each in page.record))
