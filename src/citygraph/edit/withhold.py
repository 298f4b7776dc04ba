"""A person whose name is not to be told any longer: the offices stay, and the name goes from every file of the project."""

from __future__ import annotations

import html
import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from unicodedata import normalize

from citygraph.edit.blocks import EditableTurtle
from citygraph.edit.facts import StatementChange
from citygraph.edit.plan import EditedFile
from citygraph.edit.state import EditedGraph
from citygraph.formats import by_extension
from citygraph.matching.withheld import hashes_in, name_hash
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Triple

WITHHELD: Final = "(withheld)"
"""What stands in place of a name."""
_NAMES: Final = (PREFIXES["foaf"] + "name", PREFIXES["skos"] + "altLabel")
_GOES: Final = (PREFIXES["skos"] + "altLabel", PREFIXES["schema"] + "sameAs")
_SINCE: Final = PREFIXES["cg"] + "withheldSince"
_HASH: Final = PREFIXES["cg"] + "sha256"
_DAY: Final = Iri(PREFIXES["xsd"] + "date")
_PERSON: Final = "person-"
_ESCAPE: Final = re.compile(r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\[\"'._~-]|&(?:#x[0-9A-Fa-f]+|#[0-9]+|[A-Za-z]+);")
"""Of Turtle, N-Triples and JSON, and of XML."""
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
"""How a text begins that a spreadsheet saved as Unicode; it is not changed here."""
_TABLES: Final = frozenset({".csv", ".tsv"})
_TEXTS: Final = frozenset({".md", ".rq", ".toml", ".txt"})
"""What is text beside the formats of data."""
_LINES: Final = frozenset({".nt", ".nq"})
_NOT_OURS: Final = frozenset({"build", "node_modules"})


@dataclass(frozen=True, slots=True)
class WithheldPerson:
    """The files without a name.

    Attributes:
        files: what they are to hold.
        person: the new address of the person.
        facts: how many facts speak of the person.
        left: the files in which the name can still be read, as in addresses of others, in UTF-16, or in what the file is
            called, or in which other names and links stand.
    """

    files: tuple[EditedFile, ...]
    person: str
    facts: int
    left: tuple[str, ...]


def withhold_person(person: str, state: EditedGraph, folder: Path, sources: Path, *, today: date) -> WithheldPerson:
    """What the files are to hold when nobody is to be told who this is.

    The person and every fact whose address has the name get addresses without it; the names are taken out of all texts and
    remarks, also where they are written with escapes, over two lines or in other letters (capital, decomposed); other names and
    links to other data go. The day is written on the person, and the hash of each name that stands nowhere any longer: by that
    the addresses that had it are known as gone. The texts of documents and the history in git are not touched.

    Args:
        person: the address of the person.
        state: the graph.
        folder: the project.
        sources: where the texts of documents lie.
        today: the day on which the name is taken out.
    """
    names = {
        each.value for property_ in _NAMES for each in state.objects(person, property_) if isinstance(each, Literal)
    }
    facts = {subject for subjects in state.said_of.get(person, {}).values() for subject in subjects}
    renamed = _new_addresses(person, facts, state)
    gone = tuple(
        Triple(Iri(person), Iri(property_), value) for property_ in _GOES for value in state.objects(person, property_)
    )
    addresses = _pattern(map(re.escape, sorted(renamed, key=len, reverse=True)), r"[A-Za-z0-9-]")
    local = person.rpartition("/")[2]
    has_name = re.compile(rf"(?<![a-z0-9]){re.escape(local.removeprefix(_PERSON))}(?![a-z0-9])", re.IGNORECASE)
    home = next((file.path for file in state.files_of(person) if file.path.endswith(".ttl")), "")
    texts: dict[str, tuple[bytes, str]] = {}
    left = []
    for path in _files(folder, sources):
        before = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        text = before.decode("utf-8", "surrogateescape")
        about = [file for file in state.files_of(person) if file.path == name]
        if path.suffix == ".ttl" and about:
            text = EditableTurtle(name, text).changed(StatementChange(gone), prefixes=state.prefixes)
        text = _without_lines(path, text, person)
        text = _replaced(text, _names_in(path, names), lambda _: WITHHELD)
        text = _replaced(text, addresses, renamed.__getitem__)
        texts[name] = before, text
        has_more = path.suffix not in {".ttl", *_LINES} and any(
            each.triple in gone for file in about for each in file.quads
        )
        in_name = has_name.search(re.sub(r"[ _]+", "-", name))
        in_other_letters = before.startswith(_UTF_16) and _names_in(path, names).search(
            before.decode("utf-16", "replace")
        )
        if has_name.search(_plain(text)[0]) or has_more or in_name or in_other_letters:
            left.append(name)
    new = f"{state.base}id/{renamed[local]}"
    if home in texts:
        before, text = texts[home]
        hashed = _hashes(
            (*names, local.removeprefix(_PERSON)), [said for path, (_, said) in texts.items() if path.endswith(".ttl")]
        )
        added = [Triple(Iri(new), Iri(_HASH), Literal(each)) for each in hashed]
        if not state.objects(person, _SINCE):
            added.insert(0, Triple(Iri(new), Iri(_SINCE), Literal(str(today), datatype=_DAY)))
        change = StatementChange(added=tuple(added))
        texts[home] = before, EditableTurtle(home, text).changed(change, prefixes=state.prefixes)
    changes = [
        EditedFile(name, before, after)
        for name, (before, text) in texts.items()
        if (after := text.encode("utf-8", "surrogateescape")) != before
    ]
    return WithheldPerson(tuple(changes), new, len(facts), tuple(left))


def _hashes(names: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The hashes of the names that stand in none of the texts: `check` refuses a name that it has the hash of."""
    known = {name_hash(each) for each in names}
    return sorted(known - {each for text in texts for each in hashes_in(text, known)})


def _without_lines(path: Path, text: str, person: str) -> str:
    """A table of mappings or a file of one statement a line without those that are about other names and links."""
    starts: list[str] = []
    if path.name.endswith(".sssom.tsv"):
        starts = [f"id:{person.rpartition('/')[2]}\t"]
    elif path.suffix in _LINES:
        starts = [f"<{person}> <{each}> " for each in _GOES]
    lines = re.split(r"(?<=\n)", text) if starts else [text]
    return "".join(line for line in lines if not line.startswith(tuple(starts)))


def _new_addresses(person: str, facts: set[str], state: EditedGraph) -> dict[str, str]:
    """For each local name that has the name of the person in it, one that has not."""
    local = person.rpartition("/")[2]
    stem = local.removeprefix(_PERSON)
    number = next(each for each in range(1, 100_000) if f"{state.base}id/{_PERSON}withheld-{each}" not in state.said)
    has_name = re.compile(rf"(?<![a-z0-9]){re.escape(stem)}(?![a-z0-9])")
    roots = {person, *facts}
    own = state.base + "id/"
    # A name of several words is nobody else's; one of a single word may be that of a city.
    is_sure = "-" in stem
    found = {
        each.rpartition("/")[2]
        for each in state.said
        if each.startswith(own) and (is_sure or each in roots or any(each.startswith(f"{root}-") for root in roots))
    }
    return {each: has_name.sub(f"withheld-{number}", each) for each in found if has_name.search(each)} | {
        local: f"{_PERSON}withheld-{number}"
    }


def _pattern(words: Iterable[str], inside: str, *, end: str = "") -> re.Pattern[str]:
    """Any of the words, where it is no part of a longer one; `end` says otherwise what stands behind it."""
    return re.compile(rf"(?<!{inside})(?:{'|'.join(words) or '(?!)'})(?={end or f'(?!{inside})'})")


def _names_in(path: Path, names: Collection[str]) -> re.Pattern[str]:
    """The names as they may be written in a file: in a table a row ends with its line, elsewhere a name goes on behind it."""
    space = r"[ \u00a0]+" if path.suffix.lower() in _TABLES else r"(?:[ \u00a0]+|[ \t]*\r?\n[\s#>]*)"
    forms = {normalize(form, name) for name in names for form in ("NFC", "NFD")}
    written = (space.join(map(re.escape, name.split())) for name in sorted(forms, key=len, reverse=True))
    # A name of one word may be a word of the language when it is written in small letters.
    # What stands behind it may be the s of a genitive.
    return _pattern((f"(?i:{each})" if space in each else each for each in written), r"\w", end=r"s?(?!\w)")


def _replaced(text: str, pattern: re.Pattern[str], new: Callable[[str], str]) -> str:
    """The text with something new in place of each match, which may be written with escapes."""
    plain, moved = _plain(text)
    pieces, end = [], 0
    for match in pattern.finditer(plain):
        begin, until = (_before(moved, each) for each in match.span())
        pieces += [text[end:begin], new(match[0])]
        end = until
    return "".join([*pieces, text[end:]])


def _plain(text: str) -> tuple[str, list[tuple[int, int]]]:
    """A text with its escapes read, and where it goes on behind each of them: there, and in the text as it was."""
    pieces: list[str] = []
    moved = [(0, 0)]
    end = size = 0
    for match in _ESCAPE.finditer(text):
        read = _read_escape(match[0])
        pieces += [text[end : match.start()], read]
        size += match.start() - end
        # What stands before it and what stands behind it: the character itself lies between them.
        moved.append((size, match.start()))
        size, end = size + len(read), match.end()
        moved.append((size, end))
    return "".join([*pieces, text[end:]]), moved


def _read_escape(escape: str) -> str:
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[1] not in "uU":
        return escape[1]
    number = int(escape[2:], base=16)  # noqa: FURB166  # what stands before it is no 0x
    return chr(number) if number <= sys.maxunicode else escape


def _before(moved: list[tuple[int, int]], place: int) -> int:
    """Where a place in the plain text lies in the text as it was."""
    at, original = moved[bisect_right(moved, (place, sys.maxsize)) - 1]
    return original + place - at


def _files(folder: Path, sources: Path) -> Iterator[Path]:
    """The text files of the project, without what is built, what is hidden, links, and the documents themselves."""
    has_sources = sources != folder and sources.is_relative_to(folder)
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_ours = parts[0] not in _NOT_OURS and not any(part.startswith(".") for part in parts)
        is_text = path.suffix.lower() in _TEXTS or by_extension(path.suffix) is not None
        is_document = has_sources and path.is_relative_to(sources)
        if is_ours and is_text and not is_document and path.is_file() and not path.is_symlink():
            yield path
