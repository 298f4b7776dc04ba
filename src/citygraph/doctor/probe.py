"""One probe: the question, what its answer means, and the answer; all probes stand in probes.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files

__all__ = ["Deviates", "Fact", "NoAnswer", "NotTried", "Outcome", "Probe", "Refused", "Verdict", "read_probes"]

Fact = bool | int | None


class Verdict(StrEnum):
    """How a probe ended."""

    OK = "ok"
    DEVIATES = "deviates"
    REFUSED = "refused"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to a server, as probes.toml explains its keys."""

    id: str
    group: str
    question: str
    spec: str
    fact: str
    means: str
    fix: str
    fact_if_ok: bool = True
    needed: bool = False
    writes: bool = False
    query: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    literal: str = ""

    @property
    def is_harmless(self) -> bool:
        """Whether nobody has to do anything when the answer is not "ok"."""
        return self.fix.startswith("Nothing to do")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found: the verdict, what was seen, and the capabilities that follow from it.

    Args:
        verdict: how it ended.
        seen: what the server did, for people; empty when it did what was expected.
        facts: capabilities with their values, where they are more than the one of the probe.
        is_silence: whether the server did not answer at all.
    """

    verdict: Verdict
    seen: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    is_silence: bool = False


class Deviates(Exception):  # noqa: N818  # named by what the server does; it ends a probe, not the program
    """The server answered otherwise than it should."""


class Refused(Exception):  # noqa: N818
    """The server said that it does not do this."""


class NotTried(Exception):  # noqa: N818
    """Something that this probe needs is missing."""


class NoAnswer(Exception):  # noqa: N818
    """The server did not answer, or not to the end."""


@cache
def read_probes() -> tuple[Probe, ...]:
    """Every probe, in the order in which they are tried."""
    text = files("citygraph.doctor").joinpath("probes.toml").read_text(encoding="utf-8")
    probes = []
    for each in tomllib.loads(text)["probe"]:
        rows = tuple(tuple(row) for row in each.pop("rows", ()))
        probes.append(Probe(**each, rows=rows))
    return tuple(probes)
