"""Reasoning: file to closure, changes and explanations, against owlrl, DuckDB and clingo with the same rules."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.city_graph import write_city_graph
from bench.report import Section
from bench.university import write_university

_CITY_PREDICATES = ("http://www.w3.org/2002/07/owl#sameAs", "http://www.w3.org/ns/org#organization")
_RUNS = 3


def measure() -> Iterator[Section]:
    """The sections about reasoning, the quick ones first."""
    with tempfile.TemporaryDirectory(prefix="citygraph-bench-") as temporary:
        folder = Path(temporary)
        files = {
            "city 2k": written(folder / "city2k.nt", write_city_graph, 2_000),
            "city 20k": written(folder / "city20k.nt", write_city_graph, 20_000),
            "city 100k": written(folder / "city100k.nt", write_city_graph, 100_000),
            "city 1M": written(folder / "city1m.nt", write_city_graph, 1_000_000),
            "university 100k": written(folder / "lubm100k.nt", write_university, 100_000),
            "university 1M": written(folder / "lubm1m.nt", write_university, 1_000_000),
            "university 10M": written(folder / "lubm10m.nt", write_university, 10_000_000),
        }
        yield closures(files)
        yield against_owlrl(files["city 20k"])
        yield changes(files["city 1M"])
        yield against_others(files, folder)


def written(path: Path, write: Callable[..., int], triples: int) -> Path:
    """A generated graph on disk."""
    with path.open("wb") as out:
        write(out, triples=triples)
    return path


def once(engine: str, path: Path, *options: str, python: str = sys.executable) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [python, "-m", "bench.reason_once", engine, str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def several(engine: str, path: Path, *options: str, runs: int = _RUNS) -> dict[str, float]:
    """The medians of several processes."""
    found = [once(engine, path, *options) for _ in range(runs)]
    numbers = [key for key, value in found[0].items() if isinstance(value, int | float)]
    return {key: statistics.median(each[key] for each in found) for key in numbers}


def closures(files: dict[str, Path]) -> Section:
    """Validated file to closure with equality written out, by the default engine."""
    section = Section(
        "reason-closures",
        "File to closure",
        "The columnar engine: N-Triples parsed and validated, encoded, closed, equality written out; each in a "
        "process of its own, medians of three.",
        ("graph", "statements", "closure", "parse and encode", "close", "write equality out", "together", "peak memory",
         "microseconds a statement"),
    )  # fmt: skip
    for name, path in files.items():
        found = several("columnar", path)
        section.rows.append((
            name, f"{found['triples']:,.0f}", f"{found['closure']:,.0f}", seconds(found["encode"]),
            seconds(found["close"]), seconds(found["expand"]), seconds(found["seconds"]),
            f"{found['megabytes']:.0f} MB", f"{found['seconds'] / found['triples'] * 1e6:.2f}",
        ))  # fmt: skip
    warm = statistics.median(once("columnar", files["city 2k"], "--repeat", "21")["warm"] for _ in range(_RUNS))
    section.notes.append(f"city 2k again and again in a warm process: {seconds(warm)}.")
    return section


def against_owlrl(path: Path) -> Section:
    """The reference on the graph it can still close, and ours on the same file, in turns."""
    pairs = [(once("owlrl", path), once("columnar", path, "--repeat", "11")) for _ in range(2)]
    slow = statistics.median(pair[0]["seconds"] for pair in pairs)
    fast = statistics.median(pair[1]["warm"] for pair in pairs)
    section = Section(
        "reason-owlrl",
        "Against owlrl, the reference",
        "city 20k, file to closure; owlrl in its own process, ours warm.",
        ("engine", "time", "times"),
    )
    section.rows += [("owlrl", seconds(slow), f"{slow / fast:,.0f}"), ("columnar", seconds(fast), "1")]
    return section


def changes(path: Path) -> Section:
    """Single insertions, deletions and explanations in a graph of a million statements."""
    options = [option for predicate in _CITY_PREDICATES for option in ("--change", predicate)]
    found = once("columnar", path, "--explain", "200", *options)
    section = Section(
        "reason-changes",
        "One statement at a million",
        "city 1M, equality on, warm; medians and worst of twenty changes, of two hundred explanations.",
        ("work", "median", "worst"),
    )
    for predicate in _CITY_PREDICATES:
        name = predicate.rpartition("/")[2].rpartition("#")[2]
        times: dict[str, list[float]] = found[f"change {predicate}"]  # type: ignore[assignment]
        for kind in ("insert", "delete"):
            section.rows.append(
                (f"{kind} one {name}", seconds(statistics.median(times[kind])), seconds(max(times[kind])))
            )
    explained: list[float] = found["explain"]  # type: ignore[assignment]
    section.rows.append(
        ("explain one derived statement", seconds(statistics.median(explained)), seconds(max(explained)))
    )
    return section


def against_others(files: dict[str, Path], folder: Path) -> Section:
    """DuckDB with the same rules as SQL, also with little memory, and clingo with the same rules as a program."""
    section = Section(
        "reason-others",
        "Against DuckDB and clingo with the same rules",
        "File to closure, each in a process of its own. clingo is given the same flat rules over the same integers; "
        "its time is grounding alone, without reading the file.",
        ("graph", "engine", "time", "peak memory", "closure"),
    )

    def row(graph: str, engine: str, found: dict[str, float]) -> None:
        closure = f"{found['closure']:,.0f}" if "closure" in found else ""
        section.rows.append((graph, engine, seconds(found["seconds"]), f"{found['megabytes']:.0f} MB", closure))

    python = clingo_python(folder)
    for graph in ("city 1M", "university 1M"):
        row(graph, "columnar", once("columnar", files[graph]))
        row(graph, "duckdb", once("duckdb", files[graph]))
        if python:
            row(graph, "clingo", once("clingo", files[graph], python=python))
    row("university 10M", "columnar", once("columnar", files["university 10M"]))
    row("university 10M", "duckdb, memory limit 1 GB", once("duckdb", files["university 10M"], "--memory-limit", "1GB"))
    return section


def clingo_python(folder: Path) -> str:
    """A Python that has clingo beside what we need; empty when it cannot be installed here."""
    environment = folder / "clingo"
    venv.create(environment, with_pip=True, system_site_packages=False)
    python = str(environment / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "clingo", "-e", str(Path(__file__).parents[1])]
    return python if subprocess.run(install, capture_output=True, check=False).returncode == 0 else ""


def seconds(value: float) -> str:
    """In the unit that reads best."""
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.1f} ms" if value >= 1e-3 else f"{value * 1e6:.0f} µs"
