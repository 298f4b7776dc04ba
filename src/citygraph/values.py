"""What people write as values of settings, made into what the program uses, or told what is wanted.

Each kind of value is a function: it takes what TOML has read and gives the value as it is used, in one form whatever way
it was written, or raises `Expected`. A value that a kind has given is a value that it takes. Nothing is guessed: what
comes nearest is said and not taken.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from citygraph.messages import LANGUAGES, Sentence, Text, sentence, text
from citygraph.namespaces import is_absolute_iri
from citygraph.vocabularies import find_term, near_terms, tables_of


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file: its place, the kind of its value, the default, and what it is for."""

    key: str
    kind: str
    default: Any
    about: Text
    required: bool = False
    replaced: Mapping[str, Text] = field(default_factory=dict)

    @property
    def choices(self) -> list[str]:
        """What stands behind the colon of its kind: the words to choose from, a table, or the most."""
        return self.kind.partition(":")[2].split(",")


class Expected(ValueError):  # noqa: N818  # named by what it says
    """A value is not of its kind; the text says what is expected, and the guess what may have been meant."""

    def __init__(self, what: Sentence, *, guess: Text | None = None, value: object = None) -> None:
        """What a value of this kind looks like, and which part of a list or table it is that does not."""
        super().__init__(what)
        self.what, self.guess, self.value = what, guess or Text(), value
        self.others: list[Expected] = []
        """What else is wrong with the same list."""


KindCheck: TypeAlias = Callable[[Any, Key], Any]
"""Gives a value as it is used, or raises `Expected`."""


def expected(what: str, **values: object) -> Expected:
    """The error for a value that is not `what`, a key of `messages/keys.toml`."""
    return Expected(sentence(f"keys.{what}", **values))


def did_you_mean(word: str, known: Iterable[str]) -> Text:
    """The question whether `word` means one of `known`, behind a space; empty when nothing resembles it.

    A key that is right but for its table comes before one that has more letters in common.
    """
    all_ = list(known)
    last = [each.rpartition(".")[2] for each in all_]
    near = set(difflib.get_close_matches(word.casefold().rpartition(".")[2], last, cutoff=0.75))
    first = [each for each, name in zip(all_, last, strict=True) if name in near] or all_
    found = difflib.get_close_matches(word.casefold(), first, n=1, cutoff=0 if near else 0.5)
    return text("keys.guess").filled(word=found[0]) if found else Text()


_SHOWN: Final = 120
_DEEP: Final = 3


def as_toml(value: object, depth: int = 0) -> str:
    """A value as it stands in the file, shortened when it is long."""
    if isinstance(value, str):
        marks = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        shown = "".join(marks.get(c, c if c.isprintable() else f"\\u{ord(c):04X}") for c in value[:_SHOWN])
        return f'"{shown}{"…" * (len(value) > _SHOWN)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, int):
        # Python writes no whole number of more than 4,300 digits.
        return str(value) if abs(value) < 10**_SHOWN else f"{hex(value)[:_SHOWN]}…"
    if isinstance(value, Mapping):
        inner = [f"{key} = {as_toml(each, depth + 1)}" for key, each in list(value.items())[:_DEEP]] + ["…"] * (
            len(value) > _DEEP
        )
        return f"{{ {', '.join(inner) if depth < _DEEP else '…'} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        inner = [as_toml(each, depth + 1) for each in value[:_DEEP]] + ["…"] * (len(value) > _DEEP)
        return f"[{', '.join(inner) if depth < _DEEP else '…'}]"
    return str(value)


# -- texts ----------------------------------------------------------------------------------------------

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""What XML and the names of files cannot hold."""


_LONG, _NAME = 2000, 256


def is_text(value: object) -> bool:
    """Whether it is a text that says something."""
    return isinstance(value, str) and bool(value.strip()) and not _CONTROL.search(value)


def _is_any_text(value: object) -> bool:
    return isinstance(value, str) and not _CONTROL.search(value)


def _is_line(value: object) -> bool:
    return isinstance(value, str) and len(value) < _LONG and not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", value)


def _is_path(value: object) -> bool:
    """Whether a file system takes it: no name in it is longer than 255 bytes."""
    return (
        isinstance(value, str) and _is_line(value) and all(len(p.encode()) < _NAME for p in re.split(r"[/\\]", value))
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(is_text, value))


def _is_name(value: object) -> bool:
    return is_text(value) or (_are_words(value) and isinstance(value, Mapping) and any(map(str.strip, value.values())))


def _are_words(value: object) -> bool:
    if not isinstance(value, Mapping):
        return _is_any_text(value)
    return all(language in LANGUAGES and _is_any_text(part) for language, part in value.items())


def _stripped(fits: Callable[[Any], bool], what: str) -> KindCheck:
    """A text, or one for each language, without the blanks around it: a blank one says nothing."""

    def check(value: Any, key: Key) -> Any:  # noqa: ANN401  # whatever TOML can hold
        del key
        if not fits(value):
            raise expected(what)
        return {each: part.strip() for each, part in value.items()} if isinstance(value, Mapping) else value.strip()

    return check


def _are_keywords(value: object) -> bool:
    return isinstance(value, Mapping) and all(key in LANGUAGES and _are_texts(each) for key, each in value.items())


def _are_languages(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(each in LANGUAGES for each in value)


def _is_memory(value: object) -> bool:
    """Whether this is an amount of memory with which a database can begin."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s?([kKMGT])i?B", value) if isinstance(value, str) else None
    return match is not None and float(match[1]) * 1000.0 ** (" KMGT".index(match[2].upper())) >= _LEAST_MEMORY


