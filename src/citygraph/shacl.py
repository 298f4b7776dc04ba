"""SHACL shapes that others wrote: which of them cannot be run, and why; the others run by pySHACL, to an end.

pySHACL stops at the first shape that it cannot read, with an exception; one bad shape would take the results of all.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from citygraph.errors import StoreError, StoreTimeout
from citygraph.messages import Text, text
from citygraph.namespaces import PREFIXES
from citygraph.patterns import PatternError, PatternTooSlowError, matcher
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple, lexical_forms_kept, to_rdflib

if TYPE_CHECKING:
    import rdflib

_SH: Final = PREFIXES["sh"]
_RDF: Final = PREFIXES["rdf"]
_DEEPEST: Final = 12
QUERY_MEMORY: Final = 2_000_000_000
QUERY_SECONDS: Final = 60.0
"""What the queries of shapes may take, in the process that they run in."""
"""Shapes inside shapes; pySHACL gives up at 15."""

_TARGETS: Final = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "target")
_INNER: Final = ("property", "node", "not", "qualifiedValueShape")
_INNER_LISTS: Final = ("and", "or", "xone")
_COUNTS: Final = ("minCount", "maxCount", "minLength", "maxLength", "qualifiedMinCount", "qualifiedMaxCount")
_SWITCHES: Final = ("deactivated", "closed", "uniqueLang", "qualifiedValueShapesDisjoint")
_NAMES: Final = [
    "class",
    "datatype",
    "nodeKind",
    "equals",
    "disjoint",
    "lessThan",
    "lessThanOrEquals",
    "severity",
    "targetClass",
    "targetSubjectsOf",
    "targetObjectsOf",
]
# What is part of SHACL and is not run here: it would demand nothing in silence.
_NOT_RUN: Final = ("js", "rule", "target", "expression", "values")
_ONLY_ON_PATHS: Final = (
    "minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals", "qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount",
)  # fmt: skip
_WITH: Final = (
    ("qualifiedValueShape", ("qualifiedMinCount", "qualifiedMaxCount")), ("qualifiedMinCount", ("qualifiedValueShape",)),
    ("qualifiedMaxCount", ("qualifiedValueShape",)), ("flags", ("pattern",)), ("ignoredProperties", ("closed",)),
)  # fmt: skip
"""Parameters that demand nothing without one of the others."""
_WORDS: Final = frozenset({"message", "severity", "name", "description", "order", "group", "path", "defaultValue"})
_QUERIES: Final = ("sparql", "select", "ask", "validator", "nodeValidator", "propertyValidator")
_LITERALS: Final = ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive", "pattern", "flags")
_LISTS: Final = ("in", "languageIn", "ignoredProperties", *_INNER_LISTS)
_ONE_ONLY: Final = frozenset(
    (*_COUNTS, *_SWITCHES, "datatype", "nodeKind", "in", "languageIn", "ignoredProperties", *_LITERALS)
)
_SEVERITIES: Final = frozenset({"Violation", "Warning", "Info"})
_NODE_KINDS: Final = frozenset({"IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral"})
_REPEATED: Final = ("inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")
_FLAGS: Final = re.compile(r"[ismxq]*")
_COUNT: Final = re.compile(r"\+?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class ShapeFault:
    """Why a shape cannot be run: the shape people see, the statement that is wrong, and the reason."""

    shape: Term
    node: Term
    predicate: str
    value: str
    reason: Text
    is_meant: bool = False
    """It is as somebody wants it, who may have forgotten: a shape that is switched off."""


class Shapes:
    """Shapes sorted out: `faults` are what is wrong with some, `sound` the triples of the others."""

    def __init__(self, triples: Iterable[Triple], *, named: bool = False) -> None:
        """Look at every shape of a graph.

        Args:
            triples: the graph.
            named: whether each shape must have a name, which its findings are called by, and words of SHACL alone.
        """
        self._named = named
        self.triples = tuple(dict.fromkeys(triples))
        self._out: dict[Term, dict[str, list[Term]]] = defaultdict(dict)
        for each in self.triples:
            self._out[each.subject].setdefault(each.predicate.value, []).append(each.object)
        self._inner = {node: list(self._inside(node)) for node in list(self._out)}
        kinds = {Iri(_SH + "NodeShape"), Iri(_SH + "PropertyShape")}
        inside = {each for found in self._inner.values() for _, each in found}
        targeted = {node for node, about in self._out.items() if any(_SH + name in about for name in _TARGETS)}
        typed = {node for node, about in self._out.items() if kinds.intersection(about.get(_RDF + "type", ()))}
        if named:
            typed |= {node for node, about in self._out.items() if any(map(_slip, about.get(_RDF + "type", ())))}
        self.heads = sorted((typed | targeted) - {n for n in inside if isinstance(n, BlankNode)}, key=str)
        self.faults: list[ShapeFault] = []
        self._bad: dict[Term, None] = {}
        self._used = inside
        self._has_components = any(each.object == Iri(_SH + "ConstraintComponent") for each in self.triples)
        for head in self.heads:
            for node, predicate, value, reason in self._faults_of(head, targeted):
                self.refuse(head, reason, node=node, predicate=predicate, value=value)
        if named:
            self.faults += [fault for head in self.heads if head not in self._bad for fault in self._switched_off(head)]

    @property
    def sound(self) -> tuple[Triple, ...]:
        """The triples of the shapes that can be run, and of what is no shape."""
        return self.without(())

    def without(self, heads: Collection[Term]) -> tuple[Triple, ...]:
        """The same without some of the shapes."""
        out = {*self._bad, *heads}
        lost = {node for head in out for node in self._closure(head)}
        kept = {node for head in self.heads if head not in out for node in self._closure(head)}
        gone = lost - kept
        return tuple(each for each in self.triples if each.subject not in gone)

    def asks(self, head: Term, *, answered: bool = False) -> bool:
        """Whether a shape has queries, which may have no end: its own, or those of components that any shape may use.

        Those of its own `sh:sparql` do not count when they are `answered` already.
        """
        queries = {_SH + name for name in _QUERIES}
        asked = {head, *self.values(head, "sparql")} if answered else set()
        return self._has_components or any(
            queries & self._out.get(node, {}).keys() for node in self._closure(head) if node not in asked
        )

    def refuse(
        self, head: Term, reason: Text, *, node: Term | None = None, predicate: str = "", value: str = ""
    ) -> None:
        """Take a shape out, and say why."""
        self._bad[head] = None
        self.faults.append(ShapeFault(head, head if node is None else node, predicate, value, reason))

    def alone(self, head: Term) -> tuple[Triple, ...]:
        """The triples of one shape and of the shapes in it, without the targets of those."""
        nodes = self._closure(head)
        targets = {_SH + name for name in _TARGETS}
        return tuple(
            each
            for each in self.triples
            if each.subject in nodes and (each.subject == head or each.predicate.value not in targets)
        )

    def values(self, node: Term, name: str) -> list[Term]:
        """The values of a parameter of SHACL."""
        return self._out.get(node, {}).get(_SH + name, [])

    def members(self, node: Term) -> list[Term] | None:
        """The members of an RDF list; None when it is none."""
        found: list[Term] = []
        seen: set[Term] = set()
        while node != Iri(_RDF + "nil"):
            about = self._out.get(node, {})
            first, rest = about.get(_RDF + "first", []), about.get(_RDF + "rest", [])
            if len(first) != 1 or len(rest) != 1 or node in seen:
                return None
            seen.add(node)
            found.append(first[0])
            node = rest[0]
        return found

    def _inside(self, node: Term) -> Iterator[tuple[str, Term]]:
        for name in _INNER:
            yield from ((name, each) for each in self.values(node, name))
        for name in _INNER_LISTS:
            for each in self.values(node, name):
                yield from ((name, member) for member in self.members(each) or ())

    def _closure(self, head: Term) -> set[Term]:
        """The shape and everything it points to that says something: shapes, lists, paths, queries."""
        found = {head}
        waiting = [head]
        while waiting:
            for objects in self._out.get(waiting.pop(), {}).values():
                for each in objects:
                    if each in self._out and each not in found:
                        found.add(each)
                        waiting.append(each)
        return found

    # -- what can be wrong -----------------------------------------------------------------------

    def _faults_of(self, head: Term, targeted: set[Term]) -> Iterator[tuple[Term, str, str, Text]]:
        if self._named and isinstance(head, BlankNode):
            yield head, _RDF + "type" if _RDF + "type" in self._out[head] else "", "", _said("unnamed")
            return
        if self._named:
            yield from self._idle(head, is_targeted=head in targeted)
        waiting: list[tuple[Term, tuple[Term, ...]]] = [(head, ())]
        seen: set[Term] = set()
        while waiting:
            node, above = waiting.pop()
            if node in above:
                if head in targeted or node == head:
                    yield node, "", "", _said("recursive", name=_short(node))
                return
            if len(above) > _DEEPEST:
                yield node, "", "", _said("deep", most=_DEEPEST)
                return
            if node not in seen:
                yield from self._faults_at(
                    node, is_property=any(node == e for k, e in self._inner_of(above) if k == "property")
                )
            seen.add(node)
            waiting += [(each, (*above, node)) for _, each in self._inner.get(node, ())]

    def _idle(self, head: Term, *, is_targeted: bool) -> Iterator[tuple[Term, str, str, Text]]:
        """Why a shape would demand nothing of anything."""
        about = self._out[head]
        for kind in about.get(_RDF + "type", ()):
            if name := _slip(kind):
                yield head, _RDF + "type", str(kind), _unknown(name)
                return
        classes = {Iri(PREFIXES["rdfs"] + "Class"), Iri(PREFIXES["owl"] + "Class")}
        is_class = bool(classes.intersection(about.get(_RDF + "type", ())))
        if not is_targeted and not is_class and head not in self._used:
            yield head, _RDF + "type", "", _said("no_target")
        words = {*(_SH + name for name in (*_WORDS, *_TARGETS, "deactivated")), _RDF + "type"}
        if not any(name not in words and not name.startswith(PREFIXES["rdfs"]) for name in about):
            yield head, _RDF + "type" if _RDF + "type" in about else "", "", _said("nothing")

    def _idle_parameters(self, node: Term, *, has_place: bool) -> Iterator[tuple[Term, str, str, Text]]:
        """The parameters of one shape that would demand nothing; below sh:property a missing path is told by itself."""
        about = self._out[node]
        for name in _NOT_RUN:
            if _SH + name in about:
                yield node, _SH + name, "", _said("not_run", name=f"sh:{name}")
        for name, others in _WITH:
            if _SH + name in about and not any(_SH + other in about for other in others):
                wanted = " / ".join(f"sh:{other}" for other in others)
                yield node, _SH + name, "", _said("without", name=f"sh:{name}", other=wanted)
        if _SH + "path" not in about and not has_place:
            for name in _ONLY_ON_PATHS:
                if _SH + name in about:
                    yield node, _SH + name, "", _said("needs_path", name=f"sh:{name}")
        for name, inner in self._inner.get(node, ()):
            if isinstance(inner, Iri) and inner not in self._out:
                yield node, _SH + name, str(inner), _said("absent", name=f"sh:{name}", value=_short(inner))

    def _switched_off(self, head: Term) -> Iterator[ShapeFault]:
        for node in self._closure(head):
            for value in self.values(node, "deactivated"):
                if isinstance(value, Literal) and value.value in {"true", "1"}:
                    predicate = _SH + "deactivated"
                    yield ShapeFault(head, node, predicate, value.value, _said("off"), is_meant=True)

    def _inner_of(self, above: tuple[Term, ...]) -> list[tuple[str, Term]]:
        return self._inner.get(above[-1], []) if above else []

    def _faults_at(self, node: Term, *, is_property: bool) -> Iterator[tuple[Term, str, str, Text]]:
        """What is wrong with the parameters of one shape, each with its predicate and value."""
        if node not in self._out:
            # A shape of which nothing is said demands nothing.
            return
        paths = self.values(node, "path")
        if is_property and len(paths) != 1:
            yield node, _SH + "path" if paths else "", "", _said("no_path" if not paths else "one_only", name="sh:path")
        for path in paths:
            if not self._is_path(path, 0):
                yield node, _SH + "path", str(path), _said("path")
        if self._named:
            yield from self._idle_parameters(node, has_place=is_property)
        for predicate, values in self._out[node].items():
            name = predicate.removeprefix(_SH)
            if not predicate.startswith(_SH):
                continue
            # Official shapes of others have such slips, and are run without them.
            if self._named and name not in _known_names():
                yield node, predicate, "", _unknown(name)
            if name in _ONE_ONLY and len(values) > 1:
                yield node, predicate, str(values[1]), _said("one_only", name=f"sh:{name}")
            for value in values:
                reason = self._reason(node, name, value) or self._reason_of_name(name, value)
                if reason is not None:
                    yield node, predicate, str(value), reason

    def _is_path(self, path: Term, depth: int) -> bool:
        """Whether this is a property path of SHACL, section 2.3.1."""
        if isinstance(path, Iri):
            return True
        if not isinstance(path, BlankNode) or depth > _DEEPEST:
            return False
        about = self._out.get(path, {})
        for name in _REPEATED:
            if _SH + name in about:
                return len(about) == 1 and all(self._is_path(each, depth + 1) for each in about[_SH + name])
        listed = about.get(_SH + "alternativePath", [path])
        members = self.members(listed[0])
        return members is not None and len(members) > 1 and all(self._is_path(each, depth + 1) for each in members)

    def _reason(self, node: Term, name: str, value: Term) -> Text | None:  # one for each kind of parameter
        """Why the value cannot be that of the parameter."""
        words = {"name": f"sh:{name}", "value": _short(value)}
        if name in _COUNTS and not (isinstance(value, Literal) and _COUNT.fullmatch(value.value)):
            return _said("count", **words)
        if name in _SWITCHES and not (isinstance(value, Literal) and value.value in {"true", "false", "1", "0"}):
            return _said("switch", **words)
        if name in _NAMES and not isinstance(value, Iri):
            return _said("iri", **words)
        if name == "nodeKind" and isinstance(value, Iri) and value.value.removeprefix(_SH) not in _NODE_KINDS:
            return _said(
                "node_kind", value=_short(value), choices=", ".join(f"sh:{each}" for each in sorted(_NODE_KINDS))
            )
        if name in _INNER and isinstance(value, Literal):
            return _said("shape", **words)
        if name in _LISTS:
            members = self.members(value)
            if members is None:
                return _said("list", **words)
            if name in _INNER_LISTS and any(isinstance(each, Literal) for each in members):
                return _said("shape", **words)
        if name in _LITERALS and not isinstance(value, Literal):
            return _said("literal", **words)
        return self._reason_of_pattern(node, name, value)

    def _reason_of_name(self, name: str, value: Term) -> Text | None:
        """Why a name of SHACL cannot be the value."""
        if not self._named:
            return None
        if slip := _slip(value):
            return _unknown(slip)
        is_severity = isinstance(value, Iri) and value.value.removeprefix(_SH) in _SEVERITIES
        return None if name != "severity" or is_severity else _said("severity", value=_short(value))

    def _reason_of_pattern(self, node: Term, name: str, value: Term) -> Text | None:
        """Why the value cannot be a pattern or its flags."""
        if name == "flags" and isinstance(value, Literal) and not _FLAGS.fullmatch(value.value):
            return _said("flags", name="sh:flags", value=value.value)
        if name == "pattern" and isinstance(value, Literal):
            flags = next((each.value for each in self.values(node, "flags") if isinstance(each, Literal)), "")
            try:
                matcher(value.value, flags)
            except PatternError as error:
                return _said("pattern", pattern=value.value, place=error.place)
        return None


@cache
def _known_names() -> tuple[str, ...]:
    """Every name of the vocabulary of SHACL, its extensions too: with any other name nothing would be demanded."""
    from rdflib import SH  # noqa: PLC0415  # costs a quarter of a second to import

    # Words of Python, which rdflib does not list.
    return ("and", "class", "in", "not", "or", *(str(each).removeprefix(_SH) for each in dir(SH)))


def _slip(term: Term) -> str:
    """The name of a term that looks like one of SHACL and is none: sh:NodShape; else empty."""
    if not isinstance(term, Iri) or not term.value.startswith(_SH):
        return ""
    name = term.value.removeprefix(_SH)
    return "" if name in _known_names() else name


def _unknown(name: str) -> Text:
    near = ", ".join(f"sh:{each}" for each in difflib.get_close_matches(name, _known_names(), n=1))
    return _said("unknown_near" if near else "unknown", name=f"sh:{name}", near=near)


def _said(key: str, **values: object) -> Text:
    return text(f"shacl.{key}").filled(**values)


def _short(term: Term) -> str:
    if isinstance(term, Iri):
        name = term.value
        return f"sh:{name.removeprefix(_SH)}" if name.startswith(_SH) else re.split(r"[#/]", name)[-1] or name
    return term.value if isinstance(term, Literal) else str(term)


# -- running them --------------------------------------------------------------------------------


def run(
    data: rdflib.Graph,
    shapes: Shapes,
    prepared: Callable[[Iterable[Triple]], rdflib.Graph] | None = None,
    *,
    apart: Callable[..., Any] | None = None,
    answered: Callable[[Term], bool] = lambda _: False,
) -> list[rdflib.Graph]:
    """The reports of pySHACL: one, or one for each shape when some shape turns out to be one that cannot be run.

    That shape is refused, which `shapes.faults` says afterwards.

    Args:
        data: the graph to be judged.
        shapes: the shapes; what is refused of them is left out.
        prepared: the shapes as pySHACL reads them; as they are written without it.
        apart: `store.process.apart`, which runs a function in a process that has an end: shapes with queries run there, the
            others end by themselves.
        answered: whether the queries of a shape itself are answered already, and not to be run.
    """
    prepared = prepared or to_rdflib
    heads = [head for head in shapes.heads if head not in {fault.shape for fault in shapes.faults}]
    asking = {head for head in heads if apart is not None and shapes.asks(head, answered=answered(head))}
    reports: list[rdflib.Graph] = []
    for group, process in (([head for head in heads if head not in asking], None), (sorted(asking, key=str), apart)):
        if not group:
            continue
        try:
            reports.append(_report_of(data, prepared(shapes.without(set(heads) - set(group))), process))
        except _Failed:
            for head in group:
                try:
                    reports.append(_report_of(data, prepared(shapes.alone(head)), process))
                except _Failed as failed:
                    shapes.refuse(head, failed.reason)
    return reports


def _report_of(data: rdflib.Graph, shapes: rdflib.Graph, apart: Callable[..., Any] | None) -> rdflib.Graph:
    if apart is None:
        return _report(data, shapes)
    try:
        found = apart(judged, data, shapes, memory=QUERY_MEMORY, seconds=QUERY_SECONDS)
    except StoreTimeout:
        raise _Failed(_said("long")) from None
    except StoreError:
        raise _Failed(_said("memory")) from None
    if isinstance(found, Text):
        raise _Failed(found)
    report: rdflib.Graph = found
    return report


def judged(data: rdflib.Graph, shapes: rdflib.Graph) -> rdflib.Graph | Text:
    """The report of pySHACL, or why there is none: what runs in a process of its own."""
    try:
        return _report(data, shapes)
    except _Failed as failed:
        return failed.reason


class _Failed(Exception):  # noqa: N818  # not an error: the shapes are tried one by one
    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


def _report(data: rdflib.Graph, shapes: rdflib.Graph) -> rdflib.Graph:
    import pyshacl  # noqa: PLC0415  # rdflib and pySHACL cost half a second

    try:
        with lexical_forms_kept(), _mended():
            _, results, words = pyshacl.validate(data, shacl_graph=shapes, inference="none", inplace=True)
    except PatternTooSlowError as error:
        raise _Failed(_said("slow", pattern=str(error))) from None
    except Exception as error:  # pySHACL and rdflib raise whatever the shapes make them stumble over
        raise _Failed(_said("engine", why=_first_line(error))) from error
    if not hasattr(results, "subjects"):
        # pySHACL hands some exceptions back as a value.
        if isinstance(results, PatternTooSlowError):
            raise _Failed(_said("slow", pattern=str(results)))
        raise _Failed(_said("engine", why=_first_line(words or results)))
    report: rdflib.Graph = results
    return report


def _first_line(said: object) -> str:
    lines = [line.strip() for line in str(said).splitlines() if line.strip() and set(line.strip()) != {"-"}]
    return (lines[0] if lines else type(said).__name__)[:300].rstrip(".")


@contextmanager
def _mended() -> Iterator[None]:
    """PySHACL with patterns that come to an end, and with values that cannot be compared as a result and no exception."""
    from pyshacl.constraints.core import property_pair_constraints as pairs  # noqa: PLC0415
    from pyshacl.constraints.core import string_based_constraints as strings  # noqa: PLC0415

    changed: list[tuple[Any, str, Any]] = [
        # It knows of the flags i and m alone; ours takes the place of what it would have read.
        (strings, "re", SimpleNamespace(I=0, M=0, compile=lambda *_: None)),
        (
            strings.PatternConstraintComponent,
            "__init__",
            _with_our_matchers(strings.PatternConstraintComponent.__init__),
        ),
        *(
            (kind, name, _one_by_one(getattr(kind, name)))
            for kind in (pairs.LessThanConstraintComponent, pairs.LessThanOrEqualsConstraintComponent)
            for name in ("_compare_lt", "_compare_ltoe")
            if hasattr(kind, name)
        ),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changed]
    for owner, name, value in changed:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _with_our_matchers(make: Callable[..., None]) -> Callable[..., None]:
    """A pattern matches anywhere in a text (SHACL section 4.4.3), also when it begins late, with each of its flags."""

    def made(component: Any, shape: Any) -> None:  # noqa: ANN401
        make(component, shape)
        flags = "" if component.flags is None else str(component.flags)
        for each in component.string_rules:
            # What does not match at the beginning is searched.
            searching = SimpleNamespace(match=lambda _: False, search=matcher(str(each), flags).search)
            component.compiled_cache[each] = searching

    return made


def _one_by_one(compare: Callable[..., Any]) -> Callable[..., Any]:
    """The comparison of each two values by itself; two that cannot be compared are a result (SHACL section 4.5.3)."""

    def safely(component: Any, values: Any, others: Any, *place: Any) -> tuple[bool, list[Any]]:  # noqa: ANN401
        reports: list[Any] = []
        for value in values:
            for other in others:
                try:
                    reports += compare(component, {value}, {other}, *place)[1]
                except (TypeError, ValueError):
                    reports.append(component.make_v_result(*place, value_node=value))
        return bool(reports), reports

    return safely
