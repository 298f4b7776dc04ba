"""`citygraph doctor`: what a SPARQL server can do, and where it deviates."""

from __future__ import annotations

import shutil
import signal
import textwrap
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from citygraph.cli.options import Quiet
from citygraph.cli.output import progress_bar, say

if TYPE_CHECKING:
    from citygraph.doctor import Examination, Outcome, Probe

__all__ = ["doctor"]

_WIDEST: Final = 120
_VERDICTS: Final = {"ok": "ok", "deviates": "deviate", "refused": "refused", "not tried": "not tried"}
_INDENT: Final = " " * 12


class DoctorFormat(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"


def doctor(
    endpoint: Annotated[str, typer.Option("--endpoint", "-e", metavar="URL")],
    update: Annotated[str, typer.Option("--update", metavar="URL")] = "",
    graph_store: Annotated[str, typer.Option("--graph-store", metavar="URL")] = "",
    write: Annotated[bool, typer.Option("--write")] = False,
    file: Annotated[Path | None, typer.Option("--file", "-o", metavar="FILE", show_default=False)] = None,
    all_: Annotated[bool, typer.Option("--all")] = False,
    format_: Annotated[DoctorFormat, typer.Option("--format", "-f")] = DoctorFormat.TEXT,
    rows: Annotated[int, typer.Option(min=10, max=1_000_000, metavar="N")] = 20_000,
    timeout: Annotated[float, typer.Option(min=1, max=600, metavar="SECONDS")] = 10,
    contact: Annotated[str, typer.Option("--contact", envvar="CITYGRAPH_CONTACT", metavar="ADDRESS")] = "",
    quiet: Quiet = False,
) -> None:
    """Find out what a SPARQL server can do and where it deviates.

    Asks some sixty small questions about the standards and says what each answer means for your graph. Nothing is written without
    --write. A user and a password are read from CITYGRAPH_ENDPOINT_USER and CITYGRAPH_ENDPOINT_PASSWORD, a
    token from CITYGRAPH_ENDPOINT_TOKEN.

    The exit code is 1 when citygraph cannot use the server, or when graphs were left on it.

    citygraph doctor --endpoint http://localhost:7878/query --file server.json
    """
    from citygraph.doctor import Options, examine  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.store.server.capabilities import capabilities_json, write_capabilities  # noqa: PLC0415
    from citygraph.store.server.connection import Credentials  # noqa: PLC0415

    # Whoever stops us, our graphs are taken away first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = Options(update, graph_store, write=write, rows=rows, timeout=timeout, contact=contact)
    with progress_bar(quiet=quiet, language="en") as progress:
        found = examine(endpoint, options, credentials=Credentials.from_environment(), progress=progress)
    if file is not None:
        write_capabilities(file, found.capabilities, found.results)
    if format_ is DoctorFormat.JSON:
        print(capabilities_json(found.capabilities, found.results), end="")
    else:
        for line in _report(found, everything=all_):
            print(line)
    if found.shows_password and not quiet:
        say("Note: the password or token goes over the network for everybody to read; ask by https://.")
    if file is not None and not quiet:
        say(f"Kept in {file}.")
    for graph in found.left_behind:
        say(f"Error: the server would not let go of <{graph}>.\n    Have it removed: DROP GRAPH <{graph}>")
    if found.left_behind or not found.is_usable:
        raise typer.Exit(1)


def _report(found: Examination, *, everything: bool) -> Iterator[str]:
    known = found.capabilities
    yield f"{known.server or 'A server without a name'}, examined {known.date[:16].replace('T', ' ')} UTC"
    yield f"  queries      {known.endpoint}"
    yield f"  updates      {known.update_endpoint or 'no address known'}"
    yield f"  graph store  {known.graph_store_endpoint or 'no address known'}"
    for group, members in groupby(found.outcomes, key=lambda each: each[0].group):
        yield ""
        yield from _group(group, list(members), everything=everything)
    yield ""
    counts = Counter(outcome.verdict.value for _, outcome in found.outcomes)
    yield ", ".join(f"{counts[verdict]} {words}" for verdict, words in _VERDICTS.items() if counts[verdict])
    yield from _conclusion(found)


def _group(group: str, members: list[tuple[Probe, Outcome]], *, everything: bool) -> Iterator[str]:
    counts = Counter(outcome.verdict.value for _, outcome in members)
    reasons = {outcome.seen for _, outcome in members}
    if counts == {"not tried": len(members)} and len(reasons) == 1:
        yield f"{group}: not tried; {reasons.pop()}"
        return
    yield f"{group}: {counts['ok']} of {len(members)} ok"
    waiting = [(probe, outcome) for probe, outcome in members if everything or outcome.verdict.value != "ok"]
    for (verdict, seen), alike in groupby(waiting, key=lambda each: (each[1].verdict.value, each[1].seen)):
        probes = [probe for probe, _ in alike]
        if verdict == "not tried":
            # One reason for many is said once.
            yield from _wrapped(f"  {verdict:<9} ", f"{', '.join(probe.id for probe in probes)}: {seen}")
            continue
        for probe in probes:
            yield from _one(probe, verdict, seen, everything=everything)


def _one(probe: Probe, verdict: str, seen: str, *, everything: bool) -> Iterator[str]:
    yield from _wrapped(f"  {verdict:<9} ", f"{probe.id}: {probe.question}")
    harmless = "Harmless for citygraph. " if probe.is_harmless and verdict != "ok" else ""
    if seen or harmless:
        yield from _wrapped(_INDENT, harmless + (f"Seen: {seen}" if seen else ""))
    if verdict != "ok" and (everything or not harmless):
        yield from _wrapped(_INDENT, f"{probe.means} {'' if probe.is_harmless else probe.fix}")


def _conclusion(found: Examination) -> Iterator[str]:
    from citygraph.doctor import advice  # noqa: PLC0415

    if not found.is_usable:
        yield "citygraph cannot use this server."
        return
    yield "citygraph can use this server:"
    for what, words in advice(found.capabilities):
        yield from _wrapped(f"  {what:<9} ", words)


def _wrapped(first: str, text: str) -> list[str]:
    width = max(60, min(shutil.get_terminal_size().columns, _WIDEST))
    return textwrap.wrap(text.strip(), width, initial_indent=first, subsequent_indent=" " * len(first))
