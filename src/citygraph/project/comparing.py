"""Two versions of the project held against each other."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Self

from citygraph import query
from citygraph.compare import Changes, Version, changes_between
from citygraph.config import CONFIG_FILE
from citygraph.errors import QueryError
from citygraph.files import extract_revision
from citygraph.project.asking import Asking
from citygraph.project.building import Checked
from citygraph.project.folder import PARTS, Progress, ProjectFolder
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery
from citygraph.store import MemoryStore

__all__ = ["Comparing"]


class Comparing(Asking):
    """A project that can be compared with another state of it."""

    def compare(
        self, old: str, new: str = "", *, as_of: date | None = None, progress: Progress | None = None
    ) -> Changes:
        """What changed from `old` to `new`; each a project folder or a git revision of this project.

        Without `new` it is this project as it is now. The questions are those of the newer side, and
        both sides are seen on the same day.

        Raises:
            ConfigError: one of them is neither a folder nor a revision.
        """
        with tempfile.TemporaryDirectory(prefix="citygraph-") as temporary:
            before = self._side(old, Path(temporary) / "old")
            after = self._side(new, Path(temporary) / "new") if new else self
            checked = after.check(as_of=as_of, progress=progress)
            day = as_of or checked.as_of
            questions = [
                saved
                for saved in after.queries()
                # What another server says is no change of ours.
                if saved.federates is None and all(p.default or not p.required for p in saved.parameters)
            ]
            return changes_between(
                _version_of(before, before.check(as_of=day, progress=progress), questions),
                _version_of(after, checked, questions),
                titles={saved.name: saved.title for saved in questions},
            )

    def _side(self, name: str, folder: Path) -> Self:
        """The project in that folder, else this project at that git revision."""
        if (Path(name) / CONFIG_FILE).is_file():
            return type(self).open(name, today=self.today)
        extract_revision(self.folder, name, folder)
        return type(self).open(folder, today=self.today)


def _version_of(project: ProjectFolder, checked: Checked, questions: Sequence[SavedQuery]) -> Version:
    """What a comparison needs to know about one side."""
    store = MemoryStore([*checked.graphs.quads(*PARTS), *project.about(checked.as_of), *checked.inferred])
    answers: dict[str, Solutions] = {}
    for saved in questions:
        try:
            answered = query.run_query(saved, store, values={}, prefixes=project.prefixes)
        except QueryError:
            # The default of a parameter may be a thing that this side does not have: then it has no answer.
            continue
        if isinstance(answered.answer, Solutions):
            answers[saved.name] = answered.answer
    return Version(
        asserted=frozenset(checked.graphs.triples(*PARTS)),
        inferred=frozenset(quad.triple for quad in checked.inferred),
        findings=checked.report.findings,
        answers=answers,
    )
