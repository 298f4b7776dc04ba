"""The pages of questions: saved ones with their answers as pages, files and feeds."""

from __future__ import annotations

import difflib
import json
import shlex
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from citygraph.dates import date_in_words
from citygraph.errors import ConfigError, QueryError, StoreError
from citygraph.formats import ANSWER_FORMATS, answer_formats, media_type
from citygraph.messages import sentence
from citygraph.namespaces import compress, expand
from citygraph.query import Answered, OtherTimes, run_query
from citygraph.rdf import Iri
from citygraph.results import Graph, Solutions, Truth
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.sparql.text import Form
from citygraph.web.pages.facts import AnswerTable, cited_sources, column_name, table_of
from citygraph.web.pages.files import METADATA, account_headers, answer_file, feed_of, json_response
from citygraph.web.pages.graph import close_stores, day_of, saved_queries, saved_query
from citygraph.web.pages.page import JSON, NotFound, Page, as_fault, data_block, kindly, respond, wanted_format
from citygraph.web.pages.pictures import pictures_of
from citygraph.web.pages.take import absolute, endings, picture_of, source_address, take_of, taken
from citygraph.web.pages.two_days import TwoDays, two_days
from citygraph.web.requests import other_day

_ATOM: Final = "application/atom+xml; charset=utf-8"
_OURS: Final = frozenset({"lang", "as_of", "cite", "dialect", "strict", "picture", "before"})
_MOST_OPTIONS: Final = 400
_MOST_TAKEN: Final = 100
_MOST_NARROWER: Final = 20


# -- saved questions -------------------------------------------------------------------------------------


@kindly
def queries(request: Request) -> Response:
    """`/queries`: every question."""
    if wanted_format(request, JSON):
        return queries_json(request)
    page = Page(request)
    return page.render("queries.html", queries=saved_queries(page.project, page.memory))


@kindly
def queries_json(request: Request) -> Response:
    """The same for programs."""
    page = Page(request)
    return json_response(
        request,
        [
            {
                "name": query.name,
                "title": query.title.to_json(),
                "question": query.question.to_json(),
                "columns": list(query.columns),
                "parameters": [parameter.name for parameter in query.parameters],
                "page": page.urls.query(query.name),
                "files": {
                    each: page.urls.query(query.name, format=each)
                    for each in answer_formats(query.parsed.form, query.columns)
                },
            }
            for query in saved_queries(page.project, page.memory)
        ],
    )


