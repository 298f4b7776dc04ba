"""What a person sees of an entity before choosing it: a page for a frame, and a flyout."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from citygraph.matching.things import KINDS, Thing
from citygraph.web.reconciliation_asked import CORS, Asked, as_json
from citygraph.web.reconciliation_described import description
from citygraph.web.refusal import Refusal

__all__ = ["HEIGHT", "WIDTH", "flyout", "preview"]

# A preview is shown in a frame of the program that asks; it runs and loads nothing.
_FRAMED: Final = {"Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors *"}
WIDTH, HEIGHT = 400, 160


def _wanted(asked: Asked) -> Thing:
    thing = asked.targets.thing(asked.parameters.get("id", ""))
    if thing is None:
        raise Refusal(404, "There is no entity with this id.")
    return thing


def preview(asked: Asked) -> Response:
    """The page for a frame of the announced size."""
    return Response(_page(asked, _wanted(asked)), 200, CORS | _FRAMED, "text/html; charset=utf-8")


def _page(asked: Asked, thing: Thing) -> str:
    name, about = escape(thing.name(asked.language)), escape(description(asked, thing))
    others = sorted({each.text for each in thing.names} - {thing.name(asked.language)})
    link = f"{asked.origin}/id/{quote(asked.targets.id_of(thing.id))}"
    return (
        f'<!DOCTYPE html><html lang="{asked.language}"><head><meta charset="utf-8"><title>{name}</title></head><body>'
        f'<p><a href="{escape(link)}" target="_blank" rel="noopener"><strong>{name}</strong></a><br>{about}</p>'
        f"<p>{escape(', '.join(others))}</p></body></html>\n"
    )


def flyout(asked: Asked) -> Response:
    """A piece of HTML about an entity, a type or a property."""
    id_ = asked.parameters.get("id", "")
    if asked.kind == "entity":
        thing = _wanted(asked)
        words = f"<p><strong>{escape(thing.name(asked.language))}</strong><br>{escape(description(asked, thing))}</p>"
    elif asked.kind == "type" and asked.targets.class_of(id_) in KINDS:
        words = f"<p>{escape(asked.targets.type_name(asked.targets.class_of(id_), asked.language))}</p>"
    elif asked.kind == "property" and id_ in asked.targets.properties:
        words = f"<p>{escape(asked.targets.property_name(id_, asked.language))}</p>"
    else:
        raise Refusal(404, "There is nothing with this id.")
    return as_json({"id": id_, "html": words})
