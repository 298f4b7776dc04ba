"""What people wrote against what the vocabularies expect: the kinds of things at both ends of a property.

Domains and ranges of the ontology (RDF Schema 1.1, sections 3.1 and 3.2) and `expectations.ttl` are read as expectations
about the types that stand in the files, before anything is derived from them: a reasoner would make a place that is a
member an agent, and say nothing. What a claim says is read like what a thing says. The advice is made from the case.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Final, TypeAlias

from citygraph.findings import Finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.messages import Text, text
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Quad, Term, parse
from citygraph.validate.rules import rules_of
from citygraph.validate.things import Things, by_subject, closure, each_language, finding_at

_RDF, _RDFS, _ORG, _XSD = PREFIXES["rdf"], PREFIXES["rdfs"], PREFIXES["org"], PREFIXES["xsd"]
_SUBPROPERTY, _BROADER = Iri(_RDFS + "subPropertyOf"), Iri(PREFIXES["skos"] + "broader")
_STARTS: Final = frozenset({Iri(_RDFS + "domain"), Iri(PREFIXES["schema"] + "domainIncludes")})
_ENDS: Final = frozenset({Iri(_RDFS + "range"), Iri(PREFIXES["schema"] + "rangeIncludes")})
_ANYTHING: Final = frozenset(
    {_RDFS + "Resource", _RDFS + "Literal", PREFIXES["owl"] + "Thing", PREFIXES["prov"] + "Entity"}
)
_MEMBER, _ORGANIZATION, _ROLE = (Iri(_ORG + name) for name in ("member", "organization", "role"))
_HELD: Final = frozenset({_MEMBER, _ORGANIZATION})
_IS_ROLE, _CONCEPT, _AUTHORITY = _ORG + "Role", PREFIXES["skos"] + "Concept", _ORG + "Organization"
_PERSON, _PLACE = PREFIXES["foaf"] + "Person", CG + "Place"
_IN_SCHEME: Final = Iri(PREFIXES["skos"] + "inScheme")
_BEHALF: Final = Iri(CG + "onBehalfOf")
_CLAIMED: Final = tuple(Iri(_RDF + name) for name in ("subject", "predicate", "object"))
_RANK, _DEPRECATED = Iri(CG + "rank"), Iri(CONCEPT + "rank-deprecated")
_OF_CLAIMS: Final = frozenset({*_CLAIMED, _RANK})
# By which statement a new thing of a wanted kind is tied to the one that stands in its place.
_LINKS: Final = (Iri(PREFIXES["schema"] + "containedInPlace"), Iri(CG + "administers"))
# A thing may well be the same as itself.
_REFLEXIVE: Final = frozenset({PREFIXES["schema"] + "sameAs", PREFIXES["owl"] + "sameAs"})
_MOST_NAMED: Final = 5
_ADDRESS: Final = re.compile(r"(?:(https?://)|www\.)[^\s<>\"{}|\\^`]+\Z", re.IGNORECASE)

Wants: TypeAlias = tuple[frozenset[str], ...]
"""Sets of classes: of each of them one will do."""


def check_meaning(graphs: ProjectGraphs) -> list[Finding]:
    """Things of the wrong kind at one end of a property, or at both, in a project of which nothing is derived yet."""
    expected = _Expected(graphs)
    return [found for file in graphs.of(Part.DATA, Part.SOURCES) for found in expected.misfits(file)]


@cache
def _expectations() -> tuple[Quad, ...]:
    return parse(files("citygraph.validate").joinpath("expectations.ttl").read_bytes(), format="ttl").quads


@dataclass(frozen=True, slots=True)
class _Statement:
    """One statement, and the quad that it is read from: itself, or the object of a claim."""

    subject: Term
    predicate: Iri
    object: Term
    quad: Quad

    def changed(self, **parts: Term) -> _Statement:
        given = {"subject": self.subject, "predicate": self.predicate, "object": self.object, **parts}
        return _Statement(**given, quad=self.quad)  # type: ignore[arg-type]  # a predicate is an Iri


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A thing of the wrong kind at one end of a statement, the kinds that would do, and the role that wants it so."""

    statement: _Statement
    is_subject: bool
    wanted: frozenset[str]
    wants: Wants
    role: Term | None

    @property
    def term(self) -> Term:
        return self.statement.subject if self.is_subject else self.statement.object


