"""Project: opens a folder and offers every verb as a method. The Python API; the one place that knows the order."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from typing import Literal as TypingLiteral

from citygraph import export, load, query, validate
from citygraph.compare import Changes, Version, changes_between
from citygraph.config import CONFIG_FILE, Config, read_config
from citygraph.errors import PublishError, QueryError, SnapshotError
from citygraph.files import write_file
from citygraph.findings import Definition, Finding, Report, definitions, finding
from citygraph.format import Formatted, format_file
from citygraph.graphs import Part, ProjectGraphs, graph_iri
from citygraph.language import LANGUAGES
from citygraph.namespaces import CG, PREFIXES, prefixes_for
from citygraph.new import create_project
from citygraph.query import Answered
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.results import Answer, Solutions
from citygraph.revisions import extract_revision
from citygraph.saved_query import SavedQuery
from citygraph.sparql import read_query
from citygraph.store import Manifest, MemoryStore, Snapshot, SnapshotBuilder, Snapshots
from citygraph.version import VERSION

if TYPE_CHECKING:
    from citygraph.link import ItemSource, Links
    from citygraph.publish import Asked, Edition, Published, Pushed, Score
    from citygraph.reason.explain import Explainer, Explanation

__all__ = ["Build", "Checked", "Memory", "Progress", "Project", "Which", "reference_folder"]

Progress = Callable[[str, int, int], None]
Which: TypeAlias = TypingLiteral["asserted", "inferred", "both"]
_DAYS_KEPT: Final = 20
_PARTS: Final = (Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)
_STAGES: Final = ("load", "shapes", "values", "anchors", "reason", "shapes-inferred", "checks")


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found out, and the graph it found it out about."""

    report: Report
    graphs: ProjectGraphs
    inferred: tuple[Quad, ...]
    as_of: date


