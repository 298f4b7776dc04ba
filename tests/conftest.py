"""Fixtures named by what they are; no test reaches the internet."""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from citygraph import Project
from citygraph.store import Snapshot
from patience import PATIENCE
from processes import mark_slow, starting_no_process

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("CITYGRAPH_SHARED", ROOT.parent / "shared"))
TODAY = date(2026, 12, 31)
collect_ignore = ["read_as_ckan.py"]  # run by the Python of CKAN's own environment
_Made = TypeVar("_Made")
_STARTED: dict[str, list[str]] = {}
_LAST: dict[str, float] = {}
# Minutes each, on an idle machine.
_LONGEST = (
    "publish/test_ckan.py", "reason/test_spark.py", "test_doctor.py", "web/test_browser.py", "test_docs.py",
    "remote/test_three_engines.py", "replicas/test_two_hosts.py", "ingest/test_network_lists.py", "publish/test_mutations.py",
    "test_broken_input.py", "web/test_hostile_queries.py", "web/test_hostile_clients.py", "remote/test_serve.py",
)  # fmt: skip
IN_CI = bool(os.environ.get("CITYGRAPH_NOTHING_SKIPS"))

# The day on which tests read, unless they say another: the one on which everything the memo says "now" about holds.
os.environ.setdefault("CITYGRAPH_TODAY", "2020-11-05")

# As the command line has it (`cli.app.run`): the collector looks through the graphs of a whole run seldom.
gc.set_threshold(100_000, 20, 100)

# No test asserts a time. In CI generated examples are the same in every run, so that a red run is about the
# change; new ones are looked for on the machines of people.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if IN_CI else "here")


def pytest_configure() -> None:
    """Take Ctrl-C as a terminal gives it: a shell that starts us in the background has all our processes ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Write the golden outputs anew, to be reviewed as a difference; and say what the tests took."""
    parser.addoption("--rewrite-expected", action="store_true", help="write tests/expected anew")
    parser.addoption("--processor-time", action="store_true", help="say how much of the processor the tests took")


def _spent() -> float:
    """Seconds of the processor so far: of this process, and of those that it started and that have ended."""
    return sum(os.times()[:4])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the tests took of the processor, which says the same on a machine that does much else."""
    if not config.getoption("--processor-time"):
        return
    files: Counter[str] = Counter()
    for each in (report for reports in terminalreporter.stats.values() for report in reports):
        for name, value in getattr(each, "user_properties", ()):
            if name == "processor":
                files[each.nodeid.partition("::")[0]] += value
    terminalreporter.section(f"the tests took {sum(files.values()):.0f} seconds of the processor")
    for file, seconds in files.most_common(10):
        terminalreporter.write_line(f"{seconds:7.1f} {file}")


def pytest_collection_finish() -> None:
    """What was taken until here is of no test."""
    _LAST["report"] = _spent()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start processes are slow: `-m "not slow"` leaves them out.

    A module is run by one worker. The longest are begun first, and what takes moments last, so that all workers end at
    the same time.
    """
    mark_slow(items)
    slow = Counter(each.path for each in items if each.get_closest_marker("slow"))
    order = {ROOT / "tests" / name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda each: (order.get(each.path, len(order)), -slow[each.path]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that is not slow, and its fixtures, start no process."""
    if item.get_closest_marker("slow"):
        return (yield)
    with starting_no_process(item.nodeid) as started:
        _STARTED[item.nodeid] = started
        try:
            return (yield)
        finally:
            del _STARTED[item.nodeid]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: the machine there has everything the tests need."""
    report = yield
    report.user_properties.append(("processor", _spent() - _LAST["report"]))
    _LAST["report"] = _spent()
    if report.skipped and not hasattr(report, "wasxfail") and IN_CI:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and nothing skips in CI: {report.longrepr}"
    started = _STARTED.get(item.nodeid)
    if started and report.passed:
        # What refused it was caught on the way, or happened in a thread.
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} starts a process ({started[0]}): mark it with @pytest.mark.slow"
    return report


@pytest.fixture(autouse=True)
def _no_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine, so that a leak fails at once."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: tuple[object, ...]) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and str(address[0]) not in {
            "127.0.0.1",
            "::1",
            "localhost",
        }:
            message = f"a test tried to reach {address}"
            raise AssertionError(message)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_query_goes_on() -> Iterator[None]:
    """Wait for queries that were given up: they cannot be stopped, and take the processor from every test after them."""
    yield
    for thread in threading.enumerate():
        if thread.name == "citygraph-query":
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a query goes on after the test that gave it up: ask a smaller one"


def copy_project(source: Path, target: Path) -> Path:
    """A project folder with the same files and nothing built."""
    for name in ("ontology", "data", "queries"):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
    shutil.copy(source / "graph.toml", target / "graph.toml")
    return target


def made_once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], _Made]) -> tuple[Path, _Made]:
    """What `make` makes in a new folder, and the folder: the first worker makes it, and the others use it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    kept = root / f"{name}.pickle"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            (root / name).mkdir()
            kept.write_bytes(pickle.dumps(make(root / name)))
        return root / name, pickle.loads(kept.read_bytes())  # noqa: S301  # a worker of the same run wrote it


@pytest.fixture(scope="session")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own graph in a folder of its own, built; tests read it and never write to it."""
    folder = copy_project(ROOT, tmp_path_factory.mktemp("reference"))
    built = Project.open(folder, today=TODAY).build()
    assert not built.report.violations, built.report.violations
    return folder


@pytest.fixture(scope="session")
def this_project(built_folder: Path) -> Project:
    """Our own graph, built."""
    return Project.open(built_folder, today=TODAY)


@pytest.fixture(scope="session")
def snapshot(this_project: Project) -> Snapshot:
    """The built version of our own graph, on its own reference date."""
    return this_project.snapshot()


@pytest.fixture
def own_copy(tmp_path: Path) -> Path:
    """Our own graph in a folder that the test may change; nothing is built."""
    return copy_project(ROOT, tmp_path)


@pytest.fixture
def memo() -> str:
    """The source memo, which is not in the repository."""
    path = SHARED / "sources" / "eurocities-metrex-memo.txt"
    if not path.is_file():
        pytest.skip("the memo is not at hand: put it at ../shared/sources/eurocities-metrex-memo.txt")
    return path.read_bytes().decode("utf-8")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in a process of its own: `run("query", "members", cwd=folder)`."""

    def command(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "LANG": "en_GB.UTF-8", "COLUMNS": "160", **environment}
        return subprocess.run(
            [sys.executable, "-m", "citygraph", *arguments],
            cwd=cwd or tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    return command


@pytest.fixture
def reference_data() -> Path:
    """Public test suites and vocabularies, which are not in the repository."""
    path = SHARED / "reference"
    if not path.is_dir():
        pytest.skip("the public test suites are not at hand: put them at ../shared/reference")
    return path
