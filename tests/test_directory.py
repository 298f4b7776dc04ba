"""The directory of a version: what pages name things from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import SnapshotError
from citygraph.kinds import local_name
from citygraph.labels import Labels
from citygraph.namespaces import CONCEPT, PREFIXES, prefixes_for
from citygraph.rdf import Iri, Literal, Quad
from citygraph.store import Snapshot
from citygraph.store.directory import DIRECTORY_FILE, Directory
from citygraph.store.directory_file import write_directory

BASE = "https://example.org/g/"
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
