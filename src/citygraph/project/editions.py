"""The public edition of a graph that was checked: what may leave, worked out from the public files alone, and its leaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from citygraph import query
from citygraph.config import CONFIG_FILE, Config
from citygraph.errors import QueryError
from citygraph.findings import Finding
from citygraph.graphs import FileGraph, ProjectGraphs
from citygraph.namespaces import prefixes_for
from citygraph.rdf import Quad
from citygraph.saved_query import SavedQuery


@dataclass(frozen=True, slots=True)
class PublicPart:
    """The graph without its internal files, and what follows from the rest alone; what is wrong with the patterns.

    `questions` are those that are not internal, as they were read.
    """

    graphs: ProjectGraphs
    inferred: tuple[Quad, ...]
    as_of: date
    internal: tuple[FileGraph, ...] = ()
    findings: tuple[Finding, ...] = ()
    questions: tuple[SavedQuery, ...] = ()
    lifted: tuple[Quad, ...] = ()
    """What does not hold on the day, see `graphs.LIFTED`."""


def split_off(graphs: ProjectGraphs, config: Config) -> tuple[ProjectGraphs, tuple[FileGraph, ...], list[Finding]]:
    """The public files of a project, its internal ones, and what is wrong with the patterns; see `publish.split`."""
    from citygraph.publish.edition import split  # noqa: PLC0415  # few projects have internal files

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
    if not part.internal:
        return []
    from citygraph.publish.edition import find_leaks, secrets_of  # noqa: PLC0415  # few projects have internal files

    secrets = secrets_of(part.internal, part.graphs.files, prefixes=prefixes_for(config.base))
    texts = [(f"queries/{each.name}.rq", each.text.encode()) for each in part.questions if each.publish]
    texts.append((CONFIG_FILE, " ".join(config.title.to_json().values()).encode()))
    return find_leaks(secrets, (*part.inferred, *part.lifted), texts)


def public_questions(config: Config) -> tuple[SavedQuery, ...]:
    """The questions that are not internal; none when one is broken, which a check says."""
    try:
        return tuple(query.find_queries(config.folder / "queries", hidden=config.internal))
    except QueryError:
        return ()
