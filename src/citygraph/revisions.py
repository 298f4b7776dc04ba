"""A project as it was in a git revision: its files in a folder of their own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Final

from citygraph.errors import ConfigError
from citygraph.files import write_file

__all__ = ["extract_revision"]

_WANTED: Final = ("graph.toml", "ontology", "data", "queries")
_MOST_LINKS: Final = 10


def extract_revision(project: Path, revision: str, target: Path) -> None:
    """Write the project's files as of `revision` into `target`.

    Raises:
        ConfigError: the project is not in a git checkout, the revision is not known there, or a file of it is a link
            to something that is no file of the revision.
        ExportError: a file cannot be written.
    """
    commit = _git(
        project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", revision=revision
    )
    name = commit.decode().strip()
    # Inside a sub-folder `git archive` gives that sub-folder alone, which is the project.
    archive = _git(project, "archive", "--format=tar", name, revision=revision)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        # Not `extractall`: how it treats names that lead elsewhere depends on the patch of Python (3.11.4).
        members = {normpath(member.name): member for member in tar.getmembers() if not member.isdir()}
        for path in members:
            if path.split("/")[0] in _WANTED:
                write_file(target / path, _content(tar, members, path, revision))


def _content(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], path: str, revision: str) -> bytes:
    """The bytes of a file, or of the one that a link leads to."""
    place = path
    for _ in range(_MOST_LINKS):
        member = members.get(place)
        if member is None or not member.issym():
            break
        place = normpath(join(dirname(place), member.linkname))
    file = tar.extractfile(member) if member is not None and member.isreg() else None
    if file is None:
        message = f"{path} in {revision!r} is a link to {place}, which is no file of that revision."
        raise ConfigError(message, fix="Put the file itself there, or compare two folders.")
    return file.read()


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
