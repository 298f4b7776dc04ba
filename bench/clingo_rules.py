"""The flat rules of one ontology as a program for clingo, over the integers of our dictionary."""

from __future__ import annotations

import time

from citygraph.reason.closure import Atom, is_variable
from citygraph.reason.columnar.relations import Columns
from citygraph.reason.columnar.terms import Dictionary
from citygraph.reason.specialise import specialise

_SCHEMA_LIMIT = 4000


def ground(columns: Columns, dictionary: Dictionary) -> tuple[int, float]:
    """How many statements clingo derives, and its seconds for grounding program and facts."""
    import clingo  # noqa: PLC0415  # type: ignore[import-not-found]  # a peer, installed for the measurement alone

    texts = dictionary.texts()
    axioms = frozenset(
        (texts[s].decode(), texts[p].decode(), texts[o].decode())
        for s, p, o in zip(columns.subjects, columns.predicates, columns.objects, strict=True)
        if _is_axiom(texts[p], texts[o])
    )
    book = specialise(axioms)
    lines = ["#show t/3."]
    for rule in (*book.rules, *book.equality):
        if rule.head is not None and rule.check is None:
            body = ", ".join(_atom(atom, dictionary) for atom in rule.body)
            lines.append(f"{_atom(rule.head, dictionary)} :- {body}." if body else f"{_atom(rule.head, dictionary)}.")
    control = clingo.Control(["--warn=none"])
    control.add("base", [], "\n".join(lines))
    with control.backend() as backend:
        number = clingo.Number
        for s, p, o in zip(
            columns.subjects.tolist(), columns.predicates.tolist(), columns.objects.tolist(), strict=True
        ):
            atom = backend.add_atom(clingo.Function("t", [number(s), number(p), number(o)]))
            backend.add_rule([atom])
    start = time.perf_counter()
    control.ground([("base", [])])
    seconds = time.perf_counter() - start
    return sum(1 for _ in control.symbolic_atoms.by_signature("t", 3)), seconds


def _is_axiom(predicate: bytes, object_: bytes) -> bool:
    """Whether a statement is about the vocabulary, as far as the bench's own two need to know."""
    words = (b"<http://www.w3.org/2002/07/owl#", b"<http://www.w3.org/2000/01/rdf-schema#")
    lists = b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    if predicate.endswith((b"#sameAs>", b"#label>")):
        return False
    return (
        predicate.startswith(words) or object_.startswith(words) or predicate in {lists + b"first>", lists + b"rest>"}
    )


def _atom(atom: Atom, dictionary: Dictionary) -> str:
    def term(text: str) -> str:
        return f"V{text[1:]}".replace("-", "_") if is_variable(text) else str(dictionary.number(text))

    return f"t({term(atom.subject)},{term(atom.predicate)},{term(atom.object)})"
