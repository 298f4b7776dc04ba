"""File to closure and single changes, measured in a process of its own: `python -m bench.reason FILE.nt`."""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from citygraph.reason.columnar import ColumnarClosure, close
from citygraph.reason.columnar.relations import Columns
from citygraph.reason.columnar.terms import Dictionary, encode_file

T = TypeVar("T")


def peak_megabytes() -> int:
    """The most memory this process has had."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gives, and its seconds."""
    start = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - start


def measure_file(path: Path) -> tuple[ColumnarClosure, Columns]:
    """Parse, close and write equality out, once."""
    dictionary = Dictionary()
    columns, encoding = timed(lambda: encode_file(path, dictionary))
    closure, closing = timed(lambda: close(columns, dictionary=dictionary))
    rows, expanding = timed(lambda: sum(map(len, closure.expanded().values())))
    print(
        f"{path.name}: {len(columns):,} triples, {len(dictionary):,} terms, closure {rows:,}: "
        f"encode {encoding:.3f} s, close {closing:.3f} s, expand {expanding:.3f} s, "
        f"together {encoding + closing + expanding:.3f} s, peak {peak_megabytes()} MB"
    )
    return closure, columns


def measure_changes(closure: ColumnarClosure, columns: Columns, *, predicate: str, times: int) -> None:
    """Delete and insert one asserted triple with this predicate, again and again."""
    chance = random.Random(1)
    places = np.flatnonzero(columns.predicates == closure.state.dictionary.known(f"<{predicate}>"))
    if len(places) == 0:
        return
    taken, given = [], []
    for _ in range(times):
        place = int(places[chance.randrange(len(places))])
        row = slice(place, place + 1)
        one = Columns(columns.subjects[row], columns.predicates[row], columns.objects[row])
        taken.append(timed(lambda one=one: closure.delete(one))[1] * 1e3)  # type: ignore[misc]
        given.append(timed(lambda one=one: closure.insert(one))[1] * 1e3)  # type: ignore[misc]
    print(
        f"  <{predicate}>: delete median {statistics.median(taken):.2f} ms, worst {max(taken):.2f}; "
        f"insert median {statistics.median(given):.2f} ms, worst {max(given):.2f}"
    )


def main() -> None:
    """Measure one file, several times, and single changes with some of its predicates."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--change", action="append", default=[], metavar="PREDICATE")
    asked = parser.parse_args()
    for _ in range(asked.repeat):
        closure, columns = measure_file(asked.file)
    _, seconds = timed(lambda: closure.contradictions)
    print(f"  {len(closure.contradictions)} contradictions in {seconds:.3f} s")
    for predicate in asked.change:
        measure_changes(closure, columns, predicate=predicate, times=20)


if __name__ == "__main__":
    main()
