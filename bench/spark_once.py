"""One closure on a Spark cluster in a process of its own, as JSON: `python -m bench.spark_once FILE.nt MASTER`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from bench.reason import peak_megabytes, timed
from citygraph.rdf import Iri, Triple
from citygraph.reason.encode import Dictionary, encode_file
from citygraph.reason.engine_spark import close


def main() -> None:
    """Start the program's part of Spark with a closure of one statement, then measure the file."""
    path, master = Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="citygraph-bench-", dir=path.parent) as folder:
        one = [Triple(Iri("urn:x:a"), Iri("urn:x:p"), Iri("urn:x:b"))]
        _, starting = timed(lambda: close(one, master=master, folder=folder))
        dictionary = Dictionary()
        columns, encoding = timed(lambda: encode_file(path, dictionary))
        closure, closing = timed(lambda: close(columns, dictionary=dictionary, master=master, folder=folder))
        found = {
            "triples": len(columns),
            "closure": closure.size(),
            "start": starting,
            "seconds": encoding + closing,
            "megabytes": peak_megabytes(),
        }
        closure.close()
    print(json.dumps(found))


main()
