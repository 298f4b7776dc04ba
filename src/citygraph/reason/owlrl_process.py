"""What runs in owlrl's own process: N-Triples in; contradictions as one line of JSON, then N-Triples out."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import owlrl
import rdflib
from rdflib import OWL, RDF

# owlrl's sentences (7.6.2, OWLRL.py) back to the rule that wrote them and the statements it saw:
# %s in owlrl's text is a group here; a premise or axiom names the groups, or a constant.
_SENTENCES: Final = (
    ("dt-not-type", r"Lexical value of the literal '(.*)' does not match its datatype \((.*)\)", (), ()),
    ("eq-diff1", r"'sameAs' and 'differentFrom' cannot be used on the same subject-object pair: \((.*), (.*)\)",
     ((1, OWL.sameAs, 2), (1, OWL.differentFrom, 2)), ()),
    ("eq-diff2", r"'sameAs' and 'AllDifferent' cannot be used on the same subject-object pair: \((.*), (.*)\)",
     ((1, OWL.sameAs, 2),), ()),
    ("prp-irp", r"Irreflexive property used on (.*) with (.*)", ((1, 2, 1),), ((2, RDF.type, OWL.IrreflexiveProperty),)),
    ("prp-asyp", r"Erroneous usage of asymmetric property (.*) on (.*) and (.*)", ((2, 1, 3), (3, 1, 2)),
     ((1, RDF.type, OWL.AsymmetricProperty),)),
    ("prp-adp", r"Disjoint properties in an 'AllDisjointProperties' are not really disjoint: \((.*), (.*),(.*)\) and \((.*),(.*),(.*)\)", ((1, 2, 3), (4, 5, 6)), ()),
    ("prp-pdw", r"Erroneous usage of disjoint properties (.*) and (.*) on (.*) and (.*)", ((3, 1, 4), (3, 2, 4)),
     ((1, OWL.propertyDisjointWith, 2),)),
    ("prp-npa1", r"Negative \(object\) property assertion violated for: \((.*), (.*), (.*)\)", ((1, 2, 3),), ()),
    ("prp-npa2", r"Negative \(datatype\) property assertion violated for: \((.*), (.*), (.*)\)", ((1, 2, 3),), ()),
    ("cls-nothing2", r"(.*) is defined of type 'Nothing'", ((1, RDF.type, OWL.Nothing),), ()),
    ("cls-com", r"Violation of complementarity for classes (.*) and (.*) on element (.*)",
     ((3, RDF.type, 1), (3, RDF.type, 2)), ((1, OWL.complementOf, 2),)),
    ("prp-rng-datatype", r"Violation of type restriction for allValuesFrom in (.*) for datatype (.*) on value (.*)",
     (), ()),
    ("cls-maxc1", r"Erroneous usage of maximum cardinality with (.*) and (.*)", ((2, RDF.type, 1),), ()),
    ("cls-maxqc1", r"Erroneous usage of maximum qualified cardinality with (.*), (.*) and (.*)", ((3, RDF.type, 2),), ()),
    ("cax-dw", r"Disjoint classes (.*) and (.*) have a common individual (.*)",
     ((3, RDF.type, 1), (3, RDF.type, 2)), ((1, OWL.disjointWith, 2),)),
)  # fmt: skip


_RESERVED: Final = 1_000_000_000
_ADDRESSES: Final = Path("/proc/self/statm")


class _Semantics(owlrl.OWLRL_Semantics):  # type: ignore[misc]  # owlrl has no types
    """owlrl's rules, with its error messages kept instead of written into the graph."""

    error_messages: list[str]
    kept: tuple[str, ...] = ()

    def post_process(self) -> None:
        """Take the messages away before owlrl makes nodes of them."""
        _Semantics.kept = tuple(map(str, self.error_messages))
        self.error_messages.clear()


def main() -> None:
    """Read stdin, write stdout, in as many megabytes as the first argument says."""
    _limit_memory(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    rdflib.NORMALIZE_LITERALS = False
    warnings.simplefilter("ignore")
    graph = rdflib.Graph()
    graph.parse(data=sys.stdin.buffer.read(), format="nt")
    given = set(graph)
    owlrl.DeductiveClosure(_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    contradictions = [found for sentence in _Semantics.kept for found in _lift(sentence, graph)]
    print(json.dumps(contradictions))
    for subject, predicate, object_ in graph:
        # Generalised triples (literals as subjects) are owlrl's on purpose; RDF cannot state them.
        if isinstance(subject, rdflib.Literal) or not isinstance(predicate, rdflib.URIRef):
            continue
        if (subject, predicate, object_) not in given:
            print(f"{subject.n3()} {predicate.n3()} {_n3(object_)} .")


def _limit_memory(megabytes: int) -> None:
    """The address space has an end, where the machine can say so; what was reserved by starting counts as nothing."""
    try:
        import resource  # noqa: PLC0415  # POSIX alone has it
    except ImportError:
        return
    if megabytes:
        try:
            reserved = int(_ADDRESSES.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        except (OSError, ValueError):
            reserved = _RESERVED
        most = reserved + megabytes * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _lift(sentence: str, graph: rdflib.Graph) -> Iterator[dict[str, object]]:
    """The rule, the statements and the axioms behind one of owlrl's sentences."""
    for rule, pattern, premises, axioms in _SENTENCES:
        match = re.fullmatch(pattern, sentence, re.DOTALL)
        if match:
            terms = [None, *(_node(text, graph) for text in match.groups())]
            yield {
                "rule": rule,
                "premises": [line for premise in premises if (line := _line(premise, terms))],
                "axioms": [line for axiom in axioms if (line := _line(axiom, terms))],
            }
            return
    message = f"owlrl said something this version of citygraph does not know: {sentence}"
    raise ValueError(message)


def _line(triple: tuple[object, ...], terms: list[rdflib.term.Node | None]) -> str:
    nodes = [terms[part] if isinstance(part, int) else part for part in triple]
    if any(node is None for node in nodes):
        return ""
    return " ".join(_n3(node) for node in nodes) + " ."


def _node(text: str, graph: rdflib.Graph) -> rdflib.term.Node | None:
    """The node of the graph that owlrl printed as `text`."""
    for node in (rdflib.URIRef(text), rdflib.BNode(text)):
        if (node, None, None) in graph or (None, None, node) in graph or (None, node, None) in graph:
            return node
    return next((node for node in graph.objects() if isinstance(node, rdflib.Literal) and str(node) == text), None)


def _n3(node: object) -> str:
    """As in N-Triples: rdflib's n3() writes long strings over several lines and knows short numbers."""
    if isinstance(node, rdflib.Literal):
        quoted = json.dumps(str(node), ensure_ascii=True)
        if node.language:
            return f"{quoted}@{node.language}"
        return f"{quoted}^^<{node.datatype}>" if node.datatype else quoted
    return node.n3() if isinstance(node, rdflib.URIRef | rdflib.BNode) else ""


if __name__ == "__main__":
    main()
