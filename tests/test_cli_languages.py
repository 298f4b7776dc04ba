"""Every command speaks bokmål and English: help, mistakes in what was typed, answers; and a question starts at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli import COMMANDS, app, load_command
from citygraph.messages import Text, texts
from clean_project import clean_project
from conftest import TODAY
from patience import PATIENCE

Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
NB: Final = {"LANG": "nb_NO.UTF-8", "LC_ALL": "", "LC_MESSAGES": "", "CITYGRAPH_LANG": ""}
HELP: Final = texts("help")
# What a question of a graph that is built has no use for.
UNUSED: Final = ("httpx", "numpy", "rdflib", "SPARQLWrapper", "pyshacl", "starlette")
LOADED: Final = f"""
import os, sys
from citygraph.store import snapshot
opened, leave, init = [], os._exit, snapshot.Snapshot.__init__
def count(self, *values, **named):
    opened.append(self)
    init(self, *values, **named)
def end(code):
    ours = [name for name in sys.modules if name.partition(".")[0] == "citygraph"]
    print(len(opened), len(ours), [name for name in {UNUSED} if name in sys.modules], file=sys.stderr, flush=True)
    leave(code)
snapshot.Snapshot.__init__, os._exit = count, end
from citygraph.cli import run
run()
"""


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command with its path, those of groups too."""
    for name in COMMANDS:
        command = load_command(name)
        yield name, command
        for below, each in getattr(command, "commands", {}).items():
            yield f"{name}.{below}", each


ALL: Final = dict(every_command())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = clean_project(tmp_path_factory.mktemp("built"))
    Project.open(folder, today=TODAY).build()
    return folder


def help_of(path: str, language: str) -> str:
    environment = {**NB, "CITYGRAPH_LANG": language, "COLUMNS": "100"}
    arguments = [*filter(None, path.split(".")), "--help"]
    return " ".join(CliRunner(env=environment).invoke(app, arguments, prog_name="citygraph").output.split())


def said(text: Text, language: str) -> str:
    return " ".join(text.in_language(language).split())


@pytest.mark.parametrize("path", ["", *ALL])
def test_a_help_page_is_wholly_in_one_language(path: str) -> None:
    pages = {language: help_of(path, language) for language in ("nb", "en")}
    about = HELP[f"{path or 'citygraph'}.about"]
    assert all(said(about, language) in pages[language] for language in pages)
    for key, each in HELP.items():
        nb, en = said(each, "nb"), said(each, "en")
        if key.startswith("typer.") or nb == en or " " not in en or " " not in nb:
            continue
        assert en not in pages["nb"] or en in nb, key
        assert nb not in pages["en"] or nb in en, key
    assert ("Bruk: " in pages["nb"], "Usage: " in pages["en"]) == (True, True)
    assert not {"Usage:", "Options:", "[default:", "[required]"} & set(pages["nb"].split())


def test_all_that_can_be_typed_is_explained_and_nothing_else() -> None:
    typed = {
        f"{path}.{parameter.name}" if f"{path}.{parameter.name}" in HELP else f"shared.{parameter.name}"
        for path, command in ALL.items()
        for parameter in command.params
    }
    about = {f"{path}.about" for path in ALL}
    rest = {"citygraph.about", "citygraph.version", "shared.help"}
    assert {key for key in HELP if not key.startswith(("frame.", "typer."))} == typed | about | rest


@pytest.mark.parametrize("name", ["cli", "help", "link"])
def test_every_text_of_the_commands_is_there_in_both_languages(name: str) -> None:
    assert [key for key, each in texts(name).items() if not (each.nb and each.en)] == []


@pytest.mark.parametrize(
    ("arguments", "nb", "en"),
    [
        (["bild"], "Det finnes ingen kommando 'bild'. Mente du 'build'?", "No such command 'bild'."),
        (["check", "--nots"], "Det finnes ikke noe valg --nots (mulige valg: --notes)", "No such option: --nots"),
        (["check", "a", "b"], "Uventede argumenter (b)", "Got unexpected extra argument(s) (b)"),
        (["doctor"], "Valget '--endpoint' / '-e' mangler.", "Missing option '--endpoint' / '-e'."),
        (["explain"], "Argumentet ", "Missing argument "),
        (["build", "--as-of", "x"], "'x' passer ikke med formatet '%Y-%m-%d'.", "'x' does not match the formats"),
        (
            ["check", "--format", "x"],
            "'x' er ingen av 'text', 'json', 'sarif', 'junit', 'gitlab', 'github'.",
            "'x' is not one of 'text', 'json', 'sarif', 'junit', 'gitlab', 'github'.",
        ),
        (["check", "--format"], "Valget '--format' trenger en verdi.", "Option '--format' requires an argument."),
        (["check", "--notes=3"], "Valget '--notes' tar ingen verdi.", "Option '--notes' does not take a value."),
        (["serve", "--port", "99999"], "det skal være høyst 65535", "less than or equal to 65535"),
        (["serve", "--port", "x"], "det skal være et heltall", "a valid integer"),
        (["doctor", "-e", "x", "--timeout", "x"], "det skal være et tall", "a valid number"),
        (["publish", "ckan"], "ckan trenger adressen til portalen.", "ckan needs the address of the portal."),
        (["link", "review", "--accept", "x"], "'x' har ikke formen id:place-oslo=Q585.", "'x' is not of the form"),
    ],
)
def test_what_is_typed_wrong_is_said_in_the_language_of_the_reader(
    arguments: list[str], nb: str, en: str, built: Path, run: Run
) -> None:
    done = run(*arguments, cwd=built, **NB)
    assert (done.returncode, done.stdout) == (2, "")
    assert nb in done.stderr
    assert "Feil: " in done.stderr
    assert not [word for word in ("Usage", "Try ", "Error", "Invalid", en) if word in done.stderr]
    assert en in run(*arguments, cwd=built, CITYGRAPH_LANG="en").stderr


def test_the_language_of_an_answer_is_that_of_its_errors(built: Path, run: Run) -> None:
    assert run("query", "membrs", "--lang", "nb", cwd=built).stderr.startswith("Feil: ")
    assert run("query", "membrs", "--lang=en", cwd=built, **NB).stderr.startswith("Error: ")


def test_an_option_that_was_given_twice_is_named(built: Path, run: Run) -> None:
    twice = ["query", "members", "--network", "A", "--network=B"]
    assert "--network was given twice: 'A' and 'B'." in run(*twice, cwd=built, CITYGRAPH_LANG="en").stderr
    assert "--network er oppgitt to ganger: 'A' og 'B'." in run(*twice, cwd=built, **NB).stderr


def test_a_question_opens_the_version_once_and_loads_what_it_needs(built: Path) -> None:
    command = [sys.executable, "-c", LOADED, "query", "members"]
    done = subprocess.run(command, cwd=built, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    opened, modules, unused = done.stderr.splitlines()[-1].split(" ", 2)
    assert (opened, unused) == ("1", "[]")
    assert int(modules) <= 60
