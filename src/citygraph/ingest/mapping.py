"""map.toml to a frozen map: what the columns of a list mean; an unknown key is an error with a suggestion."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from citygraph.errors import IngestError
from citygraph.ingest.cells import LEFT, NOT_YET
from citygraph.ingest.places import country_of
from citygraph.matching.names import fold, slug
from citygraph.namespaces import is_absolute_iri

__all__ = ["COLUMNS", "KEYS", "Column", "Key", "ListMap", "read_map"]

Column = str | int
_HINT: Final = "Every key is described in docs/lists.md."
_ROLE: Final = re.compile(r"(?:concept:)?role-[a-z0-9-]+\Z")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a map: its place, the kind of value, the default, and what it is for."""

    key: str
    kind: str
    default: object
    about: str


COLUMNS: Final = (
    Key("columns.city", "columns", None, "The name of the city, municipality or region; required"),
    Key(
        "columns.country",
        "columns",
        (),
        "The country: a name in most languages, or an ISO code of two or three letters",
    ),
    Key("columns.region", "columns", (), "State, province or county; tells cities of one name apart"),
    Key("columns.network", "columns", (), "The network, or several with `separator` between them"),
    Key("columns.status", "columns", (), "Member, associate, observer, former, left 2019"),
    Key("columns.joined", "columns", (), 'When the membership began: 05.11.2020, 2020, "since 1986", 1998–2014'),
    Key("columns.left", "columns", (), "When it ended"),
    Key(
        "columns.latitude",
        "columns",
        (),
        "Latitude, or both coordinates in one cell; decimal comma or point, or degrees",
    ),
    Key("columns.longitude", "columns", (), "Longitude"),
    Key("columns.as_of", "columns", (), "The day for which this row holds, when it differs from row to row"),
)
KEYS: Final = (
    Key("list", "slug", None, "A short name for the list, the same for every edition; part of file names and addresses"),
    Key("as_of", "date", None, "The day for which the list holds, written without quotes: 2025-03-01"),
    Key("title", "words", "", "What the list is called; without it its short name and day"),
    Key("page", "address", "", "The web page that the list was taken from"),
    Key("licence", "address", "", "The licence of the list"),
    Key("sheet", "texts", (), "The sheets of a workbook that are read; without it every sheet that has the columns"),
    Key("header", "number", 0, "The number of the row with the names of the columns; without it the first row that has them"),
    Key("header_rows", "count", 1, "How many rows the names of the columns take; the lower ones are the names, the upper ones groups"),
    Key("fill", "choices:city,country,region,network,status", (), 'Columns whose empty cells mean the cell above, as merged cells are saved: ["country"]'),
    Key("sections", "choice:country,network", "", "What a row with a single cell says of the rows below it"),
    Key("sheets", "choice:country,network", "", "What the names of the sheets say of their rows"),
    Key("encoding", "text", "", "Of a CSV file, such as windows-1250; without it UTF-8 or UTF-16, else Windows-1252"),
    Key("delimiter", "text", "", "Of a CSV file; without it the one that gives even rows"),
    Key("separator", "text", ";", "What stands between several networks in one cell"),
    Key("dates", "choice:day-first,month-first", "day-first", "How 3/4/2020 is meant"),
    Key("country", "text", "", "The country of rows that name none"),
    Key("network", "text", "", "The network of the whole list: id:eurocities, or a name"),
    *COLUMNS,
    Key("wide.columns", "texts", (), "Columns that are networks, with a mark where the city is a member"),
    Key("wide.first", "text", "", "Instead of naming them all: the first such column"),
    Key("wide.last", "text", "", "and the last"),
    Key("wide.yes", "texts", ("x", "✓", "✔", "1", "yes", "ja", "y", "j", "true", "oui", "si", "sí", "wahr", "sant", "member", "•", "●"),
        "The marks that mean membership"),
    Key("wide.no", "texts", ("", "0", "no", "nei", "nein", "non", "n", "false", "falsch", "usann", "-"),
        "The marks that mean none; any other mark is read as a status or a year"),
    Key("networks", "names", {}, "Names of networks as the list writes them, and which they are: id:c40, or a better name"),
    Key("roles", "names", {}, "Words of the status column, and the role: role-full-member; or left, not-yet"),
    Key("countries", "names", {}, "Countries as the list writes them, and the ISO code"),
    Key("unknown.city", "choice:new,review,refuse", "new", "What becomes of a city that the graph does not know"),
    Key("unknown.network", "choice:new,review,refuse", "new", "What becomes of a network that the graph does not know"),
    Key("complete", "complete", None, "true when the list has every member of its networks on that day, false when it has only some; or the networks of "
        'which it has every member: ["C40"]'),
    Key("complete_country", "countries", (), "With `complete`: only of these countries it has every member"),
    Key("complete_role", "text", "", "With `complete`: only of this role it has every member: role-full-member"),
    Key("judged_by", "text", "id:agent-editors", "Who judged that the list is complete: the short name of a person or group in the graph"),
    Key("default_role", "text", "role-full-member", "The role of rows without a status"),
    Key("near", "integer", 84, "From which likeness (0 to 100) a name that resembles a known one goes to the review"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListMap:
    """What the columns of one list mean."""

    name: str
    as_of: date
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
    try:
        raw = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8."
        raise IngestError(message, fix="Open it in an editor and save it with the encoding UTF-8.") from error
    except OSError as error:
        message = f"The map {path} cannot be read: {error.strerror or error}."
        raise IngestError(message, fix="Let the program begin one: citygraph ingest LIST --draft map.toml") from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path} is not valid TOML: {error}."
        raise IngestError(message, fix="Text values stand in quotation marks, one key to a line.") from error
    values = _checked(raw, path)
    return ListMap(values["list"], values["as_of"], MappingProxyType(values))


def _checked(raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
    known = {each.key: each for each in KEYS}
    values: dict[str, Any] = {each.key: each.default for each in KEYS}
    for key, value in _flat(raw, known):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            message = f"{path.name} has the unknown key {key!r}."
            raise IngestError(message, fix=f"Did you mean {near[0]!r}? {_HINT}" if near else _HINT)
        if _is_draft(value):
            message = f"{path.name} still says MEND THIS at {key}."
            raise IngestError(message, fix=f"{known[key].about}. {_HINT}")
        problem, values[key] = _value(known[key], value)
        if problem:
            message = f"{path.name}: {key} = {value!r}: {problem}."
            raise IngestError(message, fix=_HINT)
    for needed in ("list", "as_of", "columns.city"):
        if not values[needed]:
            message = f"{path.name} lacks {needed!r}."
            raise IngestError(message, fix=f"{known[needed].about}. {_HINT}")
    said = ("network", "columns.network", "wide.columns", "wide.first")
    if not any(values[key] for key in said) and "network" not in {values["sections"], values["sheets"]}:
        message = f"{path.name} does not say which network the members belong to."
        raise IngestError(message, fix='Write network = "id:eurocities", or columns.network, or [wide].')
    return values


def _is_draft(value: object) -> bool:
    """Whether a value is still what `--draft` wrote where the list does not say it."""
    return "MEND THIS" in str(value)


def _flat(raw: Mapping[str, Any], known: Mapping[str, Key]) -> list[tuple[str, Any]]:
    """`columns.city` for `[columns] city`; tables of names stay whole."""
    found: list[tuple[str, Any]] = []
    for key, value in raw.items():
        if isinstance(value, dict) and key not in known:
            found += [(f"{key}.{inner}", each) for inner, each in value.items()]
        else:
            found.append((key, value))
    return found


def _value(key: Key, value: object) -> tuple[str, Any]:
    """What is wrong with a value, and the value as it is used."""
    kind, _, choices = key.kind.partition(":")
    if kind in {"columns", "texts", "countries", "choices"}:
        many = tuple(value) if isinstance(value, list) else (value,)
        return _several(kind, many, choices.split(","))
    if kind == "names":
        return _names(key.key, value)
    fine, expected = _one(kind, value, choices.split(","))
    return ("" if fine else f"expected {expected}"), value


def _several(kind: str, many: tuple[Any, ...], choices: Sequence[str]) -> tuple[str, Any]:
    """Values of which there may be several; one alone needs no brackets."""
    match kind:
        case "columns":
            fine = all((isinstance(each, str) and each) or _is_number(each) for each in many)
            return ("" if fine else "expected the heading of a column, or several, or its number"), many
        case "countries":
            fine = all(isinstance(each, str) and country_of(each) for each in many)
            return ("" if fine else "expected a country, or several"), tuple(country_of(str(each)) for each in many)
        case "choices":
            return ("" if set(many) <= set(choices) else f"expected some of {', '.join(choices)}"), many
    return ("" if all(isinstance(each, str) for each in many) else "expected a list of texts"), many


def _one(kind: str, value: object, choices: Sequence[str]) -> tuple[bool, str]:  # one for each kind of value
    """Whether a value is fine, and what is expected."""
    match kind:
        case "choice":
            return value in choices, f"one of {', '.join(choices)}"
        case "complete":
            return isinstance(value, bool) or _are_texts(value), "true, false, or a list of networks"
        case "date":
            return isinstance(value, date) and type(value) is date, "a date without quotes, such as 2025-03-01"
        case "count":
            return _is_number(value), "a whole number from 1"
        case "number" | "integer":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number"
        case "slug":
            return isinstance(value, str) and bool(value) and slug(
                value
            ) == value, "small letters a-z, digits and hyphens"
        case "words":
            fine = isinstance(value, str) or (isinstance(value, dict) and set(value) <= {"nb", "en"})
            return fine, 'a text, or { nb = "…", en = "…" }'
        case "address":
            fine = isinstance(value, str) and is_absolute_iri(value)
            return fine, "an absolute address such as https://example.org/"
    return isinstance(value, str), "a text"


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _names(key: str, value: object) -> tuple[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(each, str) and each for each in value.values()):
        return 'expected a table: "as the list writes it" = "what it is"', value
    for written, meant in value.items():
        if key == "countries" and not country_of(meant):
            return f"{meant!r} is no country for {written!r}", value
        if key == "roles" and meant not in {LEFT, NOT_YET} and not _ROLE.match(meant):
            return (
                f"{meant!r} is no role for {written!r}: expected role-full-member or another, {LEFT} or {NOT_YET}",
                value,
            )
    return "", MappingProxyType({fold(written): meant for written, meant in value.items()})
