"""The public edition as a project of its own: a folder without the internal files, built, and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from citygraph.config import CONFIG_FILE
from citygraph.findings import Report
from citygraph.project.building import Building, Checked

if TYPE_CHECKING:
    from citygraph.publish import Edition

__all__ = ["WRITING_SECONDS", "public_copy"]

WRITING_SECONDS: Final = 60
"""What a question may take whose answer is written down, when graph.toml allows less: no visitor waits for it."""

_AnyProject = TypeVar("_AnyProject", bound=Building)
# The texts of sources are not ours to pass on, wherever graph.toml says they lie.
_NOWHERE: Final = "no-sources"


@contextmanager
def public_copy(project: _AnyProject, edition: Edition) -> Iterator[_AnyProject]:
    """A project that holds what may leave and nothing else; nothing is reasoned over a second time.

    Args:
        project: the project that the edition is of.
        edition: its public files, what follows from them, and the saved queries.

    Raises:
        SnapshotError: the version cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="citygraph-public-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for path in (CONFIG_FILE, *(file.path for file in edition.graphs.files)):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(project.folder / path, folder / path)
        if (project.folder / "queries").is_dir():
            shutil.copytree(project.folder / "queries", folder / "queries")
        seconds = max(project.config.number("limits.timeout"), WRITING_SECONDS)
        changed = {"publish.internal": (), "sources.folder": _NOWHERE, "limits.timeout": seconds}
        values = {**project.config.values, **changed}
        config = replace(project.config, folder=folder, values=MappingProxyType(values))
        public = type(project)(config, today=project.today)
        checked = Checked(Report.of(), edition.graphs, tuple(edition.inferred), edition.as_of)
        public.use_checked(checked, asserted=edition.asserted, commit_of=project.folder)
        yield public
