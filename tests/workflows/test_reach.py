# SPDX-License-Identifier: Apache-2.0
"""What a person may type to name a tree, and what they get."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import mkboot
from conftest import SAMPLES
from set_making import Made, make_set
from trees import differences, sample_image

from mkboot.errors import CallerError, InputError
from mkboot.recovery.sets import OpenSet
from mkboot.tree.filetree import FileTree
from mkboot.workflows.reach import Container, reach


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    work = tmp_path_factory.mktemp("reach")
    return make_set(work, layout="sparc-9", release="9", seed=5, media="cd650", big=False)


@pytest.fixture(name="disk", scope="module")
def _disk(made: Made) -> Path:
    return made.host.disks["c0t0d0"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


def test_a_disk_lists_its_slices(disk: Path) -> None:
    reached = reach(str(disk))
    assert reached.kind is Container.DISK
    used = {s.number for s in reached.slices}
    assert {0, 1, 2} <= used
    lines = mkboot("ls", disk).lines
    assert [line.split()[0] for line in lines] == ["slice", *(str(n) for n in sorted(used))]
    assert "UFS, boot block (fcode)" in lines[1]
    with pytest.raises(CallerError, match="name a slice"):
        reached.files()
    assert "there are 0, 1, 2" in mkboot("cat", disk, "/etc/vfstab", status=2).err


def test_a_slice_is_the_same_alone_and_in_its_disk(disk: Path, tmp_path: Path) -> None:
    reached = reach(f"{disk}:0")
    assert reached.kind is Container.SLICE
    entry = next(s for s in reach(str(disk)).slices if s.number == 0)
    alone = tmp_path / "alone.ufs"
    alone.write_bytes(disk.read_bytes()[: entry.size])
    assert reach("alone.ufs").kind is Container.SLICE
    assert differences(reached.files(), reach("alone.ufs").files()) == []


def test_slices_without_files_say_why(disk: Path) -> None:
    for number, why in ((1, "for swap"), (2, "the whole disk")):
        with pytest.raises(InputError, match=why) as caught:
            reach(f"{disk}:{number}")
        assert caught.value.place == (str(disk), f"slice {number}")
    with pytest.raises(CallerError, match="has no slice 5"):
        reach(f"{disk}:5")
    with pytest.raises(InputError, match="fdisk partitions are not supported yet"):
        reach(f"{disk}:p1:0")


def test_discs(made: Made) -> None:
    base = str(made.base.path)
    assert reach(base).kind is Container.DISC
    assert differences(reach(base).files(), reach(f"{base}:0").files()) == []
    assert reach(f"{base}:1").kind is Container.SLICE
    assert reach(f"{base}:5").files().find(b"/.SUNW-boot-redirect") is not None


def test_the_host_by_its_set(made: Made) -> None:
    root = reach(f"{made.host.disks['c0t0d0']}:0").files()
    for place in (made.job, made.job / "set", made.volume(1)):
        reached = reach(f"{place}:/etc")
        assert (reached.kind, reached.path) == (Container.HOST, b"/etc")
        tree = reached.top()
        there = root.find(b"/etc/vfstab")
        number = tree.find(b"/vfstab")
        assert there is not None
        assert number is not None
        node = tree.nodes[number]
        assert (
            node.content.read(0, 9999)
            == made.host.vfstab
            == root.nodes[there].content.read(0, 9999)
        )
    assert mkboot("cat", f"{made.job}:/etc/vfstab").raw == made.host.vfstab
    assert mkboot("cat", f"{made.job}:/etc", "vfstab").raw == made.host.vfstab
    assert "usr" in mkboot("ls", f"{made.job}:/").lines
    assert len(mkboot("ls", f"{made.job}:/usr").lines) > 1, "what is mounted is there"
    with pytest.raises(CallerError, match="no directory /etc/vfstab"):
        reach(f"{made.job}:/etc/vfstab").top()
    with pytest.raises(InputError, match="climbs"):
        reach(f"{made.job}:/../x")
    with pytest.raises(InputError, match="no volume of a recovery set"):
        reach(f"{made.host.disks['c0t0d0'].parent}:/etc")


def test_a_disc_is_asked_for_only_when_it_is_needed(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the streams of all but the root were on a disc that is not at hand."""
    real = OpenSet.tree

    def tree(self: OpenSet, slice_: str) -> FileTree:
        if slice_ != "c0t0d0s0":
            raise InputError("volume 2 of 2 is missing")
        return real(self, slice_)

    monkeypatch.setattr(OpenSet, "tree", tree)
    assert mkboot("cat", f"{made.job}:/etc/vfstab").raw == made.host.vfstab
    assert "vfstab" in mkboot("ls", f"{made.job}:/", "etc").lines
    for path in ("/usr", "/usr/bin", "/", "/bin", "/no/such"):
        assert "volume 2 of 2 is missing" in mkboot("ls", f"{made.job}:{path}/", status=3).err


def test_extract_keeps_the_path_on_the_host(made: Made, tmp_path: Path) -> None:
    mkboot("extract", f"{made.job}:/etc/vfstab", tmp_path / "out")
    found = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert found == [tmp_path / "out" / "etc" / "vfstab"]
    assert found[0].read_bytes() == made.host.vfstab


def test_a_file_of_that_very_name_wins(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "d:0").mkdir()
    (tmp_path / "d:0" / "inside").touch()
    (tmp_path / "d").symlink_to(disk)
    assert reach("d:0").kind is Container.DIRECTORY
    assert reach("d:0").files().find(b"/inside") is not None
    (tmp_path / "d:0" / "inside").unlink()
    (tmp_path / "d:0").rmdir()
    assert reach("d:0").kind is Container.SLICE


def test_names_do_not_count(tmp_path: Path) -> None:
    sample_image(tmp_path).rename(tmp_path / "x.tar")
    assert reach("x.tar").kind is Container.SLICE
    data = gzip.decompress((SAMPLES / "small.dump.gz").read_bytes())
    (tmp_path / "y.ufs").write_bytes(data)
    assert reach("y.ufs").kind is Container.DUMP
    (tmp_path / "z.dump").write_bytes(mkboot("tar", "y.ufs").raw)
    assert reach("z.dump").kind is Container.TAR
    assert differences(reach("x.tar").files(), reach("z.dump").files()) == []


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"\x1f\x8b\x08" + bytes(600), "is compressed", "gunzip it first"),
        (b"\x1f\x9d\x90" + bytes(600), "is compressed", "uncompress it first"),
        (b"\xfd7zXZ\0" + bytes(600), "is compressed", "unxz it first"),
        (b"FlAsH-aRcHiVe-2.0\n" + bytes(600), "has no end of line", None),
        (b"", "is nothing that mkboot knows", "mkboot inspect says what it saw"),
        (bytes(100_000), "is nothing that mkboot knows", "mkboot inspect says what it saw"),
    ],
)
def test_what_is_refused(data: bytes, message: str, hint: str | None, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        reach("f")
    assert caught.value.hint == hint
    assert caught.value.place == ("f",)


def test_what_is_not_there() -> None:
    for spec in ("none", "none:0", "none:/etc", "none:p1:0", ":0", "", ":/x"):
        with pytest.raises(CallerError, match="no such file or directory"):
            reach(spec)
