"""A whole project in today's words: data, questions and the copy of the vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from citygraph.edit.plan import EditedFile, write_files
from citygraph.files import end_inside
from citygraph.messages import sentence
from citygraph.migrate.questions import rewrite_question
from citygraph.migrate.turtle import CODES, TurtleFile, TurtleRewrite, refuse_if_changed, take_over
from citygraph.migrate.words import (
    SHARED,
    VERSIONED,
    LeftOver,
    Replacement,
    question_files,
    read_question,
    replacements,
    version_of,
)
from citygraph.namespaces import compress
from citygraph.turtle.document import TurtleError


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done to each file, in words such as `cg:usesMeans -> cg:hasActivity` with how often, and what is left."""

    files: Mapping[str, Counter[str]]
    left: tuple[LeftOver, ...]


def migrate(folder: Path, *, base: str, reference: Path, write: bool = True) -> Migrated:
    """Rewrite the data, questions and the copied vocabulary of a project in today's words.

    Every Turtle file is parsed before and after: but for the words it says the same, or nothing is written at all. Run
    again after a break, it goes on with what is left.

    Args:
        folder: the project.
        base: what its addresses begin with, for claims that have to be added.
        reference: our own project, whose ontology says what is written now.
        write: without it nothing is written, and what would be done is told.

    Raises:
        ConfigError: something else than the words would change in a file.
        EditError: somebody else has changed a file meanwhile; nothing is written.
        ExportError: a file cannot be written; all are as they were.
    """
    table = replacements(reference / "ontology")
    files, left = _turtle_files(folder, table)
    turtle = TurtleRewrite(files, table, base)
    turtle.rewrite()
    left += turtle.left
    for file in files:
        refuse_if_changed(file, table, turtle.aims)
    rewritten = [each for each in (*files, *_vocabulary(folder, reference)) if each.done]
    done = {each.name: (each.done, _edited(each.name, each.text, each.edited())) for each in rewritten}
    for path in question_files(folder):
        name = path.relative_to(folder).as_posix()
        before = read_question(path)
        after, changes, not_done = rewrite_question(name, before, table)
        left += not_done
        if changes:
            done[name] = (changes, _edited(name, before, after))
    # The file that has the version comes last, so that a run after a break goes on with the others.
    in_order = sorted(done, key=lambda name: (name == f"ontology/{VERSIONED}", name))
    if write:
        write_files([done[name][1] for name in in_order], folder)
    told = sorted(dict.fromkeys(left), key=lambda each: (each.file, each.line))
    return Migrated({name: done[name][0] for name in sorted(done)}, tuple(told))


def _edited(name: str, before: str, after: str) -> EditedFile:
    return EditedFile(name, *(each.encode("utf-8", "surrogateescape") for each in (before, after)))


def _vocabulary(folder: Path, reference: Path) -> Iterator[TurtleFile]:
    """The copy that a project has of an earlier vocabulary, with the edits that bring it up to date.

    Where the version is today's, the copy is left to `citygraph upgrade`.
    """
    ours, theirs = (each / "ontology" / VERSIONED for each in (reference, folder))
    if not theirs.is_file() or version_of(theirs) == version_of(ours):
        return
    for name in (*SHARED, CODES):
        path, today = folder / "ontology" / name, reference / "ontology" / name
        if path.is_file() and today.is_file():
            copy = TurtleFile(f"ontology/{name}", path.read_bytes().decode("utf-8", "surrogateescape"))
            take_over(copy, TurtleFile(name, today.read_text(encoding="utf-8")))
            yield copy


def _turtle_files(folder: Path, table: Mapping[str, Replacement]) -> tuple[list[TurtleFile], list[LeftOver]]:
    """The Turtle files of a project, but for its copy of the vocabulary; the others that have an old word are named."""
    files, left = [], []
    words = re.compile("|".join(rf"{re.escape(compress(old))}(?![\w-])|{re.escape(old)}(?![\w-])" for old in table))
    for path in sorted([*(folder / "data").rglob("*"), *(folder / "ontology").rglob("*")]):
        name = path.relative_to(folder).as_posix()
        if path.name in {*SHARED, CODES} or not path.is_file() or end_inside(path, folder) is None:
            continue
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        if path.suffix == ".ttl":
            try:
                text.encode()
                files.append(TurtleFile(name, text))
                continue
            except (TurtleError, UnicodeEncodeError):
                pass
        for match in words.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            left.append(LeftOver(name, line, match[0], sentence("migrate.no_turtle")))
    return files, left
