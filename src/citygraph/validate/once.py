"""One mistake, one finding: what shapes, kinds and words say of one statement, said once and of the case.

A shape says what its rule is. Which line of several is missing, which value is too many, which values there are to choose
from, is read here from the shape and the files; and what only follows from another finding is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Final

from citygraph.findings import Finding
from citygraph.graphs import Part, ProjectGraphs
from citygraph.messages import Text, text
from citygraph.namespaces import CG, PREFIXES, compress
from citygraph.rdf import Iri, Literal, Term
from citygraph.validate.rules import PropertyRule, rules_of
from citygraph.validate.terms import has_other_address
from citygraph.validate.things import WITHOUT_SHAPES, StatedValues, Things, each_language

_RDF: Final = PREFIXES["rdf"]
_KINDS: Final = frozenset({"wrong-kind", "wrong-kind-place", "text-for-thing", "about-itself"})
_WORDS: Final = frozenset({"unknown-term", "unknown-reused-term"})
_CLAIMS: Final = frozenset({"claim-not-stated", "claim-still-stated"})
_PLACE_TOO: Final = "place-is-organization"
_TYPE: Final = Iri(_RDF + "type")
_MEMBERSHIP: Final = frozenset(f"<{PREFIXES['org']}{name}>" for name in ("member", "organization", "role"))
_WHOLE: Final = re.compile(r"\d+\Z")
_ISO: Final = re.compile(r"\d{4}(?:-\d\d){0,2}\Z")
_POINTED: Final = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(\d{4})\Z")
_SAID: Final = re.compile(r"(?:(\d{1,2})\.?\s+)?([A-Za-z]{3,})\.?\s+(\d{4})\Z")
_MONTHS: Final = (
    ("januar", "january"), ("februar", "february"), ("mars", "march"), ("april",), ("mai", "may"), ("juni", "june"),
    ("juli", "july"), ("august",), ("september",), ("oktober", "october"), ("november",), ("desember", "december"),
)  # fmt: skip
_DATED: Final = {4: "gYear", 7: "gYearMonth", 10: "date"}


def say_once(
    told: Iterable[Finding], *, meant: Iterable[Finding], words: Iterable[Finding], graphs: ProjectGraphs
) -> list[Finding]:
    """Everything that is wrong with what people wrote, each once.

    Args:
        told: what shapes and values say.
        meant: what stands at the wrong end of a property.
        words: words and names that nobody knows.
        graphs: the project.
    """
    told, kinds, unknown = list(told), list(meant), list(words)
    if not (told or kinds or unknown):
        return []
    case = _Case(graphs)
    better = {(each.focus_node, each.path, each.value): each for each in [*unknown, *kinds]}
    itself = {(each.focus_node, each.path): each for each in kinds if each.code == "about-itself"}
    # The gravest of several about one statement is the one that stays.
    told = sorted(told, key=lambda each: (each.severity.order, each.code))
    caused = _Caused(told, kinds, unknown, case)
    findings: list[Finding] = []
    reworded: set[Finding] = set()
    for one in told:
        same = (
            better.get((one.focus_node, one.path, one.value)) if one.value else itself.get((one.focus_node, one.path))
        )
        if same is not None and (case.rule(one) is not None or same.code in _WORDS):
            # Two shapes about one statement are one mistake too; a word that nobody knows is told as that.
            if same not in reworded and same.code not in _WORDS:
                findings.append(case.in_better_words(one, same))
                reworded.add(same)
        elif same is not None:
            reworded.add(same)
            findings.append(case.told(one))
        elif one not in caused:
            findings.append(case.told(one))
    named = {(each.focus_node, each.path, each.value) for each in unknown}
    rest = [each for each in kinds if (each.focus_node, each.path, each.value) not in named and each not in caused]
    return [*findings, *(each for each in [*rest, *unknown] if each not in reworded)]


class _Caused:
    """What is only there because something else is wrong: a misspelt property is missing, a thing has no known kind."""

    def __init__(
        self, told: Sequence[Finding], kinds: Sequence[Finding], unknown: Sequence[Finding], case: _Case
    ) -> None:
        self._misspelt = {
            (each.focus_node, meant) for each in unknown if each.code in _WORDS and (meant := case.meant_by(each))
        }
        bad = {each.value for each in unknown if each.path == str(_TYPE)}
        self._untyped = case.of_kinds_nobody_knows(bad) if bad else set()
        self._two_kinds = {each.focus_node for each in told if each.code == _PLACE_TOO}
        self._turned = {each.focus_node for each in kinds if each.path in _MEMBERSHIP}

    def __contains__(self, found: Finding) -> bool:
        if (found.focus_node, found.path) in self._misspelt or {found.focus_node, found.value} & self._untyped:
            return True
        if found.focus_node in self._two_kinds:
            return found.code != _PLACE_TOO and bool(found.path)
        is_turned = found.focus_node in self._turned and found.path in _MEMBERSHIP and bool(found.value)
        return is_turned and found.code not in _KINDS


def follows_from(found: Finding, causes: Iterable[Finding], *, checks: AbstractSet[str], graphs: ProjectGraphs) -> bool:
    """Whether a contradiction, or a row of a check query, is about what was told to stand where it cannot."""
    if found.code != "contradiction" and found.code not in checks:
        return False
    about = {found.focus_node, *(found.value.split() if found.code in checks else ())}
    for cause in causes:
        if cause.code == _PLACE_TOO and found.focus_node == cause.focus_node:
            return True
        if cause.code in _KINDS and about & (
            {cause.value} if found.code in checks else {cause.focus_node, cause.value, *_held(cause, graphs)}
        ):
            return True
    return False


def _held(cause: Finding, graphs: ProjectGraphs) -> Iterator[str]:
    """What a membership holds, when something of it stands where it cannot."""
    if cause.path in _MEMBERSHIP:
        for quad in graphs.quads(Part.DATA):
            if str(quad.subject) == cause.focus_node and str(quad.predicate) in _MEMBERSHIP:
                yield str(quad.object)


class _Case:
    """What a shape says, said of the case."""

    def __init__(self, graphs: ProjectGraphs) -> None:
        self._graphs = graphs
        self._things = Things(graphs)
        self._rules = rules_of(graphs)

    def of_kinds_nobody_knows(self, kinds: AbstractSet[str]) -> set[str]:
        """The things that are said to be of one of these kinds, or of one that is written with a wrong address."""
        return {
            str(quad.subject)
            for quad in self._graphs.quads(Part.DATA, Part.SOURCES)
            if quad.predicate == _TYPE
            and isinstance(quad.object, Iri)
            and (str(quad.object) in kinds or has_other_address(quad.object.value))
        }

    def rule(self, found: Finding) -> PropertyRule | None:
        """What the shape of a finding asks of the property that it is about."""
        return self._rules.get((found.code, found.path))

    def in_better_words(self, found: Finding, better: Finding) -> Finding:
        """The finding of a shape in the words of another about the same statement."""
        rule, fix = self.rule(found), better.fix
        if better.code == "unknown-thing" and rule is not None:
            extra = self._choices(rule, better.value.rpartition("/")[2].rstrip(">"))
            fix = each_language(
                lambda one: " ".join([fix.in_language(one), *(each.in_language(one) for each in extra)])
            )
        place = {"file": better.file, "line": better.line, "column": better.column}
        return replace(found, message=better.message, fix=fix, **place)  # type: ignore[arg-type]  # what a place is made of

    def meant_by(self, found: Finding) -> str:
        """The property that an unknown one is nearest to, as its fix names it; empty when nothing is near."""
        curies = re.findall(r"\b[a-z]+:[A-Za-z]\w*", found.fix.en)
        short = next((each for each in curies if each.partition(":")[0] in PREFIXES), "")
        prefix, _, local = short.partition(":")
        return f"<{PREFIXES[prefix]}{local}>" if short else ""

    def told(self, found: Finding) -> Finding:
        """The finding with what is the case in its message, and with what there is to choose from in its advice."""
        rule = self._rules.get((found.code, found.path))
        if found.code == _PLACE_TOO:
            return self._two_kinds(found)
        if found.code in _CLAIMS:
            return self._claim(found)
        if rule is None or not found.focus_node.startswith("<"):
            return found
        return self._with(found, *self._case(found, rule))

    def _case(self, found: Finding, rule: PropertyRule) -> tuple[Text | None, list[Text]]:
        things, path = self._things, Iri(found.path[1:-1])
        property_ = things.short(path)
        values = self._objects(found.focus_node, found.path)
        most, least = rule.numbers("maxCount"), rule.numbers("minCount")
        if found.value:
            value = next((each for each in values if str(each) == found.value), None)
            return self._of_value(value, property_, rule) if value is not None else (None, [])
        if least and len(values) < max(least):
            # A shape about one property has said which.
            several = sum(code == found.code for code, _ in self._rules) > 1
            return text("advice.missing").filled(property=property_) if several else None, self._choices(rule, "")
        if most and len(values) > min(most):
            return text("advice.too_many").filled(
                property=property_,
                count=len(values),
                most=min(most),
                values=self._placed(found.focus_node, found.path, values),
            ), []
        return None, []

    def _placed(self, subject: str, predicate: str, values: Iterable[Term]) -> str:
        said = []
        for value in values:
            file, line, _ = self._graphs.locate(subject, predicate, str(value))
            said.append(f"{self._things.short(value)} ({file}:{line})" if file else self._things.short(value))
        return ", ".join(said)

    def _of_value(self, value: Term, property_: str, rule: PropertyRule) -> tuple[Text | None, list[Text]]:
        things = self._things
        shown = things.short(value)
        case = text("advice.has_value").filled(property=property_, value=shown)
        like = value.value if isinstance(value, Literal) else shown.partition(":")[2]
        wanted = [compress(each.value) for each in rule.iris("datatype")]
        if isinstance(value, Literal) and wanted and not rule.iris("class"):
            right = _as_date(value) if "xsd:date" in wanted else value.value if _WHOLE.match(value.value) else ""
            if right and compress(value.datatype.value) not in wanted:
                return case, [text("advice.write").filled(right=f"{property_} {right}")]
            if compress(value.datatype.value) not in wanted:
                return case, [text("advice.datatype").filled(property=property_, wanted=", ".join(wanted))]
        if isinstance(value, Iri) and rule.iris("class") and value not in things.described:
            case = text("advice.not_described").filled(property=property_, value=shown)
        return case, self._choices(rule, like)

    def _choices(self, rule: PropertyRule, like: str) -> list[Text]:
        listed = [each for each in rule.parameters.get("in", ()) if isinstance(each, Iri)]
        if listed:
            return [text("advice.choose").filled(choices=", ".join(map(self._things.short, listed)))]
        classes = frozenset(each.value for each in rule.iris("class"))
        return [self._things.choices(classes, like=like)] if classes else []

    def _claim(self, found: Finding) -> Finding:
        """A claim and the thing that it is about do not say the same: what each of them says, and where."""
        parts = [self._objects(found.focus_node, f"<{_RDF}{name}>") for name in ("subject", "predicate", "object")]
        if any(len(each) != 1 for each in parts):
            return found
        subject, predicate, value = (each[0] for each in parts)
        said = f"{self._things.short(subject)} {self._things.short(predicate)} {self._things.short(value)}"
        if found.code == "claim-still-stated":
            place = self._placed(str(subject), str(predicate), [value])
            return self._with(found, text("advice.stands").filled(values=place), [])
        stated = self._objects(str(subject), str(predicate))
        if not stated:
            return self._with(
                found, text("advice.nothing_stands").filled(said=said), [text("advice.write").filled(right=said)]
            )
        case = text("advice.other_stands").filled(said=said, values=self._placed(str(subject), str(predicate), stated))
        return self._with(found, case, [text("advice.write_or_correct").filled(right=said)])

    def _with(self, found: Finding, case: Text | None, advice: Sequence[Text]) -> Finding:
        message = each_language(
            lambda language: (
                found.message.in_language(language).rstrip(".") + (f" ({case.in_language(language)})." if case else ".")
            )
        )
        fix = each_language(
            lambda language: " ".join(
                filter(None, [found.fix.in_language(language), *(each.in_language(language) for each in advice)])
            )
        )
        return replace(found, message=message, fix=fix)

    def _objects(self, subject: str, predicate: str) -> list[Term]:
        return self._stated.of(subject, Iri(predicate[1:-1]))

    @cached_property
    def _stated(self) -> StatedValues:
        return StatedValues(self._graphs.quads(*WITHOUT_SHAPES))

    def _two_kinds(self, found: Finding) -> Finding:
        thing, type_ = Iri(found.focus_node[1:-1]), str(Iri(_RDF + "type"))
        places = {
            kind: self._graphs.locate(found.focus_node, type_, f"<{kind}>") for kind in self._things.own_kinds(thing)
        }
        stated = ", ".join(f"{self._things.short(Iri(kind))} ({at[0]}:{at[1]})" for kind, at in places.items())
        case = text("advice.two_kinds").filled(kinds=stated)
        at = next((at for kind, at in places.items() if kind.startswith(CG) and kind != CG + "CityNetwork"), None)
        message = each_language(
            lambda language: f"{found.message.in_language(language).rstrip('.')} ({case.in_language(language)})."
        )
        file, line, column = at or (found.file, found.line, found.column)
        return replace(found, message=message, file=file, line=line, column=column)


def _as_date(literal: Literal) -> str:
    """The literal as a date of the precision that it has, in Turtle; empty when it is none, or one of no calendar."""
    words = literal.value.strip()
    pointed, said = _POINTED.match(words), _SAID.match(words)
    if pointed:
        words = f"{pointed[3]}-{int(pointed[2]):02}-{int(pointed[1]):02}"
    elif said and (month := _month(said[2].casefold())):
        words = f"{said[3]}-{month:02}" + (f"-{int(said[1]):02}" if said[1] else "")
    try:
        date.fromisoformat(f"{words}-01-01"[:10] if _ISO.match(words) else "")
    except ValueError:
        return ""
    return f'"{words}"^^xsd:{_DATED[len(words)]}'


def _month(word: str) -> int:
    """The number of the month whose name, in bokmål or English, begins with the word; 0 for none."""
    return next((number for number, names in enumerate(_MONTHS, 1) if any(n.startswith(word) for n in names)), 0)
