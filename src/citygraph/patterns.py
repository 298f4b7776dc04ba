"""Regular expressions that others wrote, each of which comes to an end whatever text it is held against.

Python's own engine tries every way to cut a text, which for `(a+)+$` and forty letters takes years. A pattern with one
unbounded repetition and no choice is Python's all the same; others are RE2's, which reads a text once, where it is
installed and means the same; the rest is matched in a process of its own that is ended when it takes too long.
"""

from __future__ import annotations

import atexit
import json
import queue
import re
import subprocess
import sys
import threading
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final

SECONDS: Final = 5.0
"""How long one text may take."""

_UNBOUNDED: Final = re.compile(r"[*+]|\{\d*,")
_BRANCHING: Final = re.compile(r"\||\)[*+?{]")
_OPTIONAL: Final = 10
# What RE2 reads otherwise than Python in any text, and in a text that is not ASCII.
_OTHERWISE: Final = re.compile(r"\[\[?:|\\[QECpPbBXZz]|\(\?[aLmux-]*[aLmux]")
_OF_LETTERS: Final = re.compile(r"\\[wWdDsSbB]")
_ODD_SPACES: Final = re.compile(r"[\x0b\x1c-\x1f\x85]")
_PROGRAM: Final = """
import json, re, sys
for line in sys.stdin:
    pattern, flags, text = json.loads(line)
    print(int(re.search(pattern, text, flags) is not None), flush=True)
"""


class PatternError(ValueError):
    """A pattern that is none, or that takes too long; the text says why, `place` at which character, from 1."""

    place: int = 1


class PatternTooSlowError(PatternError):
    """A pattern did not come to an end."""


class Matcher:
    """One pattern; asked whether it matches anywhere in a text (SPARQL's REGEX)."""

    def __init__(self, pattern: str, flags: str = "") -> None:
        """Read the pattern; `flags` are those of SPARQL: i, s, m, x, and q, with which it is a text and no pattern.

        Raises:
            PatternError: it is no pattern.
        """
        if "q" in flags:
            pattern, flags = re.escape(pattern), "i" if "i" in flags else ""
        names = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}
        self._flags = 0
        for letter in flags:
            self._flags |= names.get(letter, 0)
        try:
            self._plain = re.compile(pattern, self._flags)
        except (re.error, OverflowError, RecursionError) as error:
            refused = PatternError(str(error))
            refused.place = (getattr(error, "pos", None) or 0) + 1
            raise refused from None
        self.pattern = pattern
        # At worst each place is tried with each length, and each optional letter twice.
        self._short = (
            len(_UNBOUNDED.findall(pattern)) <= 1
            and _BRANCHING.search(pattern) is None
            and pattern.count("?") <= _OPTIONAL
        )
        self._of_letters = bool(_OF_LETTERS.search(pattern)) or "i" in flags or "(?i" in pattern
        self._linear = None if self._short else _linear(pattern, flags)
        wider = None if self._linear is None or "i" in flags else _of_all_letters(pattern)
        self._wide = None if wider is None else _linear(wider, flags)
        self.too_slow = False

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the text.

        Raises:
            PatternTooSlowError: it did not come to an end within some seconds.
        """
        if self._short:
            return self._plain.search(text) is not None
        if self._linear is not None and self._is_plain(text):
            return self._linear.search(text) is not None
        if self._wide is not None and not text.endswith("\n"):
            return self._wide.search(text) is not None
        if self.too_slow:
            raise PatternTooSlowError(self.pattern)
        try:
            return _helper().search(self.pattern, int(self._flags), text)
        except PatternTooSlowError:
            self.too_slow = True
            raise

    def _is_plain(self, text: str) -> bool:
        """Whether both engines mean the same by letters, spaces and the end of this text."""
        if text.endswith("\n") or (self._of_letters and not text.isascii()):
            return False
        return not (self._of_letters and _ODD_SPACES.search(text))


@lru_cache(maxsize=200)
def matcher(pattern: str, flags: str = "") -> Matcher:
    """The pattern, read once.

    Raises:
        PatternError: it is no pattern.
    """
    return Matcher(pattern, flags)


_WIDE: Final = {"w": r"\p{L}\p{N}_", "d": r"\p{Nd}", "s": r"\s\x0b\x1c-\x1f\x{85}\p{Z}"}


def _of_all_letters(pattern: str) -> str | None:
    """The pattern with letters, digits and spaces as Python means them, for RE2; None when that cannot be said."""
    parts: list[str] = []
    inside = False
    for part in re.findall(r"\\.|[^\\]", pattern, re.DOTALL):
        if part[:1] == "\\" and part[1:] in _WIDE:
            parts.append(_WIDE[part[1:]] if inside else f"[{_WIDE[part[1:]]}]")
            continue
        if part[:1] == "\\" and part[1:] in set("WDSbB"):
            return None
        inside = part == "[" or (inside and part != "]")
        parts.append(part)
    return "".join(parts)


def _linear(pattern: str, flags: str) -> Any:  # noqa: ANN401  # RE2 has no types
    """The pattern for RE2; None where RE2 is not installed, cannot read it, or might mean something else by it."""
    if find_spec("re2") is None or _OTHERWISE.search(pattern.replace("\\p{", "")) or set(flags) - {"i", "s"}:
        return None
    import re2  # noqa: PLC0415  # an extra of its own

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = "i" not in flags
    options.dot_nl = "s" in flags
    try:
        return re2.compile(pattern, options=options)
    except re2.error:
        return None


class _Helper:
    """A process that matches; it is ended when it takes too long, and another is started when one is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def search(self, pattern: str, flags: int, text: str) -> bool:
        with self._lock:
            process = self._running()
            try:
                print(json.dumps([pattern, flags, text]), file=process.stdin, flush=True)
                answer = self._answers.get(timeout=SECONDS)
            except (queue.Empty, OSError):
                answer = ""
            if not answer.strip():
                self.end()
                raise PatternTooSlowError(pattern)
            return answer.strip() == "1"

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-I", "-S", "-c", _PROGRAM]
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            self._answers = queue.Queue()
            self._reader = threading.Thread(target=_read, args=(self._process, self._answers), daemon=True)
            self._reader.start()
        return self._process

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            if self._reader is not None:
                self._reader.join()
            with process:
                # Waits, and closes both pipes.
                pass


def _read(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
    for line in process.stdout or ():
        answers.put(line)
    answers.put("")


@lru_cache(maxsize=1)
def _helper() -> _Helper:
    helper = _Helper()
    atexit.register(helper.end)
    return helper
