"""Files are replaced whole or not at all, a lock is held by one, and git is asked without a word of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from citygraph.errors import ConfigError, ExportError
from citygraph.files import extract_revision, git, locked, replace_file, write_file, write_files


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "graph.ttl"
    write_file(target, b"one")
    target.chmod(0o640)
    write_file(target, b"two")
    assert target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in target.parent.iterdir()] == ["graph.ttl"]
    with pytest.raises(ExportError, match="cannot be written"):
        write_file(target / "below", b"three")


def test_a_file_and_its_name_are_on_the_disk_before_anybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, rename = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        order.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")  # noqa: PTH112
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        order.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    replace_file(tmp_path / "a", b"one")
    assert order == ["file", "rename", "folder"]


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_several_files_are_written_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_interrupted: bool
) -> None:
    there, gone, new, last = (tmp_path / name for name in ("there", "gone", "new", "last"))
    write_file(there, b"one")
    write_file(gone, b"one")
    rename = Path.replace
    # What cannot be moved: a folder stands there, or somebody presses Ctrl-C.
    if is_interrupted:

        def renamed(path: Path, target: Path) -> Path:
            if target == last:
                raise KeyboardInterrupt
            return rename(path, target)

        monkeypatch.setattr(Path, "replace", renamed)
    else:
        (last / "below").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt if is_interrupted else ExportError):
        write_files({there: b"two", gone: None, new: b"two", last: b"two"})
    assert there.read_bytes() == gone.read_bytes() == b"one"
    assert {path.name for path in tmp_path.iterdir()} == {"there", "gone"} | (set() if is_interrupted else {"last"})


def test_several_files_are_written_and_some_of_them_go(tmp_path: Path) -> None:
    write_file(tmp_path / "gone", b"one")
    write_files({tmp_path / "new": b"two", tmp_path / "gone": None, tmp_path / "never": None})
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    write_file(target, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        write_file(target, b"two")
    assert target.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_link_is_replaced_and_what_it_points_to_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"theirs")
    (tmp_path / "a").symlink_to("other")
    write_file(tmp_path / "a", b"ours")
    assert (tmp_path / "other").read_bytes() == b"theirs"
    assert (tmp_path / "a").read_bytes() == b"ours"
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("name", ["folder", ".lock"])
def test_a_lock_is_held_by_one_and_given_back(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    with locked(place), pytest.raises(BlockingIOError), locked(place, wait=False):
        pytest.fail("two hold it")
    with locked(place, wait=False):
        assert place.exists()


def test_a_place_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="file/below cannot be written"), locked(tmp_path / "file" / "below"):
        pytest.fail("a file has nothing below it")


def test_git_that_refuses_says_nothing_and_git_that_is_missing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git(tmp_path, "rev-parse", "--show-toplevel") is None
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert (git(tmp_path, "rev-parse", "--show-toplevel") or b"").decode().strip() == str(tmp_path.resolve())
    with pytest.raises(ConfigError, match=r"neither a folder nor a revision"):
        extract_revision(tmp_path, "HEAD~1", tmp_path / "old")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="git cannot be asked"):
        git(tmp_path, "status")