_LEAST_MEMORY: Final = 64e6


def _plain(fits: Callable[[Any], bool], what: str) -> KindCheck:
    def check(value: Any, key: Key) -> Any:  # noqa: ANN401  # whatever TOML can hold
        del key
        if not fits(value):
            raise expected(what)
        return value

    return check


def _each_language_once(value: Any, key: Key) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(dict.fromkeys(_plain(_are_languages, "languages")(value, key)))


def choice(value: object, key: Key) -> object:
    """One of the words of the kind; capitals and blanks around it do not matter."""
    choices = key.choices
    found = value.strip().lower() if isinstance(value, str) and value not in choices else value
    if found not in choices:
        wrong = expected("choice", choices=", ".join(filter(None, choices)))
        wrong.guess = did_you_mean(value, filter(None, choices)) if isinstance(value, str) else Text()
        raise wrong
    return found


# -- numbers --------------------------------------------------------------------------------------------

_MOST: Final = 10**15


def whole_number(least: int, what: str) -> KindCheck:
    """A whole number from `least` on; up to what stands behind the colon of the kind."""

    def check(value: Any, key: Key) -> Any:  # noqa: ANN401  # whatever TOML can hold
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise expected(what)
        most = int(key.choices[0] or _MOST)
        if value > most:
            raise expected("at_most", most=most)
        return value

    return check


# -- addresses ------------------------------------------------------------------------------------------


def is_web_address(value: object) -> bool:
    """Whether it is an address that a browser opens: http or https, and a host."""
    if not isinstance(value, str) or not is_absolute_iri(value) or not value.isprintable() or len(value) > _LONG:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _web(value: Any, key: Key) -> Any:  # noqa: ANN401  # whatever TOML can hold
    """An address of the web; it may be empty where the default is."""
    if value == "" and not key.default:
        return value
    found = value.strip() if isinstance(value, str) else value
    if not is_web_address(found):
        wrong = expected("address")
        bare = isinstance(found, str) and re.fullmatch(
            r"(www\.)?[\w-]+(\.[\w-]+)*\.[a-z]{2,}(/[^\s<>\"{}|\\^`]*)?", found
        )
        wrong.guess = text("keys.guess").filled(word=f"https://{found}") if bare else Text()
        raise wrong
    return found


def _webs(value: Any, key: Key) -> tuple[str, ...]:  # noqa: ANN401  # whatever TOML can hold
    del key

    def address(each: str) -> str:
        if not is_web_address(each.strip()):
            raise Expected(expected("addresses").what, value=each)
        return each.strip()

    return _each(_many(value, "addresses"), address)


def _folder(value: object, key: Key) -> object:
    """An address that others are put below; it may be empty unless it has a default."""
    if value == "" and key.default == "":
        return value
    if not is_web_address(value):
        raise expected("address")
    if "?" in str(value) or "#" in str(value) or not str(value).endswith("/"):
        raise expected("folder")
    return value


def _each(values: Iterable[Any], one: Callable[[Any], str]) -> tuple[str, ...]:
    """What `one` makes of each value, once; all that are wrong are told of together."""
    found, wrong = [], []
    for each in values:
        try:
            found.append(one(each))
        except Expected as error:
            wrong.append(error)
    if wrong:
        wrong[0].others = wrong[1:]
        raise wrong[0]
    return tuple(dict.fromkeys(found))


def _many(value: object, what: str) -> tuple[Any, ...]:
    """A list, or a single text as a list of one."""
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise expected(what)
    return tuple(value)


