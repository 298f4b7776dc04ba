"""map.toml to a frozen map: what the columns of a list mean; an unknown key is an error with a suggestion."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from encodings.aliases import aliases
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from citygraph.config import check_values, keys_of, read_toml
from citygraph.errors import IngestError
from citygraph.ingest.countries import country_of
from citygraph.ingest.dates import LEFT, NOT_YET, first_day
from citygraph.ingest.kinds import BodyKind
from citygraph.matching.names import fold, slug
from citygraph.messages import LANGUAGES, framed, sentence, text
from citygraph.values import KINDS, Key, KindCheck, as_toml, expected, is_text, whole_number

Column = str | int
_NO_FILES: Final = frozenset({
    "base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "idna", "punycode",
    "mbcs", "oem", "undefined", "unicode_escape", "raw_unicode_escape",
})  # fmt: skip
"""What Python calls encodings and no file is saved in."""
_DELIMITERS: Final = {
    "tab": "\t", "tabulator": "\t", "\\t": "\t", "comma": ",", "komma": ",", "semicolon": ";", "semikolon": ";", "pipe": "|",
}  # fmt: skip
_LAST_COLUMN: Final = 16_384
"""As many columns as a worksheet has."""
_DAY: Final = re.compile(r"[12]\d{3}(?:-\d\d){0,2}\Z", re.ASCII)
_ROLE: Final = re.compile(r"(?:concept:)?role-[a-z0-9-]+\Z")


@cache
def map_keys() -> tuple[Key, ...]:
    """Every key of a map, in the order of docs/lists.md, which is made of them."""
    return keys_of(Path(__file__).with_name("map_keys.toml"))


@cache
def map_columns() -> tuple[str, ...]:
    """What a column may hold: `city`, `country` and so on."""
    return tuple(each.key.removeprefix("columns.") for each in map_keys() if each.key.startswith("columns."))


@dataclass(frozen=True, slots=True)
class ListMap:
    """What the columns of one list mean; `as_of` is a day, a month or a year, as precise as the map says it."""

    name: str
    as_of: str
    values: Mapping[str, Any]

    def text(self, key: str) -> str:
        """A value that is a text."""
        return str(self.values[key])

    def texts(self, key: str) -> tuple[str, ...]:
        """A value that is a list of texts."""
        return tuple(self.values[key])

    def names(self, key: str) -> Mapping[str, str]:
        """A table of names, by the folded form of what the list writes."""
        found: Mapping[str, str] = self.values[key]
        return found

    def columns(self, name: str) -> tuple[Column, ...]:
        """Under which headings a column may stand, or its number."""
        return tuple(self.values[f"columns.{name}"])


def read_map(path: Path) -> ListMap:
    """The map of one list.

    Raises:
        IngestError: it is missing, not TOML, or has a key or value that is not known.
    """
    raw = read_toml(path, error=IngestError, fix=sentence("keys.draft_map"))
    values = check_values(
        raw,
        map_keys(),
        where=path.name,
        kinds=MAP_KINDS,
        error=IngestError,
        fix=sentence("keys.lists"),
        placeholders=[text("ingest.draft.mend").in_language(language) for language in LANGUAGES],
    )
    country = values["country"]
    if country and not country_of(values["countries"].get(fold(country), country)):
        wrong = sentence("keys.wrong", key="country", value=as_toml(country), what=expected("country").what, guess="")
        raise IngestError(framed(f"{path.name}: ", wrong), fix=sentence("keys.lists"))
    said = ("network", "columns.network", "wide.columns", "wide.first")
    if not any(values[key] for key in said) and "network" not in {values["sections"], values["sheets"]}:
        raise IngestError(framed(f"{path.name}: ", sentence("keys.no_network")), fix=sentence("keys.lists"))
    return ListMap(values["list"], values["as_of"], MappingProxyType(values))


# -- kinds of values that only maps have -----------------------------------------------------------------


def _many(value: object) -> tuple[Any, ...]:
    """Values of which there may be several; one alone needs no brackets."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _columns(value: object, key: Key) -> tuple[Column, ...]:
    many = _many(value)
    if not all(is_text(each) or _is_number(each) for each in many) or (key.required and not many):
        raise expected("column")
    return many


