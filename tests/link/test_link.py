"""Suggest, review, check, compare and push: from a graph without links to a batch, without the internet."""

from __future__ import annotations

import gzip
import re
import subprocess
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import ConfigError, EditError, QueryError, ReconciliationError
from citygraph.http import Policy
from citygraph.link import LinkDecision, LinkWord, Outdated, open_source, write_csv, write_extract, write_v1
from citygraph.link.items_in_rdf import items_from_triples
from citygraph.link.links import DRIFT_FILE, MAPPING_FILE, read_known, write_known
from citygraph.link.wikidata import ExtractSource, LiveSource, MediaWiki, read_extract, read_extract_triples
from citygraph.messages import texts
from citygraph.rdf import Iri
from citygraph.results import Graph
from citygraph.sssom import Mapping, new_mapping_set, read_mappings, with_mappings, write_mappings
from citygraph.store.endpoint import RemoteStore
from conftest import SHARED, TODAY
from misbehaving import Answer, Misbehaving
from patience import PATIENCE

EXTRACT = Path(__file__).parent / "wikidata.nt"
ME = "orcid:0000-0002-1825-0097"
SAME_AS = Iri("https://schema.org/sameAs")


@pytest.fixture
def project(own_copy: Path) -> Project:
    """Our own graph without any link."""
    (own_copy / MAPPING_FILE).unlink()
    return Project.open(own_copy, today=TODAY)


@pytest.fixture
def source() -> ExtractSource:
    """The extract in place of Wikidata."""
    return ExtractSource(read_extract(EXTRACT))


def said(word: LinkWord, subject: str, item: str = "", author: str = ME) -> LinkDecision:
    return LinkDecision(subject, word, item, author, date(2026, 11, 23))


def rows(project: Project) -> dict[tuple[str, str], Mapping]:
    text = (project.folder / MAPPING_FILE).read_bytes().decode()
    return {(each.subject_id, each.object_id): each for each in read_mappings(text).mappings}


# -- suggest and review -------------------------------------------------------------------------------


def test_only_an_identifier_makes_a_link_by_itself(project: Project, source: ExtractSource) -> None:
    found = {each.thing.id.rpartition("/")[2]: each for each in project.links.suggest(source)}
    assert [each.thing.id for each in found["place-oslo"].candidates[:1]] == ["Q585"]
    assert found["place-oslo"].certain is None
    accepted = {key for key, row in rows(project).items() if row.accepted}
    assert ("id:oslo-kommune", "wd:Q5245991") in accepted
    assert ("id:place-oslo", "wd:Q585") not in accepted
    assert rows(project)["id:place-oslo", "wd:Q585"].proposed
    assert all(
        row.justification == "semapv:BackgroundKnowledgeBasedMatching" for row in rows(project).values() if row.accepted
    )


def test_a_place_is_not_offered_its_authority_and_no_place_of_another_country_first(
    project: Project, source: ExtractSource
) -> None:
    (found,) = project.links.suggest(source, entity="place-bergen", keep=False)
    assert found.candidates[0].thing.id == "Q26793"
    scores = {each.thing.id: each.score for each in found.candidates}
    assert scores["Q26793"] - max(score for item, score in scores.items() if item != "Q26793") > 20
    assert "Q10428388" not in scores
    assert not (project.folder / MAPPING_FILE).exists()


def test_what_was_rejected_never_comes_back(project: Project, source: ExtractSource) -> None:
    project.links.suggest(source, entity="place-oslo")
    project.links.decide(said(LinkWord.REJECT, "place-oslo", "Q585"))
    row = rows(project)["id:place-oslo", "wd:Q585"]
    assert (row.rejected, row.slots["author_id"], row.slots["mapping_date"]) == (True, ME, "2026-11-23")
    (found,) = project.links.suggest(source, entity="place-oslo")
    assert "Q585" not in {each.thing.id for each in found.candidates}
    assert rows(project)["id:place-oslo", "wd:Q585"] == row


