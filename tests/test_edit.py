"""Edits of facts: each kind gives exactly its statements, only the block of a fact changes, and nothing is lost on the way."""

from __future__ import annotations

import difflib
import errno
import hashlib
import os
import random
import re
import resource
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyshacl
import pytest
import rdflib
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli.app import app
from citygraph.cli.edit import said_options
from citygraph.edit import plan as plans
from citygraph.edit.blocks import EditableTurtle
from citygraph.edit.facts import StatementChange
from citygraph.edit.kinds import KIND
from citygraph.edit.plan import EditPlan
from citygraph.edit.state import EditedGraph
from citygraph.edit.withhold import withhold_person
from citygraph.errors import EditError, ExportError, QueryError
from citygraph.findings import Report
from citygraph.format import format_file
from citygraph.lexer import TURTLE, tokens
from citygraph.load import load_files
from citygraph.messages import said_in
from citygraph.namespaces import PREFIXES, Curies, prefixes_for
from citygraph.project.editing import CheckedEdit, Edits
from citygraph.rdf import Iri, Literal, Quad, Term, Triple, parse, to_rdflib
from clean_project import NETWORK, clean_project
from conftest import ROOT, TODAY
from random_edits import RandomEdits, faults, second_window, written_and_undone

Said = list[tuple[str, str]]
SH = PREFIXES["sh"]
NAME = PREFIXES["foaf"] + "name"
HEAD = "@prefix id: <https://x.example/id/> .\n@prefix cg: <https://x.example/o#> .\n\n"

EXPECTED = Path(__file__).parent / "expected" / "edits.txt"
# One fact of each kind, added in this order to what the others left.
ADDED = """
document --title-nb Årsmelding --title-en "Annual report" --date 2020 --page https://example.org/a --not-after 2020-12-31
membership --member Fjordby --organization Nordnett --role observer --since 2019 --source notat.txt --quote "Fjordby er medlem" --note "Fra start."
joined --member id:skogstad-kommun --organization "Nordic Net" --role observer --since 2019-03 --source Registeret
left --member Skogstad --organization Nordnett --role "full member" --until 31.12.2015 --source register
person --name "Åse Øygard"
office --member "Åse Øygard" --organization Nordnett --role "acting president" --on-behalf-of Skogstad --as-of 2020-12-01 --basis stated --source notat.txt
working-group --name-nb Avfallsgruppa --name-en "Waste group" --organization Nordnett --source notat.txt
lead --member Skogstad --organization Avfallsgruppa --since 2018 --source notat.txt
body --name Rådet --organization Nordnett --type assembly --source notat.txt
secretariat --name Kontoret --organization Nordnett --source notat.txt
meeting --organization Rådet --date 2020-05-03 --end 2020-05-04 --source notat.txt
meeting-rule --organization Rådet --month 5 --source notat.txt
figure --organization Nordnett --indicator countries --value "ca. 1 050" --source notat.txt
figure --organization Nordnett --indicator countries --value 40-50 --date 2019 --source notat.txt
amount --organization Nordnett --indicator "membership fee" --value "about 1 500" --currency EUR --paid-by full-member --source notat.txt
founding --organization id:nordnett-board --date 2001 --source notat.txt
dissolution --organization Kontoret --date 2020-10-31 --source notat.txt
renaming --organization Nordnett --name-nb Nordlys --since 2019 --source notat.txt
merger --from Skogstad --from Fjordby --to Fjordby --date 2010-01-01 --source notat.txt
topic --organization Nordlys --topic concept:topic-climate --source notat.txt
aim --organization Nordlys --aim concept:aim-quality-of-life --source notat.txt
constituency --organization Nordlys --constituency concept:aim-quality-of-life --source notat.txt
activity --organization Nordlys --activity lobbying --since 2015 --source notat.txt
relation --subject Nordlys --relation "partner of" --object id:skogstad-kommun --modality wish --source notat.txt
seat --organization Rådet --place Skogstad --source notat.txt
move --organization Nordlys --place Skogstad --since 2019 --source notat.txt
website --organization Nordlys --page https://nordlys.example/ --source notat.txt
identifier --of Skogstad --register GeoNames --number 3137115 --source register
network --name Sørnett --also-called SN --source notat.txt
city --name Vik --country Norge --source register
authority --name-nb "Vik kommune" --name-en "Municipality of Vik" --place Vik --source register
other-organization --name Universitetet --country NO --source register
concept --name-nb havn --name-en port --scheme codes
completeness --organization Nordlys --what bodies --completeness partial --judge Redaksjonen --source notat.txt
disagreement --name-nb Landene --name-en Countries --side obs-nordnett-country-count-2019 --side obs-nordnett-country-count-2020
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The clean project without questions: an edit cannot break those."""
    return Project.open(clean_project(tmp_path / "project", questions=False), today=TODAY)


def said_by(project: Project) -> set[Quad]:
    files = load_files(project.config).graphs.files
    return {Quad(each.subject, each.predicate, each.object) for file in files for each in file.quads}


def write(project: Project, plan: EditPlan) -> None:
    project.edits.write(CheckedEdit(plan, ()))


def text_of(project: Project, path: str = NETWORK) -> str:
    return (project.folder / path).read_text(encoding="utf-8")


# -- what an edit says ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_fact_of_each_kind_gives_exactly_its_statements_and_no_finding(
    project: Project, pytestconfig: pytest.Config
) -> None:
    """One project for all kinds; the statements that come and go stand in expected/edits.txt, in Turtle's short names."""
    curies = Curies(prefixes_for(project.config.base))
    lines: list[str] = []
    kinds: set[str] = set()
    facts: list[tuple[str, str]] = []
    before = said_by(project)
    for line in ADDED.strip().splitlines():
        kind, *options = shlex.split(line)
        kinds.add(kind)
        plan = project.edits.editor().add(kind, said_options(options))
        write(project, plan)
        facts.append((kind, plan.facts[0]))
        after = said_by(project)
        lines += [
            f"$ {line}",
            *(f"  {language}: {each.in_language(language)}" for each in plan.told for language in ("nb", "en")),
        ]
        lines += [f"  + {each}" for each in written(after - before, curies)] + [
            f"  - {each}" for each in written(before - after, curies)
        ]
        before = after
    if pytestconfig.getoption("--rewrite-expected"):
        EXPECTED.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert kinds == set(project.edits.kinds)
    assert "\n".join(lines) + "\n" == EXPECTED.read_text(encoding="utf-8")
    assert [(each.code, each.message.en) for each in project.check().report if each.severity != "info"] == []
    for path in project.folder.glob("data/**/*.ttl"):
        formatted = format_file(path, name=path.name)
        assert formatted.after == formatted.before, path
    held_against_their_shapes(project, before, facts)


