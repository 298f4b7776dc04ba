"""The parts of uvicorn that web/server.py leans on and that uvicorn promises to nobody.

When this fails, uvicorn has changed: read the parts that are named against `ClientConnection`, run the tests of tests/web,
and write the new digests here and the new ceiling into pyproject.toml.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import tomllib

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from conftest import ROOT

PROTOCOL = {
    "connection_made": "6efb565ff3d3",
    "connection_lost": "c91a4c9bf2e2",
    "data_received": "010a7ae59a5d",
    "on_message_begin": "96d377fdc7c2",
    "on_url": "37be44e962b0",
    "on_header": "65d62c044f61",
    "on_headers_complete": "1ea8589acfad",
    "on_body": "dba9c32aeba3",
    "on_message_complete": "1fbad42dc31f",
    "on_response_complete": "64e254f28e38",
    "_unset_keepalive_if_required": "00a6a4e47214",
    "send_400_response": "ae5a4a3782b6",
    "shutdown": "d7351fa33f00",
    "resume_writing": "7844bbaa8cce",
    "timeout_keep_alive_handler": "8b53bf5f2e20",
}
CYCLE = {"run_asgi": "0f33f2449a44", "send": "abdd8601b326", "receive": "8124ae006be7"}


def digest_of(part: object) -> str:
    """The text of a function, in a few letters."""
    return hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:12]  # type: ignore[arg-type]  # a function


def test_what_is_overridden_or_relied_on_is_as_it_was() -> None:
    assert {name: digest_of(getattr(HttpToolsProtocol, name)) for name in PROTOCOL} == PROTOCOL
    assert {name: digest_of(getattr(RequestResponseCycle, name)) for name in CYCLE} == CYCLE


def test_a_connection_has_the_parts_that_are_used() -> None:
    async def run() -> HttpToolsProtocol:
        config = uvicorn.Config(lambda: None, log_config=None)
        return HttpToolsProtocol(config=config, server_state=ServerState(), app_state={})

    protocol = asyncio.run(run())
    used = {
        "client", "cycle", "flow", "headers", "loop", "parser", "pipeline", "scope", "server_state", "transport", "url",
    }  # fmt: skip
    assert used <= vars(protocol).keys() | {"url"}
    assert not protocol.pipeline
    assert protocol.cycle is None
    assert isinstance(protocol.server_state.default_headers, list)
    made = inspect.signature(RequestResponseCycle.__init__).parameters
    assert {"keep_alive", "message_event", "on_response"} <= made.keys()
    source = inspect.getsource(RequestResponseCycle.__init__)
    assert all(f"self.{name} = " in source for name in ("disconnected", "message_event", "response_complete"))


def test_only_the_uvicorn_that_was_read_is_installed() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    bounds = next(each for each in dependencies if each.startswith("uvicorn"))
    major, minor = uvicorn.__version__.split(".")[:2]
    assert bounds == f"uvicorn>={major}.{minor},<{major}.{int(minor) + 1}"
