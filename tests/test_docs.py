"""The docs say what the program does: every thing has its place there, and what they show is what happens."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import citygraph
from citygraph import Project, saved_query
from citygraph.cli import COMMANDS as COMMAND_NAMES
from citygraph.cli import load_command
from citygraph.config import read_config, settings
from citygraph.namespaces import CG, compress, prefixes_for
from citygraph.rdf import parse
from citygraph.reason import ENGINES
from citygraph.results import Solutions
from citygraph.store import mirror, snapshot
from citygraph.store.names import NAMES_VERSION
from citygraph.version import __version__
from conftest import ROOT, TODAY, copy_project
from patience import PATIENCE

DOCS = ROOT / "docs"
BASE = "https://example.org/my-city/"
COMMANDS = {name: load_command(name) for name in COMMAND_NAMES}
COMMAND_PAGES = sorted((DOCS / "commands").glob("*.md"))
GENERATED = [DOCS / "findings", DOCS / "ontology.md"]
WRITTEN = sorted(page for page in DOCS.rglob("*.md") if not any(page.is_relative_to(each) for each in GENERATED))
# Getting the program is what .ci/run and `make` do before these tests run.
NOT_RUN = re.compile(r"^(git clone|make|pip install|python3? -m (venv|pip)|\.venv/bin/pip)\b.*$", re.MULTILINE)

Shows = Callable[[Path, Path], None]
START_PAGES = "run: .venv/bin/python docs/cog_blocks.py"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the paragraph before it, and whether it follows the block before."""

    language: str
    text: str
    before: str
    follows: bool

    @property
    def file(self) -> str:
        """The file that the words before the block tell the reader to write it into."""
        match = re.search(r"`((?:data|queries|ontology)/[\w./-]+)`:\Z", self.before)
        return match[1] if match else ""


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        between = text[end : match.start()].strip()
        found.append(Block(match[1], match[2], between.rpartition("\n\n")[2], follows=bool(found) and not between))
        end = match.end()
    return found


def write(block: Block, folder: Path, *, prefixes: str = "") -> None:
    path = folder / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    new = "Save this as" in block.before or not path.exists()
    text = "" if new else path.read_text(encoding="utf-8") + "\n"
    path.write_text(text + prefixes + block.text, encoding="utf-8")