_LOCAL: Final = r"[\w!$'*+=~-]+(?:\.[\w!$'*+=~-]+)*"
_HOST: Final = r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_](?:[\w-]*[^\W_])"
_EMAIL: Final = re.compile(rf"{_LOCAL}@{_HOST}")
_NAMED: Final = re.compile(r"[^<>@]*<([^<>]+)>")
_BETWEEN: Final = re.compile(r"(?:\s*[,;|]\s*|\s+(?:og|and|eller|or)\s+)(?![^<]*>)", re.IGNORECASE)


def email_of(written: str) -> str:
    """The address in `Post <post@example.org>`, in `mailto:post@example.org` and in itself; empty when there is none."""
    named = _NAMED.fullmatch(written.strip())
    bare = re.sub(r"\A(?:mailto:\s*)+", "", (named[1] if named else written).strip(), flags=re.IGNORECASE)
    return bare if len(bare) < 255 and _EMAIL.fullmatch(bare) else ""  # noqa: PLR2004  # RFC 5321, section 4.5.3.1


def _emails(value: Any, key: Key) -> tuple[str, ...]:  # noqa: ANN401  # whatever TOML can hold
    """The addresses of a list, or of a text with something between them."""
    del key
    parts = [part for one in _many(value, "email") for part in _parted(one)]

    def address(part: str) -> str:
        if not (found := email_of(part)):
            raise Expected(expected("email").what, value=part.strip())
        return found

    return _each(parts, address)


def _parted(written: str) -> list[str]:
    """The addresses of one text, apart."""
    named = re.findall(r"<([^<>]*)>", written)
    if named and "@" not in re.sub(r"<[^<>]*>", "", written):
        return named
    parts = _BETWEEN.split(written)
    if "<" in written:
        return parts
    return [word for part in parts for word in re.sub(r"(?i)mailto:\s+", "", part).split()]


def _reach(value: Any, key: Key) -> str:  # noqa: ANN401  # whatever TOML can hold
    """An e-mail address or a page: whom a server can turn to."""
    del key
    found = value.strip() if isinstance(value, str) else ""
    if value != "" and not is_web_address(found) and not email_of(found):
        raise expected("reach")
    return email_of(found) or found


def _proxies(value: Any, key: Key) -> str:  # noqa: ANN401  # whatever TOML can hold
    del key
    for each in re.split(r"\s*,\s*", value.strip()) if isinstance(value, str) else [None]:
        try:
            if each not in {"*", ""}:
                ipaddress.ip_network(each or 0.5, strict=False)  # type: ignore[arg-type]  # what is no text is refused
        except ValueError as error:
            raise Expected(expected("proxies").what, value=each) from error
    return str(value)


# -- terms of the portals' tables -----------------------------------------------------------------------

_FEW: Final = 13


def _one_term(written: object, table: str) -> str:
    """The address of a term; an address of the web that is in no table stays, for `publish` to judge."""
    if not isinstance(written, str) or not written.strip():
        raise _no_term(written, table)
    found = find_term(table, written)
    if len(found) > 1:
        raise Expected(sentence("keys.several", addresses=", ".join(found)), value=written)
    if found:
        return found[0]
    known = (each.namespace for each in tables_of(table))
    if is_web_address(written) and not written.startswith(tuple(known)):
        return written
    raise _no_term(written, table)


def _no_term(written: object, table: str) -> Expected:
    tables = tables_of(table)
    terms = [(each.label(each.iri(code)), code) for each in tables for code in each.terms]
    is_short = len(terms) <= _FEW and not any(each.codes for each in tables)
    what = sentence("keys.term_of", terms=_shown(terms)) if is_short else sentence("keys.term", table=table)
    near = near_terms(table, written) if isinstance(written, str) else []
    guess = text("keys.guesses").filled(words=_shown(near)) if near else Text()
    return Expected(what, guess=guess, value=written)


def _shown(terms: Iterable[tuple[Text, str]]) -> Text:
    """Terms by name and code, in each language."""
    named = [
        [
            code if code == name.in_language(language) else f'"{name.in_language(language)}" ({code})'
            for name, code in terms
        ]
        for language in LANGUAGES
    ]
    return Text(*map(", ".join, named))


def _code(address: str, table: str) -> str:
    """The code of a term where it is the code of one table; else its address."""
    tables = tables_of(table)
    return address.removeprefix(tables[0].namespace) if len(tables) == 1 and tables[0].has(address) else address


def _term(value: object, key: Key) -> str:
    """A term as its code; empty where that is allowed."""
    if value == "" and key.default == "":
        return ""
    return _code(_one_term(value, key.choices[0]), key.choices[0])


