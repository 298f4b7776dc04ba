"""The values of a question's parameters: words of a person to RDF terms, never to SPARQL text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from citygraph.errors import QueryError
from citygraph.namespaces import PREFIXES, expand
from citygraph.query.entities import NameFinder, resolve_entity
from citygraph.rdf import Iri, Literal, Term
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.sentences import sentence
from citygraph.store import Store

__all__ = ["bind_parameters"]

_XSD: Final = PREFIXES["xsd"]


def bind_parameters(
    query: SavedQuery,
    values: Mapping[str, str],
    store: Store,
    *,
    prefixes: Mapping[str, str],
    names: NameFinder | None = None,
) -> dict[str, Term]:
    """One term for each parameter that has a value or a default.

    Raises:
        QueryError: a parameter is not known or missing, or its value is not of its type.
    """
    known = {parameter.name: parameter for parameter in query.parameters}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            choices = ", ".join(f"--{each}" for each in known) or "–"
            fix = (
                sentence("next.mean_parameter", name=near[0]) if near else sentence("next.parameters", choices=choices)
            )
            raise QueryError(sentence("question.no_parameter", query=query.name, name=name), fix=fix)
    bound: dict[str, Term] = {}
    for name, parameter in known.items():
        value = values.get(name)
        if value is None and parameter.default is not None:
            value = str(parameter.default)
        if value is None and parameter.required:
            message = sentence("question.needs", query=query.name, name=name)
            raise QueryError(message, fix=sentence("next.give_value", query=query.name, name=name))
        if value is not None:
            bound[name] = _term(parameter, value, store, prefixes, names)
    return bound


def _term(
    parameter: Parameter, value: str, store: Store, prefixes: Mapping[str, str], names: NameFinder | None
) -> Term:
    match parameter.type:
        case "entity":
            of_class = expand(parameter.of_class, prefixes) if parameter.of_class else ""
            return resolve_entity(value, store, of_class=of_class or "", prefixes=prefixes, names=names)
        case "integer":
            if not re.fullmatch(r"[+-]?\d{1,18}", value.strip()):
                raise _wrong("not_integer", parameter, value)
            return Literal(value.strip(), datatype=Iri(_XSD + "integer"))
        case "date":
            return Literal(_day(parameter, value), datatype=Iri(_XSD + "date"))
        case "enum":
            if value not in parameter.choices:
                raise _wrong("not_choice", parameter, value)
            iri = expand(value, prefixes) if ":" in value else None
            return Iri(iri) if iri else Literal(value)
        case _:
            return Literal(value)


def _day(parameter: Parameter, value: str) -> str:
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError as error:
        raise _wrong("not_date", parameter, value) from error


def _wrong(what: str, parameter: Parameter, value: str) -> QueryError:
    choices = ", ".join(parameter.choices)
    message = sentence(f"question.{what}", name=parameter.name, value=value, choices=choices)
    return QueryError(message, fix=sentence("next.write_parameter", name=parameter.name))