class Memory:
    """What one check knew, so that the next one reads and reasons only what has changed."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        from citygraph import reason  # noqa: PLC0415

        self.files: load.Known = {}
        self.closure = reason.Memory()


@dataclass(frozen=True, slots=True)
class Build:
    """The outcome of a build: `snapshot_id` is the version now in use, `new` whether this build made it."""

    report: Report
    snapshot_id: str
    new: bool
    counts: Mapping[str, int]


def reference_folder() -> Path:
    """The project folder of our own graph: inside the installed package, or the repository itself."""
    inside = Path(__file__).parent / "reference"
    return inside if (inside / CONFIG_FILE).is_file() else Path(__file__).parents[2]


class Project:
    """One folder with graph.toml, ontology/, data/ and queries/."""

    def __init__(self, config: Config, *, today: date | None = None) -> None:
        """A project with settings already read; `Project.open` reads them.

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
    def open(cls, folder: Path | str = ".", *, today: date | None = None) -> Project:
        """The project in `folder`.

        Raises:
            ConfigError: graph.toml is missing or wrong.
        """
        return cls(read_config(Path(folder).resolve()), today=today)

    @classmethod
    def find(cls, start: Path | str = ".") -> Project:
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
    def new(cls, folder: Path | str, *, base: str = "", title: str = "") -> Project:
        """A new project in `folder`, which must be empty or not exist yet.

        Raises:
            ConfigError: the folder holds something already, or the address is wrong.
            ExportError: the folder cannot be written.
        """
        create_project(Path(folder), reference=reference_folder(), base=base, title=title)
        return cls.open(folder)

    @property
    def is_reference(self) -> bool:
        """Whether this is the graph that comes with the program."""
        return self.folder == reference_folder().resolve()

    # -- check and build ------------------------------------------------------------------------

    def check(
        self,
        *,
        as_of: date | None = None,
        engine: str | None = None,
        memory: Memory | None = None,
        progress: Progress | None = None,
    ) -> Checked:
        """Everything that can be said about this graph, without keeping anything.

        Shapes run before reasoning, on what people wrote; check queries after it, on what follows. A
        mistake must be found as itself, not as its consequence.

        Args:
            as_of: the reference date; the one in graph.toml, or the latest in the data, without it.
            engine: the reasoning engine; the one in graph.toml without it.
            memory: what the last check knew; only what has changed since is read and reasoned again.
            progress: told of each stage.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        from citygraph import reason  # noqa: PLC0415  # numpy and the rules are needed here alone

        say = progress or _silent
        loaded = load.load_files(self.config, known=memory.files if memory else None)
        graphs = loaded.graphs
        say("shapes", 1, len(_STAGES))
        before = validate.check_shapes(graphs)
        if not graphs.of(Part.SHAPES):
            before.append(finding("missing-shapes", file="ontology"))
        say("values", 2, len(_STAGES))
        before += validate.check_values(graphs, self.config, today=self.today)
        say("anchors", 3, len(_STAGES))
        before += validate.check_anchors(graphs, self.config.sources_folder)
        day = reason.reference_date(self.config, graphs, as_of=as_of, today=self.today)
        before += validate.check_staleness(graphs, self.config, as_of=day)
        say("reason", 4, len(_STAGES))
        closure = memory.closure if memory else None
        inferred = reason.infer(graphs, self.config, as_of=day, engine=engine, memory=closure)
        say("shapes-inferred", 5, len(_STAGES))
        after = validate.check_shapes(graphs, inferred=inferred.quads)
        say("checks", 6, len(_STAGES))
        checks, bad = validate.read_checks(self.folder)
        store = MemoryStore([*graphs.quads(*_PARTS), *self.about(day), *inferred.quads])
        after += validate.run_checks(store, checks, graphs, self.folder)
        bad += self._broken_queries()
        say("done", len(_STAGES), len(_STAGES))
        unasked = {f"missing-{language}-label" for language in set(LANGUAGES) - set(self.config.languages)}
        before = [each for each in before if each.code not in unasked]
        report = Report.of(loaded.findings, before, inferred.findings, after, bad)
        return Checked(report, graphs, inferred.quads, day)

    def build(
        self,
        *,
        as_of: date | None = None,
        engine: str | None = None,
        fresh: bool = False,
        memory: Memory | None = None,
        progress: Progress | None = None,
    ) -> Build:
        """A new version of the graph, in use only when it is whole and has no violation.

        The same files, settings and date give the same version; it is made once.

        Raises:
            SnapshotError: the version cannot be written; the previous one stays in use.
            ReasoningError: the reasoner stopped before it was done.
        """
        snapshot_id = self._snapshot_id(as_of)
        known = None if fresh else self.snapshots.get(snapshot_id)
        if known is not None:
            self.snapshots.use(known.folder)
            report = Report.of(_findings(known))
            return Build(report, snapshot_id, new=False, counts=known.manifest.counts)
        with SnapshotBuilder(self.snapshots.folder) as builder:
            checked = self.check(as_of=as_of, engine=engine, memory=memory, progress=progress)
            if checked.report.violations:
                current = self._current_or_none()
                return Build(checked.report, current.snapshot_id if current else "", new=False, counts={})
            asserted = [*checked.graphs.quads(*_PARTS), *self.about(checked.as_of)]
            manifest = self._manifest(snapshot_id, checked, engine or self.config.engine, asserted)
            folder = builder.seal(
                manifest,
                asserted=list(dict.fromkeys(asserted)),
                inferred=checked.inferred,
                findings=[each.to_json() for each in checked.report],
                replace=fresh,
            )
        self.snapshots.use(folder)
        self.snapshots.prune(self.config.number("store.keep"))
        return Build(checked.report, snapshot_id, new=True, counts=manifest.counts)

    def snapshot(self, *, as_of: date | None = None, progress: Progress | None = None) -> Snapshot:
        """The version in use; with `as_of`, what the same files say about that day.

        Raises:
            SnapshotError: nothing has been built yet.
            ReasoningError: the reasoner stopped before it was done.
        """
        current = self.snapshots.current()
        if current is None:
            message = f"The graph in {self.folder} has not been built yet."
            raise SnapshotError(message, fix="Run: citygraph build")
        if as_of is None or as_of.isoformat() == current.manifest.as_of:
            return current
        snapshot_id = _short_hash({"snapshot": current.snapshot_id, "as_of": as_of.isoformat()})
        return self.days.get(snapshot_id) or self._derive(current, snapshot_id, as_of, progress)

    def _derive(self, current: Snapshot, snapshot_id: str, as_of: date, progress: Progress | None) -> Snapshot:
        """What the files of a version say about another day: a version of its own, kept apart."""
        from citygraph import reason  # noqa: PLC0415

        (progress or _silent)("reason", 0, 1)
        about = graph_iri(self.config.base, "about")
        quads = [quad for quad in current.asserted() if quad.graph_name != about]
        graphs = ProjectGraphs.from_quads(self.config.base, quads)
        inferred = reason.infer(graphs, self.config, as_of=as_of)
        asserted = [*quads, *self.about(as_of)]
        with SnapshotBuilder(self.days.folder) as builder:
            checked = Checked(Report.of(inferred.findings), graphs, inferred.quads, as_of)
            manifest = self._manifest(snapshot_id, checked, self.config.engine, asserted, files=current.manifest.files)
            findings = [each.to_json() for each in checked.report]
            folder = builder.seal(manifest, asserted=asserted, inferred=inferred.quads, findings=findings)
        self.days.prune(_DAYS_KEPT)
        return Snapshot(folder)

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Name, time and size of every file that a check reads: another stamp means that one has changed."""
        paths = [*load.find_files(self.folder), *(self.folder / "queries").rglob("*.rq"), self.folder / CONFIG_FILE]
        stats = [(path, path.stat()) for path in paths if path.is_file()]
        return tuple(sorted((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats))

    def is_stale(self, snapshot: Snapshot) -> bool:
        """Whether a file has changed since this version was built."""
        return dict(snapshot.manifest.files) != self._hashes()

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

    # -- questions --------------------------------------------------------------------------------

    def queries(self) -> list[SavedQuery]:
        """The saved queries, by name.

        Raises:
            QueryError: one of them breaks a rule of its header.
        """
        return query.find_queries(self.folder / "queries")

    def query(
        self,
        name: str,
        values: Mapping[str, str] | None = None,
        *,
        as_of: date | None = None,
        cite: bool = False,
        progress: Progress | None = None,
    ) -> Answered:
        """The answer to a saved query.

        Args:
            name: the name of its file.
            values: what was typed for each parameter.
            as_of: the world on that day; the version's own day without it.
            cite: each row carries its sources, and whether it is stated or derived.
            progress: told when reasoning for another day is needed.

        Raises:
            QueryError: there is no such query, or a parameter is wrong.
            StoreTimeout: the deadline passed.
        """
        saved = query.get_query(self.folder / "queries", name)
        snapshot = self.snapshot(as_of=as_of, progress=progress)
        return query.run_query(
            saved,
            snapshot,
            values=values or {},
            prefixes=self.prefixes,
            asserted_graphs=snapshot.asserted_graphs if cite else None,
            timeout=self.config.number("limits.timeout"),
            most_rows=self.config.number("limits.rows"),
        )

    def sparql(self, text: str, *, as_of: date | None = None, progress: Progress | None = None) -> Answer:
        """The answer to any SPARQL query; the project's prefixes need not be declared.

        Raises:
            QueryError: it is not valid SPARQL, or reaches for the network.
            StoreTimeout: the deadline passed.
        """
        number = self.config.number
        read_query(text, most_characters=number("limits.query_size"), deepest=number("limits.query_depth"))
        snapshot = self.snapshot(as_of=as_of, progress=progress)
        return snapshot.query(
            text, prefixes=self.prefixes, timeout=number("limits.timeout"), most_rows=number("limits.rows")
        )

    def explain(
        self, subject: str, predicate: str, object_: str, *, as_of: date | None = None, every: bool = False
    ) -> Explanation:
        """Why a statement holds on a day, or why it does not, down to files and passages.

        Args:
            subject: a label, slug, CURIE, IRI or Wikidata id.
            predicate: a CURIE, an IRI, a local name or a label.
            object_: as the subject; a text in quotation marks, or one that names nothing, is a literal.
            as_of: the reference date; the project's own without it.
            every: all proofs of which nothing can be left out, not only the shortest.

        Raises:
            QueryError: the subject or the property is not known, or is the name of several.
            ReasoningError: the reasoner stopped before it was done.
        """
        explainer, store = self.explainer(as_of=as_of)
        thing = query.resolve_entity(subject, store, prefixes=self.prefixes)
        property_ = query.resolve_property(predicate, store, prefixes=self.prefixes)
        value = self._value(object_, thing, property_, store)
        return explainer.explain(Triple(thing, property_, value), every=every)

    def explain_row(self, answered: Answered, number: int, *, as_of: date | None = None) -> list[Explanation]:
        """Why each statement behind one row of an answer holds; the rows count from 1.

        Raises:
            QueryError: there is no such row, or it counts several things together.
        """
        explainer, _ = self.explainer(as_of=as_of)
        statements = query.statements_behind(answered, number, self.snapshot(as_of=as_of), prefixes=self.prefixes)
        return [explainer.explain(statement) for statement in statements]

    def explainer(self, *, as_of: date | None = None) -> tuple[Explainer, MemoryStore]:
        """What explains statements of the files as they are, and the graph to look names up in."""
        from citygraph import reason  # noqa: PLC0415
        from citygraph.reason.explain import Explainer  # noqa: PLC0415

        graphs = load.load_files(self.config).graphs
        day = reason.reference_date(self.config, graphs, as_of=as_of, today=self.today)
        return Explainer(graphs, self.config, as_of=day), MemoryStore(graphs.quads(*_PARTS))

    def _value(self, text: str, subject: Iri, property_: Iri, store: MemoryStore) -> Term:
        """The object that is meant: a thing of that name, else the literal the graph has there, else a new one."""
        if not text.startswith('"'):
            try:
                return query.resolve_entity(text, store, prefixes=self.prefixes)
            except QueryError as error:
                if "several" in error.message:
                    raise
        plain = text.strip('"')
        answer = store.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o }", bind={"s": subject, "p": property_})
        there = [row["o"] for row in answer if isinstance(row["o"], Literal)] if isinstance(answer, Solutions) else []
        return next((each for each in there if each.value == plain), Literal(plain))

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
                saved for saved in after.queries() if all(p.default or not p.required for p in saved.parameters)
            ]
            return changes_between(
                _version_of(before, before.check(as_of=day, progress=progress), questions),
                _version_of(after, checked, questions),
                titles={saved.name: saved.title for saved in questions},
            )

    def _side(self, name: str, folder: Path) -> Project:
        """The project in that folder, else this project at that git revision."""
        if (Path(name) / CONFIG_FILE).is_file():
            return Project.open(name, today=self.today)
        extract_revision(self.folder, name, folder)
        return Project.open(folder, today=self.today)

    # -- files ------------------------------------------------------------------------------------

    def quads(self, which: Which = "both", *, as_of: date | None = None) -> list[Quad]:
        """The quads of a version, lexical forms as in the files: `asserted`, `inferred` or `both`."""
        snapshot = self.snapshot(as_of=as_of)
        asserted = snapshot.asserted() if which in {"asserted", "both"} else ()
        inferred = snapshot.inferred() if which in {"inferred", "both"} else ()
        return [*asserted, *inferred]

    def export(self, *, format: str, which: Which = "both", as_of: date | None = None) -> bytes:  # noqa: A002
        """The graph in one RDF format; the same graph gives the same bytes.

        Raises:
            ExportError: there is no such format, or it cannot carry the graph.
        """
        return export.export_bytes(self.quads(which, as_of=as_of), format=format, prefixes=self.prefixes)

    def tables(self, *, which: Which = "both", as_of: date | None = None) -> dict[str, bytes]:
        """A CSV table for each class, by file name."""
        return export.tables_per_class(self.quads(which, as_of=as_of), prefixes=self.prefixes)

    def format(self, paths: Sequence[Path] = (), *, write: bool = True) -> list[Formatted]:
        """The Turtle files (all of them without `paths`) in the project's style; written unless `write` is off.

        Raises:
            ExportError: a file cannot be written.
        """
        chosen = [path.resolve() for path in paths] or [
            path for path in load.find_files(self.folder) if path.suffix == ".ttl"
        ]
        results = [format_file(path, name=self._name(path)) for path in chosen]
        for result in results:
            if write and result.changed:
                write_file(result.path, result.after.encode())
        return results

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)

    # -- publishing -------------------------------------------------------------------------------

    def publish(
        self,
        folder: Path | None,
        *,
        shapes: Path | None = None,
        profile: str = "",
        online: bool = False,
        twice: bool = False,
        progress: Progress | None = None,
    ) -> Published:
        """Everything that an open data portal harvests, in one folder that any web server can show.

        The folder is written beside its place and moved when nothing is wrong with it. Files that
        `publish.internal` in graph.toml names stay: the rest is reasoned over again without them.

        Args:
            folder: where to write; with `None` everything is checked and nothing kept.
            shapes: a file or folder of SHACL shapes that one of the records must pass too.
            profile: the profile that the shapes are for; `dcat-ap-3` without it.
            online: try every address, so that no point is assumed.
            twice: write everything a second time and compare.
            progress: told of each stage.

        Raises:
            PublishError: the folder cannot be written, or holds something else.
            ReasoningError: the reasoner stopped before it was done.
        """
        from citygraph import publish  # noqa: PLC0415  # rdflib and the profiles are needed here alone

        edition, before = self._edition(progress or _silent)
        number = self.config.number

        def ask(saved: SavedQuery) -> Asked | None:
            if saved.code or any(each.required and each.default is None for each in saved.parameters):
                return None
            try:
                answered = query.run_query(
                    saved,
                    edition.store,
                    values={},
                    prefixes=self.prefixes,
                    timeout=number("limits.timeout"),
                    most_rows=number("limits.rows"),
                )
            except QueryError:
                # The default of a parameter may be a thing that the public edition does not have.
                return None
            answer = answered.answer
            return publish.Asked(answer, answered.bound) if isinstance(answer, Solutions) else None

        tools = publish.Tools(
            write=lambda quads, format_, prefixes: export.export_bytes(quads, format=format_, prefixes=prefixes),
            tables=lambda quads: export.tables_per_class(quads, prefixes=self.prefixes),
            ask=ask,
            prefixes=self.prefixes,
        )
        return publish.publish_edition(
            edition,
            folder,
            tools,
            shapes=publish.read_shapes(shapes) if shapes else (),
            shapes_for=profile or "dcat-ap-3",
            links=publish.Links() if online else None,
            twice=twice,
            before=before,
        )

    def check_catalog(
        self, path: Path, *, profile: str = "", shapes: Path | None = None, online: bool = False
    ) -> tuple[Report, Score | None]:
        """What a portal would say about a catalogue in a file, and the quality score when it is of DCAT-AP 3.

        Args:
            path: the catalogue in an RDF format, or a folder that `publish` wrote.
            profile: the name of its profile; without it the name of the file decides.
            shapes: a file or folder of SHACL shapes that it must pass too.
            online: try every address.

        Raises:
            PublishError: it cannot be read.
        """
        from citygraph import publish  # noqa: PLC0415

        return publish.check_catalog(
            path,
            profile=profile,
            base=self.config.base,
            shapes=publish.read_shapes(shapes) if shapes else (),
            links=publish.Links() if online else None,
        )

    def publish_to_ckan(
        self,
        url: str,
        token: str,
        *,
        organization: str = "",
        upload: Path | None = None,
        dry_run: bool = False,
    ) -> Pushed:
        """Make the dataset on a CKAN portal what this graph says.

        Args:
            url: the first page of the portal.
            token: what the portal knows you by.
            organization: the organisation of the portal that owns the dataset.
            upload: a folder that `publish` wrote, whose files are sent; without it the portal links to them.
            dry_run: say what would change, and change nothing.

        Raises:
            PublishError: the graph may not be published, or the portal refused.
        """
        from citygraph import publish  # noqa: PLC0415

        published = self.publish(None)
        if published.report.violations:
            message = f"The catalogue has {len(published.report.violations)} violations."
            raise PublishError(message, fix="See them: citygraph publish check")
        return publish.push_to_ckan(
            published.catalog,
            publish.ckan_client(url, token),
            organization=organization,
            language=self.config.languages[0],
            dry_run=dry_run,
            upload=upload,
        )

    def _edition(self, say: Progress) -> tuple[Edition, list[Finding]]:
        """What may leave, and what forbids it: the violations of the graph itself are among them."""
        from citygraph import publish, reason  # noqa: PLC0415

        checked = self.check(progress=say)
        public, internal, findings = publish.split(checked.graphs, self.config.values["publish.internal"])
        day, inferred = checked.as_of, checked.inferred
        if internal:
            day = reason.reference_date(self.config, public, as_of=None, today=self.today)
            derived = reason.infer(public, self.config, as_of=day)
            inferred, findings = derived.quads, [*findings, *derived.findings]
        asserted = list(dict.fromkeys([*public.quads(*_PARTS), *self.about(day)]))
        edition = publish.Edition(
            config=self.config,
            graphs=public,
            asserted=asserted,
            inferred=inferred,
            store=MemoryStore([*asserted, *inferred]),
            queries=self.queries(),
            as_of=day,
            modified=_last_commit(self.folder, [file.path for file in public.files]) or day,
            internal=internal,
        )
        return edition, [*checked.report.violations, *findings]

    # -- links --------------------------------------------------------------------------------------

    @property
    def links(self) -> Links:
        """The links to Wikidata: suggest, decide, check, compare and offer; made from the files as they are now."""
        from citygraph.link import Links  # noqa: PLC0415  # the HTTP client is needed here alone

        graphs = load.load_files(self.config).graphs
        triples = graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES)
        return Links(self.folder, triples, self.prefixes, base=self.config.base, today=self.today)

    def link_source(self, extract: Path | None = None) -> ItemSource:
        """Where items come from: an extract on disk, else Wikidata, which wants `wikidata.contact` in graph.toml.

        Raises:
            ConfigError: there is no extract and no contact.
            ReconciliationError: the extract cannot be read.
        """
        from citygraph.link import open_source  # noqa: PLC0415

        values = self.config.values
        return open_source(
            extract,
            contact=str(values["wikidata.contact"]),
            api=str(values["wikidata.api"]),
            endpoint=str(values["wikidata.endpoint"]),
            keep=(self.today - self.config.duration("wikidata.keep").before(self.today)).days,
        )

    # -- what a version is made of ------------------------------------------------------------------

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

    def _manifest(
        self,
        snapshot_id: str,
        checked: Checked,
        engine: str,
        asserted: Sequence[Quad],
        files: Mapping[str, str] | None = None,
    ) -> Manifest:
        return Manifest(
            snapshot_id=snapshot_id,
            citygraph_version=VERSION,
            base=self.config.base,
            as_of=checked.as_of.isoformat(),
            engine=engine,
            files=self._hashes() if files is None else files,
            asserted_graphs=sorted({q.graph_name.value for q in asserted if isinstance(q.graph_name, Iri)}),
            inferred_graph=graph_iri(self.config.base, f"inferred/{checked.as_of.isoformat()}").value,
            counts={"asserted": len({quad.triple for quad in asserted}), "inferred": len(checked.inferred)},
            git_commit=_git_commit(self.folder),
        )

    def _hashes(self) -> dict[str, str]:
        paths = load.find_files(self.folder)
        paths += sorted((self.folder / "queries" / "checks").glob("*.rq"))
        return load.hash_files(self.folder, [*paths, self.folder / CONFIG_FILE])

    def _snapshot_id(self, as_of: date | None) -> str:
        return _short_hash({
            "version": VERSION,
            "as_of": as_of.isoformat() if as_of else "",
            "files": self._hashes(),
        })  # fmt: skip

    def _broken_queries(self) -> list[Finding]:
        findings: list[Finding] = []
        for path in sorted((self.folder / "queries").glob("*.rq")):
            problem = query.problem_of(path)
            if problem is not None:
                findings.append(validate.bad_query(problem, path, self.folder))
        return findings

    def _current_or_none(self) -> Snapshot | None:
        try:
            return self.snapshots.current()
        except SnapshotError:
            # The link points to nothing usable; the build that is running replaces it.
            return None


