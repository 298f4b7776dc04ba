"""What a fact of each kind is made of: SHACL node shapes read as fields, constants and rules.

`ontology/kinds.ttl` is the one description of the kinds of facts. A kind is a named `sh:NodeShape` with an `sh:name`.
What it is made of, itself and through `sh:node`, are property shapes: one with `kind:option` is a field, one with
`sh:hasValue` a constant, and one with an `sh:node` of its own leads to a node below the fact, such as its period. A
property shape with the path of a field that is there already, and without an option, says more about that field. An
`sh:TripleRule` is a statement that goes with the fact, such as the one that a claim is about.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from citygraph.errors import ConfigError, EditError
from citygraph.messages import Text, sentence
from citygraph.namespaces import BASE, PREFIXES, RDF_TYPE
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple

KIND: Final = BASE + "kinds#"
_SH, _RDF, _RDFS, _XSD = (PREFIXES[each] for each in ("sh", "rdf", "rdfs", "xsd"))
_NIL: Final = Iri(_RDF + "nil")
_ORDER: Final = 1_000
DATES: Final = {10: "date", 7: "gYearMonth", 4: "gYear"}
"""The datatypes of days, months and years by the length of what is written."""


class Step(NamedTuple):
    """One edge on the way from a fact to a value; `inverse` when the fact's side is the object."""

    predicate: str
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class FactPart:
    """A node below a fact that has no name of its own, such as its period: its classes and how it is called."""

    path: tuple[Step, ...]
    classes: tuple[str, ...]
    addresses: tuple[str, ...]
    suffix: str


