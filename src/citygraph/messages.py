"""What people read, in bokmål and in English: looked up by key in `messages/*.toml`, filled in, said in a language.

All bilingual text is data. A file `messages/<room>.toml` holds the texts of one room, each as
`key = { nb = "…", en = "…" }`, under `[tables]` where that helps; a file is read when the first of its texts is wanted.

- `text("compare.headings.asserted")` is the `Text` of the key `headings.asserted` in `messages/compare.toml`;
  `.filled(count=3)` fills in each `{name}`, `.in_language("nb")` says it.
- `texts("compare")` are all texts of one file, for tables that are walked through.
- `sentence("limit.rows", most=100)` is a text of `messages/sentences.toml`, or of another file by its whole key, as a
  `str` in English that knows itself in bokmål: what errors are made of. `said_in` says it to the reader.
- `table("finding_codes")` is a file as TOML has it, where an entry holds more than a text.
"""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self
from unicodedata import category

LANGUAGES: Final = ("nb", "en")
DEFAULT_LANGUAGE: Final = "en"
_FOLDER: Final = Path(__file__).with_name("messages")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in bokmål and in English; either may be empty."""

    nb: str = ""
    en: str = ""

    def in_language(self, language: str) -> str:
        """The sentence in `language`; the other language when that one is empty."""
        return (self.nb or self.en) if language == "nb" else (self.en or self.nb)

    def filled(self, **values: object) -> Text:
        r"""The text with each `{name}` filled in; a `Text` or a `Sentence` appears in each language in that language.

        >>> Text("Over {most:,} rader.", "Over {most:,} rows.").filled(most=20000)
        Text(nb='Over 20\u202f000 rader.', en='Over 20,000 rows.')

        Raises:
            KeyError: a value is missing; a mistake of ours.
        """
        # Thousands are told apart by a space in Norwegian.
        nb = re.sub(r"(\{\w+):,\}", r"\1:_}", self.nb)
        numbered = {name: _Number(each) if type(each) is int else each for name, each in _said(values, "nb").items()}
        return Text(nb.format(**numbered), self.en.format(**_said(values, "en")))

    def to_json(self) -> dict[str, str]:
        """A plain dictionary, for files and web answers."""
        return {"nb": self.nb, "en": self.en}

    @classmethod
    def of(cls, value: str | Mapping[str, str]) -> Text:
        """A text from `{"nb": …, "en": …}`, or from one string that serves for both."""
        if isinstance(value, str):
            return cls(value, value)
        return cls(str(value.get("nb", "")), str(value.get("en", "")))


def _said(values: Mapping[str, object], language: str) -> dict[str, object]:
    return {
        name: each.in_language(language)
        if isinstance(each, Text)
        else said_in(each, language)
        if isinstance(each, str)
        else each
        for name, each in values.items()
    }


class _Number(int):
    """A number as Norwegians write it when it is asked for with thousands apart."""

    def __format__(self, how: str) -> str:
        return f"{int(self):,}".replace(",", "\u202f") if how == "_" else format(int(self), how)


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
def table(name: str) -> Mapping[str, Any]:
    """The file `messages/<name>.toml`, as TOML has it.

    Raises:
        FileNotFoundError: there is none; a mistake of ours.
    """
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def texts(name: str) -> Mapping[str, Text]:
    """Every text of the file `messages/<name>.toml` by its key, those in a table as `table.key`."""
    found: dict[str, Text] = {}
    waiting = [("", table(name))]
    for prefix, entries in waiting:
        for key, value in entries.items():
            if isinstance(value, dict) and not value.keys() <= set(LANGUAGES):
                waiting.append((f"{prefix}{key}.", value))
            else:
                found[prefix + key] = Text.of(value)
    return found


def text(key: str) -> Text:
    """The text of a key, which begins with the name of its file: `compare.same`.

    Raises:
        KeyError, FileNotFoundError: there is none; a mistake of ours.
    """
    name, _, rest = key.partition(".")
    return texts(name)[rest]


def sentence(key: str, /, **values: object) -> Sentence:
    r"""The sentence of a key, with each `{name}` filled in.

    >>> sentence("limit.rows", most=20000), sentence("limit.rows", most=20000).nb
    ('The answer has more than 20,000 rows.', 'Svaret har flere enn 20\u202f000 rader.')

    Raises:
        KeyError, FileNotFoundError: no file has that key, or a value is missing; a mistake of ours.
    """
    found = (texts("sentences").get(key) or text(key)).filled(**values)
    return Sentence(found.en, found.nb, key)


def reason_of(error: OSError) -> Sentence:
    """Why the machine refused, in both languages; in its own words when that is none of what we know.

    >>> reason_of(FileNotFoundError(2, "No such file or directory")).nb
    'det finnes ikke'
    """
    key = errno.errorcode.get(error.errno or 0, "")
    said = error.strerror or str(error) or type(error).__name__
    known = texts("errno")
    # The engine hands on what the machine said, in words alone.
    key = key if key in known else next((each for each, words in known.items() if words.en in said), "")
    return Sentence(said, known[key].nb, f"errno.{key}") if key else Sentence(said)


def in_both(room: str, message: str) -> Sentence:
    """What a program of others said in English, as a sentence that knows itself in bokmål, if a text of the room is like it.

    Args:
        room: of texts whose English is what that program says, with `{names}` for what it fills in.
        message: what it said.

    >>> in_both("syntax", "The prefix ex: has not been declared").nb
    'prefikset ex: er ikke erklært'
    """
    for key, pattern in _patterns(room).items():
        if match := pattern.fullmatch(message):
            # What is filled in may be a sentence of theirs too.
            values = {name: in_both(room, value) for name, value in match.groupdict().items()}
            return Sentence(message, texts(room)[key].filled(**values).nb, f"{room}.{key}")
    return Sentence(message)


@cache
def _patterns(room: str) -> Mapping[str, re.Pattern[str]]:
    """For each text of a room what its English is like, the longest first."""
    found = {key: re.split(r"\{(\w+)\}", each.en) for key, each in texts(room).items()}
    order = sorted(found, key=lambda key: (len(found[key]), -sum(map(len, found[key][::2]))))
    return {
        key: re.compile(
            "".join(f"(?P<{part}>.+)" if n % 2 else re.escape(part) for n, part in enumerate(found[key])), re.DOTALL
        )
        for key in order
    }


def said_in(text: str, language: str) -> str:
    """A text of ours in the language of the reader; what is no sentence of ours stays as it is."""
    return text.nb if language == "nb" and isinstance(text, Sentence) else str(text)


def framed(before: str, text: str, after: str = "") -> Sentence:
    """A text of ours between signs that are the same in both languages, such as the name of a file in front of it."""
    return Sentence(f"{before}{said_in(text, 'en')}{after}", f"{before}{said_in(text, 'nb')}{after}", key_of(text))


def key_of(text: str) -> str:
    """What programs know a sentence of ours by; empty for any other text."""
    return text.key if isinstance(text, Sentence) else ""


_OBEYED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of characters, and ends of lines and paragraphs."""


def written_out(text: str, *, kept: str = "") -> str:
    """A name or a text of somebody else with what a terminal would obey, such as a line break, written as an escape.

    Args:
        text: what is shown.
        kept: the characters that stay all the same.
    """
    obeyed = (category(each) in _OBEYED and each not in kept for each in text)
    return "".join(
        each.encode("unicode_escape").decode() if is_obeyed else each
        for each, is_obeyed in zip(text, obeyed, strict=True)
    )
