"""Project: one folder, and every verb of the program as a method. The Python API."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias
from typing import Literal as TypingLiteral

from citygraph import load, query
from citygraph.config import CONFIG_FILE, Config, read_config
from citygraph.errors import ConfigError, PublishError, QueryError
from citygraph.findings import Definition, Finding, Report
from citygraph.graphs import Part
from citygraph.messages import sentence
from citygraph.namespaces import BASE, prefixes_for
from citygraph.project import asking
from citygraph.project.pipeline import Build, Memory, Pipeline, reference_folder
from citygraph.project.stages import Checked, Progress, silent
from citygraph.query import OtherTimes
from citygraph.rdf import Quad
from citygraph.results import Answer
from citygraph.saved_query import SavedQuery
from citygraph.sparql.text import read_query
from citygraph.store import Manifest, MemoryStore, Snapshot, Snapshots

if TYPE_CHECKING:
    from citygraph.compare import Changes
    from citygraph.format import Formatted
    from citygraph.http import Policy
    from citygraph.ingest.run import Ingested
    from citygraph.link import ItemSource, Links
    from citygraph.new import Upgrade
    from citygraph.project.editing import Edits
    from citygraph.publish import NewFolder, Published, Pushed, Score
    from citygraph.query import Answered
    from citygraph.query.federate import Federation
    from citygraph.reason.proof.explain import Explainer
    from citygraph.reason.proof.words import Explanation
    from citygraph.store.server.versions import HeldVersions
    from citygraph.store.transfer import Moved, VersionInfo

Which: TypeAlias = TypingLiteral["asserted", "inferred", "both", "kinds"]

# Modules that load an engine or an HTTP client are imported by the method that needs them, so that a question of a
# graph that is built starts at once.


class Project:
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
        self._pipeline = Pipeline(config, today=self.today)

    # -- the folder -------------------------------------------------------------------------------

    @classmethod
    def open(cls, folder: Path | str = ".", *, today: date | None = None, edition: str = "internal") -> Self:
        """The project in `folder`, as it is seen in an edition; a ConfigError when graph.toml is missing or wrong."""
        return cls(read_config(Path(folder).resolve()).in_edition(edition), today=today)

    def in_edition(self, edition: str) -> Self:
        """The same project without its internal files (`public`: what may leave), or with them (`internal`)."""
        return self if edition == self.config.edition else type(self)(self.config.in_edition(edition), today=self.today)

    @classmethod
    def find(cls, start: Path | str = ".", *, or_reference: bool = True) -> Self:
        """The project that `start` lies in; when it lies in none, our own reference graph if `or_reference` is set.

        Raises:
            ConfigError: there is none, or the graph.toml that was found is wrong.
        """
        here = Path(start).resolve()
        for folder in (here, *here.parents):
            if (folder / CONFIG_FILE).is_file():
                return cls.open(folder)
        if not or_reference:
            raise ConfigError(sentence("project.none", folder=here), fix=sentence("project.none_next"))
        return cls.open(reference_folder())

    @classmethod
    def new(cls, folder: Path | str, *, base: str = "", title: str = "", example: bool = False) -> Self:
        """A new project in `folder`, which must be empty or not exist yet; with an `example` that is made up, or empty.

        Raises:
            ConfigError: the folder holds something already, or the address is wrong.
            ExportError: the folder cannot be written.
        """
        from citygraph.new import create_project  # noqa: PLC0415

        create_project(Path(folder), reference=reference_folder(), base=base, title=title, example=example)
        return cls.open(folder)

    def upgrade(self, *, service: str = "", take: Sequence[str] = (), write: bool = True) -> Upgrade:
        """What the program gave this project, brought to what it gives now; for arguments and errors see `new.upgrade`."""
        from citygraph.new import upgrade  # noqa: PLC0415

        return upgrade(self.folder, reference=reference_folder(), service=service, take=take, write=write)

    @property
    def is_reference(self) -> bool:
        """Whether this is the graph that comes with the program."""
        return self.folder == reference_folder().resolve()

    def finding_codes(self) -> dict[str, Definition]:
        """Every finding code of the program, the shapes and the check queries, by code."""
        return asking.finding_codes(self.config)

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Name, time and size of every file that a check reads: another stamp means that one has changed."""
        return load.stamp_of(self.config)

    def format(self, paths: Sequence[Path] = (), *, write: bool = True) -> list[Formatted]:
        """The Turtle files (all of them without `paths`) in the project's style; written unless `write` is off.

        Raises:
            EditError: somebody else has changed a file meanwhile; none is written.
            ExportError: a file cannot be written; all are as they were.
        """
        from citygraph.format import format_file, write_formatted  # noqa: PLC0415

        turtle = (path for path in load.find_files(self.folder) if path.suffix == ".ttl")
        chosen, here = [each.resolve() for each in paths] or turtle, f"{self.folder.as_posix()}/"
        results = [format_file(path, name=path.as_posix().removeprefix(here)) for path in chosen]
        if write:
            write_formatted(results, self.folder)
        return results

    # -- check and build --------------------------------------------------------------------------

    def check(
        self,
        *,
        as_of: date | None = None,
        engine: str | None = None,
        memory: Memory | None = None,
        progress: Progress | None = None,
    ) -> Checked:
        """Everything that can be said about this graph, without keeping anything.

        Args:
            as_of: the reference date; the one in graph.toml, or today, without it.
            engine: the reasoning engine; the one in graph.toml without it.
            memory: what the last check knew; only what has changed since is read and reasoned again.
            progress: told of each stage.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        checked, _ = self._pipeline.check_editions(as_of=as_of, engine=engine, memory=memory, progress=progress)
        return checked

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

        The same files, settings and date give the same version; it is made once, unless `fresh` is set.

        Raises:
            SnapshotError: the version cannot be written; the previous one stays in use.
            StoreError: the server that graph.toml names failed; the previous version stays in use there too.
            ReasoningError: the reasoner stopped before it was done.
        """
        return self._pipeline.build(as_of=as_of, engine=engine, fresh=fresh, memory=memory, progress=progress)

    # -- versions ---------------------------------------------------------------------------------

    @property
    def snapshots(self) -> Snapshots:
        """The versions that were built on this machine."""
        return self._pipeline.snapshots

    @property
    def days(self) -> Snapshots:
        """What versions say about other days than their own, as far as it was asked for."""
        return self._pipeline.days

    @property
    def held(self) -> HeldVersions | None:
        """The versions on the server that graph.toml names; nothing when the graph lies here.

        Raises:
            ConfigError: the server has no address, or the environment names half a user.
        """
        return self._pipeline.held

    def current(self) -> Snapshot | None:
        """The version in use; nothing before the first build."""
        return self._pipeline.current()

    def snapshot(self, *, as_of: date | None = None, progress: Progress | None = None) -> Snapshot:
        """The version in use; with `as_of`, what the same files say about that day.

        Raises:
            SnapshotError: nothing has been built yet.
            ReasoningError: the reasoner stopped before it was done.
        """
        return self._pipeline.snapshot(as_of=as_of, progress=progress)

    def day(self, snapshot: Snapshot, as_of: date) -> Snapshot | None:
        """What the files of a version say about a day, when that was worked out before."""
        return self._pipeline.day(snapshot, as_of)

    def is_stale(self, snapshot: Snapshot) -> bool:
        """Whether a file has changed since this version was built."""
        return self.is_stale_against(snapshot.manifest)

    def is_stale_against(self, manifest: Manifest) -> bool:
        """Whether a file has changed since the version with this manifest was built."""
        return self._pipeline.is_stale_against(manifest)

    def push_snapshot(
        self, mirror: Path, *, snapshot_id: str = "", edition: str = "public", progress: Progress | None = None
    ) -> Moved:
        """Put a version into the folder `mirror`, in use there from now on; as many as `store.keep` says stay there.

        Args:
            mirror: the folder; made when it is not there.
            snapshot_id: which version; the one in use without it.
            edition: what may leave, or with `internal` everything.
            progress: told of the bytes.

        Raises:
            SnapshotError: there is no such version of that edition, or the mirror is of another graph or cannot be
                written.
        """
        from citygraph.store.mirror import MirrorFolder  # noqa: PLC0415  # needed here alone, as below
        from citygraph.store.transfer import push  # noqa: PLC0415

        version = self._pipeline.in_edition(edition).version(snapshot_id)
        keep = self.config.number("store.keep")
        return push(version, MirrorFolder(mirror), keep=keep, told=progress or silent)

    def pull_snapshot(
        self, mirror: str | Path, *, snapshot_id: str = "", fresh: bool = False, progress: Progress | None = None
    ) -> Moved:
        """Bring a version from a mirror and put it to use when all of it is here; a running server picks it up.

        Args:
            mirror: a folder, or the address (http or https) at which a file server shows it.
            snapshot_id: which version; the one in use there without it.
            fresh: bring it also when a version of that name is here.
            progress: told of the bytes.

        Raises:
            SnapshotError: it is not there, is of another graph, is damaged or too large; the version in use stays.
        """
        from citygraph.store.mirror import open_mirror  # noqa: PLC0415
        from citygraph.store.transfer import pull  # noqa: PLC0415

        before = self._pipeline.current_or_none()
        moved, folder = pull(
            open_mirror(mirror), self.snapshots, base=self.config.base, most_bytes=self.config.number("limits.snapshot"),
            told=progress or silent, snapshot_id=snapshot_id, fresh=fresh,
        )  # fmt: skip
        self._pipeline.put_to_use(Snapshot(folder))
        return replace(moved, new=before is None or before.snapshot_id != moved.snapshot_id)

    def use_snapshot(self, snapshot_id: str) -> Manifest:
        """Put a version on this machine to use until the next build; a SnapshotError when it is not there whole."""
        return self._pipeline.choose(snapshot_id).manifest

    def versions(self, mirror: str | Path | None = None) -> list[VersionInfo]:
        """The versions in a mirror, or without one those that are here; the newest last.

        Raises:
            SnapshotError: the mirror is not there, or cannot be read.
        """
        from citygraph.store.transfer import versions_here, versions_there  # noqa: PLC0415

        if mirror is not None:
            from citygraph.store.mirror import open_mirror  # noqa: PLC0415

            return versions_there(open_mirror(mirror))
        current = self._pipeline.current_or_none()
        return versions_here(self.snapshots, in_use=current.snapshot_id if current else "")

    # -- ask and explain --------------------------------------------------------------------------

    def queries(self) -> list[SavedQuery]:
        """The saved queries, by name.

        Raises:
            QueryError: one of them breaks a rule of its header.
        """
        return self._pipeline.shown(query.find_queries(self.folder / "queries", hidden=self.config.hidden))

    def question(self, name: str) -> SavedQuery:
        """The saved query of that name; for errors see `queries`."""
        for saved in self._pipeline.shown([query.get_query(self.folder / "queries", name, hidden=self.config.hidden)]):
            return saved
        raise QueryError(sentence("question.unknown", name=name), fix=sentence("next.all_questions"))

    def query(
        self,
        name: str,
        values: Mapping[str, str] | None = None,
        *,
        as_of: date | None = None,
        cite: bool = False,
        extract: Path | None = None,
        ask_others: bool = True,
        snapshot: Snapshot | None = None,
        progress: Progress | None = None,
    ) -> Answered:
        """The answer to a saved query.

        Args:
            name: the name of its file.
            values: what was typed for each parameter.
            as_of: the world on that day; the version's own day without it.
            cite: each row carries its sources, and whether it is stated or derived.
            extract: a file that answers in place of Wikidata when the question needs it.
            ask_others: whether the question may ask the server that its header names.
            snapshot: the version to ask; the one in use, on the day `as_of`, without it.
            progress: told when reasoning for another day is needed.

        Raises:
            QueryError: there is no such query, or a parameter is wrong.
            ConfigError: the question needs another server that may not be asked.
            StoreTimeout: the deadline passed.
            StoreError: another server that the question needs does not answer.
        """
        saved = self.question(name)
        snapshot = snapshot or self.snapshot(as_of=as_of, progress=progress)
        return query.run_query(
            saved,
            snapshot,
            values=values or {},
            prefixes=self.prefixes,
            asserted_graphs=snapshot.asserted_graphs if cite else None,
            timeout=self.config.number("limits.timeout"),
            most_rows=self.config.number("limits.rows"),
            federation=self.federation(extract) if ask_others and saved.federates else None,
            times=OtherTimes(snapshot.manifest.as_of, snapshot.lifted_graphs),
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

    def federation(self, extract: Path | None = None) -> Federation:
        """Whom saved questions may ask: Wikidata, or an extract of it, and the endpoints that graph.toml lists."""
        return asking.federation_of(self.config, self.policy(), extract)

    def policy(self) -> Policy:
        """How servers of others are asked, and for how long their answers are used again."""
        return asking.policy_of(self.config, today=self.today)

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
        statement = asking.meant(subject, predicate, object_, store, prefixes=self.prefixes)
        return explainer.explain(statement, every=every)

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
        return asking.explainer_of(self._pipeline, as_of=as_of)

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
            before = asking.state_named(old, self._pipeline, into=Path(temporary) / "old")
            after = asking.state_named(new, self._pipeline, into=Path(temporary) / "new") if new else self._pipeline
            return asking.compare_states(before, after, as_of=as_of, progress=progress)

    # -- give and take ----------------------------------------------------------------------------

    def quads(self, which: Which = "both", *, as_of: date | None = None) -> list[Quad]:
        """The quads of a version, lexical forms as in the files.

        `asserted` is all that the files state, `inferred` what was derived for the day, and `both` what holds on it; `kinds`
        are the kinds of facts as SHACL shapes, of the files as they are.
        """
        if which == "kinds":
            return self.edits.shapes
        snapshot = self.snapshot(as_of=as_of)
        return [*(snapshot.stated() if which == "asserted" else snapshot.of_day(inferred_alone=which == "inferred"))]

    def export(
        self, *, format: str, which: Which = "both", as_of: date | None = None, edition: str = "public",  # noqa: A002
    ) -> bytes:  # fmt: skip
        """The graph in one RDF format, of what may leave unless told otherwise; the same graph gives the same bytes.

        Raises:
            ExportError: there is no such format, or it cannot carry the graph.
            SnapshotError: this edition has not been built.
        """
        from citygraph.export import export_bytes  # noqa: PLC0415

        quads = self.in_edition(edition).quads(which, as_of=as_of)
        prefixes = self.prefixes if which != "kinds" else {**self.prefixes, "kind": f"{BASE}kinds#"}
        return export_bytes(quads, format=format, prefixes=prefixes)

    def tables(self, *, which: Which = "both", as_of: date | None = None, edition: str = "public") -> dict[str, bytes]:
        """A CSV table for each class, by file name, of what may leave; of everything in the edition `internal`."""
        from citygraph.export import tables_per_class  # noqa: PLC0415

        return tables_per_class(self.in_edition(edition).quads(which, as_of=as_of), prefixes=self.prefixes)

    def publish(  # noqa: PLR0913  # one argument for each thing that a caller decides
        self, folder: Path | None, *, shapes: Path | None = None, profile: str = "", online: bool = False, twice: bool = False,
        prune: bool = False, plan: bool = False, allow_removal: bool = False,
        site: Callable[[Self, NewFolder, Progress], Iterable[Finding]] | None = None, progress: Progress | None = None,
    ) -> Published:  # fmt: skip
        """Everything that an open data portal harvests, in one folder that any web server can show.

        The folder is written beside its place and moved when nothing is wrong with it; of what stands there, only the
        files that its checksums name are replaced or removed. Internal files do not leave.

        Args:
            folder: where to write; with `None` everything is checked and nothing kept.
            shapes: a file or folder of SHACL shapes that one of the records must pass too.
            profile: the profile that the shapes are for; `dcat-ap-3` without it.
            online: try every address, so that no point is assumed.
            twice: write everything a second time and compare.
            prune: remove what no run wrote into the folder, but for `.git`; the outcome names it.
            plan: write nothing, and say what would become of the folder; see `Published.plan`.
            allow_removal: go on when portals would delete datasets.
            site: writes the pages for people; it is given the public edition as a project of its own.
            progress: told of each stage.

        Raises:
            PublishError: the folder cannot be written, something is in the way, or portals would delete datasets.
            ReasoningError: the reasoner stopped before it was done.
        """
        from citygraph import publish  # noqa: PLC0415
        from citygraph.project.publishing import edition_of, public_copy, tools_for  # noqa: PLC0415

        say = progress or silent
        edition, before = edition_of(self._pipeline.in_edition("internal"), say)

        def write_site(new_folder: NewFolder) -> Iterable[Finding]:
            with public_copy(edition, today=self.today) as config:
                return list(site(type(self)(config, today=self.today), new_folder, say)) if site else []

        return publish.publish_edition(
            edition,
            folder,
            tools_for(edition, self.prefixes, write_site if site else None),
            shapes={profile or "dcat-ap-3": publish.read_shapes(shapes)} if shapes else None,
            links=publish.LinkCheck() if online else None,
            twice=twice,
            placement=publish.Placement(prune, plan, allow_removal),
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
            links=publish.LinkCheck() if online else None,
        )

    def publish_to_ckan(
        self, url: str, token: str, *, organization: str = "", upload: Path | None = None, dry_run: bool = False,
        allow_removal: bool = False,
    ) -> tuple[Pushed, ...]:  # fmt: skip
        """Make the datasets on a CKAN portal what this graph says; what was done with each, the graph first.

        Args:
            url: the first page of the portal.
            token: what the portal knows you by.
            organization: the organisation of the portal that owns the datasets.
            upload: a folder that `publish` wrote, whose files are sent, with its dates; without it the portal links to them.
            dry_run: say what would change, and change nothing.
            allow_removal: delete datasets of ours that the catalogue no longer has; without it they stop the push.

        Raises:
            PublishError: the graph may not be published, or the portal refused.
        """
        from citygraph import publish  # noqa: PLC0415

        published = self.publish(upload if upload and (upload / "SHA256SUMS").is_file() else None, plan=True)
        if published.report.violations:
            message = sentence("project.catalog_violations", count=len(published.report.violations))
            raise PublishError(message, fix=sentence("project.publish_check"))
        catalog, client = published.catalog, publish.ckan_client(url, token)
        return publish.push_to_ckan(
            catalog, client, organization=organization, dry_run=dry_run, allow_removal=allow_removal, upload=upload
        )

    @property
    def edits(self) -> Edits:
        """Edits of facts: plan, check, and write what breaks no rule."""
        from citygraph.project import editing  # noqa: PLC0415

        kept = asking.KeptChecks(self._pipeline)
        return editing.Edits(
            self.config, lambda instead: kept.check(instead).report,
            reference=reference_folder(), today=self.today, compare=kept.changes,
        )  # fmt: skip

    @property
    def links(self) -> Links:
        """The links to Wikidata: suggest, decide, check, compare and offer; made from the files as they are now."""
        from citygraph.link import Links  # noqa: PLC0415

        triples = load.load_files(self.config).graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES)
        return Links(self.folder, triples, self.prefixes, base=self.config.base, today=self.today)

    def link_source(self, extract: Path | None = None) -> ItemSource:
        """Where items come from: an extract on disk, else Wikidata, which wants `wikidata.contact` in graph.toml.

        Raises:
            ConfigError: there is no extract and no contact.
            ReconciliationError: the extract cannot be read.
        """
        from citygraph.link import open_source  # noqa: PLC0415

        api, endpoint = (str(self.config.values[key]) for key in ("wikidata.api", "wikidata.endpoint"))
        return open_source(extract, policy=self.policy(), api=api, endpoint=endpoint)

    def ingest(
        self, path: Path, *, map_file: Path, report: Path | None = None, review: Path | None = None,
        delimiter: str = ",", language: str = "en", dry_run: bool = False,
    ) -> Ingested:  # fmt: skip
        """Take one edition of a membership list into files of its own; no other file is touched.

        Args:
            path: the list, CSV or XLSX.
            map_file: what its columns mean.
            report: where the report goes; beside the data without it.
            review: the questions and the decisions; beside the data without it.
            delimiter: of the two tables.
            language: of reasons and notes in them.
            dry_run: write the report and the review, if they are named, and nothing else.

        Raises:
            IngestError: the list or the map cannot be used, or a file of this edition was changed by hand.
            ExportError: a file cannot be written.
        """
        from citygraph.ingest.run import ingest_list  # noqa: PLC0415

        return ingest_list(
            self.config, load.load_files(self.config).graphs, path, map_file=map_file, report=report, review=review, delimiter=delimiter,
            language=language, dry_run=dry_run,
        )  # fmt: skip
