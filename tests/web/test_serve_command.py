"""What `citygraph serve` says where: on the terminal, and to whoever sends what is no request."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from citygraph.rdf import Iri, Literal, Quad
from patience import PATIENCE
from web.conftest import BASE, project_with, serving

QUADS = [Quad(Iri(f"{BASE}a"), Iri(f"{BASE}b"), Literal("c"), Iri(f"{BASE}graph/data"))]


@pytest.mark.parametrize(("language", "word"), [("nb", "Grafen vises på"), ("en", "The graph is at")])
def test_it_says_where_it_is_when_it_is_there(tmp_path: Path, language: str, word: str) -> None:
    folder = project_with(tmp_path / "said", QUADS)
    command = [sys.executable, "-u", "-m", "citygraph", "serve", str(folder), "--port", "0", "--workers", "1"]
    command += ["--lang", language]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}
    )
    assert process.stderr is not None
    try:
        said = [process.stderr.readline() for _ in range(2)]
        match = re.search(rf"{word} (http://127\.0\.0\.1:(\d+)/)", "".join(said))
        assert match is not None, said
        assert int(match[2]) > 0
        assert httpx.get(match[1] + "health", timeout=PATIENCE, trust_env=False).json()["ok"] is True
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        process.stderr.close()


def test_what_is_no_request_is_refused_in_both_languages(tmp_path: Path) -> None:
    with serving(project_with(tmp_path / "refused", QUADS, "\n[serve]\npatience = 1\n"), "--workers", "1") as server:
        said = {}
        for data in (b"\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\nHost: ", b"GET / HTTP/1.1\r\nX: " + b"x" * 600_000):
            with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
                connection.sendall(data)
                answer = b""
                while b"}" not in answer and (piece := connection.recv(65_536)):
                    answer += piece
            body = json.loads(answer.partition(b"\r\n\r\n")[2])
            said[body["code"]] = body["status"]
            english, norwegian = body["errors"]
            assert english == body["error"] != norwegian
            assert "orespørsel" in norwegian
        assert said == {"request.not_http": 400, "request.too_slow": 408, "request.head": 431}