def held_against_their_shapes(project: Project, said: set[Quad], facts: list[tuple[str, str]]) -> None:
    """What is written conforms to the kinds as another program reads them; without the source none of it does."""
    exported = CliRunner().invoke(app, ["export", "-C", str(project.folder), "--which", "kinds", "--format", "rdf"])
    shapes = rdflib.Graph().parse(data=exported.stdout, format="xml")
    assert len(shapes) == len(project.edits.shapes)
    shapes += to_rdflib(Triple(Iri(KIND + kind), Iri(f"{SH}targetNode"), Iri(fact)) for kind, fact in facts)
    conforms, _, told = pyshacl.validate(to_rdflib(said), shacl_graph=shapes, meta_shacl=True)
    assert conforms, told
    sourced = {Iri(fact) for kind, fact in facts if kind not in {"person", "concept", "document", "disagreement"}}
    derived = f"{PREFIXES['prov']}wasDerivedFrom"
    less = (each for each in said if each.subject not in sourced or each.predicate.value != derived)
    _, results, _ = pyshacl.validate(to_rdflib(less), shacl_graph=shapes)
    assert {*results.objects(None, rdflib.SH.focusNode)} == {rdflib.URIRef(str(each)[1:-1]) for each in sourced}


def test_a_kind_and_each_of_its_fields_is_told_in_both_languages(refusing: Project) -> None:
    for kind in refusing.edits.kinds.values():
        texts = [kind.title, kind.about, kind.group, kind.told]
        texts += [text for each in kind.fields for text in (each.name, each.about)]
        assert all(each.nb and each.en for each in texts), kind.name
        assert max(kind.order) < 1_000, kind.name
        assert all(each.order < 1_000 for each in kind.fields), kind.name


def written(quads: set[Quad], curies: Curies) -> list[str]:
    def short(term: Term) -> str:
        if isinstance(term, Iri):
            return curies.of(term.value)
        return re.sub(r"<[^>]*>", lambda match: curies.of(match[0][1:-1]), str(term))

    return sorted(" ".join(map(short, (each.subject, each.predicate, each.object))) for each in quads)


def test_a_passage_has_the_range_and_the_hash_of_the_words(project: Project) -> None:
    said = [("organization", "Nordnett"), ("indicator", "country-count"), ("value", "3"),
            ("source", "notat.txt"), ("quote", "assosiert partner")]  # fmt: skip
    before = said_by(project)
    write(project, project.edits.editor().add("figure", said))
    new = "\n".join(map(str, said_by(project) - before))
    start = (project.folder / "sources/notat.txt").read_text(encoding="utf-8").index("assosiert partner")
    assert f"notat.txt#char={start},{start + 17}>" in new
    assert hashlib.sha256(b"assosiert partner").hexdigest() in new
    assert not project.check().report.violations


def test_a_wish_is_a_claim_and_no_statement(project: Project) -> None:
    said = [("organization", "id:nordnett-board"), ("date", "2030"), ("modality", "wish"), ("source", "notat.txt")]
    before = said_by(project)
    write(project, project.edits.editor().add("founding", said))
    new = [str(each) for each in said_by(project) - before]
    assert any("rank-normal" in each for each in new)
    assert not any("nordnett-board> <https://schema.org/foundingDate>" in each for each in new)


# -- facts that are there -------------------------------------------------------------------------------


def test_an_end_a_confirmation_and_a_change_touch_what_they_say_alone(project: Project) -> None:
    fact = "id:m-fjordby-kommune-nordnett"
    start = text_of(project)
    write(project, project.edits.editor().confirm(fact, [("on", "2020-12-01")]))
    assert added_lines(start, text_of(project)) == ['    cg:asOf "2020-12-01"^^xsd:date ;']
    before = said_by(project)
    write(
        project,
        project.edits.editor().end("membership", [("member", "Fjordby"), ("organization", "Nordnett"), ("on", "2021")]),
    )
    assert {each.predicate.value.rpartition("/")[2].rpartition("#")[2] for each in said_by(project) - before} == {
        "memberDuring", "type", "hasEnd", "inXSDgYear",
    }  # fmt: skip
    with pytest.raises(EditError, match="has an end already: 2021, not 2022"):
        project.edits.editor().end(fact, [("on", "2022")])
    write(project, project.edits.editor().change(fact, [("until", "2021-06-30")]))
    assert '"2021-06-30"^^xsd:date' in text_of(project)
    assert '"2021"^^xsd:gYear' not in text_of(project)
    assert not project.check().report.violations


def test_a_claim_that_changes_takes_its_statement_with_it(project: Project) -> None:
    fact = "claim-nordnett-founded-1998"
    write(project, project.edits.editor().change(fact, [("date", "1997")]))
    assert text_of(project).count('"1997"^^xsd:gYear') == 2
    assert '"1998"^^xsd:gYear' not in text_of(project)
    write(project, project.edits.editor().retract(fact, [("because", "Lest feil.")]))
    assert text_of(project).count('"1997"^^xsd:gYear') == 1
    assert not project.check().report.violations


