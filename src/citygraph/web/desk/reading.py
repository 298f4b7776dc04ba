"""A document on the desk: its sentences are read beside the facts that they may say.

Each proposal is one sentence with yes, change and no; a sentence without one leads to a form with its words, or is marked as
saying nothing. Everything works without scripts; which characters words have is counted here, never in a browser.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from citygraph.edit.answers import OCCURRENCE, QUOTE, SOURCE, Said
from citygraph.edit.facts import Fact, kind_of_fact, told
from citygraph.edit.plan import EditPlan
from citygraph.edit.state import EditedGraph
from citygraph.errors import CitygraphError, EditError
from citygraph.files import write_file
from citygraph.findings import Finding, Severity
from citygraph.matching.names import plain
from citygraph.messages import Sentence, key_of, sentence
from citygraph.namespaces import CG, PREFIXES, expand
from citygraph.project.proposing import Keep, Proposals, Write, nothing_in, remark_on
from citygraph.rdf import Iri
from citygraph.read.decisions import Answer, AskedFact, DecidedProposal, fingerprint_of
from citygraph.read.mentions import KnownNames
from citygraph.read.propose import Proposal, ProposedValue, told_proposal
from citygraph.read.sentences import TextSentence
from citygraph.sources import anchor_of
from citygraph.web.desk.access import Access, Form
from citygraph.web.desk.arriving import FAILURES, LONGEST, MOST_FIELDS, ArrivingDocuments, LetIn, ReadDocumentText
from citygraph.web.desk.forms import KindForm
from citygraph.web.desk.from_words import about_until, values_from_words
from citygraph.web.desk.shown_sentences import STATES, ShownProposal, read_sentences, shown_sentence
from citygraph.web.desk.work import DeskWork
from citygraph.web.pages.page import NotFound, Page

if TYPE_CHECKING:
    from citygraph.edit.changes import Editor
    from citygraph.edit.kinds import FactKind, Kinds

_OF_DOCUMENT: Final = "concept:basis-document"
OF_NEW: Final = ("new", "country", "network")
"""What can be said of a new thing besides its name, see `project.new_things`."""
_STEPS: Final = frozenset({"yes", "no", "nothing", "remark", "again"})
ASKS: Final = frozenset({"proposals.which_new", "proposals.which_country"})
_LONGEST_REMARK: Final = 500
SLOW: Final = 1.0
"""Proposals that take so many seconds are made again beside, and not while somebody waits."""
SENTENCES: Final = 100
"""So many stand on one page."""
_OK, _SEE_OTHER, _BAD_REQUEST, _CONFLICT = 200, 303, 400, 409


@dataclass(frozen=True, slots=True)
class MadeProposals:
    """The proposals of one text at one state of the files, how long it took, and those that were made before them."""

    text: object
    stamp: object
    found: list[Proposal]
    asked: list[AskedFact]
    seconds: float
    earlier: list[Proposal]


class DoubtError(Exception):
    """An edit that would be written, and what a check would then find that it does not find now."""

    def __init__(self, findings: Sequence[Finding], *, is_refused: bool) -> None:
        super().__init__()
        self.findings, self.is_refused = findings, is_refused

    def words(self, page: Page) -> list[str]:
        """What would be wrong, and what can be done about it."""
        said = [each for one in self.findings for each in (one.message, one.fix) if each]
        heading = page.words("desk.refused" if self.is_refused else "reading.doubt")
        return [heading, *(each.in_language(page.language) for each in said)]


class DeskReading:
    """The pages on which documents are read."""

    def __init__(self, work: DeskWork, access: Access) -> None:
        """The pages of one desk."""
        self._work, self._access, self._arriving = work, access, ArrivingDocuments(work, access)
        self._days = work.project.snapshots.folder / "desk" / "days"
        self._made: MadeProposals | None = None
        self._making = threading.Lock()
        # What was decided since the proposals were made, by fingerprint.
        self._answered: set[str] = set()

    def routes(self, let_in: LetIn) -> list[Route]:
        """Where they are; `let_in` makes an endpoint of one for those who may write."""
        return [
            *self._arriving.routes(let_in),
            Route("/desk/read/{name}", let_in(self._read), methods=["GET", "POST"]),
        ]

    # -- reading ----------------------------------------------------------------------------------------

    def _read(self, page: Page, user: str) -> Response:
        """`/desk/read/{name}`: the text with what is known of it and what is proposed."""
        state, slug = self._arriving.state(), str(page.request.path_params["name"])
        document = self._arriving.document(slug, state)
        if document is None:
            raise NotFound(page.request.url.path, [(page.words("reading.title"), page.urls.desk_read())])
        if page.request.method != "POST":
            return self._shown(page, user, document, state)
        given = self._access.form(page.request, user, longest=LONGEST, fields=MOST_FIELDS)
        at = given.get("sentence", [""])[0]
        try:
            if _one(given, "step") == "kind":
                return self._to_form(page, document, given)
            if _one(given, "step") == "day":
                self._keep_day(document, _one(given, "day"))
                return RedirectResponse(page.urls.desk_read(slug), _SEE_OTHER)
            done, left = self._decided(document, given, user)
        except DoubtError as doubt:
            mark = "" if doubt.is_refused else _one(given, "mark")
            return self._shown(
                page, user, document, self._arriving.state(), fault=doubt.words(page), at=at, doubted=mark
            )
        except FAILURES as error:
            guess = self._guess(document, given, page) if key_of(error.message) in ASKS else None
            return self._shown(
                page, user, document, self._arriving.state(), fault=self._words(error, page), at=at, guess=guess
            )
        return _back(page, slug, at, done=done, left=left)

    def _decided(self, document: ReadDocumentText, given: Form, user: str) -> tuple[int, str]:
        """Write what one form decides, and say which edit of the journal it was (0 for what is no edit), and what it left.

        What was written before something is refused, such as a new person, is taken back.

        Raises:
            EditError: it is not there any more, or the edit refuses it.
            DoubtError: a check would find something new, and nobody has said that it is meant so.
        """
        decided = self._decisions(document, given)
        if not decided or _one(given, "step") not in _STEPS:
            raise EditError(_said("gone"), fix=_said("next.gone"))

        def take(proposals: Proposals) -> Sequence[str]:
            outcomes = proposals.take(decided, document.kept, document.name)
            for each in outcomes:
                if each.refused:
                    raise EditError(each.refused, fix=each.fix)
            return outcomes[0].left

        number, left = self._written(take, user, is_sure=bool(_one(given, "sure")))
        self._answered |= {each.fingerprint for each in decided}
        return number, _as_left(decided[0].kind, left)

    def _decisions(self, document: ReadDocumentText, given: Form) -> list[DecidedProposal]:
        """What one form decides: most often one thing, or all that a new edition says again; nothing when that is not there."""
        step, mark = _one(given, "step"), _one(given, "mark")
        if step == "remark":
            return [self._remark(document, given)]
        if step == "nothing":
            sentence_ = _at_place(self._proposals().sentences(document.kept), _one(given, "start"))
            return [nothing_in(sentence_, document.kept)] if sentence_ else []
        found, asked = self._all(document)
        every: list[Proposal | AskedFact] = [*found, *asked, *self._earlier(document)]
        if step == "again":
            chosen: list[Proposal | AskedFact] = [each for each in asked if each.sort == "again"]
        else:
            chosen = [e for e in every if (_mark(e), str(e.start)) == (mark, _one(given, "start"))][:1]
        return [replace(self._as_decided(document, each, step, given), line=at) for at, each in enumerate(chosen)]

    def _as_decided(self, document: ReadDocumentText, chosen: Proposal | AskedFact, step: str, given: Form) -> DecidedProposal:  # fmt: skip
        """What was said of a proposal; one that is accepted has the day of the document, and what a new thing of it is."""
        said: Sequence[tuple[str, str]] = chosen.said
        kinds = self._work.kinds
        if step == "yes" and isinstance(chosen, Proposal):
            more = [(each, value) for each in OF_NEW if (value := _one(given, f"f-{each}"))]
            said = [*self._dated(document, kinds[chosen.kind], said), *(more or self._as_network(document, said))]
        answer: Answer = "yes" if step in {"yes", "again"} else "no"
        return DecidedProposal("", answer, chosen.kind, tuple(said), chosen.start, chosen.end, chosen.words, 0)

    def _as_network(self, document: ReadDocumentText, said: Said) -> Said:
        """That a new organisation is a network, where the document says so in another sentence."""
        found, _ = self._all(document)
        named = {value for each in found if each.kind == "network" for option, value in each.said if option == "name"}
        said_of = {value for option, value in said if option in {"organization", "subject"}} & named
        is_named = bool(said_of) and not any(
            KnownNames(self._arriving.state()).called(plain(e), ("network",)) for e in said_of
        )
        return [("new", "network")] if is_named else []

    def stands_there(self, page: Page, words: str) -> bool:
        """Whether some words stand in the document that is being read: a name that does is no slip of the pen."""
        document = self._arriving.document(page.request.query_params.get("read", ""), self._arriving.state())
        return document is not None and plain(words) in plain(document.kept.text)

    def take(self, page: Page, user: str, kind: str, said: Said, *, is_sure: bool) -> Response:
        """Write a fact of a form that the page of a document led to, with what it names that is new, and go back there.

        Raises:
            CitygraphError: an edit refuses it.
            DoubtError: a check would find something new, and nobody has said that it is meant so.
        """
        document = self._arriving.document(page.request.query_params.get("read", ""), self._arriving.state())
        more = self._as_network(document, said) if document and not any(option == "new" for option, _ in said) else ()

        def add(proposals: Proposals) -> Sequence[str]:
            return proposals.add(kind, [*said, *more])[1]

        number, left = self._written(add, user, is_sure=is_sure)
        asked = page.request.query_params
        return _back(page, asked.get("read", ""), asked.get("at", ""), done=number, left=_as_left(kind, left))

    def _written(self, act: Callable[[Proposals], Sequence[str]], user: str, *, is_sure: bool) -> tuple[int, Sequence[str]]:  # fmt: skip
        """Do what writes, and say which edit of the journal was the last and what it left; all or nothing."""
        numbers: list[int] = []

        def write(make: Callable[[Editor], EditPlan]) -> EditPlan:
            plan = make(self._work.editor())
            checked = self._work.check(plan)
            found = [each for each in checked.findings if each.severity is not Severity.INFO]
            if checked.violations or (found and not is_sure):
                raise DoubtError(checked.violations or found, is_refused=bool(checked.violations))
            edit = self._work.write(plan, who=user)
            numbers.append(edit.number)
            return plan

        def keep(plan: EditPlan) -> None:
            numbers.append(self._work.keep(plan, who=user).number)

        try:
            left = act(self._proposals(write, keep))
        except (DoubtError, *FAILURES):
            for number in reversed(numbers):
                # What was taken back already stays so.
                with suppress(EditError):
                    self._work.undo(str(number), who=user)
            raise
        return (numbers[-1] if numbers else 0), left

    def _guess(self, document: ReadDocumentText, given: Form, page: Page) -> dict[str, str]:
        """What the new thing of a proposal may be, and of which network: what a person said, else what the text is about."""
        found, _ = self._all(document)
        chosen = next((each for each in found if _mark(each) == _one(given, "mark")), None)
        state = self._arriving.state()
        about = about_until(found, chosen.start, state) if chosen is not None else ""
        network = KnownNames(state).word(about, page.language)
        guessed = {"new": "working-group", "network": network} if chosen is not None and chosen.kind == "lead" else {}
        return {
            **{each: _one(given, f"f-{each}") or guessed.get(each, "") for each in OF_NEW},
            "mark": _one(given, "mark"),
        }

    def _words(self, error: CitygraphError, page: Page) -> list[str]:
        """Why something was refused, without what it says to the command line."""
        kinds, editor = self._work.kinds, self._work.editor()
        return KindForm(kinds.named("document"), editor, page.language).words(error)

    def _quoted(self, document: ReadDocumentText, given: Form) -> tuple[TextSentence, int, str]:
        """A sentence, and the words of it that a form quotes, with blanks and line ends as they stand there.

        Raises:
            EditError: they do not stand in it.
        """
        quote, whole = _one(given, "quote"), document.kept.text
        sentence_ = _at_place(self._proposals().sentences(document.kept), _one(given, "start"))
        pattern = r"\s+".join(map(re.escape, quote.split()))
        places = list(re.finditer(pattern, whole[sentence_.start : sentence_.end])) if sentence_ and quote else []
        if sentence_ is None or not places:
            raise EditError(_said("no_words"), fix=_said("next.no_words"))
        # Words that were selected say which of several places is meant.
        nth = _one(given, "nth")
        words = places[int(nth) if nth.isdecimal() and len(nth) < len("10000") and int(nth) < len(places) else 0]
        return sentence_, sentence_.start + words.start(), words[0]

    def _remark(self, document: ReadDocumentText, given: Form) -> DecidedProposal:
        """What a person remarks on words of a sentence.

        Raises:
            EditError: the words do not stand there, or nothing is remarked.
        """
        _, start, words = self._quoted(document, given)
        note = " ".join(_one(given, "note").split())[:_LONGEST_REMARK]
        if not note:
            raise EditError(_said("no_remark"), fix=_said("next.no_remark"))
        return remark_on(words, start, note)

    def _to_form(self, page: Page, document: ReadDocumentText, given: Form) -> Response:
        """The form of a kind, with the words of a sentence.

        Raises:
            EditError: the words do not stand in the sentence, or there is no such kind.
        """
        kind = _one(given, "kind")
        if kind not in self._work.kinds:
            raise EditError(_said("no_words"), fix=_said("next.no_words"))
        sentence_, start, words = self._quoted(document, given)
        found, _ = self._all(document)
        editor, chosen = self._work.editor(), self._work.kinds[kind]
        said: Said = values_from_words(chosen, (start, start + len(words)), sentence_, found, editor)
        said = self._dated(document, chosen, said)
        filled = _filled(chosen, said, words, start, document, KindForm(chosen, editor, page.language))
        values = {"read": document.slug, "at": _one(given, "sentence"), **dict(filled)}
        return RedirectResponse(page.urls.desk_add(kind, values), _SEE_OTHER)

    # -- the day of a document that has none ------------------------------------------------------------

    def _day_file(self, document: ReadDocumentText) -> Path:
        return self._days / f"{hashlib.sha256(document.iri.encode()).hexdigest()[:16]}.txt"

    def _keep_day(self, document: ReadDocumentText, day: str) -> None:
        """Keep the day on which the facts of a document hold, as somebody says who reads it.

        Raises:
            EditError: it is no day, month or year.
        """
        field_ = self._work.kinds["document"].field("date")
        (value,) = self._work.editor().answers.values(self._work.kinds["document"], [("date", day)])[field_.option]
        write_file(self._day_file(document), str(getattr(value, "value", "")).encode(), is_private=True)

    def _day_of(self, document: ReadDocumentText) -> str:
        """The day that was said for its facts; empty for a document that has one of its own, or when nobody said."""
        path = self._day_file(document)
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def _dated(self, document: ReadDocumentText, kind: FactKind, said: Sequence[tuple[str, str]]) -> Said:
        """What is said of a fact, with the day that was said for a document that has none."""
        day, given = self._day_of(document), {option for option, _ in said}
        found = list(said)
        for each in kind.fields if day else ():
            if each.is_document_day and given.isdisjoint({each.option, *each.unless}):
                found.append((each.option, day))
                if kind.has("basis") and "basis" not in given:
                    found.append(("basis", _OF_DOCUMENT))
        return found

    def _shown(
        self, page: Page, user: str, document: ReadDocumentText, state: EditedGraph, *, fault: Sequence[str] = (),
        at: str = "", doubted: str = "", guess: Mapping[str, str] | None = None,
    ) -> Response:  # fmt: skip
        kinds, editor = self._work.kinds, self._work.editor()
        proposals = self._proposals()
        found, asked = self._all(document)
        whole = proposals.sentences(document.kept)
        told_of = read_sentences(whole, found, _facts_of(document, kinds, state), proposals.said_of_sentences(document.name), proposals.remarks(document.name), document.kept, state)  # fmt: skip
        read = [each for each in told_of if each.is_read]
        counts = {state_: sum(each.state == state_ for each in read) for state_ in STATES}
        part = _part_of(at or page.request.query_params.get("part", ""), len(whole), is_number=bool(at))
        known, labels, forms = KnownNames(state), state.labels_with(), dict[str, KindForm]()

        def proposal(one: Proposal) -> ShownProposal:
            form = forms.get(one.kind) or KindForm(kinds[one.kind], editor, page.language)
            forms[one.kind] = form
            return self._proposal(one, kinds, known, form, document)

        sentences = [
            shown_sentence(
                each, document.kept.text, proposal,
                lambda fact: (told(fact, labels).in_language(page.language), page.urls.desk_fact(fact.iri)),
            )
            for each in told_of[(part - 1) * SENTENCES : part * SENTENCES]
        ]  # fmt: skip
        first_open = next((each.sentence.number for each in read if each.state == "open"), 0)
        done = self._work.journal.one(page.request.query_params.get("done", ""))
        return page.render(
            "desk_read.html",
            status=_CONFLICT if fault else _OK,
            user=user,
            token=self._access.token(user),
            fault=fault,
            at=at,
            doubted=doubted,
            guess=guess or {},
            asked_of=guess["mark"] if guess else "",
            new_kinds=new_kinds(kinds, page.language) if guess else [],
            day=self._day_of(document),
            days=_interval(document.iri, state),
            left=_left(page, kinds),
            document=document,
            about=page.urls.entity(document.iri),
            sentences=sentences,
            part=part,
            parts=-(-len(whole) // SENTENCES),
            first_open=(first_open, _part_of(str(first_open), len(whole), is_number=True)) if first_open else None,
            total=len(read),
            counts=counts,
            asked=[
                (_mark(e), e.start, e.told.in_language(page.language), e.kind, e.sort, e.before)
                for e in asked[:SENTENCES]
            ],
            again=sum(each.sort == "again" for each in asked),
            more_asked=max(0, len(asked) - SENTENCES),
            kinds=sorted(
                (each.title.in_language(page.language), name) for name, each in kinds.items() if name != "document"
            ),
            done=done,
            undo=done is not None and self._work.can_undo(done),
            building=self._work.building.is_busy,
        )

    def _proposal(
        self, proposal: Proposal, kinds: Kinds, known: KnownNames, form: KindForm, document: ReadDocumentText
    ) -> ShownProposal:
        """A proposal in words, with the fields of the form in which it can be changed."""
        said = self._dated(document, form.kind, proposal.said)
        filled = _filled(form.kind, said, proposal.words, proposal.start, document, form)
        more = [ProposedValue(*each, "") for each in said if each not in proposal.said and each[0] != "basis"]
        shown = replace(proposal, values=(*proposal.values, *more))
        choices = (known.word(one, form.language) for each in proposal.values for one in each.choices)
        return ShownProposal(
            _mark(proposal), proposal.start, told_proposal(shown, kinds, known).in_language(form.language),
            proposal.sort, proposal.kind, tuple(filled), tuple(choices),
        )  # fmt: skip

    # -- what is there ----------------------------------------------------------------------------------

    def _proposals(self, write: Write | None = None, keep: Keep | None = None) -> Proposals:
        project = self._work.project
        return Proposals(self._work.edits, project.config, today=project.today, write=write, keep=keep)

    def _all(self, document: ReadDocumentText) -> tuple[list[Proposal], list[AskedFact]]:
        """The proposals of a text and what is asked of its earlier edition; made once as long as no file changes.

        Those of a text that takes long stay as they were while they are made again: a fact that was written is seen anyhow.
        """
        proposals = self._proposals()
        text_, stamp = (
            (document.iri, hash(document.kept.text)),
            (self._work.project.stamp(), proposals.stamp(document.name)),
        )
        kept = self._made
        if kept is not None and kept.text == text_ and kept.stamp != stamp and kept.seconds > SLOW:
            threading.Thread(target=self._make_beside, args=(document, text_, stamp, kept), daemon=True).start()
            asked = [each for each in kept.asked if each.fingerprint not in self._answered]
            return proposals.without_rejected(kept.found, document.name), asked
        if kept is None or (kept.text, kept.stamp) != (text_, stamp):
            kept = self._make(document, text_, stamp, kept)
        return kept.found, kept.asked

    def _make(
        self, document: ReadDocumentText, text_: object, stamp: object, before: MadeProposals | None
    ) -> MadeProposals:
        """Make the proposals of a text, unless somebody else has done so meanwhile."""
        with self._making:
            kept = self._made
            if kept is None or kept is before or (kept.text, kept.stamp) != (text_, stamp):
                began, proposals = time.monotonic(), self._proposals()
                found, asked = (
                    proposals.made(document.kept, document.name),
                    proposals.asked(document.kept, document.name),
                )
                earlier = before.found if before is not None and before.text == text_ else []
                self._answered = set()
                self._made = kept = MadeProposals(text_, stamp, found, asked, time.monotonic() - began, earlier)
            return kept

    def _make_beside(self, document: ReadDocumentText, text_: object, stamp: object, before: MadeProposals) -> None:
        # What is wrong is told to whoever opens the page next.
        with suppress(CitygraphError):
            self._make(document, text_, stamp, before)

    def _earlier(self, document: ReadDocumentText) -> list[Proposal]:
        """The proposals of a text as they were made before the last time: a page may show them still."""
        kept = self._made
        return kept.earlier if kept is not None and kept.text == (document.iri, hash(document.kept.text)) else []


def _said(key: str) -> Sentence:
    return sentence(f"web.reading.{key}")


def _left(page: Page, kinds: Kinds) -> str:
    """What the words say besides of a fact that the graph has already, and an edit did not write over it."""
    name, *options = page.request.query_params.get("left", "").split(".")
    if name not in kinds or not options:
        return ""
    named = [kinds[name].field(each).name.in_language(page.language) for each in options if kinds[name].has(each)]
    return page.words("reading.left", fields=", ".join(named))


def _one(given: Form, name: str) -> str:
    return given.get(name, [""])[0]


def _mark(proposal: Proposal | AskedFact) -> str:
    """By what a form names a proposal: what it says and the words it stands on."""
    return fingerprint_of(proposal.kind, proposal.said, proposal.words)


def _at_place(sentences: Iterable[TextSentence], start: str) -> TextSentence | None:
    return next((each for each in sentences if str(each.start) == start), None)


def _filled(
    kind: FactKind, said: Iterable[tuple[str, str]], words: str, start: int, document: ReadDocumentText, form: KindForm
) -> list[tuple[str, str]]:
    """The fields of a form with some values, the document and its words; things by the names that a person knows."""
    text_, state = document.kept.text, form.state
    filled = []
    for option, value in said:
        iri = (expand(value, state.prefixes) or "") if ":" in value else ""
        if kind.has(option) and iri in state.said:
            field_ = kind.field(option)
            value = form.shown(Iri(iri)) if field_.is_text else form.unmistakable(Iri(iri), field_)  # noqa: PLW2901  # as it is shown
        filled.append((f"f-{form.input_of(option)}", value))
    places = [each.start() for each in re.finditer(re.escape(words), text_)]
    # Words that overlap with themselves have no number of their own; then the form asks.
    at = str(places.index(start) + 1) if len(places) > 1 and start in places else ""
    return [*filled, (f"f-{SOURCE}", document.name), (f"f-{QUOTE}", words), (f"f-{OCCURRENCE}", at)]


def new_kinds(kinds: Kinds, language: str) -> list[tuple[str, str]]:
    """The kinds of things that a name may be when nothing tells, by name and title."""
    names = (each.name for each in kinds.values() if each.has("name") and each.has("also-called"))
    return [(name, kinds[name].title.in_language(language)) for name in ("person", *names, "concept") if name in kinds]


def _facts_of(document: ReadDocumentText, kinds: Kinds, state: EditedGraph) -> dict[tuple[int, int], list[Fact]]:
    """The facts that rest on each passage of a document, by its characters."""
    return {
        (place.numbers[0], place.numbers[1]): [
            fact
            for subject in dict.fromkeys(each for subjects in state.said_of.get(iri, {}).values() for each in subjects)
            if (fact := kind_of_fact(subject, kinds, state)) is not None
        ]
        for iri in state.said
        if iri.startswith(document.iri) and (place := anchor_of(iri)) and place.source == document.iri and place.sort == "passage"
    }  # fmt: skip


def _part_of(asked: str, sentences: int, *, is_number: bool) -> int:
    """Which part of a long text is shown: the one that is asked for, or the one with a sentence of that number."""
    number = int(asked) if asked.isdecimal() and len(asked) < len(str(10**6)) else 1
    part = (max(number, 1) - 1) // SENTENCES + 1 if is_number else number
    return min(max(part, 1), max(1, -(-sentences // SENTENCES)))


def _interval(iri: str, state: EditedGraph) -> tuple[str, str] | None:
    """Not before and not after, of a document of which nobody knows the day; `None` for one of a day."""
    if state.objects(iri, PREFIXES["dct"] + "date"):
        return None
    bounds = (state.objects(iri, CG + key) for key in ("dateNotBefore", "dateNotAfter"))
    first, last = (next((str(getattr(each, "value", "")) for each in found), "") for found in bounds)
    return first, last


def _back(page: Page, slug: str, at: str, *, done: int, left: str) -> Response:
    """Back to the sentence of a document where something was decided."""
    part = _part_of(at, 10**6, is_number=True) if at.isdecimal() else 1
    address = page.urls.desk_read(slug, done=str(done or ""), left=left, part=part)
    return RedirectResponse(f"{address}#s{at}" if at.isdecimal() else address, _SEE_OTHER)


def _as_left(kind: str, left: Sequence[str]) -> str:
    return f"{kind}.{'.'.join(left)}" if left else ""
