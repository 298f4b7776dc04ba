"""Our graphs taken away again: all at once, then one by one in every way there is, until none is left."""

from __future__ import annotations

from typing import Final

from citygraph.doctor.bench import Bench, rows, text_of
from citygraph.doctor.probe import Deviates, NoAnswer, NotTried, Refused
from citygraph.rdf import Iri

__all__ = ["clean_up"]

_ROUNDS: Final = 3
_SECONDS: Final = 30.0
_FAILURES: Final = (Deviates, NoAnswer, NotTried, Refused)


def clean_up(bench: Bench) -> list[str]:
    """Remove every graph of this run, and name those that are still there."""
    left = list(bench.graphs.names)
    for _ in range(_ROUNDS):
        _drop(bench, left)
        left = _remaining(bench, left)
        if not left:
            break
        for graph in left:
            _delete(bench, graph)
        left = _remaining(bench, left)
        if not left:
            break
    return left


def _drop(bench: Bench, graphs: list[str]) -> None:
    bench.asker.begin(_SECONDS)
    try:
        bench.send_update(" ;\n".join(f"DROP SILENT GRAPH {Iri(graph)}" for graph in graphs))
    except _FAILURES:
        return  # what is left is looked for afterwards


def _delete(bench: Bench, graph: str) -> None:
    """One graph, by every way in: one of them has let us write it, whatever it said about that."""
    for is_form in (True, False):
        bench.asker.begin(_SECONDS)
        try:
            if bench.send_update(f"DROP SILENT GRAPH {Iri(graph)}", as_form=is_form).is_good:
                break
        except _FAILURES:
            continue
    bench.asker.begin(_SECONDS)
    try:
        bench.store("DELETE", graph)
    except _FAILURES:
        return


def _remaining(bench: Bench, graphs: list[str]) -> list[str]:
    """Those that still hold something; all of them when the server does not say."""
    names = " ".join(str(Iri(graph)) for graph in graphs)
    bench.asker.begin(_SECONDS)
    try:
        found = rows(bench.select(f"SELECT DISTINCT ?g {{ VALUES ?g {{ {names} }} GRAPH ?g {{ ?s ?p ?o }} }}"))
    except _FAILURES:
        return graphs
    return sorted({text_of(term) for row in found.rows for term in row})
