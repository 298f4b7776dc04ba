"""One closure on a Spark cluster in a process of its own, as JSON: `python -m bench.spark_once FILE.nt MASTER PID …`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.processors import processor_seconds
from bench.reason import peak_megabytes, timed
from citygraph.rdf import Iri, Triple
from citygraph.reason import columnar
from citygraph.reason.columnar.relations import Columns, is_property, term_of
from citygraph.reason.columnar.terms import Dictionary, encode_file
from citygraph.reason.sql.spark import close


def main() -> None:
    """Start the program's part of Spark with a closure of one statement, measure the file, and compare the closures.

    The further arguments are the processes of the cluster, whose processor time is counted too.
    """
    path, master = Path(sys.argv[1]), sys.argv[2]
    processes = [os.getpid(), *map(int, sys.argv[3:])]
    with tempfile.TemporaryDirectory(prefix="citygraph-bench-", dir=path.parent) as folder:
        one = [Triple(Iri("urn:x:a"), Iri("urn:x:p"), Iri("urn:x:b"))]
        _, starting = timed(lambda: close(one, master=master, folder=folder))
        before = processor_seconds(processes)
        dictionary = Dictionary()
        columns, encoding = timed(lambda: encode_file(path, dictionary))
        closure, closing = timed(lambda: close(columns, dictionary=dictionary, master=master, folder=folder))
        found = {
            "triples": len(columns),
            "closure": closure.size(),
            "start": starting,
            "seconds": encoding + closing,
            "processor": processor_seconds(processes) - before,
            "megabytes": peak_megabytes(),
        }
        there = closure.columns()
        closure.close()
        found["equal"] = _ordered(there) == _ordered(_embedded(columns, dictionary))
    print(json.dumps(found))


def _embedded(columns: Columns, dictionary: Dictionary) -> Columns:
    """The closure of the embedded engine, in the same numbers."""
    closure = columnar.close(columns, dictionary=dictionary)
    parts = []
    for key, rows in closure.expanded().items():
        term = np.full(len(rows), term_of(key), np.uint32)
        if is_property(key):
            parts.append((rows >> np.uint64(32), term, rows & np.uint64(0xFFFFFFFF)))
        else:
            parts.append((rows, np.full(len(rows), closure.state.type_term, np.uint32), term))
    return Columns(*(np.concatenate(each).astype(np.uint32) for each in zip(*parts, strict=True)))


def _ordered(columns: Columns) -> bytes:
    """The same bytes for the same set of statements."""
    order = np.lexsort((columns.objects, columns.subjects, columns.predicates))
    return b"".join(each[order].tobytes() for each in (columns.subjects, columns.predicates, columns.objects))


main()
