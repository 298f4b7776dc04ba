"""Two states of a project held against each other: folders, or revisions of its git repository."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from citygraph import query
from citygraph.compare import Changes, State, changes_between
from citygraph.config import CONFIG_FILE, read_config
from citygraph.errors import QueryError
from citygraph.files import extract_revision
from citygraph.namespaces import prefixes_for
from citygraph.project.pipeline import PARTS, Checked, Pipeline, Progress
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery
from citygraph.store import MemoryStore

__all__ = ["compare_states", "state_named"]


def state_named(name: str, pipeline: Pipeline, *, into: Path) -> Pipeline:
    """The project in the folder `name`, else the project of `pipeline` at that git revision, written to `into`.

    Raises:
        ConfigError: it is neither a folder with a project nor a revision.
    """
    if not (Path(name) / CONFIG_FILE).is_file():
        extract_revision(pipeline.folder, name, into)
        return Pipeline(read_config(into.resolve()), today=pipeline.today)
    return Pipeline(read_config(Path(name).resolve()), today=pipeline.today)


def compare_states(before: Pipeline, after: Pipeline, *, as_of: date | None, progress: Progress | None) -> Changes:
    """What changed; the questions are those of `after`, and both are seen on the same day.

    Raises:
        QueryError: a saved query breaks a rule of its header.
    """
    checked = after.check(as_of=as_of, progress=progress)
    day = as_of or checked.as_of
    questions = [
        saved
        for saved in query.find_queries(after.folder / "queries")
        # What another server says is no change of ours.
        if saved.federates is None and all(p.default or not p.required for p in saved.parameters)
    ]
    return changes_between(
        _state_of(before, before.check(as_of=day, progress=progress), questions),
        _state_of(after, checked, questions),
        titles={saved.name: saved.title for saved in questions},
    )


def _state_of(pipeline: Pipeline, checked: Checked, questions: Sequence[SavedQuery]) -> State:
    store = MemoryStore([*checked.graphs.quads(*PARTS), *pipeline.about(checked.as_of), *checked.inferred])
    answers: dict[str, Solutions] = {}
    for saved in questions:
        try:
            answered = query.run_query(saved, store, values={}, prefixes=prefixes_for(pipeline.config.base))
        except QueryError:
            # The default of a parameter may be a thing that this side does not have: then it has no answer.
            continue
        if isinstance(answered.answer, Solutions):
            answers[saved.name] = answered.answer
    return State(
        asserted=frozenset(checked.graphs.triples(*PARTS)),
        inferred=frozenset(quad.triple for quad in checked.inferred),
        findings=checked.report.findings,
        answers=answers,
    )
