"""The parts of the docs that the program itself writes; cog puts them between its marks.

Run this file after a new command, finding code or saved query: it starts the pages that are missing,
removes those of findings that are gone, and fills in every generated part.

    .venv/bin/python docs/cog_blocks.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache, wraps
from pathlib import Path
from typing import Any, Final

import rdflib
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli import COMMANDS, app
from citygraph.config import settings as graph_settings
from citygraph.doctor import read_probes
from citygraph.findings import Definition, definitions
from citygraph.graphs import Part
from citygraph.ingest.mapping import map_keys as keys_of_a_map
from citygraph.labels import reused_labels
from citygraph.link.properties import PROPERTIES, CompareWay
from citygraph.messages import text
from citygraph.namespaces import CG, compress
from citygraph.project.publishing import WRITING_SECONDS
from citygraph.publish.files import MOST_ROWS
from citygraph.rdf import Iri, Literal, Term, Triple, parse, to_rdflib
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.store.server.capabilities import ProbeResult, read_capabilities, read_results
from citygraph.values import Key
from citygraph.web.site.plan import SiteLimits
from citygraph.web.site.write import MOST_IN_ONE
from house import House

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
CASES: Final = ROOT / "tests" / "data"
_IMPORT: Final = 'import sys; sys.path.insert(0, "docs"); import cog_blocks'

# The mistake is in the bytes, the prefixes or a document, so the statements would show nothing.
_NOT_IN_STATEMENTS: Final = re.compile(
    r"encoding|byte-order-mark|too-deep|file-too-large|wrong-base|missing-shapes|source-.*|excerpt-(moved|gone)"
)
# Which page explains the thing that a finding is about: the first pattern that fits its code.
_EXPLAINED: Final = (
    (r"publish-.*", "publishing.md"),
    (r"excerpt|source-|unknown-source|document|selector|paraphrase|unsourced|missing-source", "sources.md"),
    (r"date|interval|instant|bounds|stale|begin|schedule|event", "time.md"),
    (r"contradiction|merged-nodes|derived|same-as|imports|member-without|several-countries", "reasoning.md"),
    (r"query", "queries.md"),
    (r"bad-shape|relation-", "ontology.md"),
    (r"old-vocabulary", "commands/migrate.md"),
    (r"person", "privacy.md"),
    (
        r"file|format|encoding|byte-order|syntax|graphs|deep|entity-|remote|shapes|no-data|empty-graph",
        "commands/check.md",
    ),
    (r"", "data.md"),
)


@cache
def _project() -> Project:
    return Project.open(ROOT)


def generated(make: Callable[..., str]) -> Callable[..., str]:
    """A part of a page, with the blank lines that Markdown wants around it."""

    @wraps(make)
    def with_blank_lines(*arguments: str) -> str:
        return f"\n{make(*arguments).strip()}\n\n"

    return with_blank_lines


# -- commands ---------------------------------------------------------------------------------------


def command_names() -> list[str]:
    """The commands in the order of the pipeline."""
    return list(COMMANDS)


@generated
def command_help(name: str = "") -> str:
    """What `citygraph NAME --help` prints."""
    arguments = [*name.split(), "--help"]
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, arguments, prog_name="citygraph", terminal_width=80)
    return _fence("text", result.output.strip())


@generated
def command_list() -> str:
    """Each command with its first sentence."""
    first = {name: text(f"help.{name}.about").en.strip().partition("\n")[0] for name in COMMANDS}
    return _table(["command", "what it does"], ([f"[`{name}`]({name}.md)", about] for name, about in first.items()))


@generated
def fact_kinds() -> str:
    """Each kind of fact with its fields, those in bold without which there is none."""
    rows = []
    for each in _project().edits.kinds.values():
        options = " ".join(f"**`--{one.option}`**" if one.required else f"`--{one.option}`" for one in each.fields)
        rows.append([f"`{each.name}`", f"{each.title.en}<br>*{each.title.nb}*", each.about.en, options])
    return _table(["kind", "called", "what it says", "fields"], rows)


@generated
def fact_examples() -> str:
    """One fact of each kind as it is added, and what is said then; tests/test_edit.py does all of them in this order."""
    done: dict[str, list[str]] = {}
    for each in (ROOT / "tests/expected/edits.txt").read_text(encoding="utf-8").split("$ ")[1:]:
        command, *lines = each.splitlines()
        said = [line.removeprefix("  en: ") for line in lines if line.startswith("  en: ")]
        done.setdefault(command.split()[0], []).append("\n".join([f"$ citygraph edit add {command}", *said]))
    kinds = _project().edits.kinds
    groups: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        groups.setdefault(f"**{kind.group.en}** · *{kind.group.nb}*", []).extend(done[name])
    return "\n\n".join(f"{group}\n\n```console\n" + "\n".join(shown) + "\n```" for group, shown in groups.items())


# -- findings ---------------------------------------------------------------------------------------


@cache
def finding_codes() -> dict[str, Definition]:
    """Every finding code by its name."""
    return _project().finding_codes()


@generated
def finding_list() -> str:
    """Every finding code with its severity and title."""
    rows = [
        [f"[`{each.code}`]({each.code}.md)", each.severity.words.en, each.title.en, each.title.nb]
        for each in finding_codes().values()
    ]
    return _table(["code", "severity", "title", "tittel"], rows)


@generated
def finding(code: str) -> str:
    """The page of one finding code."""
    each = finding_codes()[code]
    page = next(page for pattern, page in _EXPLAINED if re.search(pattern, code))
    parts = [
        f"# {code}",
        f"**{each.severity.words.en.capitalize()}** · {_sentence(each.title.en)} · *{_sentence(each.title.nb)}*",
        _table(
            ["", "English", "bokmål"],
            [
                ["what it means", _values(each.message.en), _values(each.message.nb)],
                ["what to do", _values(each.fix.en), _values(each.fix.nb)],
            ],
        ).strip(),
        f"Found by {_finder(code)}. Background: [{_heading(page)}](../{page}).",
        *_example(code),
    ]
    return "\n\n".join(parts) + "\n"


def _finder(code: str) -> str:
    if code in definitions():
        return "the program"
    if _is_check(code):
        return f"the check query `queries/checks/{code}.rq`"
    return f"the shape `cgs:{code}` in `ontology/`"


def _is_check(code: str) -> bool:
    return (ROOT / "queries" / "checks" / f"{code}.rq").is_file()


def _heading(page: str) -> str:
    match = re.search(r"^# (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else page


def _values(text: str) -> str:
    """A message with its open places shown as …, as text that Markdown leaves alone."""
    plain = re.sub(r"\{\w+\}", "…", text) or "–"
    return plain.replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*").replace("[", "\\[").replace("_:", "\\_:")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _example(code: str) -> Iterator[str]:
    """Wrong and right Turtle: the mistake of this code's test case, and the whole record that is most like it."""
    if _NOT_IN_STATEMENTS.fullmatch(code):
        return
    files = sorted((CASES / code).rglob("*.ttl"))
    sound = [each for path in sorted((CASES / "_clean").rglob("*.ttl")) for each in _blocks(path)]
    wrong = [each for path in files for each in _blocks(path) if each not in sound][:2]
    if not wrong:
        return
    yield "## Example"
    yield "Wrong:\n\n" + _fence("turtle", "\n\n".join(wrong)).strip()
    alike = [each for each in sound if _class(each) == _class(wrong[0])]
    # What a check query finds is no fault of one record, so there is no right one to set beside it.
    if alike and not _is_check(code):
        yield (
            "Right, of the same kind:\n\n"
            + _fence("turtle", max(alike, key=lambda each: _likeness(each, wrong[0]))).strip()
        )


