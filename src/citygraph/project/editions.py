"""The public edition of a graph that was checked: what may leave, worked out from the public files alone, and its leaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from citygraph import query
from citygraph.config import CONFIG_FILE, Config
from citygraph.errors import QueryError
from citygraph.findings import Finding
from citygraph.graphs import FileGraph, ProjectGraphs
from citygraph.namespaces import prefixes_for
from citygraph.publish.edition import find_leaks, secrets_of, split
from citygraph.rdf import Quad


@dataclass(frozen=True, slots=True)
class PublicPart:
    """The graph without its internal files, and what follows from the rest alone; what is wrong with the patterns."""

    graphs: ProjectGraphs
    inferred: tuple[Quad, ...]
    as_of: date
    internal: tuple[FileGraph, ...]
    findings: tuple[Finding, ...]


def split_off(graphs: ProjectGraphs, config: Config) -> tuple[ProjectGraphs, tuple[FileGraph, ...], list[Finding]]:
    """The public files of a project, its internal ones, and what is wrong with the patterns; see `publish.split`."""
    return split(graphs, config.internal, others=_other_files(config))


def _other_files(config: Config) -> list[str]:
    """The files that patterns may name beside those of the graph: questions, texts of sources, the list of places."""
    folder = config.folder
    paths = [*folder.glob("queries/**/*.rq"), *config.sources_folder.rglob("*")]
    paths.append(folder / str(config.values["reconcile.targets"]))
    return sorted(
        path.relative_to(folder).as_posix() for path in paths if path.is_file() and path.is_relative_to(folder)
    )


def leaks_of(part: PublicPart, config: Config) -> list[Finding]:
    """What the public edition gives away of the internal files in spite of all: by what follows, or in a question."""
    secrets = secrets_of(part.internal, part.graphs.files, prefixes=prefixes_for(config.base))
    return find_leaks(secrets, part.inferred, _public_texts(config)) if part.internal else []


def _public_texts(config: Config) -> Iterable[tuple[str, bytes]]:
    try:
        questions = query.find_queries(config.folder / "queries", hidden=config.internal)
    except QueryError:
        # One is broken, which the check says.
        questions = []
    yield from ((f"queries/{each.name}.rq", each.text.encode()) for each in questions if each.publish)
    yield CONFIG_FILE, " ".join(config.title.to_json().values()).encode()
