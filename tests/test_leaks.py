"""Nothing internal leaves: not by a verb, a format, a page, a feed, a header, an error, a count or a day."""

from __future__ import annotations

import gzip
import html
import io
import json
import os
import re
import shutil
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import pytest
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli.app import app
from citygraph.errors import ConfigError, SnapshotError
from citygraph.export import EXPORT_FORMATS
from citygraph.link.items import WikidataItem
from citygraph.matching.things import Thing
from citygraph.store import Snapshot
from citygraph.web.app import Site, create_site
from citygraph.web.background import derive_day, read_explainer
from citygraph.web.site import SiteLimits, write_site
from citygraph.web.site.write import SiteClient
from internal_project import BASE, DAY, MARK, make_project
from pages_client import Pages, words_of

# More of them for a person who changes what may leave: CITYGRAPH_PROJECTS=20.
NUMBERS: Final = range(1, 1 + int(os.environ.get("CITYGRAPH_PROJECTS", "1")))
_VERSION: Final = re.compile(r"\b[0-9a-f]{16}\b")
_EDITION: Final = re.compile(r" · (?:Public edition|Offentlig utgave)")
_LINK: Final = re.compile(r'(?:href|src|action|data-index|data-terms|data-graph|data-names)="(/[^"]*)"')


@dataclass(frozen=True)
class Pair:
    """A project with internal files, and the same without them; both built."""

    whole: Project
    public: Project


@pytest.fixture(scope="module", params=NUMBERS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """One of the generated projects."""
    folder, number = tmp_path_factory.mktemp("pair"), request.param
    made = Pair(make_project(folder / "whole", number), make_project(folder / "public", number, with_internal=False))
    for project in (made.whole, made.public):
        assert not project.build().report.violations
    assert MARK.encode() in made.whole.export(format="nq", edition="internal")
    return made


def found_in(name: str, data: bytes) -> set[str]:
    """Which marks of something internal a file has, its name included, packed or not."""
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(each) for each in book.namelist())
    return {mark for mark in (MARK, DAY) if mark.encode() in name.encode().lower() + data.lower()}


