"""Saved queries for other programs: SIB examples and grlc files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.sparql import Form

__all__ = ["grlc_file", "sib_example", "sib_prefixes", "sib_text"]

_SH, _OWL = PREFIXES["sh"], PREFIXES["owl"]
_SPEX: Final = "https://purl.expasy.org/sparql-examples/ontology#"
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_PREFIXES_NODE: Final = "_:sparql_examples_prefixes"
_FORMS: Final = {
    Form.SELECT: (_SH + "SPARQLSelectExecutable", _SH + "select"),
    Form.ASK: (_SH + "SPARQLAskExecutable", _SH + "ask"),
    Form.CONSTRUCT: (_SH + "SPARQLConstructExecutable", _SH + "construct"),
    Form.DESCRIBE: (_SPEX + "SPARQLDescribeExecutable", _SPEX + "describe"),
}


def sib_prefixes(prefixes: Mapping[str, str]) -> str:
    """The shared file of the examples, which declares the prefixes; the blank node's label is part of the format."""
    declared = " ,\n".join(
        f'    [ sh:prefix "{prefix}" ; sh:namespace "{namespace}"^^xsd:anyURI ]'
        for prefix, namespace in sorted(prefixes.items())
    )
    return (
        f"@prefix owl: <{_OWL}> .\n@prefix sh: <{_SH}> .\n@prefix xsd: <{PREFIXES['xsd']}> .\n\n"
        f"{_PREFIXES_NODE} a owl:Ontology ;\n  owl:imports <{_SH}> ;\n  sh:declare\n{declared} .\n"
    )


def sib_example(query: SavedQuery, *, endpoint: str, defaults: Mapping[str, Term] | None = None) -> list[Triple]:
    """A question as an example of the SIB Swiss Institute of Bioinformatics, which SPARQL editors read.

    The format has no parameters: those with a value are written into the text as `BIND`. The comment is in English
    alone, because editors list a question once for each comment.
    """
    it = Iri(f"{endpoint}/.well-known/sparql-examples/{query.name}")
    class_, text = _FORMS[query.parsed.form]
    schema = PREFIXES["schema"]
    pairs: list[tuple[str, Term]] = [
        (_TYPE.value, Iri(_SH + "SPARQLExecutable")),
        (_TYPE.value, Iri(class_)),
        (PREFIXES["rdfs"] + "label", Literal(query.title.nb, language="nb")),
        (PREFIXES["rdfs"] + "label", Literal(query.title.en, language="en")),
        (PREFIXES["rdfs"] + "comment", Literal(query.question.en, language="en")),
        (_SH + "prefixes", BlankNode(_PREFIXES_NODE.removeprefix("_:"))),
        (text, Literal(_bound(_body(query), defaults or {}))),
        *((schema + "keywords", Literal(word)) for word in query.keywords),
        (schema + "target", Iri(endpoint)),
        *((_SPEX + "federatesWith", Iri(each)) for each in _asked_too(query)),
    ]
    return [Triple(it, Iri(predicate), value) for predicate, value in pairs]


def _asked_too(query: SavedQuery) -> tuple[str, ...]:
    """The address of the other server that the question asks, as its text names it."""
    if query.federates is None:
        return ()
    service = query.federates.service
    declared = re.search(rf"^\s*PREFIX\s+{re.escape(service)}:\s*<([^>]+)>", query.text, re.IGNORECASE | re.MULTILINE)
    return (declared[1] if declared else service,)


def sib_text(example: Iterable[Triple]) -> str:
    """An example as N-Triples, which is Turtle too and keeps the label of the node that all files share."""
    return "".join(f"{each.subject} {each.predicate} {each.object} .\n" for each in example)


def _body(query: SavedQuery) -> str:
    """The SPARQL without its header."""
    return "\n".join(line for line in query.text.splitlines() if not line.startswith("#+")).strip() + "\n"


def _bound(text: str, values: Mapping[str, Term]) -> str:
    """The query with each value bound at the beginning of its outermost pattern."""
    if not values:
        return text
    # The first brace outside of IRIs, texts and comments opens the pattern.
    for match in re.finditer(r'<[^<>\s]*>|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*|\{', text):
        if match[0] == "{":
            rows = " ".join(str(value) for value in values.values())
            names = " ".join(f"?{name}" for name in values)
            return f"{text[: match.end()]}\n  VALUES ({names}) {{ ({rows}) }}{text[match.end() :]}"
    return text


def grlc_file(query: SavedQuery, *, endpoint: str) -> str:
    """A question with the decorations of grlc, its parameters renamed as grlc wants them.

    grlc pastes the values of parameters into the text, which we never do; the file says so.
    """
    names = {each.name: _grlc_name(each) for each in query.parameters}
    header: dict[str, Any] = {
        "summary": query.title.en,
        "description": query.question.en,
        "endpoint": endpoint,
        "method": "GET",
        "tags": list(query.keywords),
    }
    defaults = [{names[each.name][1:]: each.default} for each in query.parameters if each.default is not None]
    choices = [{names[each.name][1:]: list(each.choices)} for each in query.parameters if each.choices]
    header |= {key: value for key, value in (("defaults", defaults), ("enumerate", choices)) if value}
    lines = [
        f"#+ {line}" for line in yaml.safe_dump(header, allow_unicode=True, sort_keys=False, width=10_000).splitlines()
    ]
    if names:
        lines.append("# grlc pastes the values into this text: let it answer trusted people only.")
    return "\n".join(lines) + "\n" + _renamed(_body(query), names)


def _grlc_name(parameter: Parameter) -> str:
    marks = "_" if parameter.required and parameter.default is None else "__"
    kind = {"entity": "_iri", "integer": "_integer", "date": "_xsd_date"}.get(parameter.type, "")
    return f"?{marks}{parameter.name}{kind}"


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The query with its variables renamed token by token: not in IRIs, texts or comments."""

    def one(match: re.Match[str]) -> str:
        return names.get(match["name"] or "", match[0])

    tokens = r'<[^<>\s]*>|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*|[?$](?P<name>\w+)'
    return re.sub(tokens, one, text)
