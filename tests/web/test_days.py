"""Other days and proofs: one asker of many keeps nobody waiting, and a process that somebody ends is started again."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import StoreError, StoreTimeout
from citygraph.store import Snapshot
from citygraph.store.process import Retired, SupervisedProcess
from citygraph.store.turns import StoreBusy
from citygraph.web.background import DayQueue
from citygraph.web.limits import limits_of
from citygraph.web.service import Service
from patience import PATIENCE, wait_until
from web.conftest import Server, serving, settled

DAY = date(2020, 1, 1)


def work_out(day: str, began: str) -> str:
    """Note that a day is begun, wait until it may be ready, and say where it lies."""
    with Path(began).open("a", encoding="ascii") as file:
        file.write(f"{day}\n")
    wait_for(f"{began}-go")
    return f"folder of {day}"


def wait_for(flag: str) -> str:
    """Ready as soon as a file is there."""
    wait_until(Path(flag).exists, flag)
    return "ready"


def answering(flag: str) -> Callable[[object], object]:
    """What says who it is, and waits before that when it is asked to."""
    del flag

    def answer(question: object) -> object:
        if isinstance(question, str):
            wait_for(question)
        return os.getpid()

    return answer


def take_memory(size: int) -> str:
    """Take so many bytes and keep them for a while."""
    taken = b"x" * size
    time.sleep(PATIENCE)
    return str(len(taken))


def end_by(number: int) -> None:
    """End like a library that cannot go on."""
    os.kill(os.getpid(), number)


def go(began: Path) -> None:
    """Let every day that is begun be ready."""
    Path(f"{began}-go").touch()


@pytest.fixture
def began(tmp_path: Path) -> Path:
    return tmp_path / "began"


@pytest.fixture
def days(began: Path) -> DayQueue:
    return days_of(began, seconds=PATIENCE)


def days_of(began: Path, *, seconds: float) -> DayQueue:
    def start(day: date) -> SupervisedProcess:
        return SupervisedProcess(
            work_out, day.isoformat(), str(began), memory=1_000_000_000, seconds=seconds, patience=PATIENCE
        )

    return DayQueue(start, lambda _version, _day: None, seconds=seconds)


def test_whoever_asks_for_one_day_waits_for_one_day_of_whoever_asks_for_many(days: DayQueue, began: Path) -> None:
    many = [DAY + timedelta(days=number) for number in range(3)]
    with ThreadPoolExecutor(4) as pool:
        greedy = [pool.submit(days.folder, "greedy", "version", day) for day in many]
        wait_for(str(began))
        modest = pool.submit(days.folder, "modest", "version", date(2019, 1, 1))
        wait_until(lambda: days.number_waiting == 3, "three days that wait")
        go(began)
        assert modest.result() == "folder of 2019-01-01"
        assert {each.result() for each in greedy} == {f"folder of {day}" for day in many}
    assert began.read_text(encoding="ascii").split().index("2019-01-01") == 1
    days.close()


def test_nobody_waits_for_more_than_a_few_days_and_a_day_is_worked_out_once_for_all(began: Path) -> None:
    days = days_of(began, seconds=0.0)
    for number in range(4):
        # The first is begun at once.
        with pytest.raises(StoreTimeout):
            days.folder("greedy", "version", DAY + timedelta(days=number))
    with pytest.raises(StoreBusy, match="3 other days"):
        days.folder("greedy", "version", DAY + timedelta(days=4))
    # Places outlive the requests that took them: the first day is begun for whoever comes second.
    with pytest.raises(StoreTimeout):
        days.folder("modest", "version", DAY)
    days.close()


def test_several_askers_of_one_day_wait_for_the_same_process(days: DayQueue, began: Path) -> None:
    go(began)
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(days.folder, f"client {number}", "version", DAY) for number in range(6)]
        assert {each.result() for each in asked} == {"folder of 2020-01-01"}
    assert len(began.read_text(encoding="ascii").split()) < 6
    days.close()


def process_of(apart: SupervisedProcess) -> int:
    pid = wait_until(lambda: apart.pid, "a process")
    assert pid is not None
    return pid


def test_a_process_that_somebody_ends_is_started_again(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    apart = SupervisedProcess(wait_for, str(flag), memory=1_000_000_000, seconds=PATIENCE, patience=PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(apart.prepared)
        first = process_of(apart)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: process_of(apart) != first, "another process")
        flag.touch()
        assert asked.result() == "ready"
    apart.close()


def test_a_question_to_a_process_that_somebody_ends_is_asked_again(tmp_path: Path) -> None:
    apart = SupervisedProcess(answering, "", memory=1_000_000_000, seconds=PATIENCE, patience=PATIENCE)
    first = apart.ask(0)
    os.kill(first, signal.SIGKILL)
    second = apart.ask(0)
    assert second != first
    flag = tmp_path / "flag"
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(apart.ask, str(flag))
        os.kill(second, signal.SIGKILL)
        wait_until(lambda: process_of(apart) != second, "another process")
        flag.touch()
        assert asked.result() not in {first, second}
    apart.close()


def test_a_process_that_goes_answers_what_it_was_asked(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    apart = SupervisedProcess(answering, "", memory=1_000_000_000, seconds=PATIENCE, patience=PATIENCE)
    pid = apart.ask(0)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(apart.ask, str(flag))
        wait_until(lambda: apart.is_asked, "that it is asked")
        apart.retire()
        flag.touch()
        assert asked.result() == pid
    with pytest.raises(Retired):
        apart.ask(0)


def test_memory_that_is_used_counts_and_not_what_libraries_reserve() -> None:
    if not Path("/proc/self/statm").is_file():
        pytest.skip("this machine does not say how much memory a process uses: run it on Linux")
    apart = SupervisedProcess(take_memory, 400_000_000, memory=100_000_000, seconds=PATIENCE, patience=PATIENCE)
    with pytest.raises(StoreError, match="more memory than"):
        apart.prepared()
    apart.close()


@pytest.mark.parametrize(("ending", "words"), [(signal.SIGABRT, "more memory than"), (signal.SIGKILL, "has ended")])
def test_a_process_that_ends_each_time_is_not_started_for_ever(ending: signal.Signals, words: str) -> None:
    apart = SupervisedProcess(end_by, int(ending), memory=1_000_000_000, seconds=PATIENCE, patience=PATIENCE)
    with pytest.raises(StoreError, match=words):
        apart.prepared()
    apart.close()


def test_days_to_come_work_with_the_memory_of_a_small_machine(server: Server) -> None:
    for day in ("2100-12-31", "2030-01-01", "1900-01-01"):
        while (answer := server.get(f"/queries/members.json?as_of={day}")).status_code == 503:
            assert "worked out" in answer.json()["error"]
            assert answer.headers["Retry-After"]
        assert answer.status_code == 200, answer.text


def test_one_client_that_asks_for_many_days_keeps_nobody_waiting_for_long(server: Server) -> None:
    stop = threading.Event()

    def flood(first: int) -> set[int]:
        statuses: set[int] = set()
        for number in range(first, 20_000, 6):
            day = date(1950, 1, 1) + timedelta(days=number)
            statuses.add(server.get(f"/queries/members.json?as_of={day}", client="192.0.2.7").status_code)
            # Who is turned away comes again soon, and leaves the processor to the days meanwhile.
            if stop.wait(0.05):
                break
        return statuses

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(flood, first) for first in range(6)]
        try:
            for day in ("2012-02-02", "2013-03-03"):
                path, tries = f"/queries/members.json?as_of={day}", 1
                while (answer := server.get(path, client="192.0.2.8")).status_code == 503:
                    assert "worked out" in answer.json()["error"]
                    tries += 1
                assert answer.status_code == 200
                # One turn of the other client, and its own.
                assert tries < 10
        finally:
            stop.set()
        assert set[int]().union(*(each.result() for each in asked)) <= {200, 503}
    assert server.answers(client="192.0.2.7")


def test_a_site_goes_on_with_the_day(built_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settled(built_folder, tmp_path / "graph", "")
    monkeypatch.setenv("CITYGRAPH_TODAY", "2028-01-01")
    with serving(folder, "--workers", "1") as server:
        server.until(lambda health: health["as_of"] == "2028-01-01")
        assert server.get("/queries/members.csv").headers["Citygraph-Day"] == "2028-01-01"
        assert server.get("/health").json()["current"]


def test_a_day_that_cannot_be_worked_out_is_not_tried_without_end(
    built_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.open(built_folder)
    service = Service(project, limits_of(project.config))
    service.snapshot = service.built = project.snapshot()
    service.manifest = service.snapshot.manifest
    tried: list[date] = []

    def fails(day: date, client: str) -> Snapshot:
        del client
        tried.append(day)
        raise StoreError("the folder cannot be written")

    monkeypatch.setattr(service._days, "snapshot", fails)  # noqa: SLF001  # what works a day out
    for moved, expected in (("2020-11-05", []), ("2028-01-01", [date(2028, 1, 1)]), ("2028-01-01", [date(2028, 1, 1)])):
        monkeypatch.setenv("CITYGRAPH_TODAY", moved)
        asyncio.run(service._follow_the_day())  # noqa: SLF001  # one look of the watch
        assert tried == expected
        assert service.manifest.as_of == "2020-11-05"
