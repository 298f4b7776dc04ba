"""How every stage reports a problem in the data: one `Finding`, and the `Report` that gathers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from citygraph.messages import Text, table, text


class Severity(StrEnum):
    """How much a finding matters (SHACL 2.1.4, `sh:Violation`, `sh:Warning`, `sh:Info`)."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"

    @property
    def order(self) -> int:
        """0 for what must be mended first."""
        return list(Severity).index(self)

    @property
    def words(self) -> Text:
        """What the interface calls it."""
        return text(f"interface.severity.{self.value}")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a finding code means: the one place its message, its help and its docs page come from."""

    code: str
    severity: Severity
    title: Text
    message: Text
    fix: Text


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem in the data, from whichever stage saw it.

    `line` and `column` count from 1; 0 means that the place in the file is not known.
    `focus_node`, `path` and `value` are IRIs or terms in Turtle syntax, as in a SHACL result.
    """

    code: str
    severity: Severity
    message: Text
    fix: Text = field(default_factory=Text)
    file: str = ""
    line: int = 0
    column: int = 0
    focus_node: str = ""
    path: str = ""
    value: str = ""

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known, in the form that editors can click."""
        if not self.file:
            return ""
        return f"{self.file}:{self.line}:{self.column or 1}" if self.line else self.file

    @property
    def sort_key(self) -> tuple[int, str, int, int, str, str, str]:
        """Worst first, then by place, so that two runs print the same order."""
        return (self.severity.order, self.file, self.line, self.column, self.code, self.focus_node, self.value)

    def to_json(self) -> dict[str, object]:
        """A plain dictionary with every field, for `findings.json` and `--format json`."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message.to_json(),
            "fix": self.fix.to_json(),
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "focus_node": self.focus_node,
            "path": self.path,
            "value": self.value,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Finding:
        """The finding that `to_json` wrote down."""
        values = dict(raw)
        values |= {key: Text.of(values[key]) for key in ("message", "fix")}
        return cls(**{**values, "severity": Severity(values["severity"])})


@cache
def definitions() -> dict[str, Definition]:
    """The codes that the program itself reports, by code; shapes and check queries define their own."""
    return {
        code: Definition(
            code,
            Severity(entry["severity"]),
            Text.of(entry["title"]),
            Text.of(entry["message"]),
            Text.of(entry["fix"]),
        )
        for code, entry in table("finding_codes").items()
    }


def finding(
    code: str,
    *,
    file: str = "",
    line: int = 0,
    column: int = 0,
    focus_node: str = "",
    path: str = "",
    value: str = "",
    **values: str | int | Text,
) -> Finding:
    """A finding of one of the program's own codes, its message filled in with `values`.

    A value that is a `Text` appears in each language in that language.

    Raises:
        KeyError: the code is not defined in `messages/finding_codes.toml`, or a value is missing: our mistake.
    """
    definition = definitions()[code]
    return Finding(
        code=code,
        severity=definition.severity,
        message=definition.message.filled(**values),
        fix=definition.fix.filled(**values),
        file=file,
        line=line,
        column=column,
        focus_node=focus_node,
        path=path,
        value=value,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one run, worst first."""

    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, *stages: Iterable[Finding]) -> Report:
        """One report from the findings of several stages; the same finding twice counts once."""
        unique = dict.fromkeys(finding for stage in stages for finding in stage)
        return cls(tuple(sorted(unique, key=lambda finding: finding.sort_key)))

    def __iter__(self) -> Iterator[Finding]:
        """Worst first."""
        return iter(self.findings)

    def __len__(self) -> int:
        """How many findings there are, notes included."""
        return len(self.findings)

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of this severity or worse."""
        return tuple(finding for finding in self.findings if finding.severity.order <= severity.order)

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What must be mended before anything is published."""
        return self.at_least(Severity.VIOLATION)

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        return {severity: sum(finding.severity is severity for finding in self.findings) for severity in Severity}
