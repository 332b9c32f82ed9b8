# SPDX-License-Identifier: Apache-2.0
"""The judge finds every way in which a restored disk can be wrong, and forgives what was said."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from judged_disks import (
    ACL,
    SLICES,
    Change,
    home_tree,
    root_tree,
    source,
    write_disk,
)

from mkboot.formats.ufs import open_ufs
from mkboot.rehearsal.judge import Allowed, Source, judge
from mkboot.rehearsal.verdict import Judgement
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import FileSource, Window


def judged(path: Path, what: Source | None = None) -> Judgement:
    return judge(what or source(), {"c0t0d0": path})


def told(judgement: Judgement) -> list[str]:
    return [
        *(d for disk in judgement.disks for d in disk.differences),
        *(d for fs in judgement.file_systems for d in fs.differences),
    ]


def test_the_same_disk_is_good(tmp_path: Path) -> None:
    found = judged(write_disk(tmp_path / "disk"))
    assert told(found) == []
    assert found.good
    root, home = found.file_systems
    assert (root.files_expected, root.files_restored) == (7, 7)
    assert (home.files_expected, home.files_restored) == (3, 3)
    assert home.bytes_compared == 50000


def _owner(to: TreeBuilder) -> None:
    number = to.find(b"/etc/guarded")
    assert number is not None
    to.replace(number, replace(to.node(number), uid=7))


def _acl(to: TreeBuilder) -> None:
    number = to.find(b"/etc/guarded")
    assert number is not None
    assert to.node(number).acl == ACL
    to.replace(number, replace(to.node(number), acl=()))


def _truncate(to: TreeBuilder) -> None:
    number = to.find(b"/etc/passwd")
    assert number is not None
    to.replace(number, replace(to.node(number), content=BytesContent(b"root")))


def _lose(to: TreeBuilder) -> None:
    etc = to.find(b"/etc")
    assert etc is not None
    to.unlink(etc, b"passwd.also")


def _add(to: TreeBuilder) -> None:
    to.add(0, b"restoresymtable", regular(BytesContent(b"x"), 0o600))


def _time(to: TreeBuilder) -> None:
    to.replace(0, replace(to.node(0), mtime=SECOND))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_owner, "/etc/guarded: uid was 0, is 7"),
        (_acl, "/etc/guarded: acl was"),
        (_truncate, "/etc/passwd: content differs at byte 4"),
        (_lose, "/etc/passwd.also: is missing"),
        (_add, "/restoresymtable: was not there"),
        (_time, "/: mtime was 1018353600, is 1"),
    ],
)
def test_a_changed_file_is_told(tmp_path: Path, change: Change, line: str) -> None:
    to = root_tree().edit()
    change(to)
    found = judged(write_disk(tmp_path / "disk", root=to.build()))
    assert not found.good
    assert any(said.startswith(line) for said in told(found)), told(found)
    root = found.file_systems[0]
    assert root.files_restored < root.files_expected or line.startswith("/restoresymtable")
    assert not found.file_systems[1].differences


def test_a_file_system_that_was_never_filled_is_told(tmp_path: Path) -> None:
    empty = TreeBuilder(directory(0o755, mtime=home_tree().root.mtime), resolution=1000).build()
    found = judged(write_disk(tmp_path / "disk", home=empty))
    assert told(found) == ["/data: is missing"]
    assert found.first == "/export/home: /data: is missing"


def test_a_forgotten_slice_is_told_twice(tmp_path: Path) -> None:
    found = judged(write_disk(tmp_path / "disk", slices=SLICES[:3]))
    assert told(found) == ["slice 7: is missing", "there is no file system"]


@pytest.mark.parametrize(
    ("slice_", "line"),
    [
        (replace(SLICES[1], tag=0), "slice 1: tag 3 expected, 0 found"),
        (replace(SLICES[1], flag=0), "slice 1: flag 1 expected, 0 found"),
        (replace(SLICES[1], sectors=4 * 128), "slice 1: sectors 640 expected, 512 found"),
        (replace(SLICES[1], start_cylinder=41, sectors=4 * 128), "slice 1: start 5120 expected, "),
    ],
)
def test_a_wrong_line_of_the_label_is_told(tmp_path: Path, slice_: object, line: str) -> None:
    slices = tuple(slice_ if s.number == 1 else s for s in SLICES)
    found = judged(write_disk(tmp_path / "disk", slices=slices))  # type: ignore[arg-type]
    assert any(said.startswith(line) for said in told(found)), told(found)


def test_on_another_disk_slices_may_move_and_grow_but_not_shrink(tmp_path: Path) -> None:
    what = source()
    other = replace(what.disks[0], same=False)
    longer = tuple(replace(s, sectors=s.sectors - 1) if s.number == 1 else s for s in other.slices)
    shorter = tuple(replace(s, sectors=s.sectors + 1) if s.number == 1 else s for s in other.slices)
    disk = write_disk(tmp_path / "disk")
    assert judged(disk, replace(what, disks=(replace(other, slices=longer),))).good
    flag = tuple(replace(s, flag=1) if s.number == 2 else s for s in other.slices)
    assert judged(disk, replace(what, disks=(replace(other, slices=flag),))).good
    assert not judged(disk, replace(what, disks=(replace(what.disks[0], slices=flag),))).good
    assert not judged(disk, replace(what, disks=(replace(other, slices=shorter),))).good


def test_a_missing_and_another_boot_block_are_told(tmp_path: Path) -> None:
    assert told(judged(write_disk(tmp_path / "a", boot_block=b""))) == ["the boot block is missing"]
    other = b"\xfd\x08\x00\x01\x00\x00\x00\x09\x00"
    assert told(judged(write_disk(tmp_path / "b", boot_block=other))) == [
        "the boot block is another"
    ]


def test_a_blank_disk_and_a_missing_image_are_told(tmp_path: Path) -> None:
    (tmp_path / "blank").write_bytes(bytes(1 << 20))
    assert "label: no Sun label: the magic word is missing" in told(judged(tmp_path / "blank"))
    assert told(judged(tmp_path / "none"))[0] == "label: there is no image of it"


def test_an_unclean_file_system_is_told(tmp_path: Path) -> None:
    disk = write_disk(tmp_path / "disk")
    with disk.open("r+b") as file:
        clean = SLICES[3].start_cylinder * 128 * 512 + 8192 + 0xD1  # fs_clean
        os.pwrite(file.fileno(), b"\0", clean)
    found = judged(disk)
    assert [line for line in told(found) if line.startswith("the file system is")], told(found)


def test_another_policy_of_newfs_is_told(tmp_path: Path) -> None:
    disk = write_disk(tmp_path / "disk")
    start = SLICES[3].start_cylinder * 128 * 512
    with FileSource(disk) as file:
        size = SLICES[3].sectors * 512
        policy = open_ufs(Window(file, start, size)).parameters
    what = source()

    def lines(**changed: int | str) -> list[str]:
        wanted = replace(policy, **changed)  # type: ignore[arg-type]
        home = replace(what.file_systems[1], policy=wanted)
        return told(judged(disk, replace(what, file_systems=(what.file_systems[0], home))))

    assert lines() == lines(nbpi=policy.nbpi + 1) == lines(cpg=7) == []
    assert lines(minfree=3) == [f"made with minfree {policy.minfree}, was 3"]
    assert lines(optimize="s") == ["made with optimize t, was s"]
    assert lines(nbpi=policy.nbpi * 2) == [f"made with nbpi {policy.nbpi}, was {policy.nbpi * 2}"]


def test_a_file_that_had_to_be_edited_holds_just_that(tmp_path: Path) -> None:
    disk = write_disk(tmp_path / "disk")
    path = next(e.path for e in home_tree().walk() if e.node.size)

    def lines(suffix: bytes) -> list[str]:
        rule = Allowed(
            b"/export/home", path, frozenset({"content"}), "why", edit=lambda t: t + suffix
        )
        return told(judged(disk, replace(source(), allowed=(rule,))))

    assert lines(b"") == []
    assert lines(b"more") == [f"{path.decode()}: is not edited as it had to be: why"]


def test_what_was_announced_is_allowed_and_listed_and_nothing_else(tmp_path: Path) -> None:
    to = root_tree().edit()
    to.add(0, b"reconfigure", regular(BytesContent(b"")))
    to.replace(0, replace(to.node(0), mtime=SECOND))
    disk = write_disk(tmp_path / "disk", root=to.build())
    rules = (
        Allowed(b"/", b"/reconfigure", frozenset({"path"}), "devices are made anew"),
        Allowed(b"/", b"/", frozenset({"mtime"}), "its entries changed"),
    )
    found = judged(disk, replace(source(), allowed=rules))
    assert found.good, told(found)
    assert found.file_systems[0].allowed == (
        "/: mtime: its entries changed",
        "/reconfigure: path: devices are made anew",
    )
    below = (Allowed(b"/", b"/", frozenset({"path", "mtime"}), "much", below=True),)
    found = judged(disk, replace(source(), allowed=below))
    assert found.good
    assert found.file_systems[0].allowed == ("/ and below: 2 changes: much",)
    elsewhere = tuple(replace(rule, mount=b"/export/home") for rule in rules)
    assert not judged(disk, replace(source(), allowed=elsewhere)).good
    fields = tuple(replace(rule, fields=frozenset({"mode"})) for rule in rules)
    assert not judged(disk, replace(source(), allowed=fields)).good


def test_below_covers_what_lies_below_and_not_what_begins_alike() -> None:
    from mkboot.tree.compare import Difference

    rule = Allowed(b"/", b"/var/log", frozenset({"path"}), "logs", below=True)
    assert rule.covers(Difference(b"/var/log/x", "path", "missing", "there"))
    assert rule.covers(Difference(b"/var/log", "path", "missing", "there"))
    assert not rule.covers(Difference(b"/var/logs", "path", "missing", "there"))
    assert not rule.covers(Difference(b"/var/log/x", "path", "there", "missing"))


def test_who_looked_at_nothing_says_no() -> None:
    assert not judge(Source((), ()), {}).good