@kindly
def query_page(request: Request) -> Response:
    """`/queries/{name}`, and with an ending the answer as a file or as a feed."""
    page = Page(request)
    name, _, ending = str(request.path_params["name"]).partition(".")
    saved = _saved(page, name)
    values = {key: value for key, value in request.query_params.items() if key not in _OURS and value.strip()}
    if not ending:
        offered = answer_formats(saved.parsed.form, saved.columns)
        plain_json = {"application/json": "json" if "json" in offered else "jsonld"}
        ending = wanted_format(request, {media_type(each): each for each in offered} | plain_json)
    if not ending:
        return _answer_page(page, saved, values)
    if ending not in ANSWER_FORMATS and ending not in {"atom", METADATA, "svg", *endings()}:
        raise NotFound(request.url.path, [(saved.title.in_language(page.language), page.urls.query(name))])
    is_rows = saved.parsed.form is Form.SELECT
    cite = _switch(page, "cite", ending, has_effect=is_rows and ending != "atom")
    strict = _switch(page, "strict", ending, has_effect=is_rows)
    if request.query_params.get("before"):
        raise _no_effect("before", ending)
    if request.query_params.get("dialect") and ending not in {"csv", METADATA}:
        raise _no_effect("dialect", ending)
    answered = _ask_saved(
        page, saved, values, as_of=_as_of(page), cite=cite or (ending in {"svg", *endings()} and bool(saved.cite))
    )
    if answered.federated is not None and answered.federated.failure:
        # A file cannot say that some of its columns are empty because nobody answered.
        raise StoreError(answered.federated.failure, fix=sentence("next.page_of_question"))
    if ending == "atom":
        body = feed_of(
            page,
            answered,
            here=absolute(page, request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
            page_address=absolute(page, page.urls.query(name, values)),
            strict=strict,
        )
        return respond(request, body, _ATOM)
    if ending in endings() and saved.parsed.form in {Form.CONSTRUCT, Form.DESCRIBE}:
        # A graph has no rows that could be read out.
        raise NotFound(request.url.path, [(saved.title.in_language(page.language), page.urls.query(name))])
    if ending in endings():
        said = _mail(page, saved, values, answered, strict=strict)
        return taken(
            page, said, ending, name, day=answered.account.day if answered.account else page.graph.manifest.as_of
        )
    if ending == "svg":
        return _picture_file(page, saved, values, answered)
    table = "csv" if ending == METADATA else ending
    if table not in answer_formats(saved.parsed.form, saved.columns):
        near = [(each, page.urls.query(name, format=each)) for each in answer_formats(saved.parsed.form, saved.columns)]
        raise NotFound(request.url.path, near)
    return answer_file(page, answered, ending, strict=strict)


def _switch(page: Page, name: str, ending: str = "", *, has_effect: bool = True) -> bool:
    """Whether the address turns something on: `cite` the sources, `strict` without rows that are only last known.

    Raises:
        QueryError: it says neither yes nor no, or yes where that would have no effect.
    """
    said = page.request.query_params.get(name, "0")
    if said not in {"0", "1"}:
        raise QueryError(
            sentence("question.no_switch", name=name, said=said), fix=sentence("next.dialect", known="0, 1")
        )
    if said == "1" and not has_effect:
        raise _no_effect(name, ending)
    return said == "1"


def _no_effect(name: str, ending: str) -> QueryError:
    return QueryError(sentence("question.no_effect", name=name, ending=ending), fix=sentence("next.without", name=name))


def _saved(page: Page, name: str) -> SavedQuery:
    try:
        saved = saved_query(page.project, page.memory, name)
    except QueryError as error:
        known = {query.name: query for query in saved_queries(page.project, page.memory)}
        near = difflib.get_close_matches(name, known, n=5, cutoff=0.3)
        links = [(known[each].title.in_language(page.language), page.urls.query(each)) for each in near]
        raise NotFound(page.request.url.path, links) from error
    if not saved.publish:
        raise NotFound(page.request.url.path)
    return saved


def _as_of(page: Page) -> date | None:
    return other_day(page.request.query_params.get("as_of", ""), page.graph.manifest.as_of)


def _answer_page(page: Page, saved: SavedQuery, values: Mapping[str, str]) -> Response:
    parameters = page.request.query_params
    hide_sources = parameters.get("cite") == "0"
    strict = False
    missing = [p.name for p in saved.parameters if p.required and p.default is None and p.name not in values]
    answered: Answered | None = None
    fault: list[str] = []
    days: TwoDays | None = None
    if not missing:
        try:
            _switch(page, "cite")
            strict = _switch(page, "strict")
            cite = bool(saved.cite) and not hide_sources
            answered = _ask_saved(page, saved, values, as_of=_as_of(page), cite=cite)
            days = _two_days(page, saved, values, answered)
        except QueryError as error:
            fault = as_fault(error, page.language)
    answer = answered.answer if answered else None
    triples = len(answer.triples) if isinstance(answer, Graph) else None
    kept = {**values, "as_of": parameters.get("as_of", ""), **({"strict": "1"} if strict else {})}
    rows = answer if isinstance(answer, Solutions) else None
    csv = absolute(page, page.urls.query(saved.name, kept, format="csv"))
    response = page.render(
        "query.html",
        status=400 if fault else 200,
        saved=saved,
        fields=[_Field(page, saved, parameter, values) for parameter in saved.parameters],
        values=dict(values),
        # A field of the type date takes nothing but a date.
        as_of="" if fault else parameters.get("as_of", ""),
        before="" if fault else parameters.get("before", ""),
        days=days,
        has_rows=saved.parsed.form is Form.SELECT,
        hide_sources=hide_sources,
        strict=strict,
        missing=missing,
        fault=fault,
        answered=answered,
        table=_table(page, answered, strict=strict) if answered else None,
        last_known=_last_known(page, answered) if answered and not strict else None,
        account=answered.account.words.in_language(page.language) if answered and answered.account else "",
        narrower=_narrower(page, saved, rows, kept) if rows is not None else [],
        truth=answer.value if isinstance(answer, Truth) else None,
        triples=triples,
        pictures=pictures_of(rows, page.formatter, page.words, first=saved.view) if rows is not None else [],
        save_picture=None
        if page.request.scope.get("citygraph.static")
        else lambda kind: page.urls.query(saved.name, {**kept, "picture": kind, **_language(page)}, format="svg"),
        lists=_lists(page, answered) if answered else [],
        federated=_federated(page, answered) if answered else "",
        files=[
            (f, page.urls.query(saved.name, kept, format=f)) for f in answer_formats(saved.parsed.form, saved.columns)
        ],
        take=take_of(
            _mail(page, saved, values, answered, strict=strict),
            page,
            lambda ending: page.urls.query(saved.name, {**kept, **_language(page)}, format=ending),
        )
        if answered and triples is None
        else None,
        feed=page.urls.query(
            saved.name, {**values, **({"strict": "1"} if strict else {}), "lang": page.language}, format="atom"
        ),
        snippets=_snippets(csv, endpoint=absolute(page, page.urls.sparql()), query=saved.text),
        structured=data_block(_query_dataset(page, saved, csv)),
    )
    account_headers(page, response, answered)
    for format_ in answer_formats(saved.parsed.form, saved.columns):
        address = page.urls.query(saved.name, kept, format=format_)
        response.headers.append("Link", f'<{address}>; rel="alternate"; type="{media_type(format_)}"')
    return response


def _ask_saved(
    page: Page, saved: SavedQuery, values: Mapping[str, str], *, as_of: date | None = None, cite: bool = False
) -> Answered:
    """The answer to a saved query.

    Raises:
        QueryError: a value does not fit, or it asks a server that this site does not.
        StoreTimeout: the deadline passed, or another day is being worked out.
    """
    project, graph = page.project, page.graph
    store, manifest = graph.store, graph.manifest
    if as_of is not None:
        day, store = day_of(page.request, as_of)
        manifest = day.manifest
        page.name_as_of(day)
    try:
        return run_query(
            saved,
            store,
            values=values,
            prefixes=project.prefixes,
            asserted_graphs=[Iri(name) for name in manifest.asserted_graphs] if cite else None,
            timeout=project.config.number("limits.timeout"),
            most_rows=project.config.number("limits.rows"),
            names=graph.candidates,
            federation=project.federation() if project.config.values["serve.federation"] else None,
            times=OtherTimes(manifest.as_of, [Iri(name) for name in manifest.lifted_graphs]),
        )
    except ConfigError as error:
        raise QueryError(error.message, fix=error.fix) from error


def _two_days(page: Page, saved: SavedQuery, values: Mapping[str, str], answered: Answered) -> TwoDays | None:
    """The answer beside that of another day, when the address names one.

    Raises:
        QueryError: it is no day, or the answer has no rows that could be compared.
    """
    known = page.graph.manifest.as_of
    said = page.request.query_params.get("before", "").strip()
    if not said:
        return None
    if saved.parsed.form is not Form.SELECT:
        raise QueryError(sentence("question.no_comparison"), fix=sentence("next.without", name="before"))
    formatter, other = page.formatter, other_day(said, known)
    # One asker has a turn with one day.
    close_stores(page.request)
    earlier = _ask_saved(page, saved, values, as_of=other)
    # Things have the names of the day that the page is for.
    page.formatter = formatter
    day = answered.account.day if answered.account else known
    return two_days(page, (other.isoformat() if other else known, earlier.answer), (day, answered.answer))


def _table(page: Page, answered: Answered, *, strict: bool) -> AnswerTable | None:
    rows = answered.for_people(page.language, strict=strict)
    if not isinstance(rows, Solutions):
        return None
    return table_of(rows, page.formatter, page.words, stated=answered.stated, sources=answered.sources)


def _narrower(page: Page, saved: SavedQuery, rows: Solutions, kept: Mapping[str, str]) -> list[tuple[str, list[Any]]]:
    """The things in a column that is a parameter too, with how many rows have each: links that ask for those alone."""
    found: list[tuple[str, list[Any]]] = []
    for parameter in saved.parameters:
        if parameter.type != "entity" or parameter.name not in rows.columns or kept.get(parameter.name):
            continue
        place = rows.columns.index(parameter.name)
        counts = Counter(term.value for row in rows.rows if isinstance(term := row[place], Iri))
        if len(counts) > 1:
            values = [
                (page.formatter.iri(iri).text, count, page.urls.query(saved.name, {**kept, parameter.name: short}))
                for iri, count in counts.most_common(_MOST_NARROWER)
                if not (short := compress(iri, page.project.prefixes)).startswith("<")
            ]
            found.append((column_name(parameter.name, page.words).capitalize(), values))
    return found


def _last_known(page: Page, answered: Answered) -> AnswerTable | None:
    """The rows that are too old to count, with their sources when those were asked for; none when there are none."""
    if not answered.last_known:
        return None
    sources = [each.sources for each in answered.last_known]
    return table_of(answered.last_known_rows(), page.formatter, page.words, sources=sources)


def _mail(page: Page, saved: SavedQuery, values: Mapping[str, str], answered: Answered, *, strict: bool) -> Markup:
    """What an e-mail says of an answer: its first rows, what it leaves out, and its sources, numbered."""
    tables = [_table(page, answered, strict=strict), None if strict else _last_known(page, answered)]
    rows = [row for table in tables if table is not None for row in table.rows[:_MOST_TAKEN]]
    sources = list(dict.fromkeys(each for row in rows for each in row.sources))
    numbers = {each: number for number, each in enumerate(sources, 1)}
    return page.say(
        "mail_answer.html",
        saved=saved,
        filled=[
            (page.words.code("column", name).capitalize(), page.formatter.term(term).text)
            for name, term in answered.bound.items()
        ],
        truth=answered.answer.value if isinstance(answered.answer, Truth) else None,
        table=tables[0],
        last_known=tables[1],
        most=_MOST_TAKEN,
        numbers_of=lambda row: [numbers[each] for each in row.sources],
        account=answered.account.words.in_language(page.language) if answered.account else "",
        sources=sources,
        address_of=lambda each: source_address(each, page),
        address=absolute(page, page.urls.query(saved.name, {**values, **_kept(page)})),
    )


def _picture_file(page: Page, saved: SavedQuery, values: Mapping[str, str], answered: Answered) -> Response:
    """One picture of an answer: the one that is asked for, else the first."""
    rows = answered.answer
    drawn = pictures_of(rows, page.formatter, page.words, first=saved.view) if isinstance(rows, Solutions) else []
    kind = page.request.query_params.get("picture", "")
    picture = next((each for each in drawn if each.kind == kind or not kind), None)
    address = absolute(page, page.urls.query(saved.name, {**values, **_kept(page)}))
    if picture is None:
        raise NotFound(page.request.url.path, [(saved.title.in_language(page.language), address)])
    documents = dict.fromkeys(
        source.document.text
        for row_sources in answered.sources
        for source in cited_sources(row_sources, page.formatter, page.words)
    )
    below = [answered.account.words.in_language(page.language)] if answered.account else []
    below += [page.words("view.sources", names="; ".join(documents))] if documents else []
    body = picture_of(page, picture, title=saved, below=[*below, address])
    response = respond(page.request, body, "image/svg+xml")
    response.headers["Content-Disposition"] = f'inline; filename="{saved.name}-{picture.kind}.svg"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _language(page: Page) -> dict[str, str]:
    return {"lang": page.language} if page.urls.choice.explicit else {}


def _kept(page: Page) -> dict[str, str]:
    """What an address of a picture or a text says besides the values of the form."""
    return {name: page.request.query_params.get(name, "") for name in ("as_of", "strict", "cite")}


def _federated(page: Page, answered: Answered) -> str:
    """Which columns come from another server, from where, and when it said so; or that they are empty."""
    federated = answered.federated
    if federated is None:
        return ""
    shown = (*federated.columns, *federated.computed) if federated.failure else federated.columns
    columns = ", ".join(column_name(each, page.words) for each in shown)
    if federated.failure:
        return page.words("query.federated_empty", server=federated.address, columns=columns, why=federated.failure)
    words = page.words("query.federated", server=federated.address, columns=columns)
    if federated.fetched is not None:
        words += page.words(
            "query.federated_day", day=date_in_words(federated.fetched.date().isoformat(), page.language)
        )
    if federated.computed:
        both = ", ".join(column_name(each, page.words) for each in federated.computed)
        words += page.words("query.federated_both", columns=both)
    return words


def _query_dataset(page: Page, saved: SavedQuery, csv: str) -> dict[str, object]:
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": f"{page.project.config.base}queries/{saved.name}",
        "name": saved.title.in_language(page.language),
        "description": saved.question.in_language(page.language),
        "license": page.project.config.licence,
        "isPartOf": {"@id": page.project.config.base},
        "keywords": list(saved.keywords),
        "distribution": [{"@type": "DataDownload", "contentUrl": csv, "encodingFormat": "text/csv"}],
    }


