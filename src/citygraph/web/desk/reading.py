"""A document on the desk: it comes in, and its sentences are read beside the facts that they may say.

Each proposal is one sentence with yes, change and no; a sentence without one leads to a form with its words, or is marked as
saying nothing. Everything works without scripts; which characters words have is counted here, never in a browser.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from citygraph.edit.answers import OCCURRENCE, QUOTE, SOURCE
from citygraph.edit.facts import Fact, kind_of_fact, told
from citygraph.edit.plan import EditPlan
from citygraph.edit.state import EditedGraph
from citygraph.errors import CitygraphError, EditError, ExportError, QueryError, ReadError, ReasoningError
from citygraph.files import write_file
from citygraph.findings import Finding, Severity
from citygraph.load import load_files
from citygraph.messages import Sentence, sentence, text
from citygraph.namespaces import PREFIXES, compress, expand
from citygraph.project.proposing import Proposals, Write, nothing_in
from citygraph.rdf import Iri
from citygraph.read.decisions import AskedFact, DecidedProposal, fingerprint_of
from citygraph.read.mentions import KnownNames
from citygraph.read.propose import Proposal, told_proposal
from citygraph.read.run import kept_document
from citygraph.read.sentences import TextSentence
from citygraph.read.text import KeptText
from citygraph.sources import anchor_of
from citygraph.web.desk.access import Access, Form
from citygraph.web.desk.forms import KindForm
from citygraph.web.desk.work import DeskWork
from citygraph.web.pages.page import NotFound, Page, as_fault

if TYPE_CHECKING:
    from starlette.requests import Request

    from citygraph.edit.changes import Editor
    from citygraph.edit.kinds import Kinds

_DOCUMENT: Final = PREFIXES["foaf"] + "Document"
_TITLE: Final = PREFIXES["dct"] + "title"
_KEPT: Final = 20
_LONGEST: Final = 200_000
_MOST_FIELDS: Final = 400
_MOST_SENTENCES: Final = 2_000
_NUMBER: Final = re.compile(r"[0-9a-f]{16}\Z")
_ACCESS: Final = ("PUBLIC", "RESTRICTED", "NON_PUBLIC")
_FIELDS: Final = ("title", "date", "not-before", "not-after", "author", "access")
ENDINGS: Final = frozenset({".txt", ".md", ".docx", ".odt", ".pdf", ".html", ".htm", ".eml"})
_OK, _SEE_OTHER, _BAD_REQUEST, _CONFLICT = 200, 303, 400, 409
_FAILURES: Final = (EditError, QueryError, ReadError, ExportError, ReasoningError)

LetIn = Callable[[Callable[[Page, str], Response]], "Callable[[Request], Response]"]


@dataclass(frozen=True, slots=True)
class ReadDocumentText:
    """A document that the graph has, with its kept text."""

    iri: str
    name: str
    title: str
    kept: KeptText

    @property
    def slug(self) -> str:
        """The last part of its address."""
        return self.iri.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal as the page shows it: its sentence, and what a form of its kind is filled in with."""

    mark: str
    start: int
    told: str
    sort: str
    kind: str
    filled: tuple[tuple[str, str], ...]
    choices: tuple[str, ...] = ()


@dataclass(slots=True)
class ShownSentence:
    """One sentence: its words in pieces (what each piece carries: `fact`, `proposal` or nothing), and what stands beside it."""

    number: int
    start: int
    kind: str
    pieces: list[tuple[str, str]]
    facts: list[tuple[str, str]] = field(default_factory=list)
    proposals: list[ShownProposal] = field(default_factory=list)
    is_empty: bool = False

    @property
    def state(self) -> str:
        """`open` as long as a proposal waits or nothing is known of it, else `fact` or `empty`."""
        if self.proposals:
            return "open"
        return "fact" if self.facts else "empty" if self.is_empty else "open"


class _DoubtError(Exception):
    """An edit that would be written, and what a check would then find that it does not find now."""

    def __init__(self, findings: Sequence[Finding], *, is_refused: bool) -> None:
        super().__init__()
        self.findings, self.is_refused = findings, is_refused