class _Expected:
    """What each property and each role wants at its ends, held against the kinds that things are said to be."""

    def __init__(self, graphs: ProjectGraphs) -> None:
        self._graphs = graphs
        self._things = Things(graphs, _expectations())
        above: dict[str, set[str]] = defaultdict(set)
        broader: dict[str, set[str]] = defaultdict(set)
        starts: dict[str, list[frozenset[str]]] = defaultdict(list)
        ends: dict[str, list[frozenset[str]]] = defaultdict(list)
        read = {_SUBPROPERTY, _BROADER, *_STARTS, *_ENDS}
        stated = [quad for quad in graphs.quads(Part.ONTOLOGY, Part.DATA) if quad.predicate in read]
        for quads in (stated, _expectations()):
            for predicate, kept in ((_SUBPROPERTY, above), (_BROADER, broader)):
                for subject, names in by_subject(quads, {predicate}).items():
                    kept[subject] |= names
            for predicates, wanted in ((_STARTS, starts), (_ENDS, ends)):
                for subject, classes in by_subject(quads, predicates).items():
                    wanted[subject].append(frozenset(classes))
        self._starts = {name: _inherited(name, starts, above) for name in {*starts, *above}}
        self._ends = {name: _inherited(name, ends, above) for name in {*ends, *above}}
        self._holders = {name: _nearest_above(name, starts, broader) for name in {*starts, *broader}}
        self._bodies = {name: _nearest_above(name, ends, broader) for name in {*ends, *broader}}
        self._of_shapes: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = defaultdict(list)
        for (_, path), rule in rules_of(graphs).items():
            of_class = frozenset(each.value for each in rule.iris("class"))
            if of_class and rule.targets:
                self._of_shapes[path[1:-1]].append((rule.targets, of_class))
        self._fit: set[tuple[object, ...]] = set()
        self._roles: dict[Term, Term] = {}
        self._bodies_of: dict[Term, list[Term]] = defaultdict(list)
        self._used: dict[Iri, dict[Term, None]] = defaultdict(dict)
        for quad in graphs.quads(Part.DATA):
            if quad.predicate == _ROLE:
                self._roles[quad.subject] = quad.object
            elif quad.predicate == _ORGANIZATION:
                self._bodies_of[quad.subject].append(quad.object)
            self._used[quad.predicate][quad.object] = None

    # -- what is wanted -----------------------------------------------------------------------------

    def misfits(self, file: FileGraph) -> Iterator[Finding]:
        """The statements of a file at one end of which stands something of the wrong kind."""
        turned: set[Term] = set()
        for statement in _statements(file):
            # Of most statements one like them was looked at before: the same property between the same kinds of things.
            like = self._like(statement)
            misfit = self._misfit(statement) if like not in self._fit else None
            if misfit is None:
                self._fit.add(like)
            if misfit is None or statement.subject in turned:
                continue
            right = self._membership_turned(statement, file)
            if right:
                turned.add(statement.subject)
            yield self._finding(file, misfit, text("advice.turn").filled(right=right) if right else None)

    def _like(self, statement: _Statement) -> tuple[object, ...]:
        """All that `_misfit` reads of a statement: two that are alike fit both, or neither."""
        subject, predicate, value = statement.subject, statement.predicate, statement.object
        return (
            predicate,
            self._things.stated_kinds(subject),
            isinstance(value, Literal) or self._things.stated_kinds(value),
            isinstance(subject, Literal),
            subject == value,
            self._roles.get(subject) if predicate in _HELD else None,
        )

    def _misfit(self, statement: _Statement) -> _Misfit | None:
        """The end at which a statement is wrong, if it is."""
        name = statement.predicate.value
        if statement.subject == statement.object and name not in _REFLEXIVE:
            return _Misfit(statement, is_subject=False, wanted=frozenset(), wants=(), role=None)
        role = self._roles.get(statement.subject)
        of_role = self._of_role(statement.predicate, role)
        for is_subject, term, wants in (
            (True, statement.subject, self._starts.get(name, ())),
            (False, statement.object, (*of_role, *self._of_shape(statement), *self._ends.get(name, ()))),
        ):
            wanted = self._not_met(term, wants, name)
            if wanted is not None:
                return _Misfit(statement, is_subject, wanted, wants, role if wanted in of_role else None)
        return None

    def _of_role(self, predicate: Iri, role: Term | None) -> Wants:
        if not isinstance(role, Iri) or predicate not in _HELD:
            return ()
        return (self._holders if predicate == _MEMBER else self._bodies).get(role.value, ())

    def _of_shape(self, statement: _Statement) -> Wants:
        """What the shapes that look at the subject want at the other end."""
        rules = self._of_shapes.get(statement.predicate.value)
        if not rules:
            return ()
        kinds = self._things.kinds(statement.subject)
        return tuple(classes for targets, classes in rules if kinds & targets)

    def _not_met(self, term: Term, wants: Wants, name: str) -> frozenset[str] | None:
        """The first of the expectations that a term does not meet; one about which nothing is said meets them all."""
        for wanted in wants:
            if isinstance(term, Literal):
                if not any(each.startswith(_XSD) or each == _RDFS + "Literal" for each in wanted):
                    return wanted
            elif not wanted & _ANYTHING and not self._may_be(term, wanted, name):
                return wanted
        return None

    def _may_be(self, term: Term, wanted: frozenset[str], name: str) -> bool:
        if wanted == {_CONCEPT} and _IS_ROLE in self._things.kinds(term) and not name.startswith(PREFIXES["skos"]):
            # A role is a concept, and no theme, aim or indicator.
            return False
        return self._things.may_be(term, wanted)

    # -- what may be meant ----------------------------------------------------------------------------

    def _membership_turned(self, statement: _Statement, file: FileGraph) -> str:
        """Member, organisation and role in the order in which they fit, when they do in another one."""
        properties = (_MEMBER, _ORGANIZATION, _ROLE)
        if statement.predicate not in properties:
            return ""
        given = [
            [q.object for q in file.quads if q.subject == statement.subject and q.predicate == each]
            for each in properties
        ]
        if any(len(each) != 1 for each in given):
            return ""
        terms = [each[0] for each in given]
        for order in itertools.permutations(terms):
            if list(order) != terms and self._fit_together(*order):
                return " ; ".join(
                    f"{self._things.short(name)} {self._things.short(term)}"
                    for name, term in zip(properties, order, strict=True)
                )
        return ""

    def _fit_together(self, member: Term, organization: Term, role: Term) -> bool:
        if _IS_ROLE not in self._things.kinds(role) or not isinstance(role, Iri):
            return False
        return all(
            self._things.kinds(term)
            and self._not_met(term, (*self._ends[name.value], *self._of_role(name, role)), "") is None
            for name, term in ((_MEMBER, member), (_ORGANIZATION, organization))
        )

    def _finding(self, file: FileGraph, misfit: _Misfit, advice: Text | None) -> Finding:
        things, statement = self._things, misfit.statement
        said = each_language(
            lambda language: "{}: {} {}".format(
                *(
                    things.labels.describe(t, language)
                    for t in (statement.subject, statement.predicate, statement.object)
                )
            )
        )
        if not misfit.wanted:
            return finding_at(
                "about-itself", file, statement.quad, statement=said, property=things.describe(statement.predicate)
            )
        without = {statement.subject, statement.object, *self._bodies_of.get(statement.subject, ())}
        instead = [each for each in things.tied_to(misfit.term, without=without) if self._fits(each, misfit)][
            :_MOST_NAMED
        ]
        own = things.own_kinds(misfit.term)
        own = [each for each in own if each != _CONCEPT or _IS_ROLE not in own]
        if isinstance(misfit.term, Literal):
            code = "text-for-thing"
        else:
            is_place = _PLACE in things.kinds(misfit.term)
            code = (
                "wrong-kind-place"
                if is_place and _AUTHORITY in misfit.wanted and instead and advice is None
                else "wrong-kind"
            )
        return finding_at(
            code,
            file,
            statement.quad,
            statement=said,
            term=things.describe(misfit.term),
            kind=things.kind_words(own),
            wanted=self._wanted_words(misfit),
            role=each_language(lambda language: f" ({things.labels.of(misfit.role, language)})" if misfit.role else ""),
            instead=", ".join(map(things.short, instead)),
            advice=advice or self._advice(misfit, instead),
        )

    def _wanted_words(self, misfit: _Misfit) -> Text:
        if misfit.wanted & _ANYTHING:
            return text("advice.web_address")
        is_role = misfit.wanted == {_CONCEPT} and _IS_ROLE in self._things.kinds(misfit.term)
        return text("advice.no_role") if is_role else self._things.kind_words(misfit.wanted)

    def _fits(self, term: Term, misfit: _Misfit) -> bool:
        kinds, name = self._things.kinds(term), misfit.statement.predicate.value
        return bool(kinds & misfit.wanted) and self._not_met(term, misfit.wants, name) is None

    def _advice(self, misfit: _Misfit, instead: list[Iri]) -> Text:
        """What to write in this case; where that is not known, what there is to choose from."""
        if isinstance(misfit.term, Literal):
            return self._advice_for_text(misfit, misfit.term)
        things, statement = self._things, misfit.statement
        turned = statement.changed(subject=statement.object, object=statement.subject)
        if isinstance(statement.object, Iri) and things.kinds(statement.object) and self._misfit(turned) is None:
            right = f"{things.short(turned.subject)} {things.short(turned.predicate)} {things.short(turned.object)}"
            return text("advice.turn").filled(right=right)
        said = []
        if misfit.is_subject:
            others = [things.short(each) for each in self._other_properties(statement)]
            if others:
                said.append(text("advice.other_property").filled(choices=", ".join(others)))
        if instead:
            said.append(text("advice.tied").filled(term=things.describe(misfit.term), choices=things.listed(instead)))
        elif statement.predicate != _MEMBER or _PERSON not in things.kinds(misfit.term):
            said.append(self._choices(misfit))
        if misfit.role is not None:
            said += self._advice_about_role(misfit)
        elif _AUTHORITY in things.kinds(misfit.term) and all(
            _AUTHORITY in things.with_above(each) for each in misfit.wanted
        ):
            said.append(
                text("advice.or_type").filled(
                    term=things.describe(misfit.term),
                    kinds=", ".join(map(things.short, map(Iri, sorted(misfit.wanted)))),
                )
            )
        return each_language(lambda language: " ".join(each.in_language(language) for each in said))

    def _choices(self, misfit: _Misfit) -> Text:
        things = self._things
        like = misfit.term.value if isinstance(misfit.term, Literal) else things.labels.describe(misfit.term, "en")
        made = self._made(misfit) if not isinstance(misfit.term, Literal) else None
        choices = things.choices_among(self._fitting(misfit), misfit.wanted, like=like, describe=made is None)
        said = [choices, *([made] if made else [])]
        return each_language(lambda language: " ".join(each.in_language(language) for each in said))

    def _fitting(self, misfit: _Misfit) -> list[Iri]:
        """What would do; of concepts those of the schemes that the property takes its values from elsewhere."""
        things, name = self._things, misfit.statement.predicate
        found = [each for each in things.of_kinds(misfit.wanted) if self._fits(each, misfit)]
        if misfit.wanted != {_CONCEPT} or misfit.is_subject:
            return found
        schemes = {scheme for term in self._used[name] if term != misfit.term for scheme in self._schemes.get(term, ())}
        if not schemes:
            own = {Iri(CONCEPT + each) for each in ("roles", "codes", "indicators")}
            return [each for each in found if not own & set(self._schemes.get(each, ()))]
        return [each for each in found if schemes & set(self._schemes.get(each, ()))]

    @cached_property
    def _schemes(self) -> Mapping[Term, list[Term]]:
        found: dict[Term, list[Term]] = defaultdict(list)
        for quad in self._graphs.quads():
            if quad.predicate == _IN_SCHEME:
                found[quad.subject].append(quad.object)
        return found

    def _made(self, misfit: _Misfit) -> Text | None:
        """How a new thing of a wanted kind is tied to the one that stands in its place."""
        if misfit.is_subject:
            return None
        for link in _LINKS:
            ends = self._ends.get(link.value, ())
            for kind in sorted(misfit.wanted):
                fits = any(kind in each for each in self._starts.get(link.value, ()))
                if fits and ends and self._not_met(misfit.term, ends, link.value) is None:
                    return text("advice.describe_one").filled(
                        kind=self._things.short(Iri(kind)),
                        link=self._things.short(link),
                        term=self._things.short(misfit.term),
                    )
        return None

    def _other_properties(self, statement: _Statement) -> list[Iri]:
        """The properties for which both ends would be right, where both say what they want."""
        found = []
        for name in sorted(self._starts.keys() & self._ends.keys()):
            if (
                name.startswith((CG, _ORG, PREFIXES["schema"], PREFIXES["time"]))
                and self._starts[name]
                and self._ends[name]
            ):
                kinds = (self._things.kinds(statement.subject), self._things.kinds(statement.object))
                wants = (self._starts[name], self._ends[name])
                if all(all(kind & each for each in want) for kind, want in zip(kinds, wants, strict=True)):
                    found.append(Iri(name))
        return found[:_MOST_NAMED]

    def _advice_about_role(self, misfit: _Misfit) -> Iterator[Text]:
        """What else the membership may have meant: another role that such a thing can hold, or a person in its name."""
        things, statement = self._things, misfit.statement
        name = statement.predicate.value
        if statement.predicate == _MEMBER and _PERSON in misfit.wanted and _AUTHORITY in things.kinds(misfit.term):
            yield text("advice.in_its_name").filled(behalf=f"{things.short(_BEHALF)} {things.short(statement.object)}")
        roles = [
            each
            for each in things.of_kinds({_IS_ROLE})
            if self._not_met(statement.object, (*self._of_role(statement.predicate, each), *self._ends[name]), name)
            is None
        ]
        if roles:
            word = "role_of_holder" if statement.predicate == _MEMBER else "role_in_body"
            kind = things.kind_words(things.own_kinds(misfit.term))
            yield text(f"advice.{word}").filled(kind=kind, choices=", ".join(map(things.short, roles)))

    def _advice_for_text(self, misfit: _Misfit, literal: Literal) -> Text:
        things, words = self._things, literal.value.strip()
        address = _ADDRESS.match(words)
        known = things.of_kinds(misfit.wanted)
        if address and misfit.wanted & _ANYTHING:
            whole = words if address[1] else f"https://{words}"
            return text("advice.as_address").filled(right=f"{things.short(misfit.statement.predicate)} <{whole}>")
        called = [each for each in things.called(words, known) if self._fits(each, misfit)]
        if not called:
            # A place is called so, and its authority is wanted.
            others = things.called(words, (each for each in things.described if isinstance(each, Iri)))
            called = [each for other in others for each in things.tied_to(other) if self._fits(each, misfit)]
        if called:
            return text("advice.called_so").filled(choices=things.listed(called[:_MOST_NAMED]))
        if misfit.wanted & _ANYTHING:
            return text("advice.any_address")
        return self._choices(misfit)


