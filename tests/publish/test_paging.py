"""A catalogue in pages: each stands alone, none is lost, ckanext-dcat finds every dataset, and broken links are seen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.export import export_bytes
from citygraph.findings import Finding
from citygraph.publish import PROFILES, Published, check_catalog, check_harvest, check_profile, read_shapes, run_shapes
from citygraph.publish.ckan_package import extras_of, package_of
from citygraph.publish.paging import HYDRA, PageFile, follow_pages, link_triples, page_name, pages_of, without_links
from citygraph.publish.record import NAMESPACES, write_record
from citygraph.rdf import Iri, Literal, Quad, Triple, parse
from ckan_server import read_as_ckan, skip_without_ckan
from portal_record import BASE, TYPE, iri, many, subjects

_FORMATS: Final = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}
_PROFILE: Final = PROFILES["dcat-ap-3"]
_SAYS_THAT_IT_IS_A_PAGE: Final = (Iri(f"{HYDRA}PagedCollection"), Iri(f"{HYDRA}PartialCollectionView"))


def _pages(answers: int, size: int) -> list[list[Triple]]:
    it = many(answers)
    return [
        [*write_record(it, _PROFILE, datasets=page.datasets), *link_triples(it, page, _PROFILE.name, "ttl")]
        for page in pages_of(it, size)
    ]


@given(answers=st.integers(0, 7), size=st.integers(1, 9))
def test_pages_of_any_size_are_the_whole_with_each_dataset_on_one_page(answers: int, size: int) -> None:
    it, pages = many(answers), _pages(answers, size)
    assert len(pages) == -(-len(it.datasets) // size)
    found = [each.value for page in pages for each in subjects(page, "dcat:Dataset")]
    assert sorted(found) == sorted(each.iri for each in it.datasets)
    assert all(len(subjects(page, "dcat:Dataset")) <= size for page in pages)
    assert {each for page in pages for each in without_links(page)} == set(write_record(it, _PROFILE))
    assert all((without_links(page) == page) == (len(pages) == 1) for page in pages)


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_each_page_passes_by_itself(size: int) -> None:
    for page in _pages(5, size):
        assert check_profile(page, _PROFILE) == []
        assert check_harvest(page, base=BASE) == []


@pytest.mark.parametrize("file", ["shapes.ttl", "range.ttl", "shapes_recommended.ttl"])
def test_the_official_shapes_have_nothing_to_say_of_any_page(file: str, reference_data: Path) -> None:
    shapes = read_shapes(reference_data / "dcat-ap-3.0.1" / file)
    assert [run_shapes(page, shapes) for page in _pages(5, 2)] == [[], [], []]


@pytest.mark.slow
def test_a_folder_is_written_in_pages_that_the_run_itself_has_checked(in_pages: tuple[Path, Published]) -> None:
    folder, outcome = in_pages
    assert outcome.written
    assert [each.code for each in outcome.report.findings] == ["publish-placeholder"]
    count = -(-len(outcome.catalog.datasets) // 2)
    assert count > 10
    names = {page_name("dcat-ap-3", number, ending) for number in range(1, count + 1) for ending in _FORMATS}
    assert {path.name for path in (folder / "catalog").glob("dcat-ap-3*")} == names
    report, score = check_catalog(folder, base=BASE)
    assert report.findings == ()
    assert score is not None
    assert score.points == 405
    for page in ("index.html", "en.html"):
        # Portals and people are told of the first page alone, and find every file.
        text = (folder / page).read_text(encoding="utf-8")
        assert "catalog/dcat-ap-3.ttl" in text
        assert "catalog/dcat-ap-3-2.ttl" not in text
        assert "queries/members.xlsx" in text


@pytest.fixture(scope="module")
def harvested(in_pages: tuple[Path, Published]) -> dict[str, list[dict[str, Any]]]:
    """What ckanext-dcat finds when it follows the pages as its harvester does, by format."""
    skip_without_ckan()
    jobs = [
        {
            "path": str(in_pages[0] / "catalog" / f"dcat-ap-3.{ending}"),
            "site": BASE,
            "format": format_,
            "language": "nb",
            "profiles": ["euro_dcat_ap_3"],
        }
        for ending, format_ in _FORMATS.items()
    ]
    return dict(zip(_FORMATS, read_as_ckan(jobs), strict=True))


@pytest.mark.parametrize("ending", _FORMATS)
def test_a_harvest_of_ckan_walks_to_the_last_page_and_finds_each_dataset_once_with_every_field(
    ending: str, harvested: dict[str, list[dict[str, Any]]], in_pages: tuple[Path, Published]
) -> None:
    it, found = in_pages[1].catalog, harvested[ending]
    count = -(-len(it.datasets) // 2)
    pages = list(dict.fromkeys(each["page"] for each in found))
    assert pages == [page_name("dcat-ap-3", number, ending) for number in range(1, count + 1)]
    by_iri = {extras_of(each)["uri"]: each for each in found}
    assert len(found) == len(by_iri) == len(it.datasets)
    for dataset in it.datasets:
        theirs, ours = by_iri[dataset.iri], package_of(it, dataset=dataset)
        for field in ("title", "notes", "url", "version", "tags"):
            assert theirs[field] == ours[field]
        extras = extras_of(theirs)
        for key, value in extras_of(ours).items():
            # The parser looks at no language where it reads the label of a provenance, and at no label of a place.
            if key == "provenance":
                assert extras[key] in dataset.provenance.to_json().values()
            elif key != "spatial_text":
                assert extras[key] == value
        assert json.loads(extras.get("related_resource", "[]")) == [each for each in [dataset.derived_from] if each]
        files = {each["uri"]: each for each in theirs["resources"]}
        assert set(files) == {each.iri for each in dataset.distributions}
        for resource in ours["resources"]:
            for key in set(resource) - {"format", "mimetype"}:
                assert files[resource["uri"]][key] == resource[key]


# -- what is wrong with pages ---------------------------------------------------------------------

Change = Callable[[list[Triple]], list[Triple]]


def _without(*words: str) -> Change:
    return lambda page: [t for t in page if t.predicate.value.removeprefix(HYDRA) not in words]


def _said(word: str, value: str) -> Change:
    def change(page: list[Triple]) -> list[Triple]:
        object_ = Literal(value, datatype=iri("xsd:integer")) if value.isdigit() else Iri(value)
        return [
            Triple(t.subject, t.predicate, object_)
            if t.predicate.value.removeprefix(HYDRA) in {word, f"{word}Page"}
            else t
            for t in page
        ]

    return change


def _with_another_next(page: list[Triple]) -> list[Triple]:
    here = next(t.subject for t in page if t.object == _SAYS_THAT_IT_IS_A_PAGE[0])
    return [*page, Triple(here, Iri(f"{HYDRA}next"), Iri(f"{_CATALOG}dcat-ap-3.ttl"))]


def _with_a_dataset_of_page_one(page: list[Triple]) -> list[Triple]:
    graph, catalog = Iri(many(5).dataset.iri), Iri(many(5).iri)
    first = [t for t in _pages(5, 2)[0] if graph in {t.subject, t.object} or "period" in str(t.subject)]
    return list(dict.fromkeys([*page, *first, Triple(catalog, iri("dcat:dataset"), graph)]))


def _no_page(page: list[Triple]) -> list[Triple]:
    return [t for t in page if not (t.predicate == TYPE and t.object in _SAYS_THAT_IT_IS_A_PAGE)]


def _anonymous(page: list[Triple]) -> list[Triple]:
    return [t for t in page if t.predicate != iri("foaf:name")]


def _write(folder: Path, pages: list[list[Triple]], ending: str = "ttl") -> Path:
    for number, page in enumerate(pages, 1):
        quads = [Quad(t.subject, t.predicate, t.object) for t in page]
        data = export_bytes(quads, format=ending, prefixes={**NAMESPACES, "hydra": HYDRA})
        (folder / page_name("dcat-ap-3", number, ending)).write_bytes(data)
    return folder / page_name("dcat-ap-3", 1, ending)


def _messages(path: Path, *, code: str = "publish-pages") -> list[str]:
    report, _ = check_catalog(path, base=BASE)
    return [each.message.en for each in report if each.code == code]


_CATALOG: Final = f"{BASE}catalog/"
_NOWHERE: Final = f"{_CATALOG}dcat-ap-3-9.ttl"
_BROKEN: Final = [
    (1, _said("next", _NOWHERE), f"the next page, {_NOWHERE}, is not there"),
    (2, _said("next", _NOWHERE), f"the next page, {_NOWHERE}, is not there"),
    (2, _said("next", f"{_CATALOG}dcat-ap-3.ttl"), "has been read before"),
    (2, _said("next", f"{_CATALOG}dcat-ap-3-2.ttl"), "has been read before"),
    (1, _without("next", "nextPage"), "it says that the catalogue has 6 datasets; it has 2"),
    (1, _without("next", "nextPage"), f"the last page is {_CATALOG}dcat-ap-3.ttl, not {_CATALOG}dcat-ap-3-3.ttl"),
    (1, _said("next", f"{_CATALOG}dcat-ap-3-3.ttl"), f"the previous page is {_CATALOG}dcat-ap-3.ttl, not"),
    (3, _said("previous", f"{_CATALOG}dcat-ap-3.ttl"), f"the previous page is {_CATALOG}dcat-ap-3-2.ttl, not"),
    (3, _said("first", f"{_CATALOG}dcat-ap-3-2.ttl"), f"the first page is {_CATALOG}dcat-ap-3.ttl, not"),
    (2, _said("last", f"{_CATALOG}dcat-ap-3-2.ttl"), f"the last page is {_CATALOG}dcat-ap-3-3.ttl, not"),
    (2, _said("totalItems", "7"), "it says that the catalogue has 7 datasets; it has 6"),
    (2, _with_another_next, "it has more next pages than one"),
    (2, _with_a_dataset_of_page_one, "dataset/graph> stands in"),
    (2, _no_page, f"{_CATALOG}dcat-ap-3-2.ttl does not say that it is a page"),
]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["ttl", "rdf"])
def test_sound_pages_are_followed_from_the_file_that_is_named(ending: str, tmp_path: Path) -> None:
    it = many(5)
    pages = [
        [*write_record(it, _PROFILE, datasets=page.datasets), *link_triples(it, page, _PROFILE.name, ending)]
        for page in pages_of(it, 2)
    ]
    first = _write(tmp_path, pages, ending)
    report, score = check_catalog(first, base=BASE)
    assert report.findings == ()
    assert score is not None
    assert score.points == 405
    # From the second page on: what lies before it is not asked for.
    assert check_catalog(tmp_path / f"dcat-ap-3-2.{ending}", base=BASE)[0].findings == ()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "change", "message"), _BROKEN)
def test_a_broken_link_between_pages_is_found(number: int, change: Change, message: str, tmp_path: Path) -> None:
    pages = _pages(5, 2)
    changed = change(pages[number - 1])
    assert changed != pages[number - 1]
    first = _write(tmp_path, [*pages[: number - 1], changed, *pages[number:]])
    assert [each for each in _messages(first) if message in each], _messages(first)


@pytest.mark.slow
def test_a_fault_on_any_page_is_found_and_told_once_with_its_page(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        pages = _pages(5, 2)
        pages[number - 1] = _anonymous(pages[number - 1])
        report, score = check_catalog(_write(tmp_path, pages), base=BASE)
        assert {Path(each.file).name for each in report.violations} == {page_name("dcat-ap-3", number, "ttl")}
        assert score is not None
        assert score.points == 405 - 30
    report, _ = check_catalog(_write(tmp_path, [_anonymous(page) for page in _pages(5, 2)]), base=BASE)
    assert {Path(each.file).name for each in report.violations} == {"dcat-ap-3.ttl"}


@pytest.mark.slow
@pytest.mark.parametrize("ending", _FORMATS)
def test_a_folder_with_a_page_missing_or_left_over_is_found_in_every_format(
    ending: str, in_pages: tuple[Path, Published], tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    # Catalogues of the other profiles have pages of their own.
    others = shutil.ignore_patterns("dcat-ap-no*")
    shutil.copytree(in_pages[0] / "catalog", folder / "catalog", ignore=others)
    (folder / "catalog" / f"dcat-ap-3-3.{ending}").unlink()
    found = _found(folder)
    assert any(f"{BASE}catalog/dcat-ap-3-3.{ending}, is not there" in each.message.en for each in found)
    # Whatever lies behind the missing page is reached by nobody.
    lost = {Path(each.file).name for each in found if "no page leads to it" in each.message.en}
    assert f"dcat-ap-3-4.{ending}" in lost
    assert {Path(name).suffix for name in lost} == {f".{ending}"}
    shutil.copy(in_pages[0] / "catalog" / f"dcat-ap-3-3.{ending}", folder / "catalog")
    assert _found(folder) == []
    shutil.copy(in_pages[0] / "catalog" / f"dcat-ap-3-3.{ending}", folder / "catalog" / f"dcat-ap-3-99.{ending}")
    assert [Path(each.file).name for each in _found(folder)] == [f"dcat-ap-3-99.{ending}"]


def _found(folder: Path) -> list[Finding]:
    return [each for each in check_catalog(folder, base=BASE)[0] if each.code == "publish-pages"]


def test_a_catalogue_that_goes_on_elsewhere_says_that_the_rest_was_not_read(tmp_path: Path) -> None:
    page, next_ = "https://portal.example.org/catalog.ttl?page=1", "https://portal.example.org/catalog.ttl?page=2"
    view = Iri(page)
    record = [
        *write_record(many(0), _PROFILE),
        # As CKAN writes them: the older terms, and addresses as texts.
        Triple(view, TYPE, Iri(f"{HYDRA}PagedCollection")),
        Triple(view, Iri(f"{HYDRA}nextPage"), Literal(next_)),
        Triple(view, Iri(f"{HYDRA}totalItems"), Literal("200", datatype=iri("xsd:integer"))),
    ]
    path = _write(tmp_path, [record])
    assert _messages(path) == []
    assert _messages(path, code="publish-pages-elsewhere") == [
        f"The catalogue goes on from {page} at {next_}, which has not been read."
    ]


@pytest.mark.parametrize("name", ["..%2Fsecret.ttl", "../secret.ttl", ".ttl", "a b.ttl", "", "x/y.ttl", "x\\y.ttl"])
def test_a_link_leads_to_no_other_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "secret.ttl").write_text("no turtle", encoding="utf-8")
    page = _pages(1, 1)[0]
    links = [t for t in page if t.predicate.value.removeprefix(HYDRA) not in {"next", "nextPage"}]
    here = next(t.subject for t in page if t.object == _SAYS_THAT_IT_IS_A_PAGE[0])
    path = _write(tmp_path / "catalog", [[*links, Triple(here, Iri(f"{HYDRA}next"), Literal(f"{_CATALOG}{name}"))]])
    assert len(_messages(path, code="publish-pages-elsewhere")) == 1
    assert all("secret" not in str(each.file) for each in check_catalog(path, base=BASE)[0])


def test_the_same_graph_gives_the_same_pages(in_pages: tuple[Path, Published]) -> None:
    # The run wrote everything twice and compared; the bytes stand in an order of their own.
    assert not [each for each in in_pages[1].report if each.code == "publish-not-same"]
    quads = parse((in_pages[0] / "catalog" / "dcat-ap-3-2.ttl").read_bytes(), format="ttl").quads
    again = export_bytes(quads, format="ttl", prefixes={**NAMESPACES, "hydra": HYDRA})
    assert again == (in_pages[0] / "catalog" / "dcat-ap-3-2.ttl").read_bytes()


def test_a_total_that_is_no_count_ends_nothing() -> None:
    page = Iri("https://example.org/catalog.ttl")
    record = [
        Triple(page, TYPE, Iri(HYDRA + "PagedCollection")),
        Triple(page, Iri(HYDRA + "totalItems"), Literal("9" * 5_000)),
    ]
    pages, findings = follow_pages(PageFile("catalog.ttl", record), lambda _: None)
    assert (len(pages), findings) == (1, [])
