"""The page on which a person decides about links to Wikidata: plain forms, on this machine alone.

It writes a file of the project, so it is there only when the operator asks for it, on a loopback address: `desk.access`
lets in whoever may write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from citygraph.errors import EditError, ExportError, QueryError
from citygraph.link import MAPPING_FILE, LinkDecision, Links, LinkWord, Outdated
from citygraph.messages import sentence
from citygraph.namespaces import expand
from citygraph.rdf import Iri
from citygraph.sssom import Mapping as Row
from citygraph.web.desk.access import Access
from citygraph.web.pages.page import Page, as_fault, kindly

_MOST_WITHOUT: Final = 200
_LONGEST_BODY: Final = 20_000
_MOST_FIELDS: Final = 20
_ITEM: Final = "https://www.wikidata.org/wiki/"
_SEARCH: Final = "https://www.wikidata.org/w/index.php?search="
_SEE_OTHER: Final = 303
_CONFLICT: Final = 409
_BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One candidate as the page shows it."""

    item: str
    name: str
    score: str
    features: str
    href: str


class LinkReview:
    """The page and its form; made for one start of the server."""

    def __init__(self, host: str, *, root_path: str = "") -> None:
        """A review on `host`.

        Raises:
            ConfigError: others than this machine can reach that host.
        """
        self._access = Access(host, path="/review", root_path=root_path)
        self.routes = [Route("/review", self._page, methods=["GET", "POST"])]

    def _page(self, request: Request) -> Response:
        """`/review`: the form, and what it sends."""
        self._access.user(request)
        return kindly(self._decide if request.method == "POST" else self._show)(request)

    def _show(
        self, request: Request, *, fault: Sequence[str] = (), status: int = 200, given: Mapping[str, str] | None = None
    ) -> Response:
        page = Page(request)
        asked = given or request.query_params
        links = page.project.links
        waiting = links.waiting()
        subjects = list(waiting)
        subject = asked.get("entity", "")
        subject = subject if subject in waiting else next(iter(subjects), "")
        number = subjects.index(subject) + 1 if subject else 0
        kept = {"author": asked.get("author", "")}
        iri = expand(subject, page.project.prefixes) if subject else None
        without = [each for each, rows in waiting.items() if not rows]
        left_out = set(without[_MOST_WITHOUT:]) - {subject}
        names = {each: _name(each, rows, links, page) for each, rows in waiting.items() if each not in left_out}
        response = page.render(
            "review.html",
            status=status,
            file=MAPPING_FILE,
            fault=fault,
            done=asked.get("done", "") if not fault else "",
            subject=subject,
            thing=page.formatter.term(Iri(iri)) if iri else None,
            label=names.get(subject, ""),
            candidates=[_candidate(each) for each in waiting.get(subject, ())],
            search=f"{_SEARCH}{quote_plus(names[subject])}" if subject else "",
            number=number,
            count=len(subjects),
            others=[(page.urls.review(each, **kept), names[each], each == subject) for each in names if waiting[each]],
            without=[
                (page.urls.review(each, **kept), names[each], each == subject) for each in names if not waiting[each]
            ],
            left_out=len(left_out),
            following=page.urls.review(subjects[number % len(subjects)], **kept) if len(subjects) > 1 else "",
            version=links.version(subject) if subject else "",
            token=self._access.token(""),
            author=kept["author"],
            comment=asked.get("comment", "") if fault else "",
            other=asked.get("other", "") if fault else "",
        )
        # The token is a secret, and what waits changes with every decision.
        response.headers["Cache-Control"] = "no-store"
        del response.headers["ETag"]
        return response

    def _decide(self, request: Request) -> Response:
        sent = self._access.form(request, "", longest=_LONGEST_BODY, fields=_MOST_FIELDS)
        given = {"entity": "", **{name: values[0] for name, values in sent.items()}}
        page = Page(request)
        links = page.project.links
        try:
            decisions = _decisions(given, links, page)
            links.decide(*decisions, seen=given.get("version", ""))
        except Outdated:
            fault = [page.words("review.outdated")]
            return self._show(request, fault=fault, status=_CONFLICT, given=given)
        except (EditError, ExportError) as error:
            return self._show(request, fault=as_fault(error, page.language), status=_CONFLICT, given=given)
        except QueryError as error:
            return self._show(request, fault=as_fault(error, page.language), status=_BAD_REQUEST, given=given)
        done = ", ".join(f"{each.subject_id} {each.word.value} {each.object_id}".rstrip() for each in decisions)
        entity = given["entity"] if given["entity"] in links.waiting() else given.get("following", "")
        return RedirectResponse(page.urls.review(entity, author=given.get("author", ""), done=done), _SEE_OTHER)


def _name(subject: str, rows: Sequence[Row], links: Links, page: Page) -> str:
    """The name of a thing: the one that its candidates were found by, else its own."""
    if rows:
        return rows[0].slots.get("subject_label", subject)
    return links.things[subject].name(page.language)


def _candidate(row: Row) -> _Candidate:
    item = row.object_id.removeprefix("wd:")
    return _Candidate(
        item=item,
        name=row.slots.get("object_label", ""),
        score=row.slots.get("confidence", ""),
        features=row.slots.get("comment", ""),
        href=_ITEM + item,
    )


def _decisions(given: Mapping[str, str], links: Links, page: Page) -> list[LinkDecision]:
    """What the pressed button means; the same words as in the terminal.

    Raises:
        QueryError: it means nothing.
    """
    word, _, item = given.get("decision", "").partition(":")
    item = given.get("other", "") if word == "other" else item
    candidates = [each.object_id for each in links.open().get(given["entity"], ())]
    items = candidates if word == "reject-all" else [item]
    meaning = {"accept": LinkWord.ACCEPT, "other": LinkWord.ACCEPT, "reject": LinkWord.REJECT, "reject-all": LinkWord.REJECT,
               "none": LinkWord.NONE}.get(word)  # fmt: skip
    if meaning is None or not items:
        raise QueryError(sentence("review.no_decision"), fix=sentence("review.press"))
    return [
        LinkDecision(
            given["entity"], meaning, each, given.get("author", ""), page.project.today,
            comment=given.get("comment", ""),
        )
        for each in items
    ]  # fmt: skip
