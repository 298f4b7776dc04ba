"""Check and build of the reference graph, each stage, and the start of the command line."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.report import Section, milliseconds, paired, ratio
from citygraph import Project, reason
from citygraph import load as loading
from citygraph.as_of import reading_day
from citygraph.store import MemoryStore
from citygraph.validate import check_anchors, check_shapes, check_staleness, check_values, read_checks, run_checks

ROOT = Path(__file__).parents[1]


def measure() -> Iterator[Section]:
    """The sections about the pipeline."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("ontology", "data", "queries"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "graph.toml", folder)
        yield _stages(folder)
        yield _commands(folder)


def _stages(folder: Path) -> Section:
    project = Project.open(folder)
    graphs = loading.load_files(project.config).graphs
    day = reading_day(project.config.as_of, today=project.today)
    inferred = reason.infer(graphs, project.config, as_of=day)
    checks, _ = read_checks(folder)
    store = MemoryStore([*graphs.quads(), *inferred.quads])
    stages: dict[str, Callable[[], object]] = {
        "load": lambda: loading.load_files(project.config),
        "validate: shapes before reasoning": lambda: check_shapes(graphs),
        "validate: values": lambda: check_values(graphs, project.config, today=project.today),
        "validate: anchors": lambda: check_anchors(graphs, project.config.sources_folder),
        "validate: staleness": lambda: check_staleness(graphs, inferred.on_day.statuses, as_of=day),
        "reason (columnar)": lambda: reason.infer(graphs, project.config, as_of=day, engine="columnar"),
        "validate: shapes after reasoning": lambda: check_shapes(graphs, inferred=inferred.quads),
        "validate: check queries": lambda: run_checks(store, checks, graphs, folder),
        "check, all of it": project.check,
        "build, all of it": lambda: project.build(fresh=True),
        "build, nothing changed": project.build,
    }
    times = paired(*stages.values())
    section = Section(
        "pipeline-stages",
        "The reference graph, stage by stage",
        f"{len(set(graphs.triples())):,} statements in {len(graphs.files)} files, {len(inferred.quads):,} derived.",
        ("stage", "median"),
        [(name, milliseconds(found)) for name, found in zip(stages, times, strict=True)],
    )
    slow, fast = paired(
        lambda: reason.infer(graphs, project.config, as_of=day, engine="owlrl"),
        lambda: reason.infer(graphs, project.config, as_of=day, engine="columnar"),
        runs=3,
    )
    section.notes.append(
        f"Reasoning with owlrl, the reference, takes {milliseconds(slow)}: {ratio(slow, fast)} times as long, "
        "its own process included."
    )
    return section


def _commands(folder: Path) -> Section:
    def command(*arguments: str) -> Callable[[], object]:
        words = [sys.executable, *arguments]
        return lambda: subprocess.run(words, cwd=folder, capture_output=True, check=True)

    commands = {
        "python -c pass": command("-c", "pass"),
        "citygraph --version": command("-m", "citygraph", "--version"),
        "citygraph --help": command("-m", "citygraph", "--help"),
        "citygraph query norwegian-participants": command("-m", "citygraph", "query", "norwegian-participants"),
        "citygraph query norwegian-participants --cite": command(
            "-m", "citygraph", "query", "norwegian-participants", "--cite"
        ),
        "citygraph check": command("-m", "citygraph", "check", "--quiet"),
    }
    Project.open(folder).build()
    times = paired(*commands.values())
    bare = times[0]
    return Section(
        "pipeline-commands",
        "Start of the command line",
        "Each command in a process of its own, on a graph that is built; beside it how many times longer than bare Python.",
        ("command", "median", "times bare Python"),
        [(f"`{name}`", milliseconds(found), ratio(found, bare)) for name, found in zip(commands, times, strict=True)],
    )
