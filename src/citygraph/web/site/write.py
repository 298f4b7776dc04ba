"""The site written page by page: nothing but the plan is kept in memory, and the same graph gives the same bytes."""

from __future__ import annotations

import html
import json
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import ASGIApp, Message

from citygraph.errors import PublishError
from citygraph.findings import Finding, finding
from citygraph.labels import FALLBACK
from citygraph.matching.names import plain
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES
from citygraph.publish import NewFolder
from citygraph.results import Truth
from citygraph.web.app import create_site
from citygraph.web.pages.search import KIND_ORDER
from citygraph.web.pages.urls import BROWSER_SPARQL, has_browser_sparql
from citygraph.web.site.plan import HOST, QuestionChoices, SiteFile, SiteLimits, SiteLinks, SitePlan

if TYPE_CHECKING:
    from citygraph.project import Project

MOST_IN_ONE: Final = 20_000
"""Things in a single file; about two megabytes."""
_OTHER: Final = "other"
_COME_AGAIN: Final = 503
_PAUSE: Final = 0.2
_CLIENTS: Final = 200
Progress = Callable[[str, int, int], None]
_LETTER: Final = re.compile(r'href="(/a-z/[^"?]*)')
_FACET: Final = re.compile(r'href="(/[^"/?]*\?[^"]*)"')
_LINK: Final = re.compile(r'(?:href|src|data-index|data-terms|data-graph|data-names)="(/[^"]*)"')
_STAGE, _PROOFS = "site", "site-proofs"
_INDEX: Final = "search/index.json"
_DEPTH: Final = 2
_NOT_FOUND: Final = 404
RULES: Final = ".htaccess"
"""Only a site from which somebody is withheld has it."""
_WITHHELD: Final = re.compile(r"\bwithheld-\d")
_GONE: Final = """\
# Written by citygraph: a name is withheld here. What has no file, of the kinds below, is gone for good. docs/privacy.md
ErrorDocument 410 "Dette er trukket tilbake og kommer ikke igjen. This has been withdrawn and does not come back."
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule (?:^|/)(?:KINDS)/. - [G]
</IfModule>
"""
_PATIENCE: Final = 150.0
_AGAIN: Final = 5.0
_AHEAD: Final = 4
"""Pages that are being made while one is written: a page waits for its questions most of the time."""


def write_site(
    project: Project, folder: NewFolder, progress: Progress, *, limits: SiteLimits | None = None
) -> list[Finding]:
    """Every page of the site, in each language, with its files and a search index.

    Args:
        project: the public edition, built.
        folder: where to write; what it holds already is linked to.
        progress: told how many pages are done, and how many there are without the proofs.
        limits: how much is written down.

    Returns:
        what was left out and why, and pages that say that something is wrong.

    Raises:
        PublishError: a file cannot be written, or the site cannot be listed.
    """
    with open_site(project) as client:
        return _SiteWriter(project, folder, client, progress, limits or SiteLimits()).write_all()


