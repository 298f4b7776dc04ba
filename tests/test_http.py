"""One client: a deadline for everything, a limit on size, connections used again, and one way to say what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from citygraph.errors import ConfigError
from citygraph.http import (
    AGENT,
    Broken,
    Deadline,
    DeadlinePassed,
    HttpClient,
    Policy,
    TooLarge,
    TryAgain,
    patiently,
)
from misbehaving import Answer, Misbehaving, misbehaving_server
from patience import PATIENCE

_POLICY = Policy(contact="tests@example.org", timeout=PATIENCE, patience=PATIENCE, most_bytes=9_999)


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with misbehaving_server() as server:
        yield server


def test_a_reply_is_whole_unpacked_and_not_judged(server: Misbehaving) -> None:
    server.will(Answer(b"a" * 500, type="text/plain; charset=utf-8", status=404, packed=True))
    reply = HttpClient(_POLICY).send("GET", server.address, Deadline(PATIENCE), params={"q": "å b", "r": ["1", "2"]})
    assert (reply.status, reply.media_type, reply.body) == (404, "text/plain", b"a" * 500)
    (asked,) = server.asked
    assert asked.path.endswith("q=%C3%A5+b&r=1&r=2") or asked.path.endswith("q=%C3%A5%20b&r=1&r=2")
    assert asked.headers["user-agent"] == _POLICY.user_agent()


def test_who_asks_is_known_before_anything_is_sent(server: Misbehaving) -> None:
    with pytest.raises(ConfigError, match="contact address"):
        HttpClient(Policy(contact=""))
    server.will(Answer(b"a"))
    HttpClient(Policy(contact=""), headers={"User-Agent": AGENT}).send("HEAD", server.address, Deadline(PATIENCE))
    assert server.asked[0].headers["user-agent"] == AGENT


@pytest.mark.parametrize(
    "slow", [Answer(b"x" * 200, drip=0.05), Answer(drip=0.05, drip_headers=True)], ids=["body", "headers"]
)
def test_a_slow_drip_ends_at_the_deadline_and_the_client_is_of_use_afterwards(
    server: Misbehaving, slow: Answer
) -> None:
    client = HttpClient(_POLICY)
    server.will(slow, Answer(b"now"))
    with pytest.raises(DeadlinePassed):
        client.send("GET", server.address, Deadline(0.4))
    assert client.send("GET", server.address, Deadline(PATIENCE)).body == b"now"


def test_what_is_larger_than_allowed_is_not_taken_packed_or_not(server: Misbehaving) -> None:
    server.will(Answer(b"x" * 10_000), Answer(b"x" * 10_000, packed=True), Answer(b"x" * 9_999))
    client = HttpClient(_POLICY)
    for _ in range(2):
        with pytest.raises(TooLarge):
            client.send("GET", server.address, Deadline(PATIENCE))
    assert len(client.send("GET", server.address, Deadline(PATIENCE)).body) == 9_999


def test_the_beginning_of_a_long_answer_can_be_had_alone(server: Misbehaving) -> None:
    server.will(Answer(b"begin" + b"x" * 9_000))
    assert HttpClient(_POLICY).send("GET", server.address, Deadline(PATIENCE), beginning=5).body.startswith(b"begin")


def test_a_redirect_is_an_answer_unless_it_is_wanted(server: Misbehaving) -> None:
    server.will(Answer(status=302, headers={"Location": "/there"}), Answer(b"there"))
    assert HttpClient(_POLICY).send("GET", server.address, Deadline(PATIENCE)).status == 302
    server.will(Answer(status=302, headers={"Location": "/there"}), Answer(b"there"))
    assert HttpClient(_POLICY, follows=True).send("GET", server.address, Deadline(PATIENCE)).body == b"there"


def test_a_cut_answer_is_broken_or_asked_for_again(server: Misbehaving) -> None:
    server.will(Answer(b"short", announce=99))
    with pytest.raises(Broken) as caught:
        HttpClient(_POLICY).send("GET", server.address, Deadline(PATIENCE))
    assert caught.value.cut
    waits: list[float] = []
    again = replace(_POLICY, retries_broken=True, sleep=waits.append)
    client = HttpClient(again)
    server.will(Answer(b"short", announce=99), Answer(b"whole"))
    assert patiently(lambda deadline: client.send("GET", server.address, deadline), again).body == b"whole"
    assert len(waits) == 1


def test_a_server_that_is_not_there_is_broken_and_not_cut() -> None:
    with pytest.raises(Broken) as caught:
        HttpClient(_POLICY).send("GET", "http://127.0.0.1:9/", Deadline(PATIENCE))
    assert not caught.value.cut
    with pytest.raises(TryAgain, match="the connection broke"):
        HttpClient(replace(_POLICY, retries_broken=True)).send("GET", "http://127.0.0.1:9/", Deadline(PATIENCE))
    with pytest.raises(Broken):
        HttpClient(_POLICY).send("GET", "http://[", Deadline(PATIENCE))


def test_nothing_is_sent_after_the_deadline(server: Misbehaving) -> None:
    with pytest.raises(DeadlinePassed):
        HttpClient(_POLICY).send("GET", server.address, Deadline(0))
    assert not server.asked
