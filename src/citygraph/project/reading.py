"""A document is read once: its text is made in a process with bounds, kept, and registered by an edit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from citygraph.config import Config
from citygraph.edit.changes import Editor
from citygraph.edit.passages import Passages
from citygraph.edit.plan import keep_document
from citygraph.edit.state import EditedGraph
from citygraph.errors import EditError, QueryError
from citygraph.load import load_files
from citygraph.messages import Sentence, Text, text
from citygraph.namespaces import CG, PREFIXES, compress
from citygraph.rdf import Literal
from citygraph.read.by_address import FetchedDocument, fetch_document
from citygraph.read.guess import Guess, guess_about
from citygraph.read.run import extract_apart, files_to_keep, kept_document, read_bytes
from citygraph.read.text import Extracted, KeptText, read_error

if TYPE_CHECKING:
    from citygraph.project.editing import CheckedEdit, Edits

REPLACES: Final = "replaces"
"""The field with the document of which one is a new edition."""
FIELDS: Final = ("title", "date", "not-before", "not-after", "author", "access", "page", REPLACES)
"""What is asked of a document, in order."""
_TITLE: Final = PREFIXES["dct"] + "title"
_DOCUMENT: Final = PREFIXES["foaf"] + "Document"
_NEEDED: Final = ("file", "text", "text-by", "author", "access")


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document with its text.

    Attributes:
        iri: the document.
        name: its short name, such as `source:memo.docx`.
        kept: its text.
        about: what is known or guessed of it, by field, with where that comes from; nothing for one that was known.
        left_out: the fields of `about` that are not written.
        notes: what a reader should know of its text.
        checked: the edit that registers it; `None` when the graph has the document.
        restored: files of one that the graph has, which were made again.
    """

    iri: str
    name: str
    kept: KeptText
    about: Mapping[str, Guess] = field(default_factory=dict)
    left_out: Mapping[str, Text] = field(default_factory=dict)
    notes: tuple[Sentence, ...] = ()
    checked: CheckedEdit | None = None
    restored: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are kept beside the graph, below the folder of sources."""
        return tuple(self.checked.plan.documents) if self.checked is not None else self.restored


class Documents:
    """Reads documents of one project."""

    def __init__(self, config: Config, edits: Edits, today: date) -> None:
        """Documents of the project of `config`, which `edits` registers; none of them is newer than `today`."""
        self._config = config
        self._edits = edits
        self._today = today

    def read_address(self, address: str, said: Mapping[str, str], *, keep: bool = True) -> ReadDocument:
        """The same of a document that is fetched once from its address, which is kept with the moment.

        Raises:
            ReadError: as for `read` and `fetch_document`.
            EditError, QueryError, ExportError: as for `read`.
        """
        found = fetch_document(address, private=bool(self._config.values["read.private_addresses"]))
        with TemporaryDirectory(prefix="citygraph-read-") as folder:
            path = Path(folder) / found.name
            path.write_bytes(found.data)
            return self.read(path, {"page": found.address, **said}, keep=keep, origin=found)

    def read(
        self, path: Path, said: Mapping[str, str], *, keep: bool = True, origin: FetchedDocument | None = None
    ) -> ReadDocument:
        """A document with the edit that registers it; one that the graph has gives the text that is kept.

        Args:
            path: the file.
            said: what a person says of it, by field; the rest is guessed.
            keep: whether files may be written: the texts, so that the edit is checked with them.
            origin: where the file was fetched from.

        Raises:
            ReadError: no text can be made of it, or the text that was kept is not at hand any more or another.
            EditError, QueryError: what a person says is not understood, or another document has its name.
            ExportError: a file cannot be written.
        """
        data = read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        graph = EditedGraph(load_files(self._config).graphs)
        for iri in graph.instances(_DOCUMENT):
            if Literal(digest) in graph.objects(iri, CG + "sha256"):
                return self._replacing(self._known(iri, path, data, graph, keep=keep), said.get(REPLACES, ""), graph)
        found = extract_apart(data, path.name)
        if origin is not None:
            found.about.is_public = origin.is_public
        about = self._about(found, path, said, graph)
        return self._new(path, data, found, about, graph, keep=keep, origin=origin)

    def _replacing(self, known: ReadDocument, old: str, graph: EditedGraph) -> ReadDocument:
        """A known document with the edit that says of which one it is a new edition, where the graph does not say so."""
        before = Passages(graph, self._config.sources_folder).document(old) if old else None
        if before is None or before in graph.objects(known.iri, PREFIXES["dct"] + REPLACES):
            return known
        plan = self._edits.editor().change(known.name, [(REPLACES, compress(before.value, graph.prefixes))])
        return replace(known, checked=self._edits.check(plan, keep_documents=False))

    # -- a document that the graph has --------------------------------------------------------------------

    def _known(self, iri: str, path: Path, data: bytes, graph: EditedGraph, *, keep: bool) -> ReadDocument:
        """The text that is kept; where it is not at hand it is made again, and has to be the same."""
        folder, short = self._config.sources_folder, compress(iri, graph.prefixes)
        wanted = [
            each.value
            for predicate in ("textSha256", "sha256")
            for each in graph.objects(iri, CG + predicate)
            if isinstance(each, Literal)
        ]
        there = kept_document(folder, iri)
        if there is not None:
            kept, _ = there
            if hashlib.sha256(kept.text.encode()).hexdigest() != wanted[0]:
                raise read_error("text_changed", fix="record", name=short, folder=folder)
            return ReadDocument(iri, short, kept)
        found = extract_apart(data, path.name)
        name = iri.rpartition("/")[2]
        files = files_to_keep(name, data, found)
        made = next((files[each] for each in files if each.endswith(f"{name}.txt")), data)
        if hashlib.sha256(made).hexdigest() != wanted[0]:
            makers = graph.objects(iri, CG + "textMadeBy")
            maker = makers[0].value if makers and isinstance(makers[0], Literal) else "?"
            raise read_error("other_made", name=short, maker=maker, folder=folder)
        for each, content in files.items() if keep else ():
            keep_document(folder / each, content)
        return ReadDocument(iri, short, found.kept, notes=found.notes, restored=tuple(files))

    # -- a new one ----------------------------------------------------------------------------------------

    def _about(self, found: Extracted, path: Path, said: Mapping[str, str], graph: EditedGraph) -> dict[str, Guess]:
        """What a person says, and guesses at the rest."""
        if said.get(REPLACES):
            old = Passages(graph, self._config.sources_folder).document(said[REPLACES])
            said = {**said, REPLACES: compress(old.value, graph.prefixes)}
        guesses = guess_about(found, path.name, today=self._today)
        about = {e: guess for e in FIELDS if (guess := getattr(guesses, e.replace("-", "_"), None)) is not None}
        if {"date", "not-before", "not-after"} & said.keys():
            about = {each: guess for each, guess in about.items() if each not in {"date", "not-before", "not-after"}}
        about |= {each: Guess(value, text("read.from.said")) for each, value in said.items()}
        if "title" not in said:
            about["title"] = _free_title(about, path, graph)
        return {each: about[each] for each in FIELDS if each in about}

    def _new(
        self,
        path: Path,
        data: bytes,
        found: Extracted,
        about: Mapping[str, Guess],
        graph: EditedGraph,
        *,
        keep: bool,
        origin: FetchedDocument | None,
    ) -> ReadDocument:
        editor = self._edits.editor()
        kind = editor.kinds.named("document")
        if not all(map(kind.has, _NEEDED)):
            raise read_error("old_kinds", file="ontology/kinds.ttl")
        left_out = {} if self._is_known(editor, about.get("author")) else {"author": text("read.said.unknown_author")}
        said = [(each, guess.value) for each, guess in about.items() if each not in left_out]
        made = found.kept.text.encode()
        said += [("file", str(path)), ("text-by", found.maker)]
        if made != data:
            said.append(("text", hashlib.sha256(made).hexdigest()))
        plan = editor.add("document", said)
        (name, read_again), *_ = plan.documents.items()
        if read_again != data:
            raise read_error("meanwhile", path=path)
        plan = replace(plan, documents=files_to_keep(name, data, found, origin))
        checked = self._edits.check(plan, keep_documents=keep)
        iri = plan.facts[0]
        short = compress(iri, graph.prefixes)
        return ReadDocument(iri, short, found.kept, about, left_out, found.notes, checked)

    def _is_known(self, editor: Editor, author: Guess | None) -> bool:
        """Whether an author can be written: somebody said who it is, or the name is of somebody in the graph.

        A person without an office has no place in the graph.
        """
        if author is None or author.why == text("read.from.said"):
            return True
        try:
            editor.answers.values(editor.kinds.named("document"), [("author", author.value)])
        except (EditError, QueryError):
            return False
        return True


def _free_title(about: Mapping[str, Guess], path: Path, graph: EditedGraph) -> Guess:
    """The guessed title, with the day or the file behind it where another document is called the same."""
    guess = about["title"]
    titles = {
        each.value.casefold()
        for subject in graph.instances(_DOCUMENT)
        for each in graph.objects(subject, _TITLE)
        if isinstance(each, Literal)
    }
    more = [about["date"].value] if "date" in about else []
    for each in ("", *more, path.name):
        title = f"{guess.value} ({each})" if each else guess.value
        if title.casefold() not in titles:
            return replace(guess, value=title)
    return guess
