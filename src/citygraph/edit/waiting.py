"""An edit that waited, on the files as they are now: the same statements go and come, or it is overtaken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from citygraph.edit.blocks import EditableTurtle
from citygraph.edit.facts import StatementChange
from citygraph.edit.plan import EditedFile, EditPlan
from citygraph.edit.state import is_imported
from citygraph.errors import EditError
from citygraph.messages import sentence
from citygraph.namespaces import compress
from citygraph.rdf import BlankNode, Iri, Term, Triple, parse

_SHOWN: Final = 3


def on_files_now(plan: EditPlan, folder: Path, prefixes: Mapping[str, str]) -> tuple[EditedFile, ...]:
    """The files of an edit that was planned earlier, with what others have written since.

    Args:
        plan: the edit, with what the files held then.
        folder: the project.
        prefixes: the short names of addresses.

    Returns:
        What each holds now and is to hold: the statements that went and came then. A file that is as it was is to hold what
        it was to hold, byte for byte.

    Raises:
        EditError: one of its facts is another one now, what it says of a thing was said otherwise since, or the file cannot
            be changed by program.
    """
    facts = {Iri(each) for each in plan.facts}
    return tuple(_now(each, facts, folder, prefixes) for each in plan.changes)


def _now(file: EditedFile, facts: Collection[Iri], folder: Path, prefixes: Mapping[str, str]) -> EditedFile:
    place = folder / file.path
    now = place.read_bytes() if place.is_file() else None
    if now == file.before:
        return file
    after = file.after.decode("utf-8", "replace")
    if now is None or not file.path.endswith(".ttl") or is_imported(after):
        raise _overtaken(file.path, (), prefixes)
    before, here, then = (_statements(each) for each in (file.before or b"", now, file.after))
    if before is None or here is None or then is None:
        raise _overtaken(file.path, (), prefixes)
    gone, come = ([each for each in some if each not in other] for some, other in ((before, then), (then, before)))
    touched = {(each.subject, each.predicate) for each in (*gone, *come)}
    was, is_ = (
        {each for each in some if each.subject in facts or (each.subject, each.predicate) in touched}
        for some in (before, here)
    )
    if was != is_:
        raise _overtaken(file.path, [each.subject for each in was ^ is_], prefixes)
    turtle = EditableTurtle(file.path, now.decode("utf-8"))
    new = StatementChange(tuple(gone), tuple(come))
    text = turtle.changed(new, prefixes=prefixes, after=_before_the_first(come, before, then))
    return EditedFile(file.path, now, text.encode())


def _statements(data: bytes) -> dict[Triple, None] | None:
    """What a file says, in its order; `None` when it cannot be read, or says something of a thing without an address."""
    parsed = parse(data.removeprefix(b"\xef\xbb\xbf"), format="ttl")
    if parsed.problems or any(
        isinstance(each, BlankNode) for quad in parsed.quads for each in (quad.subject, quad.object)
    ):
        return None
    return dict.fromkeys(quad.triple for quad in parsed.quads)


def _before_the_first(come: Iterable[Triple], before: Collection[Triple], then: Iterable[Triple]) -> str:
    """The thing behind whose block the first new thing was to stand; empty without one."""
    known = {each.subject for each in before}
    order = list(dict.fromkeys(each.subject for each in then))
    new = next((each.subject for each in come if each.subject not in known), None)
    at = order.index(new) if new is not None else 0
    last = order[at - 1] if at else None
    return last.value if isinstance(last, Iri) else ""


def _overtaken(path: str, things: Iterable[Term], prefixes: Mapping[str, str]) -> EditError:
    names = {compress(each.value, prefixes) for each in things if isinstance(each, Iri)}
    shown = ", ".join(sorted(names)[:_SHOWN]) or path
    return EditError(sentence("edit.waited", things=shown, file=path), fix=sentence("edit.next.waited"))
