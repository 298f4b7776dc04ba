"""A document comes to the desk: dropped, guessed what it is, mended and written; and the documents that are there to read."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from citygraph.edit.state import EditedGraph
from citygraph.errors import EditError, ExportError, QueryError, ReadError, ReasoningError
from citygraph.files import write_file
from citygraph.load import load_files
from citygraph.messages import text
from citygraph.namespaces import PREFIXES, compress
from citygraph.project.reading import REPLACES
from citygraph.rdf import Iri
from citygraph.read.run import kept_document
from citygraph.read.text import KeptText
from citygraph.web.desk.access import Access
from citygraph.web.desk.work import DeskWork
from citygraph.web.pages.page import NotFound, Page, as_fault

if TYPE_CHECKING:
    from starlette.requests import Request

_DOCUMENT: Final = PREFIXES["foaf"] + "Document"
_KEPT: Final = 20
LONGEST: Final = 200_000
MOST_FIELDS: Final = 400
_NUMBER: Final = re.compile(r"[0-9a-f]{16}\Z")
_ACCESS: Final = ("PUBLIC", "RESTRICTED", "NON_PUBLIC")
_FIELDS: Final = ("title", "date", "not-before", "not-after", "author", "access")
ENDINGS: Final = frozenset({".txt", ".md", ".docx", ".odt", ".pdf", ".html", ".htm", ".eml"})
_OK, _SEE_OTHER, _BAD_REQUEST = 200, 303, 400
FAILURES: Final = (EditError, QueryError, ReadError, ExportError, ReasoningError)

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


class ArrivingDocuments:
    """The pages on which a document comes in."""

    def __init__(self, work: DeskWork, access: Access) -> None:
        """The pages of one desk."""
        self._work, self._access = work, access
        self._folder = work.project.snapshots.folder / "desk" / "documents"

    def routes(self, let_in: LetIn) -> list[Route]:
        """Where they are; `let_in` makes an endpoint of one for those who may write."""
        return [
            Route("/desk/read", let_in(self._start), methods=["GET", "POST"]),
            Route("/desk/read/new/{number}", let_in(self._new), methods=["GET", "POST"]),
        ]

    def _start(self, page: Page, user: str, *, fault: Sequence[str] = ()) -> Response:
        """`/desk/read`: the documents with a text, and a new one."""
        if page.request.method == "POST" and not fault:
            most = self._work.project.config.number("limits.file_size")
            name, data = self._access.upload(page.request, user, longest=most)
            if data and PurePath(name).suffix.lower() in ENDINGS:
                return RedirectResponse(page.urls.desk_read(f"new/{self._keep(name, data)}"), _SEE_OTHER)
            fault = [page.words("reading.no_document")]
        state, unread = self.state(), list[ReadError]()
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
            given = self._access.form(page.request, user, longest=LONGEST, fields=MOST_FIELDS)
            said = {each: value for each in (*_FIELDS, REPLACES) if (value := given.get(f"f-{each}", [""])[0])}
        try:
            done = self._work.edits.documents.read(path, said, keep=is_sent)
            if done.checked is not None and is_sent:
                edit = self._work.write(done.checked.plan, who=user)
                if edit.waits:
                    shutil.rmtree(path.parent, ignore_errors=True)
                    return RedirectResponse(page.urls.desk(done=str(edit.number)), _SEE_OTHER)
            if done.checked is None or is_sent:
                shutil.rmtree(path.parent, ignore_errors=True)
                return RedirectResponse(page.urls.desk_read(done.iri.rpartition("/")[2]), _SEE_OTHER)
        except FAILURES as error:
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
            before=about.get(REPLACES, ("", ""))[0],
            documents=sorted((each.title, each.name) for each in self._documents(self.state(), [])),
            access=[(each, text(f"read.access.{each}").in_language(page.language)) for each in _ACCESS],
        )

    # -- what is there ----------------------------------------------------------------------------------

    def state(self) -> EditedGraph:
        """The graph as the files have it now."""
        return EditedGraph(load_files(self._work.project.config).graphs)

    def document(self, slug: str, state: EditedGraph) -> ReadDocumentText | None:
        """The document whose address ends so, when its text is at hand."""
        return next(iter(self._documents(state, [], slug=slug)), None)

    def _documents(self, state: EditedGraph, unread: list[ReadError], *, slug: str = "") -> Iterable[ReadDocumentText]:
        """The documents whose text is at hand; why one cannot be read comes into `unread`, and keeps nobody from the others."""
        labels = state.labels_with()
        for iri in state.instances(_DOCUMENT):
            if slug and iri.rpartition("/")[2] != slug:
                continue
            try:
                there = kept_document(self._work.project.config.sources_folder, iri)
            except ReadError as error:
                unread.append(error)
                continue
            if there is not None:
                title = labels.describe(Iri(iri), self._work.project.config.languages[0])
                yield ReadDocumentText(iri, compress(iri, state.prefixes), title, there[0])