class DeskReading:
    """The pages on which documents are read."""

    def __init__(self, work: DeskWork, access: Access) -> None:
        """The pages of one desk."""
        self._work, self._access = work, access
        self._folder = work.project.snapshots.folder / "desk" / "documents"
        self._made: tuple[object, list[Proposal], list[AskedFact]] | None = None

    def routes(self, let_in: LetIn) -> list[Route]:
        """Where they are; `let_in` makes an endpoint of one for those who may write."""
        return [
            Route("/desk/read", let_in(self._start), methods=["GET", "POST"]),
            Route("/desk/read/new/{number}", let_in(self._new), methods=["GET", "POST"]),
            Route("/desk/read/{name}", let_in(self._read), methods=["GET", "POST"]),
        ]

    # -- a document comes -----------------------------------------------------------------------------

    def _start(self, page: Page, user: str, *, fault: Sequence[str] = ()) -> Response:
        """`/desk/read`: the documents with a text, and a new one."""
        if page.request.method == "POST" and not fault:
            most = self._work.project.config.number("limits.file_size")
            name, data = self._access.upload(page.request, user, longest=most)
            if data and PurePath(name).suffix.lower() in ENDINGS:
                return RedirectResponse(page.urls.desk_read(f"new/{self._keep(name, data)}"), _SEE_OTHER)
            fault = [page.words("reading.no_document")]
        state, unread = self._state(), list[ReadError]()
        documents = sorted((each.title, page.urls.desk_read(each.slug)) for each in self._documents(state, unread))
        return page.render(
            "desk_read_start.html",
            status=_BAD_REQUEST if fault else _OK,
            user=user,
            token=self._access.token(user),
            fault=fault,
            endings=",".join(sorted(ENDINGS)),
            documents=documents,
            unread=[as_fault(each, page.language) for each in unread],
        )

    def _keep(self, name: str, data: bytes) -> str:
        """Keep a file until it is registered, and say under which number."""
        number = hashlib.sha256(data).hexdigest()[:16]
        waiting = sorted(self._folder.glob("*"), key=lambda each: each.stat().st_mtime, reverse=True)
        for each in waiting[_KEPT - 1 :]:
            shutil.rmtree(each, ignore_errors=True)
        shutil.rmtree(self._folder / number, ignore_errors=True)
        stem, ending = PurePath(name.replace("\\", "/")).stem, PurePath(name).suffix.lower()
        stem = re.sub(r"[^\w .-]+", "-", stem)[:80].strip(" .-") or "document"
        write_file(self._folder / number / f"{stem}{ending}", data, is_private=True)
        return number

    def _new(self, page: Page, user: str) -> Response:
        """`/desk/read/new/{number}`: what the document is, guessed, to be mended and written."""
        number = str(page.request.path_params["number"])
        path = next(iter((self._folder / number).glob("*")), None) if _NUMBER.match(number) else None
        if path is None:
            raise NotFound(page.request.url.path, [(page.words("reading.title"), page.urls.desk_read())])
        said: dict[str, str] = {}
        is_sent = page.request.method == "POST"
        if is_sent:
            given = self._access.form(page.request, user, longest=_LONGEST, fields=_MOST_FIELDS)
            said = {each: value for each in _FIELDS if (value := given.get(f"f-{each}", [""])[0])}
        try:
            done = self._work.edits.documents.read(path, said, keep=is_sent)
            if done.checked is not None and is_sent:
                self._work.write(done.checked.plan, who=user)
            if done.checked is None or is_sent:
                shutil.rmtree(path.parent, ignore_errors=True)
                return RedirectResponse(page.urls.desk_read(done.iri.rpartition("/")[2]), _SEE_OTHER)
        except _FAILURES as error:
            fault = as_fault(error, page.language)
            if not is_sent:
                return self._start(page, user, fault=fault)
            return self._about(page, user, path, {each: (value, "") for each, value in said.items()}, fault=fault)
        about = {
            each: (guess.value, (done.left_out.get(each) or guess.why).in_language(page.language))
            for each, guess in done.about.items()
        }
        return self._about(page, user, path, about)

    def _about(
        self, page: Page, user: str, path: Path, about: Mapping[str, tuple[str, str]], *, fault: Sequence[str] = ()
    ) -> Response:
        fields = [
            (each, text(f"read.field.{each}").in_language(page.language).capitalize(), *about.get(each, ("", "")))
            for each in _FIELDS
        ]
        return page.render(
            "desk_read_new.html",
            status=_BAD_REQUEST if fault else _OK,
            user=user,
            token=self._access.token(user),
            fault=fault,
            name=path.name,
            fields=fields,
            access=[(each, text(f"read.access.{each}").in_language(page.language)) for each in _ACCESS],
        )

    # -- reading ----------------------------------------------------------------------------------------

    def _read(self, page: Page, user: str) -> Response:
        """`/desk/read/{name}`: the text with what is known of it and what is proposed."""
        state, slug = self._state(), str(page.request.path_params["name"])
        document = next((each for each in self._documents(state, []) if each.slug == slug), None)
        if document is None:
            raise NotFound(page.request.url.path, [(page.words("reading.title"), page.urls.desk_read())])
        if page.request.method != "POST":
            return self._shown(page, user, document, state)
        given = self._access.form(page.request, user, longest=_LONGEST, fields=_MOST_FIELDS)
        at = given.get("sentence", [""])[0]
        try:
            if _one(given, "step") == "kind":
                return self._to_form(page, document, given)
            done, left = self._decided(document, given, user)
        except _DoubtError as doubt:
            said = [each for one in doubt.findings for each in (one.message, one.fix) if each]
            heading = page.words("desk.refused" if doubt.is_refused else "reading.doubt")
            fault = [heading, *(each.in_language(page.language) for each in said)]
            doubted = "" if doubt.is_refused else _one(given, "mark")
            return self._shown(page, user, document, self._state(), fault=fault, at=at, doubted=doubted)
        except _FAILURES as error:
            return self._shown(page, user, document, self._state(), fault=self._words(error, page), at=at)
        address = page.urls.desk_read(slug, done=str(done) if done else "", left=left)
        return RedirectResponse(f"{address}#s{at}" if at.isdecimal() else address, _SEE_OTHER)

    def _decided(self, document: ReadDocumentText, given: Form, user: str) -> tuple[int, str]:
        """Write what one form decides, and say which edit of the journal it was (0 for what is no edit), and what it left.

        What was written before something is refused, such as a new person, is taken back.

        Raises:
            EditError: it is not there any more, or the edit refuses it.
            _DoubtError: a check would find something new, and nobody has said that it is meant so.
        """
        step, mark = _one(given, "step"), _one(given, "mark")
        numbers: list[int] = []

        def write(make: Callable[[Editor], EditPlan]) -> EditPlan:
            plan = make(self._work.editor())
            checked = self._work.check(plan)
            found = [each for each in checked.findings if each.severity is not Severity.INFO]
            if checked.violations or (found and not _one(given, "sure")):
                raise _DoubtError(checked.violations or found, is_refused=bool(checked.violations))
            edit = self._work.write(plan, who=user)
            numbers.append(edit.number)
            return plan

        proposals = self._proposals(write)
        if step == "nothing":
            sentence_ = _at_place(proposals.sentences(document.kept), _one(given, "start"))
            decided = nothing_in(sentence_, document.kept) if sentence_ else None
        else:
            found, asked = self._all(document)
            every: list[Proposal | AskedFact] = [*found, *asked]
            decided = next(
                (
                    DecidedProposal("", "yes" if step == "yes" else "no", e.kind, e.said, e.start, e.end, e.words, 0)
                    for e in every
                    if (_mark(e), str(e.start)) == (mark, _one(given, "start"))
                ),
                None,
            )
        if decided is None or step not in {"yes", "no", "nothing"}:
            raise EditError(_said("gone"), fix=_said("next.gone"))
        try:
            (outcome,) = proposals.take([decided], document.kept, document.name)
            if outcome.refused:
                raise EditError(outcome.refused, fix=outcome.fix)
        except (_DoubtError, *_FAILURES):
            for number in reversed(numbers):
                # What was taken back already stays so.
                with suppress(EditError):
                    self._work.undo(str(number), who=user)
            raise
        finally:
            self._made = None
        left = f"{decided.kind}.{'.'.join(outcome.left)}" if outcome.left else ""
        return (numbers[-1] if numbers else 0), left

    def _words(self, error: CitygraphError, page: Page) -> list[str]:
        """Why something was refused, without what it says to the command line."""
        kinds, editor = self._work.kinds, self._work.editor()
        return KindForm(kinds.named("document"), editor, page.language).words(error)

    def _to_form(self, page: Page, document: ReadDocumentText, given: Form) -> Response:
        """The form of a kind, with the words of a sentence.

        Raises:
            EditError: the words do not stand in the sentence, or there is no such kind.
        """
        kind, quote = _one(given, "kind"), _one(given, "quote")
        sentence_ = _at_place(self._proposals().sentences(document.kept), _one(given, "start"))
        text_ = document.kept.text
        words = re.search(r"\s+".join(map(re.escape, quote.split())), text_[sentence_.start : sentence_.end]) if sentence_ and quote else None  # fmt: skip
        if sentence_ is None or words is None or kind not in self._work.kinds:
            raise EditError(_said("no_words"), fix=_said("next.no_words"))
        start = sentence_.start + words.start()
        places = [each.start() for each in re.finditer(re.escape(words[0]), text_)]
        # Words that overlap with themselves have no number of their own; then the form asks.
        at = str(places.index(start) + 1) if len(places) > 1 and start in places else ""
        values = {"read": document.slug, SOURCE: document.iri, QUOTE: words[0], OCCURRENCE: at}
        return RedirectResponse(page.urls.desk_add(kind, values), _SEE_OTHER)

    def _shown(
        self, page: Page, user: str, document: ReadDocumentText, state: EditedGraph, *, fault: Sequence[str] = (),
        at: str = "", doubted: str = "",
    ) -> Response:  # fmt: skip
        kinds, editor = self._work.kinds, self._work.editor()
        proposals = self._proposals()
        found, asked = self._all(document)
        known, labels = KnownNames(state), state.labels_with()
        passages = _facts_of(document, kinds, state)
        found = [each for each in found if not _is_written(each, passages.get((each.start, each.end), ()), state)]
        empty = proposals.said_to_be_empty(document.name)
        sentences = []
        for each in proposals.sentences(document.kept)[:_MOST_SENTENCES]:
            here = [one for one in found if each.start <= one.start < each.end]
            facts = {place: facts for place, facts in passages.items() if place[0] < each.end and each.start < place[1]}
            marks = [(*place, "fact") for place in facts] + [(one.start, one.end, "proposal") for one in here]
            sentences.append(
                ShownSentence(
                    each.number,
                    each.start,
                    each.kind,
                    _pieces(document.kept.text, each, marks),
                    [
                        (told(fact, labels).in_language(page.language), page.urls.desk_fact(fact.iri))
                        for fact in {one.iri: one for listed in facts.values() for one in listed}.values()
                    ],
                    [_proposal(one, kinds, known, editor, document, page.language) for one in here],
                    is_empty=nothing_in(each, document.kept).fingerprint in empty,
                )
            )
        read = [each for each in sentences if each.kind != "heading" or each.facts or each.proposals]
        counts = {state_: sum(each.state == state_ for each in read) for state_ in ("fact", "empty", "open")}
        done = self._work.journal.one(page.request.query_params.get("done", ""))
        return page.render(
            "desk_read.html",
            status=_CONFLICT if fault else _OK,
            user=user,
            token=self._access.token(user),
            fault=fault,
            at=at,
            doubted=doubted,
            left=_left(page, kinds),
            document=document,
            about=page.urls.entity(document.iri),
            sentences=sentences,
            more=max(0, len(proposals.sentences(document.kept)) - _MOST_SENTENCES),
            total=len(read),
            counts=counts,
            asked=[(_mark(e), e.start, e.told.in_language(page.language), e.kind, e.sort, e.before) for e in asked],
            kinds=sorted(
                (each.title.in_language(page.language), name) for name, each in kinds.items() if name != "document"
            ),
            done=done,
            undo=done is not None and self._work.can_undo(done),
            building=self._work.building.is_busy,
        )

    # -- what is there ----------------------------------------------------------------------------------

    def _state(self) -> EditedGraph:
        return EditedGraph(load_files(self._work.project.config).graphs)

    def _documents(self, state: EditedGraph, unread: list[ReadError]) -> Iterable[ReadDocumentText]:
        """The documents whose text is at hand; why one cannot be read comes into `unread`, and keeps nobody from the others."""
        labels = state.labels_with()
        for iri in state.instances(_DOCUMENT):
            try:
                there = kept_document(self._work.project.config.sources_folder, iri)
            except ReadError as error:
                unread.append(error)
                continue
            if there is not None:
                title = labels.describe(Iri(iri), self._work.project.config.languages[0])
                yield ReadDocumentText(iri, compress(iri, state.prefixes), title, there[0])

    def _proposals(self, write: Write | None = None) -> Proposals:
        project = self._work.project
        return Proposals(self._work.edits, project.config, today=project.today, write=write)

    def _all(self, document: ReadDocumentText) -> tuple[list[Proposal], list[AskedFact]]:
        """The proposals of a text and what is asked of its earlier edition; made once as long as no file changes."""
        proposals = self._proposals()
        key = (document.iri, hash(document.kept.text), self._work.project.stamp(), proposals.stamp(document.name))
        # Another thread may forget it meanwhile.
        kept = self._made
        if kept is None or kept[0] != key:
            made, asked = proposals.made(document.kept, document.name), proposals.asked(document.kept, document.name)
            self._made = kept = (key, made, asked)
        return kept[1], kept[2]