def test_what_two_claims_state_goes_with_the_last_of_them(project: Project) -> None:
    path = project.folder / NETWORK
    twin = text_of(project).partition("id:claim-nordnett-founded-1998")[2].partition("\n.\n")[0]
    path.write_text(f"{text_of(project)}\nid:claim-nordnett-founded-again{twin}\n.\n", encoding="utf-8")
    write(project, project.edits.editor().retract("claim-nordnett-founded-1998", []))
    assert 'schema:foundingDate "1998"' in text_of(project)
    write(project, project.edits.editor().retract("claim-nordnett-founded-again", []))
    assert 'schema:foundingDate "1998"' not in text_of(project)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_removed_takes_the_line_that_kept_it_apart(project: Project, place: int) -> None:
    path = project.folder / "data/people.ttl"
    names = ["Kari", "Ola", "Åse"]
    blocks = [
        f'id:person-x{number} a foaf:Person ;\n    foaf:name "{name}" ;\n.\n' for number, name in enumerate(names)
    ]
    head = path.read_text(encoding="utf-8")
    path.write_text("\n".join([head, *blocks]), encoding="utf-8")
    write(project, project.edits.editor().retract(f"id:person-x{place}", []))
    kept = [each for number, each in enumerate(blocks) if number != place]
    assert path.read_text(encoding="utf-8") == "\n".join([head, *kept])
    with pytest.raises(EditError, match="Other facts refer"):
        project.edits.editor().retract("id:person-kari-nordmann", [])


@pytest.mark.parametrize(
    ("what", "said", "why", "next_"),
    [
        ("id:person-ola-nordmann", [("because", "Er død.")], "nothing more can be said of it: --because", "commit"),
        ("person", [("name", "Ola Nordmann"), ("sinse", "2019")], "nothing more can be said of it: --sinse", "--sinse"),
        ("person", [], "2 facts", "id:person-kari-nordmann"),
        ("working-group", [], "not said which", "id:"),
        ("renaming", [], "no such fact", "edit add renaming"),
    ],
)
def test_what_is_to_be_retracted_is_named_and_nothing_said_of_it_is_lost(
    refusing: Project, what: str, said: Said, why: str, next_: str
) -> None:
    with pytest.raises(EditError, match=re.escape(why)) as caught:
        refusing.edits.editor().retract(what, said)
    assert next_ in caught.value.fix


def test_a_fact_that_two_files_say_is_one(project: Project) -> None:
    again = text_of(project).partition("id:m-fjordby-kommune-nordnett")[2].partition("\n.\n")[0]
    prefixes = "".join(re.findall(r"(?m)^@prefix.*\n", text_of(project)))
    other = project.folder / "data/networks/twice.ttl"
    other.write_text(f"{prefixes}\nid:m-fjordby-kommune-nordnett{again}\n.\n", encoding="utf-8")
    said = [("member", "Fjordby"), ("organization", "Nordnett"), ("on", "2020-12-01")]
    assert project.edits.editor().confirm("membership", said).facts == (
        f"{project.config.base}id/m-fjordby-kommune-nordnett",
    )


def test_a_dispute_gives_the_rival_which_is_not_followed_and_the_point(project: Project) -> None:
    before = said_by(project)
    said = [("date", "1996"), ("source", "notat.txt"), ("because", "Protokollen sier noe annet.")]
    plan = project.edits.editor().dispute("claim-nordnett-founded-1998", said)
    assert project.edits.check(plan).violations == ()
    write(project, plan)
    rival, point = plan.facts
    new = {(each.predicate.value.rpartition("#")[2].rpartition("/")[2], each.object) for each in said_by(project) - before
           if each.subject in {Iri(rival), Iri(point)}}  # fmt: skip
    prefixes = prefixes_for(project.config.base)
    assert ("rank", Iri(f"{prefixes['concept']}rank-normal")) in new
    assert {value for name, value in new if isinstance(value, Iri) and value.value.startswith(prefixes["id"])} >= {
        Iri(rival), Iri(f"{prefixes['id']}claim-nordnett-founded-1998"),
    }  # fmt: skip
    assert any("Protokollen" in str(value) for _, value in new)
    assert text_of(project).count('"1996"^^xsd:gYear') == 1
    with pytest.raises(EditError, match="says the same"):
        project.edits.editor().dispute("claim-nordnett-founded-1998", [("date", "1998"), ("source", "notat.txt")])
    # Who says it again, or what is there as rejected, is shown that.
    for date in ("1996", "1999"):
        with pytest.raises(EditError, match=f"there already: id:claim-nordnett-founded-{date}"):
            project.edits.editor().dispute("claim-nordnett-founded-1998", [("date", date), ("source", "notat.txt")])


def test_what_is_wrong_is_told_in_the_words_and_the_language_of_whoever_wrote_it(refusing: Project) -> None:
    editor = refusing.edits.editor
    member = [("member", "Skogstad"), ("organization", "Nordnett")]
    with pytest.raises(EditError, match="--on '30/6/2026' is no date"):
        editor().end("membership", [*member, ("on", "30/6/2026")])
    with pytest.raises(EditError) as caught:
        editor().add("office", [("member", "Kari Nordmann"), ("organization", "Nordnett"), ("role", "sjef")])
    assert "visepresident (role-vice-president)" in said_in(caught.value.fix, "nb")
    assert "vice-president (role-vice-president)" in said_in(caught.value.fix, "en")
    with pytest.raises(EditError) as caught:
        editor().change("membership", [*member, ("role", "observer")])
    assert "write the address in place of the kind" in caught.value.fix
    said = [
        "office",
        "--member",
        "Nils Nesteby",
        "--organization",
        "Nordnett",
        "--role",
        "president",
        "--source",
        "notat.txt",
    ]
    shown = CliRunner().invoke(app, ["edit", "add", *said, "-C", str(refusing.folder), "--lang", "nb"])
    assert isinstance(shown.exception, QueryError)
    assert "Er det noe nytt, så legg det til først" in said_in(shown.exception.fix, "nb")


def test_a_document_goes_with_the_passages_that_no_fact_names_and_is_kept_for_those_that_one_does(
    project: Project,
) -> None:
    figure = [("organization", "Nordnett"), ("indicator", "countries"), ("value", "3"), ("date", "2011")]
    plan = project.edits.editor().add("figure", [*figure, ("source", "notat.txt"), ("quote", "assosiert partner")])
    write(project, plan)
    with pytest.raises(EditError) as caught:
        project.edits.editor().retract("source:notat.txt", [])
    assert "char=" not in caught.value.fix, "the facts are named, not where they stand"
    sources = text_of(project, "data/sources.ttl")
    head = "".join(line for line in sources.splitlines(keepends=True) if line.startswith("@prefix"))
    alone = 'source:alene.txt a foaf:Document , prov:Entity ; dct:title "Alene"@nb .\n'
    at = "<https://w3id.org/citygraph/source/alene.txt#char=0,4>"
    passage = f"{at} oa:hasSource source:alene.txt .\n<{at[1:-1]}/selector> oa:start 0 .\n"
    (project.folder / "data" / "alone.ttl").write_text(f"{head}\n{alone}\n{passage}", encoding="utf-8")
    plan = project.edits.editor().retract("source:alene.txt", [])
    assert b"alene" not in plan.contents["data/alone.ttl"]


