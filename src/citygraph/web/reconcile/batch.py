"""Batches of the reconciliation service as data: read strictly, refused with the place of the mistake.

What stands in a cell of somebody's table spoils no batch: a query with a cell that is too long has a problem of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from citygraph.messages import sentence
from citygraph.web.requests import Refusal

Given: TypeAlias = str | float | bool
_KEYS: Final = frozenset({"query", "type", "limit", "properties", "type_strict"})
_DRAFT_KEYS: Final = frozenset({"type", "limit", "lang", "dir", "conditions"})
_STRICT: Final = ("any", "should", "all")
_MATCH_TYPES: Final = ("name", "id", "property")
_QUANTIFIERS: Final = ("any", "all", "none")
_LONGEST: Final = 500
_MOST_VALUES: Final = 50
_MOST_CONDITIONS: Final = 20
_MOST_RESULTS: Final = 50
_MOST_IDS: Final = 1000


@dataclass(frozen=True, slots=True)
class ReconcileCondition:
    """A property and the values that it should have."""

    property: str
    values: tuple[Given, ...]
    required: bool = False
    quantifier: str = "any"


@dataclass(frozen=True, slots=True)
class ReconcileQuery:
    """One query of a batch, the same for both versions of the protocol; with a `problem` it has no answer."""

    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    all_types: bool = False
    limit: int = 10
    conditions: tuple[ReconcileCondition, ...] = ()
    name_required: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ExtendQuery:
    """A request for the values of some properties of some entities."""

    ids: tuple[str, ...]
    properties: tuple[str, ...]


class _LongCell(Refusal):
    """A text is longer than a cell may be."""


def _bad(key: str, /, **values: object) -> NoReturn:
    what = sentence(f"reconcile.batch.{key}", **values)
    raise Refusal(400, sentence("reconcile.batch.unreadable", what=what), sentence("reconcile.batch.see"))


def _one(read: Callable[[object, str], ReconcileQuery], raw: object, where: str) -> ReconcileQuery:
    """One query as `read` reads it, or the problem that one of its cells is too long."""
    try:
        return read(raw, where)
    except _LongCell as refused:
        return ReconcileQuery(problem=refused.message)


def read_json(text: str | bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    """A JSON document.

    Raises:
        Refusal: it is not JSON.
    """
    try:
        document = json.loads(text, parse_constant=_no_constant)
        # Half of a surrogate pair is no character, and cannot be sent back (RFC 8259, 8.2).
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        _bad("not_json")
    return document


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def read_queries(raw: object, most: int) -> dict[str, ReconcileQuery]:
    """A batch of version 0.2.

    Raises:
        Refusal: 400 when it is not one, 413 when it has more than `most` queries.
    """
    if not isinstance(raw, dict):
        _bad("no_queries")
    _few_enough(len(raw), most)
    return {str(key): _one(_query, each, f"query {key!r}") for key, each in raw.items()}


def _few_enough(size: int, most: int) -> None:
    if size > most:
        raise Refusal(
            413, sentence("reconcile.batch.too_many", size=size, most=most), sentence("reconcile.batch.smaller")
        )


def _query(raw: object, where: str) -> ReconcileQuery:
    if not isinstance(raw, dict):
        _bad("no_object", where=where)
    _only(raw, _KEYS, where)
    properties = raw.get("properties", [])
    if not isinstance(properties, list) or len(properties) > _MOST_CONDITIONS:
        _bad("few", where=f"{where}: properties", most=_MOST_CONDITIONS)
    text = _text(raw["query"], f"{where}: query") if "query" in raw else ""
    if "query" not in raw and not properties:
        _bad("empty", where=where)
    strict = raw.get("type_strict", "any")
    if strict not in _STRICT:
        _bad("choice", where=f"{where}: type_strict", choices=", ".join(_STRICT))
    types = raw.get("type", [])
    return ReconcileQuery(
        names=(text,) if text.strip() else (),
        types=_texts([types] if isinstance(types, str) else types, f"{where}: type"),
        all_types=strict == "all",
        limit=_limit(raw.get("limit"), where),
        conditions=tuple(_property(each, where) for each in properties),
    )


def _property(raw: object, where: str) -> ReconcileCondition:
    if not isinstance(raw, dict) or not isinstance(raw.get("pid"), str) or "v" not in raw:
        _bad("property", where=where)
    return ReconcileCondition(_text(raw["pid"], f"{where}: pid"), _values(raw["v"], where))


def read_queries_draft(raw: object, most: int) -> list[ReconcileQuery]:
    """A batch of the 1.0 draft.

    Raises:
        Refusal: 400 when it is not one, 413 when it has more than `most` queries.
    """
    queries = raw.get("queries") if isinstance(raw, dict) else None
    if not isinstance(queries, list):
        _bad("no_list")
    _few_enough(len(queries), most)
    return [_one(_draft_query, each, f"query {number}") for number, each in enumerate(queries)]


def _draft_query(raw: object, where: str) -> ReconcileQuery:
    if not isinstance(raw, dict):
        _bad("no_object", where=where)
    _only(raw, _DRAFT_KEYS, where)
    conditions = raw.get("conditions")
    if not isinstance(conditions, list) or not 1 <= len(conditions) <= _MOST_CONDITIONS:
        _bad("some", where=f"{where}: conditions", most=_MOST_CONDITIONS)
    names: list[str] = []
    ids: list[str] = []
    properties: list[ReconcileCondition] = []
    name_required = False
    for each in conditions:
        kind, values, condition = _condition(each, where)
        if kind == "property":
            properties.append(condition)
        else:
            (names if kind == "name" else ids).extend(str(value) for value in values)
            name_required = name_required or (kind == "name" and condition.required)
    types = raw.get("type", "")
    for key in ("lang", "dir"):
        if not isinstance(raw.get(key, ""), str):
            _bad("any_text", where=f"{where}: {key}")
    return ReconcileQuery(
        names=tuple(name for name in names if name.strip()),
        ids=tuple(ids),
        types=_texts([types] if types else [], f"{where}: type"),
        limit=_limit(raw.get("limit"), where),
        conditions=tuple(properties),
        name_required=name_required,
    )


def _condition(raw: object, where: str) -> tuple[str, tuple[Given, ...], ReconcileCondition]:
    if not isinstance(raw, dict) or raw.get("matchType") not in _MATCH_TYPES or "propertyValue" not in raw:
        _bad("condition", where=where, choices=", ".join(_MATCH_TYPES))
    quantifier = raw.get("matchQuantifier", "any")
    if quantifier not in _QUANTIFIERS:
        _bad("choice", where=f"{where}: matchQuantifier", choices=", ".join(_QUANTIFIERS))
    required = raw.get("required", False)
    if not isinstance(required, bool) or not isinstance(raw.get("matchQualifier", ""), str):
        _bad("required", where=where)
    property_ = raw.get("propertyId", "")
    if raw["matchType"] == "property" and not property_:
        _bad("unnamed", where=where)
    values = _values(raw["propertyValue"], where)
    return str(raw["matchType"]), values, ReconcileCondition(_text(property_, where), values, required, quantifier)


def read_extension(raw: object) -> ExtendQuery:
    """A request for values, the same in both versions.

    Raises:
        Refusal: 400 when it is not one, 413 when it asks for too much at once.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("properties"), list):
        _bad("extension")
    ids = _texts(raw.get("ids"), "ids")
    if len(ids) > _MOST_IDS or len(raw["properties"]) > _MOST_VALUES:
        raise Refusal(413, sentence("reconcile.batch.too_much", ids=_MOST_IDS, properties=_MOST_VALUES))
    names: list[str] = []
    for each in raw["properties"]:
        if not isinstance(each, dict) or not isinstance(each.get("settings", {}), dict):
            _bad("settings")
        names.append(_text(each.get("id"), "properties: id"))
    return ExtendQuery(ids, tuple(names))


