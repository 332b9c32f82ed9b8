# SPDX-License-Identifier: Apache-2.0
"""Later levels in the job: capture --level, build, restore, the files, README.TXT."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from by_hand import Sun
from conftest import needs
from formats.ufsdump_tools import assert_same
from set_making import mkboot

from mkboot.demo.base import make_demo_base
from mkboot.demo.host import make_demo_host
from mkboot.formats.label import SECTOR, read_label
from mkboot.formats.ufs import open_ufs, read_ufs, write_ufs
from mkboot.formats.ufsdump import read_dump
from mkboot.model.system import Dump
from mkboot.system.levels import base_of, chain
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import BytesSource, FileSink, FileSource, Window

ROOT, SPARE = "c0t0d0s0", "c0t1d0s3"


def window_of(disk: Path, number: int) -> tuple[int, int]:
    label = read_label(disk.read_bytes()[:SECTOR])
    return label.start(number) * SECTOR, label.entry(number).sectors * SECTOR


def tree_of(disk: Path, number: int) -> FileTree:
    return read_ufs(Window(FileSource(disk), *window_of(disk, number)))


def change(disk: Path, number: int, edit: Callable[[TreeBuilder], None]) -> FileTree:
    """Write a slice anew after ``edit``: every inode that stays keeps its number, and no time
    is set but what ``edit`` sets.
    """
    start, size = window_of(disk, number)
    with disk.open("r+b") as file:
        data = os.pread(file.fileno(), size, start)
        volume = open_ufs(BytesSource(data))
        builder = volume.tree().edit()
        edit(builder)
        tree = builder.build()
        os.pwrite(file.fileno(), bytes(size - 8192), start + 8192)
        write_ufs(
            tree, FileSink(file.fileno(), start, size), volume.parameters,
            time=1_100_000_000, keep_numbers=True,
        )  # fmt: skip
    return tree


def free_ino(builder: TreeBuilder) -> int:
    used = {node.ino for node in builder.build().nodes}
    return next(n for n in range(4, 10**6) if n not in used)


def first_edit(b: TreeBuilder) -> None:
    """With the clock of the host: times after all that was there."""
    now = 1_050_000_000 * SECOND
    etc = b.find(b"/etc")
    for number in (0, etc, b.find(b"/etc/passwd")):
        b.replace(number, replace(b.node(number), mtime=now, ctime=now))
    passwd = b.find(b"/etc/passwd")
    b.replace(passwd, replace(b.node(passwd), content=BytesContent(b"root:x:0:1::/:/sbin/sh\n")))
    new = replace(regular(BytesContent(b"new" * 9000), mtime=now), ino=free_ino(b))
    b.add(etc, b"new file", new)
    moved = b.children(etc)[b"vfstab"]
    b.link(etc, b"vfstab.again", moved)
    b.replace(moved, replace(b.node(moved), ctime=now))


def second_edit(b: TreeBuilder) -> None:
    """With old times: only comparing shows them."""
    etc = b.find(b"/etc")
    old = b.node(b.children(etc)[b"new file"])
    b.unlink(etc, b"new file")
    made = replace(directory(0o750, mtime=old.mtime), ino=old.ino)
    at = b.add(etc, b"new file", made)  # a directory that has the inode and the name of a file
    b.add(at, b"below", replace(regular(BytesContent(b"b")), ino=free_ino(b)))
    b.unlink(etc, b"vfstab.again")


def spare_edit(b: TreeBuilder) -> None:
    b.add(0, b"spare", replace(regular(BytesContent(b"spare" * 100)), ino=free_ino(b)))


def leave_out_long_names(job: Path, slice_: str, tree: FileTree) -> None:
    """What Debian's restore loses: names of more than 200 bytes."""
    paths = [p for p, _, _ in tree.walk() if len(p.rpartition(b"/")[2]) > 200]
    top = [p for p in paths if not any(p.startswith(q + b"/") for q in paths)]
    assert top
    text = (job / "job.toml").read_text()
    head, name, tail = text.partition(f'slice = "{slice_}"')
    words = ", ".join(json.dumps(show(path)) for path in top)
    tail = tail.replace("exclude = []", f"exclude = [{words}]", 1)
    (job / "job.toml").write_text(head + name + tail)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, FileTree]]]:
    """A job with levels 0, 1 and 2, and what the two slices held at each level."""
    folder = tmp_path_factory.mktemp("levels")
    make_demo_base(folder / "base.iso")
    make_demo_host(folder)
    a, b, job = folder / "c0t0d0.img", folder / "c0t1d0.img", folder / "job"
    mkboot(
        "prepare", job, "--base", folder / "base.iso", "--media", "650M",
        "--source", f"c0t0d0={a}", "--source", f"c0t1d0={b}",
    )  # fmt: skip
    leave_out_long_names(job, "c0t1d0s7", tree_of(b, 7))
    mkboot("capture", job)
    mkboot("build", job)
    change(a, 0, first_edit)
    said = mkboot("capture", job, "--level", "1")
    assert "level 1" in said
    assert f"next: mkboot build {job} --force\n" in said
    change(a, 0, second_edit)
    change(b, 3, spare_edit)
    mkboot("capture", job, "--level", "2")
    return job, [{ROOT: tree_of(a, 0), SPARE: tree_of(b, 3)}]