def _countries(value: object, key: Key) -> tuple[str, ...]:
    del key
    many = _many(value)
    if not all(isinstance(each, str) and country_of(each) for each in many):
        raise expected("country")
    return tuple(country_of(each) for each in many)


def _country(value: object, key: Key) -> object:
    """A country, or what the list calls one: `read_map` asks the table of countries."""
    del key
    if not isinstance(value, str):
        raise expected("country")
    return value


def _choices(value: object, key: Key) -> tuple[str, ...]:
    many = _many(value)
    if not all(each in key.choices for each in many):
        raise expected("choices", choices=", ".join(key.choices))
    return many


def _texts(value: object, key: Key) -> tuple[str, ...]:
    del key
    many = _many(value)
    if not all(isinstance(each, str) for each in many):
        raise expected("texts")
    return many


def _encoding(value: object, key: Key) -> object:
    """The name of a character encoding that a file can have."""
    del key
    try:
        known = codecs.lookup(value).name.replace("-", "_") if isinstance(value, str) and value else ""
    except (LookupError, ValueError) as error:
        raise expected("encoding") from error
    known = aliases.get(known, known)
    if not isinstance(value, str) or (value and (known not in {*aliases.values(), "utf_8_sig"} or known in _NO_FILES)):
        raise expected("encoding")
    return value


def _delimiter(value: object, key: Key) -> object:
    """What stands between two columns, by itself or by its name."""
    del key
    found = _DELIMITERS.get(value.strip().lower(), value) if isinstance(value, str) else None
    if found is None or len(found) > 1 or found in {'"', "\n", "\r", "\0"}:
        raise expected("delimiter")
    return found


def _role(value: object, key: Key) -> object:
    if not isinstance(value, str) or not (_ROLE.match(value) or value == key.default):
        raise expected("role")
    return value


def _names(value: object, key: Key) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) and each for each in value.values()):
        raise expected("table")
    for written, meant in value.items():
        if key.key == "countries" and not country_of(meant):
            raise expected("no_country", meant=meant, written=written)
        if key.key == "kinds" and meant not in set(BodyKind):
            raise expected("no_kind", meant=meant, written=written, kinds=", ".join(BodyKind))
        if key.key == "roles" and meant not in {LEFT, NOT_YET} and not _ROLE.match(meant):
            raise expected("no_role", meant=meant, written=written, left=LEFT, not_yet=NOT_YET)
    return MappingProxyType({fold(written): meant for written, meant in value.items()})


def _complete(value: object, key: Key) -> object:
    del key
    if not isinstance(value, bool) and not (value and isinstance(value, list) and all(map(is_text, value))):
        raise expected("complete")
    return value


def _list_day(value: object, key: Key) -> str:
    """A day, a month or a year, which TOML can only write as a date, a text and a number."""
    del key
    said = value.isoformat() if type(value) is date else str(value) if type(value) in {int, str} else ""
    if not _DAY.match(said):
        raise expected("list_day")
    try:
        date.fromisoformat(first_day(said))
    except ValueError as error:
        raise expected("list_day") from error
    return said


def _slug(value: object, key: Key) -> object:
    del key
    if not isinstance(value, str) or not value or slug(value) != value:
        raise expected("slug")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LAST_COLUMN


MAP_KINDS: Final[Mapping[str, KindCheck]] = {
    **KINDS, "columns": _columns, "countries": _countries, "choices": _choices, "texts": _texts, "names": _names,
    "complete": _complete,
    "count": whole_number(1, "count"), "slug": _slug, "list_day": _list_day, "country": _country, "encoding": _encoding, "delimiter": _delimiter,
    "role": _role,
}  # fmt: skip
"""What the kinds of the keys of a map mean."""
