"""The directory of a version: what pages name things from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from citygraph.errors import SnapshotError
from citygraph.labels import Labels, local_name
from citygraph.namespaces import CONCEPT, PREFIXES, prefixes_for
from citygraph.rdf import Iri, Literal, Quad
from citygraph.store import Snapshot
from citygraph.store.directory import DIRECTORY_FILE, Directory, write_directory

# Behind https://w3id.org in every order, so that what comes first does so for its reason.
BASE = "https://zzz.example/g/"
A, LABEL = Iri(PREFIXES["rdf"] + "type"), Iri(PREFIXES["skos"] + "prefLabel")


@pytest.fixture(scope="module")
def directory(this_project: Project, snapshot: Snapshot) -> Iterator[Directory]:
    """The directory of our own graph."""
    opened = Directory(snapshot.folder, this_project.prefixes)
    yield opened
    opened.close()


def made_of(folder: Path, *quads: Quad) -> Directory:
    write_directory(folder / DIRECTORY_FILE, quads, base=BASE, findings=3)
    return Directory(folder, prefixes_for(BASE))


def test_everything_is_called_what_its_labels_say(
    directory: Directory, snapshot: Snapshot, this_project: Project
) -> None:
    quads = [*snapshot.asserted(), *snapshot.inferred()]
    labels = Labels(dict.fromkeys(quad.triple for quad in quads), prefixes=this_project.prefixes)
    things = {
        each.value for quad in quads for each in (quad.subject, quad.predicate, quad.object) if isinstance(each, Iri)
    }
    assert len(things) > 1000
    for language in ("nb", "en"):
        assert [iri for iri in things if directory.of(iri, language) != labels.describe(iri, language)] == []
    assert [iri for iri in things if (iri in directory) != (iri in labels)] == []


def test_every_thing_has_an_address_that_leads_back_to_it(directory: Directory) -> None:
    things = directory.things()
    assert len(things) > 500
    for iri in things:
        node = directory.node(iri)
        assert node is not None
        assert directory.at(node.kind, node.slug) == iri
        assert directory.called(local_name(iri, "https://w3id.org/citygraph/"))
    assert directory.at("city", "atlantis") is None
    assert directory.node("https://example.org/nothing") is None


def test_lists_are_in_the_order_of_the_language(tmp_path: Path) -> None:
    city = Iri(PREFIXES["cg"] + "City")
    names = ["Århus", "Ørebro", "Ængelholm", "zürich", "Aalborg", "Évora", "Ärla"]
    quads = [Quad(Iri(f"{BASE}id/place-{n}"), A, city) for n in range(len(names))]
    quads += [Quad(Iri(f"{BASE}id/place-{n}"), LABEL, Literal(name, language="nb")) for n, name in enumerate(names)]
    directory = made_of(tmp_path, *quads)
    listed = [directory.of(iri, "nb") for iri in directory.things("city", language="nb")]
    assert listed == ["Aalborg", "zürich", "Évora", "Ængelholm", "Ärla", "Ørebro", "Århus"]
    assert directory.in_order(reversed(directory.things("city", language="nb")), "nb") == directory.things(
        "city", language="nb"
    )
    assert len(directory.things("city", most=2)) == 2
    assert (directory.counts, directory.findings) == ({"city": 7}, 3)
    directory.close()


def test_each_language_has_an_order_of_its_own(tmp_path: Path) -> None:
    city = Iri(PREFIXES["cg"] + "City")
    names = {"place-a": ("Wien", "Vienna"), "place-b": ("Viborg", "Vyborg")}
    quads = [Quad(Iri(f"{BASE}id/{slug}"), A, city) for slug in names]
    for slug, (nb, en) in names.items():
        quads += [Quad(Iri(f"{BASE}id/{slug}"), LABEL, Literal(nb, language="nb"))]
        quads += [Quad(Iri(f"{BASE}id/{slug}"), LABEL, Literal(en, language="en"))]
    with closing(made_of(tmp_path, *quads)) as directory:
        for language, expected in (("nb", ["Viborg", "Wien"]), ("en", ["Vienna", "Vyborg"])):
            listed = directory.things("city", language=language)
            assert [directory.of(iri, language) for iri in listed] == expected
            assert directory.in_order(sorted(listed), language) == listed


def test_what_has_no_page_comes_last_however_long_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citygraph.store.directory._IN_ONE", 2)
    city = Iri(PREFIXES["cg"] + "City")
    things = [f"{BASE}id/place-{name}" for name in ("Aalborg", "Ængelholm", "Ørebro", "Århus", "Äs")]
    quads = [Quad(Iri(iri), A, city) for iri in things]
    quads += [Quad(Iri(iri), LABEL, Literal(iri.rpartition("-")[2], language="nb")) for iri in things]
    elsewhere = "https://aaa.example/AAA"
    with closing(made_of(tmp_path, *quads)) as directory:
        ordered = directory.in_order([elsewhere, *reversed(things)], "nb")
        assert [iri.rpartition("-")[2] for iri in ordered[:-1]] == ["Aalborg", "Ængelholm", "Äs", "Ørebro", "Århus"]
        assert ordered[-1] == elsewhere


def test_a_thing_has_all_its_names_in_the_order_of_the_files_and_is_found_by_each(tmp_path: Path) -> None:
    oslo, alt = Iri(f"{BASE}id/place-oslo"), Iri(PREFIXES["skos"] + "altLabel")
    names = [("Oslo", "nb", True), ("Christiania", "nb", False), ("Tigerstaden", "nb", False)]
    other = Iri(f"{BASE}id/place-osla")
    directory = made_of(
        tmp_path,
        *(Quad(each, A, Iri(PREFIXES["cg"] + "City")) for each in (oslo, other)),
        *(Quad(oslo, LABEL if main else alt, Literal(text, language=tag)) for text, tag, main in names),
        Quad(other, LABEL, Literal("Oslå", language="nb")),
    )
    with closing(directory):
        assert directory.names(oslo.value) == names
        assert directory.names(f"{BASE}id/nothing") == []
        for text, _, _ in names:
            assert directory.search(text)[0].iri == oslo.value
        assert [hit.iri for hit in directory.search("oslo")] == [oslo.value, other.value]
        assert [hit.iri for hit in directory.search("oslo", most=1)] == [oslo.value]


def test_a_list_of_things_of_a_class_has_no_words_of_a_vocabulary(tmp_path: Path) -> None:
    concept = Iri(PREFIXES["skos"] + "Concept")
    things = [Iri(f"{BASE}concept/a"), Iri(f"{BASE}concept/b"), Iri(f"{BASE}ontology#c")]
    with closing(made_of(tmp_path, *(Quad(each, A, concept) for each in things))) as directory:
        assert set(directory.of_class(concept.value)) == {each.value for each in things[:2]}
        assert len(directory.of_class(concept.value, most=1)) == 1


def test_one_reader_needs_one_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    connect = sqlite3.connect

    def counted(address: str, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  # what sqlite3 takes
        opened.append(address)
        made: sqlite3.Connection = connect(address, **options)
        return made

    (tmp_path / "folder").mkdir()
    made_of(tmp_path / "folder", Quad(Iri(f"{BASE}id/a"), A, Iri(f"{BASE}id/b"))).close()
    monkeypatch.setattr(sqlite3, "connect", counted)
    with closing(Directory(tmp_path / "folder", {})) as directory:
        for number in range(10):
            assert directory.node(f"{BASE}id/{number}") is None
    assert len(opened) == 1


def test_things_of_one_name_share_no_address_and_id_comes_first(tmp_path: Path) -> None:
    city, concept = Iri(PREFIXES["cg"] + "City"), Iri(PREFIXES["skos"] + "Concept")
    twins = [Iri(f"{BASE}id/oslo"), Iri(f"{BASE}id/place-oslo"), Iri(f"{BASE}source/oslo")]
    directory = made_of(tmp_path, *(Quad(each, A, city) for each in twins), Quad(Iri(CONCEPT + "oslo"), A, concept))
    nodes = [directory.node(each.value) for each in twins]
    assert len({(node.kind, node.slug) for node in nodes if node}) == 3
    assert directory.called("oslo") == f"{BASE}id/oslo"
    assert directory.of_class(concept.value) == [CONCEPT + "oslo"]
    assert directory.classes(f"{BASE}id/oslo") == {city.value}
    directory.close()


def test_a_version_without_a_directory_is_built_again(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="names"):
        Directory(tmp_path, {})
    (tmp_path / DIRECTORY_FILE).write_bytes(b"no database")
    with pytest.raises(SnapshotError, match="names"):
        Directory(tmp_path, {})