def shell(text: str, folder: Path) -> tuple[str, Path]:
    """What a shell block prints, and the folder it ends in."""
    here = folder / ".here"
    script = NOT_RUN.sub("", text).replace(".venv/bin/", "")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",  # stdout and stderr in the order in which a reader sees them
        "CITYGRAPH_LANG": "en",
    }
    done = subprocess.run(
        ["bash", "-ec", f"{script}\npwd > '{here}'"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    ended = Path(here.read_text(encoding="utf-8").strip()) if here.exists() else folder
    here.unlink(missing_ok=True)
    return done.stdout, ended


def run_page(page: Path, folder: Path) -> Iterator[tuple[Block, str, str]]:
    """Do what the page says, from top to bottom: each shell block with what it should print and what it prints."""
    waiting = blocks(page)
    for number, block in enumerate(waiting):
        if block.file:
            write(block, folder)
        if block.language == "sh":
            printed, folder = shell(block.text, folder)
            after = waiting[number + 1] if number + 1 < len(waiting) else block
            expected = after.text if after.follows and after.language == "text" else ""
            yield block, expected, "\n".join(line.rstrip() for line in printed.splitlines()) + "\n"


@pytest.fixture
def assert_shows_what_happens(pytestconfig: pytest.Config) -> Shows:
    """Run a page; with --rewrite-expected, write what was printed into it, where it leaves nothing out with `...`."""
    rewrite = bool(pytestconfig.getoption("--rewrite-expected"))
    return lambda page, folder: _assert_shows_what_happens(page, folder, rewrite=rewrite)


def _assert_shows_what_happens(page: Path, folder: Path, *, rewrite: bool) -> None:
    checker = doctest.OutputChecker()
    for block, expected, printed in run_page(page, folder):
        if expected and rewrite and "..." not in expected:
            old, new = (f"```sh\n{block.text}```\n\n```text\n{each}```" for each in (expected, printed))
            page.write_text(page.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        elif expected:
            same = checker.check_output(expected, printed, doctest.ELLIPSIS)
            assert same, f"{page.name}:\n{block.text}\nshould print\n{expected}\nand prints\n{printed}"
        else:
            assert "Error:" not in printed, f"{page.name}:\n{block.text}\nprints\n{printed}"


@pytest.fixture
def my_city(tmp_path: Path) -> Path:
    """What `citygraph new my-city` makes."""
    return Project.new(tmp_path / "my-city", example=True).folder


# -- every thing has its place ----------------------------------------------------------------------


def test_every_command_has_a_page_and_every_page_a_command() -> None:
    assert {page.stem for page in COMMAND_PAGES} == {*COMMANDS, "index"}, START_PAGES


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_on_the_page_of_its_command(name: str) -> None:
    text = (DOCS / "commands" / f"{name}.md").read_text(encoding="utf-8")
    options = [option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("-")]
    assert [option for option in options if option not in text] == []


def test_every_finding_code_has_a_page_and_every_page_a_code(this_project: Project) -> None:
    pages = {page.stem for page in (DOCS / "findings").glob("*.md")}
    assert pages == {*this_project.finding_codes(), "index"}, START_PAGES


def test_the_newest_release_reads_and_writes_what_the_page_says() -> None:
    name, said = [*tomllib.loads((DOCS / "releases.toml").read_text(encoding="utf-8")).items()][-1]
    assert name == __version__, "a new version has an entry in docs/releases.toml"
    formats = {"mirror": mirror._FORMAT, "version": snapshot._FORMAT, "names": NAMES_VERSION}  # noqa: SLF001  # its own
    assert said == {**formats, "pulls": [mirror.OLD_FORMAT, mirror._FORMAT]}  # noqa: SLF001


def test_the_changelog_says_what_to_do_and_what_goes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert versions[0].startswith(("Unreleased\n", f"{__version__}\n"))
    for each in versions:
        parts = re.split(r"^### ", each, flags=re.MULTILINE)
        assert [part.partition("\n")[0] for part in parts[1:]] == ["You must do", "Deprecated"]
        assert "**You must" not in parts[0], "that belongs below the heading for it"


def test_every_setting_is_described() -> None:
    described = re.findall(r"^\| `([\w.]+)` \|", (DOCS / "settings.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert described == [setting.key for setting in settings()]


def test_every_term_of_the_ontology_has_an_entry() -> None:
    entries = re.findall(
        r"^#### cg:\w+ \{ #(\w+) \}$", (DOCS / "ontology.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    rows = re.findall(r"^\| <a id='(\w+)'></a>`cg:", (DOCS / "ontology.md").read_text(encoding="utf-8"), re.MULTILINE)
    data = (ROOT / "ontology" / "citygraph.ttl").read_bytes()
    quads = parse(data, format="ttl").quads
    terms = {str(quad.subject)[1:-1] for quad in quads}
    deprecated = {str(quad.subject)[1:-1] for quad in quads if quad.predicate.value.endswith("owl#deprecated")}
    assert sorted(entries) == sorted(term.removeprefix(CG) for term in terms - deprecated if term.startswith(CG))
    assert sorted(rows) == sorted(term.removeprefix(CG) for term in deprecated)


def test_every_property_used_in_the_data_is_explained_with_an_example() -> None:
    text = (DOCS / "ontology.md").read_text(encoding="utf-8")
    used = {
        compress(quad.predicate.value)
        for path in (ROOT / "data").rglob("*.ttl")
        for quad in parse(path.read_bytes(), format="ttl").quads
    }
    for name in used:
        own = name.startswith("cg:")
        said = "a" if name == "rdf:type" else name
        entry = rf"^#### {name} .*?^- example: `[^`]*\b{name}\b" if own else rf"^\| `{name}` \|[^|]*\| `.* {said} "
        assert re.search(entry, text, re.MULTILINE | re.DOTALL), name


def test_every_term_of_the_ontology_has_an_example() -> None:
    entries = re.split(r"^#{2,4} ", (DOCS / "ontology.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [entry.split()[0] for entry in entries if entry.startswith("cg:") and "- example: " not in entry] == []


def test_every_pattern_of_the_page_of_the_ontology_finds_something(this_project: Project) -> None:
    part = (
        (DOCS / "ontology.md")
        .read_text(encoding="utf-8")
        .partition("## Asking in plain SPARQL")[2]
        .partition("\n## ")[0]
    )
    patterns = [
        each
        for row in re.findall(r"^\| [a-z].*\| (`.*`) \|$", part, re.MULTILINE)
        for each in re.findall(r"`([^`]+)`", row)
    ]
    assert len(patterns) > 20
    head = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes_for(this_project.config.base).items())
    for pattern in patterns:
        answer = this_project.sparql(f"{head}SELECT * WHERE {{ {pattern} }} LIMIT 1")
        assert isinstance(answer, Solutions)
        assert len(answer) == 1, pattern


def test_every_concept_scheme_has_its_concepts_listed() -> None:
    text = (DOCS / "ontology.md").read_text(encoding="utf-8")
    schemes = re.findall(r"^`concept:([\w-]+)` · ", text, re.MULTILINE)
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "ontology").glob("*.ttl")]
    assert sorted(schemes) == sorted(
        re.findall(r"^concept:([\w-]+) a skos:ConceptScheme", "".join(files), re.MULTILINE)
    )
    concepts = re.findall(r"^(concept:[\w-]+) a (?:org:Role , )?skos:Concept\b(?!Scheme)", "".join(files), re.MULTILINE)
    assert [concept for concept in concepts if f"| `{concept}` |" not in text] == []


def test_every_saved_query_is_on_the_list_of_questions(this_project: Project) -> None:
    listed = re.findall(r"^## ([\w-]+)$", (DOCS / "questions.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [saved.name for saved in this_project.queries()], START_PAGES


def test_every_key_of_a_query_header_is_described() -> None:
    text = (DOCS / "queries.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text, re.MULTILINE)
    described = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert described == saved_query._KEYS | saved_query._PARAMETER_KEYS  # noqa: SLF001  # the reader's own lists
    assert all(f"`{each}`" in text for each in (*saved_query.PARAMETER_TYPES, *saved_query.VIEWS))


def test_every_engine_is_described_and_only_missing_ones_are_put_off() -> None:
    text = (DOCS / "reasoning.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    kind = next(setting.kind for setting in settings() if setting.key == "reason.engine")
    assert set(rows) == set(kind.partition(":")[2].split(","))
    assert {name for name, about in rows.items() if "a later version" not in about} == set(ENGINES)


def test_every_public_name_is_on_the_page_about_python() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert [name for name in citygraph.__all__ if f"`{name}`" not in text and name != "__version__"] == []


# -- what they show is what happens -----------------------------------------------------------------


def test_the_shell_blocks_of_the_readme_print_what_it_says(assert_shows_what_happens: Shows, tmp_path: Path) -> None:
    assert_shows_what_happens(ROOT / "README.md", copy_project(ROOT, tmp_path / "citygraph"))


def test_the_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_tutorial_prints_what_it_says(assert_shows_what_happens: Shows, tmp_path: Path) -> None:
    assert_shows_what_happens(DOCS / "tutorial.md", copy_project(ROOT, tmp_path / "citygraph"))


@pytest.mark.parametrize("page", COMMAND_PAGES, ids=lambda page: page.stem)
def test_a_command_prints_what_its_page_says(assert_shows_what_happens: Shows, page: Path, my_city: Path) -> None:
    assert_shows_what_happens(page, my_city)


def test_the_example_of_a_question_prints_what_its_page_says(assert_shows_what_happens: Shows, my_city: Path) -> None:
    assert_shows_what_happens(DOCS / "queries.md", my_city)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(DOCS).with_suffix("").as_posix())
def test_python_examples_run(page: Path, my_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = [block.text for block in blocks(page) if block.language == "python"]
    assert all(text.startswith(">>>") for text in python), "a Python block is a session, so that it can be run"
    monkeypatch.chdir(my_city.parent)
    test = doctest.DocTestParser().get_doctest("\n".join(python), {}, page.name, str(page), 0)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(DOCS).with_suffix("").as_posix())
def test_turtle_examples_can_be_read(page: Path) -> None:
    prefixes = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes_for(BASE).items())
    for block in blocks(page):
        if block.language == "turtle":
            assert parse((prefixes + block.text).encode(), format="ttl").problems == ()


def test_the_templates_pass_every_check(my_city: Path) -> None:
    prefixes = next(block.text for block in blocks(DOCS / "data.md") if block.text.startswith("@prefix"))
    templates = [block for block in blocks(DOCS / "data.md") if block.file]
    for block in templates:
        write(block, my_city, prefixes=prefixes if block.language == "turtle" else "")
    report = Project.open(my_city, today=TODAY).check().report
    assert len(templates) > 8
    assert [(finding.place, finding.code, finding.message.en) for finding in report] == []


def test_the_example_settings_are_valid(tmp_path: Path) -> None:
    for block in blocks(DOCS / "settings.md"):
        if block.language == "toml":
            (tmp_path / "graph.toml").write_text(block.text, encoding="utf-8")
            assert read_config(tmp_path).title.en


def test_the_built_pages_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    loads = re.compile(r"""<(?:script|img|iframe|link|source)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^"'\s>]+""")
    styles = re.compile(r"""(?:@import|url\()\s*["']?(?:https?:)?//[^"')]+""")
    found = [(path.name, hit) for path in tmp_path.rglob("*.html") for hit in loads.findall(path.read_text("utf-8"))]
    found += [(path.name, hit) for path in tmp_path.rglob("*.css") for hit in styles.findall(path.read_text("utf-8"))]
    assert found == []
