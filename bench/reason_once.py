"""One closure by one engine in a process of its own, as JSON: `python -m bench.reason_once ENGINE FILE.nt`."""

from __future__ import annotations

import argparse
import json
import random
import statistics
from pathlib import Path

import numpy as np

from bench.reason import peak_megabytes, timed
from citygraph.rdf import Iri, parse
from citygraph.reason import close_with
from citygraph.reason.columnar import ColumnarClosure, close
from citygraph.reason.columnar.relations import Columns
from citygraph.reason.columnar.terms import Dictionary, encode_file


def columnar(path: Path, *, explain: int, change: list[str]) -> dict[str, object]:
    """Validated file to closure, equality written out; then single changes and explanations if asked."""
    dictionary = Dictionary()
    columns, encoding = timed(lambda: encode_file(path, dictionary))
    closure, closing = timed(lambda: close(columns, dictionary=dictionary))
    size, expanding = timed(lambda: sum(map(len, closure.expanded().values())))
    found: dict[str, object] = {
        "triples": len(columns),
        "closure": size,
        "encode": encoding,
        "close": closing,
        "expand": expanding,
        "seconds": encoding + closing + expanding,
        "megabytes": peak_megabytes(),
    }
    if explain:
        found["explain"] = explained(closure, times=explain)
    for predicate in change:
        found[f"change {predicate}"] = changed(closure, columns, predicate)
    return found


def explained(closure: ColumnarClosure, *, times: int) -> list[float]:
    """Seconds for each of some random inferred statements, after one to warm up."""
    from citygraph.reason.proof.facts import ColumnarFacts  # noqa: PLC0415
    from citygraph.reason.proof.prover import Prover  # noqa: PLC0415

    rows = closure.inferred_rows()
    chance = random.Random(1)
    dictionary = closure.state.dictionary
    chosen = []
    keys = sorted(rows)
    weights = [len(rows[key]) for key in keys]
    for key in chance.choices(keys, weights, k=times + 1):
        row = int(rows[key][chance.randrange(len(rows[key]))])
        name = dictionary.text(key >> 1)
        if key & 1:
            chosen.append((dictionary.text(row >> 32), name, dictionary.text(row & 0xFFFFFFFF)))
        else:
            chosen.append((dictionary.text(row), dictionary.text(closure.state.type_term), name))
    prover = Prover(ColumnarFacts(closure.state), closure.book)
    seconds = []
    for triple in chosen:
        proof, taken = timed(lambda triple=triple: prover.prove(triple))  # type: ignore[misc]
        assert proof is not None, triple
        seconds.append(taken)
    return seconds[1:]


def changed(closure: ColumnarClosure, columns: Columns, predicate: str) -> dict[str, list[float]]:
    """Seconds for deleting and inserting one asserted statement with this predicate, twenty times."""
    chance = random.Random(1)
    places = np.flatnonzero(columns.predicates == closure.state.dictionary.known(f"<{predicate}>"))
    taken, given = [], []
    for _ in range(20):
        place = int(places[chance.randrange(len(places))])
        row = slice(place, place + 1)
        one = Columns(columns.subjects[row], columns.predicates[row], columns.objects[row])
        taken.append(timed(lambda one=one: closure.delete(one))[1])  # type: ignore[misc]
        given.append(timed(lambda one=one: closure.insert(one))[1])  # type: ignore[misc]
    return {"delete": taken, "insert": given}


def duckdb(path: Path, *, memory_limit: str) -> dict[str, object]:
    """Validated file to closure in a database, equality written out."""
    from citygraph.reason.sql.duckdb import close as close_in_database  # noqa: PLC0415

    dictionary = Dictionary()
    columns, encoding = timed(lambda: encode_file(path, dictionary))
    closure, closing = timed(lambda: close_in_database(columns, dictionary=dictionary, memory_limit=memory_limit))
    size, expanding = timed(closure.size)
    return {
        "triples": len(columns),
        "closure": size,
        "seconds": encoding + closing + expanding,
        "megabytes": peak_megabytes(),
    }


def clingo(path: Path) -> dict[str, object]:
    """The same flat rules as a logic program over the same integers; the time is that of grounding."""
    from bench.clingo_rules import ground  # noqa: PLC0415

    dictionary = Dictionary()
    columns = encode_file(path, dictionary)
    size, grounding = ground(columns, dictionary)
    return {"triples": len(columns), "closure": size, "seconds": grounding, "megabytes": peak_megabytes()}


def owlrl(path: Path) -> dict[str, object]:
    """File to inferred statements, through the interface that the program uses."""
    quads, parsing = timed(lambda: parse(path.read_bytes(), format="nt", graph_name=Iri("http://example.org/g")).quads)
    closure, closing = timed(lambda: close_with("owlrl", [quad.triple for quad in quads]))
    inferred, reading = timed(lambda: sum(1 for _ in closure.inferred()))
    return {
        "triples": len(quads),
        "inferred": inferred,
        "seconds": parsing + closing + reading,
        "megabytes": peak_megabytes(),
    }


def main() -> None:
    """Print what was measured as one line of JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("engine", choices=["columnar", "duckdb", "clingo", "owlrl"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--explain", type=int, default=0)
    parser.add_argument("--change", action="append", default=[])
    parser.add_argument("--memory-limit", default="4GB")
    parser.add_argument("--repeat", type=int, default=1, help="measure again in the same, then warm, process")
    asked = parser.parse_args()
    found: dict[str, object] = {}
    seconds = []
    for _ in range(asked.repeat):
        match asked.engine:
            case "columnar":
                found = columnar(asked.file, explain=asked.explain, change=asked.change)
            case "duckdb":
                found = duckdb(asked.file, memory_limit=asked.memory_limit)
            case "clingo":
                found = clingo(asked.file)
            case _:
                found = owlrl(asked.file)
        seconds.append(found["seconds"])
    found["warm"] = statistics.median(seconds[1:] or seconds)  # type: ignore[type-var]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