@dataclass(frozen=True, slots=True)
class FactField:
    """One thing that a person says of a fact.

    Attributes:
        option: what it is called on the command line and in forms, such as `member`.
        name: what people call it.
        about: what it means.
        order: its place among the fields.
        path: the way from the fact to the value.
        alternatives: the last predicate by the datatype of the value; empty when it is the last of `path`.
        classes: the value is a thing of one of these classes.
        choices: the value is one of these.
        scheme: the value is a concept of this scheme.
        datatypes: the value is a literal of one of these.
        pattern: what the text of the value looks like.
        required: whether there is no such fact without it.
        many: whether it may have several values.
        default: what holds when nothing is said.
        default_with: the default holds only when this other field has a value.
        other_defaults: by the value of another field, a default that goes before `default`.
        is_document_day: the default is the day of the document, unless one of the fields `unless` has a value.
        unless: see `is_document_day`.
        takes_file: what is given is the path of a file, and the value its hash.
        template: a text of which it is made when nothing is said, with the options in braces.
        same_as: the field whose values it has when nothing is said.
    """

    option: str
    name: Text
    about: Text
    order: int
    path: tuple[Step, ...]
    alternatives: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    scheme: str = ""
    datatypes: tuple[str, ...] = ()
    pattern: str = ""
    required: bool = False
    many: bool = True
    default: Term | None = None
    default_with: str = ""
    other_defaults: tuple[tuple[str, frozenset[str], Term], ...] = ()
    is_document_day: bool = False
    unless: tuple[str, ...] = ()
    takes_file: bool = False
    template: Text = field(default_factory=Text)
    same_as: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is said once in each language."""
        return _RDF + "langString" in self.datatypes

    @property
    def is_date(self) -> bool:
        """Whether it is a day, a month or a year."""
        return _XSD + "gYear" in self.datatypes


class Constant(NamedTuple):
    """What always holds of a fact of some kind: the way to a value, the value, and its place among the fields."""

    path: tuple[Step, ...]
    value: Term
    order: int


@dataclass(frozen=True, slots=True)
class FactRule:
    """A statement that goes with a fact: each end a constant or the way to a value, and when it holds."""

    ends: tuple[Iri | tuple[Step, ...], Iri | tuple[Step, ...], Iri | tuple[Step, ...]]
    conditions: tuple[tuple[tuple[Step, ...], Term], ...] = ()


@dataclass(frozen=True, slots=True)
class FactKind:
    """One kind of fact.

    Attributes:
        name: what it is called on the command line, such as `membership`.
        title: what people call it.
        about: what it is for.
        group: what it belongs to, for the order of forms.
        order: its place among the kinds, that of its group first.
        classes: the classes of the node that is the fact.
        fields: what a person says of it, in order.
        constants: what always holds.
        parts: the nodes below it.
        rules: the statements that go with it.
        addresses: how it is named, the first that is free.
        space: where its names are: `id/`, `concept/` or `source/`.
        beside: the field that names the thing in whose file it stands; empty when it is a thing itself.
        file: where it stands without such a file.
        told: the fact as a sentence, with the options in braces; what stands in brackets goes with its values.
        known_by: the options that tell one fact of the kind from another.
        succeeds: the option with the day on which what was said before of the same thing ceases to hold.
    """

    name: str
    title: Text
    about: Text
    group: Text
    order: tuple[int, int]
    classes: tuple[str, ...]
    fields: tuple[FactField, ...]
    constants: tuple[Constant, ...] = ()
    parts: tuple[FactPart, ...] = ()
    rules: tuple[FactRule, ...] = ()
    addresses: tuple[str, ...] = ()
    space: str = "id/"
    beside: str = ""
    file: str = ""
    told: Text = field(default_factory=Text)
    known_by: tuple[str, ...] = ()
    succeeds: str = ""

    def field(self, option: str) -> FactField:
        """The field of that name.

        Raises:
            EditError: there is none; the nearest is in the message.
        """
        found = next((each for each in self.fields if each.option == option), None)
        if found is not None:
            return found
        names = [each.option for each in self.fields]
        near = difflib.get_close_matches(option, names, n=1, cutoff=0.5)
        choices = ", ".join(f"--{each}" for each in names)
        fix = sentence("edit.next.option", near=near[0]) if near else sentence("edit.next.options", choices=choices)
        raise EditError(sentence("edit.no_option", kind=self.name, option=option, title=self.title), fix=fix)

    def has(self, option: str) -> bool:
        """Whether there is a field of that name."""
        return any(each.option == option for each in self.fields)


class Kinds(Mapping[str, FactKind]):
    """All kinds of facts by name, in their order."""

    def __init__(self, kinds: Iterable[FactKind]) -> None:
        """Sort the kinds by their groups and their places."""
        self._kinds = {each.name: each for each in sorted(kinds, key=lambda each: (each.order, each.name))}

    def __getitem__(self, name: str) -> FactKind:
        """The kind of that name."""
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in order."""
        return iter(self._kinds)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kinds)

    def named(self, text: str) -> FactKind:
        """The kind that is called so, by its name or by what people call it in either language.

        Raises:
            EditError: there is none; the nearest are in the message.
        """
        wanted = text.strip().casefold()
        names = {
            name.casefold(): each
            for each in self.values()
            for name in (each.title.nb, each.title.en, each.name)
            if name
        }
        if wanted in names:
            return names[wanted]
        near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
        guesses = ", ".join(dict.fromkeys(names[each].name for each in near))
        fix = sentence("edit.next.kind", near=guesses) if guesses else sentence("edit.next.kinds", all=", ".join(self))
        raise EditError(sentence("edit.no_kind", kind=text), fix=fix)


def read_kinds(triples: Iterable[Triple | Quad], *, file: str = "ontology/kinds.ttl") -> Kinds:
    """The kinds that some shapes describe.

    Raises:
        ConfigError: a shape cannot be read as a kind; the message says which and why.
    """
    shapes = _Shapes(triples, file)
    return Kinds(shapes.kind(node) for node in shapes.named())


