"""Which of the findings stand: limits count what holds at the same time, and a finding can be answered "meant so".

A shape counts every value that is written. A network that moved has two seats in its file, each with a claim that says
when; only values that hold at once are too many, and then the finding names them.
"""

from __future__ import annotations

import difflib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

from citygraph.findings import Finding, definitions, finding
from citygraph.graphs import Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text, text
from citygraph.namespaces import CG, CONCEPT, PREFIXES, compress, prefixes_for
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.validate.once import follows_from
from citygraph.validate.rules import rules_of
from citygraph.validate.shapes import shape_definitions
from citygraph.validate.things import WITHOUT_SHAPES, StatedValues, each_language

_SH, _TIME, _ORG = PREFIXES["sh"], PREFIXES["time"], PREFIXES["org"]
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_CLAIMED: Final = tuple(Iri(PREFIXES["rdf"] + name) for name in ("subject", "predicate", "object"))
_HAS_TIME, _AS_OF = Iri(_TIME + "hasTime"), Iri(CG + "asOf")
_ENDS: Final = (Iri(_TIME + "hasBeginning"), Iri(_TIME + "hasEnd"))
_INSTANT: Final = tuple(Iri(_TIME + name) for name in ("inXSDDate", "inXSDgYearMonth", "inXSDgYear"))
_BOUNDS: Final = (Iri(CG + "dateNotBefore"), Iri(CG + "dateNotAfter"))
_RANK, _DEPRECATED = Iri(CG + "rank"), Iri(CONCEPT + "rank-deprecated")
# What carries its own date: how many values it has is no matter of time.
_FACTS: Final = frozenset(
    {_ORG + "Membership", _ORG + "ChangeEvent", PREFIXES["foaf"] + "Document", PREFIXES["adms"] + "Identifier"}
    | {CG + name for name in ("Claim", "CompletenessStatement", "Disagreement", "MeantSo")}
    | {PREFIXES["schema"] + name for name in ("Observation", "Schedule", "Event")}
    | {_TIME + name for name in ("ProperInterval", "Instant")}
    | {PREFIXES["oa"] + name for name in ("SpecificResource", "TextPositionSelector")}
)
_MEANT_SO: Final = Iri(CG + "MeantSo")
_ANSWERED: Final = tuple(
    Iri(PREFIXES[prefix] + name)
    for prefix, name in (
        ("oa", "hasTarget"),
        ("cg", "findingCode"),
        ("dct", "description"),
        ("prov", "wasAttributedTo"),
        ("dct", "date"),
    )
)
_UNANSWERED: Final = "meant-so-without-finding"
_FINAL: Final = frozenset({"contradiction", "merged-nodes", "person-extra-data", "meant-so-incomplete", _UNANSWERED})


def settle(
    findings: Iterable[Finding],
    graphs: ProjectGraphs,
    *,
    checks: Iterable[str] = (),
    inferred: Iterable[Quad] = (),
    meant: Sequence[Finding] = (),
    other_day: bool = False,
) -> list[Finding]:
    """The findings that stand, and what is wrong with the answers to them.

    Args:
        findings: everything that was found.
        graphs: the project.
        checks: the codes of the check queries.
        inferred: what follows from the files.
        meant: what stands where it cannot; what contradicts because of it is that mistake again.
        other_day: another day than that of the project was asked for; an answer may be to a finding of that one.
    """
    firsts = list(findings)
    if not firsts and not any(quad.object == _MEANT_SO for quad in graphs.quads(Part.DATA)):
        return []
    values = _Values(graphs, inferred)
    causes, codes = [*meant, *firsts], set(checks)
    firsts = [each for each in firsts if not follows_from(each, causes, checks=codes, graphs=graphs)]
    values.wrong = {(each.focus_node, each.path, each.value) for each in firsts if each.value}
    standing = [each for one in firsts if (each := _at_once(one, graphs, values)) is not None]
    answers = [answer for node in values.subjects[_MEANT_SO] if (answer := _answer(node, values)) is not None]
    kept = [each for each in standing if each.code in _FINAL or not any(answer.is_to(each) for answer in answers)]
    if answers and not other_day:
        codes |= {*definitions(), *shape_definitions(graphs)}
        kept += _without_finding(answers, standing, codes, graphs, values)
    return kept


