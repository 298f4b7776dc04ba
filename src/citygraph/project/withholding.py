"""Where the name of somebody who is withheld still lies: versions and days here, edits that can be undone, mirrors, published folders."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citygraph import load
from citygraph.errors import SnapshotError
from citygraph.graphs import Part
from citygraph.matching.withheld import NameSearch
from citygraph.messages import reason_of, sentence
from citygraph.namespaces import CG
from citygraph.rdf import Iri, Literal
from citygraph.store.mirror import INDEX, MirrorFolder
from citygraph.store.snapshot import ASSERTED_FILE, FINDINGS_FILE, INFERRED_FILE, LIFTED_FILE, MANIFEST_FILE, PUBLIC

if TYPE_CHECKING:
    from citygraph.messages import Sentence
    from citygraph.project.project import Project
    from citygraph.store.mirror import Listed

_SINCE, _HASH = Iri(CG + "withheldSince"), Iri(CG + "sha256")
_OF_VERSION: Final = (ASSERTED_FILE, INFERRED_FILE, LIFTED_FILE, FINDINGS_FILE)
"""What of a version is looked at: its store and its directory hold the same."""
_CHECKSUMS: Final = "SHA256SUMS"
_SITE: Final = "search/index.json"
"""Only a folder with pages has it."""
_GIT: Final = frozenset({".git"})
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class WithheldPlace:
    """A place that holds the name of somebody who is withheld, or held it.

    Attributes:
        kind: version, day, edit, mirror, published, document or file.
        place: the folder or file; of a mirror with the version in it.
        next: what to do about it; empty when it is clean by now.
        is_cleaned: whether it was cleaned.
    """

    kind: str
    place: str
    next: Sentence | str = ""
    is_cleaned: bool = False

    def to_json(self) -> dict[str, object]:
        """The same for programs, in both languages."""
        return {"kind": self.kind, "place": self.place, "next": _both(self.next), "cleaned": self.is_cleaned}


def _both(said: Sentence | str) -> dict[str, str] | None:
    return {"nb": getattr(said, "nb", str(said)), "en": str(said)} if said else None


class WithheldSearch:
    """Looks for the names of those whom the files of a project withhold, and cleans what holds them."""

    def __init__(self, project: Project, publish: Callable[[Path, bool], bool]) -> None:
        """A search by the hashes that the files have now (`cg:sha256`).

        Args:
            project: the project.
            publish: writes a published folder again, with or without the pages for people; whether it could.
        """
        self._project, self._publish = project, publish
        quads = list(load.load_files(project.config).graphs.quads(Part.DATA))
        people = {quad.subject for quad in quads if quad.predicate == _SINCE}
        self.people = len(people)
        self.hashes = frozenset(
            quad.object.value
            for quad in quads
            if quad.subject in people and quad.predicate == _HASH and isinstance(quad.object, Literal)
        )
        self._search = NameSearch(self.hashes)

    def find(self, places: Sequence[Path] = (), *, clean: bool = False) -> list[WithheldPlace]:
        """Every place that holds a name: what is built here, then mirrors, published and other folders.

        Args:
            places: mirrors, and folders that were published or copied.
            clean: build when the version in use holds a name; remove old versions, days and edits that do; push to the
                mirrors and drop there what does; publish again. What nobody can make again stays, and is told.

        Raises:
            SnapshotError: a mirror cannot be read or written.
            PublishError: a folder cannot be published again.
            OSError: a file cannot be read or removed.
        """
        if not self.hashes:
            return []
        if clean and self._holds(self._current()):
            self._project.build()
        found = [*self._here(clean=clean), *self._documents()]
        for place in places:
            found += self._elsewhere(place, clean=clean)
        return found

    # -- what is built here -------------------------------------------------------------------------

    def _current(self) -> Path | None:
        current = self._project.snapshots.link
        return current.resolve() if current.exists() else None

    def _holds(self, version: Path | None) -> bool:
        """Whether a version holds a name."""
        files = (version / name for name in _OF_VERSION) if version is not None else ()
        return any(path.is_file() and self._search.in_file(path) for path in files)

    def _here(self, *, clean: bool) -> Iterator[WithheldPlace]:
        built = self._project.snapshots.folder
        for kind, folder in (("version", built), ("day", self._project.days.folder)):
            in_use = {path.resolve() for path in folder.iterdir() if path.is_symlink()} if folder.is_dir() else set()
            for version in _folders(folder):
                if (version / ASSERTED_FILE).is_file() and self._holds(version):
                    stays = version.resolve() in in_use
                    if clean and not stays:
                        shutil.rmtree(version)
                    next_ = sentence("withheld.next_build") if stays else _AGAIN
                    yield _place(kind, version, next_, is_cleaned=clean and not stays)
        # Edits that can be undone, and what was dropped there and waits.
        for path in _files(built / "desk"):
            if self._search.in_file(path):
                if clean:
                    path.unlink()
                yield _place("edit", path, _AGAIN, is_cleaned=clean)
        # What a pull that was broken off left.
        for path in sorted(built.glob(".*.tar*")):
            if path.is_file() and not path.is_symlink() and self._search.in_file(path):
                if clean:
                    path.unlink()
                yield _place("file", path, _AGAIN, is_cleaned=clean)

    def _documents(self) -> Iterator[WithheldPlace]:
        """The texts of documents: what they say is not ours to change."""
        folder = self._project.config.sources_folder
        for name in self._search.in_folder(folder) if folder.is_dir() else ():
            yield _place("document", folder / name, sentence("withheld.next_document"))

    # -- mirrors and folders ------------------------------------------------------------------------

    def _elsewhere(self, place: Path, *, clean: bool) -> Iterator[WithheldPlace]:
        if (place / INDEX).is_file():
            yield from self._mirror(place, clean=clean)
        elif (place / _CHECKSUMS).is_file():
            yield from self._published(place, clean=clean)
        elif place.is_dir():
            yield from self._copies(place)
        else:
            raise SnapshotError(sentence("withheld.no_folder", place=place), fix=sentence("withheld.next_folder"))

    def _mirror(self, place: Path, *, clean: bool) -> Iterator[WithheldPlace]:
        mirror = MirrorFolder(place)
        editions = {each.snapshot_id: self._edition(each, place) for each in mirror.index().snapshots}
        held = {name: edition for name, edition in editions.items() if edition is not None}
        left = set(held)
        if clean and held:
            current = mirror.index().current
            if current in held:
                self._project.push_snapshot(place, edition=held[current] or PUBLIC)
            with mirror.changing():
                index = mirror.index()
                # The one in use stays when nothing newer is built than what holds the name.
                kept = tuple(
                    each
                    for each in index.snapshots
                    if each.snapshot_id not in held or each.snapshot_id == index.current
                )
                mirror.put_index(replace(index, snapshots=kept))
            left &= {each.snapshot_id for each in kept}
        for name in held:
            next_ = sentence("withheld.next_push", place=place) if name in left else ""
            yield WithheldPlace("mirror", f"{place}: {name}", next_, name not in left)

    def _edition(self, listed: Listed, place: Path) -> str | None:
        """The edition of a version in a mirror that holds a name; `None` when it holds none, or is no longer there."""
        if listed.list_size:
            return "" if any(self._search.in_folder(place / "objects")) else None
        path, edition, holds = place / listed.archive.path, "", False
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    if file is not None and member.name == MANIFEST_FILE:
                        edition = str(json.loads(file.read()).get("edition", ""))
                    elif file is not None and member.name in _OF_VERSION:
                        holds = holds or self._search.in_lines(file)
        except FileNotFoundError:
            return None
        except (tarfile.TarError, ValueError) as error:
            message = sentence(
                "snapshots.damaged", path=path, why=reason_of(error) if isinstance(error, OSError) else str(error)
            )
            raise SnapshotError(message, fix=sentence("snapshots.push_again")) from error
        return edition if holds else None

    def _published(self, place: Path, *, clean: bool) -> Iterator[WithheldPlace]:
        held, has_site = list(self._search.in_folder(place, besides=_GIT)), (place / _SITE).is_file()
        if not held:
            return
        if clean and self._publish(place, has_site):
            left = list(self._copies(place))
            yield from left or [WithheldPlace("published", _some(place, held), is_cleaned=True)]
            return
        next_ = sentence("withheld.next_publish", place=place, option=" --site" if has_site else "")
        yield WithheldPlace("published", _some(place, held), next_)

    def _copies(self, place: Path) -> Iterator[WithheldPlace]:
        for name in self._search.in_folder(place, besides=_GIT):
            yield _place("file", place / name, sentence("withheld.next_file"))


_AGAIN: Final = sentence("withheld.next_clean")


def _place(kind: str, path: Path, next_: Sentence | str, *, is_cleaned: bool = False) -> WithheldPlace:
    return WithheldPlace(kind, str(path), "" if is_cleaned else next_, is_cleaned)


def _some(place: Path, names: Sequence[str]) -> str:
    more = ", …" if len(names) > _SHOWN else ""
    return f"{place}: {', '.join(names[:_SHOWN])}{more}"


def _folders(folder: Path) -> list[Path]:
    return (
        sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()) if folder.is_dir() else []
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