def system(job: Path) -> dict[str, list[dict]]:
    found = json.loads((job / "capture" / "system.json").read_text())
    return {fs["slice"]: fs["dumps"] for fs in found["file_systems"]}


def differences(left: FileTree, right: FileTree) -> list[object]:
    return list(Comparison(left, right, frozenset({"nlink"})).differences())


def test_all_levels_are_recorded(made: tuple) -> None:
    job, _ = made
    for slice_, dumps in system(job).items():
        assert [d["level"] for d in dumps] == [0, 1, 2]
        assert [d["base_date"] for d in dumps[1:]] == [d["date"] for d in dumps[:2]]
        for dump in dumps:
            assert (job / "capture" / f"{slice_}.{dump['level']}.dump").stat().st_size == dump[
                "size"
            ]
    first = system(job)[ROOT]
    assert first[1]["inodes"] < first[0]["inodes"] // 4
    assert system(job)["c0t0d0s6"][1]["inodes"] == 1  # nothing but the root


def test_an_increment_holds_what_changed(made: tuple) -> None:
    job, _ = made
    with FileSource(job / "capture" / f"{ROOT}.2.dump") as source:
        paths = {path for path, _, _ in read_dump(source).tree.walk()}
    assert {b"/etc/new file/below", b"/etc/vfstab"} <= paths
    assert b"/etc/passwd" not in paths


def test_status_and_verify_know_of_levels(made: tuple, tmp_path: Path) -> None:
    job = Path(shutil.copytree(made[0], tmp_path / "job"))
    said = mkboot("status", job)
    assert said.count("levels 0 1 2") == 5
    assert said.rstrip().endswith(f"next: mkboot build {job} --force")
    assert "sound" in mkboot("verify", job / "capture" / f"{ROOT}.0.dump")
    mkboot("build", job, "--force")
    assert f"next: mkboot verify {job}" in mkboot("status", job).splitlines()
    found = json.loads(mkboot("verify", job, "--json"))
    assert found["verdict"] == "sound"


@pytest.fixture(scope="module")
def built(made: tuple) -> Path:
    mkboot("build", made[0], "--force")
    return made[0]


def test_restore_merges(made: tuple, built: Path, tmp_path: Path) -> None:
    a, b = tmp_path / "a.img", tmp_path / "b.img"
    mkboot("restore", built / "set", "--disk", f"c0t0d0={a}", "--disk", f"c0t1d0={b}")
    wanted = made[1][0]
    assert differences(wanted[ROOT], tree_of(a, 0)) == []
    assert differences(wanted[SPARE], tree_of(b, 3)) == []


def test_files_of_a_set_are_the_newest(made: tuple, built: Path) -> None:
    assert "root:x:0:1::/:/sbin/sh" in mkboot("cat", f"{built / 'set'}:/etc/passwd")
    assert mkboot("ls", f"{built / 'set'}:/etc/new file").split() == ["below"]
    assert "vfstab.again" not in mkboot("ls", f"{built / 'set'}:/etc")


