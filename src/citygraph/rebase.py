"""Give the addresses of a project another beginning, in all its files, in a step that can be repeated after a break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from citygraph.config import CONFIG_FILE
from citygraph.edit.plan import EditedFile, write_files
from citygraph.errors import ConfigError
from citygraph.files import end_inside
from citygraph.formats import Carries, by_extension
from citygraph.messages import sentence
from citygraph.namespaces import BASE, is_absolute_iri
from citygraph.rdf import BlankNode, Iri, Literal, Quad, canonical_hash, parse

_TEXTS: Final = frozenset({".csv", ".json", ".md", ".owl", ".rq", ".toml", ".tsv", ".txt", ".xml"})
_OTHER_ENCODINGS: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_NOT_OURS: Final = frozenset({"build", "sources", "node_modules"})
# Terms, roles and codes belong to the vocabulary, which is the same in every project.
_VOCABULARY: Final = r"(?!ontology(?![\w-])|concept/)"


@dataclass(frozen=True, slots=True)
class Rebased:
    """How many addresses were rewritten in each file, and the files that have some and are of no kind, or in no encoding, that is rewritten here."""

    old: str
    new: str
    files: dict[str, int]
    left: tuple[str, ...]


def rebase(folder: Path, old: str, new: str, *, write: bool = True) -> Rebased:
    """Rewrite every address that begins with `old` so that it begins with `new`; the settings come last.

    Files of RDF are parsed before and after: but for the addresses they say the same, or nothing is written at all.
    Run again after a break, it goes on with what is left.

    Args:
        folder: the project.
        old: the beginning that is given up, with `/` at its end.
        new: the one that takes its place.
        write: without it nothing is written, and what would be done is told.

    Raises:
        ConfigError: one of the two is no such address, they lie within each other, or nothing begins with `old`.
        EditError: somebody else has changed a file meanwhile; nothing is written.
        ExportError: a file cannot be written; all are as they were.
    """
    for address in (old, new):
        if not is_absolute_iri(address) or not address.endswith("/"):
            raise ConfigError(sentence("files.base", base=address), fix=sentence("files.rebase_like"))
    if old.startswith(new) or new.startswith(old):
        raise ConfigError(sentence("files.rebase_within", old=old, new=new), fix=sentence("files.rebase_other"))
    begins = re.compile(re.escape(old) + (_VOCABULARY if BASE.startswith(old) else ""))
    changed: dict[str, tuple[int, EditedFile]] = {}
    left = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        data = path.read_bytes()
        format_ = by_extension(path.suffix)
        is_read_here = path.suffix in _TEXTS or format_ is not None
        if any(old.encode(each) in data for each in _OTHER_ENCODINGS) or (old.encode() in data and not is_read_here):
            left.append(name)
            continue
        if old.encode() not in data:
            continue
        text, count = begins.subn(lambda _: new, data.decode("utf-8", "surrogateescape"))
        if count:
            rewritten = text.encode("utf-8", "surrogateescape")
            if format_ is not None and format_.carries is not Carries.ROWS:
                _refuse_if_changed(name, format_.name, data, rewritten, begins, new)
            changed[name] = (count, EditedFile(name, data, rewritten))
    if not changed:
        raise ConfigError(sentence("files.rebase_nothing", old=old, folder=folder), fix=sentence("files.rebase_see"))
    if write:
        write_files(
            [changed[name][1] for name in sorted(changed, key=lambda name: (name == CONFIG_FILE, name))], folder
        )
    return Rebased(old, new, {name: count for name, (count, _) in changed.items()}, tuple(left))


def _files(folder: Path) -> Iterator[Path]:
    """The files of the project in order, without hidden ones, what is built, the documents themselves, and links."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_ours = parts[0] not in _NOT_OURS and not any(part.startswith(".") for part in parts)
        if is_ours and path.is_file() and not path.is_symlink() and end_inside(path, folder) is not None:
            yield path


def _refuse_if_changed(  # the file, before and after, and what was done to it
    name: str, format_: str, before: bytes, after: bytes, begins: re.Pattern[str], new: str
) -> None:
    """Compare what a file says before and after, but for the addresses.

    Raises:
        ConfigError: something else would change, as when an address is written with escapes.
    """
    old_quads, new_quads = (parse(data, format=format_).quads for data in (before, after))
    if canonical_hash(_moved(quad, begins, new) for quad in old_quads) != canonical_hash(new_quads):
        raise ConfigError(sentence("files.rebase_changes", file=name), fix=sentence("files.rebase_by_hand"))


def _moved(quad: Quad, begins: re.Pattern[str], new: str) -> Quad:
    def moved(term: Iri | BlankNode | Literal) -> Iri | BlankNode | Literal:
        if isinstance(term, Iri):
            return Iri(begins.sub(lambda _: new, term.value))
        if isinstance(term, Literal):
            value = begins.sub(lambda _: new, term.value)
            return Literal(value, language=term.language) if term.language else Literal(value, datatype=term.datatype)
        return term

    graph = moved(quad.graph_name) if isinstance(quad.graph_name, Iri) else quad.graph_name
    return Quad(moved(quad.subject), moved(quad.predicate), moved(quad.object), graph)  # type: ignore[arg-type]  # kinds are kept
