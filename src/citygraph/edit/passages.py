"""Where a fact was read: the document that is meant, the exact words in its kept text, and the passage that they are."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Final

from citygraph.edit.state import EditedGraph
from citygraph.errors import EditError
from citygraph.matching.names import plain
from citygraph.messages import Text, reason_of, sentence
from citygraph.namespaces import CG, PREFIXES, RDF_TYPE, compress, expand
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.sources import Excerpt, SourceText, excerpt_range, hash_of_text, read_source

_DOCUMENT: Final = PREFIXES["foaf"] + "Document"
_TITLE, _DATE = PREFIXES["dct"] + "title", PREFIXES["dct"] + "date"
_OA, _PROV, _XSD = PREFIXES["oa"], PREFIXES["prov"], PREFIXES["xsd"]
_SHOWN: Final = 40


class Passages:
    """The documents of a graph, and the passages that an edit makes in them."""

    def __init__(self, state: EditedGraph, folder: Path) -> None:
        """`folder` has the texts of the documents, each under the last part of its address."""
        self._state = state
        self._folder = folder
        self.new: dict[str, Excerpt] = {}

    def document(self, text: str) -> Iri:
        """The document that a person names: by its file, its title, its short name or its address.

        Raises:
            EditError: there is none, or there are several.
        """
        known = self._state.instances(_DOCUMENT)
        passage = excerpt_range(expand(text, self._state.prefixes) or "")
        if passage is not None and passage.iri in self._state.said:
            return Iri(passage.iri)
        local = PurePath(text).name
        for each in (expand(text, self._state.prefixes), self._state.base + "source/" + local):
            if each and each in known:
                return Iri(each)
        titled: dict[str, list[str]] = {}
        for iri in known:
            for name in (*self._state.objects(iri, _TITLE), Literal(iri.rpartition("/")[2])):
                if isinstance(name, Literal):
                    titled.setdefault(plain(name.value), []).append(iri)
        found = list(dict.fromkeys(titled.get(plain(text), ())))
        if len(found) == 1:
            return Iri(found[0])
        if found:
            choices = ", ".join(compress(each, self._state.prefixes) for each in found)
            raise EditError(
                sentence("edit.several_documents", name=text), fix=sentence("edit.next.one", choices=choices)
            )
        near = [titled[each][0] for each in difflib.get_close_matches(plain(text), titled, n=3, cutoff=0.6)]
        guesses = ", ".join(compress(each, self._state.prefixes) for each in dict.fromkeys(near))
        key = "edit.next.mean_document" if guesses else "edit.next.new_document"
        raise EditError(sentence("edit.no_document", name=text), fix=sentence(key, guesses=guesses, name=local))

    def quoted(self, document: Iri, words: str, *, occurrence: int = 0) -> Iri:
        """The passage of a document that has exactly these words; it is described when the graph does not have it.

        Args:
            document: the document.
            words: the words as they stand in its text.
            occurrence: which of several places, from 1; 0 when there is only one.

        Raises:
            EditError: the text is not at hand or not the one that was read, or the words do not stand there, or several
                times.
        """
        text = self._text(document)
        places = [match.start() for match in re.finditer(re.escape(words), text.text)] if words else []
        if not places:
            raise self._not_there(document, words, text.text)
        if len(places) == 1 and occurrence > 1:
            raise EditError(sentence("edit.quote_once", words=words), fix=sentence("edit.next.quote_once"))
        if len(places) > 1 and not 0 < occurrence <= len(places):
            shown = "; ".join(
                f"{number}: …{_line(text.text[max(0, at - _SHOWN) : at + len(words) + _SHOWN])}…"
                for number, at in enumerate(places[:6], start=1)
            )
            message = sentence("edit.quote_several", words=words, count=len(places))
            raise EditError(message, fix=sentence("edit.next.occurrence", places=shown))
        start = places[max(occurrence, 1) - 1]
        passage = Excerpt(document.value, start, start + len(words))
        if passage.iri not in self._state.said:
            self.new[passage.iri] = passage
        return Iri(passage.iri)

    def _text(self, document: Iri) -> SourceText:
        name = compress(document.value, self._state.prefixes)
        try:
            text = read_source(self._folder, document.value)
        except (OSError, UnicodeDecodeError) as error:
            message = sentence("edit.text_unreadable", name=name, why=error)
            raise EditError(message, fix=sentence("edit.next.text", folder=self._folder)) from error
        if text is None:
            file = document.value.rpartition("/")[2]
            fix = sentence("edit.next.text_file", folder=self._folder, file=file)
            raise EditError(sentence("edit.no_text", name=name), fix=fix)
        known = hash_of_text(
            {
                each: [value.value for value in self._state.objects(document.value, each) if isinstance(value, Literal)]
                for each in (CG + "sha256", CG + "textSha256")
            }
        )
        if known and text.sha256 not in known:
            raise EditError(sentence("edit.text_changed", name=name), fix=sentence("edit.next.text_changed"))
        return text

    def _not_there(self, document: Iri, words: str, text: str) -> EditError:
        name = compress(document.value, self._state.prefixes)
        # The same words with other blanks, line ends or capitals: what stands there is shown, and not taken for it.
        pattern = r"\s+".join(map(re.escape, words.split()))
        near = re.search(pattern, text, re.IGNORECASE) if pattern else None
        fix = sentence("edit.next.quote", words=repr(near[0])) if near else sentence("edit.next.quote_exactly")
        return EditError(sentence("edit.quote_missing", words=words, name=name), fix=fix)

    def day(self, source: Iri) -> Term | None:
        """The day, month or year that a document or the document of a passage is from; `None` when nobody says."""
        passage = excerpt_range(source.value)
        document = passage.source if passage else source.value
        return next(iter(self._state.objects(document, _DATE)), None)

    def statements(self, description: Text) -> list[Triple]:
        """What is said of the new passages, each with our own words for what stands there."""
        return [each for passage in self.new.values() for each in self._described(passage, description)]

    def _described(self, passage: Excerpt, description: Text) -> Iterable[Triple]:
        node, document, selector = Iri(passage.iri), Iri(passage.source), Iri(f"{passage.iri}/selector")
        text = self._text(document)
        type_, integer = Iri(RDF_TYPE), Iri(_XSD + "integer")
        yield Triple(node, type_, Iri(_OA + "SpecificResource"))
        yield Triple(node, type_, Iri(_PROV + "Entity"))
        for language, said in description.to_json().items():
            yield Triple(node, Iri(PREFIXES["dct"] + "description"), Literal(f"{said}.", language=language))
        yield Triple(node, Iri(_OA + "hasSource"), document)
        yield Triple(node, Iri(_OA + "hasSelector"), selector)
        yield Triple(node, Iri(_PROV + "wasQuotedFrom"), document)
        yield Triple(node, Iri(CG + "sha256"), Literal(text.passage_hash(passage.start, passage.end)))
        yield Triple(selector, type_, Iri(_OA + "TextPositionSelector"))
        yield Triple(selector, Iri(_OA + "start"), Literal(str(passage.start), datatype=integer))
        yield Triple(selector, Iri(_OA + "end"), Literal(str(passage.end), datatype=integer))


def _line(text: str) -> str:
    return " ".join(text.split())


def hash_of_file(path: Path) -> tuple[bytes, str]:
    """The bytes of a file that becomes a document, and their SHA-256.

    Raises:
        EditError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        message = sentence("edit.file_unreadable", path=path, why=reason_of(error))
        raise EditError(message, fix=sentence("edit.next.file")) from error
    return data, hashlib.sha256(data).hexdigest()