def _term_address(value: object, key: Key) -> str:
    """A term as its address; empty where that is allowed."""
    if value == "" and key.default == "":
        return ""
    return _one_term(value, key.choices[0])


def _terms(value: object, key: Key) -> tuple[str, ...]:
    """The terms of a list, or of one text; each as its code, once."""
    table = key.choices[0]
    many = (value,) if isinstance(value, str) and value.strip() else value
    if not isinstance(many, list | tuple):
        raise _no_term(value, table)
    return _each(many, lambda each: _code(_one_term(each, table), table))


# -- organisation numbers -------------------------------------------------------------------------------

_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)
_DIGITS: Final = len(_WEIGHTS) + 1


def check_digit_holds(digits: str) -> bool:
    """Whether the last of nine digits is the check digit of the others, modulo 11, as the register of Brønnøysund has it."""
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False)) % 11
    return rest % 11 == int(digits[-1])


def _organisation(value: object, key: Key) -> str:
    """Nine digits, however they are set apart; what stands around the number on a letterhead may stand here."""
    if value == "" and key.default == "":
        return ""
    written = str(value) if isinstance(value, int) and 0 < value < 10**_DIGITS else value
    if not isinstance(written, str):
        raise expected("organisation")
    bare = re.sub(
        r"(?i)\A\s*(org(anisasjon|anisation)?s?\.?\s*-?(nr|nummer|no|number)?\.?:?)?\s*(NO(?=[\s\d]))?|\s*MVA\s*\Z",
        "",
        written,
    )
    digits = re.sub(r"[\s.\u2010-\u2015-]", "", bare)
    if not re.fullmatch(rf"[0-9]{{{_DIGITS}}}", digits):
        raise expected("organisation")
    if digits[0] not in "89" or not check_digit_holds(digits):
        raise expected("check_digit")
    return digits


_LAW: Final = re.compile(r"(?i)\A(lov|for)-(\d{4})-(\d\d)-(\d\d)-(\d{1,5})\Z")


def _legislation(value: Any, key: Key) -> tuple[str, ...]:  # noqa: ANN401  # whatever TOML can hold
    """Addresses of laws; a Norwegian one may be given by its number in Lovdata, as LOV-2006-05-19-16."""
    del key

    def address(each: str) -> str:
        law = _LAW.match(each.strip())
        kind = {"lov": "lov", "for": "forskrift"}
        found = "/".join(("https://lovdata.no/eli", kind[law[1].lower()], *law.groups()[1:])) if law else each.strip()
        if not is_web_address(found):
            raise Expected(expected("legislation").what, value=each)
        return found

    return _each(_many(value, "legislation"), address)


_IDENTIFIER: Final = re.compile(r"[a-z0-9]([a-z0-9_-]{0,98}[a-z0-9])?")


def is_identifier(value: object) -> bool:
    """Whether portals can know something by it: a-z, 0-9, - and _, at most 100 characters."""
    return isinstance(value, str) and bool(_IDENTIFIER.fullmatch(value))


_MASTER: Final = re.compile(r"local(\[(\d{1,4}|\*)(,\d{1,4})?\])?|yarn|(spark|k8s|mesos)://[^\s\x00-\x1f]+")

KINDS: Final[Mapping[str, KindCheck]] = MappingProxyType(
    {
        "name": _stripped(_is_name, "text"),
        "text": _plain(_is_any_text, "text"),
        "line": _plain(_is_line, "line"),
        "path": _plain(_is_path, "path"),
        "texts": _plain(_are_texts, "texts"),
        "words": _stripped(_are_words, "words"),
        "keywords": _plain(_are_keywords, "keywords"),
        "languages": _each_language_once,
        "iri": _web,
        "address": _web,
        "addresses": _webs,
        "folder": _folder,
        "emails": _emails,
        "reach": _reach,
        "proxies": _proxies,
        "term": _term,
        "term_address": _term_address,
        "terms": _terms,
        "organisation": _organisation,
        "identifier": _plain(lambda value: value == "" or is_identifier(value), "identifier"),
        "legislation": _legislation,
        "integer": whole_number(1, "integer"),
        "number": whole_number(0, "number"),
        "boolean": _plain(lambda value: isinstance(value, bool), "boolean"),
        "master": _plain(lambda value: isinstance(value, str) and bool(_MASTER.fullmatch(value)), "master"),
        "memory": _plain(_is_memory, "memory"),
        "date": _plain(lambda value: type(value) is date, "date"),
        "choice": choice,
    }
)
"""What a value of each kind must be; what stands behind a colon says more: `choice:a,b` is one of those named."""