def test_what_is_retracted_is_not_confirmed(project: Project) -> None:
    fact = "m-fjordby-kommune-nordnett"
    write(project, project.edits.editor().retract(fact, []))
    with pytest.raises(EditError, match="is retracted, and cannot be confirmed"):
        project.edits.editor().confirm(fact, [("on", "2020-12-01")])


def test_a_figure_is_one_number_or_a_range(project: Project) -> None:
    fact, predicates = "obs-nordnett-members-2020", ("value ", "minValue ", "maxValue ")
    changes: list[tuple[Said, str]] = [
        ([("from", "10"), ("to", "14")], "maxValue 14 minValue 10"),
        ([("value", "about 15")], "value 15"),
        ([("value", "10-14")], "maxValue 14 minValue 10"),
        ([("value", "12"), ("from", "10"), ("to", "14")], "maxValue 14 minValue 10 value 12"),
    ]
    for said, written_ in changes:
        write(project, project.edits.editor().change(fact, said))
        block = text_of(project).partition(f"id:{fact} a ")[2].partition("\n.\n")[0]
        lines = [line.strip().removeprefix("schema:").removesuffix(" ;") for line in block.splitlines()]
        assert " ".join(sorted(each for each in lines if each.startswith(predicates))) == written_


def test_a_person_who_is_withheld_leaves_the_offices_and_no_name(project: Project) -> None:
    people = project.folder / "data/people.ttl"
    with_more = people.read_text(encoding="utf-8").replace(
        'foaf:name "Kari Nordmann" ;', 'foaf:name "Kari Nordmann" ;\n    skos:altLabel "K. Nordmann" ;  # Kari Nordmann'
    )
    people.write_text(f"@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n{with_more}", encoding="utf-8")
    mappings = project.folder / "data/mappings/wikidata.sssom.tsv"
    rows = mappings.read_text(encoding="utf-8")
    mappings.write_text(rows.replace("id:place-fjordby", "id:person-kari-nordmann", 1), encoding="utf-8")
    kept = "Kari Nordmannsen, Kari og Nordmann\n"
    more = {"data/extra.nt": f'<{project.config.base}id/person-kari-nordmann> <http://www.w3.org/2004/02/skos/core#altLabel> "KN" .\n',
            "notes.txt": f"Kari Nordmann\n{kept}", "sources/a.csv": "Kari Nordmann\n",
            "data/x.TRIG": "# Kari Nordmann\n# K\\u0061ri\n#  Nordmann, KARI&#x20;NORDMANN\\u0073 Kari\\U00000020Nordmann"
            ' &#65;\\u0041 \\"Kari Nord&#109;ann\\" id:person-kari\\-nordmann\n'}  # fmt: skip
    for name, said in more.items():
        (project.folder / name).write_text(said, encoding="utf-8")
    offices = [each for each in said_by(project) if "#member>" in str(each) and "kari-nordmann" in str(each.object)]
    checked = project.edits.check(project.edits.editor().withhold("Kari Nordmann", []))
    assert checked.violations == ()
    project.edits.write(checked)
    files = [
        path for top in ("data", "queries", "ontology") for path in (project.folder / top).rglob("*") if path.is_file()
    ]
    left = [
        path.name
        for path in files
        if re.search("kari.?nordmann|K. Nordmann", path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert left == []
    assert (project.folder / "notes.txt").read_text(encoding="utf-8") == f"(withheld)\n{kept}"
    assert f'cg:withheldSince "{TODAY}"^^xsd:date' in people.read_text(encoding="utf-8")
    escaped = (project.folder / "data/x.TRIG").read_text(encoding="utf-8")
    assert escaped == (
        '# (withheld)\n# (withheld), (withheld)\\u0073 (withheld) &#65;\\u0041 \\"(withheld)\\" id:person-withheld-1\n'
    )
    assert (project.folder / "data/extra.nt").read_text(encoding="utf-8") == ""
    assert (project.folder / "sources/a.csv").read_text(encoding="utf-8") == "Kari Nordmann\n"
    held = [each for each in said_by(project) if "#member>" in str(each) and "person-withheld-1" in str(each.object)]
    assert len(held) == len(offices) > 0
    assert "Ola Nordmann" in people.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("data/unicode.csv", "navn\nKari Nordmann\n".encode("utf-16")),
        ("data/lists/Kari_Nordmann.ttl", b"# A list\n"),
    ],
)
def test_a_name_that_is_not_taken_out_is_told(project: Project, name: str, data: bytes) -> None:
    (project.folder / "data" / "lists").mkdir()
    (project.folder / name).write_bytes(data)
    plan = project.edits.editor().withhold("Kari Nordmann", [])
    assert any(f"in {name}: look at them" in each.en for each in plan.told)
    assert name not in plan.contents


def test_the_texts_of_documents_lie_where_the_settings_say(project: Project) -> None:
    for name in ("texts/a.csv", "sources/a.csv"):
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_text("Kari Nordmann\n", encoding="utf-8")
    state = EditedGraph(load_files(project.config).graphs)
    person = f"{project.config.base}id/person-kari-nordmann"
    changed = {
        each.path
        for each in withhold_person(person, state, project.folder, project.folder / "texts", today=TODAY).files
    }
    assert "sources/a.csv" in changed
    assert "texts/a.csv" not in changed


@pytest.mark.parametrize(
    ("value", "written"), [("0", "0"), ("-7", "-7"), ("05", '"05"^^xsd:integer'), ("0 .", '"0 ."^^xsd:integer')]
)
def test_a_number_is_written_bare_when_it_is_one(value: str, written: str) -> None:
    xsd = "http://www.w3.org/2001/XMLSchema#"
    triple = Triple(Iri("s:a"), Iri("s:p"), Literal(value, datatype=Iri(f"{xsd}integer")))
    text = EditableTurtle("a.ttl", "").changed(StatementChange(added=(triple,)), prefixes={"xsd": xsd})
    assert f"<s:p> {written} .\n" in text


