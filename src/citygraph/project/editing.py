"""Edits of facts: planned on the files as they are, checked as if they were written, and written only when nothing breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from citygraph import load, query
from citygraph.compare import Changes
from citygraph.config import Config, read_config
from citygraph.edit.changes import Editor, Workplace
from citygraph.edit.kinds import Kinds, read_kinds
from citygraph.edit.plan import EditPlan, keep_document, write_plan
from citygraph.edit.state import EditedGraph
from citygraph.edit.taking import network_names, networks_named, plan_taking
from citygraph.errors import EditError, QueryError
from citygraph.findings import Finding, Report, Severity
from citygraph.graphs import Part, ProjectGraphs
from citygraph.messages import Sentence, Text, key_of, said_in, sentence
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Iri, Quad, parse
from citygraph.store import MemoryStore

if TYPE_CHECKING:
    from citygraph.project.reading import Documents

WouldBe: TypeAlias = Callable[[Mapping[str, bytes]], Report]
"""What a check would find if some files held this, by their paths."""
Compare: TypeAlias = Callable[[Mapping[str, bytes]], Changes]
"""What would change if some files held this, by their paths."""


_KINDS_FILE: Final = "ontology/kinds.ttl"
_NOT_READ: Final = frozenset(
    {"encoding", "entity-declaration", "file-too-large", "syntax", "too-deep", "unreadable-file", "unsafe-link"}
)
"""The findings of a file of which something, or all, was not read."""


@dataclass(frozen=True, slots=True)
class CheckedEdit:
    """An edit that is not written yet, and the findings that the graph would have because of it."""

    plan: EditPlan
    findings: tuple[Finding, ...]

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What refuses the edit."""
        return tuple(each for each in self.findings if each.severity is Severity.VIOLATION)

    def refuse_violations(self) -> None:
        """Stop an edit that breaks a rule that was kept before.

        Raises:
            EditError: it does.
        """
        if self.violations:
            message = sentence("edit.refused", count=len(self.violations))
            raise EditError(message, fix=sentence("edit.next.refused"))


def kinds_of(graphs: ProjectGraphs, reference: Path) -> Kinds:
    """The kinds of facts of a project: those of its `ontology/kinds*.ttl`, or those of the program when it has none.

    Args:
        graphs: the project.
        reference: the project of the program.

    Raises:
        ConfigError: a shape in one of the files cannot be read as a kind.
    """
    texts, file = _described(graphs, reference)
    return _read(texts, file)


def kind_shapes(graphs: ProjectGraphs, reference: Path) -> list[Quad]:
    """The same kinds as the SHACL shapes that they are read from; see `kinds_of`."""
    texts, _ = _described(graphs, reference)
    return [
        Quad(each.subject, each.predicate, each.object)
        for text in texts
        for each in parse(text.encode(), format="ttl").quads
    ]


def _described(graphs: ProjectGraphs, reference: Path) -> tuple[tuple[str, ...], str]:
    """The texts that describe the kinds of facts, and the name of the first."""
    files = graphs.of(Part.KINDS)
    if files:
        return tuple(file.text for file in files), files[0].path
    return ((reference / _KINDS_FILE).read_text(encoding="utf-8"),), _KINDS_FILE


@lru_cache(maxsize=4)
def _read(texts: tuple[str, ...], file: str) -> Kinds:
    """The kinds that some texts in Turtle describe; read once, since few edits change them."""
    return read_kinds((quad for each in texts for quad in parse(each.encode(), format="ttl").quads), file=file)


