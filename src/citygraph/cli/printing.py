"""Findings, errors and progress on stderr: stdout is for answers alone."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.errors import CitygraphError
    from citygraph.findings import Finding, Report, Severity

__all__ = ["print_error", "print_report", "progress_bar", "report_json", "say"]

_COLOURS: Final = {"violation": "\x1b[31m", "warning": "\x1b[33m", "info": "\x1b[36m"}
_MOST_OF_A_CODE: Final = 20
_AND_MORE: Final = Text(
    "… og {number} til av {code}; alle vises med: citygraph check --format json",
    "… and {number} more of {code}; all of them: citygraph check --format json",
)
_NOTES: Final = Text("merknader", "notes")
_PLAIN, _FAINT = "\x1b[0m", "\x1b[2m"
_STAGES: Final = {
    "load": Text("Leser filer", "Reading files"),
    "shapes": Text("Kontrollerer krav", "Checking requirements"),
    "values": Text("Kontrollerer verdier", "Checking values"),
    "anchors": Text("Kontrollerer kilder", "Checking sources"),
    "reason": Text("Utleder", "Working out what follows"),
    "shapes-inferred": Text("Kontrollerer det utledede", "Checking what follows"),
    "checks": Text("Stiller kontrollspørsmål", "Asking check queries"),
    "transfer": Text("Flytter filer", "Moving files"),
    "site": Text("Skriver side {done} av {total}", "Writing page {done} of {total}"),
    "site-proofs": Text("Skriver bevis, {left} igjen", "Writing proofs, {left} left"),
    "load-server": Text("Laster til serveren", "Loading into the server"),
    "done": Text("Ferdig", "Done"),
}


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, file=sys.stderr)


def print_error(error: CitygraphError) -> None:
    """What happened, and below it the next step."""
    say(f"Error: {error.message}")
    if error.fix:
        say(f"    {error.fix}")


def print_report(report: Report, language: str, *, notes: bool) -> None:
    """Each finding on two lines: where and what, then the next step; a count at the end.

    Of a mistake that is made hundreds of times the first are shown, and how many more there are.
    """
    colour = sys.stderr.isatty()
    shown = [finding for finding in report if notes or finding.severity != "info"]
    of_code: Counter[str] = Counter()
    for finding in shown:
        of_code[finding.code] += 1
        if of_code[finding.code] <= _MOST_OF_A_CODE:
            say(_two_lines(finding, language, colour=colour))
    for code, number in of_code.items():
        if number > _MOST_OF_A_CODE:
            say(_AND_MORE.in_language(language).format(number=number - _MOST_OF_A_CODE, code=code))
    counted = [_counted(severity, number, language) for severity, number in report.counts.items() if number]
    words = ", ".join(counted) or Text("ingen funn", "no findings").in_language(language)
    if len(shown) < len(report):
        words += Text("; vises med --notes", "; shown with --notes").in_language(language)
    say(words)


def _counted(severity: Severity, number: int, language: str) -> str:
    words = _NOTES if severity == "info" and number > 1 else severity.words
    return f"{number} {words.in_language(language)} ({severity.value})"


def _two_lines(finding: Finding, language: str, *, colour: bool) -> str:
    message, fix = finding.message.in_language(language), finding.fix.in_language(language)
    severity = finding.severity.value
    if colour:
        severity = f"{_COLOURS[severity]}{severity}{_PLAIN}"
    first = " ".join(part for part in (finding.place, severity, finding.code, message) if part)
    more = f"citygraph finding {finding.code}"
    second = f"    {fix}  [{more}]" if fix else f"    [{more}]"
    return f"{first}\n{_FAINT}{second}{_PLAIN}" if colour else f"{first}\n{second}"


def report_json(report: Report) -> str:
    """The findings as a JSON list, for other programs."""
    return json.dumps([finding.to_json() for finding in report], ensure_ascii=False, indent=2)


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


@contextmanager
def progress_bar(*, quiet: bool, language: str) -> Iterator[Callable[[str, int, int], None]]:
    """A callback for long work; a bar appears on a terminal when the work takes more than a second."""
    if quiet or not sys.stderr.isatty():
        yield _silent
        return
    started = time.monotonic()
    shown = False

    def show(what: str, done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - started < 1 and what != "reason":
            return
        shown = True
        words = _STAGES.get(what, Text.of(what)).in_language(language)
        words = words.format(done=f"{done:,}", total=f"{total:,}", left=f"{total - done:,}")
        filled = int(20 * done / max(total, 1))
        print(f"\r\x1b[K[{'#' * filled}{'.' * (20 - filled)}] {words} …", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
