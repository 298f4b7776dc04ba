"""Versions moved through a folder: whole or not at all, gone on with, and nothing else than a version."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from citygraph.errors import SnapshotError
from citygraph.store.arriving import Damaged, receive
from citygraph.store.contents import Piece
from clean_project import NETWORK, clean_project
from conftest import TODAY
from replicated import BASE, ONE, TWO, Replicas, sealed

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _files(folder: Path) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {path: data for path, data in files.items() if not path.startswith(("store/LOG", "store/LOCK"))}


def test_what_is_pulled_is_byte_for_byte_what_was_pushed(replicas: Replicas) -> None:
    pushed = replicas.push()
    pulled = replicas.pull()
    # Files with the same bytes are one object.
    assert 5 < pushed.moved_files <= pulled.moved_files == pulled.files
    assert pulled.moved_bytes == pulled.size == sum(map(len, _files(replicas.served.folder / ONE).values()))
    assert _files(replicas.served.folder / ONE) == _files(replicas.built.folder / ONE)
    assert replicas.in_use() == ONE
    current = replicas.served.current()
    assert current is not None
    assert len(list(current.quads())) == 100


def test_what_is_there_is_not_moved_again(replicas: Replicas) -> None:
    replicas.push()
    again = replicas.push()
    replicas.pull()
    assert replicas.pull().moved_files == 0
    # The folder was built anew, and what its engine writes has another identity; the data are the same bytes.
    assert 0 < again.moved_files < again.files


def test_the_newest_push_is_pulled_and_an_older_version_by_its_name(replicas: Replicas) -> None:
    replicas.push(ONE)
    replicas.push(TWO)
    replicas.pull()
    assert replicas.in_use() == TWO
    replicas.pull(name=ONE)
    assert replicas.in_use() == ONE
    with pytest.raises(SnapshotError, match="There is no snapshot 00000000000000ff in"):
        replicas.pull(name="00000000000000ff")
    assert replicas.in_use() == ONE


def test_a_mirror_keeps_as_many_versions_as_it_is_told_and_no_file_too_many(replicas: Replicas) -> None:
    for number in range(1, 5):
        replicas.push(f"{number:016}", keep=2)
    index = replicas.mirror.index()
    assert [each.snapshot_id for each in index.snapshots] == [f"{3:016}", f"{4:016}"]
    used = {each.contents for each in index.snapshots}
    for listed in index.snapshots:
        used |= {piece.sha256 for piece in replicas.mirror.contents(listed, base=BASE).files}
    there = {path.parent.name + path.name for path in (replicas.mirror.folder / "objects").glob("*/*")}
    assert there == used


# -- interrupted -------------------------------------------------------------------------------------


def test_a_file_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    data = os.urandom(300_000)
    piece = Piece("x", len(data), hashlib.sha256(data).hexdigest())
    starts = []

    def until(end: int) -> Callable[[int], Iterator[bytes]]:
        def read(start: int) -> Iterator[bytes]:
            starts.append(start)
            yield data[start:end]
            if end < len(data):
                raise ConnectionResetError

        return read

    for end in (100_000, 200_000):
        with pytest.raises(ConnectionResetError):
            receive(piece, tmp_path / "x", until(end))
        assert not (tmp_path / "x").exists()
    receive(piece, tmp_path / "x", until(len(data)))
    assert starts == [0, 100_000, 200_000]
    assert (tmp_path / "x").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_beginning_of_another_file_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / ".x.part").write_bytes(b"something else")
    data = b"the right bytes, and some more of them"
    receive(Piece("x", len(data), hashlib.sha256(data).hexdigest()), tmp_path / "x", lambda start: iter([data[start:]]))
    assert (tmp_path / "x").read_bytes() == data


@pytest.mark.parametrize("data", [b"", b"short", b"the wrong bytes.", b"far too many bytes, and more"])
def test_what_is_not_the_promised_file_never_appears(data: bytes, tmp_path: Path) -> None:
    piece = Piece("x", 16, hashlib.sha256(b"the right bytes.").hexdigest())
    with pytest.raises(Damaged, match=r"it has .* bytes and should have 16|its hash is another one"):
        receive(piece, tmp_path / "x", lambda start: iter([data[start:]]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_killed_transfer_goes_on_and_keeps_what_it_had(command: str, tmp_path: Path, run: Run) -> None:
    _project(tmp_path)
    sealed(tmp_path / "build", ONE, size=20_000)
    (tmp_path / "build" / "current").symlink_to(ONE)
    replica = tmp_path / "replica"
    _project(replica)
    target = tmp_path / "mirror" / "objects" if command == "push" else replica / "build"
    if command == "pull":
        assert run("snapshot", "push", "mirror").returncode == 0
    folder = tmp_path if command == "push" else replica
    # The process is ended as soon as its first files are in place.
    process = subprocess.Popen(
        [sys.executable, "-m", "citygraph", "snapshot", command, str(tmp_path / "mirror")],
        cwd=folder,
        stdout=subprocess.PIPE,
    )
    while process.poll() is None and not _arrived(target):
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = _arrived(target)
    assert not (tmp_path / "mirror" / "index.json").exists() or command == "pull"
    assert not (replica / "build" / "current").exists() or process.returncode == 0
    done = run("snapshot", command, str(tmp_path / "mirror"), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{ONE}\n"
    if process.returncode != 0:
        moved = int(done.stderr.split()[0])
        total = int(done.stderr.split()[2])
        assert moved <= total - len(before)
    if command == "pull":
        assert _files(replica / "build" / ONE) == _files(tmp_path / "build" / ONE)


def _arrived(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")}


def _project(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "graph.toml").write_text(f'title = "Replicated"\nbase = "{BASE}"\n', encoding="utf-8")


# -- damaged -----------------------------------------------------------------------------------------


def _turn_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _link(path: Path) -> None:
    path.rename(path.with_name("away"))
    path.symlink_to("away")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("path", ["", "manifest.json", "asserted.nq", "store/"])
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_turn_a_byte, "is damaged: its hash is another one"),
        (_cut, "is damaged: it has .* bytes and should have"),
        (Path.unlink, "is missing"),
        (_link, "is a symbolic link"),
        (_pipe, "is no plain file"),
    ],
)
def test_a_damaged_file_is_named_and_the_version_in_use_stays(
    path: str, harm: Callable[[Path], object], says: str, replicas: Replicas
) -> None:
    replicas.push(ONE)
    replicas.pull()
    replicas.push(TWO)
    bad = replicas.file_of(path, TWO)
    harm(bad)
    with pytest.raises(SnapshotError, match=says) as raised:
        replicas.pull()
    assert str(bad) in raised.value.message
    assert raised.value.fix
    assert replicas.in_use() == ONE
    assert replicas.served.get(TWO) is None


@pytest.mark.parametrize("harm", [_turn_a_byte, _cut, Path.unlink])
@pytest.mark.parametrize("path", ["", "asserted.nq"])
def test_pushing_again_mends_a_damaged_mirror(path: str, harm: Callable[[Path], object], replicas: Replicas) -> None:
    replicas.push(ONE)
    snapshot = replicas.built.get(ONE)
    assert snapshot is not None
    harm(replicas.file_of(path))
    from citygraph.store.transfer import push  # noqa: PLC0415

    sent = push(snapshot, replicas.mirror, keep=5, told=lambda *_: None)
    assert sent.moved_files == (1 if path else 0)
    replicas.pull()
    assert replicas.in_use() == ONE


def test_an_older_version_whose_list_is_damaged_leaves_the_mirror(replicas: Replicas) -> None:
    replicas.push(ONE)
    _turn_a_byte(replicas.file_of(""))
    assert replicas.push(TWO).dropped == [ONE]
    assert [each.snapshot_id for each in replicas.mirror.index().snapshots] == [TWO]


def test_a_damaged_version_here_is_brought_again_when_asked(replicas: Replicas) -> None:
    replicas.push()
    replicas.pull()
    _turn_a_byte(replicas.served.folder / ONE / "asserted.nq")
    assert replicas.pull(fresh=True).moved_files > 0
    assert _files(replicas.served.folder / ONE) == _files(replicas.built.folder / ONE)
    assert sorted(path.name for path in replicas.served.folder.iterdir()) == [".pull.lock", ONE, "current"]


# -- hostile -----------------------------------------------------------------------------------------


def _replace_list(replicas: Replicas, change: Callable[[dict[str, Any]], object]) -> None:
    """A list of files that somebody else wrote, and an index that fits it."""
    document = json.loads(replicas.file_of("").read_bytes())
    change(document)
    data = json.dumps(document).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    path = replicas.mirror.folder / "objects" / sha256[:2] / sha256[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    replicas.edit_index(lambda index: index["snapshots"][0].update(contents=sha256, contents_size=len(data)))


@pytest.mark.parametrize(
    "path",
    [
        "../../escaped", "store/../../escaped", "/escaped", "./manifest", ".hidden", "store/.hidden", "", "a//b", "a/b/c/d/e",
        "a\\b", "a\nb", "a\0b", "å", "x" * 201, 7, None, ["a"],
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_snapshot_is_refused(path: object, replicas: Replicas, tmp_path: Path) -> None:
    replicas.push()
    _replace_list(replicas, lambda document: document["files"][0].update(path=path))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SnapshotError, match="which lies outside of a snapshot"):
        replicas.pull()
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and "served" not in path.parts] == []
    assert replicas.in_use() == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["files"][0].update(size=10**18), "bytes; at most .* are taken"),
        (lambda d: d["files"][0].update(size=-1), "does not say the size"),
        (lambda d: d["files"][0].update(size=True), "does not say the size"),
        (lambda d: d["files"][0].update(size=1.5), "does not say the size"),
        (lambda d: d["files"][0].update(sha256="../../../../etc/passwd"), "does not say the size and the hash"),
        (lambda d: d["files"].append(d["files"][0]), "names a file twice"),
        (lambda d: d["files"].append({**d["files"][0], "path": "asserted.nq/inside"}), "names a file twice"),
        (lambda d: d.update(files=[f for f in d["files"] if f["path"] != "manifest.json"]), "or not manifest.json"),
        (lambda d: d.update(files=[]), "has no files"),
        (lambda d: d.update(files=d["files"] * 2_500), "or more than"),
        (lambda d: d.update(files="all"), "has no files"),
        (lambda d: d.update(base="https://elsewhere.example/"), "of the graph https://elsewhere"),
        (lambda d: d.update(snapshot_id=TWO), f"is about the snapshot {TWO}"),
        (lambda d: d.update(format=2), "another version of citygraph"),
        (lambda d: d["files"][0].update(sha256="0" * 64), "is missing"),
    ],
)
def test_a_list_of_files_that_cannot_be_right_is_refused(
    change: Callable[[dict[str, Any]], object], says: str, replicas: Replicas
) -> None:
    replicas.push(ONE)
    _replace_list(replicas, change)
    with pytest.raises(SnapshotError, match=says):
        replicas.pull()
    assert replicas.in_use() == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda i: i.update(base="https://elsewhere.example/"), "holds the graph https://elsewhere"),
        (lambda i: i.update(current=TWO), "and does not list it"),
        (lambda i: i.update(current="../../etc"), "and does not list it"),
        (lambda i: i["snapshots"][0].update(snapshot_id="current"), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(snapshot_id="../etc"), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(contents="../../etc/passwd"), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(contents_size=10**12), "has 1,000,000,000,000 bytes"),
        (lambda i: i["snapshots"][0].update(as_of="\x1b[2J"), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(more=1), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].pop("size"), "something that is no snapshot"),
        (lambda i: i.update(snapshots={}), "does not list snapshots"),
        (lambda i: i.update(format=7), "another version of citygraph"),
        (lambda i: i.update(current=""), "holds no snapshot"),
    ],
)
def test_an_index_that_cannot_be_right_is_refused(
    change: Callable[[dict[str, Any]], object], says: str, replicas: Replicas
) -> None:
    replicas.push(ONE)
    replicas.edit_index(change)
    with pytest.raises(SnapshotError, match=says):
        replicas.pull()
    assert replicas.in_use() == ""


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"null", b"[1]", b" " * 16_000_001])
def test_an_index_that_is_no_index_is_refused(data: bytes, replicas: Replicas) -> None:
    replicas.push()
    (replicas.mirror.folder / "index.json").write_bytes(data)
    with pytest.raises(SnapshotError, match=r"is damaged|another version|has more than"):
        replicas.pull()


def test_a_larger_version_than_allowed_or_than_the_disk_has_room_for_is_refused(replicas: Replicas) -> None:
    replicas.push()
    with pytest.raises(SnapshotError, match="at most 1,000 are taken"):
        replicas.pull(most_bytes=1_000)
    _replace_list(replicas, lambda document: document["files"][0].update(size=10**17))
    with pytest.raises(SnapshotError, match=r"needs 100,000,.* bytes, and .* has .* left"):
        replicas.pull(most_bytes=10**18)


def test_a_folder_behind_a_link_is_not_written_to(replicas: Replicas, tmp_path: Path) -> None:
    replicas.mirror.folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (replicas.mirror.folder / "objects").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SnapshotError, match="is a symbolic link"):
        replicas.push()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_version_that_holds_a_link_or_a_strange_name_is_not_pushed(replicas: Replicas) -> None:
    snapshot = sealed(replicas.built.folder, ONE)
    from citygraph.store.transfer import push  # noqa: PLC0415

    (snapshot.folder / "store" / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(SnapshotError, match="is a symbolic link"):
        push(snapshot, replicas.mirror, keep=5, told=lambda *_: None)
    (snapshot.folder / "store" / "passwd").unlink()
    (snapshot.folder / ".hidden").touch()
    with pytest.raises(SnapshotError, match="does not belong in a snapshot"):
        push(snapshot, replicas.mirror, keep=5, told=lambda *_: None)
    assert not (replicas.mirror.folder / "index.json").exists()


def test_what_an_interrupted_pull_left_does_not_come_along(replicas: Replicas) -> None:
    replicas.push()
    folder = replicas.served.folder / f".building-pull-{ONE}"
    folder.mkdir(parents=True)
    (folder / "more.txt").write_text("not of this version")
    (folder / "link").symlink_to("/etc/passwd")
    replicas.pull()
    assert _files(replicas.served.folder / ONE) == _files(replicas.built.folder / ONE)


# -- two at once -------------------------------------------------------------------------------------


def test_two_pushes_or_two_pulls_at_once_are_not_mixed(replicas: Replicas) -> None:
    replicas.push()
    for folder, name, act, says in (
        (replicas.mirror.folder, ".lock", replicas.push, "Another push"),
        (replicas.served.folder, ".pull.lock", replicas.pull, "Another pull"),
    ):
        folder.mkdir(exist_ok=True)
        with (folder / name).open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(SnapshotError, match=says):
                act()
        act()


# -- the commands ------------------------------------------------------------------------------------


def test_a_version_goes_from_one_project_to_another_by_the_command_line(tmp_path: Path, run: Run) -> None:
    one, other = clean_project(tmp_path / "one"), clean_project(tmp_path / "other")
    built = Project.open(one, today=TODAY).build().snapshot_id
    done = run("snapshot", "push", "../mirror", cwd=one)
    assert (done.returncode, done.stdout) == (0, f"{built}\n"), done.stderr
    assert "files moved" in done.stderr
    assert run("snapshot", "push", "../mirror", cwd=one).stderr == "Nothing new.\n"
    done = run("snapshot", "pull", "../mirror", cwd=other)
    assert (done.returncode, done.stdout) == (0, f"{built}\n"), done.stderr
    assert Project.open(other, today=TODAY).snapshot().snapshot_id == built
    assert not Project.open(other, today=TODAY).build().new
    listed = json.loads(run("snapshot", "list", "../mirror", "--format", "json", cwd=other).stdout)
    assert [(each["snapshot_id"], each["in_use"]) for each in listed] == [(built, True)]
    here = run("snapshot", "list", cwd=other).stdout
    assert here.startswith(f"* {built} 20")

    with (one / NETWORK).open("a") as file:
        file.write("\n# a change\n")
    second = Project.open(one, today=TODAY).build().snapshot_id
    assert second != built
    assert run("snapshot", "push", "../mirror", cwd=one).returncode == 0
    assert run("snapshot", "pull", "../mirror", cwd=other).stdout == f"{second}\n"
    # Back to the first: the files are in the mirror and here, and only the name of the one in use changes.
    done = run("snapshot", "push", "../mirror", "--snapshot", built, cwd=one)
    assert done.stderr == "Every file was there. The version is in use now.\n"
    assert run("snapshot", "pull", "../mirror", cwd=other).stdout == f"{built}\n"
    assert Project.open(other, today=TODAY).snapshot().snapshot_id == built


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("push", "https://example.org/"), "only pulled from"),
        (("push", "mirror"), "has not been built yet"),
        (("push", "mirror", "--snapshot", "../../etc"), "There is no version ../../etc"),
        (("pull", "nowhere"), "There are no snapshots in nowhere"),
        (("list", "nowhere"), "There are no snapshots in nowhere"),
        (("pull", "http://user:secret@127.0.0.1/"), "may have no name, password"),
        (("pull", "http://127.0.0.1:99999/"), "is no address of a file server"),
    ],
)
def test_a_mistake_on_the_command_line_is_said_in_words(
    arguments: tuple[str, ...], says: str, tmp_path: Path, run: Run
) -> None:
    _project(tmp_path)
    done = run("snapshot", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mirror_of_another_graph_is_neither_pushed_to_nor_pulled_from(
    replicas: Replicas, tmp_path: Path, run: Run
) -> None:
    replicas.push()
    (tmp_path / "graph.toml").write_text('title = "Other"\nbase = "https://other.example/"\n', encoding="utf-8")
    sealed(tmp_path / "build", ONE, base="https://other.example/")
    (tmp_path / "build" / "current").symlink_to(ONE)
    for command in ("push", "pull"):
        done = run("snapshot", command, "mirror")
        assert done.returncode == 2
        assert f"mirror holds the graph {BASE}, and this is https://other.example/." in done.stderr