class _SiteWriter:
    """Writes the pages of one site into one folder."""

    def __init__(
        self, project: Project, folder: NewFolder, client: SiteClient, progress: Progress, limits: SiteLimits
    ) -> None:
        self._folder, self._client, self._progress = folder, client, progress
        self._is_withheld = _says_yes(project.sparql("ASK { ?person cg:withheldSince ?day }"))
        self._languages, self._base = project.config.languages, project.config.base
        self._federated = {each.name for each in project.queries() if each.federates is not None}
        self._plan = SitePlan(self._languages, folder.__contains__, limits=limits)
        self._links = SiteLinks(self._target, self._plan.target, _site_of(project))
        self._proofs: deque[str] = deque()
        self._asked: dict[str, tuple[str, Future[SiteAnswer]]] = {}
        self._queued: set[str] = set()
        self._missing: set[str] = set()
        self._wrong: set[str] = set()
        self._findings: list[Finding] = []

    def write_all(self) -> list[Finding]:
        """Plan first, so that every link is known; then page after page."""
        with self._planned_index() as index:
            self._plan_questions()
            self._plan_letters()
            self._plan_facets()
            self._plan_proofs()
            self._plan.forget()
            pages = self._pages()
            total = sum(1 for _ in self._pages())
            for done, (address, answer) in enumerate(self._answers(lambda: next(pages, "")), 1):
                self._write_page(address, answer)
                self._progress(_STAGE, done, total)
            for address, answer in self._answers(lambda: self._proofs.popleft() if self._proofs else ""):
                self._write_page(address, answer)
                self._progress(_PROOFS, total, total + len(self._proofs))
            for path, data in index.files():
                self._folder.write(path, data)
        if self._is_withheld:
            self._folder.write(RULES, rule_for_gone(self._plan.entities).encode())
        if has_browser_sparql():
            for name in BROWSER_SPARQL:
                self._target(f"/static/{name}")
        if not self._plan.has_all_proofs and self._plan.limits.proofs:
            self._findings.append(finding("publish-site-proofs", file="why", most=self._plan.limits.proofs))
        return self._findings

    # -- the plan -----------------------------------------------------------------------------------

    def _planned_index(self) -> SearchIndex:
        """Every thing with a page is planned; those with names stand in the index that comes back, closed by a `with`."""
        kinds: dict[str, Any] = {}
        lists = []
        for kind in [*self._json("/index.json")["kinds"], FALLBACK.name]:
            things = self._json(f"/{kind}.json?lang={self._languages[0]}", may_be_empty=True).get("things", ())
            if not things:
                continue
            self._plan.kinds.add(kind)
            self._plan.entities.update(path for each in things if (path := _path_of(each["page"])).count("/") == _DEPTH)
            if kind != FALLBACK.name:
                lists.append(kind)
        index = SearchIndex(kinds, KIND_ORDER)
        for kind in lists:
            named = self._json(f"/search/names.json?kind={kind}")
            kinds[kind] = named["one"]
            for each in named["things"]:
                target = self._plan.target(_path_of(each["page"]))
                if target is not None:
                    index.add(kind, target.path.partition("/")[2], each)
        return index

    def _plan_questions(self) -> None:
        for question in self._json("/queries.json"):
            name = question["name"]
            page = self._client.get(f"/queries/{name}?lang={self._languages[0]}")
            choices = _choices_of(page.body.decode())
            left_out = self._plan.add_question(name, choices)
            file = f"queries/{name}.rq"
            if left_out:
                self._findings.append(
                    finding("publish-site-answers", file=file, count=left_out, most=self._plan.limits.answers)
                )
            free = [each for each in question["parameters"] if each not in choices.values]
            if free:
                self._findings.append(finding("publish-site-free-values", file=file, names=", ".join(free)))

    def _plan_letters(self) -> None:
        for language in self._languages:
            known = self._plan.letters[language] = {"/a-z"}
            waiting = ["/a-z"]
            while waiting:
                text = self._client.get(f"{waiting.pop()}?lang={language}").body.decode()
                new = {html.unescape(each) for each in _LETTER.findall(text)} - known
                known |= new
                waiting += sorted(new)

    def _plan_facets(self) -> None:
        for kind in sorted(self._plan.kinds):
            text = self._client.get(f"/{kind}?lang={self._languages[0]}").body.decode()
            for link in _FACET.findall(text):
                path, _, query = html.unescape(link).partition("?")
                given = dict(parse_qsl(query))
                given.pop("lang", None)
                if path == f"/{kind}" and len(given) == 1:
                    facet, value = next(iter(given.items()))
                    self._plan.facets.add((kind, facet, value))

    def _plan_proofs(self) -> None:
        """Proofs are promised only when the site can give them: what explains a large graph may not be ready in time."""
        resource = f"<{PREFIXES['rdfs']}Resource>"
        asked = urlencode({"s": f"<{self._base}>", "p": f"<{PREFIXES['rdf']}type>", "o": resource})
        if self._plan.limits.proofs and not self._client.get(f"/why?{asked}", patience=_PATIENCE).is_good:
            self._plan.limits = replace(self._plan.limits, proofs=0)
            self._findings.append(finding("publish-site-proofs", file="why", most=0))

    def _json(self, address: str, *, may_be_empty: bool = False) -> Any:  # noqa: ANN401  # what JSON holds
        answer = self._client.get(address)
        if not answer.is_good:
            if may_be_empty and answer.status == _NOT_FOUND:
                return {}
            message = sentence("site.no_list", address=address, status=answer.status)
            raise PublishError(message, fix=sentence("site.report"))
        return json.loads(answer.body)

    def _pages(self) -> Iterator[str]:
        """The addresses of all pages that are known beforehand, in the order in which they are written."""
        entities = sorted(self._plan.entities)
        for language in self._languages:
            lang = f"?lang={language}"
            yield from (f"{path}{lang}" for path in ("/", "/queries", "/news", "/search", "/editor"))
            yield from self._plan.question_addresses(language)
            yield from (f"{path}{lang}" for path in sorted(self._plan.letters[language]))
            yield from (f"/{kind}{lang}" for kind in sorted(self._plan.kinds))
            yield from self._plan.facet_addresses(language)
            yield from (f"{quote(path)}{lang}" for path in entities)

    # -- the files ----------------------------------------------------------------------------------

    def _answers(self, take: Callable[[], str]) -> Iterator[tuple[str, SiteAnswer]]:
        """The pages in the order in which they are taken, with the next ones being made meanwhile.

        Only making goes on side by side: what is written, and in which order proofs are promised, depends on nothing
        but the order of the addresses.
        """
        waiting: deque[tuple[str, Future[SiteAnswer]]] = deque()
        while True:
            while len(waiting) < _AHEAD and (address := take()):
                waiting.append((address, self._client.ahead(address)))
            if not waiting:
                return
            address, asked = waiting.popleft()
            answer = self._client.answer_of(asked, address, patience=_AGAIN)
            self._ask_for_files(answer)
            yield address, answer

    def _ask_for_files(self, page: SiteAnswer) -> None:
        """Have the files made that a page links to and that are not there yet."""
        for link in dict.fromkeys(_LINK.findall(page.body.decode())):
            address = html.unescape(link).partition("#")[0]
            # To look where a proof leads is to promise it; that is done in the order of the pages.
            if address.startswith("/why?"):
                continue
            target = self._plan.target(address)
            if (
                target is not None
                and not target.is_page
                and target.path != _INDEX
                and target.path not in self._folder
                and target.path not in self._missing
                and target.path not in self._asked
            ):
                self._asked[target.path] = (address, self._client.ahead(address))

    def _write_page(self, address: str, answer: SiteAnswer) -> None:
        target = self._plan.target(address)
        if target is None or target.path in self._folder:
            return
        if not answer.media_type.startswith("text/html"):
            message = sentence("site.no_page", address=address, status=answer.status)
            raise PublishError(message, fix=sentence("site.look"))
        if not answer.is_good:
            self._say_wrong(target.path, answer.status)
        self._folder.write(target.path, self._links.in_page(answer.body.decode(), target.path).encode())

    def _say_wrong(self, path: str, status: int) -> None:
        """Once for a page in all languages, and for a question with all that can be chosen on it."""
        parts = path.split("/")[1:]
        what = "/".join(parts[:2] if parts[0] == "queries" else parts)
        if what not in self._wrong:
            self._wrong.add(what)
            self._findings.append(finding("publish-site-page", file=path, place=path, status=status))

    def _target(self, address: str) -> SiteFile | None:
        """Where a link leads; a file that is not there yet is written first, and one that cannot be made is none."""
        target = self._plan.target(address)
        if target is None or target.path in self._folder or target.path == _INDEX:
            return target
        if target.is_page:
            if target.path.split("/", 2)[1] == "why" and target.path not in self._queued:
                self._queued.add(target.path)
                self._proofs.append(address)
            return target
        if target.path in self._missing:
            return None
        asked_for, asked = self._asked.pop(target.path, (address, None))
        # Two addresses may lead to one file, in two languages: the first that a page names is the one that counts.
        if asked is None or asked_for != address:
            asked = self._client.ahead(address)
        # What another server does not say now, it does not say in a moment either.
        asks_others = _path_of(address).removeprefix("/queries/").partition(".")[0] in self._federated
        answer = self._client.answer_of(asked, address, patience=0.0 if asks_others else _AGAIN)
        if not answer.is_good:
            self._missing.add(target.path)
            return None
        body = answer.body
        if target.path.endswith(".atom"):
            body = self._links.in_text(body.decode()).encode()
        self._folder.write(target.path, body)
        return target