def added_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[2:] for line in lines if line[0] in "+-"]


# -- what is refused ------------------------------------------------------------------------------------

REFUSED: list[tuple[str, Said, str, str]] = [
    ("membrship", [], "no kind of fact", "membership"),
    ("membership", [("membr", "Oslo")], "no --membr", "--member"),
    ("membership", [("member", "Fjordby")], "needs --organization, --source", "--organization"),
    ("membership", [("member", "Fjord Cityy"), ("organization", "Nordnett")], "Fjord Cityy", "id:place-fjordby"),
    ("membership", [("member", "Fjordb"), ("organization", "Nordnett")], "Fjordb", "Fjordby"),
    ("membership", [("role", "presdent")], "presdent", "full member"),
    ("membership", [("since", "31.2.2019")], "no date", "2026-11-30"),
    ("membership", [("since", "2019"), ("since", "2020")], "once", "since"),
    *(
        ("figure", [("value", each)], "no whole number", "140")
        for each in ("kanskje 50", ">50", "~50", "\u201350", "about >50", "1,234.567", "1 234,567", "\u0665\u0660")
    ),
    ("document", [("page", "javascript:x")], "no web address", "https"),
    ("document", [("title", " ")], "empty", "called"),
    ("membership", [("quote", "x"), ("source", "notat.txt")], "behind the --source", "--source"),
    ("membership", [("source", "memo.docx")], "no document", "edit add document"),
    ("membership", [("source", "notat.txt"), ("quote", "fjordby  er medlem")], "do not stand", "'Fjordby er medlem'"),
    ("membership", [("source", "notat.txt"), ("quote", "er")], "places", "--occurrence"),
    ("membership", [("source", "notat.txt"), ("quote", "er"), ("occurrence", "99")], "places", "--occurrence"),
    (
        "membership",
        [("source", "notat.txt"), ("quote", "assosiert partner"), ("occurrence", "2")],
        "one place only",
        "out",
    ),
    ("membership", [("source", "notat.txt"), ("quote", "er"), ("occurrence", "\u00b2")], "no number", "--occurrence 2"),
    ("membership", [("source", "notat.txt"), ("occurrence", "2")], "no quote", "--quote"),
    ("membership", [("source", "register"), ("quote", "x")], "not at hand", "sources"),
    (
        "membership",
        [("member", "Fjordby"), ("organization", "Nordnett"), ("source", "register")],
        "there already",
        "confirm",
    ),
]


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = clean_project(tmp_path_factory.mktemp("refused") / "project", questions=False)
    return Project.open(folder, today=TODAY)


@pytest.mark.parametrize(("kind", "said", "what", "next_"), REFUSED)
def test_what_is_not_understood_is_told_with_the_next_step(
    refusing: Project, kind: str, said: Said, what: str, next_: str
) -> None:
    with pytest.raises((EditError, QueryError)) as caught:
        refusing.edits.editor().add(kind, said)
    assert what in caught.value.message
    assert next_ in caught.value.fix


@pytest.mark.parametrize(("text", "number"), [("1 234 567", "1234567"), ("ca. 1.050", "1050"), ("at least -5", "-5")])
def test_a_number_has_one_mark_between_its_thousands(refusing: Project, text: str, number: str) -> None:
    editor = refusing.edits.editor()
    (value,) = editor.answers.values(editor.kinds.named("figure"), [("value", text)])["value"]
    assert str(value).startswith(f'"{number}"')


def test_that_it_is_written_is_said_when_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["edit", "confirm", "m-fjordby-kommune-nordnett", "--on", "2020-12-01", "--format", "json"]
    said: list[str] = []
    for full in (True, False):
        with monkeypatch.context() as patched:
            if full:
                patched.setattr(Edits, "write", lambda *_: _full())
            said.append(CliRunner().invoke(app, [*arguments, "-C", str(project.folder)]).stdout)
    assert ['"written": true' in each for each in said] == [False, True]
    assert '"2020-12-01"' in text_of(project)


def _full() -> None:
    raise ExportError("no space")


def test_an_edit_that_breaks_a_rule_is_not_written(project: Project) -> None:
    before = text_of(project)
    said = [("organization", "Nordnett"), ("date", "1990"), ("source", "register")]
    checked = project.edits.check(project.edits.editor().add("founding", said))
    assert [each.code for each in checked.violations] == ["two-founding-dates"]
    with pytest.raises(EditError, match="break rules that are kept now"):
        project.edits.write(checked)
    assert text_of(project) == before


