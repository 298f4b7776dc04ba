"""The words of an explanation: statements in both languages, where they stand, what they follow from, what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from citygraph.language import Text
from citygraph.reason.closure import TripleText

__all__ = ["Explained", "Explanation", "Gap", "Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement stands, and the passage it was read in: `start` and `end` are -1 for a whole document."""

    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    document: Text = field(default_factory=Text)
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement of a proof in words: where it stands, or the rule it follows by and what that rests on."""

    triple: TripleText
    statement: Text
    origins: tuple[Origin, ...] = ()
    rule: str = ""
    reason: Text = field(default_factory=Text)
    premises: tuple[Explained, ...] = ()
    axioms: tuple[Explained, ...] = ()

    def to_json(self) -> dict[str, object]:
        """A plain dictionary."""
        found: dict[str, object] = {"triple": list(self.triple), "statement": self.statement.to_json()}
        if self.origins:
            found["origins"] = [_origin_json(origin) for origin in self.origins]
        if self.rule:
            found |= {
                "rule": self.rule,
                "reason": self.reason.to_json(),
                "premises": [part.to_json() for part in self.premises],
                "axioms": [part.to_json() for part in self.axioms],
            }
        return found


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a statement does not hold: the nearest rule, what of it was found and what is missing."""

    statement: Text
    words: Text
    rule: str = ""
    met: tuple[Explained, ...] = ()
    missing: tuple[Text, ...] = ()

    def to_json(self) -> dict[str, object]:
        """A plain dictionary."""
        return {
            "statement": self.statement.to_json(),
            "words": self.words.to_json(),
            "rule": self.rule,
            "met": [part.to_json() for part in self.met],
            "missing": [each.to_json() for each in self.missing],
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to "why?": proofs, the shortest first; or, when the statement does not hold, the gap."""

    triple: TripleText
    proofs: tuple[Explained, ...]
    gap: Gap | None = None

    @property
    def holds(self) -> bool:
        """Whether the statement is stated or follows."""
        return bool(self.proofs)

    def to_json(self) -> dict[str, object]:
        """A plain dictionary."""
        return {
            "triple": list(self.triple),
            "holds": self.holds,
            "proofs": [proof.to_json() for proof in self.proofs],
            "gap": None if self.gap is None else self.gap.to_json(),
        }


def _origin_json(origin: Origin) -> dict[str, object]:
    return {
        "file": origin.file,
        "line": origin.line,
        "column": origin.column,
        "source": origin.source,
        "document": origin.document.in_language("en"),
        "title": origin.document.to_json(),
        "start": origin.start,
        "end": origin.end,
    }
