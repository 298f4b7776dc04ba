"""The order of the stages: load, check, derive, seal; and the versions of the graph that come out of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from citygraph import load, query
from citygraph.as_of import reading_day
from citygraph.config import CONFIG_FILE, Config, check_terms
from citygraph.errors import ConfigError, SnapshotError
from citygraph.files import git
from citygraph.findings import Finding, Report, finding
from citygraph.graphs import (
    LIFTED,
    Part,
    ProjectGraphs,
    graph_iri,
    is_internal,
    lifted_graph,
    path_of_graph,
)
from citygraph.messages import LANGUAGES, sentence
from citygraph.namespaces import CG, PREFIXES
from citygraph.project.stages import PARTS, Checked, Progress, collected_afterwards, silent
from citygraph.rdf import Iri, Literal, Quad
from citygraph.saved_query import SavedQuery, query_files
from citygraph.store import Manifest, MemoryStore, Snapshot, SnapshotBuilder, Snapshots
from citygraph.store.snapshot import INTERNAL, PUBLIC
from citygraph.version import __version__

if TYPE_CHECKING:
    from citygraph.project.editions import PublicPart
    from citygraph.store.server.versions import HeldVersions


_DAYS_KEPT: Final = 20
_STAGES: Final = ("load", "shapes", "values", "anchors", "reason", "shapes-inferred", "checks")


def reference_folder() -> Path:
    """The project folder of our own graph: inside the installed package, or the repository itself."""
    inside = Path(__file__).parents[1] / "reference"
    return inside if (inside / CONFIG_FILE).is_file() else Path(__file__).parents[3]


class Memory:
    """What one check knew, so that the next one reads and reasons only what has changed."""

    def __init__(self) -> None:
        """A memory of no file and no closure: the first check with it reads and derives everything."""
        from citygraph import reason  # noqa: PLC0415

        self.files: load.Known = {}
        self.closure, self.public = reason.ClosureMemory().lasting(), reason.ClosureMemory().lasting()


@dataclass(frozen=True, slots=True)
class Build:
    """The outcome of a build: `snapshot_id` is the version now in use, `new` whether this build made it."""

    report: Report
    snapshot_id: str
    new: bool
    counts: Mapping[str, int]


class Pipeline:
    """One project folder on its way from files to versions: what `check`, `build` and other days share."""

    def __init__(self, config: Config, *, today: date) -> None:
        """A pipeline over the folder of `config`; `today` is the day that dates in the data are held against."""
        self.config, self.folder, self.today = config, config.folder, today
        # There is a link of its own for the public edition as long as it differs from the whole.
        links = (PUBLIC, "current") if config.edition == PUBLIC else ("current",)
        self.snapshots = Snapshots(_build_folder(config.folder), links=links)
        self._public = Snapshots(self.snapshots.folder, links=(PUBLIC,))
        # What is asked for other days lies apart, so that it never pushes out a version that was built.
        self.days = Snapshots(self.snapshots.folder / "days", links=(config.edition,))

    @cached_property
    def held(self) -> HeldVersions | None:
        """The versions on the server that graph.toml names; nothing when the graph lies here.

        A server has what may leave: with internal files it is the public edition alone that is there.

        Raises:
            ConfigError: the server has no address, or the environment names half a user.
        """
        if self.config.values["store.engine"] != "remote" or (self.config.internal and not self.config.hidden):
            return None
        from citygraph.store.server.versions import held_versions  # noqa: PLC0415  # the HTTP client is needed here alone

        return held_versions(self.config, self.snapshots.folder)

    @property
    def reading_day(self) -> date:
        """The day that answers hold for unless one is asked for: the one that graph.toml pins, else today."""
        return reading_day(self.config.as_of, today=self.today)

    def in_edition(self, edition: str) -> Pipeline:
        """The same project with what is seen in an edition, `public` or `internal`.

        Raises:
            ConfigError: there is no such edition.
        """
        return self if edition == self.config.edition else Pipeline(self.config.in_edition(edition), today=self.today)

    @collected_afterwards()
    def check(
        self,
        *,
        as_of: date | None = None,
        engine: str | None = None,
        memory: Memory | None = None,
        progress: Progress | None = None,
        instead: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Checked:
        """Everything that can be said about this graph, without keeping anything.

        Shapes run before reasoning, on what people wrote; check queries after it, on what follows. A
        mistake must be found as itself, not as its consequence.

        Args:
            as_of: the reference date; the one in graph.toml, or today, without it.
            engine: the reasoning engine; the one in graph.toml without it.
            memory: what the last check knew; only what has changed since is read and reasoned again.
            progress: told of each stage.
            instead: what files are to hold that an edit would write, by their paths.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        from citygraph import migrate, reason, validate  # noqa: PLC0415  # a question of a built graph needs none of them

        say = progress or silent
        loaded = load.load_files(self.config, known=memory.files if memory else None, instead=instead)
        graphs = loaded.graphs
        say("shapes", 1, len(_STAGES))
        # One store for all that is asked: first what is written, then with what follows from it.
        store = MemoryStore()
        store.state(graphs.triples(*PARTS))
        before = validate.check_shapes(graphs, store=store)
        if not graphs.of(Part.SHAPES):
            before.append(finding("missing-shapes", file="ontology"))
        say("values", 2, len(_STAGES))
        before += validate.check_values(graphs, self.config, today=self.today)
        meant = validate.check_meaning(graphs)
        before = validate.say_once(before, meant=meant, words=validate.check_terms_used(graphs), graphs=graphs)
        before += migrate.old_words(graphs, self.folder, reference_folder() / "ontology")
        say("anchors", 3, len(_STAGES))
        before += validate.check_anchors(graphs, self.config.sources_folder)
        day = as_of or self.reading_day
        say("reason", 4, len(_STAGES))
        closure = memory.closure if memory else None
        inferred = reason.infer(graphs, self.config, as_of=day, engine=engine, memory=closure)
        before += validate.check_staleness(graphs, inferred.on_day.statuses, as_of=day)
        say("shapes-inferred", 5, len(_STAGES))
        away = inferred.on_day.withheld
        store.retract(away)
        store.state(quad.triple for quad in inferred.quads)
        after = validate.check_shapes(graphs, inferred=inferred.quads, away=away, store=store)
        say("checks", 6, len(_STAGES))
        checks, bad = validate.read_checks(self.folder)
        store.state(triple for triple in graphs.triples(*PARTS) if triple in away)
        store.state(quad.triple for quad in self.about(day))
        if any(validate.names_graphs(check) for check in checks):
            store.load([*graphs.quads(*PARTS), *self.about(day), *inferred.quads])
        after += validate.run_checks(store, checks, graphs, self.folder)
        bad += self._broken_queries()
        say("done", len(_STAGES), len(_STAGES))
        unasked = {f"missing-{language}-label" for language in set(LANGUAGES) - set(self.config.languages)}
        before = [each for each in before if each.code not in unasked]
        standing = validate.settle(
            [*before, *inferred.findings, *after],
            graphs,
            checks=[each.code for each in checks],
            inferred=inferred.quads,
            meant=meant,
            other_day=as_of is not None,
        )
        report = Report.of(check_terms(self.config, "publisher", "publish"), loaded.findings, standing, bad)
        return Checked(report, graphs, inferred.quads, day, inferred.lifted)

    def public_part(
        self, checked: Checked, *, as_of: date | None = None, engine: str | None = None, memory: Memory | None = None
    ) -> PublicPart:
        """What may leave of a graph that was checked, reasoned over again without its internal files.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        from citygraph import reason  # noqa: PLC0415
        from citygraph.project.editions import PublicPart, public_questions, split_off  # noqa: PLC0415

        if not self.config.internal or self.config.hidden:
            return PublicPart(checked.graphs, checked.inferred, checked.as_of, lifted=checked.lifted)
        public, internal, findings = split_off(checked.graphs, self.config)
        day = as_of or self.reading_day
        closure = memory.public if memory else None
        derived = reason.infer(public, self.config, as_of=day, engine=engine, memory=closure)
        questions = public_questions(self.config)
        found = (*findings, *derived.findings)
        return PublicPart(public, derived.quads, day, internal, found, questions, derived.lifted)

    def check_editions(
        self,
        *,
        as_of: date | None = None,
        engine: str | None = None,
        memory: Memory | None = None,
        progress: Progress | None = None,
    ) -> tuple[Checked, PublicPart]:
        """The graph as `check` gives it, and its public edition; what is wrong with that is in the report of the graph.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        checked = self.check(as_of=as_of, engine=engine, memory=memory, progress=progress)
        part = self.public_part(checked, as_of=as_of, engine=engine, memory=memory)
        if part.internal or part.findings:
            from citygraph.project.editions import leaks_of  # noqa: PLC0415  # few projects have internal files

            checked = replace(checked, report=Report.of(checked.report, part.findings, leaks_of(part, self.config)))
        return checked, part

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
            StoreError: the server that graph.toml names failed; the previous version stays in use there too.
            ReasoningError: the reasoner stopped before it was done.
        """
        if self.config.edition != INTERNAL:
            whole_graph = self.in_edition(INTERNAL)
            return whole_graph.build(as_of=as_of, engine=engine, fresh=fresh, memory=memory, progress=progress)
        passed = False
        try:
            built = self._build(as_of=as_of, engine=engine, fresh=fresh, memory=memory, progress=progress)
            passed = not built.report.violations
        finally:
            self.snapshots.note_build(ok=passed)
        return built

    @collected_afterwards()
    def _build(
        self, *, as_of: date | None, engine: str | None, fresh: bool, memory: Memory | None, progress: Progress | None
    ) -> Build:
        public = self.in_edition(PUBLIC)
        day, pinned = as_of or self.reading_day, bool(as_of or self.config.as_of)
        snapshot_id, public_id = self.version_id(day, pinned=pinned), public.version_id(day, pinned=pinned)
        found = [self.snapshots.get(each) for each in (snapshot_id, public_id)]
        # One whose store is gone makes way for the new one of its name.
        fresh = fresh or any(each is not None and not each.is_whole for each in found)
        known, known_public = found if not fresh else (None, None)
        server = self.held or public.held
        if server is not None:
            server.ready()
        if known is not None and known_public is not None:
            self._use(known, known_public, server, progress=progress)
            return Build(Report.of(_findings(known)), snapshot_id, new=False, counts=known.manifest.counts)
        # Begun before anything is worked out, so that a disk that cannot be written is told at once.
        with (
            SnapshotBuilder(self.snapshots.folder) as builder,
            SnapshotBuilder(self.snapshots.folder) as public_builder,
        ):
            checked, part = self.check_editions(as_of=day, engine=engine, memory=memory, progress=progress)
            if checked.report.violations:
                current = self.current_or_none()
                return Build(checked.report, current.snapshot_id if current else "", new=False, counts={})
            whole = shown = self.seal(builder, checked, snapshot_id, engine, fresh=fresh, pinned=pinned)
            if self.config.internal:
                shown = public.seal_public(public_builder, part, public_id, engine, fresh=fresh, pinned=pinned)
        self._use(whole, shown, server, fresh=fresh, progress=progress)
        return Build(checked.report, snapshot_id, new=True, counts=whole.manifest.counts)

    def seal_public(
        self,
        builder: SnapshotBuilder,
        part: PublicPart,
        snapshot_id: str,
        engine: str | None,
        *,
        fresh: bool,
        pinned: bool,
    ) -> Snapshot:
        """The public edition as a sealed version, not in use yet, with the questions that were looked at.

        Raises:
            SnapshotError: it cannot be written.
        """
        checked = Checked(Report.of(part.findings), part.graphs, part.inferred, part.as_of, part.lifted)
        questions = {each.name: _text_hash(each.text) for each in part.questions}
        return self.seal(builder, checked, snapshot_id, engine, fresh=fresh, pinned=pinned, questions=questions)

    def seal(  # what a version is made of
        self, builder: SnapshotBuilder, checked: Checked, snapshot_id: str, engine: str | None, *, fresh: bool,
        pinned: bool = True, questions: Mapping[str, str] = MappingProxyType({}), commit_of: Path | None = None,
    ) -> Snapshot:  # fmt: skip
        """A graph that was checked as a sealed version, not in use yet; its own folder's commit is named, or another's.

        Raises:
            SnapshotError: it cannot be written.
        """
        asserted = list(dict.fromkeys([*checked.stated(), *self.about(checked.as_of)]))
        manifest = self._manifest(snapshot_id, checked, engine or self.config.engine, asserted)
        if commit_of is not None:
            manifest = replace(manifest, git_commit=_git_commit(commit_of))
        return Snapshot(
            builder.seal(
                replace(manifest, questions=questions, pinned=pinned),
                asserted=asserted,
                inferred=checked.inferred,
                lifted=checked.lifted,
                findings=[each.to_json() for each in checked.report],
                replace=fresh,
            )
        )

    def use_checked(self, checked: Checked, *, commit_of: Path) -> None:
        """Put a graph into use that was checked elsewhere, such as the public edition.

        Args:
            checked: the graph with what follows from it.
            commit_of: the folder whose git commit is named.

        Raises:
            SnapshotError: the version cannot be written.
        """
        snapshot_id, engine = self.version_id(checked.as_of, pinned=True), self.config.engine
        with SnapshotBuilder(self.snapshots.folder) as builder:
            version = self.seal(builder, checked, snapshot_id, engine, fresh=False, commit_of=commit_of)
        self.snapshots.use(version.folder)

    def _use(
        self, whole: Snapshot, public: Snapshot, server: HeldVersions | None, *, fresh: bool = False, progress: Progress | None = None
    ) -> None:  # fmt: skip
        """Switch to a sealed version, on the server first: the links here never run ahead of it."""
        keep, is_one = self.config.number("store.keep"), public.snapshot_id == whole.snapshot_id
        if server is not None:
            server.use(public, fresh=fresh, progress=progress)
        if not is_one:
            self._public.use(public.folder)
        self.snapshots.use(whole.folder)
        if is_one:
            self._public.link.unlink(missing_ok=True)
        self.snapshots.prune(keep if is_one else 2 * keep)
        if server is not None:
            server.prune(keep)

    def snapshot(self, *, as_of: date | None = None, progress: Progress | None = None) -> Snapshot:
        """What the files of the version in use say about a day: the one that it was built for, if that was said, else today.

        Raises:
            SnapshotError: nothing has been built yet.
            ReasoningError: the reasoner stopped before it was done.
        """
        current = self.current()
        if current is None:
            key = "project.public_not_built" if self.config.edition == PUBLIC else "project.not_built"
            message = sentence(key, folder=self.folder)
            here = self.folder != reference_folder().resolve() or Path.cwd().is_relative_to(self.folder)
            raise SnapshotError(message, fix=sentence("project.build", option="" if here else " --reference"))
        if as_of is None:
            # A server elsewhere has what was built, and no other day.
            as_of = self.reading_day if not current.manifest.pinned and self.held is None else None
        if as_of is None or as_of.isoformat() == current.manifest.as_of:
            return current
        return self.day(current, as_of) or self._derive(current, _day_id(current, as_of), as_of, progress)

    def day(self, snapshot: Snapshot, as_of: date) -> Snapshot | None:
        """What the files of a version say about a day, when that was worked out before."""
        return snapshot if as_of.isoformat() == snapshot.manifest.as_of else self.days.get(_day_id(snapshot, as_of))

    @collected_afterwards()
    def _derive(self, current: Snapshot, snapshot_id: str, as_of: date, progress: Progress | None) -> Snapshot:
        """What the files of a version say about another day: a version of its own, kept apart."""
        from citygraph import reason  # noqa: PLC0415

        (progress or silent)("reason", 0, 1)
        # What did not hold on the day of the build may hold on this one; which file states it, the version does not say.
        ever, elsewhere = lifted_graph(self.config.base, LIFTED[0]), graph_iri(self.config.base, "data/of-other-times")
        quads = [
            Quad(q.subject, q.predicate, q.object, elsewhere) if q.graph_name == ever else q
            for q in current.stated()
            if q.graph_name != graph_iri(self.config.base, "about")
        ]
        graphs = ProjectGraphs.from_quads(self.config.base, quads)
        inferred = reason.infer(graphs, self.config, as_of=as_of)
        checked = Checked(Report.of(inferred.findings), graphs, inferred.quads, as_of, inferred.lifted)
        asserted = [*checked.stated(), *self.about(as_of)]
        with SnapshotBuilder(self.days.folder) as builder:
            manifest = self._manifest(snapshot_id, checked, self.config.engine, asserted, files=current.manifest.files)
            findings = [each.to_json() for each in checked.report]
            folder = builder.seal(
                manifest, asserted=asserted, inferred=inferred.quads, lifted=inferred.lifted, findings=findings
            )
        self.days.prune(_DAYS_KEPT)
        return Snapshot(folder)

    def is_stale_against(self, manifest: Manifest) -> bool:
        """Whether a file has changed since the version with this manifest was built."""
        of_edition = self.in_edition(PUBLIC) if manifest.edition == PUBLIC else self
        return dict(manifest.files) != of_edition.file_hashes()

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

    def file_hashes(self) -> dict[str, str]:
        """The SHA-256 of each file that a version is made from."""
        paths = load.files_of(self.config)
        paths += query_files(self.folder / "queries" / "checks", project=self.folder, hidden=self.config.hidden)
        return load.hash_files(self.folder, [*paths, self.folder / CONFIG_FILE])

    def _question_hashes(self) -> dict[str, str]:
        folder = self.folder / "queries"
        return load.hash_files(self.folder, query_files(folder, project=self.folder, hidden=self.config.hidden))

    def shown(self, questions: list[SavedQuery]) -> list[SavedQuery]:
        """Those of the questions that may be shown in this edition: in the public one what a build has looked at."""
        if not self.config.hidden:
            return questions
        current = self.current_or_none()
        known = current.manifest.questions if current is not None else {}
        return [each for each in questions if known.get(each.name) == _text_hash(each.text)]

    def _broken_queries(self) -> list[Finding]:
        from citygraph import validate  # noqa: PLC0415

        findings: list[Finding] = []
        for path in query_files(self.folder / "queries", project=self.folder):
            problem = query.problem_of(path)
            if problem is not None:
                findings.append(validate.bad_query(problem, path, self.folder))
        return findings

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
            citygraph_version=__version__,
            base=self.config.base,
            as_of=checked.as_of.isoformat(),
            engine=engine,
            files=self.file_hashes() if files is None else files,
            asserted_graphs=sorted({q.graph_name.value for q in asserted if isinstance(q.graph_name, Iri)}),
            # Where everything holds nobody asks for more.
            lifted_graphs=[lifted_graph(self.config.base, kind).value for kind in LIFTED if checked.lifted],
            inferred_graph=graph_iri(self.config.base, f"inferred/{checked.as_of.isoformat()}").value,
            counts={"asserted": checked.count_stated(self.about(checked.as_of)), "inferred": len(checked.inferred)},
            git_commit=_git_commit(self.folder),
            edition=self.config.edition if self.config.internal else "",
        )

    def version_id(self, as_of: date, *, pinned: bool) -> str:
        """The name of the version that the files would give now: the same for the same files, settings and date."""
        return _short_hash({
            "version": __version__,
            "as_of": f"{as_of.isoformat()}{' pinned' if pinned else ''}",
            "files": self.file_hashes(),
            **({"edition": self.config.edition} if self.config.internal else {}),
            **({"questions": self._question_hashes()} if self.config.hidden else {}),
        })  # fmt: skip

    def current(self) -> Snapshot | None:
        """The version in use; nothing before the first build of this edition.

        Raises:
            SnapshotError: what is in use cannot be read.
        """
        found = self.snapshots.current() if self.held is None else self.held.current()
        return found if found is None or self.shows(found.manifest) else None

    def shows(self, manifest: Manifest) -> bool:
        """Whether a version may be shown in this edition: the public one names no file that is internal by now."""
        if self.config.edition != PUBLIC:
            return True
        base, patterns = self.config.base, self.config.internal
        named = (*manifest.files, *(path_of_graph(name, base=base) for name in manifest.asserted_graphs))
        return manifest.edition != INTERNAL and not any(is_internal(name, patterns, base=base) for name in named)

    def put_to_use(self, snapshot: Snapshot) -> None:
        """Put a version that was made elsewhere to use, in the editions that it is for.

        Raises:
            SnapshotError: the link cannot be written.
        """
        if self.config.edition != INTERNAL:
            self.in_edition(INTERNAL).put_to_use(snapshot)
            return
        of_edition = snapshot.manifest.edition == PUBLIC or self._public.link.is_symlink()
        if of_edition and self.in_edition(PUBLIC).shows(snapshot.manifest):
            self._public.use(snapshot.folder)
        self.snapshots.use(snapshot.folder)
        self.snapshots.prune(self.config.number("store.keep"))

    def version(self, snapshot_id: str) -> Snapshot:
        """The version of that name on this machine; the one in use without a name.

        Raises:
            SnapshotError: there is none.
        """
        if not snapshot_id:
            return self.snapshot()
        found = next((each for each in self.snapshots.whole() if each.snapshot_id == snapshot_id), None)
        if found is None:
            message = sentence("store.no_version", name=snapshot_id[:80], folder=self.snapshots.folder)
            raise SnapshotError(message, fix=sentence("store.list_versions"))
        if not self.shows(found.manifest):
            message = sentence("store.internal_version", name=snapshot_id)
            raise SnapshotError(message, fix=sentence("store.other_edition"))
        return found

    def choose(self, snapshot_id: str) -> Snapshot:
        """Put a version that is here to use, for the readers of its edition; the next build puts its own there.

        Raises:
            SnapshotError: there is none, a part of it is gone, or the link cannot be written.
        """
        version = self.version(snapshot_id)
        if not version.is_whole:
            raise SnapshotError(sentence("store.damaged", name=snapshot_id), fix=sentence("store.other_version"))
        edition = version.manifest.edition
        server = self.held or self.in_edition(PUBLIC).held
        if server is not None and edition != INTERNAL:
            server.use(version)
        (self._public if edition == PUBLIC else self.snapshots).use(version.folder)
        if not edition:
            self._public.link.unlink(missing_ok=True)
        return version

    def current_or_none(self) -> Snapshot | None:
        """The version in use, or nothing when there is none that can be read."""
        try:
            return self.current()
        except SnapshotError:
            # The link points to nothing usable; the build that is running replaces it.
            return None


def _day_id(snapshot: Snapshot, as_of: date) -> str:
    return _short_hash({"snapshot": snapshot.snapshot_id, "as_of": as_of.isoformat()})


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _short_hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _findings(snapshot: Snapshot) -> list[Finding]:
    return [Finding.from_json(each) for each in snapshot.findings()]


def _git_commit(folder: Path) -> str:
    """The commit the folder is at, for people; empty outside a git checkout."""
    try:
        return (git(folder, "rev-parse", "--short", "HEAD") or b"").decode().strip()
    except ConfigError:
        return ""


def _build_folder(folder: Path) -> Path:
    """Beside the data; for the graph inside the installed package, which is no place to write, in the cache."""
    if folder != (Path(__file__).parents[1] / "reference").resolve():
        return folder / "build"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "citygraph" / f"reference-{__version__}"