def test_somebody_who_was_faster_is_not_overwritten(project: Project) -> None:
    plan = project.edits.editor().confirm("m-fjordby-kommune-nordnett", [("on", "2020-12-01")])
    path = project.folder / NETWORK
    path.write_text(f"{text_of(project)}# Mine\n", encoding="utf-8")
    with pytest.raises(EditError, match="somebody else"):
        write(project, plan)
    assert text_of(project).endswith("# Mine\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])  # as git leaves it on some machines
def test_what_an_import_keeps_is_not_changed_by_hand(project: Project, newline: str) -> None:
    path = project.folder / NETWORK
    kept = f"# Written by citygraph ingest. sha256 {'0' * 64}\n\n{text_of(project)}"
    path.write_bytes(kept.replace("\n", newline).encode())
    with pytest.raises(EditError, match="a program writes"):
        project.edits.editor().retract("claim-nordnett-founded-1998", [])
    plan = project.edits.editor().confirm("m-fjordby-kommune-nordnett", [("on", "2020-12-01")])
    assert NETWORK not in plan.contents
    write(project, plan)
    assert not project.check().report.violations


# -- what is lost ---------------------------------------------------------------------------------------


def comments(text: str) -> list[str]:
    return sorted(token.text for token in tokens(text, TURTLE) if token.kind == "comment")


def blocks(text: str) -> dict[str, str]:
    """The text of each block by its first word."""
    body = re.sub(r"(?m)^(@prefix|#).*\n", "", text)
    return {each.split()[0]: each for each in re.split(r"(?m)^\.\n", body) if each.split()}


def commented(text: str, chance: random.Random) -> str:
    """The same with remarks before, behind and between its lines."""
    lines = []
    for number, line in enumerate(text.splitlines()):
        if chance.random() < 0.1 and not line.startswith("@"):
            lines.append(f"{'    ' if line.startswith(' ') else ''}# Remark {number}")
        lines.append(f"{line}  # Behind {number}" if line.endswith(";") and chance.random() < 0.1 else line)
    return "\n".join(lines) + "\n"


def test_random_edits_change_their_own_block_and_lose_no_comment(project: Project) -> None:
    chance = random.Random(20261130)  # noqa: S311  # the same edits in every run
    path = project.folder / NETWORK
    path.write_text(commented(text_of(project), chance), encoding="utf-8")
    write_formatted(path)
    edits = [
        ("confirm", "id:m-fjordby-kommune-nordnett"),
        ("change", "id:claim-nordnett-founded-1998"),
        ("end", "id:m-skogstad-kommun-nordnett"),
        ("retract", "id:m-kari-nordmann-nordnett-president"),
        ("change", "id:claim-nordnett-founded-1999"),
    ]
    refused: set[str] = set()
    for number in range(16):
        verb, fact = chance.choice(edits)
        said = {
            "confirm": [("on", f"2020-{1 + number % 12:02}-{1 + number % 28:02}")],
            "change": [("date", str(1950 + number))],
            "end": [("ended-by", f"20{30 + number}-01-01")],
            "retract": [("because", f"Nr. {number}")],
        }[verb]
        before = text_of(project)
        try:
            plan = getattr(project.edits.editor(), verb)(fact, said)
        except EditError as error:
            refused.add(str(error.message).partition(" has ")[2][:12])
            continue
        write(project, plan)
        after = text_of(project)
        assert comments(after) == comments(before)
        changed = {name for name, block in blocks(before).items() if blocks(after).get(name) != block}
        own = fact.removeprefix("id:")
        assert all(own in each or each == "id:nordnett" for each in changed), (verb, changed)
        write(project, undone(plan))
        assert text_of(project) == before
        if chance.random() < 0.5:
            write(project, plan)
    assert refused <= {"an end alread", "an end alrea", "ended, and c"}
    assert not project.check().report.violations


def undone(plan: EditPlan) -> EditPlan:
    """What `git revert` does: the bytes of before, as long as nobody changed them since."""
    back = tuple(plans.EditedFile(each.path, each.after, each.before or b"") for each in plan.changes)
    return EditPlan(back, (), ())


def write_formatted(path: Path) -> None:
    path.write_text(format_file(path, name=path.name).after, encoding="utf-8")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_stay(project: Project, newline: str, mark: str) -> None:
    path = project.folder / NETWORK
    text = mark + text_of(project).replace("\n", newline)
    # A line end inside of a string is part of what is said, whatever ends the lines of the file.
    literal = 'skos:note """to\nlinjer\r\nog en""" ;'
    data = text.replace(
        f"    org:role concept:role-full-member ;{newline}",
        f"    org:role concept:role-full-member ;{newline}    {literal}{newline}",
    ).encode()
    path.write_bytes(data)
    write(project, project.edits.editor().confirm("m-fjordby-kommune-nordnett", [("on", "2020-12-01")]))
    after = path.read_bytes()
    assert after.replace(f'    cg:asOf "2020-12-01"^^xsd:date ;{newline}'.encode(), b"") == data


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # A remark ends with its line, also where its block goes and something stands behind the dot.
        ("id:a cg:p 1 ; # last\n # inner\n . # end\n", "# inner\n# last\n # end\n"),
        ("id:a cg:p 1 ; # last\n . id:b cg:p 2 .\n", "# last\n id:b cg:p 2 .\n"),
    ],
)
def test_the_remarks_of_a_block_that_goes_stay_in_lines_of_their_own(text: str, left: str) -> None:
    gone = StatementChange(removed=(triple("a", "1"),))
    assert EditableTurtle("x.ttl", f"{HEAD}{text}").changed(gone, prefixes={}) == f"{HEAD}{left}"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}id:a cg:p 1 . id:b\n cg:p 2 .\n",
        f"{HEAD}id:a cg:p 1 .\n@prefix z: <https://z.example/> .\nid:b cg:p z:b .\n",
        "<https://x.example/id/a> <https://x.example/o#p> 1 .\n@prefix z: <https://z.example/> .\nz:b a z:C .\n",
    ],
)
def test_two_blocks_in_a_line_and_a_prefix_below_a_block_do_not_refuse_an_edit(text: str) -> None:
    new = StatementChange(added=(triple("a", "3", "q"), triple("n", "4", "q")))
    prefixes = {"cg": "https://x.example/o#", "n": "https://x.example/o#q"}
    after = EditableTurtle("x.ttl", text).changed(new, prefixes=prefixes, after="https://x.example/id/a")
    said = {each.triple for each in parse(text.encode(), format="ttl").quads}
    assert {each.triple for each in parse(after.encode(), format="ttl").quads} == said | set(new.added)


def triple(subject: str, number: str, predicate: str = "p") -> Triple:
    value = Literal(number, datatype=Iri("http://www.w3.org/2001/XMLSchema#integer"))
    return Triple(Iri(f"https://x.example/id/{subject}"), Iri(f"https://x.example/o#{predicate}"), value)


@pytest.mark.parametrize(
    ("name", "data"),
    [("data/places.ttl", b"# caf\xe9\n"), ("data/places.ttl", b"id:x a \n"), ("data/new.ttl", b"\xff")],
)
def test_no_edit_is_made_of_a_graph_that_could_not_be_read_whole(project: Project, name: str, data: bytes) -> None:
    """What stands in the file might be the very thing that is added, or the one that is meant."""
    path = project.folder / name
    path.write_bytes((path.read_bytes() if path.exists() else b"") + data)
    for said in (
        [("name", "Vik"), ("country", "Norge"), ("source", "register")],
        [("name", "V"), ("country", "Nowhere")],
    ):
        with pytest.raises(EditError, match=f"{name}.* could not be read"):
            project.edits.editor().add("city", said)
    with pytest.raises(EditError, match="could not be read"):
        project.edits.take(["eurocities"])


