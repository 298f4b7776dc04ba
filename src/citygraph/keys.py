"""Keys of a TOML file, each of a kind: every wrong key and value is named at once, with a guess at what was meant.

The keys stand in a TOML file of their own, from which the docs are made too: `["table.key"]` with the `kind` of its
value, its `default`, and what it is for (`about`); `required`, and `replaced`: what to write instead of values it
once had. graph.toml (`config`) and the maps of lists (`ingest.mapping`) are read by it.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from citygraph.errors import CitygraphError
from citygraph.messages import LANGUAGES, Sentence, Text, said_in, sentence, text
from citygraph.namespaces import is_absolute_iri

__all__ = ["KINDS", "Expected", "Key", "KindCheck", "check_values", "did_you_mean", "expected", "keys_of", "read_toml"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file: its place, the kind of its value, the default, and what it is for."""

    key: str
    kind: str
    default: Any
    about: Text
    required: bool = False
    replaced: Mapping[str, Text] = field(default_factory=dict)


class Expected(ValueError):  # noqa: N818  # named by what it says
    """A value is not of its kind; the text says what is expected."""

    def __init__(self, what: Sentence) -> None:
        """What a value of this kind looks like."""
        super().__init__(what)
        self.what = what


KindCheck: TypeAlias = Callable[[Any, Key], Any]
"""Gives a value as it is used, or raises `Expected`."""


def expected(what: str, **values: object) -> Expected:
    """The error for a value that is not `what`, a key of `messages/keys.toml`."""
    return Expected(sentence(f"keys.{what}", **values))


@cache
def keys_of(path: Path) -> tuple[Key, ...]:
    """The keys that a file of ours describes, in its order."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Key(
            key=key,
            kind=each["kind"],
            default=tuple(default) if isinstance(default := each.get("default"), list) else default,
            about=Text.of(each["about"]),
            required=each.get("required", False),
            replaced={value: Text.of(words) for value, words in each.get("replaced", {}).items()},
        )
        for key, each in raw.items()
    )


def read_toml(path: Path, *, error: type[CitygraphError], fix: str) -> dict[str, Any]:
    """A TOML file of a person, as it stands there.

    Args:
        path: the file.
        error: the class of what is raised.
        fix: the next step when it is not there or cannot be read.

    Raises:
        CitygraphError: it cannot be read, is not UTF-8, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as cause:
        message = sentence("keys.not_utf8", path=path, place=cause.start + 1)
        raise error(message, fix=sentence("keys.save_as_utf8")) from cause
    except OSError as cause:
        raise error(sentence("keys.unreadable", path=path, why=cause.strerror or cause), fix=fix) from cause
    except tomllib.TOMLDecodeError as cause:
        raise error(sentence("keys.not_toml", path=path, why=cause), fix=sentence("keys.how_toml_is")) from cause


def check_values(
    raw: Mapping[str, Any],
    keys: Iterable[Key],
    *,
    where: str,
    kinds: Mapping[str, KindCheck],
    error: type[CitygraphError],
    fix: str,
    placeholder: str = "",
) -> dict[str, Any]:
    """A value for each of the keys: the one given, as it is used, or else the default.

    Args:
        raw: what the file says; a table may stand for the keys that begin with its name.
        keys: the keys that there are.
        where: the file, named in front of every problem.
        kinds: what the kinds of the keys mean; see `KINDS`.
        error: the class of what is raised.
        fix: the next step.
        placeholder: a text that a program wrote where a person is to write something.

    Raises:
        CitygraphError: a key is not known or missing, or a value is not of its kind; the message has a line for each.
    """
    known = {each.key: each for each in keys}
    tables = {key.partition(".")[0] for key in known if "." in key}
    flat = _flat(raw, known, tables)
    problems = [
        sentence("keys.unknown", key=key, guess=did_you_mean(key, [*known, *tables]))
        for key in flat
        if key not in known
    ]
    values: dict[str, Any] = {}
    for key, each in known.items():
        value = flat.get(key)
        if value is None:
            values[key] = each.default
            if each.required:
                problems.append(sentence("keys.missing", key=key, about=each.about))
            continue
        if placeholder and placeholder in str(value):
            problems.append(sentence("keys.placeholder", key=key, placeholder=placeholder, about=each.about))
            continue
        try:
            values[key] = kinds[each.kind.partition(":")[0]](value, each)
        except Expected as wrong:
            what = each.replaced.get(str(value), wrong.what)
            problems.append(sentence("keys.wrong", key=key, value=repr(value), what=what))
    if problems:
        lines = ["\n".join(f"{where}: {said_in(each, language)}" for each in problems) for language in ("en", "nb")]
        raise error(Sentence(*lines), fix=fix)
    return values


