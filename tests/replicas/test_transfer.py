"""Versions moved through a folder: whole or not at all, gone on with, and nothing else than a version."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from citygraph.errors import SnapshotError
from citygraph.messages import said_in
from citygraph.store.archive import Damaged, Piece, pack, receive, unpack
from citygraph.store.transfer import push
from clean_project import NETWORK, clean_project
from conftest import TODAY
from replicated import BASE, ONE, TWO, Replicas, in_old_layout, sealed, silent

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _files(folder: Path) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {path: data for path, data in files.items() if not path.startswith(("store/LOG", "store/LOCK"))}


def test_what_is_pulled_is_byte_for_byte_what_was_pushed(replicas: Replicas) -> None:
    pushed = replicas.push()
    pulled = replicas.pull()
    assert pushed.moved_bytes == pulled.moved_bytes == pulled.size == replicas.archive().stat().st_size
    assert _files(replicas.served.folder / ONE) == _files(replicas.built.folder / ONE)
    assert replicas.in_use() == ONE
    current = replicas.served.current()
    assert current is not None
    assert len(list(current.quads())) == 100


def test_what_is_there_is_not_moved_again(replicas: Replicas) -> None:
    replicas.push()
    snapshot = replicas.built.get(ONE)
    assert snapshot is not None
    assert push(snapshot, replicas.mirror, keep=5, told=silent).moved_bytes == 0
    replicas.pull()
    assert replicas.pull().moved_bytes == 0


def test_a_version_whose_names_another_release_wrote_is_not_put_to_use(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicas.push()
    replicas.pull()
    replicas.push(TWO)
    monkeypatch.setattr("citygraph.store.directory.NAMES_VERSION", 99)
    for name in (ONE, TWO):
        with pytest.raises(SnapshotError, match=f"Another release of citygraph wrote the names of the version {name}"):
            replicas.pull(name=name)
        assert replicas.in_use() == ONE
    assert sorted(path.name for path in replicas.served.folder.iterdir() if ONE not in path.name) == [
        ".pull.lock",
        "current",
    ]
    # The machine that builds has it too by now, and the version is there anew under the same name.
    replicas.push()
    assert replicas.pull().moved_bytes > 0
    assert replicas.pull().moved_bytes == 0


def test_an_archive_is_what_other_programs_read(replicas: Replicas, tmp_path: Path) -> None:
    replicas.push()
    subprocess.run(["sha256sum", "--check", f"{ONE}.tar.sha256"], cwd=replicas.mirror.folder, check=True)
    with tarfile.open(replicas.archive()) as archive:
        assert archive.getnames()[-1] == "manifest.json"
        for member in archive:
            (tmp_path / "out" / member.name).parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            assert content is not None
            (tmp_path / "out" / member.name).write_bytes(content.read())
    assert _files(tmp_path / "out") == _files(replicas.built.folder / ONE)


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
    kept = [f"{3:016}", f"{4:016}"]
    assert [each.snapshot_id for each in replicas.mirror.index().snapshots] == kept
    there = {path.name for path in replicas.mirror.folder.iterdir()}
    assert there == {".lock", "index.json", *(f"{name}.tar{more}" for name in kept for more in ("", ".sha256"))}


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
    with pytest.raises(Damaged, match=r"it has .* bytes and should have 16|its hash is another one") as told:
        receive(piece, tmp_path / "x", lambda start: iter([data[start:]]))
    assert re.search("^den har (mer enn )?[0-9]+ byte og skulle|^kontroll", said_in(told.value.args[0], "nb"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_killed_transfer_leaves_what_was_there_and_works_again(command: str, tmp_path: Path, run: Run) -> None:
    _project(tmp_path)
    sealed(tmp_path / "build", ONE, size=20_000)
    (tmp_path / "build" / "current").symlink_to(ONE)
    replica = tmp_path / "replica"
    _project(replica)
    target = tmp_path / "mirror" if command == "push" else replica / "build"
    if command == "pull":
        assert run("snapshot", "push", "mirror").returncode == 0
    folder = tmp_path if command == "push" else replica
    # The process is ended as soon as something of the version is in place.
    process = subprocess.Popen(
        [sys.executable, "-m", "citygraph", "snapshot", command, str(tmp_path / "mirror")],
        cwd=folder,
        stdout=subprocess.PIPE,
    )
    while process.poll() is None and not [path for path in target.rglob("*") if not path.name.endswith("lock")]:
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "mirror" / "index.json").exists() or command == "pull" or process.returncode == 0
    assert not (replica / "build" / "current").exists() or process.returncode == 0
    done = run("snapshot", command, str(tmp_path / "mirror"), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{ONE}\n"
    if command == "pull":
        assert _files(replica / "build" / ONE) == _files(tmp_path / "build" / ONE)
        assert sorted(path.name for path in (replica / "build").iterdir()) == [".pull.lock", ONE, "current"]
    else:
        assert not list((tmp_path / "mirror").glob(".*.part"))


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


_HARM = [
    (_turn_a_byte, "is damaged: its hash is another one"),
    (_cut, "is damaged: it has .* bytes and should have"),
    (Path.unlink, "is missing"),
    (_link, "is a symbolic link"),
    (_pipe, "is no plain file"),
]


@pytest.mark.parametrize(("harm", "says"), _HARM)
def test_a_damaged_archive_is_named_and_the_version_in_use_stays(
    harm: Callable[[Path], object], says: str, replicas: Replicas
) -> None:
    replicas.push(ONE)
    replicas.pull()
    replicas.push(TWO)
    _refused(replicas, replicas.archive(TWO), harm, says)


@pytest.mark.parametrize("path", ["", "manifest.json", "asserted.nq", "store/"])
@pytest.mark.parametrize(("harm", "says"), _HARM)
def test_a_damaged_file_of_the_older_layout_is_named_and_the_version_in_use_stays(
    path: str, harm: Callable[[Path], object], says: str, replicas: Replicas
) -> None:
    replicas.push(ONE)
    replicas.pull()
    where = in_old_layout(replicas.mirror.folder, sealed(replicas.built.folder, TWO))
    _refused(replicas, where(path), harm, says)


def _refused(replicas: Replicas, bad: Path, harm: Callable[[Path], object], says: str) -> None:
    harm(bad)
    with pytest.raises(SnapshotError, match=says) as raised:
        replicas.pull()
    assert str(bad) in raised.value.message
    assert raised.value.fix
    assert replicas.in_use() == ONE
    assert replicas.served.get(TWO) is None


@pytest.mark.parametrize("harm", [_turn_a_byte, _cut, Path.unlink])
def test_pushing_again_mends_a_damaged_mirror(harm: Callable[[Path], object], replicas: Replicas) -> None:
    replicas.push(ONE)
    snapshot = replicas.built.get(ONE)
    assert snapshot is not None
    harm(replicas.archive())
    assert push(snapshot, replicas.mirror, keep=5, told=silent).moved_bytes > 0
    replicas.pull()
    assert replicas.in_use() == ONE


@pytest.mark.parametrize("harm", [_cut, Path.unlink, _pipe])
def test_an_older_version_whose_archive_is_missing_or_cut_leaves_the_mirror(
    harm: Callable[[Path], object], replicas: Replicas
) -> None:
    replicas.push(ONE)
    harm(replicas.archive())
    assert replicas.push(TWO).dropped == (ONE,)
    assert [each.snapshot_id for each in replicas.mirror.index().snapshots] == [TWO]


def test_a_mirror_in_the_older_layout_is_pulled_from_and_replaced_by_the_next_push(replicas: Replicas) -> None:
    replicas.mirror.folder.mkdir()
    in_old_layout(replicas.mirror.folder, sealed(replicas.built.folder, ONE))
    replicas.pull()
    assert replicas.in_use() == ONE
    assert _files(replicas.served.folder / ONE) == _files(replicas.built.folder / ONE)
    assert replicas.push(TWO).dropped == (ONE,)
    assert not (replicas.mirror.folder / "objects").exists()
    replicas.pull()
    assert replicas.in_use() == TWO


def test_a_damaged_version_here_is_brought_again_when_asked(replicas: Replicas) -> None:
    replicas.push()
    replicas.pull()
    _turn_a_byte(replicas.served.folder / ONE / "asserted.nq")
    assert replicas.pull(fresh=True).moved_bytes > 0
    assert _files(replicas.served.folder / ONE) == _files(replicas.built.folder / ONE)
    assert sorted(path.name for path in replicas.served.folder.iterdir()) == [".pull.lock", ONE, "current"]


# -- hostile -----------------------------------------------------------------------------------------


def _tar(*members: tuple[dict[str, Any], bytes]) -> bytes:
    """An archive that somebody else wrote, with whatever is told of its members."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for fields, data in members:
            member = tarfile.TarInfo()
            member.size = len(data)
            for name, value in fields.items():
                setattr(member, name, value)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