def test_what_an_internal_document_says_stands_in_no_public_file(project: Project) -> None:
    settings, internal = project.folder / "graph.toml", project.folder / "data/internal"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[publish]", '[publish]\ninternal = ["data/internal"]'),
        encoding="utf-8",
    )
    internal.mkdir()
    sources = text_of(project, "data/sources.ttl")
    head = "".join(line for line in sources.splitlines(keepends=True) if line.startswith("@prefix"))
    document = 'source:hemmelig.txt a foaf:Document ; dct:title "Hemmelig"@nb ; dct:date "2020-10-01"^^xsd:date .\n'
    (internal / "sources.ttl").write_text(f"{head}\n{document}", encoding="utf-8")
    again = Project.open(project.folder, today=TODAY)
    of_it = ("source", "hemmelig.txt")
    figure = [("organization", "Nordnett"), ("indicator", "countries"), ("value", "7"), ("date", "2018"), of_it]
    plan = again.edits.editor().add("figure", figure)
    assert list(plan.contents) == ["data/internal/nordnett.ttl"]
    write(again, plan)
    plan = again.edits.editor().confirm("m-fjordby-kommune-nordnett", [("on", "2020-12-01"), of_it])
    assert list(plan.contents) == ["data/internal/nordnett.ttl"]
    write(again, plan)
    public = [*figure[:3], ("date", "2017"), ("source", "notat.txt")]
    assert list(again.edits.editor().add("figure", public).contents) == [NETWORK]
    plan = again.edits.editor().confirm("m-fjordby-kommune-nordnett", [("on", "2021-01-01"), ("source", "notat.txt")])
    assert list(plan.contents) == [NETWORK]


