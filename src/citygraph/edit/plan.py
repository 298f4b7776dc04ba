"""What an edit does to the files: which statement goes where, shown as a difference and as sentences before it is written.

A plan knows the bytes that each file had. It is written only onto those bytes: whoever was faster is not overwritten.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from citygraph.edit.blocks import EditableTurtle
from citygraph.edit.facts import Fact, StatementChange
from citygraph.edit.state import EditedGraph, is_editable
from citygraph.errors import EditError
from citygraph.files import locked, write_file
from citygraph.files import write_files as write_in_order
from citygraph.graphs import FileGraph, Part, is_internal, part_of
from citygraph.messages import Text, sentence
from citygraph.namespaces import PREFIXES, RDF_TYPE
from citygraph.rdf import Iri, Triple
from citygraph.sources import excerpt_range

_DOCUMENTS: Final = "data/sources.ttl"
_NETWORKS: Final = "data/networks"
SELECTOR: Final = "/selector"
_SHOWN: Final = 3
_PASSAGE: Final = PREFIXES["oa"] + "SpecificResource"


_Exchange: TypeAlias = tuple[Path, Path | str, bytes | None, bytes | None]
"""A file, what it is called, what it holds and is to hold; without bytes it is not there."""


@dataclass(frozen=True, slots=True)
class EditedFile:
    """One file before and after, by its path from the project folder; before an edit a new one has no bytes."""

    path: str
    before: bytes | None
    after: bytes

    @property
    def difference(self) -> str:
        """The lines that go and come, as `diff -u` writes them."""
        old, new = (
            (each or b"").decode("utf-8", "replace").splitlines(keepends=True) for each in (self.before, self.after)
        )
        start = "/dev/null" if self.before is None else f"a/{self.path}"
        lines = difflib.unified_diff(old, new, start, f"b/{self.path}")
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class EditPlan:
    """One edit that is not written yet.

    Attributes:
        changes: the files, those that others refer to first.
        told: what it does, as sentences.
        facts: the addresses of the facts that it is about.
        documents: texts of documents that are to be kept, by the name of the file.
    """

    changes: tuple[EditedFile, ...]
    told: tuple[Text, ...]
    facts: tuple[str, ...]
    documents: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def difference(self) -> str:
        """The lines that go and come in all files."""
        return "".join(each.difference for each in self.changes)

    @property
    def contents(self) -> dict[str, bytes]:
        """What each file is to hold, by its path."""
        return {each.path: each.after for each in self.changes}


def joined(plans: Sequence[EditPlan]) -> EditPlan:
    """One edit of several that were planned one after the other, each as if those before it were written.

    What it does is told of the last first: the others are there for its sake.
    """
    files: dict[str, EditedFile] = {}
    for each in (file for plan in plans for file in plan.changes):
        files[each.path] = replace(each, before=files[each.path].before) if each.path in files else each
    *others, last = plans
    inner = [last, *others]
    return EditPlan(
        tuple(sorted(files.values(), key=lambda each: (part_of(each.path) is not Part.SOURCES, each.path))),
        tuple(said for plan in inner for said in plan.told),
        tuple(fact for plan in inner for fact in plan.facts),
        {name: data for plan in plans for name, data in plan.documents.items()},
    )


class Placing:
    """Decides in which file, and behind which block, new statements stand."""

    def __init__(
        self,
        state: EditedGraph,
        folder: Path,
        *,
        internal: Sequence[str] = (),
        unread: EditError | None = None,
        waiting: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Place statements in the files of a graph.

        Args:
            state: the graph.
            folder: the project.
            internal: the patterns of `publish.internal`.
            unread: what is said of a file that could not be read whole, so that nobody knows all that the graph says.
            waiting: what files are to hold by edits that are not written yet, by their paths.
        """
        self._state = state
        self._folder = folder
        self._internal = internal
        self._unread = unread
        self._waiting = waiting

    def changes(self, difference: StatementChange, facts: Sequence[Fact]) -> tuple[EditedFile, ...]:
        """The files with the statements of a difference.

        Args:
            difference: what goes and what comes.
            facts: the facts that are new; where they stand follows from what they are about.

        What mentions a thing that internal files alone describe, such as their document as its source, stands in an
        internal file.

        Raises:
            EditError: a statement that is to go stands where no program may change it, or a file cannot be changed; or a
                file of the project could not be read whole.
        """
        if self._unread is not None:
            raise self._unread
        hidden = self._hidden_home(difference.added)
        homes = {iri: (self.file_for(fact), fact) for fact in facts for iri in (fact.iri, *fact.nodes.values())}
        comes: dict[str, list[Triple]] = {}
        after: dict[str, str] = {}
        for triple in difference.added:
            subject = triple.subject.value if isinstance(triple.subject, Iri) else ""
            path = self._path_of(subject, homes, facts)
            path = self._beside_hidden(path, hidden) if hidden else path
            comes.setdefault(path, []).append(triple)
            if path not in after and subject not in self._state.said:
                fact = homes[subject][1] if subject in homes else None
                after[path] = self._behind(path, subject, fact)
        goes: dict[str, list[Triple]] = {}
        for triple in difference.removed:
            for file in self._files_with(triple):
                goes.setdefault(file.path, []).append(triple)
        paths = sorted({*comes, *goes}, key=lambda path: (part_of(path) is not Part.SOURCES, path))
        made = (self._change(each, goes.get(each, []), comes.get(each, []), after.get(each, "")) for each in paths)
        return tuple(each for each in made if each.before != each.after)

    def _hidden_home(self, added: Iterable[Triple]) -> str:
        """The file of a thing that internal files alone describe, and that one of these statements is about; else empty."""
        terms = (term for each in added for term in (each.subject, each.object)) if self._internal else ()
        for term in dict.fromkeys(terms):
            passage = excerpt_range(term.value.removesuffix(SELECTOR)) if isinstance(term, Iri) else None
            iri = passage.source if passage is not None else term.value if isinstance(term, Iri) else ""
            files = self._state.files_of(iri)
            if files and all(self._is_internal(each.path) for each in files):
                return (self._home_of(iri) or files[0]).path
        return ""

    def _home_of(self, subject: str) -> FileGraph | None:
        """The file of a thing that a person may change: a public one where there is one, as `_hidden_home` has the others."""
        files = [each for each in self._state.files_of(subject) if is_editable(each)]
        return next((each for each in files if not self._is_internal(each.path)), next(iter(files), None))

    def _is_internal(self, path: str) -> bool:
        return is_internal(path, self._internal, base=self._state.base)

    def _beside_hidden(self, path: str, hidden: str) -> str:
        """The internal file for what would stand in a public one: of the same name beside `hidden`, else that itself."""
        if self._is_internal(path):
            return path
        beside = self.usable(f"{hidden.rpartition('/')[0]}/{path.rpartition('/')[2]}")
        return beside if self._is_internal(beside) else self.usable(hidden)

    def _change(self, path: str, goes: Sequence[Triple], comes: Sequence[Triple], after: str) -> EditedFile:
        place = self._folder / path
        before = self._waiting.get(path) or (place.read_bytes() if place.is_file() else None)
        file = self._state.file(path)
        text = (before or b"").decode("utf-8")
        if file is not None and text.removeprefix("\ufeff") != file.text:
            raise overtaken(path)
        turtle = EditableTurtle(path, text)
        new = turtle.changed(StatementChange(tuple(goes), tuple(comes)), prefixes=self._state.prefixes, after=after)
        return EditedFile(path, before, new.encode())

    def _files_with(self, triple: Triple) -> list[FileGraph]:
        subject = triple.subject.value if isinstance(triple.subject, Iri) else ""
        found = [file for file in self._state.files_of(subject) if any(quad.triple == triple for quad in file.quads)]
        for file in found:
            if not is_editable(file):
                message = sentence("edit.not_editable", file=file.path)
                raise EditError(message, fix=sentence("edit.next.not_editable"))
        return found

    def _path_of(self, subject: str, homes: Mapping[str, tuple[str, Fact]], facts: Sequence[Fact]) -> str:
        """The file in which something new is said of a subject."""
        if subject in homes and subject not in self._state.said:
            return homes[subject][0]
        home = self._home_of(subject)
        if home is not None:
            return home.path
        passage = excerpt_range(subject.removesuffix(SELECTOR))
        if passage is not None:
            document = self._home_of(passage.source)
            return document.path if document is not None else _DOCUMENTS
        if facts:
            return self.file_for(facts[0])
        return self._of_its_own(subject)

    def file_for(self, fact: Fact) -> str:
        """The file of a fact: the one with the most facts of its kind about the same thing, else that of the thing."""
        kind = fact.kind
        about = fact.one(kind.beside) if kind.beside else None
        if isinstance(about, Iri):
            beside = [each for each in self._beside(fact, about) if each is not None and not self._is_internal(each)]
            if beside:
                return max(dict.fromkeys(beside), key=beside.count)
            home = self._home_of(about.value)
            return home.path if home is not None else self._of_its_own(about.value)
        if "{" in kind.file:
            return self.usable(kind.file.replace("{address}", fact.iri.rpartition("/")[2]))
        same = [file.path for each in self._state.instances(kind.classes[0]) if (file := self._home_of(each))]
        part = part_of(kind.file or _DOCUMENTS)
        known = [each for each in same if part_of(each) is part and not self._is_internal(each)]
        if kind.file in known or not known:
            return self.usable(kind.file or _DOCUMENTS)
        return max(dict.fromkeys(known), key=known.count)

    def _of_its_own(self, subject: str) -> str:
        """The file for what is said of a thing that no file of a person describes."""
        return self.usable(f"{_NETWORKS}/{subject.rpartition('/')[2]}.ttl")

    def usable(self, path: str) -> str:
        """The path of a file that a person may change: this one, or one beside it when a program keeps what stands there."""
        while (file := self._state.file(path)) is not None and not is_editable(file):
            path = f"{path.removesuffix('.ttl')}-edited.ttl"
        return path

    def _beside(self, fact: Fact, about: Iri) -> Iterable[str | None]:
        """The files of facts of the same class that are about the same thing."""
        predicate = fact.kind.field(fact.kind.beside).path[-1]
        others = (
            (each.value for each in self._state.objects(about.value, predicate.predicate) if isinstance(each, Iri))
            if predicate.inverse
            else self._state.subjects(predicate.predicate, about.value)
        )
        same = Iri(fact.kind.classes[0])
        for each in others:
            if same in self._state.objects(each, RDF_TYPE):
                home = self._home_of(each)
                yield home.path if home else None

    def _behind(self, path: str, subject: str, fact: Fact | None) -> str:
        """The thing behind whose block something new goes; empty for the end of the file."""
        file = self._state.file(path)
        if file is None:
            return ""
        order = list(dict.fromkeys(quad.subject.value for quad in file.quads if isinstance(quad.subject, Iri)))
        passage = excerpt_range(subject)
        if passage is not None:
            return self._behind_passage(order, passage.source, passage.start)
        if fact is None:
            return ""
        same, about = Iri(fact.kind.classes[0]), fact.one(fact.kind.beside) if fact.kind.beside else None
        alike = [each for each in order if same in self._state.objects(each, RDF_TYPE)]
        near = [each for each in alike if about is not None and self._mentions(each, about)]
        chosen = (near or alike or [""])[-1]
        # The period of a membership and its ends stand behind it, and belong to it.
        below = [each for each in order if chosen and each.startswith(f"{chosen}-") and each not in alike]
        return max([chosen, *below], key=order.index) if chosen else ""

    def _mentions(self, subject: str, thing: object) -> bool:
        return any(thing in values for values in self._state.said.get(subject, {}).values())

    def _behind_passage(self, order: Sequence[str], document: str, start: int) -> str:
        """The passage before this one, in the order of the text; else the document itself."""
        before = [
            (found.start, each)
            for each in order
            if (found := excerpt_range(each)) is not None and found.source == document and found.start <= start
        ]
        if not before:
            return document if document in order else ""
        last = max(before)[1]
        return f"{last}{SELECTOR}" if f"{last}{SELECTOR}" in order else last