def _version_of(project: Project, checked: Checked, questions: Sequence[SavedQuery]) -> Version:
    """What a comparison needs to know about one side."""
    store = MemoryStore([*checked.graphs.quads(*_PARTS), *project.about(checked.as_of), *checked.inferred])
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
        asserted=frozenset(checked.graphs.triples(*_PARTS)),
        inferred=frozenset(quad.triple for quad in checked.inferred),
        findings=checked.report.findings,
        answers=answers,
    )


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


def _short_hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _findings(snapshot: Snapshot) -> list[Finding]:
    return [Finding.from_json(each) for each in snapshot.findings()]


def _git_commit(folder: Path) -> str:
    """The commit the folder is at, for people; empty outside a git checkout."""
    try:
        command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _last_commit(folder: Path, paths: Sequence[str]) -> date | None:
    """The day of the last commit that changed one of the files; `None` outside a git checkout."""
    known = [path for path in paths if (folder / path).is_file()]
    try:
        command = ["git", "-C", str(folder), "log", "-1", "--format=%cs", "--", *known]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return date.fromisoformat(done.stdout.strip()) if done.returncode == 0 and done.stdout.strip() else None


def _build_folder(folder: Path) -> Path:
    """Beside the data; for the graph inside the installed package, which is no place to write, in the cache."""
    if folder != (Path(__file__).parent / "reference").resolve():
        return folder / "build"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "citygraph" / f"reference-{VERSION}"