def leave_no_room(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of that name gets into its place; all that goes there before it does."""
    rename = Path.replace

    def full(path: Path, target: Path) -> Path:
        if target.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", full)


def test_a_break_between_two_files_leaves_none_of_both(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in project.folder.glob("data/**/*.ttl")}
    said = [("organization", "Nordnett"), ("indicator", "country-count"), ("value", "3"),
            ("source", "notat.txt"), ("quote", "assosiert partner")]  # fmt: skip
    plan = project.edits.editor().add("figure", said)
    assert [each.path for each in plan.changes] == ["data/sources.ttl", NETWORK]
    leave_no_room(Path(NETWORK).name, monkeypatch)
    with pytest.raises(ExportError, match="No space left"):
        write(project, plan)
    assert {path: path.read_bytes() for path in before} == before


def test_a_kill_at_any_step_of_writing_leaves_each_file_whole_and_the_edit_can_be_made_again(project: Project) -> None:
    """A process that is killed before each sync and each rename in turn, until one comes through."""
    folder = project.folder
    said = [("organization", "Nordnett"), ("indicator", "country-count"), ("value", "3"),
            ("source", "notat.txt"), ("quote", "assosiert partner")]  # fmt: skip
    start = {path: path.read_bytes() for path in folder.glob("data/**/*.ttl")}
    plan = project.edits.editor().add("figure", said)
    after = {folder / each.path: each.after for each in plan.changes}
    steps = 0
    while killed_at(steps, lambda: write(project, plan)):
        steps += 1
        now = {path: path.read_bytes() for path in start}
        assert all(data in {start[path], after.get(path)} for path, data in now.items())
        # What others refer to is there first, and what was half written is read by nobody.
        assert now[folder / NETWORK] == start[folder / NETWORK] or now == {**start, **after}
        assert not [each for each in load_files(project.config).findings if each.severity == "violation"]
        if now != {**start, **after}:
            again = project.edits.editor().add("figure", said)
            assert {**now, **{folder / each.path: each.after for each in again.changes}} == {**start, **after}
        for path, data in start.items():
            path.write_bytes(data)
    assert steps >= 2 * 3, "sync, rename and sync of two files"
    assert {path: path.read_bytes() for path in start} == {**start, **after}


def test_an_undo_that_is_killed_is_finished_by_the_next(project: Project) -> None:
    """An edit that made a file and changed another, taken back by a process that is killed at each step."""
    said = [("name", "Sørnett"), ("source", "notat.txt"), ("quote", "assosiert partner")]
    start = {path: path.read_bytes() for path in project.folder.glob("data/**/*.ttl")}
    plan = project.edits.editor().add("network", said)
    new = next(project.folder / each.path for each in plan.changes if each.before is None)
    steps, is_killed = 0, True
    while is_killed:
        write(project, plan)
        is_killed = killed_at(steps, lambda: plans.take_back(plan.changes, project.folder))
        steps += 1
        for each in plan.changes:
            place = project.folder / each.path
            assert (place.read_bytes() if place.is_file() else None) in {each.before, each.after}
        plans.take_back(plan.changes, project.folder)
        assert {path: path.read_bytes() for path in project.folder.glob("data/**/*.ttl")} == start
    assert steps > 2
    assert not new.exists()
    new.write_bytes(b"# Another.\n")
    with pytest.raises(EditError, match="somebody else"):
        plans.take_back(plan.changes, project.folder)


def test_a_disk_without_room_refuses_in_one_sentence_and_changes_nothing(project: Project) -> None:
    """The system itself refuses: no file of this process may grow beyond what the old files have."""
    plan = project.edits.editor().add(
        "network", [("name", "Sørnett"), ("source", "notat.txt"), ("quote", "assosiert partner")]
    )
    before = {path: path.read_bytes() for path in project.folder.rglob("*.ttl")}
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
        try:
            write(project, plan)
        except ExportError as error:
            os._exit(0 if "File too large" in error.message and error.fix else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.suffix == ".ttl"} == before
    assert not list(project.folder.glob("data/**/.*"))


def killed_at(step: int, do: Callable[[], object]) -> bool:
    """Whether a process that does this and is killed before that sync, rename or removal was killed."""
    child = os.fork()
    if not child:
        count = iter(range(1_000))

        def counted(real: Callable[..., object]) -> Callable[..., object]:
            def counting(*arguments: object) -> object:
                if next(count) == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments)

            return counting

        for name in ("fsync", "rename", "replace", "unlink"):
            setattr(os, name, counted(getattr(os, name)))
        do()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, "a fault of the child"
    return status == signal.SIGKILL


def test_of_two_who_write_at_once_the_second_is_refused_with_both_values(project: Project) -> None:
    """Two windows: each planned on the same files. Nothing of the first is lost, and the second can be made again."""
    fact = "m-fjordby-kommune-nordnett"
    first, second = (project.edits.editor().change(fact, [("role", role)]) for role in ("observer", "partner"))
    write(project, first)
    with pytest.raises(EditError, match=r"role-observer.*role-associated-partner"):
        write(project, second)
    assert "concept:role-observer" in text_of(project)
    write(project, project.edits.editor().change(fact, [("role", "partner")]))
    assert "concept:role-associated-partner" in text_of(project).partition(f"id:{fact} ")[2].partition("\n.\n")[0]


def test_a_checkout_of_git_is_noticed_and_a_revert_gives_the_file_back(project: Project) -> None:
    folder = project.folder

    def git(*words: str) -> None:
        own = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "core.autocrlf=false"]
        subprocess.run(["git", *own, "-C", str(folder), *words], check=True, capture_output=True)

    before = (folder / NETWORK).read_bytes()
    git("init", "-q")
    git("add", "data")
    git("commit", "-qm", "Before")
    write(project, project.edits.editor().confirm("m-fjordby-kommune-nordnett", [("on", "2020-12-01")]))
    late = project.edits.editor().retract("claim-nordnett-founded-1998", [])
    git("commit", "-qam", "Confirmed")
    git("revert", "--no-edit", "HEAD")
    assert (folder / NETWORK).read_bytes() == before
    with pytest.raises(EditError, match="somebody else"):
        write(project, late)
    assert (folder / NETWORK).read_bytes() == before


def test_random_edits_over_all_kinds_touch_their_own_and_are_undone(project: Project) -> None:
    """A part of what `python tests/random_edits.py 1000` does with the reference graph."""
    edits, made = RandomEdits(project, 20261201), set[str]()
    while len(made) < 6:
        try:
            name, plan = edits.plan()
            beside = second_window(edits, plan)
        except (EditError, QueryError):
            continue
        made.add(name)
        assert beside == "", name
        assert faults(plan) == [], name
        assert written_and_undone(project, plan) == [], name


def test_an_import_of_a_list_writes_both_files_or_none(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are written by the same hand as edits."""
    members, map_file = project.folder / "members.csv", project.folder / "members.toml"
    members.write_text("City;Country;Network\nFjordby;Norway;Nordnett\n", encoding="utf-8")
    map_file.write_text(
        'list = "members"\nas_of = 2020-11-05\n[columns]\ncity = "City"\ncountry = "Country"\nnetwork = "Network"\n',
        encoding="utf-8",
    )
    written = [
        project.folder / "data/sources/members-2020-11-05.ttl",
        project.folder / "data/ingested/members/2020-11-05.ttl",
    ]
    with monkeypatch.context() as patched:
        leave_no_room(written[1].name, patched)
        with pytest.raises(ExportError, match="No space left"):
            project.ingest(members, map_file=map_file)
    assert not any(path.exists() for path in (*written, written[1].with_suffix(".report.csv")))
    project.ingest(members, map_file=map_file)
    assert all(path.exists() for path in written)


def test_a_document_is_kept_once_and_an_edit_that_is_refused_leaves_none(project: Project, tmp_path: Path) -> None:
    memo = tmp_path / "ny memo.txt"
    memo.write_text("Nordnett har 3 medlemmer.\n", encoding="utf-8")
    said = [("title", "Ny"), ("date", "2020-11-06"), ("file", str(memo))]
    plan = project.edits.editor().add("document", said)
    kept = project.folder / "sources" / "ny-memo.txt"

    def stopped(_: object) -> Report:
        assert kept.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Edits(project.config, stopped, reference=ROOT, today=TODAY).check(plan)
    assert not kept.exists()
    checked = project.edits.check(plan)
    project.edits.write(checked)
    assert checked.findings == ()
    assert kept.read_bytes() == memo.read_bytes()
    with pytest.raises(EditError, match="already"):
        project.edits.editor().add("document", said)
    gone = project.edits.editor().retract("source:ny-memo.txt", [])
    assert str(kept) in gone.told[-1].nb, "what is left behind is told"


@pytest.mark.parametrize("full", ["ny.txt", "sources.ttl"])
def test_a_document_is_written_with_its_text_or_not_at_all(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    memo = tmp_path / "ny.txt"
    memo.write_text("Nordnett har 3 medlemmer.\n", encoding="utf-8")
    said = [("title", "Ny"), ("date", "2020-11-06"), ("file", str(memo))]
    checked = CheckedEdit(project.edits.editor().add("document", said), ())
    before = files_of(project.folder)
    with monkeypatch.context() as patched:
        leave_no_room(full, patched)
        with pytest.raises(ExportError, match="No space left"):
            project.edits.write(checked)
    assert files_of(project.folder) == before
    (project.folder / "sources").mkdir(exist_ok=True)
    (project.folder / "sources" / "ny.txt").write_text("Other", encoding="utf-8")
    with pytest.raises(EditError, match="Another text lies in"):
        project.edits.write(checked)


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_a_fact_needs_that_is_new_is_one_edit_with_it_and_one_undo(project: Project) -> None:
    before = files_of(project.folder)
    editor = project.edits.editor()
    person = editor.add("person", [("name", "Lise Berg")])
    office = [("member", person.facts[0]), ("organization", "Nordnett"), ("role", "president"), ("source", "notat.txt")]
    plan = plans.joined([person, editor.after(person).add("office", [*office, ("as-of", "2018")])])
    assert files_of(project.folder) == before
    assert [each.en.split()[0] for each in plan.told] == ["New", "New"]
    assert plan.facts[0].endswith("president"), "what the edit is for comes first"
    write(project, plan)
    assert EditedGraph(load_files(project.config).graphs).objects(person.facts[0], NAME)
    plans.take_back(plan.changes, project.folder)
    assert files_of(project.folder) == before