class _Values(StatedValues):
    """What is written and what follows."""

    def __init__(self, graphs: ProjectGraphs, inferred: Iterable[Quad]) -> None:
        super().__init__(itertools.chain(graphs.quads(*WITHOUT_SHAPES), inferred))
        self._graphs = graphs
        self.wrong: AbstractSet[tuple[str, str, str]] = frozenset()

    @cached_property
    def labels(self) -> Labels:
        return Labels(self._graphs.triples(), prefixes=prefixes_for(self._graphs.base))

    @cached_property
    def limits(self) -> Mapping[tuple[str, str], _Limit]:
        """How many values a property may have, by the code of the shape that says so and the property."""
        return dict(_limits(self._graphs))

    @cached_property
    def claims(self) -> Mapping[tuple[Term, ...], list[Term]]:
        """The claims that are not deprecated, by the statement they make."""
        found: dict[tuple[Term, ...], list[Term]] = defaultdict(list)
        for claim in self.subjects[Iri(CG + "Claim")]:
            parts = tuple(value for each in _CLAIMED for value in self.of(claim, each))
            if len(parts) == len(_CLAIMED) and _DEPRECATED not in self.of(claim, _RANK):
                found[parts].append(claim)
        return found


# -- values that hold at the same time -----------------------------------------------------------------------


class _Limit(NamedTuple):
    """At most so many values, or one in each language."""

    most: int
    each_language: bool


class _Span(NamedTuple):
    """From when until when, as dates of any precision; empty is open."""

    begin: str = ""
    end: str = ""

    def meets(self, other: _Span) -> bool:
        """Whether there is a time that lies in both; to follow one another on one day is none."""
        return not (_not_later(self.end, other.begin) or _not_later(other.end, self.begin))


def _not_later(end: str, begin: str) -> bool:
    length = min(len(end), len(begin))
    return length > 0 and end[:length] <= begin[:length]


@dataclass(frozen=True, slots=True)
class _Dated:
    """A value of a property, the claims about it, and when they say that it holds."""

    value: Term
    claims: Sequence[Term]
    spans: Sequence[_Span]

    def meets(self, other: _Dated) -> bool:
        return any(one.meets(two) for one in self.spans for two in other.spans)


def _limits(graphs: ProjectGraphs) -> Iterator[tuple[tuple[str, str], _Limit]]:
    for key, rule in rules_of(graphs).items():
        most = rule.numbers("maxCount")
        if (most or rule.parameters.get("uniqueLang")) and 0 not in most:
            yield key, _Limit(min(most, default=0), not most)


def _at_once(found: Finding, graphs: ProjectGraphs, values: _Values) -> Finding | None:
    """A finding about too many values, which names those that hold at once; nothing when no two do."""
    limit = values.limits.get((found.code, found.path)) if found.path and not found.value else None
    kinds = {kind.value for kind in values.of(found.focus_node, _TYPE) if isinstance(kind, Iri)}
    if limit is None or kinds & _FACTS:
        return found
    path = Iri(found.path[1:-1])
    most, counted = limit.most or 1, Counter[str]()
    groups: dict[str, list[_Dated]] = defaultdict(list)
    for value in values.of(found.focus_node, path):
        language = (value.language or "") if isinstance(value, Literal) and limit.each_language else ""
        if limit.each_language and not language:
            continue
        counted[language] += 1
        # One that is told by itself will not stay as it is.
        if (found.focus_node, found.path, str(value)) not in values.wrong:
            groups[language].append(_dated(found.focus_node, path, value, values))
    if all(number <= most for number in counted.values()):
        # It is not the number of them that is wrong.
        return found
    crowded = [crowd for group in groups.values() if len(crowd := _crowd(group)) > most]
    return _told(found, path, crowded[0], graphs, values) if crowded else None


def _crowd(group: Sequence[_Dated]) -> list[_Dated]:
    """The most values that all hold at one time: two that do not meet follow one another."""
    crowds = [[one, *(other for other in group if other is not one and one.meets(other))] for one in group]
    return max(crowds, key=len, default=[])


def _dated(subject: str, path: Iri, value: Term, values: _Values) -> _Dated:
    claims = [claim for key, claims in values.claims.items() if (str(key[0]), *key[1:]) == (subject, path, value)
              for claim in claims]  # fmt: skip
    spans = [_span(interval, values) for claim in claims for interval in values.of(claim, _HAS_TIME)]
    # A claim that was true on some day does not undo the end that another gives; one without any time has no end.
    undated = [each for each in claims if not values.of(each, _HAS_TIME) and not values.of(each, _AS_OF)]
    return _Dated(value, claims, spans if spans and not undated else [_Span()])