def _statements(file: FileGraph) -> Iterator[_Statement]:
    """What a file says, and what its claims say that are not deprecated."""
    claims: dict[Term, dict[Iri, list[Quad]]] = defaultdict(lambda: defaultdict(list))
    for quad in file.quads:
        subject, predicate, value = quad.triple
        yield _Statement(subject, predicate, value, quad)
        if predicate in _OF_CLAIMS:
            claims[subject][predicate].append(quad)
    for said in claims.values():
        parts = [said[each] for each in _CLAIMED]
        if any(len(each) != 1 for each in parts) or any(each.object == _DEPRECATED for each in said[_RANK]):
            continue
        subject, predicate, object_ = (each[0] for each in parts)
        if isinstance(predicate.object, Iri):
            yield _Statement(subject.object, predicate.object, object_.object, object_)


def _inherited(name: str, own: Mapping[str, list[frozenset[str]]], above: Mapping[str, AbstractSet[str]]) -> Wants:
    return tuple(wanted for each in sorted(closure(name, above)) for wanted in own.get(each, ()))


def _nearest_above(name: str, own: Mapping[str, list[frozenset[str]]], above: Mapping[str, AbstractSet[str]]) -> Wants:
    """What the name itself wants, else what the next above it do."""
    level, seen = {name}, {name}
    while level:
        found = [wanted for each in sorted(level) for wanted in own.get(each, ())]
        if found:
            return tuple(found)
        level = {each for one in level for each in above.get(one, ())} - seen
        seen |= level
    return ()