class _Shapes:
    """The shapes as statements by subject, and the way from them to kinds."""

    def __init__(self, triples: Iterable[Triple | Quad], file: str) -> None:
        self._file = file
        self._said: dict[Term, dict[str, list[Term]]] = {}
        for each in triples:
            self._said.setdefault(each.subject, {}).setdefault(each.predicate.value, []).append(each.object)

    def named(self) -> list[Iri]:
        """The node shapes that are kinds."""
        is_shape = Iri(_SH + "NodeShape")
        return [
            node
            for node, about in self._said.items()
            if isinstance(node, Iri) and is_shape in about.get(RDF_TYPE, ()) and about.get(_SH + "name")
        ]

    def kind(self, node: Iri) -> FactKind:
        """The kind that a node shape describes."""
        gathered = _Gathered()
        self._gather(node, (), gathered)
        group = self._one(node, _SH + "group")
        told = self._text(node, KIND + "told")
        name = _local(node)
        fields = tuple(sorted(gathered.fields.values(), key=lambda each: each.order))
        kind = FactKind(
            name=name,
            title=self._text(node, _SH + "name"),
            about=self._text(node, _SH + "description"),
            group=self._text(group, _RDFS + "label") if group else Text(),
            order=(self._number(group, _SH + "order") if group else _ORDER, self._number(node, _SH + "order")),
            classes=tuple(dict.fromkeys(gathered.classes)),
            fields=fields,
            constants=tuple(gathered.constants),
            parts=tuple(gathered.parts),
            rules=tuple(gathered.rules),
            addresses=tuple(self._inherited(node, KIND + "address", many=True)),
            space=next(iter(self._inherited(node, KIND + "space")), "id/"),
            beside=next(iter(self._inherited(node, KIND + "beside")), ""),
            file=next(iter(self._inherited(node, KIND + "file")), ""),
            told=told,
            known_by=tuple(self._inherited(node, KIND + "knownBy", many=True)),
            succeeds=self._string(node, KIND + "succeeds"),
        )
        self._refuse_incomplete(node, kind)
        return kind

    def _refuse_incomplete(self, node: Iri, kind: FactKind) -> None:
        options = [each.option for each in kind.fields]
        missing = [each for each in (kind.beside, *kind.known_by) if each and each not in options]
        if not kind.classes:
            raise self._wrong(node, "edit.kinds.no_class")
        if not kind.addresses:
            raise self._wrong(node, "edit.kinds.no_address")
        if missing:
            raise self._wrong(node, "edit.kinds.no_field", option=missing[0])

    def _gather(self, shape: Term, path: tuple[Step, ...], into: _Gathered) -> None:
        """Everything that a node shape says, what it takes over from others first."""
        for other in self._all(shape, _SH + "node"):
            self._gather(other, path, into)
        if not path:
            into.classes += [each.value for each in self._all(shape, _SH + "class") if isinstance(each, Iri)]
            into.rules += [self._rule(each) for each in self._all(shape, _SH + "rule")]
        for each in self._all(shape, _SH + "property"):
            self._property(each, path, into)

    def _property(self, shape: Term, before: tuple[Step, ...], into: _Gathered) -> None:
        steps, alternatives = self._path(shape)
        path, below = before + steps, self._one(shape, _SH + "node")
        if constant := self._one(shape, _SH + "hasValue"):
            into.constants = [each for each in into.constants if each.path != path]
            into.constants.append(Constant(path, constant, self._number(shape, _SH + "order")))
            into.fields.pop((path, alternatives), None)
        elif below is not None:
            suffix = self._string(below, KIND + "suffix")
            addresses = tuple(self._strings(below, KIND + "address"))
            classes = tuple(each.value for each in self._all(below, _SH + "class") if isinstance(each, Iri))
            into.parts.append(FactPart(path, classes, addresses, suffix))
            self._gather_below(below, path, into)
        else:
            key = (path, alternatives)
            known = into.fields.get(key)
            option = self._string(shape, KIND + "option") or (known.option if known else "")
            if not option:
                raise self._wrong(shape, "edit.kinds.no_option", path=" ".join(each.predicate for each in path))
            into.fields[key] = self._field(shape, option, path, alternatives, known)

    def _gather_below(self, shape: Term, path: tuple[Step, ...], into: _Gathered) -> None:
        for other in self._all(shape, _SH + "node"):
            self._gather_below(other, path, into)
        for each in self._all(shape, _SH + "property"):
            self._property(each, path, into)

    def _field(
        self,
        shape: Term,
        option: str,
        path: tuple[Step, ...],
        alternatives: tuple[tuple[str, str], ...],
        known: FactField | None,
    ) -> FactField:
        """A field; what the shape does not say is as it is `known` to be."""
        base = known or FactField(option, Text(), Text(), _ORDER, path, alternatives)
        said: dict[str, object] = {"option": option}
        for key, predicate in (("name", _SH + "name"), ("about", _SH + "description")):
            if self._all(shape, predicate):
                said[key] = self._text(shape, predicate)
        if self._all(shape, _SH + "order"):
            said["order"] = self._number(shape, _SH + "order")
        said |= self._values_of(shape)
        least, most = self._one(shape, _SH + "minCount"), self._one(shape, _SH + "maxCount")
        if isinstance(least, Literal):
            said["required"] = least.value != "0"
        if isinstance(most, Literal):
            said["many"] = most.value != "1"
        said |= self._defaults(shape)
        return replace(base, **said)  # type: ignore[arg-type]  # each is of the kind of its field

    def _values_of(self, shape: Term) -> dict[str, object]:
        """What values a property shape allows."""
        said: dict[str, object] = {}
        others = [other for each in self._all(shape, _SH + "or") for other in self._list(each)]
        for key, predicate in (("classes", _SH + "class"), ("datatypes", _SH + "datatype")):
            found = [
                each.value for node in (shape, *others) for each in self._all(node, predicate) if isinstance(each, Iri)
            ]
            if found:
                said[key] = tuple(found)
        if choices := self._one(shape, _SH + "in"):
            said["choices"] = tuple(each.value for each in self._list(choices) if isinstance(each, Iri))
        for key, predicate in (("pattern", _SH + "pattern"), ("scheme", KIND + "scheme")):
            value = self._one(shape, predicate)
            if value is not None:
                said[key] = value.value if isinstance(value, Iri | Literal) else ""
        if self._string(shape, KIND + "takes") == "file":
            said["takes_file"] = True
        return said

    def _defaults(self, shape: Term) -> dict[str, object]:
        said: dict[str, object] = {}
        default = self._one(shape, _SH + "defaultValue")
        if default is not None:
            said["default"] = default
        template = self._text(shape, KIND + "template")
        if template.en:
            said["template"] = template
        if other := self._string(shape, KIND + "same"):
            said["same_as"] = other
        if given := self._string(shape, KIND + "with"):
            said["default_with"] = given
        if self._string(shape, KIND + "default") == "day-of-document":
            said["is_document_day"] = True
            said["unless"] = tuple(self._strings(shape, KIND + "unless"))
        others = []
        for each in self._all(shape, KIND + "otherwise"):
            values = self._one(each, _SH + "in")
            value = self._one(each, _SH + "defaultValue")
            if values is not None and value is not None:
                among = frozenset(one.value for one in self._list(values) if isinstance(one, Iri))
                others.append((self._string(each, KIND + "with"), among, value))
        if others:
            said["other_defaults"] = tuple(others)
        return said

    def _rule(self, node: Term) -> FactRule:
        ends: list[Iri | tuple[Step, ...]] = []
        for name in ("subject", "predicate", "object"):
            end = self._one(node, _SH + name)
            if end == Iri(_SH + "this"):
                ends.append(())
            elif isinstance(end, Iri):
                ends.append(end)
            elif end is not None and self._all(end, _SH + "path"):
                ends.append(self._path(end)[0])
            else:
                raise self._wrong(node, "edit.kinds.rule", end=name)
        conditions = [
            (self._path(each)[0], value)
            for shape in self._all(node, _SH + "condition")
            for each in self._all(shape, _SH + "property")
            if (value := self._one(each, _SH + "hasValue")) is not None
        ]
        return FactRule((ends[0], ends[1], ends[2]), tuple(conditions))

    def _path(self, shape: Term) -> tuple[tuple[Step, ...], tuple[tuple[str, str], ...]]:
        """The steps of a path; when it ends in several predicates, each with the datatype in the same place of `sh:or`."""
        node = self._one(shape, _SH + "path")
        parts = self._list(node) if node is not None and self._is_list(node) else [node]
        steps: list[Step] = []
        for each in parts:
            inverse = self._one(each, _SH + "inversePath") if each is not None else None
            choice = self._one(each, _SH + "alternativePath") if each is not None else None
            if isinstance(each, Iri):
                steps.append(Step(each.value))
            elif isinstance(inverse, Iri):
                steps.append(Step(inverse.value, inverse=True))
            elif choice is not None and each is parts[-1]:
                predicates = [one.value for one in self._list(choice) if isinstance(one, Iri)]
                kinds = [one for other in self._all(shape, _SH + "or") for one in self._list(other)]
                types = [found.value for one in kinds if isinstance(found := self._one(one, _SH + "datatype"), Iri)]
                if len(types) != len(predicates):
                    raise self._wrong(shape, "edit.kinds.alternatives")
                return (*steps, Step(predicates[0])), tuple(zip(types, predicates, strict=True))
            else:
                raise self._wrong(shape, "edit.kinds.path")
        return tuple(steps), ()

    def _inherited(self, node: Term, predicate: str, *, many: bool = False) -> list[str]:
        """What a shape says, or else the nearest of those that it takes over from."""
        found = self._strings(node, predicate)
        for other in [] if found else reversed(self._all(node, _SH + "node")):
            found = self._inherited(other, predicate, many=many)
            if found:
                break
        return found if many else found[:1]

    def _all(self, node: Term | None, predicate: str) -> list[Term]:
        return self._said.get(node, {}).get(predicate, []) if node is not None else []

    def _one(self, node: Term | None, predicate: str) -> Term | None:
        return next(iter(self._all(node, predicate)), None)

    def _string(self, node: Term, predicate: str) -> str:
        return next(iter(self._strings(node, predicate)), "")

    def _strings(self, node: Term, predicate: str) -> list[str]:
        """The texts of a predicate, those of a list in its order."""
        found: list[str] = []
        for each in self._all(node, predicate):
            found += [
                one.value for one in (self._list(each) if self._is_list(each) else [each]) if isinstance(one, Literal)
            ]
        return found

    def _number(self, node: Term, predicate: str) -> int:
        value = self._one(node, predicate)
        return int(value.value) if isinstance(value, Literal) and value.value.isdigit() else _ORDER

    def _text(self, node: Term, predicate: str) -> Text:
        found = {each.language or "en": each.value for each in self._all(node, predicate) if isinstance(each, Literal)}
        return Text(found.get("nb", ""), found.get("en", ""))

    def _is_list(self, node: Term) -> bool:
        return node == _NIL or bool(self._all(node, _RDF + "first"))

    def _list(self, node: Term) -> list[Term]:
        found: list[Term] = []
        seen: set[Term] = set()
        at: Term | None = node
        while at is not None and at != _NIL and at not in seen:
            seen.add(at)
            found += self._all(at, _RDF + "first")
            at = self._one(at, _RDF + "rest")
        return found

    def _wrong(self, node: Term, key: str, **values: object) -> ConfigError:
        shape = _local(node) if isinstance(node, Iri) else ""
        message = sentence("edit.kinds.wrong", file=self._file, shape=shape, why=sentence(key, **values))
        return ConfigError(message, fix=sentence("edit.next.kinds_file"))


@dataclass(slots=True)
class _Gathered:
    """What was read of a kind so far."""

    fields: dict[tuple[tuple[Step, ...], tuple[tuple[str, str], ...]], FactField] = field(default_factory=dict)
    constants: list[Constant] = field(default_factory=list)
    parts: list[FactPart] = field(default_factory=list)
    rules: list[FactRule] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)


def _local(node: Term) -> str:
    text = node.value if isinstance(node, Iri | BlankNode) else ""
    return text.replace("#", "/").rpartition("/")[2]
