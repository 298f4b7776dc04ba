"""One request to the reconciliation service: its parameters, its language, and an answer with CORS on it."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import CitygraphError, StoreTimeout
from citygraph.project import Project
from citygraph.sentences import sentence
from citygraph.web.language import choose_language
from citygraph.web.limits import limits_of
from citygraph.web.reading import project_of
from citygraph.web.reconciliation_targets import Targets, targets_of
from citygraph.web.refusal import Refusal, refusal_of
from citygraph.web.requests import client_of, origin_of, read_body
from citygraph.web.turns import Turns

__all__ = ["CORS", "MOST_FIELDS", "Answer", "Asked", "as_json", "endpoint"]

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Accept, Accept-Language",
    "Access-Control-Max-Age": "86400",
    "Vary": "Accept-Language",
}
MOST_FIELDS: Final = 10
_FORM: Final = "application/x-www-form-urlencoded"
# A match is work of this process, and one of its threads at a time can work.
_MOST_AT_ONCE: Final = 2
_turns = Turns(_MOST_AT_ONCE)
Answer = Callable[["Asked"], Response]


class Asked:
    """One request: its parameters, its body, its language, and what it is about."""

    def __init__(self, request: Request, body: bytes) -> None:
        """Read the parameters of the address and of a form; from now on the time runs."""
        self.method, self.body = request.method, body
        self.project: Project = project_of(request)
        self.language = choose_language(request).language
        self.origin = origin_of(request.scope)
        self._seconds = self.project.config.number("limits.timeout")
        self._until = time.monotonic() + self._seconds
        self.kind = str(request.path_params.get("kind", ""))
        self.parameters = dict(request.query_params)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
            self.parameters |= _form(body)

    @property
    def targets(self) -> Targets:
        """The entities of the version in use."""
        return targets_of(self.project)

    @property
    def batch(self) -> int:
        """How many queries a batch may have."""
        return self.project.config.number("reconcile.batch")

    def go_on(self) -> None:
        """See that there is time left.

        Raises:
            StoreTimeout: there is none.
        """
        if time.monotonic() > self._until:
            raise StoreTimeout(sentence("limit.answer_time", seconds=self._seconds), fix=sentence("next.less_at_once"))

    def whole(self, name: str, default: int) -> int:
        """A parameter that is a whole number from 0 on.

        Raises:
            Refusal: it is something else.
        """
        text = self.parameters.get(name, "") or str(default)
        if not text.isascii() or not text.isdigit() or len(text) > MOST_FIELDS:
            raise Refusal(400, f"The parameter {name} is a whole number from 0 on.")
        return int(text)


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Refusal(400, "The form cannot be read.", "Send it as UTF-8, with the field queries.") from error
    return {name: values[0] for name, values in fields.items()}


def endpoint(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """A handler with CORS on everything, refusals included, that works in a thread of its own."""

    @wraps(answer)
    async def handle(request: Request) -> Response:
        try:
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=CORS)
            limits = limits_of(project_of(request).config)
            body = await read_body(request.scope, request.receive, limits.body, limits.patience)
            async with _turns.of(client_of(request.scope), limits.share.timeout):
                return await run_in_threadpool(lambda: answer(Asked(request, body)))
        except Refusal as refusal:
            response = refusal.response(request.headers.get("accept", ""))
        except CitygraphError as error:
            response = refusal_of(error).response(request.headers.get("accept", ""))
        response.headers.update(CORS)
        return response

    return handle


def as_json(document: object) -> Response:
    """A document as an answer."""
    return Response(json.dumps(document, ensure_ascii=False), 200, CORS, "application/json")