def _flat(raw: Mapping[str, Any], known: Mapping[str, Key], tables: Container[str]) -> dict[str, Any]:
    """`{"reason": {"engine": …}}` to `{"reason.engine": …}`; a table that is the value of a key stays whole."""
    flat: dict[str, Any] = {}
    for key, value in raw.items():
        if key in tables and key not in known and isinstance(value, dict):
            flat |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            flat[key] = value
    return flat


def did_you_mean(word: str, known: Iterable[str]) -> Text:
    """The question whether `word` means one of `known`, behind a space; empty when nothing resembles it."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return text("keys.guess").filled(word=near[0]) if near else Text()


# -- kinds of values ------------------------------------------------------------------------------------


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_text, value))


def _are_addresses(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) and is_absolute_iri(each) for each in value)


def _is_name(value: object) -> bool:
    parts = list(value.values()) if isinstance(value, dict) else [value]
    return bool(parts) and all(map(_is_text, parts))


def _are_words(value: object) -> bool:
    parts = value.items() if isinstance(value, dict) else [("en", value)]
    return all(language in LANGUAGES and isinstance(part, str) for language, part in parts)


def _are_keywords(value: object) -> bool:
    return isinstance(value, dict) and all(key in LANGUAGES and _are_texts(each) for key, each in value.items())


def _are_languages(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(each in LANGUAGES for each in value)


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _plain(fits: Callable[[Any], bool], what: str) -> KindCheck:
    def check(value: Any, key: Key) -> Any:  # noqa: ANN401  # whatever TOML can hold
        del key
        if not fits(value):
            raise expected(what)
        return value

    return check


def _choice(value: object, key: Key) -> object:
    choices = key.kind.partition(":")[2].split(",")
    if value not in choices:
        raise expected("choice", choices=", ".join(choices))
    return value


def _folder(value: object, key: Key) -> object:
    """An address that others are put below; it may be empty unless it has a default."""
    if value == "" and key.default == "":
        return value
    if not isinstance(value, str) or not is_absolute_iri(value):
        raise expected("address")
    if not value.endswith("/"):
        raise expected("folder")
    return value


KINDS: Final[Mapping[str, KindCheck]] = {
    "name": _plain(_is_name, "text"),
    "text": _plain(lambda value: isinstance(value, str), "text"),
    "texts": _plain(_are_texts, "texts"),
    "words": _plain(_are_words, "words"),
    "keywords": _plain(_are_keywords, "keywords"),
    "languages": _plain(_are_languages, "languages"),
    "iri": _plain(lambda value: isinstance(value, str) and is_absolute_iri(value), "address"),
    "address": _plain(lambda value: isinstance(value, str) and (not value or is_absolute_iri(value)), "address"),
    "addresses": _plain(_are_addresses, "addresses"),
    "folder": _folder,
    "integer": _plain(lambda value: _is_whole(value, 1), "integer"),
    "number": _plain(lambda value: _is_whole(value, 0), "number"),
    "boolean": _plain(lambda value: isinstance(value, bool), "boolean"),
    "date": _plain(lambda value: type(value) is date, "date"),
    "choice": _choice,
}
"""What a value of each kind must be; `choice:a,b` is one of those named."""
