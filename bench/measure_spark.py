"""Spark against the embedded engine: file to closure on a cluster of one master and two workers on this machine.

`python -m bench spark` measures 1M and 10M statements; CITYGRAPH_BENCH_SPARK names other sizes, such as `20000,100000`.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from bench.measure_reason import once, seconds, written
from bench.report import Section
from bench.university import write_university

_SIZES = "1000000,10000000"
_WORKERS = 2
_GIGABYTES = 64
_DEFAULTS = """
spark.cores.max                {cores}
spark.driver.memory            2g
spark.executor.cores           1
spark.executor.memory          {memory}
spark.ui.enabled               false
"""


def measure() -> Iterator[Section]:
    """One row for each engine and size; nothing where Spark is not installed."""
    if find_spec("pyspark") is None:
        print("  Spark is not installed: pip install -e '.[spark]'")
        return
    sizes = [int(size) for size in os.environ.get("CITYGRAPH_BENCH_SPARK", _SIZES).split(",")]
    memory = os.environ.get("CITYGRAPH_BENCH_SPARK_MEMORY", "3g")
    section = Section(
        "spark",
        "Spark against the embedded engine",
        f"N-Triples to closure. Spark: one master and {_WORKERS} workers of one core and {memory} each, all on this machine; "
        "its start, with the closure of a single statement, is counted apart. The time of the processors is that of all "
        "processes together; on a busy machine it says more than the time that went by.",
        ("graph", "engine", "file to closure", "processors", "start of Spark", "closure", "memory of this program"),
    )
    with tempfile.TemporaryDirectory(prefix="citygraph-bench-") as temporary:
        folder = Path(temporary)
        measured: dict[int, dict[str, dict[str, float]]] = {}
        for size in sizes:
            by_engine = measured[size] = {}
            name = f"university {size:,}"
            path = written(folder / f"{size}.nt", write_university, size)
            for engine in ("columnar", "duckdb"):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                found = once(engine, path)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                found["processor"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                _row(section, name, engine, found)
                by_engine[engine] = found
            with _cluster(folder, memory) as (master, environment, processes):
                found = _on_spark(path, master, environment, processes)
            if not found["equal"]:
                message = f"Spark and the embedded engine disagree about {name}."
                raise ValueError(message)
            _row(section, name, "spark", found)
            by_engine["spark"] = found
            path.unlink()
            section.notes[:] = _when_it_pays(measured)
            yield section


def _row(section: Section, graph: str, engine: str, found: dict[str, float]) -> None:
    start = seconds(found["start"]) if "start" in found else ""
    section.rows.append((
        graph, engine, seconds(found["seconds"]), seconds(found["processor"]), start, f"{found['closure']:,.0f}",
        f"{found['megabytes']:.0f} MB",
    ))  # fmt: skip


def _when_it_pays(measured: dict[int, dict[str, dict[str, float]]]) -> list[str]:
    """What the two largest sizes say about larger ones."""
    if len(measured) < 2:
        return []
    small, large = sorted(measured)[-2:]

    def further(engine: str, what: str) -> float:
        """What each further million of statements costs."""
        return (measured[large][engine][what] - measured[small][engine][what]) / (large - small) * 1e6

    spark, columnar, duckdb = (further(engine, "processor") for engine in ("spark", "columnar", "duckdb"))
    fixed = max(0.0, measured[large]["spark"]["processor"] - spark * large / 1e6)
    here, there = further("columnar", "megabytes"), further("spark", "megabytes")
    time_it_takes = (
        f"- From {small:,} to {large:,} statements each further million took Spark {spark:.1f} seconds of processors, "
        f"`duckdb` {duckdb:.1f} and `columnar` {columnar:.1f}, the latter on one core. What Spark spends at any size "
        f"is {fixed:.0f} seconds besides. By this line a cluster is as fast as `columnar` from {spark / columnar:.0f} cores "
        "on, if nothing is lost between its machines."
    )
    room = (
        f"- Each further million took {here:.0f} MB of memory with `columnar`, and {there:.0f} MB with Spark on the machine "
        f"that starts it (the Java part of that program has a fixed limit besides, here 2 GB). A machine with {_GIGABYTES} GB "
        f"has room for {_GIGABYTES * 1024 / here:,.0f} million statements of this kind with `columnar`, and can start Spark "
        f"for {_GIGABYTES * 1024 / there:,.0f} million."
    )
    return [time_it_takes, room]


def _on_spark(path: Path, master: str, environment: dict[str, str], processes: list[int]) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.spark_once", str(path), master, *map(str, processes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _cluster(folder: Path, memory: str) -> Iterator[tuple[str, dict[str, str], list[int]]]:
    """The address of a cluster from the classes of the package, what its users need in their environment, its processes."""
    package = find_spec("pyspark")
    assert package is not None, "pip install -e '.[spark]'"
    assert package.origin is not None
    home = Path(package.origin).parent
    (folder / "spark-defaults.conf").write_text(_DEFAULTS.format(cores=_WORKERS, memory=memory), encoding="ascii")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1"}
    everything = {**os.environ, **environment, "SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m"}
    master = f"spark://127.0.0.1:{port}"
    log = folder / "master.log"
    processes = []

    def start(role: str, *arguments: str, into: Path) -> None:
        command = [
            str(home / "bin" / "spark-class"),
            f"org.apache.spark.deploy.{role}",
            "--host",
            "127.0.0.1",
            *arguments,
        ]
        with into.open("wb") as stream:
            processes.append(subprocess.Popen(command, stdout=stream, stderr=stream, env=everything))

    try:
        start("master.Master", "--port", str(port), "--webui-port", "0", into=log)
        for number in range(_WORKERS):
            work = (
                "--cores",
                "1",
                "--memory",
                memory,
                "--work-dir",
                str(folder / f"work{number}"),
                "--webui-port",
                "0",
            )
            start("worker.Worker", *work, master, into=folder / f"worker{number}.log")
        while log.read_text(encoding="utf-8").count("Registering worker") < _WORKERS:
            assert all(process.poll() is None for process in processes), log.read_text(encoding="utf-8")
            time.sleep(0.2)
        yield master, environment, [process.pid for process in processes]
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(60)
