"""What the shapes of a project ask of single properties, read as data: which values, how many, of which things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.graphs import Part, ProjectGraphs
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Term

_SH, _RDF = PREFIXES["sh"], PREFIXES["rdf"]
_FIRST: Final = _RDF + "first"
_REST: Final = _RDF + "rest"


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """What a shape asks of one property: the parameters of SHACL by their local names.

    `in` is the members of its list, and `datatype` those that `or` lists too. `targets` are the classes whose things the shape looks at.
    """

    parameters: Mapping[str, Sequence[Term]]
    targets: frozenset[str]

    def numbers(self, name: str) -> list[int]:
        """The values of a parameter that are whole numbers."""
        found = self.parameters.get(name, ())
        return [int(each.value) for each in found if isinstance(each, Literal) and each.value.isdecimal()]

    def iris(self, name: str) -> list[Iri]:
        """The values of a parameter that are IRIs."""
        return [each for each in self.parameters.get(name, ()) if isinstance(each, Iri)]

    def also(self, other: PropertyRule) -> PropertyRule:
        """What both ask, of the things that either looks at."""
        names = {**other.parameters, **self.parameters}
        both = {name: [*other.parameters.get(name, ()), *self.parameters.get(name, ())] for name in names}
        return PropertyRule({name: list(dict.fromkeys(both[name])) for name in names}, self.targets | other.targets)


def rules_of(graphs: ProjectGraphs) -> dict[tuple[str, str], PropertyRule]:
    """The rules of a project by the code of the shape and the property, in Turtle syntax.

    Several property shapes of one shape about one property are one rule that has the parameters of all of them.
    A shape that is itself about a property and the property shapes directly below a shape are read; a path of several
    alternatives is a rule for each of them.
    """
    about: dict[object, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for quad in graphs.quads(Part.SHAPES):
        about[quad.subject][quad.predicate.value.removeprefix(_SH)].append(quad.object)

    def members(node: Term) -> Iterator[Term]:
        while isinstance(node, BlankNode) and about[node][_FIRST] and about[node][_REST]:
            yield about[node][_FIRST][0]
            node = about[node][_REST][0]

    found: dict[tuple[str, str], PropertyRule] = {}
    for shape in [each for each in about if isinstance(each, Iri)]:
        code = shape.value.rpartition("#")[2].rpartition("/")[2]
        targets = frozenset(each.value for each in about[shape]["targetClass"] if isinstance(each, Iri))
        for node in (shape, *(each for each in about[shape]["property"] if isinstance(each, BlankNode))):
            either = [each for head in about[node]["or"] for each in members(head)]
            parameters = {
                **about[node],
                "in": [each for head in about[node]["in"] for each in members(head)],
                "datatype": [*about[node]["datatype"], *(kind for each in either for kind in about[each]["datatype"])],
            }
            for path in about[node]["path"]:
                choices = [each for head in about[path]["alternativePath"] for each in members(head)]
                for each in choices or [path]:
                    one = PropertyRule(parameters, targets)
                    found[code, str(each)] = one.also(found[code, str(each)]) if (code, str(each)) in found else one
    return found
