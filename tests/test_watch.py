"""`--watch`: save a file, see the new findings and what follows now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.project import Memory
from conftest import ROOT, TODAY, copy_project
from patience import PATIENCE, wait_until
from test_compare import make_stavanger_a_member


class Watched:
    """The command in the background, and everything it has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.printed += line

    def wait_for(self, text: str) -> None:
        """Wait until the text has been printed."""
        wait_until(lambda: text in self.printed or self.process.poll() is not None, text)
        assert text in self.printed, self.printed


@contextmanager
def watching(folder: Path, command: str) -> Iterator[Watched]:
    words = [sys.executable, "-m", "citygraph", command, "--watch", "--lang", "en"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield Watched(process)
    finally:
        process.kill()
        process.communicate()


def test_saving_a_file_shows_what_follows_now_and_what_is_wrong(tmp_path: Path) -> None:
    folder = copy_project(ROOT, tmp_path)
    with watching(folder, "check") as watched:
        watched.wait_for("Waiting for changes")
        make_stavanger_a_member(folder)
        watched.wait_for("+ Stavanger Municipality member of Eurocities")
        watched.wait_for("- Stavanger Municipality associated with Eurocities")
        people = folder / "data/people.ttl"
        people.write_text(people.read_text(encoding="utf-8") + "\nid:person-x a foaf:Person\n", encoding="utf-8")
        watched.wait_for("violation syntax")
        watched.process.send_signal(signal.SIGINT)
        assert watched.process.wait(PATIENCE) == 2
    assert "Traceback" not in watched.printed


def test_build_watch_makes_a_version_of_each_good_state(tmp_path: Path) -> None:
    folder = copy_project(ROOT, tmp_path)
    with watching(folder, "build") as watched:
        watched.wait_for("Waiting for changes")
        first = (folder / "build" / "current").resolve().name
        make_stavanger_a_member(folder)
        wait_until(lambda: (folder / "build" / "current").resolve().name != first, "another version")
    answer = Project.open(folder).query("norwegian-participants", {"network": "Eurocities"}).answer
    assert "role-associated-partner" not in str(answer)


@pytest.mark.slow
def test_a_check_with_a_memory_says_the_same_as_one_without(tmp_path: Path) -> None:
    folder = copy_project(ROOT, tmp_path)
    memory = Memory()

    def both() -> None:
        kept = Project.open(folder, today=TODAY).check(memory=memory)
        fresh = Project.open(folder, today=TODAY).check()
        assert set(kept.inferred) == set(fresh.inferred)
        assert set(kept.report) == set(fresh.report)

    both()
    make_stavanger_a_member(folder)
    both()
    authorities = folder / "data/authorities.ttl"
    text = authorities.read_text(encoding="utf-8")
    place_too = "id:oslo-kommune a cg:City , cv:PublicOrganisation , org:Organization ;"
    assert "id:oslo-kommune a cv:PublicOrganisation , org:Organization ;" in text
    authorities.write_text(
        text.replace("id:oslo-kommune a cv:PublicOrganisation , org:Organization ;", place_too), encoding="utf-8"
    )
    both()
    authorities.write_text(text, encoding="utf-8")
    both()
    (folder / "data/networks/metrex.ttl").unlink()
    both()


@pytest.mark.slow
def test_after_one_edit_one_file_is_parsed_again(tmp_path: Path) -> None:
    folder = copy_project(ROOT, tmp_path)
    memory = Memory()
    Project.open(folder, today=TODAY).build(memory=memory)
    before = {name: file for name, (_, file, _) in memory.files.items()}
    make_stavanger_a_member(folder)
    built = Project.open(folder, today=TODAY).build(memory=memory)
    assert built.new
    changed = [name for name, (_, file, _) in memory.files.items() if file is not before[name]]
    assert changed == ["data/networks/eurocities.ttl"]
