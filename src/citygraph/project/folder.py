"""A project folder: opened, found or made, with what its files are and what the graph says about itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from citygraph import load, query, validate
from citygraph.config import CONFIG_FILE, Config, read_config
from citygraph.findings import Definition, Finding, definitions
from citygraph.graphs import Part, graph_iri
from citygraph.namespaces import CG, PREFIXES, prefixes_for
from citygraph.new import create_project
from citygraph.rdf import Iri, Literal, Quad
from citygraph.store import Manifest, Snapshot, Snapshots
from citygraph.version import VERSION

if TYPE_CHECKING:
    from citygraph.store.held import HeldVersions

__all__ = ["PARTS", "Progress", "ProjectFolder", "reference_folder", "silent"]

Progress = Callable[[str, int, int], None]
PARTS: Final = (Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)


def reference_folder() -> Path:
    """The project folder of our own graph: inside the installed package, or the repository itself."""
    inside = Path(__file__).parents[1] / "reference"
    return inside if (inside / CONFIG_FILE).is_file() else Path(__file__).parents[3]


class ProjectFolder:
    """One folder with graph.toml, ontology/, data/ and queries/."""

    def __init__(self, config: Config, *, today: date | None = None) -> None:
        """A project with settings already read; `open` reads them.

        Args:
            config: the settings.
            today: the day that dates are held against; the day of the clock unless a test says otherwise.
        """
        self.config = config
        self.folder = config.folder
        self.today = today or datetime.now(tz=UTC).date()
        self.prefixes = prefixes_for(config.base)
        self.snapshots = Snapshots(_build_folder(config.folder))
        # What is asked for other days lies apart, so that it never pushes out a version that was built.
        self.days = Snapshots(self.snapshots.folder / "days")

    @classmethod
    def open(cls, folder: Path | str = ".", *, today: date | None = None) -> Self:
        """The project in `folder`.

        Raises:
            ConfigError: graph.toml is missing or wrong.
        """
        return cls(read_config(Path(folder).resolve()), today=today)

    @classmethod
    def find(cls, start: Path | str = ".") -> Self:
        """The project that `start` lies in; our own reference graph when it lies in none.

        Raises:
            ConfigError: the graph.toml that was found is wrong.
        """
        here = Path(start).resolve()
        for folder in (here, *here.parents):
            if (folder / CONFIG_FILE).is_file():
                return cls.open(folder)
        return cls.open(reference_folder())

    @classmethod
    def new(cls, folder: Path | str, *, base: str = "", title: str = "") -> Self:
        """A new project in `folder`, which must be empty or not exist yet.

        Raises:
            ConfigError: the folder holds something already, or the address is wrong.
            ExportError: the folder cannot be written.
        """
        create_project(Path(folder), reference=reference_folder(), base=base, title=title)
        return cls.open(folder)

    @cached_property
    def held(self) -> HeldVersions | None:
        """The versions on the server that graph.toml names; nothing when the graph lies here.

        Raises:
            ConfigError: the server has no address, or the environment names half a user.
        """
        from citygraph.project.server import held_versions  # noqa: PLC0415  # the HTTP client is needed here alone

        return held_versions(self.config, self.snapshots.folder)

    @property
    def is_reference(self) -> bool:
        """Whether this is the graph that comes with the program."""
        return self.folder == reference_folder().resolve()

    def finding_codes(self) -> dict[str, Definition]:
        """Every finding code of the program, the shapes and the check queries, by code."""
        graphs = load.load_files(self.config).graphs
        codes = dict(definitions())
        codes |= validate.shape_definitions(graphs)
        checks, _ = validate.read_checks(self.folder)
        codes |= {
            each.code: Definition(
                each.code, each.severity, each.title, each.message if each.message.en else each.title, each.fix
            )
            for each in checks
        }
        return dict(sorted(codes.items()))

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Name, time and size of every file that a check reads: another stamp means that one has changed."""
        paths = [*load.find_files(self.folder), *(self.folder / "queries").rglob("*.rq"), self.folder / CONFIG_FILE]
        stats = [(path, path.stat()) for path in paths if path.is_file()]
        return tuple(sorted((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats))

    def is_stale(self, snapshot: Snapshot) -> bool:
        """Whether a file has changed since this version was built."""
        return self.is_stale_against(snapshot.manifest)

    def is_stale_against(self, manifest: Manifest) -> bool:
        """Whether a file has changed since the version with this manifest was built."""
        return dict(manifest.files) != self._hashes()

    def about(self, as_of: date) -> list[Quad]:
        """What the graph says about itself: its name, its licence and its reference date."""
        base, name = Iri(self.config.base), graph_iri(self.config.base, "about")
        day = Literal(as_of.isoformat(), datatype=Iri(PREFIXES["xsd"] + "date"))
        quads = [
            Quad(base, Iri(PREFIXES["rdf"] + "type"), Iri(PREFIXES["void"] + "Dataset"), name),
            Quad(base, Iri(PREFIXES["dct"] + "license"), Iri(self.config.licence), name),
            Quad(base, Iri(CG + "asOf"), day, name),
        ]
        for language, title in self.config.title.to_json().items():
            quads.append(Quad(base, Iri(PREFIXES["dct"] + "title"), Literal(title, language=language), name))
        return quads

    def _hashes(self) -> dict[str, str]:
        paths = load.find_files(self.folder)
        paths += sorted((self.folder / "queries" / "checks").glob("*.rq"))
        return load.hash_files(self.folder, [*paths, self.folder / CONFIG_FILE])

    def _broken_queries(self) -> list[Finding]:
        findings: list[Finding] = []
        for path in sorted((self.folder / "queries").glob("*.rq")):
            problem = query.problem_of(path)
            if problem is not None:
                findings.append(validate.bad_query(problem, path, self.folder))
        return findings


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
    del what, done, total


def _build_folder(folder: Path) -> Path:
    """Beside the data; for the graph inside the installed package, which is no place to write, in the cache."""
    if folder != (Path(__file__).parents[1] / "reference").resolve():
        return folder / "build"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "citygraph" / f"reference-{VERSION}"
