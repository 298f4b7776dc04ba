"""Proposals of a document that the graph has: made, decided by a person, and written through the one writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from citygraph.config import Config
from citygraph.edit.answers import Said
from citygraph.edit.facts import kind_of_fact
from citygraph.edit.plan import EditedFile, EditPlan, joined, write_files
from citygraph.edit.state import EditedGraph
from citygraph.errors import CitygraphError, EditError
from citygraph.load import load_files
from citygraph.messages import Text, key_of, text
from citygraph.namespaces import compress, expand
from citygraph.project.new_things import NewThings
from citygraph.project.revising import asked_of, is_of_document_day, is_said, revision_of, said_again
from citygraph.read.chat import ModelAnswer, ModelServer, ask_model
from citygraph.read.decisions import (
    CONFIRM,
    END,
    REMARK,
    AskedFact,
    DecidedProposal,
    edit_of,
    read_decisions,
    read_rejected,
    remarks_in,
    without_rejected,
    write_proposals,
    write_rejected,
)
from citygraph.read.mentions import KnownNames
from citygraph.read.patterns import pattern_book
from citygraph.read.propose import Proposal, propose
from citygraph.read.sentences import TextSentence, sentences_of
from citygraph.read.text import KeptText

if TYPE_CHECKING:
    from citygraph.edit.changes import Editor
    from citygraph.project.editing import Edits

REJECTED: Final = "data/decisions"
"""Where what was rejected is kept, one file for each document."""
NOTHING: Final = "nothing"
"""In place of a kind of fact: a sentence in which nothing is."""
Write: TypeAlias = "Callable[[Callable[[Editor], EditPlan]], EditPlan]"
"""Makes an edit and writes it."""
Keep: TypeAlias = "Callable[[EditPlan], None]"
"""Writes what is kept beside the graph, and is no fact of it."""
_OF_SOURCE: Final = frozenset({"source", "quote", "occurrence"})


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """What became of one proposal: the sentences of its edit if it was accepted, or why nothing was written.

    `left` names what it says besides of a fact that the graph has already, where nothing was written over.
    """

    decided: DecidedProposal
    told: tuple[Text, ...] = ()
    refused: str = ""
    fix: str = ""
    left: tuple[str, ...] = ()


class Proposals:
    """Makes the proposals of documents of one project, and takes decisions about them back."""

    def __init__(
        self, edits: Edits, config: Config, *, today: date, write: Write | None = None, keep: Keep | None = None
    ) -> None:
        """Proposals of one project.

        Args:
            edits: what plans an edit, and writes it.
            config: the settings of the project.
            today: the day on which something is rejected.
            write: what writes an edit in its place, such as the desk, which keeps a journal.
            keep: what writes decisions that are no edit of the graph, in its place.
        """
        self._edits, self._config, self._today = edits, config, today
        self._write = write or self._checked_and_written
        self._keep: Keep = keep or (lambda plan: write_files(plan.changes, config.folder))

    def made(self, kept: KeptText, document: str) -> list[Proposal]:
        """The proposals of a text that nobody has rejected.

        Args:
            kept: the text.
            document: the short name of its document, such as `source:memo.docx`.

        Raises:
            EditError: the file of what was rejected cannot be read.
        """
        state = self._state()
        found = without_rejected(propose(kept, KnownNames(state), self._edits.kinds), self._rejected(document))
        revision = revision_of(kept, document, state, self._config)
        if revision is None:
            return found
        found = without_rejected(found, self._rejected(compress(revision.old, state.prefixes)))
        asked = asked_of(revision, kept, state, self._edits.kinds)
        places = [(each.start, each.end) for each in asked if each.kind == CONFIRM]
        return [each for each in found if not (revision.texts.is_told(each.sentence) and _is_in(each, places))]

    def without_rejected(self, found: Sequence[Proposal], document: str) -> list[Proposal]:
        """The proposals of a document without those that somebody has rejected since they were made."""
        return without_rejected(found, self._rejected(document))

    def asked(self, kept: KeptText, document: str) -> list[AskedFact]:
        """The facts of the edition that the document replaces, if it replaces one: said again, otherwise, or no more.

        Raises:
            EditError: the file of what was rejected cannot be read.
            ReadError: the text of the old edition cannot be read.
        """
        state, rejected = self._state(), self._rejected(document)
        revision = revision_of(kept, document, state, self._config)
        if revision is None:
            return []
        kinds = self._edits.kinds
        proposals = propose(kept, KnownNames(state), kinds)
        found = [e for e in asked_of(revision, kept, state, kinds) if e.fingerprint not in rejected]
        return [each for each in found if each.kind == CONFIRM or not is_said(each, proposals, state, kinds)]

    def modelled(self, kept: KeptText, document: str, found: Sequence[Proposal]) -> ModelAnswer | None:
        """What a model proposes besides, without what somebody has rejected; `None` where none is set up.

        Raises:
            ConfigError: its address is not one that is asked.
            EditError: the file of what was rejected cannot be read.
            ReadError: it does not answer.
        """
        values = self._config.values
        if not values["read.model"]:
            return None
        server = ModelServer(str(values["read.model"]), str(values["read.model_name"]))
        answer = ask_model(server, kept, self._known(), self._edits.kinds, found)
        kept_ones = without_rejected(answer.proposals, self._rejected(document))
        first = max((each.number for each in found), default=0) + 1
        numbered = [replace(each, number=number) for number, each in enumerate(kept_ones, start=first)]
        return replace(answer, proposals=tuple(numbered))

    def table(self, kept: KeptText, document: str, *, language: str, found: Sequence[Proposal] | None = None) -> bytes:
        """The same as the table that a colleague decides; `found` is what stands in it, where that is more."""
        return write_proposals(
            self.made(kept, document) if found is None else found, self._edits.kinds, self._known(), of_text=kept.text, language=language,
            asked=self.asked(kept, document),
        )  # fmt: skip

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
        return self.take(read_decisions(data, of_text=kept.text), kept, document)

    def take(self, decided: Sequence[DecidedProposal], kept: KeptText, document: str) -> list[DecisionOutcome]:
        """Write what is accepted and keep what is rejected; one outcome for each."""
        rejected = [each for each in decided if each.answer == "no"]
        self._keep_rejected([*rejected, *self._as_proposed(rejected, kept)], document)
        confirmed = self._confirmed([each for each in decided if _is_confirmed(each)], kept, document)
        return [confirmed.get(each.line) or self._outcome(each, kept, document) for each in decided]

    def _outcome(self, decided: DecidedProposal, kept: KeptText, document: str) -> DecisionOutcome:
        if decided.answer != "yes":
            return DecisionOutcome(decided)
        return self._ended(decided, document) if decided.kind == END else self._accepted(decided, kept, document)

    def _confirmed(
        self, decided: Sequence[DecidedProposal], kept: KeptText, document: str
    ) -> dict[int, DecisionOutcome]:
        """What is said again, in one edit; where that is refused, fact by fact. A figure of the day becomes a new one."""
        state = self._state()
        revision = revision_of(kept, document, state, self._config) if decided else None
        outcomes: dict[int, DecisionOutcome] = {}
        together: list[tuple[DecidedProposal, str, Said]] = []
        for each in decided:
            said = [pair for pair in edit_of(each, document=document, of_text=kept.text) if pair[0] != "fact"]
            iri = expand(_fact_of(each), state.prefixes) or _fact_of(each)
            fact = kind_of_fact(iri, self._edits.kinds, state)
            if fact is not None and revision is not None and is_of_document_day(fact, revision.old, state):
                outcomes[each.line] = self._tried(each, _adding(fact.kind.name, [*said_again(fact, state), *said]))
            else:
                together.append((each, iri, said))
        if not together:
            return outcomes
        try:
            told = self._written(_confirming([(iri, said) for _, iri, said in together]))
        except CitygraphError:
            tried = {each.line: self._tried(each, _confirming([(iri, said)])) for each, iri, said in together}
            return outcomes | tried
        texts = [*((each,) for each in told), *(() for _ in together)]
        return outcomes | {
            each.line: DecisionOutcome(each, said) for (each, *_), said in zip(together, texts, strict=False)
        }

    def _ended(self, decided: DecidedProposal, document: str) -> DecisionOutcome:
        said = [*((option, value) for option, value in decided.said if option != "fact"), ("source", document)]
        return self._tried(decided, lambda editor: editor.end(_fact_of(decided), said))

    def _tried(self, decided: DecidedProposal, plan: Callable[[Editor], EditPlan]) -> DecisionOutcome:
        try:
            return DecisionOutcome(decided, tuple(self._written(plan)))
        except CitygraphError as error:
            return DecisionOutcome(decided, refused=error.message, fix=error.fix)

    def _state(self) -> EditedGraph:
        return EditedGraph(load_files(self._config).graphs)

    def _as_proposed(self, rejected: Sequence[DecidedProposal], kept: KeptText) -> list[DecidedProposal]:
        """What is rejected as it was proposed: who changes a value and says no does not get the proposal again."""
        changed = {(each.number, each.kind, each.start, each.end): each for each in rejected if each.number}
        found = propose(kept, self._known(), self._edits.kinds) if changed else []
        places = [((str(each.number), each.kind, each.start, each.end), each) for each in found]
        return [replace(changed[place], said=each.said) for place, each in places if place in changed]

    def _known(self) -> KnownNames:
        return KnownNames(self._state())

    def _accepted(self, decided: DecidedProposal, kept: KeptText, document: str) -> DecisionOutcome:
        """Write a fact that is accepted, or say why it is refused."""
        try:
            told, left = self.add(decided.kind, edit_of(decided, document=document, of_text=kept.text))
        except CitygraphError as error:
            return DecisionOutcome(decided, refused=error.message, fix=error.fix)
        if left:
            told.append(text("proposals.left").filled(options=", ".join(left)))
        return DecisionOutcome(decided, tuple(told), left=tuple(left))

    def add(self, kind: str, proposed: Said) -> tuple[list[Text], list[str]]:
        """Write a fact with what it names that is new, as one edit.

        Returns:
            What was written, in sentences, and the options that say something else than a fact that the graph has.

        Raises:
            CitygraphError: it is refused.
        """
        made: list[EditPlan] = []
        left: list[str] = []

        def make(editor: Editor) -> EditPlan:
            editor, said = self._with_new_things(kind, proposed, editor, made)
            made.append(_added(editor, kind, said, left))
            return joined(made)

        self._write(make)
        return [told for each in made for told in each.told], left

    def _with_new_things(
        self, name: str, said: Said, editor: Editor, done: list[EditPlan]
    ) -> tuple[Editor, list[tuple[str, str]]]:
        """What is said of a fact, with the addresses of the things that are made for it, and what plans the edit after those.

        The edits that make them come into `done`.
        """
        kinds, prefixes = editor.kinds, editor.state.prefixes
        things, own = NewThings(kinds, editor.state, lambda: self._edits.reference).among(kinds.named(name), said)
        of_source = [each for each in own if each[0] in _OF_SOURCE]
        made: dict[str, str] = {}
        for thing in things:
            place = ""
            for kind, about in thing.steps:
                given = [
                    *about,
                    *([("place", place)] if place else []),
                    *(of_source if kinds[kind].has("source") else []),
                ]
                done.append(editor.add(kind, given))
                editor = editor.after(done[-1])
                place = compress(done[-1].facts[0], prefixes)
            made[thing.option] = place
        return editor, [(option, made.get(option, value)) for option, value in own]

    def sentences(self, kept: KeptText) -> list[TextSentence]:
        """The sentences that proposals are made of."""
        return sentences_of(kept, pattern_book())

    def said_of_sentences(self, document: str) -> dict[str, str]:
        """What somebody has said of whole sentences, by fingerprint: `NOTHING` where nothing is in it, see `nothing_in`."""
        return {key: NOTHING for key, row in self._rejected(document).items() if row[0] == NOTHING}

    def remarks(self, document: str) -> dict[tuple[int, int], list[str]]:
        """What persons remark on words of a document, by their characters."""
        return remarks_in(self._rejected(document))

    def stamp(self, document: str) -> object:
        """Another one when something else was rejected."""
        path = self._path(document)
        return path.read_bytes() if path.is_file() else b""

    def _written(self, plan: Callable[[Editor], EditPlan]) -> Sequence[Text]:
        return self._write(plan).told

    def _checked_and_written(self, plan: Callable[[Editor], EditPlan]) -> EditPlan:
        checked = self._edits.check(plan(self._edits.editor()))
        self._edits.write(checked)
        return checked.plan

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
        if after != before:
            self._keep(EditPlan((change,), (_kept(rejected[0], document),), ()))


def _kept(rejected: DecidedProposal, document: str) -> Text:
    """What is kept of a decision, as a sentence without a word of the document."""
    sort = rejected.kind if rejected.kind in {NOTHING, REMARK} else "no"
    note = next((value for option, value in rejected.said if option == "note"), "")
    return text(f"proposals.kept.{sort}").filled(kind=rejected.kind, name=document, note=note)


def remark_on(words: str, start: int, note: str) -> DecidedProposal:
    """A person's own words about some words of a text, kept as what is rejected is."""
    return DecidedProposal("", "no", REMARK, (("note", note),), start, start + len(words), words, 0)


