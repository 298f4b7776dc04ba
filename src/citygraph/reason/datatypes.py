"""Literals by value: which texts a datatype allows, and which literals are equal though spelled differently."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Final, NamedTuple

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS_LITERAL: Final = "<http://www.w3.org/2000/01/rdf-schema#Literal>"


class LiteralValue(NamedTuple):
    """A point in a value space: the space, and something that is equal when the values are."""

    space: str
    key: Hashable


ILL_TYPED: Final = LiteralValue("ill-typed", None)
"""What a literal denotes whose text its datatype does not allow."""

# XML Schema 1.1 part 2, section 3.4: the bounds of the integer types.
_INTEGERS: Final[dict[str, tuple[int | None, int | None]]] = {
    "integer": (None, None),
    "nonNegativeInteger": (0, None),
    "nonPositiveInteger": (None, 0),
    "positiveInteger": (1, None),
    "negativeInteger": (None, -1),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
_STRINGS: Final = {
    "string": re.compile(r"[\s\S]*"),
    "normalizedString": re.compile(r"[^\t\r\n]*"),
    "token": re.compile(r"(?:[^\s]+(?: [^\s]+)*)?"),
    "language": re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*"),
    "Name": re.compile(r"[^\W\d][\w.:\-·]*|:[\w.:\-·]*"),
    "NCName": re.compile(r"[^\W\d][\w.\-·]*"),
    "NMTOKEN": re.compile(r"[\w.:\-·]+"),
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN")
_DATE_TIME: Final = re.compile(
    r"(-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)
_LITERAL: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\^\^<([^>]*)>|@(\S+))?', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


def is_datatype(term: str) -> bool:
    """Whether this term, in N-Triples, is a datatype whose values can be told from others."""
    return term == _RDFS_LITERAL or (term.startswith("<") and term[1:-1] in _READERS)


INTEGER_TYPES: Final = frozenset(f"<{_XSD}{name}>" for name in _INTEGERS)
"""The datatypes of whole numbers, in N-Triples."""


def wider_integers(datatypes: Iterable[str]) -> Iterator[str]:
    """The integer datatypes that hold every value that all of these have, in N-Triples; nothing when none is one.

    `xsd:byte` lies inside `xsd:short`; what is both `xsd:short` and `xsd:unsignedInt` lies inside `xsd:unsignedShort`.
    """
    given = [
        _INTEGERS[each[1:-1].removeprefix(_XSD)] for each in datatypes if each[1:-1].removeprefix(_XSD) in _INTEGERS
    ]
    if not given:
        return
    least = max((low for low, _ in given if low is not None), default=None)
    most = min((high for _, high in given if high is not None), default=None)
    for name, (low, high) in _INTEGERS.items():
        if (low is None or (least is not None and low <= least)) and (
            high is None or (most is not None and most <= high)
        ):
            yield f"<{_XSD}{name}>"
    yield f"<{_XSD}decimal>"


@cache
def value_of(literal: str) -> LiteralValue | None:
    """What a literal in N-Triples denotes; None when its datatype is not one of OWL 2 RL's."""
    found = _LITERAL.fullmatch(literal)
    if found is None:
        return None
    text, datatype, language = found.groups()
    if "\\" in text:
        text = _ESCAPE.sub(_unescape, text)
    if language is not None:
        return LiteralValue("text", (text, language.lower()))
    if datatype is None:
        return LiteralValue("string", text)
    reader = _READERS.get(datatype)
    return None if reader is None else reader(text)


def is_inside(literal: str, datatype: str) -> bool:
    """Whether a literal is a value of the datatype; True when that cannot be told."""
    value = value_of(literal)
    if datatype == _RDFS_LITERAL or value is None:
        return True
    name = datatype[1:-1]
    if value is ILL_TYPED or name not in _READERS:
        return value is not ILL_TYPED
    local = name.removeprefix(_XSD)
    if local in _INTEGERS:
        low, high = _INTEGERS[local]
        key = value.key
        if value.space != "number" or not isinstance(key, Fraction) or key.denominator != 1:
            return False
        return (low is None or key >= low) and (high is None or key <= high)
    if local in _STRINGS:
        return value.space == "string" and _STRINGS[local].fullmatch(str(value.key)) is not None
    if local == "dateTimeStamp":
        return value.space == "dateTime" and isinstance(value.key, tuple) and bool(value.key[1])
    if name == _RDF + "langString":
        return value.space == "text"
    if name == _RDF + "PlainLiteral":
        return value.space in {"string", "text"}
    return value.space == _SPACES[local if name.startswith(_XSD) else name]