class Edits:
    """Plans edits of one project, checks them, and writes those that break no rule."""

    def __init__(
        self, config: Config, check: WouldBe, *, reference: Path, today: date, compare: Compare | None = None
    ) -> None:
        """Edits of the project of `config`.

        Args:
            config: the settings of the project.
            check: what a check would find with other contents of some files.
            reference: the project of the program.
            today: the day of what is confirmed without another.
            compare: what would change with other contents of some files; without it nobody asks.
        """
        self._config = config
        self._check = check
        self._compare = compare
        self._reference = reference
        self._today = today

    @property
    def kinds(self) -> Kinds:
        """The kinds of facts.

        Raises:
            ConfigError: a shape cannot be read as a kind.
        """
        return kinds_of(load.load_files(self._config).graphs, self._reference)

    @property
    def shapes(self) -> list[Quad]:
        """The same as SHACL shapes, for other tools that make forms or check data."""
        return kind_shapes(load.load_files(self._config).graphs, self._reference)

    @property
    def documents(self) -> Documents:
        """What reads documents and registers them."""
        from citygraph.project.reading import Documents  # noqa: PLC0415  # few edits need a document

        return Documents(self._config, self, self._today)

    def editor(self, waiting: Mapping[str, bytes] = MappingProxyType({})) -> Editor:
        """What plans one edit, on the files as they are now.

        Args:
            waiting: what files are to hold by edits that are not written yet, by their paths.

        Raises:
            ConfigError: the kinds of facts cannot be read.
        """
        loaded = load.load_files(self._config, instead=waiting)
        graphs, unread = loaded.graphs, _unread(loaded.findings)
        state = EditedGraph(graphs)
        written = graphs.quads(Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)
        implied = (Quad(each.subject, each.predicate, each.object) for each in state.types())
        store = MemoryStore([*written, *implied])

        def resolve(text: str, classes: tuple[str, ...]) -> Iri:
            errors: list[QueryError] = []
            for each in classes or ("",):
                try:
                    return query.resolve_entity(text, store, of_class=each, prefixes=state.prefixes)
                except QueryError as error:
                    errors.append(error)
            if unread is not None:
                # It may well stand in the file that nobody could read.
                raise unread
            unknown = _or_its_place(errors[0], text, classes, store, state.prefixes)
            unknown.candidates = tuple(dict.fromkeys(each for one in errors for each in one.candidates))
            raise unknown

        config = self._config
        workplace = Workplace(
            config.folder,
            config.sources_folder,
            config.languages,
            self._today,
            _country_name,
            config.internal,
            unread,
            waiting,
        )
        return Editor(state, kinds_of(graphs, self._reference), resolve, workplace, self.editor)

    def networks(self, names: Sequence[str] | None = None) -> dict[str, Text]:
        """The networks of the reference graph that are called so, all without names: short names, and what people say.

        Raises:
            EditError: one of them is not there, or none is named; those that are there are in the message.
        """
        origin = self._origin()[1]
        called = network_names(origin)
        return {
            each.rpartition("/")[2]: called[each]
            for each in (called if names is None else networks_named(names, origin))
        }

    def take(self, names: Sequence[str]) -> EditPlan:
        """Networks of the reference graph for this one, with all that is said of them in public.

        Args:
            names: what the networks are called, or the ends of their addresses.

        Raises:
            EditError: a network is not known, or all are there already; a file cannot be changed.
        """
        config, origin = self._origin()
        loaded = load.load_files(self._config)
        if (unread := _unread(loaded.findings)) is not None:
            raise unread
        into = EditedGraph(loaded.graphs)
        return plan_taking(names, origin, into, self._config.folder, title=config.title)

    @property
    def reference(self) -> EditedGraph:
        """The graph of the program, as it may be shown."""
        return self._origin()[1]

    def _origin(self) -> tuple[Config, EditedGraph]:
        config = read_config(self._reference).in_edition("public")
        return config, EditedGraph(load.load_files(config).graphs)

    def check(self, plan: EditPlan, *, keep_documents: bool = True) -> CheckedEdit:
        """What a check would find after an edit that it does not find now.

        Args:
            plan: the edit.
            keep_documents: keep the texts of its documents meanwhile, so that what is quoted can be held against them.

        Raises:
            EditError: another text of the same name is kept.
            ReasoningError: the reasoner stopped before it was done.
        """
        places = {self._config.sources_folder / name: data for name, data in plan.documents.items() if keep_documents}
        new_places = [place for place in places if not place.exists()]
        try:
            for place, data in places.items():
                keep_document(place, data)
            return CheckedEdit(plan, tuple(self._new_findings(plan)))
        finally:
            # Nothing, an interrupt neither, leaves a text of a document that the graph does not have.
            for place in new_places:
                place.unlink(missing_ok=True)

    def _new_findings(self, plan: EditPlan) -> Iterator[Finding]:
        before = Counter(map(_said, self._check({})))
        for finding in self._check(plan.contents):
            key = _said(finding)
            if before[key]:
                before[key] -= 1
            else:
                yield finding

    def changes(self, plan: EditPlan) -> Changes | None:
        """How the graph and the answers to its saved questions would change; `None` where that cannot be compared.

        Raises:
            QueryError: a saved question breaks a rule of its header.
            ReasoningError: the reasoner stopped before it was done.
        """
        return self._compare(plan.contents) if self._compare is not None else None

    def write(self, checked: CheckedEdit) -> None:
        """Write an edit that was checked, all of its files and the texts of its documents, or none.

        Raises:
            EditError: it breaks a rule that was kept before, or a file has changed since it was planned.
            ExportError: a file cannot be written; all are as they were.
        """
        checked.refuse_violations()
        write_plan(checked.plan, self._config.folder, self._config.sources_folder)


def _unread(findings: Iterable[Finding]) -> EditError | None:
    """What is said of the first file of which something could not be read; `None` when all of them were."""
    for each in findings:
        if each.code in _NOT_READ and each.file.startswith(("data/", "ontology/")):
            why = each.message
            message = sentence("edit.unread", file=each.file, line=f":{each.line}" if each.line else "", why=why)
            return EditError(message, fix=sentence("edit.next.unread"))
    return None


def _country_name(code: str) -> Text:
    from citygraph.ingest.countries import country_name  # noqa: PLC0415  # loads the names of all languages

    return country_name(code)


def _or_its_place(
    error: QueryError, text: str, classes: tuple[str, ...], store: MemoryStore, prefixes: Mapping[str, str]
) -> QueryError:
    """What is said of a name that no authority has: the nearest names of cities too, which stand for their authorities."""
    if PREFIXES["org"] + "Organization" not in classes:
        return error
    try:
        query.resolve_entity(text, store, of_class=CG + "City", prefixes=prefixes)
    except QueryError as place:
        if key_of(place.fix) == "next.mean":
            said = (f"{said_in(error.fix, each)} {said_in(place.fix, each)}" for each in ("en", "nb"))
            return QueryError(error.message, fix=Sentence(*said))
    return error


def _said(finding: Finding) -> tuple[str, ...]:
    """A finding without its line: an edit moves what stands below it."""
    return finding.code, finding.file, finding.focus_node, finding.path, finding.value, finding.message.en