def _span(interval: Term, values: _Values) -> _Span:
    ends = []
    for which, bound in zip(_ENDS, _BOUNDS, strict=True):
        instants = values.of(interval, which)
        dates = [d for at in instants for each in (*_INSTANT, bound) for d in values.of(at, each)]
        ends.append(next((each.value for each in dates if isinstance(each, Literal)), ""))
    return _Span(*ends)


def _told(found: Finding, path: Iri, crowd: Sequence[_Dated], graphs: ProjectGraphs, values: _Values) -> Finding:
    prefixes = prefixes_for(graphs.base)

    def said(each: _Dated, language: str) -> str:
        file, line, _ = graphs.locate(found.focus_node, str(path), str(each.value))
        when = [
            text("advice.span").filled(begin=one.begin or "…", end=one.end or "…") for one in each.spans if any(one)
        ]
        times = ", ".join(one.in_language(language) for one in when) or text("advice.undated").in_language(language)
        place = f"{file}:{line}" if file else text("advice.derived").in_language(language)
        return f"{values.labels.describe(each.value, language)} ({place}, {times})"

    def claims(language: str) -> str:
        named = [compress(claim.value, prefixes) for each in crowd for claim in each.claims if isinstance(claim, Iri)]
        without = [each for each in crowd if not each.claims]
        new = [text("advice.new_claim").filled(value=values.labels.describe(each.value, language)) for each in without]
        return ", ".join([*named, *(one.in_language(language) for one in new)])

    words = text("advice.at_once").filled(
        thing=each_language(lambda language: values.labels.describe(Iri(found.focus_node[1:-1]), language)),
        property=each_language(lambda language: values.labels.of(path, language)),
        values=each_language(lambda language: " · ".join(said(each, language) for each in crowd)),
    )
    advice = text("advice.end_one").filled(claims=each_language(claims), code=found.code)
    fix = each_language(lambda one: f"{found.fix.in_language(one)} {advice.in_language(one)}".strip())
    return replace(found, message=words, fix=fix, value=" ".join(str(each.value) for each in crowd))


# -- meant so ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole record of `cg:MeantSo`."""

    node: Term
    targets: AbstractSet[str]
    code: str

    def is_to(self, found: Finding) -> bool:
        """Whether this answers a finding: all that the record names is what the finding is about."""
        return found.code == self.code and self.targets <= {found.focus_node, found.path, *found.value.split()}


def _answer(node: Term, values: _Values) -> _Answer | None:
    """The record, when it is whole; what it lacks is told by the shape meant-so-incomplete."""
    targets, codes, reasons, *others = ([*values.of(node, each)] for each in _ANSWERED)
    given = [each.value for each in reasons if isinstance(each, Literal) and each.value.strip()]
    if not (targets and given and all(others)) or len(codes) != 1 or not isinstance(codes[0], Literal):
        return None
    return _Answer(node, {str(each) for each in targets}, codes[0].value)


def _without_finding(
    answers: Iterable[_Answer],
    findings: Sequence[Finding],
    codes: AbstractSet[str],
    graphs: ProjectGraphs,
    values: _Values,
) -> Iterator[Finding]:
    for answer in answers:
        heard = any(answer.is_to(each) for each in findings)
        if heard and answer.code not in _FINAL:
            continue
        near = difflib.get_close_matches(answer.code, sorted(codes), n=1, cutoff=0.5)
        if heard:
            why = text("advice.answer_final")
        elif answer.code in codes:
            why = text("advice.answer_gone")
        else:
            why = text("advice.answer_near" if near else "advice.answer_unknown").filled(near="".join(near))
        targets = [Iri(each[1:-1]) for each in sorted(answer.targets)]
        names = (" – ".join(values.labels.describe(each, language) for each in targets) for language in LANGUAGES)
        file, line, column = graphs.locate(str(answer.node), str(_ANSWERED[1]))
        yield finding(
            _UNANSWERED, file=file, line=line, column=column, focus_node=str(answer.node), path=str(_ANSWERED[1]),
            name=Text(*names), answered=answer.code, why=why,
        )  # fmt: skip