_SPACES: Final = {
    "decimal": "number",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "dateTime": "dateTime",
    "hexBinary": "hexBinary",
    "base64Binary": "base64Binary",
    "anyURI": "anyURI",
    _RDF + "XMLLiteral": "xml",
}


def _unescape(found: re.Match[str]) -> str:
    short, long, plain = found.groups()
    if plain is not None:
        return _ESCAPED.get(plain, plain)
    return chr(int(short or long, 16))


def _integer(low: int | None, high: int | None) -> Callable[[str], LiteralValue]:
    def read(text: str) -> LiteralValue:
        text = text.strip()
        if not _INTEGER.fullmatch(text):
            return ILL_TYPED
        value = Fraction(Decimal(text))
        if (low is not None and value < low) or (high is not None and value > high):
            return ILL_TYPED
        return LiteralValue("number", value)

    return read


def _string(form: re.Pattern[str]) -> Callable[[str], LiteralValue]:
    return lambda text: LiteralValue("string", text) if form.fullmatch(text) else ILL_TYPED


def _decimal(text: str) -> LiteralValue:
    text = text.strip()
    return LiteralValue("number", Fraction(Decimal(text))) if _DECIMAL.fullmatch(text) else ILL_TYPED


def _floating(space: str) -> Callable[[str], LiteralValue]:
    def read(text: str) -> LiteralValue:
        text = text.strip()
        if not _FLOAT.fullmatch(text):
            return ILL_TYPED
        value = float(text)
        if space == "float" and math.isfinite(value):
            value = _to_single(value)
        # NaN is identical to itself and the two zeros are not identical: XML Schema 1.1, 3.3.4 and 3.3.5.
        return LiteralValue(space, "NaN" if math.isnan(value) else value.hex())

    return read


def _to_single(value: float) -> float:
    try:
        single: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return single


def _boolean(text: str) -> LiteralValue:
    known = {"true": True, "1": True, "false": False, "0": False}.get(text.strip())
    return ILL_TYPED if known is None else LiteralValue("boolean", known)


def _date_time(*, zone_required: bool) -> Callable[[str], LiteralValue]:
    def read(text: str) -> LiteralValue:
        found = _DATE_TIME.fullmatch(text.strip())
        if found is None or (zone_required and not found[8]):
            return ILL_TYPED
        year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
        part = Fraction(Decimal("0" + (found[7] or ".0")))
        midnight = (hour, minute, second) == (24, 0, 0) and part == 0
        # datetime knows no year 0 or 10000; the calendar repeats every 400 years, so years are moved into its range.
        cycles, within = divmod(year - 2000, 400)
        try:
            moment = datetime(2000 + within, month, day, 0 if midnight else hour, minute, second, tzinfo=UTC)
        except ValueError:
            return ILL_TYPED
        zone = found[8] or ""
        if zone not in {"", "Z"}:
            shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
            moment += -shift if zone[0] == "+" else shift
        seconds = int(moment.timestamp()) + (86400 if midnight else 0) + cycles * 146097 * 86400
        return LiteralValue("dateTime", (seconds + part, bool(zone)))

    return read


def _hex(text: str) -> LiteralValue:
    try:
        return LiteralValue("hexBinary", binascii.unhexlify(text.strip()))
    except (binascii.Error, ValueError):
        return ILL_TYPED


def _base64(text: str) -> LiteralValue:
    try:
        return LiteralValue("base64Binary", base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return ILL_TYPED


_READERS: Final[dict[str, Callable[[str], LiteralValue]]] = {
    **{_XSD + name: _integer(*bounds) for name, bounds in _INTEGERS.items()},
    **{_XSD + name: _string(form) for name, form in _STRINGS.items()},
    _XSD + "decimal": _decimal,
    _XSD + "float": _floating("float"),
    _XSD + "double": _floating("double"),
    _XSD + "boolean": _boolean,
    _XSD + "dateTime": _date_time(zone_required=False),
    _XSD + "dateTimeStamp": _date_time(zone_required=True),
    _XSD + "hexBinary": _hex,
    _XSD + "base64Binary": _base64,
    _XSD + "anyURI": lambda text: LiteralValue("anyURI", text),
    _RDF + "PlainLiteral": lambda text: LiteralValue("string", text),
    _RDF + "XMLLiteral": lambda text: LiteralValue("xml", text),
    _RDF + "langString": lambda _: ILL_TYPED,
}