@pytest.mark.slow
def test_an_accepted_link_reaches_the_graph_and_a_proposal_does_not(project: Project, source: ExtractSource) -> None:
    project.links.suggest(source)
    project.links.decide(said(LinkWord.ACCEPT, "place-oslo", "Q585"))
    assert not project.build().report.violations
    links = {(quad.subject, quad.object) for quad in project.snapshot().asserted() if quad.predicate == SAME_AS}
    assert (Iri(project.config.base + "id/place-oslo"), Iri("http://www.wikidata.org/entity/Q585")) in links
    assert not any(str(subject).endswith("place-brussels>") for subject, _ in links)


@pytest.mark.slow
def test_nothing_found_is_remembered_and_can_be_taken_back(project: Project, source: ExtractSource) -> None:
    project.links.suggest(source, entity="metrex")
    project.links.decide(said(LinkWord.NONE, "metrex"))
    assert list(rows(project)) == [("id:metrex", "sssom:NoTermFound")]
    assert "metrex" not in {each.thing.id.rpartition("/")[2] for each in project.links.suggest(source, keep=False)}
    project.links.decide(said(LinkWord.ACCEPT, "metrex", "Q911"))
    assert list(rows(project)) == [("id:metrex", "wd:Q911")]


@pytest.mark.slow
def test_decisions_at_the_same_moment_are_all_kept(project: Project, source: ExtractSource) -> None:
    project.links.suggest(source)
    subjects = list(project.links.open())[:6]
    others = [Project.open(project.folder, today=TODAY).links for _ in subjects]
    threads = [
        threading.Thread(target=links.decide, args=(said(LinkWord.NONE, subject),))
        for links, subject in zip(others, subjects, strict=True)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = rows(project)
    assert len(subjects) > 3
    assert all(found[subject, "sssom:NoTermFound"].none_found for subject in subjects)


def test_an_editor_that_writes_at_the_same_moment_is_noticed(project: Project, source: ExtractSource) -> None:
    links = project.links
    links.suggest(source)
    path = project.folder / MAPPING_FILE
    with links._changing() as (before, write):  # noqa: SLF001  # the moment itself
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        with pytest.raises(EditError, match="somebody else"):
            write(before)
    assert path.read_text(encoding="utf-8").endswith("\n\n")


def test_candidates_that_are_no_longer_those_that_were_seen_are_not_decided(
    project: Project, source: ExtractSource
) -> None:
    links = project.links
    links.suggest(source)
    seen = links.version("id:eurocities")
    links.decide(said(LinkWord.REJECT, "id:eurocities", "Q910"))
    before = (project.folder / MAPPING_FILE).read_bytes()
    with pytest.raises(Outdated, match="have changed"):
        links.decide(said(LinkWord.ACCEPT, "id:eurocities", "Q910"), seen=seen)
    assert (project.folder / MAPPING_FILE).read_bytes() == before


def test_a_second_person_reviews_and_a_second_link_is_refused(project: Project) -> None:
    links = project.links
    links.decide(said(LinkWord.ACCEPT, "metrex", "Q911"))
    links.decide(said(LinkWord.ACCEPT, "metrex", "Q911", author="orcid:2"))
    row = rows(project)["id:metrex", "wd:Q911"]
    assert (row.justification, row.slots["author_id"], row.slots["reviewer_id"]) == (
        "semapv:MappingReview",
        ME,
        "orcid:2",
    )
    with pytest.raises(QueryError, match="linked to wd:Q911 already"):
        links.decide(said(LinkWord.ACCEPT, "metrex", "Q910"))
    for bad in (
        said(LinkWord.ACCEPT, "nobody", "Q1"),
        said(LinkWord.ACCEPT, "metrex", "P1"),
        said(LinkWord.NONE, "metrex", author=" "),
    ):
        with pytest.raises(QueryError):
            links.decide(bad)


# -- the mapping file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_mapping_file_is_written_as_it_was_read(own_copy: Path, ending: str) -> None:
    files = [
        *(own_copy / "data" / "mappings").glob("*.sssom.tsv"),
        *(SHARED / "reference").rglob("samples/*.sssom.tsv"),
    ]
    assert files
    for path in files:
        text = path.read_bytes().decode().replace("\n", ending)
        assert write_mappings(read_mappings(text)) == text


def test_a_new_row_goes_where_it_sorts_and_moves_no_other() -> None:
    def row(subject: str, object_: str) -> Mapping:
        return Mapping(subject, "skos:exactMatch", object_, "semapv:ManualMappingCuration", 0)

    start = with_mappings(new_mapping_set({"license": 'a "b"'}), [row("id:a", "wd:Q1"), row("id:c", "wd:Q3")])
    text = write_mappings(with_mappings(start, [row("id:b", "wd:Q2"), row("id:d", "wd:Q4")]))
    assert re.findall(r"^id:\w", text, re.MULTILINE) == ["id:a", "id:b", "id:c", "id:d"]
    assert read_mappings(text).metadata == {"license": 'a "b"'}
    with pytest.raises(ValueError, match="cannot hold"):
        write_mappings(with_mappings(start, [row("id:x\ty", "wd:Q2")]))


# -- check ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_links_that_no_longer_hold_are_findings(project: Project, source: ExtractSource) -> None:
    decisions = {
        "trondheim-kommune": "Q901", "place-oslo": "Q5245991", "oslo-kommune": "Q5245991", "place-bergen": "Q12994",
        "metrex": "Q424242", "eurocities": "Q910",
    }  # fmt: skip
    for subject, item in decisions.items():
        project.links.decide(said(LinkWord.ACCEPT, subject, item))
    path = project.folder / MAPPING_FILE
    second = "id:eurocities\t\tskos:exactMatch\t\twd:Q911\t\tsemapv:ManualMappingCuration" + "\t" * 7 + "\n"
    path.write_bytes(path.read_bytes() + second.encode())
    found = project.links.check(source, whole=True)
    assert sorted((each.code, each.line > 0) for each in found) == [
        ("item-linked-twice", True), ("link-gone", True), ("link-merged", True), ("link-wrong-country", True),
        ("link-wrong-type", True), ("two-items-linked", True),
    ]  # fmt: skip
    assert all("{" not in each.message.en and "{" not in each.fix.nb for each in found)
    # An extract need not hold every item.
    assert "link-gone" not in {each.code for each in project.links.check(source, whole=False)}


@pytest.mark.slow
def test_links_that_hold_are_no_findings(project: Project, source: ExtractSource) -> None:
    for subject, item in {"place-oslo": "Q585", "oslo-kommune": "Q5245991", "eurocities": "Q910"}.items():
        project.links.decide(said(LinkWord.ACCEPT, subject, item))
    assert project.links.check(source, whole=True) == []


# -- compare and push -------------------------------------------------------------------------------------


@pytest.fixture
def linked(project: Project) -> Project:
    """Our own graph with a few links."""
    for subject, item in {
        "eurocities": "Q910", "place-brussels": "Q239", "oslo-kommune": "Q5245991", "bergen-kommune": "Q10428388",
        "metrex": "Q911",
    }.items():  # fmt: skip
        project.links.decide(said(LinkWord.ACCEPT, subject, item))
    return project


def test_drift_is_told_once_and_again_when_either_side_changes(linked: Project, source: ExtractSource) -> None:
    links = linked.links
    first = links.compare(source)
    states = {(each.subject_id, each.property_id, each.state.value) for each in first.all}
    assert ("id:eurocities", "P571", "same") in states, (
        "the year of a preferred or normal statement, not the deprecated one"
    )
    assert ("id:eurocities", "P159", "same") in states
    assert ("id:eurocities", "P856", "same") in states or ("id:eurocities", "P856", "disagree") in states
    assert ("id:oslo-kommune", "P463", "same") in states
    assert ("id:oslo-kommune", "P17", "same") in states
    assert ("id:eurocities", "P2124", "theirs newer") in states
    assert ("id:bergen-kommune", "P463", "theirs only") in states or ("id:bergen-kommune", "P463", "same") in states
    assert first.new
    memory = (linked.folder / DRIFT_FILE).read_bytes()
    assert links.compare(source).new == ()
    assert (linked.folder / DRIFT_FILE).read_bytes() == memory
    changed = EXTRACT.read_text(encoding="utf-8").replace('"+200"', '"+210"')
    other = linked.folder / "changed.nt"
    other.write_text(changed, encoding="utf-8")
    again = links.compare(ExtractSource(read_extract(other))).new
    assert [(each.property_id, each.theirs, each.changed) for each in again] == [
        ("P2124", "210 (2023-05-01)", "theirs")
    ]


def test_drift_of_an_item_that_an_extract_lacks_is_not_told_again(linked: Project, source: ExtractSource) -> None:
    links, items = linked.links, read_extract(EXTRACT)
    assert any(each.subject_id == "id:eurocities" for each in links.compare(source).new)
    links.compare(ExtractSource({qid: item for qid, item in items.items() if qid != "Q910"}))
    assert links.compare(source).new == ()


def test_a_decision_stays(linked: Project, source: ExtractSource) -> None:
    links = linked.links
    links.compare(source)
    links.decide_difference("id:eurocities", "P2124", "theirs", author=ME, comment="counted otherwise")
    known = read_known((linked.folder / DRIFT_FILE).read_text(encoding="utf-8"))
    decided = [
        each
        for each in known
        if (each.difference.subject_id, each.difference.property_id) == ("id:eurocities", "P2124")
    ]
    assert {(each.decision, each.author, each.comment) for each in decided} == {("theirs", ME, "counted otherwise")}
    assert write_known(known) == (linked.folder / DRIFT_FILE).read_text(encoding="utf-8")
    offered = [fact for fact in links.offered(source) if fact.property == "P2124"]
    assert not [fact for fact in offered if fact.subject.endswith("eurocities")]
    with pytest.raises(QueryError):
        links.decide_difference("id:eurocities", "P1", "ours", author=ME)
    (linked.folder / DRIFT_FILE).write_text("heading\nbad\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2"):
        links.compare(source)


_VALUE = r'(?:Q\d+|[\d.]+|"[^"\t\n]*"|\+\d{4,}-\d\d-\d\dT00:00:00Z/(?:9|10|11))'
_LINE = re.compile(rf"Q\d+\tP\d+\t{_VALUE}(?:\tP\d+\t{_VALUE})*\tS854\t\"https?://[^\"\s]+\"(?:\tS813\t{_VALUE})?\Z")


def test_a_batch_follows_the_grammar_and_every_statement_has_a_public_page(
    linked: Project, source: ExtractSource
) -> None:
    links = linked.links
    facts = links.offered(source)
    batch = write_v1(facts, links.linked())
    assert facts
    assert [line for line in batch.splitlines() if not _LINE.match(line)] == []
    assert "P585\t+2016-12-31T00:00:00Z/11\tS854" in batch
    assert "P1480\tQ5727902" in batch
    assert "memo" not in batch
    table = [line.split(",") for line in write_csv(facts, links.linked()).splitlines()]
    assert table[0][0] == "qid"
    assert len(table) == len(facts) + 1


# -- sources ------------------------------------------------------------------------------------------------


def test_an_extract_is_read_however_it_came_or_refused_with_the_reason(tmp_path: Path) -> None:
    lines = tmp_path / "extract.jsonl"
    write_extract(lines, read_extract(EXTRACT).values())
    plain, known = lines.read_bytes(), read_extract(lines).keys()
    packed = gzip.compress(plain)
    for name, data in {
        "unpacked-by-a-browser.jsonl.gz": plain,
        "packed-without-saying.jsonl": packed,
        "with-a-mark.jsonl": b"\xef\xbb\xbf" + plain,
        "utf-16.jsonl": plain.decode().encode("utf-16"),
    }.items():
        (tmp_path / name).write_bytes(data)
        assert read_extract(tmp_path / name).keys() == known
    for data, why in (
        (packed[: len(packed) // 2], "the packed file ends in the middle"),
        (packed[:5], "the packed file ends in the middle"),
        (packed[:100] + bytes(30) + packed[130:], "damaged"),
        (packed + b"more", "damaged"),
        (b"", "it is empty"),
        (gzip.compress(b"\n"), "it is empty"),
        (b"PK\x03\x04", r"extract\.jsonl\.gz:1: not an entity"),
        (b'{"id": "Q1"}\n{"id": "Q 1>"}', r"extract\.jsonl\.gz:2: not an entity"),
    ):
        path = tmp_path / "extract.jsonl.gz"
        path.write_bytes(data)
        for read in (read_extract, read_extract_triples):
            with pytest.raises(ReconciliationError, match=why):
                read(path)


def test_an_extract_in_json_lines_says_the_same_as_the_one_in_rdf(tmp_path: Path) -> None:
    items = read_extract(EXTRACT)
    path = tmp_path / "extract.jsonl.gz"
    assert write_extract(path, items.values()) == len(items)
    again = read_extract(path)
    for item in items.values():
        other = again[item.id]
        assert (other.labels, other.aliases, other.redirect) == (item.labels, item.aliases, item.redirect)
        assert {(each.property, each.value, each.rank) for each in other.statements} == {
            (each.property, each.value, each.rank) for each in item.statements
        }
    before = path.read_bytes()
    write_extract(path, again.values())
    assert path.read_bytes() == before


@pytest.mark.parametrize(("name", "text"), [("a.jsonl", '{"id": "Q1"\n'), ("a.nt", "<a> <b>"), ("b.jsonl", "[1]")])
def test_a_cut_extract_is_an_error_with_its_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ReconciliationError, match=f"{name}:1"):
        read_extract(tmp_path / name)
    with pytest.raises(ReconciliationError, match="cannot be read"):
        read_extract(tmp_path / "none.nt")


def test_without_extract_and_contact_nobody_is_asked(project: Project) -> None:
    with pytest.raises(ConfigError, match="contact"):
        project.link_source()


def test_a_real_server_gives_the_same_items_as_the_file(oxigraph: str, policy: Policy) -> None:
    graph = RemoteStore(oxigraph, policy).query("CONSTRUCT WHERE { ?s ?p ?o }")
    assert isinstance(graph, Graph)
    assert items_from_triples(graph.triples) == read_extract(EXTRACT)


def test_the_live_way_asks_for_codes_and_names(
    oxigraph: str, server: Misbehaving, policy: Policy, project: Project
) -> None:
    found = Answer(b'{"search": []}', type="application/json")
    item = Answer(
        b'{"entities": {"Q5245991": {"id": "Q5245991", "labels": {"nb": {"value": "Oslo kommune"}}}}}',
        type="application/json",
    )
    names = project.links.things["id:oslo-kommune"].names
    server.will(*[found] * 4, item)
    live = LiveSource(MediaWiki(server.address, policy), RemoteStore(oxigraph, policy))
    items = live.search(project.links.things["id:oslo-kommune"])
    assert [each.id for each in items] == ["Q5245991"]
    assert len(names) == 2
    assert "Q5245991" in server.asked[-1].path


def test_without_an_extract_the_source_is_wikidata() -> None:
    policy = Policy(contact="a@example.org")
    opened = open_source(None, policy=policy, api="https://a.example/api", endpoint="https://a.example/s")
    assert isinstance(opened, LiveSource)


# -- the command --------------------------------------------------------------------------------------------


def test_the_whole_way_on_the_command_line(
    own_copy: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (own_copy / MAPPING_FILE).unlink()
    extract = ["--extract", str(EXTRACT)]
    suggested = run("link", "suggest", *extract, cwd=own_copy)
    assert "= linked by its identifier" in suggested.stdout, suggested.stderr
    decide = ["--accept", "id:eurocities=Q910", "--reject", "id:place-oslo=Q585", "--none", "id:metrex", "--author", ME]
    assert run("link", "review", *decide, cwd=own_copy).returncode == 0
    assert run("link", "review", "--accept", "id:eurocities", cwd=own_copy).returncode == 2
    assert run("build", cwd=own_copy).returncode == 0
    assert run("link", "check", *extract, cwd=own_copy).returncode == 0
    first = run("link", "compare", *extract, cwd=own_copy)
    assert "id:eurocities P2124 theirs newer" in first.stdout
    assert run("link", "compare", *extract, cwd=own_copy).stdout == ""
    batch = run("link", "push", *extract, "-o", "batch.txt", cwd=own_copy)
    assert batch.returncode == 0
    assert "S854" in (own_copy / "batch.txt").read_text(encoding="utf-8")
    fetched = run("link", "fetch", "extract.jsonl", *extract, cwd=own_copy)
    assert "items in extract.jsonl" in fetched.stderr
    assert run("link", "suggest", "--extract", "extract.jsonl", "--dry-run", "-f", "json", cwd=own_copy).returncode == 0
    refused = run("link", "suggest", cwd=own_copy)
    assert (refused.returncode, "wikidata" in refused.stderr) == (2, True)


def test_a_review_at_the_terminal(own_copy: Path) -> None:
    import sys  # noqa: PLC0415

    (own_copy / MAPPING_FILE).unlink()
    project = Project.open(own_copy, today=TODAY)
    project.links.suggest(ExtractSource(read_extract(EXTRACT)))
    waiting = list(project.links.open().items())
    command = [sys.executable, "-m", "citygraph", "link", "review", "--author", ME]
    answers = "x\n1\nn\nr1\ns\nq\n"
    done = subprocess.run(
        command, cwd=own_copy, input=answers, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert "have neither a link nor a candidate: id:" in done.stderr
    found = rows(project)
    (first, (best, *_)), (second, _), (third, (turned, *_)) = waiting[:3]
    assert found[first, best.object_id].accepted
    assert found[second, "sssom:NoTermFound"].none_found
    assert found[third, turned.object_id].rejected


def test_every_link_command_speaks_the_language_of_the_reader(
    own_copy: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    extract = ["--extract", str(EXTRACT)]
    commands = [
        ["suggest", *extract],
        ["suggest", "no-such-thing", *extract],
        ["review", "--accept", "id:eurocities=Q910", "--author", ME],
        ["review", "--reject", "id:place-oslo=Q585", "--none", "metrex", "--author", ME],
        ["review", "--accept", "id:eurocities=Q911", "--author", ME],
        ["check", *extract],
        ["compare", *extract],
        ["compare", *extract],
        ["compare", "--ours", "id:eurocities=P1", "--author", ME],
        ["push", *extract],
        ["fetch", "extract.jsonl", *extract],
        ["suggest", "--extract", "missing.nt"],
    ]
    done = [run("link", *each, cwd=own_copy, LANG="nb_NO.UTF-8", CITYGRAPH_LANG="", LC_ALL="") for each in commands]
    printed = " ".join("".join(each.stdout + each.stderr for each in done).split())
    for words in (
        "uten lenke",
        "er godtatt",
        "er avvist",
        "er allerede lenket",
        "Feil: Ingen forskjell",
        "påstand",
        "elementer i",
    ):
        assert words in printed
    told = [(key, each) for name in ("cli", "link") for key, each in texts(name).items()]
    for key, each in told:
        en = re.sub(r"\{[^}]*\}", "|", each.en).strip("| .:")
        assert "|" in en or " " not in en or en in each.nb or en not in printed, key
