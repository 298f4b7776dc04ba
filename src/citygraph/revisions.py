"""A project as it was in a git revision: its files in a folder of their own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from citygraph.errors import ConfigError

__all__ = ["extract_revision"]

_WANTED = ("graph.toml", "ontology", "data", "queries")


def extract_revision(project: Path, revision: str, target: Path) -> None:
    """Write the project's files as of `revision` into `target`.

    Raises:
        ConfigError: the project is not in a git checkout, or the revision is not known there.
    """
    commit = _git(
        project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", revision=revision
    )
    name = commit.decode().strip()
    # Inside a sub-folder `git archive` gives that sub-folder alone, which is the project.
    archive = _git(project, "archive", "--format=tar", name, revision=revision)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = [member for member in tar.getmembers() if member.name.split("/")[0] in _WANTED]
        tar.extractall(target, members=members, filter="data")


def _git(folder: Path, *arguments: str, revision: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, timeout=120)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"git cannot be asked about {revision!r}: {error}."
        raise ConfigError(message, fix="Install git, or name two folders instead of revisions.") from error
    if done.returncode:
        message = f"{revision!r} is neither a folder nor a revision of {folder}."
        raise ConfigError(message, fix="Name a project folder, or a git revision such as HEAD~1.")
    return done.stdout