def _class(block: str) -> str:
    match = re.search(r" a ([^;.]+)", block)
    return match[1].strip() if match else ""


def _likeness(one: str, other: str) -> int:
    """How many properties two records share, less those that only one of them has."""
    first, second = (set(re.findall(r"^\s+([\w-]+:[\w-]+) ", block, re.MULTILINE)) for block in (one, other))
    return len(first & second) * 2 - len(first ^ second)


def _blocks(path: Path) -> list[str]:
    """The blocks of a Turtle file, one for each subject, without prefixes and comments."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if not line.startswith(("@prefix", "#", "\ufeff"))]
    return [block.strip("\n") for block in re.split(r"\n\s*\n", "\n".join(lines)) if block.strip()]


# -- the house -------------------------------------------------------------------------------------


@generated
def house() -> str:
    """The structure of the package in figures, rounded so that not every change is a change of them."""
    return _table(["the house", ""], House.read().table())


# -- measurements -----------------------------------------------------------------------------------


@generated
def measured(name: str) -> str:
    """One section of the benchmarks, as the program that measures wrote it, without its heading."""
    return _section(name).partition("\n")[2] + "\n"


def _section(name: str) -> str:
    pages = (each.read_text(encoding="utf-8") for each in sorted((DOCS / "benchmarks").glob("*.md")))
    page = next(each for each in pages if f"<!-- {name} -->" in each)
    return page.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]


_HEADLINES = (
    ("building", "`check` of the reference graph", "pipeline-stages", "check, all of it", 1),
    (
        "building",
        "a saved question on the command line",
        "pipeline-commands",
        "`citygraph query norwegian-participants`",
        1,
    ),
    ("building", "building 50,000 memberships", "growth-build", "50,000", 3),
    ("reasoning", "a million statements, from file to closure", "reason-closures", "city 1M", 6),
    ("reasoning", "20,000 statements: how many times longer owlrl takes", "reason-owlrl", "owlrl", 2),
    (
        "serving",
        "lookups without the cache, times `oxigraph serve`",
        "serve-others",
        "lookups | citygraph, no cache",
        3,
    ),
    (
        "serving",
        "saved questions without the cache, times `oxigraph serve`",
        "serve-others",
        "questions | citygraph, no cache",
        3,
    ),
    ("publishing", "a million statements in every format, seconds of the processor", "publish", "1,000,087", 2),
    ("names", "names in other languages that are right at rank one", "link-quality-2", "other languages", 2),
    ("lists", "20,000 rows of a messy list taken in, seconds of the processor", "ingest-time", "citygraph ingest", 2),
    ("documents", "facts proposed of documents that were not looked at", "read-proposals", "held out | all", 5),
    ("documents", "wrong among those that are called clear", "read-proposals", "held out | all", 6),
)
"""What matters: the page, what is said, the section, the beginning of the row, and the column."""


@generated
def headlines() -> str:
    """A line for each promise with its figure, from the tables."""
    rows = []
    for page, words, section, beginning, column in _HEADLINES:
        found = [line for line in _section(section).splitlines() if line.startswith(f"| {beginning} |")]
        cells = [cell.strip() for cell in found[0].strip("|").split("|")]
        rows.append([words, cells[column], f"[{page}](benchmarks/{page}.md)"])
    rest = "[servers](benchmarks/servers.md)"
    return _table(["what", "measured", "all of it"], rows) + f"\nThe graph on a SPARQL server of your own: {rest}.\n"


# -- servers ----------------------------------------------------------------------------------------


@generated
def servers() -> str:
    """Every probe of `citygraph doctor` with what it found on the servers that the tests start."""
    names = ("oxigraph", "virtuoso")
    folder = ROOT / "tests" / "expected" / "capabilities"
    known = [read_capabilities(folder / f"{name}.json") for name in names]
    found = [{each.id: each for each in read_results(folder / f"{name}.json")} for name in names]
    head = ["probe", *(f"{each.server.split(' ')[0]}, {each.date[:10]}" for each in known)]
    rows = [
        [f"`{probe.id}` {_values(probe.question.en)}", *(_verdict(each[probe.id]) for each in found)]
        for probe in read_probes()
    ]
    return _table(head, rows)


def _verdict(result: ProbeResult) -> str:
    if result.verdict == "ok":
        return "ok"
    seen = re.sub(r"urn:citygraph:probe:[0-9a-f]+", "urn:citygraph:probe:…", result.seen)
    return f"**{result.verdict}**" + (f": {_values(seen)}" if seen else "")


# -- settings ---------------------------------------------------------------------------------------


@generated
def settings() -> str:
    """Every key of graph.toml."""
    return _table(
        ["key", "value", "without it", "what it is for"],
        [[f"`{each.key}`", _kind(each), _default(each), _sentence(each.about.en)] for each in graph_settings()],
    )


def _kind(setting: Key) -> str:
    kind, _, choices = setting.kind.partition(":")
    if kind == "choice":
        return " or ".join(f'`"{choice}"`' for choice in choices.split(","))
    if kind in {"term", "terms", "term_address"}:
        return f"{'terms' if kind == 'terms' else 'a term'} of the table {choices}"
    return {
        "iri": "an address",
        "addresses": "a list of addresses",
        "languages": "a list of `nb` and `en`",
        "date": "a date without quotes",
        "duration": "a duration such as `P5Y`, `P18M`",
        "integer": "a whole number above 0",
        "emails": "an e-mail address, or a list of them",
        "legislation": "a list of addresses or numbers of laws",
        "contacts": "`[[contact]]` for each",
        "organisation": "nine digits",
        "memory": "a number and a unit",
        "boolean": "`true` or `false`",
        "words": "`{ nb, en }` or one text",
        "keywords": "`{ nb = [], en = [] }`",
        "texts": "a list of texts",
        "address": "an address",
        "folder": "an address",
        "name": "`{ nb, en }` or one text",
    }.get(kind, "a text")


def _default(setting: Key) -> str:
    match setting.default:
        case None:
            return "must be given" if setting.required else "–"
        case tuple():
            return "`[" + ", ".join(f'"{each}"' for each in setting.default) + "]`"
        case "" | {}:
            return "–"
        case bool():
            return f"`{str(setting.default).lower()}`"
        case int():
            return f"`{setting.default:_}`"
        case _:
            return f'`"{setting.default}"`'


@generated
def link_properties() -> str:
    """Every property of Wikidata that is read or written: what of ours it says, how both are compared, what is offered."""
    return _table(
        ["property", "what of ours", "compared", "offered"],
        [
            [f"{each.id} {each.words.en}", each.ours, *_COMPARED[each.way]]
            for each in sorted(PROPERTIES.values(), key=lambda each: list(_COMPARED).index(each.way))
        ],
    )


_COMPARED: Final = {
    CompareWay.ONE: ("one at a time: what holds today", "with beginning and end"),
    CompareWay.EACH: ("each value, with its term", "with beginning, end or day"),
    CompareWay.DAY: ("each day's figure", "with its day; circa when about"),
    CompareWay.CODE: ("the item has it or not", "as we write it"),
    CompareWay.QUALIFIER: ("with the statement", "with the statement"),
    CompareWay.REFERENCE: ("not", "with every statement"),
}


@generated
def map_keys() -> str:
    """Every key of a map for lists."""
    rows = []
    for each in keys_of_a_map():
        default = (
            "must be given" if each.default is None else "–" if each.default in ("", (), 0) else _map_default(each)
        )
        rows.append([f"`{each.key}`", default, _sentence(each.about.en)])
    return _table(["key", "without it", "what it is for"], rows)


def _map_default(key: Key) -> str:
    if isinstance(key.default, tuple):
        return " ".join(f"`{each}`" for each in key.default if each)
    return f"`{key.default}`" if key.default else "–"


# -- ontology ---------------------------------------------------------------------------------------


@generated
def ontology() -> str:
    """Every class and property of ours, in the order and under the headings of the Turtle file."""
    text = (ROOT / "ontology" / "citygraph.ttl").read_text(encoding="utf-8")
    headings = re.finditer(
        r"^# (?P<section>(?:Classes|Asserted|Derived)\b.*)$|^cg:(?P<name>\w+) a ", text, re.MULTILINE
    )
    parts = (
        f"### {each['section']}\n" if each["section"] else _term_entry(each["name"])
        for each in headings
        if each["section"] or not _is_deprecated(each["name"])
    )
    return "\n".join(parts)


def _is_deprecated(name: str) -> bool:
    return (rdflib.URIRef(CG + name), OWL.deprecated, None) in _ontology()


@generated
def deprecated_terms() -> str:
    """Every deprecated term with what is written now, and of what kind it is then."""
    graph, rows = _ontology(), []
    for term in sorted(graph.subjects(OWL.deprecated)):
        now = sorted((compress(str(each)) for each in graph.objects(term, DCTERMS.isReplacedBy)), reverse=True)
        kinds = [f"`{each}`" for each in now if each.startswith("concept:")]
        (new,) = (each for each in now if not each.startswith("concept:"))
        name = compress(str(term))
        rows.append([f"<a id='{name.removeprefix('cg:')}'></a>`{name}`", f"`{new}`", *(kinds or [""])])
    return _table(["before 0.2", "now", "kind"], rows)


@generated
def reused_properties() -> str:
    """Every property of other vocabularies that the data use, by its name, with the shortest statement that does."""
    used = {triple.predicate.value for triple in _graphs().triples(Part.DATA, Part.SOURCES, Part.ONTOLOGY)}
    used |= _in_templates()
    ontology_only = {str(prefix) for prefix in (OWL, RDFS)} - {str(RDFS.comment)}
    rows = []
    for iri in sorted(used, key=compress):
        if iri.startswith(CG) or (iri != str(RDFS.comment) and iri.startswith(tuple(ontology_only))):
            continue
        label = reused_labels().get(iri)
        rows.append([f"`{compress(iri)}`", label.en if label else "", f"`{_usage(Iri(iri), is_class=False)}`"])
    return _table(["property", "English", "example"], rows)


@cache
def _ontology() -> rdflib.Graph:
    quads = (quad for file in _graphs().of(Part.ONTOLOGY) for quad in file.quads)
    return to_rdflib(quads)


@cache
def _checked() -> Any:  # noqa: ANN401  # the outcome of Project.check, which is not part of the public API
    # The day that the memo speaks of, so that the page does not follow the calendar.
    return _project().check(engine="columnar", as_of=date(2020, 11, 5))


def _graphs() -> Any:  # noqa: ANN401
    return _checked().graphs


def _term_entry(name: str) -> str:
    term, graph = rdflib.URIRef(CG + name), _ontology()
    label, about = _words(term, RDFS.label), _words(term, SKOS.definition)
    lines = [
        f"#### cg:{name} {{ #{name} }}",
        "",
        f"**{label['en']}** · *{label['nb']}*. {about['en']}  ",
        f"*{about['nb']}*",
        "",
        *(f"- {fact}" for fact in _axioms(term)),
    ]
    example = _usage(Iri(CG + name), is_class=(term, RDF.type, OWL.Class) in graph)
    # What is in no file and no closure, the ontology shows itself.
    example = example or next((str(each) for each in graph.objects(term, SKOS.example)), "")
    lines += [f"- example: `{example}`"] if example else []
    return "\n".join(lines) + "\n"


def _axioms(term: rdflib.URIRef) -> Iterator[str]:
    graph = _ontology()
    kinds = {
        OWL.Class: "class",
        OWL.ObjectProperty: "links to a thing",
        OWL.DatatypeProperty: "carries a value",
        OWL.SymmetricProperty: "holds both ways",
        OWL.TransitiveProperty: "transitive",
    }
    yield ", ".join(kinds[kind] for kind in kinds if (term, RDF.type, kind) in graph)
    for words, property_ in (
        ("domain", RDFS.domain),
        ("range", RDFS.range),
        ("a kind of", RDFS.subClassOf),
        ("implies", RDFS.subPropertyOf),
        ("inverse of", OWL.inverseOf),
        ("disjoint with", OWL.disjointWith),
    ):
        found = sorted(_link(each) for each in graph.objects(term, property_))
        if found:
            yield f"{words} {', '.join(found)}"
    chains = sorted(" then ".join(_link(step) for step in graph.items(head))
                    for head in graph.objects(term, OWL.propertyChainAxiom))  # fmt: skip
    yield from (f"follows from {chain}" for chain in chains)


def _link(term: Any) -> str:  # noqa: ANN401  # rdflib's nodes have no common type
    short = compress(str(term))
    return f"[`{short}`](#{short.removeprefix('cg:')})" if short.startswith("cg:") else f"`{short}`"


def _words(term: rdflib.URIRef, property_: rdflib.URIRef) -> dict[str, str]:
    found = {
        str(each.language): str(each)
        for each in _ontology().objects(term, property_)
        if isinstance(each, rdflib.Literal)
    }
    return {"nb": "", "en": "", **found}


@cache
def _examples() -> dict[tuple[Term, bool], Triple]:
    """The shortest statement that uses each property, and each class; what the files state comes first."""
    chosen: dict[tuple[Term, bool], Triple] = {}
    stated = _graphs().triples(Part.DATA, Part.SOURCES) + _graphs().triples(Part.ONTOLOGY)
    derived = [quad.triple for quad in _checked().inferred]
    for triples in (stated, derived):
        for triple in sorted(triples, key=lambda each: (len(str(each)), str(each))):
            key = (triple.object, True) if triple.predicate.value == str(RDF.type) else (triple.predicate, False)
            chosen.setdefault(key, triple)
    return chosen


def _usage(term: Iri, *, is_class: bool) -> str:
    triple = _examples().get((term, is_class))
    if triple is None:
        return _claim(term) or _template(compress(term.value), is_class=is_class)
    predicate = "a" if is_class else _turtle(triple.predicate)
    return f"{_turtle(triple.subject)} {predicate} {_turtle(triple.object)} ."


def _in_templates() -> set[str]:
    """The properties that the templates of data.md use."""
    blocks = re.findall(r"^```turtle\n(.*?)^```", (DOCS / "data.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return {quad.predicate.value for quad in parse("".join(blocks).encode(), format="ttl").quads}


def _template(term: str, *, is_class: bool) -> str:
    """The first use in the templates of data.md: of what our own graph has no need to say."""
    for block in re.findall(
        r"^```turtle\n(.*?)^```", (DOCS / "data.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        for statements in block.split("\n.\n"):
            used = re.search(rf"\ba .*{term}\b" if is_class else rf"{term} [^;]+", statements)
            if used:
                return f"{statements.split()[0]} {f'a {term}' if is_class else used[0].strip()} ."
    return ""


def _claim(term: Iri) -> str:
    """The shortest claim about a property that only claims use."""
    triples = _graphs().triples(Part.DATA)
    claims = {each.subject for each in triples if each.object == term and each.predicate.value == str(RDF.predicate)}
    found = []
    for claim in claims:
        parts = {each.predicate.value: each.object for each in triples if each.subject == claim}
        values = [_turtle(parts[str(each)]) for each in (RDF.subject, RDF.predicate, RDF.object) if str(each) in parts]
        found.append(
            "{} a cg:Claim ; rdf:subject {} ; rdf:predicate {} ; rdf:object {} .".format(_turtle(claim), *values)
        )
    return min(found, key=lambda each: (len(each), each), default="")


def _turtle(term: Term) -> str:
    if isinstance(term, Iri):
        return compress(term.value)
    text = str(term)
    if isinstance(term, Literal) and "^^<" in text:
        value, _, datatype = text.rpartition("^^<")
        return f"{value}^^{compress(datatype[:-1])}"
    return text


@generated
def concept_schemes() -> str:
    """Every concept scheme with its concepts."""
    graph, parts = _ontology(), []
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "ontology").glob("*.ttl")))
    for slug in re.findall(r"^concept:([\w-]+) a skos:ConceptScheme", text, re.MULTILINE):
        scheme = next(each for each in graph.subjects(RDF.type, SKOS.ConceptScheme) if str(each).endswith(f"/{slug}"))
        title = _words(scheme, DCTERMS.title)
        rows = []
        for concept in sorted(graph.subjects(SKOS.inScheme, scheme)):
            label = _words(concept, SKOS.prefLabel)
            above = sorted(compress(str(each)) for each in graph.objects(concept, SKOS.broader))
            rows.append(
                [f"`{compress(str(concept))}`", label["en"], label["nb"], ", ".join(f"`{each}`" for each in above)]
            )
        heading = f"### {title['en']} {{ #{slug} }}\n\n`concept:{slug}` · *{title['nb']}*\n\n"
        width = 4 if any(row[3] for row in rows) else 3
        columns = ["concept", "English", "bokmål", "broader"][:width]
        parts.append(heading + _table(columns, [row[:width] for row in rows]))
    return "\n".join(parts)


# -- saved queries ----------------------------------------------------------------------------------


@generated
def questions() -> str:
    """Every saved query: what it asks, its parameters and its columns."""
    return "\n".join(_question(saved) for saved in _project().queries())


def _question(saved: SavedQuery) -> str:
    lines = [
        f"## {saved.name}",
        "",
        f"**{saved.question.en}**  \n*{saved.question.nb}*",
        "",
        f"- columns: {', '.join(f'`{column}`' for column in saved.columns)}",
        *(f"- `--{each.name}`: {_parameter(each)}" for each in saved.parameters),
    ]
    lines += [f"- asks [`{saved.federates.service}`](federation.md) too"] if saved.federates else []
    lines += [f"- shown as: {saved.view}"] if saved.view != "table" else []
    lines += [f'- a "no" rests on: {", ".join(f"`{each}`" for each in saved.lists)}'] if saved.lists else []
    return "\n".join(lines) + "\n"


def _parameter(parameter: Parameter) -> str:
    kind = {
        "entity": f"a name, short name, address or Wikidata id of a `{parameter.of_class}`"
        if parameter.of_class
        else "a name, short name, address or Wikidata id",
        "enum": "one of " + ", ".join(f"`{choice}`" for choice in parameter.choices),
        "integer": "a whole number",
        "date": "a date such as `2020-11-05`",
    }.get(parameter.type, "a text")
    about = f"{_sentence(parameter.about.en)} " if parameter.about.en else ""
    default = f"; without it `{parameter.default}`" if parameter.default is not None else ""
    return f"{about}{kind[0].upper()}{kind[1:]}{default}{'; required' if parameter.required else ''}."


# -- releases ---------------------------------------------------------------------------------------


def known_releases() -> dict[str, dict[str, Any]]:
    """What each release writes and reads, the oldest first."""
    return tomllib.loads((DOCS / "releases.toml").read_text(encoding="utf-8"))


@generated
def releases() -> str:
    """The formats of each release, and which others it can pull a version from."""
    known = known_releases()
    rows = [
        [
            f"`{name}`",
            str(each["mirror"]),
            ", ".join(map(str, each["pulls"])),
            f"{each['version']}, names {each['names']}",
            ", ".join(f"`{other}`" for other, its in known.items() if _reads(each, its)),
        ]
        for name, each in known.items()
    ]
    head = ["citygraph", "writes mirrors of format", "pulls from mirrors of", "versions of format", "can pull from"]
    return _table(head, rows)


def _reads(reader: dict[str, Any], writer: dict[str, Any]) -> bool:
    same = [reader[key] == writer[key] for key in ("version", "names")]
    return all(same) and writer["mirror"] in reader["pulls"]


# -- publishing -------------------------------------------------------------------------------------


@generated
def publish_limits() -> str:
    """What a published folder and its site do not go beyond."""
    limits = SiteLimits()
    return _table(
        ["limit", "is"],
        [
            ["answers of one question with other values", f"{limits.answers:,}"],
            ["proofs of derived statements, the first that the pages name", f"{limits.proofs:,}"],
            ["things in a single search index; with more there is one for each first letter", f"{MOST_IN_ONE:,}"],
            ["the packed graph that the SPARQL page fetches", f"{_in_script('most') / 1e6:,.0f} MB"],
            ["an answer on the SPARQL page", f"{_in_script('answering'):,.0f} seconds"],
            ["an answer that is written down", f"{WRITING_SECONDS:,} seconds, or `limits.timeout` when that is more"],
            ["rows of a workbook; a longer table is there in the other formats", f"{MOST_ROWS:,}"],
        ],
    )


def _in_script(name: str) -> float:
    """A number of the script of the SPARQL page."""
    text = (ROOT / "frontend" / "browser-sparql.js").read_text(encoding="utf-8")
    found = re.search(rf"\b{name}\s*[:=]\s*([\d.e]+)", text)
    if found is None:
        message = f"frontend/browser-sparql.js has no number {name}"
        raise ValueError(message)
    return float(found[1])


# -- Markdown ---------------------------------------------------------------------------------------


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


# -- new pages --------------------------------------------------------------------------------------


def block(call: str) -> str:
    """A generated part: cog runs the call and puts its text between the marks."""
    return f"<!-- [[[cog\n{_IMPORT}\ncog.out(cog_blocks.{call})\n]]] -->\n<!-- [[[end]]] -->\n"


def start_pages() -> None:
    """A page for each command and finding code that has none; pages of codes that are gone are removed."""
    for name in command_names():
        page = DOCS / "commands" / f"{name}.md"
        if not page.exists():
            page.write_text(f"# {name}\n\n" + block(f'command_help("{name}")'), encoding="utf-8")
    for code in finding_codes():
        page = DOCS / "findings" / f"{code}.md"
        if not page.exists():
            page.write_text(block(f'finding("{code}")'), encoding="utf-8")
    for page in (DOCS / "findings").glob("*.md"):
        if page.stem not in {*finding_codes(), "index"}:
            page.unlink()


def main() -> int:
    """Start missing pages, then let cog fill in all of them."""
    start_pages()
    pages = [str(page.relative_to(ROOT)) for page in sorted(DOCS.rglob("*.md"))]
    return subprocess.run([sys.executable, "-m", "cogapp", "-r", *pages], cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
