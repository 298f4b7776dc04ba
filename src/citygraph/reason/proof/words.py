"""An explanation in words: statements, rules and what is missing, in bokmål and English, with the labels of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text
from citygraph.reason.closure import Atom, TripleText, is_variable
from citygraph.reason.proof.calendar import AS_OF, ROLE, ROLE_PROPERTY, STANDS_FOR
from citygraph.reason.proof.facts import Facts
from citygraph.reason.proof.prover import ProofStep
from citygraph.reason.proof.why_not import WhyNot
from citygraph.reason.rules import TYPE

__all__ = ["Explained", "Explanation", "Gap", "Origin", "ProofWords"]


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


RULES: Final[Mapping[str, Text]] = {
    "eq-sym": Text("er to like, er de det begge veier", "equal things are equal both ways"),
    "eq-trans": Text("det som er likt det samme, er likt", "things equal to the same thing are equal"),
    "eq-rep-s": Text(
        "det som gjelder den ene av to like, gjelder den andre", "what holds for a thing holds for its equal"
    ),
    "eq-rep-p": Text("like forbindelser sier det samme", "equal links say the same"),
    "eq-rep-o": Text(
        "det som peker på den ene av to like, peker på den andre", "what points to a thing points to its equal"
    ),
    "prp-dom": Text("bare {o0} kan ha «{s0}»", "whatever has “{s0}” is {o0}"),
    "prp-rng": Text("det «{s0}» peker på, er {o0}", "whatever “{s0}” points to is {o0}"),
    "prp-fp": Text("«{s0}» har bare én verdi", "“{s0}” has one value only"),
    "prp-ifp": Text("«{s0}» hører til bare én ting", "“{s0}” belongs to one thing only"),
    "prp-symp": Text("«{s0}» gjelder begge veier", "“{s0}” holds both ways"),
    "prp-trp": Text("«{s0}» følger i kjede", "“{s0}” carries on from one to the next"),
    "prp-spo1": Text("«{s0}» er et tilfelle av «{o0}»", "“{s0}” is a kind of “{o0}”"),
    "prp-spo2": Text("{chain} gir til sammen «{s0}»", "{chain} together give “{s0}”"),
    "prp-eqp1": Text("«{s0}» og «{o0}» betyr det samme", "“{s0}” and “{o0}” mean the same"),
    "prp-eqp2": Text("«{s0}» og «{o0}» betyr det samme", "“{s0}” and “{o0}” mean the same"),
    "prp-inv1": Text("«{s0}» er «{o0}» sett fra den andre siden", "“{s0}” is “{o0}” seen from the other side"),
    "prp-inv2": Text("«{s0}» er «{o0}» sett fra den andre siden", "“{s0}” is “{o0}” seen from the other side"),
    "prp-key": Text("to {s0} med samme nøkkel er den samme", "two {s0} with the same key are the same"),
    "cls-int1": Text("det som er alt dette, er {s0}", "what is all of these is {s0}"),
    "cls-int2": Text("{s0} er alt dette på en gang", "{s0} is all of these at once"),
    "cls-uni": Text("det som er ett av dette, er {s0}", "what is one of these is {s0}"),
    "cls-svf1": Text("det som har slikt i «{o1}», er {s0}", "what has such a “{o1}” is {s0}"),
    "cls-svf2": Text("det som har «{o1}», er {s0}", "what has any “{o1}” is {s0}"),
    "cls-avf": Text("alt {s0} har i «{o1}», er {o0}", "every “{o1}” of {s0} is {o0}"),
    "cls-hv1": Text("alle {s0} har «{o1}» {o0}", "every {s0} has “{o1}” {o0}"),
    "cls-hv2": Text("det som har «{o1}» {o0}, er {s0}", "what has “{o1}” {o0} is {s0}"),
    "cls-maxc2": Text("{s0} har høyst én «{o1}»", "{s0} has one “{o1}” at most"),
    "cls-maxqc3": Text("{s0} har høyst én slik «{o1}»", "{s0} has one such “{o1}” at most"),
    "cls-maxqc4": Text("{s0} har høyst én «{o1}»", "{s0} has one “{o1}” at most"),
    "cls-oo": Text("{s0} er en liste som dette står på", "{s0} is a list with this on it"),
    "cax-sco": Text("hver {s0} er en {o0}", "every {s0} is a {o0}"),
    "cax-eqc1": Text("{s0} og {o0} er det samme", "{s0} and {o0} are the same"),
    "cax-eqc2": Text("{s0} og {o0} er det samme", "{s0} and {o0} are the same"),
    AS_OF: Text("det teller på den dagen det spørres om", "it counts on the day that is asked about"),
    ROLE_PROPERTY: Text("rollen sier hva medlemskapet betyr", "the role says what the membership means"),
}
"""One sentence for each rule: `{s0}` and `{o0}` are the ends of its first axiom, `{chain}` the links of its body."""

_SCHEMA: Final = Text("det følger av hvordan begrepene er definert", "it follows from how the terms are defined")
_IS_A: Final = Text("{s} er av typen {o}", "{s} is of the type {o}")
_LINK: Final = Text("{s} – {p} – {o}", "{s} – {p} – {o}")
_TIE: Final = " – "
_ANYTHING: Final = Text("noe", "something")
_QUOTED: Final = Text("«{}»", "“{}”")
_AND: Final = Text(" og ", " and ")
_OR: Final = Text(" eller ", " or ")

_NO_RULE: Final = Text(
    "Det er ikke oppgitt, og ingen regel kan gi det: noen må føre det opp",
    "Nobody has stated it, and no rule can conclude it: somebody would have to state it",
)
_MISSING: Final = Text("Det mangler at {missing}", "What is missing: {missing}")
_ROLE_ASKS: Final = Text(
    "{member} er {role} i {body}; «{property}» krever {wanted}",
    "{member} is {role} of {body}; “{property}” asks for {wanted}",
)
_NOT_COUNTED: Final = Text("Det teller ikke: {why}", "It does not count: {why}")


@dataclass(frozen=True, slots=True)
class ProofWords:
    """Words for triples, rules and gaps, in one language or both."""

    labels: Labels
    facts: Facts

    def term(self, text: str, language: str) -> str:
        """A term: its label, its value, or "something"."""
        if is_variable(text):
            return _ANYTHING.in_language(language)
        if text.startswith('"'):
            return text[1 : text.rindex('"')].replace('\\"', '"').replace("\\n", " ").replace("\\\\", "\\")
        if text.startswith("_:"):
            return Text("en betingelse", "a condition").in_language(language)
        name = self.labels.describe(text[1:-1], language)
        # A fact has no name but what it ties together; in a sentence that needs brackets.
        return f"({name})" if _TIE in name and text[1:-1] not in self.labels else name

    def statement(self, triple: TripleText | Atom) -> Text:
        """A triple, or what is asked for, as a sentence."""
        s, p, o = (triple.subject, triple.predicate, triple.object) if isinstance(triple, Atom) else triple
        template = _IS_A if p == TYPE else _LINK
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
        template = RULES.get(step.rule, _SCHEMA)
        return Text(*(self._fill(template.in_language(language), step, language) for language in LANGUAGES))

    @staticmethod
    def inside(sentence: Text) -> Text:
        """A sentence as a part of another."""
        return Text(_lower(sentence.nb), _lower(sentence.en))

    def _fill(self, template: str, step: ProofStep, language: str) -> str:
        values: dict[str, str] = {}
        for i, (s, _, o) in enumerate(step.axioms):
            values |= {f"s{i}": self.term(s, language), f"o{i}": self.term(o, language)}
        links = [_QUOTED.in_language(language).format(self.term(p, language)) for _, p, _ in step.premises]
        values["chain"] = _AND.in_language(language).join(links)
        # A rule of the user's data may come with fewer axioms than its sentence speaks of.
        return template.format_map(_Gaps(values))

    def why_not(self, found: WhyNot) -> Text:
        """Why a triple does not hold, in one or two sentences."""
        if found.counted is not None:
            why = self.inside(found.counted.why)
            return Text(_NOT_COUNTED.nb.format(why=why.nb), _NOT_COUNTED.en.format(why=why.en))
        if found.rule is None:
            return _NO_RULE
        if found.rule.name == ROLE_PROPERTY:
            role = self._role(found)
            if role is not None:
                return role
        missing = [self.statement(atom) for atom in found.missing]
        text = Text(
            _MISSING.nb.format(missing=_AND.nb.join(f"«{m.nb}»" for m in missing)),
            _MISSING.en.format(missing=_AND.en.join(f"“{m.en}”" for m in missing)),
        )
        if found.because is None:
            return text
        inner = self.why_not(found.because)
        return Text(f"{text.nb}. {inner.nb}", f"{text.en}. {inner.en}")

    def _role(self, found: WhyNot) -> Text | None:
        """A role that stands for something else: both roles by name."""
        held = next((o for _, p, o in found.met if p == ROLE), None)
        if held is None or not any(atom.predicate == STANDS_FOR for atom in found.missing):
            return None
        member, wanted_property, body = found.triple
        wanted = sorted({s for s, _, _ in self.facts.match(None, STANDS_FOR, wanted_property)})

        def fill(language: str) -> str:
            # Many roles may stand for the same: the first few are enough to understand.
            names = _OR.in_language(language).join(_one(self.term(role, language), language) for role in wanted[:_FEW])
            return _ROLE_ASKS.in_language(language).format(
                member=self.term(member, language),
                role=_one(self.term(held, language), language),
                body=self.term(body, language),
                property=self.term(wanted_property, language),
                wanted=names or _ANYTHING.in_language(language),
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
