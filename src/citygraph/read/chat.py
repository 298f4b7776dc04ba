"""Proposals of a language model, if somebody has set one up: each quotes words of the text exactly, and none is ever clear.

A server that speaks the OpenAI-compatible chat interface is asked about a few sentences at a time. What it answers is not
believed: a proposal is dropped, and counted, when its words do not stand in the text once, when the sentence around them
denies, wishes, asks or reports, when a value does not stand there either, or when the kind of fact lacks something.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from citygraph.edit.kinds import FactKind, Kinds
from citygraph.errors import ConfigError
from citygraph.http import AGENT, Broken, Deadline, DeadlinePassed, HttpClient, Policy, TooLarge
from citygraph.messages import sentence
from citygraph.read.figures import ReadValue
from citygraph.read.mentions import KnownNames, NamedWords
from citygraph.read.patterns import PatternBook, Slot, pattern_book
from citygraph.read.propose import Proposal, ProposedValue, lacks
from citygraph.read.sentences import TextSentence, sentences_of, tokens_of
from citygraph.read.statement import has_cue
from citygraph.read.text import KeptText, read_error

_PIECE: Final = 6_000
_MOST_ASKED: Final = 60
_MOST_BYTES: Final = 1_000_000
_MOST_OF_ONE: Final = 100
_SECONDS: Final = 120.0
_WHOLE: Final = 900.0
_OK: Final = 200
_SILENT: Final = ("reported", "condition", "negation", "wish", "past", "inverted")
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_OF_TEXT: Final = frozenset({"organization", "subject"})
_LEFT_OUT: Final = frozenset({"source", "rank", "basis", "modality", "note", "judge"})


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a model proposed: the proposals that passed, and how many of its did not, by why."""

    proposals: tuple[Proposal, ...]
    dropped: Counter[str]


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A server that is asked: its address up to `/v1`, and the name of the model; both as graph.toml has them."""

    address: str
    model: str = ""

    def checked(self) -> ModelServer:
        """The same.

        Raises:
            ConfigError: the address is none of https, or of http on this machine.
        """
        parts = urlsplit(self.address)
        is_here = parts.scheme == "http" and parts.hostname in _HERE
        if not (parts.hostname and (is_here or parts.scheme == "https")) or parts.username is not None:
            raise ConfigError(sentence("read.error.model_address", address=self.address), fix=sentence("read.next.model_address"))  # fmt: skip
        return self


def ask_model(
    server: ModelServer,
    kept: KeptText,
    known: KnownNames,
    kinds: Kinds,
    found: Sequence[Proposal],
    book: PatternBook | None = None,
) -> ModelAnswer:
    """The proposals of a model beside those that patterns have found.

    Args:
        server: which is asked.
        kept: the text.
        known: the names of the graph.
        kinds: the kinds of facts.
        found: what patterns propose; a proposal of the same kind on the same words is not made twice.
        book: the words of the languages; those of the program without it.

    Raises:
        ConfigError: the address is not one that is asked.
        ReadError: the server cannot be reached, is too slow, or answers with what is no chat.
    """
    asked = _Asked(server.checked(), kept, known, kinds, book or pattern_book())
    return asked.answer(found)


class _Asked:
    def __init__(self, server: ModelServer, kept: KeptText, known: KnownNames, kinds: Kinds, book: PatternBook) -> None:
        self._server, self._text, self._known, self._kinds, self._book = server, kept.text, known, kinds, book
        self._sentences = sentences_of(kept, book)
        is_here = urlsplit(server.address).hostname in _HERE
        policy = Policy("", timeout=_SECONDS, most_bytes=_MOST_BYTES)
        self._client = HttpClient(policy, headers={"User-Agent": AGENT}, uses_proxy=not is_here)
        self._whole = Deadline(_WHOLE)
        self._dropped: Counter[str] = Counter()

    def answer(self, found: Sequence[Proposal]) -> ModelAnswer:
        proposals: list[Proposal] = []
        pieces = list(self._pieces())
        for piece in pieces[:_MOST_ASKED]:
            for said in self._said(piece):
                made = self._made(said, piece)
                if isinstance(made, str):
                    self._dropped[made] += 1
                elif any(each.kind == made.kind and each.start < made.end and made.start < each.end for each in (*found, *proposals)):  # fmt: skip
                    self._dropped["double"] += 1
                else:
                    proposals.append(made)
        if len(pieces) > _MOST_ASKED:
            self._dropped["not_asked"] += sum(map(len, pieces[_MOST_ASKED:]))
        return ModelAnswer(tuple(proposals), self._dropped)

    def _pieces(self) -> Iterator[list[TextSentence]]:
        """The sentences, a few at a time."""
        piece: list[TextSentence] = []
        for each in self._sentences:
            if piece and each.end - piece[0].start > _PIECE:
                yield piece
                piece = []
            piece.append(each)
        if piece:
            yield piece

    def _said(self, piece: Sequence[TextSentence]) -> list[Any]:
        """What the model answers to a piece: a list, whatever is in it."""
        content = {
            "model": self._server.model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": _asking(self._kinds)},
                {"role": "user", "content": "\n".join(each.text for each in piece)},
            ],
        }
        where, deadline = (
            f"{self._server.address.rstrip('/')}/chat/completions",
            Deadline(min(_SECONDS, self._whole.left)),
        )
        try:
            reply = self._client.send(
                "POST", where, deadline, content=json.dumps(content).encode(), headers={"Content-Type": "application/json"}
            )  # fmt: skip
        except (DeadlinePassed, TooLarge, Broken) as error:
            why = error.reason if isinstance(error, Broken) else type(error).__name__
            raise read_error("model", address=where, why=why) from error
        if reply.status != _OK:
            raise read_error("model", address=where, why=f"HTTP {reply.status}")
        try:
            words = json.loads(reply.body)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise read_error("model", address=where, why="no chat completion") from error
        try:
            listed = words[words.find("[") : words.rfind("]") + 1] if isinstance(words, str) else ""
            answer = json.loads(listed)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, list):
            self._dropped["unread"] += 1
            return []
        self._dropped["too_many"] += max(0, len(answer) - _MOST_OF_ONE)
        return answer[:_MOST_OF_ONE]

    def _made(self, said: object, piece: Sequence[TextSentence]) -> Proposal | str:
        """A proposal, or why what was said is none."""
        if not isinstance(said, dict) or not isinstance(said.get("values"), dict):
            return "unread"
        kind = self._kinds.get(said["kind"]) if isinstance(said.get("kind"), str) else None
        quote = said.get("quote")
        if kind is None or not isinstance(quote, str) or not quote.strip():
            return "unread"
        start = self._text.find(quote, piece[0].start, piece[-1].end)
        if start < 0:
            return "not_there"
        end = start + len(quote)
        around = next((each for each in piece if each.start <= start and end <= each.end), None)
        if around is None or self._text.find(quote, start + 1, piece[-1].end) >= 0:
            return "not_once"
        keys = tuple(each.key for each in around.tokens)
        if keys[-1] == "?" or any(has_cue(self._book, cue, around, keys, 0, 1 if cue == "inverted" else len(keys)) for cue in _SILENT):  # fmt: skip
            return "no_statement"
        values = [
            value for option, words in said["values"].items() for value in self._values(kind, option, words, around)
        ]
        if not values or len({each.option for each in values}) < len(said["values"]) or lacks(kind, values):
            return "values"
        sort = "new" if any(each.sort == "new" for each in values) else "choose"
        order = {each.option: number for number, each in enumerate(kind.fields)}
        values.sort(key=lambda each: order[each.option])
        return Proposal(0, kind.name, tuple(values), start, end, quote, around, sort, "model")  # type: ignore[arg-type]

    def _values(self, kind: FactKind, option: object, words: object, around: TextSentence) -> list[ProposedValue]:
        """A value as the readers of the patterns read its words, which have to stand there; none otherwise."""
        said = str(words).strip() if isinstance(words, str | int) and not isinstance(words, bool) else ""
        if not isinstance(option, str) or not said or not kind.has(option) or option in _LEFT_OUT:
            return []
        where = " ".join(self._text.split()) if option in _OF_TEXT else around.text
        if not re.search(rf"(?<!\w){re.escape(' '.join(said.split()))}(?!\w)", where, re.IGNORECASE):
            return []
        tokens = tokens_of(said, 0, len(said))
        alone = TextSentence(0, 0, len(said), said, tokens, "sentence", around.language)
        names = NamedWords(alone, self._known, self._book, frozenset())
        sort = "grade" if option == "role" and kind.name == "membership" else ""
        answers = names.find(Slot(option, sort), 0) if tokens else ()
        read = next((value for end, (value, *_) in answers if end == len(tokens)), None)
        if read is None:
            return []
        return list(_proposed(option, read, kind))


def _proposed(option: str, read: ReadValue, kind: FactKind) -> Iterator[ProposedValue]:
    if read.said:
        yield ProposedValue(option, read.said, read.words, read.sort, read.choices)
    for other, said in read.more:
        if kind.has(other):
            yield ProposedValue(other, said, read.words)


def _asking(kinds: Kinds) -> str:
    """What the model is told: the kinds of facts with their fields, and how it answers."""
    told = "\n".join(
        f"{each.name}: {each.about.en} Values: {', '.join(_fields(each))}" for each in kinds.values() if _fields(each)
    )
    return (
        "Find the facts that the text states. Answer with a JSON list alone, of objects "
        '{"kind": …, "values": {field: words}, "quote": …}. "quote" is copied from the text, letter by letter; each value '
        "is words of the text too. State nothing that the text denies, wishes, asks, or tells of the past. Kinds:\n"
        + told
    )


def _fields(kind: FactKind) -> list[str]:
    return [f"{each.option}{'*' if each.required else ''}" for each in kind.fields if each.option not in _LEFT_OUT]


def dropped_in_words(dropped: Iterable[tuple[str, int]]) -> str:
    """How many were dropped, by why, as a program reads it."""
    return ", ".join(f"{why}: {count}" for why, count in dropped if count)
