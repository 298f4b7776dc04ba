"""Questions that ask Wikidata, on the site: only when the operator says so, and always saying where columns come from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from citygraph import Project
from conftest import ROOT, TODAY
from web.conftest import Server, serving

PAGE = "/queries/websites-on-wikidata"
EXTRACT = ROOT / "tests" / "link" / "wikidata.nt"


@pytest.fixture
def settings() -> str:
    """Nothing beyond what the tests add."""
    return ""


def site(folder: Path, allowed: str) -> Path:
    shutil.copy(EXTRACT, folder / "wikidata.nt")
    path = folder / "graph.toml"
    more = f'\n[federation]\nextract = "wikidata.nt"\n\n[serve]\nfederation = {allowed}\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    Project.open(folder, today=TODAY).build()
    return folder


def sparql(server: Server) -> int:
    return server.ask("SELECT * WHERE { SERVICE <https://query.wikidata.org/sparql> { ?s ?p ?o } }").status_code


def test_a_site_that_may_ask_says_what_comes_from_where(own_copy: Path) -> None:
    with serving(site(own_copy, "true"), "--workers", "1") as server:
        page = server.get(f"{PAGE}?lang=en").text
        assert "From wikidata.nt: Wikidata. Fetched on" in page
        assert "Fra wikidata.nt: Wikidata. Hentet" in server.get(f"{PAGE}?lang=nb").text
        assert server.get(f"{PAGE}.csv").status_code == 200
        assert sparql(server) == 400


def test_a_site_that_may_not_ask_shows_its_own_columns_and_gives_no_file(own_copy: Path) -> None:
    with serving(site(own_copy, "false"), "--workers", "1") as server:
        page = server.get(f"{PAGE}?lang=en")
        assert page.status_code == 200
        assert "has not answered, so these columns are empty: Wikidata, the same, year, the same year" in page.text
        assert "City of Oslo" in page.text
        refused = server.get(f"{PAGE}.csv")
        assert refused.status_code == 503
        assert "Nobody is asked from here" in refused.json()["error"]
        assert sparql(server) == 400
