"""Items of Wikidata in the JSON of its API, of its dumps and of our own extracts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from citygraph.link.items import Item, Statement, Value, cut_time, plain_number

__all__ = ["entity_json", "item_from_json"]


def item_from_json(raw: Mapping[str, Any]) -> Item:
    """One item as `wbgetentities`, the dumps and our own extracts write it.

    Raises:
        KeyError, TypeError, AttributeError: it is not an item.
    """
    qid = str(raw["id"])
    if "missing" in raw:
        return Item(qid, missing=True)
    redirect = ""
    if "redirects" in raw:
        redirect, qid = str(raw["redirects"]["to"]), str(raw["redirects"]["from"])
    statements = [
        statement
        for each in _mapping(raw.get("claims")).values()
        for claim in each
        if (statement := _statement(claim)) is not None
    ]
    return Item(
        id=qid,
        labels={key: each["value"] for key, each in _mapping(raw.get("labels")).items()},
        aliases={key: tuple(one["value"] for one in each) for key, each in _mapping(raw.get("aliases")).items()},
        descriptions={key: each["value"] for key, each in _mapping(raw.get("descriptions")).items()},
        statements=tuple(statements),
        redirect=redirect,
    )


def _mapping(raw: object) -> dict[str, Any]:
    """MediaWiki writes an empty object as an empty list."""
    return raw if isinstance(raw, dict) else {}


def _statement(claim: Mapping[str, Any]) -> Statement | None:
    value = _value(claim["mainsnak"])
    if value is None:
        return None
    qualifiers = {
        key: tuple(found for snak in snaks if (found := _value(snak)) is not None)
        for key, snaks in _mapping(claim.get("qualifiers")).items()
    }
    return Statement(
        property=str(claim["mainsnak"]["property"]),
        value=value,
        rank=str(claim.get("rank", "normal")),
        qualifiers=qualifiers,
        has_reference=bool(claim.get("references")),
    )


def _value(snak: Mapping[str, Any]) -> Value | None:
    if snak.get("snaktype", "value") != "value":
        return None
    kind, value = snak["datavalue"]["type"], snak["datavalue"]["value"]
    match kind:
        case "wikibase-entityid":
            return Value("item", str(value.get("id") or f"Q{value['numeric-id']}"))
        case "time":
            return cut_time(str(value["time"]), int(value["precision"]))
        case "quantity":
            return Value("quantity", plain_number(str(value["amount"])))
        case "monolingualtext":
            return Value("text", str(value["text"]), language=str(value["language"]))
        case "globecoordinate":
            return Value("coordinate", f"{value['latitude']}/{value['longitude']}")
        case _:
            return Value("string", str(value))


def entity_json(item: Item) -> str:
    """One line of an extract: the item as entity JSON, keys in a fixed order."""
    raw: dict[str, Any] = {"type": "item", "id": item.id}
    if item.missing:
        raw["missing"] = ""
    if item.redirect:
        raw |= {"redirects": {"from": item.id, "to": item.redirect}, "id": item.redirect}
    raw["labels"] = {key: {"language": key, "value": text} for key, text in sorted(item.labels.items())}
    raw["descriptions"] = {key: {"language": key, "value": text} for key, text in sorted(item.descriptions.items())}
    raw["aliases"] = {
        key: [{"language": key, "value": text} for text in texts] for key, texts in sorted(item.aliases.items())
    }
    claims: dict[str, list[Any]] = {}
    for each in item.statements:
        claim: dict[str, Any] = {"mainsnak": _snak(each.property, each.value), "type": "statement", "rank": each.rank}
        if each.qualifiers:
            claim["qualifiers"] = {
                key: [_snak(key, value) for value in values] for key, values in sorted(each.qualifiers.items())
            }
        if each.has_reference:
            claim["references"] = [{"snaks": {}}]
        claims.setdefault(each.property, []).append(claim)
    raw["claims"] = dict(sorted(claims.items()))
    return json.dumps(raw, ensure_ascii=False, sort_keys=True)


def _snak(property_: str, value: Value) -> dict[str, Any]:
    raw: Any
    match value.kind:
        case "item":
            kind, raw = "wikibase-entityid", {"entity-type": "item", "id": value.text}
        case "time":
            year, month, day = [*value.text.split("-"), "00", "00"][:3]
            kind, raw = "time", {"time": f"+{year}-{month}-{day}T00:00:00Z", "precision": value.precision}
        case "quantity":
            kind, raw = "quantity", {"amount": value.text if value.text.startswith("-") else f"+{value.text}"}
        case "text":
            kind, raw = "monolingualtext", {"text": value.text, "language": value.language}
        case "coordinate":
            latitude, _, longitude = value.text.partition("/")
            kind, raw = "globecoordinate", {"latitude": float(latitude), "longitude": float(longitude)}
        case _:
            kind, raw = "string", value.text
    return {"snaktype": "value", "property": property_, "datavalue": {"type": kind, "value": raw}}