def rule_for_gone(entities: Iterable[str]) -> str:
    """A rule for web servers that know `.htaccess`: what led to somebody who is withheld by now is gone (410).

    No name stands in it, nor anything made from one: it covers each address that leads to no file and is of a kind that
    somebody withheld is of, or something said about them.

    Args:
        entities: the pages of things, as `/kind/name`.
    """
    kinds = sorted({"person", *(path.split("/")[1] for path in entities if _WITHHELD.search(path))})
    return _GONE.replace("KINDS", "|".join(kinds))


def _says_yes(answer: object) -> bool:
    return isinstance(answer, Truth) and answer.value


class _ChoiceReader(HTMLParser):
    """Reads from the page of a question what can be chosen on it."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.chosen: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One link of the page."""
        given = dict(attrs)
        name, value = given.get("data-parameter"), given.get("data-value")
        if tag == "a" and name and value:
            self.values.setdefault(name, []).append(value)
            if "data-chosen" in given:
                self.chosen[name] = value


def _choices_of(page: str) -> QuestionChoices:
    options = _ChoiceReader()
    options.feed(page)
    return QuestionChoices(options.values, options.chosen)


def _path_of(address: str) -> str:
    return unquote(urlsplit(address).path)


def _site_of(project: Project) -> str:
    return str(project.config.values["publish.site"]) or project.config.base


# -- the site, asked in this process ---------------------------------------------------------------------


@contextmanager
def open_site(project: Project) -> Iterator[SiteClient]:
    """The site of a built project, started for as long as it is asked.

    Raises:
        SnapshotError: the project is not built.
    """
    site = create_site(project, workers=1)
    with start_blocking_portal() as portal:
        portal.call(site.service.start)
        try:
            # Past the access log: nobody visits.
            yield SiteClient(site.app, portal)
        finally:
            portal.call(site.service.stop)


