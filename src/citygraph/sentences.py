"""Sentences for people who are told no: written once, in both languages, whoever says them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Self

from citygraph.language import Text

__all__ = ["Sentence", "all_sentences", "key_of", "said_in", "sentence"]


class Sentence(str):
    """A sentence in English, which is what every log and terminal shows, that knows itself in bokmål."""

    __slots__ = ("key", "nb")

    nb: str
    key: str

    def __new__(cls, en: str, nb: str = "", key: str = "") -> Self:
        """The sentence; without bokmål it is the same in both languages, and `key` is what programs know it by."""
        made = super().__new__(cls, en)
        made.nb, made.key = nb or en, key
        return made

    def __reduce__(self) -> tuple[type[Sentence], tuple[str, str, str]]:
        """Across processes it goes with both languages."""
        return Sentence, (str(self), self.nb, self.key)


@cache
def all_sentences() -> dict[str, Text]:
    """Every sentence by `table.key`."""
    tables = tomllib.loads(files("citygraph").joinpath("sentences.toml").read_text(encoding="utf-8"))
    return {f"{table}.{key}": Text.of(words) for table, entries in tables.items() for key, words in entries.items()}


def sentence(key: str, **values: object) -> Sentence:
    r"""The sentence of a key, with each `{name}` filled in.

    >>> sentence("limit.rows", most=20000), sentence("limit.rows", most=20000).nb
    ('The answer has more than 20,000 rows.', 'Svaret har flere enn 20\u202f000 rader.')

    Raises:
        KeyError: no table has that key, or a value is missing; a mistake of ours.
    """
    text = all_sentences()[key]
    norwegian = {name: said_in(value, "nb") if isinstance(value, str) else value for name, value in values.items()}
    # Thousands are told apart by a space in Norwegian.
    numbered = re.sub(r"(\{\w+):,\}", lambda match: f"{match[1]}:_}}", text.nb)
    nb = numbered.format(**{name: _Number(v) if type(v) is int else v for name, v in norwegian.items()})
    return Sentence(text.en.format(**values), nb, key)


class _Number(int):
    """A number as Norwegians write it when it is asked for with thousands apart."""

    def __format__(self, how: str) -> str:
        return f"{int(self):,}".replace(",", "\u202f") if how == "_" else format(int(self), how)


def said_in(text: str, language: str) -> str:
    """A text of ours in the language of the reader; what is no sentence of ours stays as it is."""
    return text.nb if language == "nb" and isinstance(text, Sentence) else str(text)


def key_of(text: str) -> str:
    """What programs know a sentence of ours by; empty for any other text."""
    return text.key if isinstance(text, Sentence) else ""