def overtaken(path: str) -> EditError:
    """What is said when a file is not the one that an edit was made for."""
    return EditError(sentence("edit.overtaken", file=path), fix=sentence("edit.next.overtaken"))


def write_plan(plan: EditPlan, folder: Path, sources_folder: Path) -> None:
    """Write every file of a plan and keep the texts of its documents, or nothing of all that.

    Args:
        plan: the edit.
        folder: the project.
        sources_folder: where the texts of documents are kept.

    Raises:
        EditError: a file has changed since the plan was made, or another text of the same name is kept.
        ExportError: a file cannot be written; all are as they were.
    """
    documents = [(sources_folder / name, data) for name, data in plan.documents.items()]
    texts = [(place, place, None, data) for place, data in documents if not is_kept(place, data)]
    try:
        _exchange([*texts, *_written(plan.changes, folder)], folder)
    except EditError as error:
        raise _with_both(plan, folder) or error from error


def _with_both(plan: EditPlan, folder: Path) -> EditError | None:
    """What is said when somebody was faster and both changed the same lines: what stands there now, and what was to."""
    for each in plan.changes:
        place = folder / each.path
        before, now, after = (
            (data or b"").decode("utf-8", "replace").splitlines()
            for data in (each.before, place.read_bytes() if place.is_file() else None, each.after)
        )
        if now != before:
            theirs, yours = (_new_lines(before, lines) for lines in (now, after))
            message = sentence("edit.overtaken_both", file=each.path, theirs=theirs, yours=yours)
            return EditError(message, fix=sentence("edit.next.overtaken"))
    return None