class SiteClient:
    """Asks the site for addresses: one and its answer, or several that are answered beside each other."""

    def __init__(self, app: ASGIApp, portal: BlockingPortal) -> None:
        """A client of an application that has been started, in the loop of `portal`."""
        self._app, self._portal = app, portal
        self._numbers = count()

    def ahead(self, address: str) -> Future[SiteAnswer]:
        """Ask for an address whose answer is wanted later."""
        return self._portal.start_task_soon(self._get, address)

    def answer_of(self, asked: Future[SiteAnswer], address: str, *, patience: float = 0.0) -> SiteAnswer:
        """The answer to what was asked ahead; one that says "come again" is asked for once more, as by `get`."""
        answer = asked.result()
        return self.get(address, patience=patience) if answer.status == _COME_AGAIN else answer

    def get(self, address: str, *, patience: float = 0.0) -> SiteAnswer:
        """The answer to a GET of a path with its parameters.

        Args:
            address: the path with its parameters.
            patience: seconds for which an answer that says "come again" is asked for once more.
        """
        until = time.monotonic() + patience
        while True:
            answer = self._portal.call(self._get, address)
            if answer.status != _COME_AGAIN or time.monotonic() >= until:
                return answer
            time.sleep(_PAUSE)

    async def _get(self, address: str) -> SiteAnswer:
        path, _, query = address.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", HOST.encode()), (b"accept", b"*/*")],
            # Each is a client of its own, so that none waits for the turn of another.
            "client": (f"127.0.0.{1 + next(self._numbers) % _CLIENTS}", 0),
            "server": (HOST, 80),
            # The pages leave out what needs a server. Nobody can say this from outside.
            "citygraph.static": True,
        }
        status, headers, body = 500, {}, bytearray()

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.lower(): value for name, value in message.get("headers", ())}
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        return SiteAnswer(status, headers.get(b"content-type", b"").decode("latin-1"), bytes(body))


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """Status, media type and body of one answer."""

    status: int
    media_type: str
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == 200  # noqa: PLR2004  # OK


# -- the search index ------------------------------------------------------------------------------------


class SearchIndex:
    """Rows gathered on disk, one line each, so that memory does not grow with the graph.

    A row is `[kind, page, short IRI, name in nb, name in en, every name, other spellings]`, where the names of the
    languages are places in the list of names, and a spelling is `[as names are compared, place of its name]`.
    """

    def __init__(self, kinds: dict[str, Any], first: Iterable[str], *, most_in_one: int = MOST_IN_ONE) -> None:
        """An index without rows, to be closed by a `with`.

        Args:
            kinds: what each kind is called, by the word in its addresses.
            first: the kinds in the order in which equally good hits come.
            most_in_one: more things than this are split into parts.
        """
        self._kinds, self._first, self._most = kinds, list(first), most_in_one
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="citygraph-index-")))
        self._all = self._open("all")
        self._parts: dict[str, IO[str]] = {}
        self.count = 0

    def __enter__(self) -> Self:
        """The index itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Throw the gathered rows away."""
        self._stack.close()

    def add(self, kind: str, page: str, thing: dict[str, Any]) -> None:
        """One thing: its kind, its page below the folder of a language, and what `names.json` says about it."""
        names = thing["names"]
        spellings = thing["spellings"]
        row = [kind, page, thing["term"], names.index(thing["nb"]), names.index(thing["en"]), names, spellings]
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
        self._all.write(line)
        self.count += 1
        compared = [*map(plain, names), *(folded for folded, _ in spellings)]
        for part in sorted({_part(word) for name in compared for word in name.split()}):
            if part not in self._parts:
                self._parts[part] = self._open(part)
            self._parts[part].write(line)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The files of the index by path."""
        head = {"kinds": self._kinds, "first": self._first, "count": self.count}
        if self.count <= self._most:
            yield "search/index.json", _document(head, self._rows("all"))
            return
        parts = sorted(self._parts)
        yield "search/index.json", _document({**head, "parts": parts}, ())
        for part in parts:
            yield f"search/part-{part}.json", _document({}, self._rows(part))

    def _open(self, name: str) -> IO[str]:
        return self._stack.enter_context((self._folder / name).open("w+", encoding="utf-8"))

    def _rows(self, name: str) -> list[str]:
        file = self._all if name == "all" else self._parts[name]
        file.seek(0)
        return file.read().splitlines()


def _part(word: str) -> str:
    first = word[:1]
    return first if first.isascii() and first.isalnum() else _OTHER


def _document(head: dict[str, Any], rows: Iterable[str]) -> bytes:
    """JSON with a row on each line, so that two versions can be compared."""
    start = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    body = ",\n".join(rows)
    return f'{start}{"," if head else ""}"rows":[\n{body}\n]}}\n'.encode()
