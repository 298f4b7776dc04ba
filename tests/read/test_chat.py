"""Proposals of a model: only what stands in the text, never clear, and every lie is dropped and counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bench.measure_read import known_and_kinds
from citygraph.edit.kinds import Kinds
from citygraph.errors import ConfigError, ReadError
from citygraph.read.chat import ModelAnswer, ModelServer, ask_model
from citygraph.read.mentions import KnownNames
from citygraph.read.propose import propose
from citygraph.read.sentences import parts_of_text
from citygraph.read.text import KeptText
from loopback import Handler, LoopbackServer, listening

TEXT = """Nettverket Metrex teller byer. Helsinki hører til Metrex. Leeds er ikke i Metrex.
Det sies at Gent er i Metrex. Bergen vil inn i Metrex. Er Porto i Metrex? Oslo er medlem av Metrex.
Tirana hører til Metrex. Wien og Wien."""
Read = tuple[KnownNames, Kinds]


def fact(member: str, quote: str, **more: str) -> dict[str, Any]:
    return {"kind": "membership", "values": {"member": member, "organization": "Metrex", **more}, "quote": quote}


ANSWER: list[Any] = [
    fact("Helsinki", "Helsinki hører til Metrex"),
    fact("Tirana", "Tirana hører til Metrex"),
    fact("Helsinki", "Helsinki tilhører Metrex"),  # not_there
    fact("Wien", "Wien"),  # not_once
    fact("Leeds", "Leeds er ikke i Metrex"),  # no_statement
    fact("Gent", "Gent er i Metrex"),  # no_statement
    fact("Bergen", "Bergen vil inn i Metrex"),  # no_statement
    fact("Porto", "Porto i Metrex"),  # no_statement
    fact("Oslo", "Oslo er medlem av Metrex"),  # double
    fact("Stockholm", "teller byer"),  # values: he does not stand there
    fact("Helsinki", "teller byer", since="2019"),  # values
    {"kind": "membership", "values": {"member": "byer", "colour": "red"}, "quote": "Nettverket Metrex"},  # values
    {"kind": "membership", "values": {}, "quote": "Nettverket"},  # values
    {"kind": "spell", "values": {}, "quote": "Metrex"},  # unread
    {"kind": ["membership"], "values": {}, "quote": 7},  # unread
    "nonsense", None,  # unread
]  # fmt: skip


class _Model(LoopbackServer):
    """A chat server that says what a test wants."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Chat)
        self.body = b""
        self.status = 200
        self.asked: list[dict[str, Any]] = []

    def says(self, content: object, *, status: int = 200) -> None:
        words = content if isinstance(content, str) else f"Here you are:\n```json\n{json.dumps(content)}\n```"
        self.body, self.status = json.dumps({"choices": [{"message": {"content": words}}]}).encode(), status


class _Chat(Handler):
    server: _Model

    def respond(self) -> None:
        self.server.asked.append({"path": self.path, **json.loads(self.body())})
        self.answer(self.server.body, "application/json", status=self.server.status)


@pytest.fixture(scope="module")
def read() -> Read:
    """The names and kinds of the graph of the project."""
    return known_and_kinds()


@pytest.fixture
def model() -> Iterator[_Model]:
    """A server on this machine."""
    with listening(_Model()) as server:
        yield server


def ask(model: _Model, read: Read, text: str = TEXT) -> ModelAnswer:
    kept = KeptText(text, parts_of_text(text))
    return ask_model(ModelServer(f"{model.address}/v1/", "small"), kept, *read, propose(kept, *read))


def test_only_what_stands_in_the_text_is_proposed_and_never_as_clear(model: _Model, read: Read) -> None:
    model.says(ANSWER)
    found = ask(model, read)
    assert [(each.words, each.sort, each.pattern) for each in found.proposals] == [
        ("Helsinki hører til Metrex", "choose", "model"),
        ("Tirana hører til Metrex", "new", "model"),
    ]
    assert dict(found.proposals[0].said)["member"] == "id:helsingin-kaupunki"
    assert all(TEXT[each.start : each.end] == each.words for each in found.proposals)
    assert found.dropped == {
        "not_there": 1, "not_once": 1, "no_statement": 4, "double": 1, "values": 4, "unread": 4, "too_many": 0,
    }  # fmt: skip
    assert (model.asked[0]["path"], model.asked[0]["model"]) == ("/v1/chat/completions", "small")


@pytest.mark.parametrize("content", ["I do not know.", "[1, 2", "{}", '{"kind": "membership"}', "[" * 100_000])
def test_an_answer_without_a_list_proposes_nothing(content: str, model: _Model, read: Read) -> None:
    model.says(content)
    found = ask(model, read)
    assert (found.proposals, found.dropped["unread"]) == ((), 1)


def test_of_a_flood_no_more_than_some_are_looked_at(model: _Model, read: Read) -> None:
    model.says([fact("Leeds", "Leeds er ikke i Metrex")] * 5_000)
    assert ask(model, read).dropped == {"too_many": 4_900, "no_statement": 100}


def test_a_long_text_is_asked_about_piece_by_piece(model: _Model, read: Read) -> None:
    model.says([])
    ask(model, read, "Oslo er en by ved fjorden. " * 600)
    assert len(model.asked) == 3


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (200, b"no json"), (200, b'{"choices": []}'), (302, b""), (200, b"[" * 2_000_000)]
)
def test_a_server_that_is_none_is_told(status: int, body: bytes, model: _Model, read: Read) -> None:
    model.status, model.body = status, body
    with pytest.raises(ReadError, match="did not answer"):
        ask(model, read)


@pytest.mark.parametrize(
    "address",
    ["http://example.org/v1", "ftp://127.0.0.1", "https://", "https://me:secret@example.org/v1", "127.0.0.1:80"],
)
def test_a_text_goes_to_this_machine_or_by_https_alone(address: str, read: Read) -> None:
    with pytest.raises(ConfigError, match="cannot be asked"):
        ask_model(ModelServer(address), KeptText(TEXT, parts_of_text(TEXT)), *read, [])
