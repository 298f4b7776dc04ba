"""A contradiction as a finding: the statements that cannot all be true, in words, with their files and lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.graphs import ProjectGraphs
from citygraph.labels import Labels
from citygraph.language import LANGUAGES, Text
from citygraph.rdf import Triple
from citygraph.reason.closure import Contradiction
from citygraph.reason.explain import Explainer

__all__ = ["finding_of"]

_WHY: Final[Mapping[str, Text]] = {
    "cax-dw": Text("de to typene utelukker hverandre", "the two types exclude each other"),
    "cax-adc": Text("typene utelukker hverandre", "the types exclude each other"),
    "cls-com": Text("den ene typen er alt som ikke er den andre", "one type is everything that the other is not"),
    "cls-nothing2": Text("ingenting kan være av denne typen", "nothing can be of this type"),
    "eq-diff1": Text("de er oppgitt som både like og ulike", "they are stated to be the same and different"),
    "prp-irp": Text("ingenting kan ha denne forbindelsen til seg selv", "nothing can be linked to itself this way"),
    "prp-asyp": Text("forbindelsen kan bare gå én vei", "the link can go one way only"),
    "prp-pdw": Text("de to forbindelsene utelukker hverandre", "the two links exclude each other"),
    "prp-adp": Text("forbindelsene utelukker hverandre", "the links exclude each other"),
}
_OTHERWISE: Final = Text("de kan ikke være sanne samtidig", "they cannot all be true")
_AND: Final = {"nb": " og ", "en": " and "}


def finding_of(contradiction: Contradiction, graphs: ProjectGraphs, explainer: Explainer) -> Finding:
    """The finding `contradiction`, placed at the first of its statements, or of what they follow from, in a file."""
    labels = Labels(graphs.triples())
    premises = contradiction.premises or contradiction.axioms
    spots = [_spot(triple, graphs, explainer) for triple in premises]
    file, line, column = next((spot for spot in spots if spot[0]), ("", 0, 0))
    statements = Text(
        *(
            _AND[language].join(_statement(t, spot, labels, language) for t, spot in zip(premises, spots, strict=True))
            for language in LANGUAGES
        )
    )
    return finding(
        "contradiction",
        file=file,
        line=line,
        column=column,
        focus_node=str(premises[0].subject) if premises else "",
        path=str(premises[0].predicate) if premises else "",
        value=" ; ".join(str(triple.object) for triple in premises),
        statements=statements,
        why=_WHY.get(contradiction.rule, _OTHERWISE),
        rule=contradiction.rule,
    )


def _spot(triple: Triple, graphs: ProjectGraphs, explainer: Explainer) -> tuple[str, int, int]:
    """Where a statement stands; a derived one stands in no file, and the data it follows from is to blame."""
    text = (str(triple.subject), str(triple.predicate), str(triple.object))
    proof = explainer.prover.prove(text)
    leaves = sorted(proof.leaves()) if proof is not None else [text]
    found = [spot for leaf in leaves if (spot := graphs.locate(*leaf))[0]]
    return min(found, key=lambda spot: (spot[0].startswith("ontology/"), *spot), default=("", 0, 0))


def _statement(triple: Triple, spot: tuple[str, int, int], labels: Labels, language: str) -> str:
    words = " ".join(labels.of(term, language) for term in (triple.subject, triple.predicate, triple.object))
    return f"«{words}» ({spot[0]}:{spot[1]})" if spot[0] else f"«{words}»"
