"""The public edition of a graph: split off, written for portals, and shown as a project of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from citygraph import export, query
from citygraph.config import CONFIG_FILE, Config
from citygraph.csv_tables import TableAbout
from citygraph.errors import ConfigError, QueryError
from citygraph.files import git
from citygraph.findings import Finding, Report, finding
from citygraph.graphs import LIFTED, lifted_graph, stated_of_other_times
from citygraph.messages import Text
from citygraph.project.editing import kind_shapes
from citygraph.project.pipeline import Pipeline, reference_folder
from citygraph.project.stages import PARTS, Checked, Progress
from citygraph.publish import Edition, NewFolder, QuestionAnswer, Tools
from citygraph.query import OtherTimes
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery
from citygraph.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITING_SECONDS: Final = 60
"""What a question may take whose answer is written down, when graph.toml allows less: no visitor waits for it."""
# The texts of sources are not ours to pass on, wherever graph.toml says they lie.
_NOWHERE: Final = "no-sources"


def edition_of(pipeline: Pipeline, progress: Progress) -> tuple[Edition, list[Finding]]:
    """What may leave, and what forbids it: the violations of the graph itself are among them.

    Files that `publish.internal` in graph.toml names stay: the rest is reasoned over again without them.

    Raises:
        ReasoningError: the reasoner stopped before it was done.
    """
    checked = pipeline.check(progress=progress)
    config = pipeline.config
    part = pipeline.public_part(checked)
    away = stated_of_other_times(part.lifted, config.base)
    stated = (quad for quad in part.graphs.quads(*PARTS) if quad.triple not in away)
    asserted = list(dict.fromkeys([*stated, *pipeline.about(part.as_of)]))
    modified, dated = last_change(pipeline.folder, [file.path for file in part.graphs.files], today=pipeline.today)
    edition = Edition(
        config=config,
        graphs=part.graphs,
        asserted=asserted,
        inferred=part.inferred,
        store=MemoryStore([*asserted, *part.inferred], apart=part.lifted),
        lifted=part.lifted,
        queries=query.find_queries(pipeline.folder / "queries", hidden=config.internal),
        as_of=part.as_of,
        modified=modified,
        internal=part.internal,
        dated=dated,
    )
    shallow = (
        [finding("publish-shallow", value=modified.isoformat(), day=modified.isoformat())] if dated == "shallow" else []
    )
    return edition, [*checked.report.violations, *part.findings, *shallow]


def tools_for(
    edition: Edition, prefixes: Mapping[str, str], site: Callable[[NewFolder], Iterable[Finding]] | None
) -> Tools:
    """What `publish` borrows from other verbs: writing RDF, tables, and answers to the saved questions."""
    about = TableAbout(Text(), licence=edition.config.licence, day=edition.as_of.isoformat())
    return Tools(
        write=lambda quads, format_, prefixes, into: export.write_graph(quads, into, format=format_, prefixes=prefixes),
        tables=lambda quads: export.class_tables(quads, prefixes=prefixes, about=about),
        ask=lambda saved: _answer_of(saved, edition, prefixes),
        prefixes=prefixes,
        site=site,
        kinds=kind_shapes(edition.graphs, reference_folder()),
    )


def _answer_of(saved: SavedQuery, edition: Edition, prefixes: Mapping[str, str]) -> QuestionAnswer | None:
    """The answer to a question that needs no value; nothing to one that asks others: an edition is this graph alone."""
    if saved.code or saved.federates or any(each.required and each.default is None for each in saved.parameters):
        return None
    number = edition.config.number
    try:
        answered = query.run_query(
            saved,
            edition.store,
            values={},
            prefixes=prefixes,
            timeout=max(number("limits.timeout"), WRITING_SECONDS),
            most_rows=number("limits.rows"),
            times=OtherTimes(edition.as_of.isoformat(), [lifted_graph(edition.config.base, kind) for kind in LIFTED]),
        )
    except QueryError:
        # The default of a parameter may be a thing that the public edition does not have.
        return None
    shown, account = answered.shown(), answered.account
    if not isinstance(shown, Solutions):
        return None
    if account is None:
        return QuestionAnswer(shown, answered.bound)
    return QuestionAnswer(shown, answered.bound, account.words, account.to_json(prefixes))


@contextmanager
def public_copy(edition: Edition, *, today: date) -> Iterator[Config]:
    """The settings of a built project in a folder of its own, which holds what may leave and nothing else.

    Nothing is reasoned over a second time, and the folder is gone afterwards.

    Args:
        edition: its public files, what follows from them, and the saved queries.
        today: the day that dates are held against.

    Raises:
        SnapshotError: the version cannot be written.
    """
    origin = edition.config.folder
    with tempfile.TemporaryDirectory(prefix="citygraph-public-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # What was read and checked, not what lies there by now.
        texts = {file.path: file.text for file in edition.graphs.files}
        texts |= {f"queries/{each.name}.rq": each.text for each in edition.queries}
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())
        shutil.copyfile(origin / CONFIG_FILE, folder / CONFIG_FILE)
        seconds = max(edition.config.number("limits.timeout"), WRITING_SECONDS)
        changed = {"publish.internal": (), "sources.folder": _NOWHERE, "limits.timeout": seconds}
        config = replace(edition.config, folder=folder, values=MappingProxyType({**edition.config.values, **changed}))
        checked = Checked(Report.of(), edition.graphs, tuple(edition.inferred), edition.as_of, tuple(edition.lifted))
        Pipeline(config, today=today).use_checked(checked, commit_of=origin)
        yield config


def last_change(
    folder: Path, paths: Sequence[str], *, today: date
) -> tuple[date, Literal["commit", "shallow", "today"]]:
    """The day of the last commit that changed one of the files, and how it is known.

    In a shallow clone the first commit there seems to have made every file: they were changed that day
    or before. Outside of a git checkout it is today.
    """
    known = [path for path in paths if (folder / path).is_file()]
    try:
        said = (git(folder, "log", "-1", "--format=%cs %P", "--", *known) or b"").decode().split()
        if not said:
            return today, "today"
        cut = len(said) == 1 and (git(folder, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true"
    except ConfigError:
        return today, "today"
    return date.fromisoformat(said[0]), "shallow" if cut else "commit"