def _lists(page: Page, answered: Answered) -> list[tuple[str, ...]]:
    """How complete the lists behind an answer are, one line each."""
    return [
        tuple(
            page.formatter.term(term).text if not isinstance(term, str) else page.formatter.date(term)
            for term in (each.organization, each.kind, each.completeness, each.date, each.place, each.role)
        )
        for each in answered.lists
    ]


def _snippets(address: str, *, endpoint: str, query: str) -> list[tuple[str, str, str]]:
    """Name, language for the highlighter, and text of each snippet; `address` is that of the CSV file."""
    quoted = json.dumps(address)
    return [
        ("curl", "sh", f"curl --fail --location --output answer.csv {shlex.quote(address)}\n"),
        ("Python", "python", f"import pandas\n\nanswer = pandas.read_csv({quoted})\nprint(answer.head())\n"),
        ("R", "r", f'answer <- read.csv({quoted}, encoding = "UTF-8")\nhead(answer)\n'),
        ("SPARQL", "sparql", f"# POST this text to {endpoint} as application/sparql-query\n{query}"),
    ]


# -- the form of a question ------------------------------------------------------------------------------


class _Field:
    """One field of the form of a question."""

    def __init__(self, page: Page, saved: SavedQuery, parameter: Parameter, values: Mapping[str, str]) -> None:
        self.parameter = parameter
        self.name = parameter.name
        default = "" if parameter.default is None else str(parameter.default)
        self.value = values.get(parameter.name, default)
        name = page.words.code("column", parameter.name)
        self.label = name[:1].upper() + name[1:]
        self.help = parameter.about.in_language(page.language)
        self.options = _options(page, parameter)
        self.required = parameter.required and parameter.default is None
        self.clearable = not parameter.required and parameter.default is None
        known = [value for value, _ in self.options]
        if self.options and self.value and self.value not in known:
            self.value = _same_thing(page, self.value, known) or self.value
            if self.value not in known:
                self.options.append((self.value, self.value))
        del saved


def _options(page: Page, parameter: Parameter) -> list[tuple[str, str]]:
    """What can be chosen: the values of an enum, or the things of the class when they are not too many."""
    if parameter.type == "enum":
        return [(choice, choice) for choice in parameter.choices]
    if parameter.type != "entity" or not parameter.of_class:
        return []
    of_class = expand(parameter.of_class, page.project.prefixes)
    iris = page.graph.directory.of_class(of_class or "", most=_MOST_OPTIONS + 1)
    if not 0 < len(iris) <= _MOST_OPTIONS:
        return []
    prefixes = page.project.prefixes
    return [
        (compress(iri, prefixes), page.graph.label(iri, page.language))
        for iri in page.graph.directory.in_order(iris, page.language)
    ]


def _same_thing(page: Page, value: str, known: list[str]) -> str:
    """The option that a slug, an IRI or a name in the address means."""
    for candidate in (f"id:{value}", f"concept:{value}"):
        if candidate in known:
            return candidate
    iri = expand(value, page.project.prefixes)
    short = compress(iri, page.project.prefixes) if iri else ""
    return short if short in known else ""