def nothing_in(sentence: TextSentence, kept: KeptText) -> DecidedProposal:
    """That a sentence says nothing of the kinds that there are, kept as what is rejected is."""
    words = kept.text[sentence.start : sentence.end]
    return DecidedProposal("", "no", NOTHING, (), sentence.start, sentence.end, words, 0)


def _is_in(proposal: Proposal, places: Sequence[tuple[int, int]]) -> bool:
    """Whether a proposal stands on words of a fact that is asked about."""
    return any(start < proposal.end and proposal.start < end for start, end in places)


def _is_confirmed(decided: DecidedProposal) -> bool:
    return decided.kind == CONFIRM and decided.answer == "yes"


def _fact_of(decided: DecidedProposal) -> str:
    return next((value for option, value in decided.said if option == "fact"), "")


def _adding(kind: str, said: Said) -> Callable[[Editor], EditPlan]:
    return lambda editor: editor.add(kind, said)


def _confirming(facts: Sequence[tuple[str, Said]]) -> Callable[[Editor], EditPlan]:
    return lambda editor: editor.confirm_each(facts)


def _added(editor: Editor, kind: str, said: Sequence[tuple[str, str]], left: list[str]) -> EditPlan:
    """A new fact; of one that the graph has, one more day on which it holds, or one more source.

    What else is said of such a fact is not written over what the graph says: its options come into `left`.
    """
    name = next((value for option, value in said if option == "name"), "")
    iri = (expand(name, editor.state.prefixes) or "") if ":" in name and " " not in name else ""
    if iri in editor.state.said:
        return _said_again(editor, iri, said, left)
    try:
        return editor.add(kind, said)
    except EditError as error:
        if key_of(error.message) != "edit.known":
            raise
        if error.fact and not editor.kinds.named(kind).has("as-of"):
            return _said_again(editor, error.fact, said, left)
    chosen = editor.kinds.named(kind)
    of_source = [each for each in said if each[0] in _OF_SOURCE]
    telling = [each for each in said if each[0] in chosen.known_by]
    days = [("on", value) for option, value in said if option == "as-of"]
    left += [option for option, _ in said if option not in {*_OF_SOURCE, *chosen.known_by, "as-of", "basis"}]
    if chosen.has("as-of"):
        return editor.confirm(kind, [*telling, *days, *of_source])
    return editor.change(kind, [*telling, *of_source])


def _said_again(editor: Editor, iri: str, said: Sequence[tuple[str, str]], left: list[str]) -> EditPlan:
    """One more source for a thing that the graph has, other names of it, and what it does not say of it.

    What it says otherwise is left.
    """
    fact, new = editor.fact(iri), list[tuple[str, str]]()
    for option, value in said:
        field_ = option.removesuffix("-nb").removesuffix("-en")
        known = fact.values.get(field_, ())
        if option in _OF_SOURCE:
            new.append((option, value))
        elif fact.kind.has(field_) and field_ not in {*fact.kind.known_by, "name"}:
            given = editor.answers.values(fact.kind, [(option, value)])[field_]
            if not known:
                new.append((option, value))
            elif not set(given) <= set(known):
                left.append(field_)
    return editor.change(f"<{iri}>", new)