def _said(key: str) -> Sentence:
    return sentence(f"web.reading.{key}")


def _is_written(proposal: Proposal, facts: Iterable[Fact], state: EditedGraph) -> bool:
    """Whether one of the facts on the words of a proposal says it."""
    things = [
        (option, Iri(iri)) for option, value in proposal.said if (iri := expand(value, state.prefixes)) in state.said
    ]
    return any(
        fact.kind.name == proposal.kind and all(value in fact.values.get(option, ()) for option, value in things)
        for fact in facts
    )


def _facts_of(document: ReadDocumentText, kinds: Kinds, state: EditedGraph) -> dict[tuple[int, int], list[Fact]]:
    """The facts that rest on each passage of a document, by its characters."""
    return {
        (place.numbers[0], place.numbers[1]): [
            fact
            for subject in dict.fromkeys(each for subjects in state.said_of.get(iri, {}).values() for each in subjects)
            if (fact := kind_of_fact(subject, kinds, state)) is not None
        ]
        for iri in state.said
        if (place := anchor_of(iri)) and place.source == document.iri and place.sort == "passage"
    }


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


def _pieces(whole: str, sentence: TextSentence, marks: Iterable[tuple[int, int, str]]) -> list[tuple[str, str]]:
    """The words of a sentence, cut where a fact or a proposal begins or ends; a proposal is shown before a fact."""
    inside = [(max(a, sentence.start), min(b, sentence.end), sort) for a, b, sort in marks]
    cuts = sorted({sentence.start, sentence.end, *(each for a, b, _ in inside for each in (a, b))})
    pieces = []
    for start, end in pairwise(cuts):
        sorts = {sort for a, b, sort in inside if a <= start and end <= b}
        pieces.append((whole[start:end], "proposal" if "proposal" in sorts else "fact" if sorts else ""))
    return pieces


def _proposal(
    proposal: Proposal, kinds: Kinds, known: KnownNames, editor: Editor, document: ReadDocumentText, language: str
) -> ShownProposal:
    """A proposal in words, with the fields of the form in which it can be changed."""
    kind = kinds[proposal.kind]
    form = KindForm(kind, editor, language)
    places = [each.start() for each in re.finditer(re.escape(proposal.words), document.kept.text)]
    filled = []
    for option, value in proposal.said:
        iri = expand(value, editor.state.prefixes) or ""
        is_thing = kind.has(option) and iri in editor.state.said
        filled.append((f"f-{option}", form.unmistakable(Iri(iri), kind.field(option)) if is_thing else value))
    filled += [(f"f-{SOURCE}", document.name), (f"f-{QUOTE}", proposal.words)]
    at = str(places.index(proposal.start) + 1) if len(places) > 1 and proposal.start in places else ""
    filled.append((f"f-{OCCURRENCE}", at))
    return ShownProposal(
        _mark(proposal), proposal.start, told_proposal(proposal, kinds, known).in_language(language), proposal.sort,
        proposal.kind, tuple(filled), tuple(known.word(one, language) for each in proposal.values for one in each.choices),
    )  # fmt: skip
