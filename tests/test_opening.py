"""A small version is read into memory and a large one from disk, and both give the same answers in the same order."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pyoxigraph
import pytest

from citygraph import Project
from citygraph.store.snapshot import is_small, open_on_disk, open_version

QUERIES = (
    "SELECT * WHERE { ?s ?p ?o }",
    "SELECT * WHERE { GRAPH ?g { ?s a ?c } }",
    "SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p",
    "SELECT DISTINCT ?c ?d WHERE { ?s a ?c . ?s ?p ?o . ?o a ?d }",
)


@pytest.fixture(scope="module")
def folder(built_folder: Path) -> Path:
    return Project.open(built_folder).snapshot().folder


def _rows(store: pyoxigraph.Store, query: str) -> list[str]:
    found = store.query(query)
    assert isinstance(found, pyoxigraph.QuerySolutions)
    return sorted(str(tuple(row)) for row in found)


@pytest.mark.slow
def test_memory_and_disk_give_the_same(folder: Path) -> None:
    small, large = open_version(folder, most_in_memory=10_000_000), open_version(folder, most_in_memory=1)
    assert set(small) == set(large) == set(open_on_disk(folder))
    for query in QUERIES:
        assert _rows(small, query) == _rows(large, query)
    # What lies on disk is only read; a copy is our own.
    with pytest.raises(RuntimeError, match="read-write"):
        large.add(next(iter(large)))
    small.add(next(iter(small)))


def test_every_process_gives_the_rows_in_the_same_order(folder: Path) -> None:
    """An answer that was begun by one process goes on in another when the first one is ended."""
    code = f"""
import hashlib, pyoxigraph
from pathlib import Path
from citygraph.store.snapshot import open_version
store, digest = open_version(Path({str(folder)!r}), most_in_memory=10_000_000), hashlib.sha256()
for query in {QUERIES!r}:
    digest.update(store.query(query).serialize(format=pyoxigraph.QueryResultsFormat.JSON))
print(digest.hexdigest())
"""
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert len({run.stdout for run in runs}) == 1
    assert len(runs[0].stdout.strip()) == hashlib.sha256().digest_size * 2


def test_a_version_that_does_not_say_its_size_is_not_small(folder: Path, tmp_path: Path) -> None:
    number = Project.open(folder.parents[1]).snapshot().manifest.counts
    assert is_small(folder, sum(number.values()))
    assert not is_small(folder, sum(number.values()) - 1)
    assert not is_small(tmp_path, 10_000_000)
