"""Turtle files in the project's style, without changing a lexical form or losing a comment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from citygraph.documents import place_of
from citygraph.edit.plan import EditedFile, write_files
from citygraph.findings import Finding, finding
from citygraph.messages import reason_of
from citygraph.rdf import canonical_hash, parse
from citygraph.turtle.document import TurtleError, read_document
from citygraph.turtle.layout import write_document


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file before and after; `after` equals `before` when there is nothing to do or it cannot be done."""

    path: Path
    before: str
    after: str
    findings: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the file is not in the project's style yet."""
        return self.before != self.after


def format_file(path: Path, *, name: str) -> Formatted:
    """How the Turtle file at `path` should look; nothing is written.

    The result is given only when it parses to exactly the same statements with the same lexical forms.
    """
    try:
        data = path.read_bytes()
        before = data.decode("utf-8")
    except OSError as error:
        return Formatted(path, "", "", (finding("unreadable-file", file=name, reason=reason_of(error)),))
    except UnicodeDecodeError as error:
        line, column = place_of(error)
        return Formatted(path, "", "", (finding("encoding", file=name, line=line, column=column),))
    text = before.removeprefix("\ufeff")
    parsed = parse(text.encode(), format="ttl")
    if parsed.problems:
        problem = parsed.problems[0]
        found = finding("syntax", file=name, line=problem.line, column=problem.column, detail=problem.message)
        return Formatted(path, before, before, (found,))
    try:
        after = write_document(read_document(text))
    except TurtleError as error:
        return Formatted(
            path,
            before,
            before,
            (finding("syntax", file=name, line=error.line, column=error.column, detail=error.message),),
        )
    again = parse(after.encode(), format="ttl")
    if again.problems or canonical_hash(again.quads) != canonical_hash(parsed.quads):
        message = f"{path}: the formatted text does not say the same as the file"
        raise AssertionError(message)
    return Formatted(path, before, after)


def write_formatted(results: Iterable[Formatted], folder: Path) -> None:
    """Write the files that change, all of them or none.

    Args:
        results: files before and after.
        folder: the project.

    Raises:
        EditError: somebody else has changed a file meanwhile.
        ExportError: a file cannot be written.
    """
    top = f"{folder.as_posix()}/"
    changed = [
        EditedFile(each.path.as_posix().removeprefix(top), each.before.encode(), each.after.encode())
        for each in results
        if each.changed
    ]
    if changed:
        write_files(changed, folder)