_PATHS: list[object] = [
    "../../escaped", "store/../../escaped", "/escaped", "./manifest", ".hidden", "store/.hidden", "", "a//b", "a/b/c/d/e",
    "a\\b", "a\nb", "x" * 201,
]  # fmt: skip


def _escapes(replicas: Replicas, tmp_path: Path, says: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SnapshotError, match=says):
        replicas.pull()
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and "served" not in path.parts] == []
    assert replicas.in_use() == ""


@pytest.mark.parametrize("path", _PATHS)
def test_a_path_in_an_archive_that_leaves_the_snapshot_is_refused(
    path: str, replicas: Replicas, tmp_path: Path
) -> None:
    replicas.push()
    replicas.replace_archive(_tar(({"name": path}, b"x"), ({"name": "manifest.json"}, b"{}")))
    _escapes(replicas, tmp_path, "which lies outside of a snapshot|is no plain file|no archive that citygraph")


@pytest.mark.parametrize("path", [*_PATHS, "a\0b", "å", 7, None, ["a"]])
def test_a_path_in_a_list_that_leaves_the_snapshot_is_refused(path: object, replicas: Replicas, tmp_path: Path) -> None:
    replicas.mirror.folder.mkdir()
    where = in_old_layout(replicas.mirror.folder, sealed(replicas.built.folder, ONE))
    _replace_list(replicas, where(""), lambda document: document["files"][0].update(path=path))
    _escapes(replicas, tmp_path, "which lies outside of a snapshot")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "link", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"name": "link", "type": tarfile.LNKTYPE, "linkname": "../../../etc/passwd"},
        {"name": "pipe", "type": tarfile.FIFOTYPE},
        {"name": "disk", "type": tarfile.BLKTYPE, "devmajor": 8},
        {"name": "console", "type": tarfile.CHRTYPE, "devmajor": 5},
        {"name": "folder", "type": tarfile.DIRTYPE},
        {"name": "sparse", "type": tarfile.GNUTYPE_SPARSE},
        {"name": "strange", "type": b"Z"},
        {"name": "pax", "type": tarfile.XHDTYPE},
    ],
)
def test_what_is_no_file_in_an_archive_is_refused(fields: dict[str, Any], replicas: Replicas, tmp_path: Path) -> None:
    replicas.push()
    replicas.replace_archive(_tar((fields, b""), ({"name": "manifest.json"}, b"{}")))
    _escapes(replicas, tmp_path, "which is no plain file|outside of a snapshot")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no manifest"),
        (b"no archive" * 1_000, "no archive that citygraph wrote"),
        (gzip.compress(b"0" * 10_000_000), "no archive that citygraph wrote"),
        (_tar(({"name": "a"}, b"1"), ({"name": "a"}, b"2")), "names a file twice"),
        (_tar(({"name": "a"}, b"1"), ({"name": "a/b"}, b"2")), "names a file twice"),
        (_tar(({"name": "a/b"}, b"1"), ({"name": "a"}, b"2")), "names a file twice"),
        (_tar(({"name": "manifest.json"}, b"x" * 5_000))[:2_000], "manifest.json is cut"),
        (_tar(({"name": "asserted.nq"}, b"")), "holds no manifest"),
        (_tar(({"name": "manifest.json"}, b"{}")), "was built by another version"),
    ],
)
def test_an_archive_that_cannot_be_right_is_refused(data: bytes, says: str, replicas: Replicas, tmp_path: Path) -> None:
    replicas.push()
    replicas.replace_archive(data)
    _escapes(replicas, tmp_path, says)


