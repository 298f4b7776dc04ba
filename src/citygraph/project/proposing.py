"""Proposals of a document that the graph has: made, decided by a person, and written through the one writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citygraph.config import Config
from citygraph.edit.plan import EditedFile, write_files
from citygraph.edit.state import EditedGraph
from citygraph.errors import CitygraphError, EditError
from citygraph.load import load_files
from citygraph.matching.names import plain
from citygraph.messages import Text, key_of, text
from citygraph.read.decisions import (
    DecidedProposal,
    edit_of,
    read_decisions,
    read_rejected,
    without_rejected,
    write_proposals,
    write_rejected,
)
from citygraph.read.mentions import KnownNames
from citygraph.read.propose import Proposal, propose
from citygraph.read.text import KeptText

if TYPE_CHECKING:
    from citygraph.edit.changes import Editor
    from citygraph.edit.plan import EditPlan
    from citygraph.project.editing import Edits

REJECTED: Final = "data/decisions"
"""Where what was rejected is kept, one file for each document."""
_OF_SOURCE: Final = frozenset({"source", "quote", "occurrence"})
_HOLDERS: Final = frozenset({"office", "lead"})


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """What became of one proposal: the sentences of its edit if it was accepted, or why nothing was written."""

    decided: DecidedProposal
    told: tuple[Text, ...] = ()
    refused: str = ""
    fix: str = ""


class Proposals:
    """Makes the proposals of documents of one project, and takes decisions about them back."""

    def __init__(self, edits: Edits, config: Config, *, today: date) -> None:
        """`edits` writes what is accepted; `today` is the day on which something is rejected."""
        self._edits, self._config, self._today = edits, config, today

    def made(self, kept: KeptText, document: str) -> list[Proposal]:
        """The proposals of a text that nobody has rejected.

        Args:
            kept: the text.
            document: the short name of its document, such as `source:memo.docx`.

        Raises:
            EditError: the file of what was rejected cannot be read.
        """
        return without_rejected(propose(kept, self._known(), self._edits.kinds), self._rejected(document))

    def table(self, kept: KeptText, document: str, *, language: str) -> bytes:
        """The same as the table that a colleague decides."""
        found = self.made(kept, document)
        return write_proposals(found, self._edits.kinds, self._known(), of_text=kept.text, language=language)

    def decide(self, data: bytes, kept: KeptText, document: str) -> list[DecisionOutcome]:
        """Take a table back: what is accepted is written, fact by fact; what is rejected is kept and comes no more.

        Args:
            data: the table.
            kept: the text of the document as it is now.
            document: the document, which the graph has.

        Returns:
            One outcome for each row; a fact that an edit refuses stands there with the reason, and the others are written
            all the same.

        Raises:
            EditError: the table cannot be read or is of another text; then nothing is written.
        """
        decided = read_decisions(data, of_text=kept.text)
        rejected = [each for each in decided if each.answer == "no"]
        self._keep_rejected([*rejected, *self._as_proposed(rejected, kept)], document)
        return [
            self._accepted(each, kept, document) if each.answer == "yes" else DecisionOutcome(each) for each in decided
        ]

    def _as_proposed(self, rejected: Sequence[DecidedProposal], kept: KeptText) -> list[DecidedProposal]:
        """What is rejected as it was proposed: who changes a value and says no does not get the proposal again."""
        changed = {(each.number, each.kind, each.start, each.end): each for each in rejected}
        found = propose(kept, self._known(), self._edits.kinds) if changed else []
        places = [((str(each.number), each.kind, each.start, each.end), each) for each in found]
        return [replace(changed[place], said=each.said) for place, each in places if place in changed]

    def _known(self) -> KnownNames:
        return KnownNames(EditedGraph(load_files(self._config).graphs))

    def _accepted(self, decided: DecidedProposal, kept: KeptText, document: str) -> DecisionOutcome:
        try:
            said = edit_of(decided, document=document, of_text=kept.text)
            left: list[str] = []
            person = self._new_person(decided)
            told = [*person, *self._written(lambda editor: _added(editor, decided.kind, said, left))]
        except CitygraphError as error:
            return DecisionOutcome(decided, refused=error.message, fix=error.fix)
        if left:
            told.append(text("proposals.left").filled(options=", ".join(left)))
        return DecisionOutcome(decided, tuple(told))

    def _new_person(self, decided: DecidedProposal) -> Sequence[Text]:
        """A holder of an office whom the graph does not have: who accepts the office accepts the person."""
        name = next((value for option, value in decided.said if option == "member"), "")
        if decided.kind not in _HOLDERS or ":" in name or " " not in name:
            return ()
        if self._known().called(plain(name), ("person", "authority", "organisation", "place")):
            return ()
        return self._written(lambda editor: editor.add("person", [("name", name)]))

    def _written(self, plan: Callable[[Editor], EditPlan]) -> Sequence[Text]:
        checked = self._edits.check(plan(self._edits.editor()))
        self._edits.write(checked)
        return checked.plan.told

    def _path(self, document: str) -> Path:
        name = document.rpartition(":")[2].rpartition("/")[2]
        return self._config.folder / REJECTED / f"{name}.csv"

    def _rejected(self, document: str) -> dict[str, tuple[str, ...]]:
        path = self._path(document)
        return read_rejected(path.read_bytes()) if path.is_file() else {}

    def _keep_rejected(self, rejected: Sequence[DecidedProposal], document: str) -> None:
        if not rejected:
            return
        path, today = self._path(document), self._today.isoformat()
        before = path.read_bytes() if path.is_file() else None
        after = write_rejected(self._rejected(document), rejected, today=today)
        change = EditedFile(path.relative_to(self._config.folder).as_posix(), before, after)
        write_files([change] if after != before else [], self._config.folder)


def _added(editor: Editor, kind: str, said: Sequence[tuple[str, str]], left: list[str]) -> EditPlan:
    """A new fact; of one that the graph has, one more day on which it holds, or one more source.

    What else is said of such a fact is not written over what the graph says: its options come into `left`.
    """
    try:
        return editor.add(kind, said)
    except EditError as error:
        if key_of(error.message) != "edit.known":
            raise
    chosen = editor.kinds.named(kind)
    of_source = [each for each in said if each[0] in _OF_SOURCE]
    telling = [each for each in said if each[0] in chosen.known_by]
    days = [("on", value) for option, value in said if option == "as-of"]
    left += [option for option, _ in said if option not in {*_OF_SOURCE, *chosen.known_by, "as-of", "basis"}]
    if chosen.has("as-of"):
        return editor.confirm(kind, [*telling, *days, *of_source])
    return editor.change(kind, [*telling, *of_source])