def comparable(data: bytes) -> bytes:
    """What is the same in two projects of which one has internal files: all but the names of versions."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(each) for each in book.namelist())
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    return _EDITION.sub("", _VERSION.sub("VERSION", text)).encode()


@pytest.mark.parametrize("which", ["both", "asserted", "inferred"])
def test_an_export_is_the_same_as_without_the_internal_files(pair: Pair, which: str) -> None:
    for format_ in set(EXPORT_FORMATS) - {"csv"}:
        data = pair.whole.export(format=format_, which=which)  # type: ignore[arg-type]
        assert found_in(format_, data) == set()
        assert data == pair.public.export(format=format_, which=which)  # type: ignore[arg-type]
    assert pair.whole.tables(which=which) == pair.public.tables(which=which)  # type: ignore[arg-type]


def test_the_command_line_exports_what_may_leave_unless_told_otherwise(pair: Pair, tmp_path: Path) -> None:
    folder = str(pair.whole.folder)
    runner = CliRunner()
    said = runner.invoke(app, ["export", "-f", "nt", "-C", folder])
    assert said.exit_code == 0
    assert MARK not in said.output
    (tmp_path / "all.ttl").write_text("", encoding="utf-8")
    for edition in ("public", "internal"):
        for target in ("all.ttl", "tables"):
            format_ = [] if target.endswith("ttl") else ["-f", "csv"]
            place = tmp_path / (target if target.endswith("ttl") else f"{edition}-{target}")
            done = runner.invoke(app, ["export", str(place), *format_, "-C", folder, "--edition", edition])
            assert done.exit_code == 0, done.output
            files = [place] if place.is_file() else list(place.iterdir())
            is_internal = edition == "internal"
            assert any(found_in("", each.read_bytes()) for each in files) is is_internal
            assert {each.stat().st_mode & 0o777 for each in files} == {0o640 if is_internal else 0o644}
            assert not place.is_dir() or place.stat().st_mode & 0o007 == (0 if is_internal else 0o005)


def test_what_a_question_prints_is_the_same_as_without_the_internal_files_when_asked_for(pair: Pair) -> None:
    subject, predicate, object_ = _STATEMENTS[1]
    everything = f'SELECT ?s ?p ?o WHERE {{ ?s ?p ?o FILTER(CONTAINS(LCASE(CONCAT(STR(?s), STR(?o))), "{MARK}")) }}'
    statement = (f"{BASE}id/{subject}", predicate, object_.removesuffix("@nb"))
    for asked in (
        ["sparql", everything], ["query"], ["query", f"{MARK}-plan"], ["query", f"{MARK}-plan", "--help"],
        ["query", "members", "--network", "Quiet Network", "--cite"], ["explain", *statement],
    ):  # fmt: skip
        said = {
            (project is pair.whole, edition): CliRunner().invoke(
                app, [*asked, "--edition", edition, "--lang", "en", "-C", str(project.folder)]
            )
            for project, edition in ((pair.whole, "public"), (pair.public, "internal"), (pair.whole, "internal"))
        }
        shown, without = said[True, "public"], said[False, "internal"]
        assert (shown.exit_code, shown.output, str(shown.exception)) == (
            without.exit_code, without.output.replace(str(pair.public.folder), str(pair.whole.folder)), str(without.exception),
        ), asked  # fmt: skip
        whole = said[True, "internal"]
        assert whole.output != shown.output or str(whole.exception) != str(shown.exception) or asked[0] != "sparql", (
            asked
        )


def test_a_mirror_has_what_may_leave_unless_told_otherwise(pair: Pair, tmp_path: Path) -> None:
    pair.whole.push_snapshot(tmp_path / "mirror")
    assert [found_in(path.name, path.read_bytes()) for path in (tmp_path / "mirror").iterdir() if path.is_file()] == [
        set() for path in (tmp_path / "mirror").iterdir() if path.is_file()
    ]
    (tmp_path / "there").mkdir()
    settings = (pair.whole.folder / "graph.toml").read_text(encoding="utf-8")
    (tmp_path / "there" / "graph.toml").write_text(settings, encoding="utf-8")
    there = Project.open(tmp_path / "there")
    there.pull_snapshot(tmp_path / "mirror")
    everything = b"".join(path.read_bytes() for path in (there.folder / "build").rglob("*") if path.is_file())
    assert found_in("", everything) == set()
    assert there.export(format="nq") == pair.public.export(format="nq")

    pair.whole.push_snapshot(tmp_path / "inner", edition="internal")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "inner").glob("*.tar")} == {0o640}
    assert (tmp_path / "inner").stat().st_mode & 0o777 == 0o750
    there.pull_snapshot(tmp_path / "inner")
    # What was pulled before is what may leave, still.
    assert there.export(format="nq") == pair.public.export(format="nq")
    assert MARK.encode() in there.export(format="nq", edition="internal")
    version = (there.folder / "build" / "current").resolve()
    modes = {path.stat().st_mode & 0o777 for path in (version, *version.rglob("*"))}
    assert modes == {0o640, 0o750}


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "SHA256SUMS":
            yield path.relative_to(folder).as_posix(), path.read_bytes()


@pytest.mark.slow
def test_a_published_folder_is_the_same_as_without_the_internal_files(pair: Pair, tmp_path: Path) -> None:
    # The pages are compared below, on the served site.
    pages = partial(write_site, limits=SiteLimits(answers=2, proofs=4))
    for name, project, site in (("whole", pair.whole, pages), ("public", pair.public, None)):
        outcome = project.publish(tmp_path / name, site=site)
        assert outcome.written, [(each.code, each.file, each.message.en) for each in outcome.report.violations]
        assert MARK not in json.dumps([each.to_json() for each in outcome.report])
    whole, public = dict(files_of(tmp_path / "whole")), dict(files_of(tmp_path / "public"))
    assert whole.keys() > public.keys()
    for path, data in whole.items():
        assert found_in(path, data) == set(), path
        # The first page leads to the site, when there is one.
        assert path in {"index.html", "en.html"} or comparable(data) == comparable(public.get(path, data)), path


# -- the served site -------------------------------------------------------------------------------------

_GUESSES: Final = (
    f"/city/{MARK}", f"/city/place-{MARK}", f"/organization/{MARK}-kommune", f"/id/{MARK}-kommune", f"/id/place-{MARK}.ttl",
    f"/source/{MARK}-list", f"/document/{MARK}-list", f"/queries/{MARK}-plan", f"/queries/{MARK}-plan.csv",
    f"/queries/{MARK}-plan.atom", f"/editor?example={MARK}-plan", f"/search?q={MARK}", f"/search.json?q={MARK}",
    f"/a-z/{MARK[0]}", "/a-z", f"/queries/members?network={MARK}", f"/queries/members.json?network={MARK}-kommune",
    f"/queries/members.csv?as_of={DAY}&cite=1", "/queries/member-history.atom", "/queries.json", "/index.json",
    "/openapi.json", "/void.ttl", "/.well-known/void", "/editor/terms.json", "/search/names.json", "/robots.txt",
    "/sitemap.xml", "/sources", "/data/internal", f"/data/internal/{MARK}-source.ttl", "/graph.toml", "/build/current",
    f"/graph-store?graph={BASE}graph/data/internal/{MARK}-source.ttl", "/graph-store?default", "/reconcile",
    f"/reconcile?queries={quote(json.dumps({'q': {'query': f'{MARK.title()} City'}}))}",
    f"/reconcile/suggest/entity?prefix={MARK}", f"/reconcile/preview?id={MARK}-kommune",
    f"/reconcile/extend?extend={quote(json.dumps({'ids': [f'{MARK}-kommune', 'example-kommune'], 'properties': []}))}",
)  # fmt: skip
_QUERIES: Final = (
    "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g",
    "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    f'SELECT ?s ?p ?o WHERE {{ ?s ?p ?o FILTER(CONTAINS(LCASE(CONCAT(STR(?s), STR(?p), STR(?o))), "{MARK}")) }}',
    f'ASK {{ ?s ?p ?o FILTER(STRSTARTS(STR(?o), "{DAY}")) }}',
    f"DESCRIBE <{BASE}id/{MARK}-kommune>",
    f"CONSTRUCT WHERE {{ <{BASE}id/example-kommune> ?p ?o }}",
    f"SELECT ?p WHERE {{ <{BASE}id/example-kommune> ?p <{BASE}id/quiet-network> }}",
    f"DESCRIBE ?s FROM <{BASE}graph/data/internal/{MARK}-source.ttl> WHERE {{ ?s ?p ?o }}",
    f"SELECT * WHERE {{ SERVICE <{BASE}sparql> {{ ?s ?p ?o }} }}",
    "SELECT * WHERE { ?s ?p ",
)
_STATEMENTS: Final = (
    ("example-kommune", "https://w3id.org/citygraph/ontology#participatesIn", f"<{BASE}id/quiet-network>"),
    ("example-kommune", "http://www.w3.org/2004/02/skos/core#editorialNote", f'"De vurderer å tre ut: {MARK}"@nb'),
    (f"{MARK}-kommune", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "<http://www.w3.org/ns/org#Organization>"),
)


def guesses() -> Iterator[str]:
    """Addresses that a stranger who has heard of the secret would try."""
    yield from (f"{each}{'&' if '?' in each else '?'}lang=en" for each in _GUESSES)
    for query in _QUERIES:
        yield f"/sparql?{urlencode({'query': query})}"
        yield f"/editor?{urlencode({'query': query})}"
    for subject, predicate, object_ in _STATEMENTS:
        terms = {"s": f"<{BASE}id/{subject}>", "p": f"<{predicate}>", "o": object_}
        yield f"/why?{urlencode(terms)}"
        yield f"/why.json?{urlencode(terms)}"


def links_from(client: SiteClient, start: str, *, most: int) -> dict[str, bytes]:
    """The answers to an address and to all that it leads to, by address."""
    seen, waiting = {start: b""}, deque([start])
    while waiting:
        address = waiting.popleft()
        answer = client.get(address, patience=60)
        seen[address] = answer.body
        for match in _LINK.finditer(answer.body.decode("utf-8", "replace")):
            link = html.unescape(match[1]).partition("#")[0]
            if link not in seen and len(seen) < most and not link.startswith("/static/"):
                seen[link] = b""
                waiting.append(link)
    return seen


@contextmanager
def logging_site(project: Project) -> Iterator[SiteClient]:
    """The site with its log, started for as long as it is asked."""
    site = create_site(project, workers=1)
    with start_blocking_portal() as portal:
        portal.call(site.start)
        try:
            yield SiteClient(site, portal)
        finally:
            portal.call(site.stop)


def logged(text: str) -> set[str]:
    """What lines of the log say, but for times, sizes and versions: an answer that was given later was asked for twice."""
    lines = (json.loads(line) for line in text.splitlines())
    kept = ({name: each for name, each in line.items() if name not in {"time", "ms", "bytes"}} for line in lines)
    return {_VERSION.sub("VERSION", json.dumps(line)) for line in kept if line.get("status") != 503}


@pytest.mark.slow
def test_the_served_site_answers_as_without_the_internal_files(pair: Pair, capfd: pytest.CaptureFixture[str]) -> None:
    answers: list[dict[str, bytes]] = []
    logs: list[set[str]] = []
    for project in (pair.whole.in_edition("public"), pair.public):
        with logging_site(project) as client:
            found = links_from(client, "/?lang=en", most=100)
            for address in guesses():
                answer = client.get(address, patience=60)
                found[address] = answer.body or f"{answer.status} {answer.media_type}".encode()
            answers.append(found)
            told = client.get("/health").body + client.get("/metrics").body
        assert found_in("", told) == set()
        # The log, and whatever else this process and those of the workers write.
        logs.append(logged("".join(capfd.readouterr())))
    whole, public = answers
    assert logs[0] == logs[1]
    assert any('"path": "/health"' in line for line in logs[0])
    for line in logs[0]:
        assert MARK in json.loads(line).get("path", "").lower() or found_in("", line.encode()) == set(), line
    assert whole.keys() == public.keys()
    for address, data in whole.items():
        assert comparable(data) == comparable(public[address]), address
        if MARK not in address.lower() and DAY not in address:
            assert found_in(address, data) == set(), address


# -- which version is shown ------------------------------------------------------------------------------


@pytest.fixture
def own(pair: Pair, tmp_path: Path) -> Project:
    """The project with internal files, built, in a folder that the test may change."""
    shutil.copytree(pair.whole.folder, tmp_path / "own", symlinks=True)
    return Project.open(tmp_path / "own")


def set_internal(project: Project, *patterns: str) -> Project:
    """The same folder with other patterns, opened anew."""
    path = project.folder / "graph.toml"
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("internal =")]
    path.write_text("\n".join([*kept, f"internal = {json.dumps(patterns)}", ""]), encoding="utf-8")
    return Project.open(project.folder)


def test_what_became_internal_after_the_build_is_not_shown(own: Project) -> None:
    more = set_internal(own, *own.config.internal, "data/people.ttl")
    assert more.in_edition("public").current() is None
    with pytest.raises(SnapshotError, match="public edition"):
        more.export(format="nt")
    # Nor by a server that was started before, when it looks for the version in use.
    assert not more.build().report.violations
    assert b"Nordmann" not in own.export(format="nt")
    assert b"Nordmann" in own.export(format="nt", edition="internal")


def test_a_server_from_before_there_were_internal_files_shows_none_of_them(own: Project) -> None:
    before = Project.open(own.folder)
    before.config = replace(own.config, values={**own.config.values, "publish.internal": ()})
    shown = type(before)(before.config).in_edition("public")
    assert shown.snapshot().manifest.edition == "public"
    (own.folder / "build" / "public").unlink()
    assert shown.current() is None


def test_without_internal_files_there_is_one_version_for_all(pair: Pair) -> None:
    assert pair.public.in_edition("public").snapshot().folder == pair.public.snapshot().folder
    assert pair.public.snapshot().manifest.edition == ""
    assert "edition" not in (pair.public.snapshot().folder / "manifest.json").read_text(encoding="utf-8")
    assert not (pair.public.folder / "build" / "public").is_symlink()


def test_a_version_with_internal_files_leaves_by_no_name(own: Project, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="has internal files"):
        own.push_snapshot(tmp_path / "mirror", snapshot_id=own.snapshot().snapshot_id)
    assert not (tmp_path / "mirror").exists()


def test_both_editions_stay_when_old_versions_go(own: Project) -> None:
    own.snapshots.prune(keep=0)
    assert own.snapshot().manifest.edition == "internal"
    assert own.in_edition("public").snapshot().manifest.edition == "public"


def test_a_question_that_gives_something_away_stops_check_and_build(own: Project) -> None:
    name = "told.rq"
    (own.folder / "queries" / name).write_text(_QUESTION.replace("MARK", f"{BASE}source/{MARK}-list"), encoding="utf-8")
    before = own.snapshot().snapshot_id, own.in_edition("public").snapshot().snapshot_id
    for report in (own.check().report, own.build().report):
        assert [(each.code, each.file) for each in report.violations] == [("publish-leak", f"queries/{name}")]
    assert (own.snapshot().snapshot_id, own.in_edition("public").snapshot().snapshot_id) == before
    # Nor is it shown meanwhile, though it lies there.
    assert "told" not in {each.name for each in own.in_edition("public").queries()}
    assert Pages(own.in_edition("public")).get("/queries/told").status_code == 404
    assert Pages(own).get("/queries/told").status_code == 200
    hidden = set_internal(own, *own.config.internal, f"queries/{name}")
    assert not hidden.check().report.violations
    assert "told" not in {each.name for each in hidden.in_edition("public").queries()}
    assert "told" in {each.name for each in hidden.queries()}


_QUESTION: Final = """#+ title:    { nb: "Fortalt", en: "Told" }
#+ question: { nb: "Hva?", en: "What?" }
#+ columns:  [thing]
# It stands in <MARK>.
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?thing WHERE { ?thing skos:prefLabel ?label }
"""


def test_what_works_beside_the_site_sees_the_same_edition(pair: Pair) -> None:
    folder, day = str(pair.whole.folder), "2025-06-01"
    version = derive_day(folder, "public", day)
    quads = [*Snapshot(Path(version)).asserted(), *Snapshot(Path(version)).inferred()]
    assert not [quad for quad in quads if MARK in str(quad).lower()]
    shown = pair.whole.in_edition("public").snapshot()
    explain = read_explainer(folder, "public", str(shown.folder), shown.manifest.as_of)
    for subject, predicate, object_ in _STATEMENTS[:2]:
        found = explain((f"<{BASE}id/{subject}>", f"<{predicate}>", object_))
        assert not found.proofs
    assert Path(version).stat().st_mode & 0o777 == 0o755


def test_a_server_that_holds_the_graph_has_what_may_leave(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Snapshot] = []

    class Held:
        """Takes a version as a server would."""

        def ready(self) -> None: ...

        def use(self, snapshot: Snapshot, **_: object) -> None:
            used.append(snapshot)

        def prune(self, keep: int) -> None: ...

    monkeypatch.setattr("citygraph.store.server.versions.held_versions", lambda *_: Held())
    text = (own.folder / "graph.toml").read_text(encoding="utf-8")
    (own.folder / "graph.toml").write_text(
        text.replace("[publish]", '[store]\nengine = "remote"\nendpoint = "http://127.0.0.1:9/"\n\n[publish]'), "utf-8"
    )
    assert not Project.open(own.folder).build().report.violations
    assert [each.manifest.edition for each in used] == ["public"]


def test_no_internal_name_is_looked_for_in_wikidata(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Source:
        """Knows nothing, and remembers what it was asked for."""

        def search(self, thing: Thing) -> list[WikidataItem]:
            asked.append(str(thing))
            return []

        def get(self, ids: Iterable[str]) -> dict[str, WikidataItem]:
            del ids
            return {}

    monkeypatch.setattr("citygraph.link.open_source", lambda *_, **__: Source())
    folder = str(pair.whole.folder)
    for edition in ("public", "internal"):
        done = CliRunner().invoke(app, ["link", "suggest", "--dry-run", "-C", folder, "--edition", edition])
        assert done.exit_code == 0, done.output
        assert asked
        is_told = any(MARK in each.lower() for each in asked)
        assert is_told is (edition == "internal" and MARK in str(pair.whole.links.things).lower())
        asked.clear()


def test_serve_says_which_edition_it_shows(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def run(site: Site, *, host: str, port: int, ready: Callable[[int], None], again: object) -> bool:
        del host, again
        shown.append(site.service.project.config.edition)
        ready(port)
        return True

    monkeypatch.setattr("citygraph.web.server.run", run)
    folder = str(pair.whole.folder)
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104  # nobody listens
        for given, edition in (((), "public"), (("--edition", "internal"), "internal")):
            said = CliRunner().invoke(app, ["serve", folder, "--host", host, "--lang", "en", *given])
            assert said.exit_code == 0, said.output
            assert f"The {edition} edition" in said.output
            assert MARK not in said.output
            assert shown.pop() == edition
    assert isinstance(CliRunner().invoke(app, ["serve", folder, "--review"]).exception, ConfigError)
    for edition, words in (("public", "Public edition"), ("internal", "Internal edition: not for everybody")):
        assert words in words_of(Pages(pair.whole.in_edition(edition)).get("/?lang=en").text)