@needs("restore", "bsdtar")
def test_the_levels_on_the_disc_restore_one_after_the_other(
    made: tuple, built: Path, tmp_path: Path
) -> None:
    """Debian's cat and restore, from the segments as they lie on the volume."""
    disc, target = tmp_path / "disc", tmp_path / "target"
    disc.mkdir()
    target.mkdir()
    for volume in (built / "set").glob("volume-*.iso"):
        subprocess.run(["bsdtar", "-xf", volume, "-C", disc, "mkboot"], check=True)
    for level in range(3):
        segments = sorted((disc / "mkboot" / "seg").glob(f"{SPARE}.{level}.*"))
        stream = tmp_path / "stream"
        stream.write_bytes(b"".join(s.read_bytes() for s in segments))
        ran = subprocess.run(
            ["restore", "-r", "-T", tmp_path, "-f", stream],
            cwd=target, capture_output=True, stdin=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        assert ran.stderr == b""
    (target / "restoresymtable").unlink()
    assert_same(made[1][0][SPARE], target)


@needs("restore", "bsdtar")
def test_readme_restores_level_after_level(made: tuple, built: Path, tmp_path: Path) -> None:
    """README.TXT typed as it stands: the increments go into the same directory."""
    volumes = sorted((built / "set").glob("volume-*.iso"))
    sun = Sun(tmp_path / "sun", volumes)
    done = sun.type_readme()
    for slice_ in (ROOT, SPARE):
        at = [done.text.index(f"{slice_}.{level}.") for level in range(3)]
        assert at == sorted(at)
    assert (done.returncode, done.stderr) == (0, b""), done.text
    assert_same(made[1][0][SPARE], sun.top / "fs" / SPARE)


def test_what_is_refused(made: tuple, tmp_path: Path) -> None:
    job = Path(shutil.copytree(made[0], tmp_path / "job"))
    assert "holds level 2 already" in mkboot("capture", job, "--level", "2", expect=2)
    assert "holds a capture" in mkboot("capture", job, expect=2)
    mkboot("capture", job, "--level", "2", "--resume")
    mkboot("capture", job, "--level", "10", expect=2)
    before = system(job)
    mkboot("capture", job, "--level", "2", "--force")
    after = system(job)
    assert [d["level"] for d in after[ROOT]] == [0, 1, 2]
    assert before[ROOT][:2] == after[ROOT][:2]
    shutil.rmtree(job / "capture")
    assert "no complete capture" in mkboot("capture", job, "--level", "1", expect=2)


def test_a_lower_level_makes_higher_ones_superfluous(made: tuple, tmp_path: Path) -> None:
    """0 1 2, then 1 again: relative to 0, and the old level 2 is on no disc."""
    job = Path(shutil.copytree(made[0], tmp_path / "job"))
    mkboot("capture", job, "--level", "1", "--force")
    assert [d["level"] for d in system(job)[ROOT]] == [0, 2, 1]
    mkboot("build", job, "--force")
    manifest = json.loads(mkboot("cat", job / "set" / "volume-1.iso", "/mkboot/set.json"))
    assert {s["level"] for s in manifest["streams"]} == {0, 1}
    assert mkboot("ls", f"{job / 'set'}:/etc/new file").split() == ["below"]


def _dump(level: int) -> Dump:
    return Dump(level, "", 0, 0, 0, 0, 0, 0, 0, ())


@pytest.mark.parametrize(
    ("levels", "level", "base", "needed"),
    [
        ([0], 1, 0, [0]),
        ([0, 1, 2], 3, 2, [0, 1, 2]),
        ([0, 5, 3], 5, 3, [0, 3]),
        ([0, 3, 2, 5, 4, 7, 6], 9, 6, [0, 2, 4, 6]),
        ([0, 2, 1], 2, 1, [0, 1]),
    ],
)
def test_chains(levels: list[int], level: int, base: int, needed: list[int]) -> None:
    dumps = [_dump(n) for n in levels]
    found = base_of(dumps, level)
    assert found is not None
    assert found.level == base
    assert [d.level for d in chain(dumps)] == needed
