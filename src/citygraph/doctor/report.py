"""What was found, in words: each group of probes, what a server is good for, and how to work with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from citygraph.doctor.probes import Outcome, Probe, Verdict
from citygraph.doctor.run import Examination
from citygraph.messages import Text, said_in, text
from citygraph.store.server.capabilities import Capabilities, CapabilityValue

_INDENT: Final = " " * 12
# Wraps a text behind what stands before its first line.
_Wrap = Callable[[str, str], list[str]]


def report_lines(found: Examination, language: str, *, everything: bool, wrap: _Wrap) -> Iterator[str]:
    """The report, line by line.

    Args:
        found: what was found.
        language: of the reader.
        everything: what is fine as well, and what is harmless in full.
        wrap: breaks a text into lines as wide as the reader can see.
    """
    known = found.capabilities
    server, day = known.server or text("doctor.report.nameless"), known.date[:16].replace("T", " ")
    yield _said("report.examined", language, server=server, day=day)
    nowhere = text("doctor.report.no_address")
    yield _said("report.queries", language, address=known.endpoint)
    yield _said("report.updates", language, address=known.update_endpoint or nowhere)
    yield _said("report.graph_store", language, address=known.graph_store_endpoint or nowhere)
    for group, members in groupby(found.outcomes, key=lambda each: each[0].group):
        yield ""
        yield from _group(_said(f"group.{group}", language), list(members), language, everything=everything, wrap=wrap)
    yield ""
    counts = Counter(outcome.verdict.value for _, outcome in found.outcomes)
    yield ", ".join(_said(f"count.{each}", language, count=counts[each]) for each in Verdict if counts[each])
    if not found.is_usable:
        yield _said("report.not_usable", language)
        return
    yield _said("report.usable", language)
    for what, words in advice(known):
        yield from wrap(f"  {text(f'doctor.advice.{what}').in_language(language):<9} ", words.in_language(language))


def _said(key: str, language: str, **values: object) -> str:
    return text(f"doctor.{key}").filled(**values).in_language(language)


def _group(
    group: str, members: list[tuple[Probe, Outcome]], language: str, *, everything: bool, wrap: _Wrap
) -> Iterator[str]:
    counts = Counter(outcome.verdict for _, outcome in members)
    reasons = {outcome.seen for _, outcome in members}
    if counts == {Verdict.NOT_TRIED: len(members)} and len(reasons) == 1:
        yield _said("report.group_not_tried", language, group=group, reason=reasons.pop())
        return
    yield _said("report.group", language, group=group, ok=counts[Verdict.OK], count=len(members))
    waiting = [(probe, outcome) for probe, outcome in members if everything or outcome.verdict is not Verdict.OK]
    for (verdict, seen), alike in groupby(waiting, key=lambda each: (each[1].verdict, each[1].seen)):
        probes, first = [probe for probe, _ in alike], f"  {_said(f'verdict.{verdict}', language):<9} "
        if verdict is Verdict.NOT_TRIED:
            # One reason for many is said once.
            yield from wrap(first, f"{', '.join(probe.id for probe in probes)}: {said_in(seen, language)}")
            continue
        for probe in probes:
            yield from wrap(first, f"{probe.id}: {probe.question.in_language(language)}")
            yield from _below(probe, verdict, seen, language, everything=everything, wrap=wrap)


def _below(probe: Probe, verdict: Verdict, seen: str, language: str, *, everything: bool, wrap: _Wrap) -> Iterator[str]:
    """What was seen, what it means and what to do."""
    is_ok = verdict is Verdict.OK
    harmless = _said("report.harmless", language) if probe.is_harmless and not is_ok else ""
    if seen or harmless:
        yield from wrap(_INDENT, harmless + (_said("report.seen", language, seen=seen) if seen else ""))
    if not is_ok and (everything or not harmless):
        fix = "" if probe.is_harmless else probe.fix.in_language(language)
        yield from wrap(_INDENT, f"{probe.means.in_language(language)} {fix}")


# -- what a server is good for ------------------------------------------------------------------------


def advice(known: Capabilities) -> tuple[tuple[str, Text], ...]:
    """Loading, deriving, asking and exporting (`load`, `derive`, `ask`, `export`), each with a sentence."""
    return (
        ("load", _loading(known)),
        ("derive", text("doctor.advice.derive_here")),
        ("ask", _asking(known)),
        ("export", _exporting(known)),
    )


def _with(key: str, most: CapabilityValue) -> Text:
    """A part of a sentence with a number, or nothing without one."""
    return Text() if most is None else text(f"doctor.advice.{key}").filled(most=most)


def _loading(known: Capabilities) -> Text:
    can_update = known.value("update_form") or known.value("update_direct")
    if known.graph_store_put:
        long = text("doctor.advice.long") if known.value("keeps_long_literals") is False and can_update else Text()
        return text("doctor.advice.by_store").filled(pieces=_with("pieces", known.most_graph_bytes), long=long)
    if can_update:
        return text("doctor.advice.by_updates").filled(most=_with("most_triples", known.most_insert_triples))
    nothing_known = known.graph_store_put is None and known.value("update_form") is None
    return text("doctor.advice.load_not_tried" if nothing_known else "doctor.advice.load_impossible")


def _asking(known: Capabilities) -> Text:
    if not (known.query_form_post and known.json_results):
        key = "impossible"
    elif known.default_graph_uri is False:
        key = "mixed"
    else:
        key = "named" if known.value("needs_default_graph_uri") else "by_post"
    return text(f"doctor.advice.{key}")


def _exporting(known: Capabilities) -> Text:
    if known.value("graph_store_get"):
        return text("doctor.advice.export_store")
    if not known.value("ntriples"):
        return text("doctor.advice.export_tables")
    return text("doctor.advice.export_construct").filled(pieces=_with("export_pieces", known.value("most_rows")))
