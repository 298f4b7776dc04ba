"""What a program is told instead of an answer: `{"ok": false, "error", "errors", "status", "code"}`, or plain text.

The sentences are in the language that was asked for, `code` is the same in all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from citygraph.errors import CitygraphError, QueryError, SnapshotError
from citygraph.language import DEFAULT_LANGUAGE
from citygraph.sentences import key_of, said_in, sentence
from citygraph.store.reply import NotAcceptable
from citygraph.web.pages.i18n import choose_language

__all__ = ["BrokenAnswer", "Refusal", "body", "refusal_of", "respond"]


class BrokenAnswer(ConnectionError):  # noqa: N818  # what it is
    """An answer that had begun cannot be finished: the connection is broken so that nobody takes it for whole."""


class Refusal(Exception):  # noqa: N818  # the normal end of a bad request, and an answer like any other
    """An answer other than the one that was asked for: its status, what is wrong, and the next step."""

    def __init__(self, status: int, message: str, fix: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Everything that the answer says."""
        super().__init__(message)
        self.status, self.message, self.fix = status, message, fix
        self.headers = dict(headers or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        request = Request(scope)
        language = choose_language(request).language
        await self.response(request.headers.get("accept", ""), language)(scope, receive, send)

    def response(self, accept: str = "", language: str = DEFAULT_LANGUAGE) -> Response:
        """As JSON, unless plain text is all that is taken; `language` is the reader's."""
        headers = {
            "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*", "Content-Language": language, **self.headers
        }  # fmt: skip
        errors = [said_in(text, language) for text in (self.message, self.fix) if text]
        if "text/plain" in accept and "json" not in accept and "*/*" not in accept:
            text = "\n".join(errors) + "\n"
            return Response(text, self.status, headers, "text/plain; charset=utf-8")
        return Response(body(self.status, errors, key_of(self.message)), self.status, headers, "application/json")


def body(status: int, errors: Sequence[str], code: str = "") -> bytes:
    """The error body; `code` says to programs, in every language, what is wrong."""
    code = code or f"http.{status}"
    value = {"ok": False, "error": errors[0] if errors else "", "errors": list(errors), "status": status, "code": code}
    return (json.dumps(value, ensure_ascii=False) + "\n").encode()


def refusal_of(error: CitygraphError) -> Refusal:
    """What a program on the other side is told about an error of ours."""
    if isinstance(error, NotAcceptable):
        return Refusal(406, error.message, error.fix)
    if isinstance(error, QueryError):
        return Refusal(400, error.message, error.fix)
    if isinstance(error, SnapshotError):
        # Its message names folders of this machine.
        return Refusal(503, sentence("request.unreadable"), sentence("next.again"), {"Retry-After": "5"})
    return Refusal(503, error.message, error.fix, {"Retry-After": "2"})


async def respond(request: Request, error: Exception) -> Response:
    """The handler that the site registers for errors of ours."""
    refusal = refusal_of(error) if isinstance(error, CitygraphError) else Refusal(500, sentence("request.wrong"))
    return refusal.response(request.headers.get("accept", ""), choose_language(request).language)
