"""The published folder: everything is there, reads back as what it is, and comes out the same twice."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import warnings
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import csvw
import fdk_rdf_parser
import pytest

from citygraph import Project
from citygraph.errors import PublishError
from citygraph.export import export_bytes, write_graph
from citygraph.messages import said_in
from citygraph.publish import PROFILES, Published, check_harvest, check_profile
from citygraph.publish.check import closure_of
from citygraph.publish.files import class_files
from citygraph.publish.folder import NewFolder
from citygraph.publish.write import DATA_FORMATS
from citygraph.rdf import Iri, Quad, canonical_hash, parse
from clean_project import clean_project
from conftest import TODAY
from portal_record import BASE, iri, subjects

_DIFFICULT = """
@prefix id: <https://w3id.org/citygraph/id/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
id:difficult skos:note "rød grøt ⛴ \\U0001F3D9 \\"quoted\\" <b>&amp;</b> ]]> \\\\ tab\\t line\\n end"@nb ,
        "same"@en , "same"@en-GB , "same" , "" , " " , "2020-11-05" , "''' \\"\\"\\"" , "نص"@ar , "e\\u0301" , "\\u00e9" ;
    skos:example "01"^^xsd:integer , "1"^^xsd:integer , "1.50"^^xsd:decimal , "1.5"^^xsd:decimal , "+1.0E+2"^^xsd:double ,
        "INF"^^xsd:double , "true"^^xsd:boolean , "1"^^xsd:boolean , "2020-11-05"^^xsd:date , "0044-03-15"^^xsd:date ,
        "2020-11-05T24:00:00Z"^^xsd:dateTime , "2020"^^xsd:gYear , "P1Y2M"^^xsd:duration , "x"^^<urn:x-kind:a%20b> .
"""


class _Page(HTMLParser):
    """The links and the scripts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.scripts: list[str] = []
        self.language = ""
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [value for key in ("href", "src") if (value := values.get(key))]
        self.ids |= {value for key in ("id",) if (value := values.get(key))}
        self._in_script = tag == "script"
        self.language = values.get("lang") or self.language

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)


