"""An explanation in words: statements, rules and what is missing, in bokmål and English, with the labels of the graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text, text, texts
from citygraph.reason.closure import Atom, TripleText, is_variable
from citygraph.reason.proof.calendar import ROLE, ROLE_PROPERTY, STANDS_FOR
from citygraph.reason.proof.facts import Facts
from citygraph.reason.proof.prover import ProofStep
from citygraph.reason.proof.why_not import WhyNot
from citygraph.reason.rules import TYPE


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement stands, and the passage it was read in: `start` and `end` are -1 for a whole document.

    `of_thing` marks the source of the thing that the statement is about, where no claim names one of the statement.
    """

    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    document: Text = field(default_factory=Text)
    start: int = -1
    end: int = -1
    of_thing: bool = False


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
        "of_thing": origin.of_thing,
    }


_TIE: Final = " – "


@dataclass(frozen=True, slots=True)
class ProofWords:
    """Words for triples, rules and gaps, in one language or both."""

    labels: Labels
    facts: Facts

    def term(self, term: str, language: str) -> str:
        """A term: its label, its value, or "something"."""
        if is_variable(term):
            return text("proofs.statement.anything").in_language(language)
        if term.startswith('"'):
            return term[1 : term.rindex('"')].replace('\\"', '"').replace("\\n", " ").replace("\\\\", "\\")
        if term.startswith("_:"):
            return text("proofs.statement.condition").in_language(language)
        name = self.labels.describe(term[1:-1], language)
        # A fact has no name but what it ties together; in a sentence that needs brackets.
        return f"({name})" if _TIE in name and term[1:-1] not in self.labels else name

    def statement(self, triple: TripleText | Atom) -> Text:
        """A triple, or what is asked for, as a sentence."""
        s, p, o = (triple.subject, triple.predicate, triple.object) if isinstance(triple, Atom) else triple
        template = text("proofs.statement.type" if p == TYPE else "proofs.statement.link")
        return Text(
            *(
                template.in_language(language).format(
                    s=self.term(s, language), p=self.term(p, language), o=self.term(o, language)
                )
                for language in LANGUAGES
            )
        )

    def rule(self, step: ProofStep) -> Text:
        """What a rule says, with the terms of its axioms."""
        template = texts("proofs").get(f"rule.{step.rule}") or text("proofs.rule.schema")
        return Text(*(self._fill(template.in_language(language), step, language) for language in LANGUAGES))

    @staticmethod
    def inside(sentence: Text) -> Text:
        """A sentence as a part of another."""
        return Text(_lower(sentence.nb), _lower(sentence.en))

    def _fill(self, template: str, step: ProofStep, language: str) -> str:
        values: dict[str, str] = {}
        for i, (s, _, o) in enumerate(step.axioms):
            values |= {f"s{i}": self.term(s, language), f"o{i}": self.term(o, language)}
        links = [
            text("proofs.statement.quoted").in_language(language).format(self.term(p, language))
            for _, p, _ in step.premises
        ]
        values["chain"] = text("proofs.statement.and").in_language(language).join(links)
        # A rule of the user's data may come with fewer axioms than its sentence speaks of.
        return template.format_map(_Gaps(values))

    def why_not(self, found: WhyNot) -> Text:
        """Why a triple does not hold, in one or two sentences."""
        if found.counted is not None:
            why = self.inside(found.counted.why)
            return text("proofs.gap.not_counted").filled(why=why)
        if found.rule is None:
            return text("proofs.gap.no_rule")
        if found.rule.name == ROLE_PROPERTY:
            role = self._role(found)
            if role is not None:
                return role
        missing = [self.statement(atom) for atom in found.missing]
        quoted, tie = text("proofs.statement.quoted"), text("proofs.statement.and")
        listed = Text(
            tie.nb.join(quoted.nb.format(each.nb) for each in missing),
            tie.en.join(quoted.en.format(each.en) for each in missing),
        )
        words = text("proofs.gap.missing").filled(missing=listed)
        if found.because is None:
            return words
        inner = self.why_not(found.because)
        return Text(f"{words.nb}. {inner.nb}", f"{words.en}. {inner.en}")

    def _role(self, found: WhyNot) -> Text | None:
        """A role that stands for something else: both roles by name."""
        held = next((o for _, p, o in found.met if p == ROLE), None)
        if held is None or not any(atom.predicate == STANDS_FOR for atom in found.missing):
            return None
        member, wanted_property, body = found.triple
        wanted = sorted({s for s, _, _ in self.facts.match(None, STANDS_FOR, wanted_property)})

        def fill(language: str) -> str:
            # Many roles may stand for the same: the first few are enough to understand.
            names = (
                text("proofs.statement.or")
                .in_language(language)
                .join(_one(self.term(role, language), language) for role in wanted[:_FEW])
            )
            return (
                text("proofs.gap.role")
                .in_language(language)
                .format(
                    member=self.term(member, language),
                    role=_one(self.term(held, language), language),
                    body=self.term(body, language),
                    property=self.term(wanted_property, language),
                    wanted=names or text("proofs.statement.anything").in_language(language),
                )
            )

        return Text(*map(fill, LANGUAGES))


_FEW: Final = 3


class _Gaps(dict[str, str]):
    """Words for a template; what is not there stays open."""

    def __missing__(self, key: str) -> str:
        return "…"


def _one(role: str, language: str) -> str:
    """Somebody with this role; Norwegian needs no article, English does."""
    if language == "nb":
        return role
    return f"{'an' if role[:1].lower() in 'aeiou' else 'a'} {role}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
