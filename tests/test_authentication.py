"""A server that asks who we are is told so, and nobody else is."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from citygraph.errors import ConfigError
from citygraph.store.server.connection import PASSWORD, TOKEN, USER, Credentials
from misbehaving import Answer, misbehaving_server
from sparql_servers import virtuoso_server

BASIC = Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="graph"'})


def test_basic_is_shown_after_it_was_asked_for_and_then_at_once() -> None:
    auth = Credentials("kari", "rø:d").auth()
    with misbehaving_server() as server, httpx.Client(trust_env=False, auth=auth) as http:
        server.will(BASIC, Answer(b"{}"))
        assert http.post(server.address, content=b"one").status_code == 200
        assert http.post(server.address, content=b"two").status_code == 200
        shown = [each.headers.get("authorization") for each in server.asked]
    expected = "Basic " + base64.b64encode("kari:rø:d".encode()).decode()
    assert shown == [None, expected, expected]
    assert [each.body for each in server.asked] == [b"one", b"one", b"two"]


def test_a_wrong_password_is_told_once() -> None:
    auth = Credentials("kari", "wrong").auth()
    with misbehaving_server() as server, httpx.Client(trust_env=False, auth=auth) as http:
        server.will(BASIC)
        assert http.get(server.address).status_code == 401
        assert len(server.asked) == 2


def test_a_server_that_asks_nothing_learns_nothing() -> None:
    with misbehaving_server() as server, httpx.Client(trust_env=False, auth=Credentials("kari", "hush").auth()) as http:
        server.will(Answer(b"{}"))
        http.get(server.address)
        assert "authorization" not in server.asked[0].headers


def test_a_token_is_shown_with_every_request() -> None:
    with misbehaving_server() as server, httpx.Client(trust_env=False, auth=Credentials(token="abc").auth()) as http:  # noqa: S106
        server.will(Answer(b"{}"))
        http.get(server.address)
        assert server.asked[0].headers["authorization"] == "Bearer abc"


def test_a_real_server_takes_the_digest(tmp_path: Path) -> None:
    update = {"update": "INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> <urn:c> } }"}
    with virtuoso_server(tmp_path) as server:
        with httpx.Client(trust_env=False, auth=Credentials(server.user, server.password).auth()) as http:
            assert [http.post(server.update_with_password, data=update).status_code for _ in range(3)] == [200] * 3
        with httpx.Client(trust_env=False, auth=Credentials(server.user, "wrong").auth()) as http:
            assert http.post(server.update_with_password, data=update).status_code == 401


def test_the_environment_holds_a_user_or_a_token_or_nothing() -> None:
    assert Credentials.from_environment({USER: "kari", PASSWORD: "hush"}) == Credentials("kari", "hush")
    assert Credentials.from_environment({TOKEN: "abc"}) == Credentials(token="abc")  # noqa: S106
    nothing = Credentials.from_environment({})
    assert not nothing
    assert nothing.auth() is None


@pytest.mark.parametrize(
    "environment",
    [
        {USER: "kari"},
        {PASSWORD: "hush"},
        {USER: "kari", PASSWORD: "hush", TOKEN: "abc"},
        {TOKEN: "a\nb"},
        {TOKEN: "a b"},
    ],
)
def test_half_a_user_or_both_or_a_broken_token_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        Credentials.from_environment(environment)
    assert refused.value.fix
    assert "hush" not in f"{refused.value.message} {refused.value.fix}"


def test_secrets_are_not_in_what_is_printed() -> None:
    assert "hush" not in repr(Credentials("kari", "hush"))
    assert "abc" not in repr(Credentials(token="abc"))  # noqa: S106