def _only(raw: Mapping[str, object], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        _bad("unknown", where=where, key=unknown[0])


def _text(raw: object, where: str) -> str:
    if not isinstance(raw, str):
        _bad("text", where=where, most=_LONGEST)
    if len(raw) > _LONGEST:
        long = sentence("reconcile.batch.long", where=where, most=_LONGEST)
        raise _LongCell(400, long, sentence("reconcile.batch.shorter"))
    return raw


def _texts(raw: object, where: str) -> tuple[str, ...]:
    if not isinstance(raw, list):
        _bad("texts", where=where)
    return tuple(_text(each, where) for each in raw)


def _limit(raw: object, where: str) -> int:
    if raw is None:
        return 10
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not raw >= 1:
        _bad("limit", where=where)
    return int(min(raw, _MOST_RESULTS))


def _values(raw: object, where: str) -> tuple[Given, ...]:
    values = raw if isinstance(raw, list) else [raw]
    if len(values) > _MOST_VALUES:
        _bad("values", where=where, most=_MOST_VALUES)
    found: list[Given] = []
    for each in values:
        value = each.get("id") if isinstance(each, dict) else each
        if isinstance(value, bool | int | float):
            found.append(value)
        else:
            found.append(_text(value, f"{where}: v"))
    return tuple(found)