def test_a_file_that_says_it_is_larger_than_its_archive_is_refused(replicas: Replicas, tmp_path: Path) -> None:
    replicas.push()
    bomb = tarfile.TarInfo("manifest.json")
    bomb.size = 1 << 60
    replicas.replace_archive(bomb.tobuf(tarfile.GNU_FORMAT) + b"x" * 512)
    _escapes(replicas, tmp_path, "manifest.json is cut")


def test_packing_and_unpacking_gives_the_same_files_and_the_same_archive(replicas: Replicas, tmp_path: Path) -> None:
    snapshot = sealed(replicas.built.folder, ONE)
    pieces = []
    for name in ("one.tar", "two.tar"):
        with (tmp_path / name).open("wb") as file:
            pieces.append(pack(snapshot.folder, "x", file.write))
    assert pieces[0] == pieces[1]
    (tmp_path / "out").mkdir()
    unpack(tmp_path / "one.tar", tmp_path / "out")
    assert _files(tmp_path / "out") == _files(snapshot.folder)


def _replace_list(replicas: Replicas, path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A list of files in the older layout that somebody else wrote, and an index that fits it."""
    document = json.loads(path.read_bytes())
    change(document)
    data = json.dumps(document).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    path = replicas.mirror.folder / "objects" / sha256[:2] / sha256[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    replicas.edit_index(lambda index: index["snapshots"][0].update(contents=sha256, contents_size=len(data)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["files"][0].update(size=10**18), "of other files than the index says"),
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
        (lambda d: d.update(format=2), "another version of citygraph"),
        (lambda d: d["files"][0].update(sha256="0" * 64), "is missing"),
    ],
)
def test_a_list_of_files_that_cannot_be_right_is_refused(
    change: Callable[[dict[str, Any]], object], says: str, replicas: Replicas
) -> None:
    replicas.mirror.folder.mkdir()
    where = in_old_layout(replicas.mirror.folder, sealed(replicas.built.folder, ONE))
    _replace_list(replicas, where(""), change)
    with pytest.raises(SnapshotError, match=says):
        replicas.pull()
    assert replicas.in_use() == ""


def test_a_list_of_files_of_another_version_is_refused(replicas: Replicas) -> None:
    replicas.mirror.folder.mkdir()
    in_old_layout(replicas.mirror.folder, sealed(replicas.built.folder, TWO))
    replicas.edit_index(lambda index: (index.update(current=ONE), index["snapshots"][0].update(snapshot_id=ONE)))
    with pytest.raises(SnapshotError, match=f"listed as {ONE} cannot be used, or is '{TWO}'"):
        replicas.pull()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda i: i.update(base="https://elsewhere.example/"), "holds the graph https://elsewhere"),
        (lambda i: i.update(current=TWO), "and does not list it"),
        (lambda i: i.update(current="../../etc"), "and does not list it"),
        (lambda i: i["snapshots"][0].update(snapshot_id="current"), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(snapshot_id="../etc"), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(sha256="../../etc/passwd"), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(list_size=5), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(size=-1), "something that is no snapshot"),
        (lambda i: i["snapshots"][0].update(size=10**19), "at most .* are taken"),
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
    replicas.edit_index(lambda index: index["snapshots"][0].update(size=10**17))
    with pytest.raises(SnapshotError, match=r"needs 200,000,.* bytes, and .* has .* left"):
        replicas.pull(most_bytes=10**18)


def test_a_link_in_place_of_an_archive_is_replaced_and_not_written_through(replicas: Replicas, tmp_path: Path) -> None:
    replicas.mirror.folder.mkdir()
    (tmp_path / "elsewhere").write_text("mine")
    for name in (f"{ONE}.tar", f".{ONE}.tar.part", f"{ONE}.tar.sha256", "index.json"):
        (replicas.mirror.folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SnapshotError, match="is a symbolic link"):
        replicas.push()
    (replicas.mirror.folder / "index.json").unlink()
    replicas.push()
    assert (tmp_path / "elsewhere").read_text() == "mine"
    replicas.pull()
    assert replicas.in_use() == ONE


def test_a_version_that_holds_a_link_or_a_strange_name_is_not_pushed(replicas: Replicas) -> None:
    snapshot = sealed(replicas.built.folder, ONE)
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
    assert "bytes moved" in done.stderr
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
    # Back to the first: the archive is in the mirror and the version here, and only the name of the one in use changes.
    done = run("snapshot", "push", "../mirror", "--snapshot", built, cwd=one)
    assert done.stderr == "The version was there, and is in use now.\n"
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
