"""What goes wrong, told as a page to people and as one JSON body to programs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import CitygraphError, SnapshotError
from citygraph.messages import key_of, said_in
from citygraph.web.pages.graph import close_stores
from citygraph.web.pages.page import Page
from citygraph.web.requests import Refusal, error_body, refusal_of

__all__ = ["NotFound", "as_fault", "kindly", "refusal_page"]

Endpoint: TypeAlias = Callable[[Request], Response]
_NOT_FOUND, _UNAVAILABLE = 404, 503
_TITLED: Final = frozenset({400, 404, 405, 406, 408, 413, 500, 503})
_RETRY_AFTER: Final = "5"


class NotFound(Exception):  # noqa: N818  # the field says not found
    """Nothing has this address; `near` are (name, address) of what comes nearest."""

    def __init__(self, path: str, near: Sequence[tuple[str, str]] = ()) -> None:
        """The page for `path`, with the addresses that come nearest to it."""
        super().__init__(path)
        self.path, self.near = path, near


def kindly(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with what the reader can act on told in the reader's words."""

    @functools.wraps(endpoint)
    def told(request: Request) -> Response:
        try:
            return endpoint(request)
        except NotFound as error:
            page = Page(request)
            message = page.words("error.not_found", path=error.path)
            return _error_page(page, _NOT_FOUND, message, near=error.near)
        except SnapshotError as error:
            # Without a version there is nothing to make a page from.
            return _as_json(_UNAVAILABLE, error.message, error.fix, headers={"Retry-After": _RETRY_AFTER})
        except CitygraphError as error:
            refusal = refusal_of(error)
            refusal.headers |= {"Retry-After": _RETRY_AFTER} if refusal.status == _UNAVAILABLE else {}
            return refusal_page(request, refusal)
        except Refusal as refusal:
            return refusal_page(request, refusal)
        finally:
            close_stores(request)

    return told


def refusal_page(request: Request, refusal: Refusal) -> Response:
    """What a reader is told instead of a page, in the reader's language."""
    page = Page(request)
    message, fix = (said_in(text, page.language) for text in (refusal.message, refusal.fix))
    response = _error_page(page, refusal.status, message, fix=fix, code=key_of(refusal.message))
    for name, value in refusal.headers.items():
        response.headers[name] = value
    return response


def _error_page(
    page: Page, status: int, message: str, *, fix: str = "", near: Sequence[tuple[str, str]] = (), code: str = ""
) -> Response:
    """The error as HTML when a page was asked for, else as JSON."""
    if _wants_page(page.request):
        title = page.words(f"error.{status}" if status in _TITLED else "error.400")
        return page.render("error.html", status=status, title=title, message=message, fix=fix, near=near)
    names = [f"{name}: {address}" for name, address in near]
    return _as_json(status, message, fix, *names, code=code, headers={"Content-Language": page.language})


def _as_json(status: int, *errors: str, code: str = "", headers: Mapping[str, str]) -> Response:
    code = code or key_of(errors[0])
    return Response(error_body(status, [each for each in errors if each], code), status, headers, "application/json")


def _wants_page(request: Request) -> bool:
    """A page unless the address names a file, or the reader wants JSON and no HTML."""
    last = request.url.path.rpartition("/")[2]
    if last.rpartition(".")[2] in {"json", "csv", "tsv", "xml", "xlsx", "geojson", "ttl", "nt", "jsonld", "atom"}:
        return False
    accept = request.headers.get("accept", "")
    return not ("json" in accept and "html" not in accept)


def as_fault(error: CitygraphError, language: str) -> list[str]:
    """Message and next step, for showing beside a form."""
    return [said_in(text, language) for text in (error.message, error.fix) if text]