def _new_lines(before: Sequence[str], after: Sequence[str]) -> str:
    """The first lines that are new, or that went when none is."""
    changed = [each for each in difflib.unified_diff(before, after, n=0) if each[0] in "+-"]
    changed = [each for each in changed if not each.startswith(("+++", "---"))]
    lines = [each for each in changed if each[0] == "+"] or changed
    return " ".join(each[1:].strip() for each in lines[:_SHOWN]) + (" …" if len(lines) > _SHOWN else "")


def write_files(files: Sequence[EditedFile], folder: Path) -> None:
    """Write some files of a project, or none, see `files.write_files`: each only over what it was made from.

    Args:
        files: what they hold and are to hold, those that others refer to first.
        folder: the project.

    Raises:
        EditError: one of them has changed meanwhile; none is written.
        ExportError: one of them cannot be written; all are as they were.
    """
    _exchange(_written(files, folder), folder)


def _written(files: Iterable[EditedFile], folder: Path) -> list[_Exchange]:
    return [(folder / each.path, each.path, each.before, each.after) for each in files]


def take_back(files: Sequence[EditedFile], folder: Path, *, texts: Mapping[Path, str] = MappingProxyType({})) -> None:
    """Put back what some files held before an edit, byte for byte, or none of them; a file that was new goes.

    Where a process was killed on the way, this does the rest: a file that is back already is left as it is.

    Args:
        files: what they held before the edit, and what it wrote.
        folder: the project.
        texts: the texts of documents that the edit kept, with their SHA-256: they go too, as far as they are those.

    Raises:
        EditError: one of them is not as the edit left it; all stay as they are.
        ExportError: one of them cannot be written; all are as they were.
    """
    # What others refer to goes last.
    back: list[_Exchange] = [(folder / each.path, each.path, each.after, each.before) for each in reversed(files)]
    for place, digest in texts.items():
        data = place.read_bytes() if place.is_file() else b""
        if hashlib.sha256(data).hexdigest() == digest:
            back.append((place, place, data, None))
    _exchange(back, folder, may_be_done=True)


def _exchange(contents: Sequence[_Exchange], folder: Path, *, may_be_done: bool = False) -> None:
    """Let each file hold the second, where it holds the first: all or none of them."""
    with locked(folder / "data"):
        places = [Path(os.path.realpath(place)) for place, _, _, _ in contents]
        for place, (_, name, old, new) in zip(places, contents, strict=True):
            now = place.read_bytes() if place.is_file() else None
            if now != old and not (may_be_done and now == new):
                raise overtaken(str(name))
        write_in_order({place: new for place, (_, _, _, new) in zip(places, contents, strict=True)})


def keep_document(path: Path, data: bytes) -> None:
    """Keep the text of a document, once.

    Raises:
        EditError: another text is kept under that name.
        ExportError: it cannot be written.
    """
    if not is_kept(path, data):
        write_file(path, data)


def is_kept(path: Path, data: bytes) -> bool:
    """Whether the text of a document is kept.

    Raises:
        EditError: another text is kept under that name.
    """
    if not path.is_file():
        return False
    if path.read_bytes() != data:
        raise EditError(sentence("edit.other_text", path=path), fix=sentence("edit.next.other_text"))
    return True
