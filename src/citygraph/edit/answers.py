"""What a person typed for the fields of a kind, as values: names to things, words to choices, dates and numbers as written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from citygraph.edit.facts import Values, fits_field, words_of_value
from citygraph.edit.kinds import DATES, FactField, FactKind
from citygraph.edit.passages import Passages, hash_of_file
from citygraph.edit.state import EditedGraph, Resolve
from citygraph.errors import EditError
from citygraph.matching.names import countries, country_code, plain, word_lists, words_of
from citygraph.messages import LANGUAGES, Text, sentence
from citygraph.namespaces import CG, CONCEPT, PREFIXES, RDF_TYPE, compress, expand, is_absolute_iri
from citygraph.rdf import Iri, Literal, Term, Triple

Said = Sequence[tuple[str, str]]
"""What was typed: options with their texts, in order."""

QUOTE: Final = "quote"
OCCURRENCE: Final = "occurrence"
SOURCE: Final = "source"
_XSD: Final = PREFIXES["xsd"]
_COUNTRY: Final = CG + "Country"
_DOCUMENT: Final = PREFIXES["foaf"] + "Document"
_LANG_STRING: Final = PREFIXES["rdf"] + "langString"
_NORWEGIAN_DAY: Final = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})\Z")
_WHEN: Final = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-[0-9]{2})?)?\Z")
_RANGE: Final = re.compile(r"([0-9]+)\s?[-–]\s?([0-9]+)\Z")
_NUMBER: Final = re.compile(
    r"(?P<mark>.*?)(?P<number>-?\d{1,3}(?P<by>[ .,\u00a0\u202f])\d{3}(?:(?P=by)\d{3})*|-?\d+)\Z", re.DOTALL | re.ASCII
)
_MARK: Final = re.compile(r"[^\W\d_]+(?:(?:\s+|-)[^\W\d_]+)*\.?\Z")
"""Words before a number, and no sign: what `>` or `–` means is not guessed."""
_PLACE: Final = re.compile(r"[0-9]{1,9}\Z")


class TypedValues:
    """Reads what was typed for the fields of a kind."""

    def __init__(self, state: EditedGraph, resolve: Resolve, passages: Passages, languages: Sequence[str]) -> None:
        """Take what finds things.

        Args:
            state: the graph.
            resolve: finds the thing that a name means.
            passages: finds documents, and the words in them.
            languages: the languages that a text without one is said in.
        """
        self._state = state
        self._resolve = resolve
        self._passages = passages
        self._languages = languages
        self._labels = state.labels_with()
        self.files: dict[str, bytes] = {}
        self.new_countries: dict[str, str] = {}
        self.file_name = ""
        self.called: dict[str, str] = {}
        """What a person calls an option in this edit, where that is another word."""

    def values(self, kind: FactKind, said: Said) -> Values:
        """The values of the fields of a kind; the options `quote` and `occurrence` belong to the `source` before them.

        Raises:
            EditError: an option is not known, or what was typed for it is not understood.
            QueryError: a name means nothing, or several things.
        """
        found: dict[str, list[Term]] = {}
        for option, text in _with_quotes(said):
            name, language = _split(option, kind)
            field_ = kind.field(name)
            values = self._field(field_, text, language, kind, found)
            found.setdefault(field_.option, []).extend(values)
        for field_ in kind.fields:
            given = found.get(field_.option, [])
            if len(given) > 1 and not field_.many and not field_.is_text:
                raise EditError(
                    sentence("edit.one_value", option=field_.option, title=kind.title),
                    fix=sentence("edit.next.one_value", option=field_.option),
                )
        if kind.has("value") and kind.has("from"):
            # A figure is one number or a range: who says one takes the other away.
            ends, other = (("from", "to"), ("value",))
            for said_, gone in ((other, ends), (ends, other)):
                if any(found.get(each) for each in said_) and not any(found.get(each) for each in gone):
                    found |= {each: [] for each in gone}
        return {option: tuple(dict.fromkeys(values)) for option, values in found.items()}

    def _field(
        self,
        field_: FactField,
        text: str | tuple[str, str, int],
        language: str,
        kind: FactKind,
        found: dict[str, list[Term]],
    ) -> list[Term]:
        if isinstance(text, tuple):
            document = self._passages.document(text[0])
            return [self._passages.quoted(document, text[1], occurrence=text[2]) if text[1] else document]
        if not text.strip():
            raise self._wrong("edit.empty", field_, text)
        if match := _RANGE.match(text.strip()) if field_.option == "value" and kind.has("from") else None:
            ends = {"from": match[1], "to": match[2]}
            found |= {option: [self._literal(kind.field(option), number)] for option, number in ends.items()}
            return []
        if field_.is_text:
            languages = [language] if language else self._languages
            return [Literal(text, language=each) for each in (languages if field_.many else languages[:1])]
        if _XSD + "integer" in field_.datatypes:
            return [self._number(field_, text, kind, found)]
        return [self._thing(field_, text) if not field_.datatypes else self._value(field_, text)]

    def _thing(self, field_: FactField, text: str) -> Iri:
        """The thing, the choice, the document or the web address that a text names."""
        if _DOCUMENT in field_.classes:
            return self._passages.document(text)
        if field_.choices or field_.scheme:
            return self._choice(field_, text)
        if field_.pattern and not field_.classes:
            if not is_absolute_iri(text) or not re.search(field_.pattern, text):
                raise self._wrong("edit.not_address", field_, text)
            return Iri(text)
        if field_.classes == (_COUNTRY,) and (code := country_code(text)):
            known = f"{PREFIXES['country']}{countries()[code].alpha3}"
            if known not in self._state.said:
                self.new_countries[known] = code
            return Iri(known)
        return self._resolve(text, field_.classes)

    def countries(self, sources: Iterable[Term], name_of: Callable[[str], Text]) -> list[Triple]:
        """What is said of countries that were named and that the graph does not have: every one has its code, and a name from `name_of`."""
        said, label, derived = (
            list(sources),
            Iri(PREFIXES["skos"] + "prefLabel"),
            Iri(PREFIXES["prov"] + "wasDerivedFrom"),
        )
        found: list[Triple] = []
        for iri, code in self.new_countries.items():
            country = Iri(iri)
            found += [
                Triple(country, Iri(RDF_TYPE), Iri(_COUNTRY)),
                *(
                    Triple(country, label, Literal(name_of(code).in_language(each), language=each))
                    for each in ("nb", "en")
                ),
                Triple(country, Iri(PREFIXES["skos"] + "notation"), Literal(code)),
                *(Triple(country, derived, each) for each in said),
            ]
        return found

    def _value(self, field_: FactField, text: str) -> Literal:
        """A literal that is no number: the hash of a file, a date, a text without a language."""
        if field_.takes_file:
            return self._file(Path(text))
        if field_.is_date or field_.datatypes == (_XSD + "date",):
            return self._date(field_, text)
        return self._literal(field_, text)

    def _literal(self, field_: FactField, text: str) -> Literal:
        if field_.pattern and not re.search(field_.pattern, text):
            raise self._wrong("edit.pattern", field_, text)
        kind = field_.datatypes[0]
        return Literal(text) if kind == _XSD + "string" else Literal(text, datatype=Iri(kind))

    def _file(self, path: Path) -> Literal:
        data, digest = hash_of_file(path)
        self.file_name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.name)
        self.files[self.file_name] = data
        return Literal(digest)

    def _date(self, field_: FactField, text: str) -> Literal:
        written = text.strip()
        match = _NORWEGIAN_DAY.match(written)
        if match:
            written = f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
        if not _WHEN.match(written) or (not field_.is_date and len(written) != len("YYYY-MM-DD")):
            raise self._wrong("edit.not_date", field_, text)
        if len(written) == len("YYYY-MM-DD"):
            try:
                date.fromisoformat(written)
            except ValueError as error:
                raise self._wrong("edit.not_date", field_, text) from error
        return Literal(written, datatype=Iri(_XSD + DATES[len(written)]))

    def _number(self, field_: FactField, text: str, kind: FactKind, found: dict[str, list[Term]]) -> Literal:
        """A whole number; a mark before it ("about", "minst") says how exact it is, when nothing else does."""
        match = _NUMBER.match(text.strip())
        if match is None:
            raise self._wrong("edit.not_number", field_, text)
        if said := match["mark"].strip():
            lists, mark = word_lists(__package__, "marks"), plain(said)
            exact = next((name for name in lists if mark in map(plain, words_of(__package__, "marks", name))), "")
            if not _MARK.match(said) or not exact or not kind.has("exactness"):
                raise self._wrong("edit.not_number", field_, text)
            found.setdefault("exactness", [Iri(CONCEPT + exact)])
        return Literal(re.sub(r"[ .,\u00a0\u202f]", "", match["number"]), datatype=Iri(_XSD + "integer"))

    def _choice(self, field_: FactField, text: str) -> Iri:
        """One of the things that a field allows: by its label, its short name, or the last words of it."""
        allowed = self.choices(field_)
        iri = expand(text, self._state.prefixes)
        if iri in allowed:
            return Iri(iri)
        names = self._names(allowed)
        wanted = plain(text)
        for strict in (True, False):
            found = [
                each
                for each, called in names.items()
                if any(_is_called(wanted, name, strict=strict) for name in called)
            ]
            if len(found) > 1 and not strict:
                found = _nearest(found, names, wanted)
            if len(found) == 1:
                return Iri(found[0])
            if found:
                choices = ", ".join(compress(each, self._state.prefixes) for each in found)
                message = sentence("edit.several_choices", name=text, option=field_.option)
                raise EditError(message, fix=sentence("edit.next.one", choices=choices))
        by_name = {name: each for each, called in names.items() for name in called}
        near = list(
            dict.fromkeys(by_name[each] for each in difflib.get_close_matches(wanted, by_name, n=3, cutoff=0.5))
        )
        shown = near or list(allowed)[:30]
        named = Text(
            *(
                ", ".join(f"{words_of_value(Iri(each), self._labels, language)} ({_short(each)})" for each in shown)
                for language in LANGUAGES
            )
        )
        key = "edit.next.mean" if near else "edit.next.one"
        raise EditError(
            sentence("edit.no_choice", name=text, option=field_.option, about=field_.name),
            fix=sentence(key, choices=named, guesses=named),
        )

    def choices(self, field_: FactField) -> tuple[str, ...]:
        """What a field allows: its own choices, or the concepts of its scheme."""
        if field_.choices:
            return field_.choices
        concepts = (each for class_ in field_.classes for each in self._state.instances(class_))
        return tuple(each for each in dict.fromkeys(concepts) if fits_field(field_, Iri(each), self._state))

    def _names(self, allowed: Iterable[str]) -> Mapping[str, set[str]]:
        label, other = PREFIXES["skos"] + "prefLabel", PREFIXES["skos"] + "altLabel"
        return {
            each: {
                plain(_short(each)),
                *(
                    plain(name.value)
                    for property_ in (label, other)
                    for name in self._state.objects(each, property_)
                    if isinstance(name, Literal)
                ),
            }
            for each in allowed
        }

    def _wrong(self, key: str, field_: FactField, text: str) -> EditError:
        option = self.called.get(field_.option, field_.option)
        message = sentence(key, option=option, value=text, name=field_.name)
        next_ = sentence(f"edit.next.{key.removeprefix('edit.')}", about=field_.about, pattern=field_.pattern)
        return EditError(message, fix=next_)


def _short(iri: str) -> str:
    return iri.rstrip("/").replace("#", "/").rpartition("/")[2]


def _is_called(wanted: str, name: str, *, strict: bool) -> bool:
    return name == wanted if strict else name.endswith(f" {wanted}")


def _nearest(found: Sequence[str], names: Mapping[str, set[str]], wanted: str) -> list[str]:
    """Those that have the least beside what was typed: "members" is the number of members, not of board members."""
    more = {each: min(len(name) for name in names[each] if _is_called(wanted, name, strict=False)) for each in found}
    least = min(more.values())
    return [each for each in found if more[each] == least]


def _split(option: str, kind: FactKind) -> tuple[str, str]:
    """`title-nb` is the title in bokmål, when there is a title and it is said in languages."""
    name, _, language = option.rpartition("-")
    if language in LANGUAGES and kind.has(name) and kind.field(name).is_text:
        return name, language
    return option, ""


def _with_quotes(said: Said) -> list[tuple[str, str | tuple[str, str, int]]]:
    """Each source together with the words quoted from it and which of several places they stand in.

    Raises:
        EditError: words are quoted before a source is named, or the place is no number.
    """
    found: list[tuple[str, str | tuple[str, str, int]]] = []
    for option, text in said:
        if option not in {QUOTE, OCCURRENCE}:
            found.append((option, (text, "", 0) if option == SOURCE else text))
            continue
        last = found[-1] if found else ("", "")
        if not isinstance(last[1], tuple):
            raise EditError(sentence("edit.quote_first"), fix=sentence("edit.next.quote_first"))
        document, words, at = last[1]
        if option == QUOTE and words:
            found.append((SOURCE, (document, text, 0)))
        elif option == QUOTE:
            found[-1] = SOURCE, (document, text, at)
        elif _PLACE.match(text):
            found[-1] = SOURCE, (document, words, int(text))
        else:
            raise EditError(sentence("edit.occurrence", value=text), fix=sentence("edit.next.quote_first"))
    if any(isinstance(each, tuple) and each[2] and not each[1] for _, each in found):
        raise EditError(sentence("edit.no_quote"), fix=sentence("edit.next.quote_first"))
    return found