def _page(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _paths(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_reference_graph_is_published_with_its_placeholder_as_the_one_finding(
    published: tuple[Path, Published],
) -> None:
    _, outcome = published
    assert outcome.written
    assert [each.code for each in outcome.report.findings] == ["publish-placeholder"]


def test_everything_a_portal_and_a_person_look_for_is_there(published: tuple[Path, Published]) -> None:
    folder, outcome = published
    paths = _paths(folder)
    expected = [f"data/graph.{name}{packed}" for name in DATA_FORMATS for packed in ("", ".gz")]
    expected += [f"catalog/{name}.{ending}" for name in PROFILES for ending in ("ttl", "rdf", "jsonld")]
    expected += ["index.html", "en.html", "void.ttl", ".well-known/void", "SHA256SUMS", "openapi.json"]
    expected += [
        "ontology/nb.html",
        "ontology/en.html",
        "ontology/ontology.ttl",
        "ontology/ontology.rdf",
        "ontology/kinds.ttl",
    ]
    expected += [f"classes/cg-City.{ending}" for ending in ("csv", "csv-metadata.json", "json", "geojson", "xlsx")]
    expected += [f"queries/members.{ending}" for ending in ("csv", "csv-metadata.json", "json", "xlsx")]
    expected += ["queries/places-on-the-map.geojson", "queries/grlc/members.rq", "queries/examples/members.ttl"]
    assert [path for path in expected if path not in paths] == []
    assert sorted(outcome.files) == [path for path in paths if path != "SHA256SUMS"]


def test_the_checksums_are_right(published: tuple[Path, Published]) -> None:
    folder, _ = published
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    found = {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
    assert sorted(found) == [path for path in _paths(folder) if path != "SHA256SUMS"]
    assert all(hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest for path, digest in found.items())


@pytest.mark.slow
def test_another_run_gives_the_same_bytes_and_replaces_the_folder(
    published: tuple[Path, Published], this_project: Project, tmp_path: Path
) -> None:
    folder, _ = published
    target = tmp_path / "site"
    for _ in range(2):
        assert this_project.publish(target).written
        assert (target / "SHA256SUMS").read_bytes() == (folder / "SHA256SUMS").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_another_reader_of_csvw_reads_every_table_that_is_published(published: tuple[Path, Published]) -> None:
    folder, _ = published
    found = sorted(folder.glob("*/*.csv"))
    assert len(found) > 60
    for path in found:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = csvw.Table.from_file(f"{path}-metadata.json")
            read = list(table)
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        assert len(read) == len(rows), path
        assert [str(each.titles) for each in table.tableSchema.columns] == head, path
    said = json.loads((folder / "queries/members.csv-metadata.json").read_text(encoding="utf-8"))
    of_class = json.loads((folder / "classes/cg-City.csv-metadata.json").read_text(encoding="utf-8"))
    assert of_class["dc:license"] == said["dc:license"]
    assert of_class["dc:temporal"] == said["dc:temporal"] == {"@value": "2020-11-05", "@type": "xsd:date"}
    assert said["dc:title"][0] == {"@value": "Medlemmer og partnere", "@language": "nb"}
    assert said["dc:license"]["@id"].endswith("CC_BY_4_0")
    assert said["dc:source"]["@id"].endswith("dataset/graph")
    assert said["rdfs:comment"][0]["@value"].startswith("Per 2020-11-05: 5 gjelder")


def test_a_packed_file_is_the_file_without_a_time_in_it(published: tuple[Path, Published]) -> None:
    folder, _ = published
    for name in DATA_FORMATS:
        packed = (folder / f"data/graph.{name}.gz").read_bytes()
        assert gzip.decompress(packed) == (folder / f"data/graph.{name}").read_bytes()
        assert packed[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("name", DATA_FORMATS)
def test_every_format_of_the_data_reads_back_as_the_graph(
    name: str, published: tuple[Path, Published], this_project: Project
) -> None:
    folder, _ = published
    parsed = parse((folder / f"data/graph.{name}").read_bytes(), format=name)
    assert not parsed.problems
    quads = this_project.quads("both")
    if name not in {"nq", "trig"}:
        quads = [Quad(each.subject, each.predicate, each.object) for each in quads]
    assert canonical_hash(parsed.quads) == canonical_hash(quads)


@pytest.mark.parametrize("name", DATA_FORMATS)
def test_difficult_literals_keep_their_form_in_every_format(name: str, tmp_path: Path) -> None:
    folder = clean_project(tmp_path / "project")
    (folder / "data" / "difficult.ttl").write_text(_DIFFICULT, encoding="utf-8")
    graph = Iri(f"{BASE}graph/data/difficult.ttl")
    quads = parse(
        _DIFFICULT.encode() + f'id:long skos:note """{"å " * 100_000}""" .'.encode(), format="ttl", graph_name=graph
    ).quads
    parsed = parse(export_bytes(quads, format=name), format=name)
    assert not parsed.problems
    assert {each.triple for each in parsed.quads} == {each.triple for each in quads}


@pytest.mark.slow
def test_a_property_that_rdf_xml_cannot_write_is_a_finding_and_the_rest_is_published(tmp_path: Path) -> None:
    folder = clean_project(tmp_path / "project")
    path = folder / "data" / "hostile.ttl"
    path.write_text(
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        f'<{BASE}id/nordnett> <https://example.org/terms/2020> "x" .\n',
        encoding="utf-8",
    )
    outcome = Project.open(folder, today=TODAY).publish(tmp_path / "site")
    found = [each for each in outcome.report if each.code == "publish-not-xml"]
    assert [each.file for each in found] == ["data/graph.rdf"]
    assert "example.org/terms/2020" in found[0].message.en
    assert outcome.written, list(outcome.report.violations)
    assert not (tmp_path / "site" / "data" / "graph.rdf").exists()
    assert (tmp_path / "site" / "data" / "graph.ttl").exists()
    assert "graph-rdf" not in (tmp_path / "site" / "catalog" / "dcat-ap-3.ttl").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PROFILES)
def test_every_format_of_a_catalogue_says_the_same_and_passes(name: str, published: tuple[Path, Published]) -> None:
    folder, outcome = published
    hashes = set()
    for ending in ("ttl", "rdf", "jsonld"):
        parsed = parse((folder / f"catalog/{name}.{ending}").read_bytes(), format=ending)
        assert not parsed.problems
        hashes.add(canonical_hash(parsed.quads))
    assert len(hashes) == 1
    triples = [quad.triple for quad in parsed.quads]
    assert check_profile(triples, PROFILES[name]) == []
    assert check_harvest(triples, base=BASE) == []
    datasets = {Iri(each.iri): each for each in outcome.catalog.datasets}
    assert set(subjects(triples, "dcat:Dataset")) == set(datasets)
    for dataset, each in datasets.items():
        assert len(closure_of(triples, dataset, others=set(datasets))) < 30 * len(each.distributions) + 130


@pytest.mark.parametrize("name", PROFILES)
def test_sizes_and_addresses_in_a_catalogue_are_those_of_the_files(
    name: str, published: tuple[Path, Published]
) -> None:
    folder, _ = published
    triples = [q.triple for q in parse((folder / f"catalog/{name}.ttl").read_bytes(), format="ttl").quads]
    for distribution in subjects(triples, "dcat:Distribution"):
        about = {t.predicate: t.object for t in triples if t.subject == distribution}
        address, size = about[iri("dcat:downloadURL")], about[iri("dcat:byteSize")]
        assert isinstance(address, Iri)
        assert (folder / address.value.removeprefix(BASE)).stat().st_size == int(getattr(size, "value", "-1"))


@pytest.mark.parametrize("name", ["dcat-ap-no-2", "dcat-ap-no-3"])
@pytest.mark.filterwarnings("ignore")
def test_the_parser_of_data_norge_no_reads_every_dataset_distribution_and_service(
    name: str, published: tuple[Path, Published]
) -> None:
    folder, outcome = published
    text = (folder / f"catalog/{name}.ttl").read_text(encoding="utf-8")
    dataset = fdk_rdf_parser.parse_datasets(text)[outcome.catalog.dataset.iri]
    assert dataset.title == {"nb": "Bynettverk", "en": "City networks"}
    assert set(dataset.description) == {"nb", "en"}
    assert len(dataset.distribution) == len(outcome.catalog.dataset.distributions)
    assert all(set(each.title) == {"nb", "en"} and each.downloadURL for each in dataset.distribution)
    assert dataset.contactPoint
    assert dataset.publisher.prefLabel == {"nb": "citygraph-prosjektet", "en": "The citygraph project"}
    services = fdk_rdf_parser.parse_data_services(text)
    assert set(services) == {each.iri for each in outcome.catalog.services}
    assert all(set(each.title) == {"nb", "en"} and each.endpointURL for each in services.values())


@pytest.mark.parametrize(("name", "language"), [("index.html", "nb"), ("en.html", "en")])
def test_the_landing_page_describes_the_dataset_to_search_engines(
    name: str, language: str, published: tuple[Path, Published]
) -> None:
    folder, outcome = published
    page = _page(folder / name)
    assert page.language == language
    described = json.loads(page.scripts[0])
    required = {"name", "description", "url", "license", "creator", "publisher", "dateModified", "keywords",
                "inLanguage", "spatialCoverage", "temporalCoverage", "distribution"}  # fmt: skip
    assert required <= set(described)
    assert 50 <= len(described["description"]) <= 5_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", described["temporalCoverage"])
    assert len(described["distribution"]) == len(outcome.catalog.dataset.distributions)
    assert [each["@id"] for each in described["hasPart"]] == [each.iri for each in outcome.catalog.answers]


@pytest.mark.parametrize("name", ["index.html", "en.html", "ontology/nb.html", "ontology/en.html"])
def test_every_link_of_a_page_leads_to_a_file_or_to_the_web(name: str, published: tuple[Path, Published]) -> None:
    folder, _ = published
    page = _page(folder / name)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        elif not re.match(r"https?:|mailto:", link):
            assert ((folder / name).parent / link).is_file(), link


def test_every_term_of_our_ontology_is_documented_in_both_languages(published: tuple[Path, Published]) -> None:
    folder, _ = published
    quads = parse((folder / "ontology/ontology.ttl").read_bytes(), format="ttl").quads
    terms = {
        q.subject.value for q in quads if isinstance(q.subject, Iri) and q.subject.value.startswith(f"{BASE}ontology#")
    }
    for language in ("nb", "en"):
        text = (folder / f"ontology/{language}.html").read_text(encoding="utf-8")
        assert [term for term in terms if f"<code>{term}</code>" not in text] == []


def test_void_counts_the_graph_and_names_its_files(published: tuple[Path, Published], this_project: Project) -> None:
    folder, outcome = published
    assert (folder / ".well-known/void").read_bytes() == (folder / "void.ttl").read_bytes()
    quads = parse((folder / "void.ttl").read_bytes(), format="ttl").quads
    dataset = Iri(outcome.catalog.dataset.iri)
    void = "http://rdfs.org/ns/void#"
    about = [(q.predicate.value.removeprefix(void), q.object) for q in quads if q.subject == dataset]
    triples = next(value for name, value in about if name == "triples")
    assert getattr(triples, "value", "") == str(len({q.triple for q in this_project.quads("both")}))
    dumps = {value.value.removeprefix(BASE) for name, value in about if name == "dataDump" and isinstance(value, Iri)}
    assert all((folder / each).is_file() for each in dumps)
    assert len(dumps) == 2 * len(DATA_FORMATS)
    partitions = [q for q in quads if q.predicate.value == f"{void}propertyPartition"]
    assert partitions
    assert any(q.predicate.value.endswith("datatypePartition") for q in quads)
    assert any(q.object == Iri(f"{void}Linkset") for q in quads)


def test_tables_are_valid_in_every_format(published: tuple[Path, Published]) -> None:
    folder, _ = published
    places = json.loads((folder / "queries/places-on-the-map.geojson").read_text(encoding="utf-8"))
    assert places["type"] == "FeatureCollection"
    assert all(-180 <= each["geometry"]["coordinates"][0] <= 180 for each in places["features"])
    for path in folder.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    with zipfile.ZipFile(folder / "classes/cg-City.xlsx") as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own file
        assert not [each for each in sheet.iter() if each.tag.endswith("}f")]


def test_a_table_of_a_class_with_coordinates_is_a_map() -> None:
    data = b"id,label,schema:latitude,schema:longitude\r\nid:a,A,59.9,10.7\r\nid:b,B,,\r\n"
    files = dict(class_files(data))
    assert json.loads(files["geojson"])["features"][0]["geometry"]["coordinates"] == [10.7, 59.9]
    assert len(json.loads(files["geojson"])["features"]) == 1
    assert json.loads(files["json"])[1] == {"id": "id:b", "label": "B"}


def test_a_table_as_json_has_an_object_for_each_row_without_its_empty_cells() -> None:
    rows = [["id:a", '"æ\\\n\u2028', ""], ["id:b", "", ""], ["", "", ""]]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([["id", 'a"b', "c"], *rows])
    found = dict(class_files(text.getvalue().encode()))["json"]
    wanted = [{c: cell for c, cell in zip(["id", 'a"b', "c"], row, strict=True) if cell} for row in rows]
    assert found.decode() == json.dumps(wanted, ensure_ascii=False, indent=1) + "\n"
    assert dict(class_files(b"id,label\r\n"))["json"] == b"[]\n"


def test_a_table_that_no_sheet_can_hold_is_no_workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"id,label\r\nid:a,A\r\nid:b,B\r\n"
    assert [ending for ending, _ in class_files(data)] == ["csv", "json", "xlsx"]
    monkeypatch.setattr("citygraph.publish.files.MOST_ROWS", 1)
    assert [ending for ending, _ in class_files(data)] == ["csv", "json"]


def test_a_file_is_packed_while_others_are_written(tmp_path: Path) -> None:
    with NewFolder(tmp_path / "site") as folder:
        with folder.open("a/b.txt", gzip=True) as file:
            file.write(b"x" * 3_000_000)
            file.write(b"y")
        assert "a/b.txt.gz" in folder
        assert list(folder) == ["a/b.txt", "a/b.txt.gz"]
        assert gzip.decompress(folder.read("a/b.txt.gz")) == folder.read("a/b.txt") == b"x" * 3_000_000 + b"y"
        sums = folder.seal()
        assert sums == {name: hashlib.sha256(folder.read(name)).hexdigest() for name in folder}
        assert folder.sizes == {name: len(folder.read(name)) for name in folder}


def test_a_file_that_fails_is_gone_and_a_full_disk_is_told(tmp_path: Path) -> None:
    with NewFolder(tmp_path / "site") as folder:
        with pytest.raises(TypeError), folder.open("a.txt", gzip=True) as file:
            file.write("no bytes")  # type: ignore[call-overload]  # the mistake that is made on purpose
        assert list(folder) == []
        assert not (folder.path / "a.txt").exists()
        (folder.path / "full").symlink_to("/dev/full")
        with pytest.raises(PublishError, match="full cannot be written"):
            folder.write("full", b"x" * 100_000)


def test_a_full_disk_is_not_taken_for_a_graph_that_xml_cannot_carry(tmp_path: Path) -> None:
    text = f'{_DIFFICULT} id:long skos:note "{"å " * 100_000}" .'
    quads = parse(text.encode(), format="ttl").quads
    with NewFolder(tmp_path / "site") as folder:
        (folder.path / "full.rdf").symlink_to("/dev/full")
        with pytest.raises(PublishError, match=r"full\.rdf cannot be written"), folder.open("full.rdf") as file:
            write_graph(quads, file, format="rdf")


@pytest.mark.slow
def test_a_folder_with_other_files_is_not_replaced(this_project: Project, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(PublishError, match="did not write"):
        this_project.publish(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(PublishError, match="is a file"):
        NewFolder(tmp_path / "thesis.txt")


def _put(target: Path, *names: str, text: str = "x", prune: bool = False) -> tuple[str, ...]:
    """A run that writes these files; every published folder has the first one."""
    with NewFolder(target) as folder:
        for name in ("catalog/quality.ttl", *names):
            folder.write(name, text.encode())
        folder.seal()
        return folder.move(prune=prune)


def _repository(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("unpushed", encoding="utf-8")


def test_a_second_run_replaces_its_own_files_and_keeps_all_others(tmp_path: Path) -> None:
    target, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    _put(target, "a.txt", "old/only.txt", "a-file", "a-folder/x")
    _repository(target)
    (target / "CNAME").write_text("my-city.example", encoding="utf-8")
    (target / "old" / "mine.txt").write_text("mine", encoding="utf-8")
    (target / "empty").mkdir()
    (target / "link").symlink_to(outside)
    (target / "a.txt").write_text("changed by hand", encoding="utf-8")
    assert _put(target, "a.txt", "a-file/x", "a-folder", text="y") == ()
    kept = [".git/HEAD", "CNAME", "SHA256SUMS", "a-file/x", "a-folder", "a.txt", "catalog/quality.ttl", "old/mine.txt"]
    assert _paths(target) == kept
    assert (target / ".git" / "HEAD").read_text(encoding="utf-8") == "unpushed"
    assert {(target / name).read_text(encoding="utf-8") for name in ("a.txt", "a-file/x", "a-folder")} == {"y"}
    assert (target / "empty").is_dir()
    assert (target / "link").is_symlink()
    assert list(outside.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "site"]
    assert _put(target, text="z", prune=True) == ("CNAME", "link", "old/mine.txt")
    assert _paths(target) == [".git/HEAD", "SHA256SUMS", "catalog/quality.ttl"]
    assert not (target / "empty").exists()


@pytest.mark.parametrize("kind", ["file", "folder", "folder on the way", "link", "link on the way", "journal"])
def test_what_is_in_the_way_stops_the_run_before_anything_is_changed(kind: str, tmp_path: Path) -> None:
    target, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    _put(target, "a.txt")
    new = {"folder on the way": "b/b.txt", "link on the way": "b/b.txt"}.get(kind, "b")
    match kind:
        case "file":
            (target / "b").write_text("mine", encoding="utf-8")
        case "journal":
            (target / "SHA256SUMS.publishing").write_text("mine", encoding="utf-8")
        case "folder" | "folder on the way":
            (target / new).mkdir(parents=True)
        case _:
            (target / "b").symlink_to(outside)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    with pytest.raises(PublishError, match=r"where the run would write: (b|SHA256SUMS)") as caught:
        _put(target, new, text="y")
    assert "--prune" in (caught.value.fix or "")
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
    assert list(outside.iterdir()) == []
    _put(target, new, text="y", prune=True)
    assert _paths(target) == sorted(["SHA256SUMS", "catalog/quality.ttl", new])
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("other", ["", "CNAME"])
def test_a_folder_that_somebody_else_owns_stops_the_run_and_leaves_nothing_behind(
    other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "site"
    _put(target, "a/a.txt")
    if other:
        (target / other).write_text("mine", encoding="utf-8")
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != target / "a" and may(path, mode))
    with pytest.raises(PublishError, match=r"site/a may not be written") as refused:
        _put(target, "a/a.txt", text="y")
    assert said_in(refused.value.message, "nb").endswith("site/a kan ikke skrives i.")
    assert (target / "a" / "a.txt").read_text(encoding="utf-8") == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_repository_is_never_in_a_run_s_way_nor_pruned(tmp_path: Path) -> None:
    target = tmp_path / "site"
    target.mkdir()
    _repository(target)
    _put(target, "b/c.txt")
    (target / "sub").mkdir()
    _repository(target / "sub")
    for prune in (False, True):
        with pytest.raises(PublishError, match="would write"):
            _put(target, "sub", prune=prune)
    assert _put(target, "c.txt", prune=True) == ()
    assert _paths(target) == [".git/HEAD", "SHA256SUMS", "c.txt", "catalog/quality.ttl", "sub/.git/HEAD"]


def test_the_run_after_one_that_broke_off_knows_the_files_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off at each step in turn; whatever the person put there stays, and the rest comes out whole."""
    steps, left = 0, 0
    real: dict[str, Callable[..., object]] = {"replace": Path.replace, "unlink": Path.unlink}

    def step(name: str, path: Path, *arguments: object, **named: object) -> object:
        nonlocal left
        # What another thread does meanwhile with files of its own is no step.
        left -= path.is_relative_to(tmp_path)
        if left < 0 and path.is_relative_to(tmp_path):
            raise OSError(28, "No space left on device")
        return real[name](path, *arguments, **named)

    while True:
        target, left = tmp_path / f"site-{steps}", steps
        _put(target, "a.txt", "b", "old/c.txt")
        (target / "mine.txt").write_text("mine", encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", lambda *a, **b: step("replace", *a, **b))
            patch.setattr(Path, "unlink", lambda *a, **b: step("unlink", *a, **b))
            try:
                _put(target, "a.txt", "b/c.txt", "new.txt", text="y")
                break
            except PublishError:
                steps += 1
        if (target / "new.txt").exists() and "new.txt" not in (target / "SHA256SUMS").read_text(encoding="utf-8"):
            # What somebody writes there meanwhile is theirs: its hash is not the one that was put down.
            (target / "new.txt").write_text("theirs", encoding="utf-8")
            with pytest.raises(PublishError, match=r"would write: new\.txt"):
                _put(target, "new.txt")
            (target / "new.txt").write_text("y", encoding="utf-8")
        _put(target, "a.txt", "d.txt", text="z")
        assert _paths(target) == ["SHA256SUMS", "a.txt", "catalog/quality.ttl", "d.txt", "mine.txt"], steps
    assert steps > 6


@pytest.mark.parametrize("line", ["../thesis.txt", "/etc/passwd", ".git/HEAD", "b/../../thesis.txt", "./a.txt"])
def test_checksums_that_name_something_outside_are_not_ours(line: str, tmp_path: Path) -> None:
    target = tmp_path / "site"
    _put(target, "a.txt")
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with (target / "SHA256SUMS").open("a", encoding="utf-8") as file:
        file.write(f"{'0' * 64}  {line}\n")
    with pytest.raises(PublishError, match="did not write"):
        _put(target)
    assert (tmp_path / "thesis.txt").exists()


def test_checksums_that_somebody_else_made_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "disk.iso").write_text("x", encoding="utf-8")
    digest = hashlib.sha256(b"x").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  disk.iso\n", encoding="utf-8")
    with pytest.raises(PublishError, match="did not write"):
        _put(tmp_path, prune=True)
    assert (tmp_path / "disk.iso").exists()


@pytest.mark.slow
def test_a_graph_with_a_violation_is_not_published(tmp_path: Path) -> None:
    folder = clean_project(tmp_path / "project", mistake="bad-date")
    outcome = Project.open(folder, today=TODAY).publish(tmp_path / "site")
    assert not outcome.written
    assert outcome.report.violations
    assert not (tmp_path / "site").exists()


def test_what_is_being_written_is_gone_when_it_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with NewFolder(tmp_path / "site") as folder:
            folder.write("a/b.txt", b"x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []
