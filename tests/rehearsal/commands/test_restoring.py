# SPDX-License-Identifier: Apache-2.0
"""ufsrestore on the machine: what it makes, what it forgives, what it ends with."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import needs
from storage_inside import CYLINDER, HEADS, NSECT, SCSI, SECTORS

from mkboot.formats.ufs import open_ufs
from mkboot.formats.ufsdump import DumpOptions, read_dump, write_dump
from mkboot.rehearsal.hardware import Disk
from mkboot.rehearsal.namespace import run_inside
from mkboot.rehearsal.spec import Json
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import AclEntry, Device, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import BytesSource

pytestmark = needs("unshare", "chroot", "dash")

SECOND = 10**9
WHEN = 1_000_000_000 * SECOND
LABEL = """
echo label >/tmp/f; echo quit >>/tmp/f
format -f /tmp/f -d c0t0d0 >/dev/null </dev/null
echo '0 2 00 0 SIZE' | sed 's/SIZE/{size}/' >/tmp/t
fmthard -s /tmp/t /dev/rdsk/c0t0d0s2 >/dev/null
newfs /dev/rdsk/c0t0d0s0 </dev/null 2>/dev/null
mount -F ufs /dev/dsk/c0t0d0s0 /a || echo no mount
cd /a
"""
END = "cd /; umount /a || echo busy\n"


def host_tree() -> TreeBuilder:
    """A little of everything."""
    builder = TreeBuilder(directory(0o755, 0, 3, WHEN), resolution=1000)
    builder.add(0, b"lost+found", directory(0o700, mtime=WHEN))
    etc = builder.add(0, b"etc", directory(0o751, 7, 8, WHEN + 5 * SECOND))
    file = builder.add(etc, b"file", regular(BytesContent(b"text\n" * 9), 0o4711, 3, 4, WHEN))
    builder.link(0, b"hard link", file)
    builder.add(0, b"big", regular(BytesContent(bytes(range(256)) * 2000), 0o600, 1, 1, WHEN))
    builder.add(0, b"link", symlink(b"etc/\xe4 $x", 5, 6, WHEN))
    builder.add(0, b"'; -rf \n\xff", regular(BytesContent(b"odd name"), mtime=WHEN))
    acl = (AclEntry(1, 0, 6), AclEntry(2, 77, 5), AclEntry(4, 0, 4), AclEntry(0x10, 0, 7),
           AclEntry(0x20, 0, 4))  # fmt: skip
    builder.add(0, b"acl", Node(NodeType.FILE, 0o674, 0, 0, WHEN, WHEN, WHEN,
                                BytesContent(b"guarded"), acl=acl))  # fmt: skip
    builder.add(0, b"dev", Node(NodeType.CHAR, 0o620, 0, 7, WHEN, WHEN, WHEN,
                                device=Device(13, 2)))  # fmt: skip
    return builder


def numbered(text: bytes, ino: int, seconds: int) -> Node:
    return replace(regular(BytesContent(text), mtime=seconds * SECOND), ino=ino)


def dump_of(tree: FileTree, date: int = 1000, level: int = 0, base: bytes = b"") -> bytes:
    parts: list[bytes] = []
    before = read_dump(BytesSource(base)) if base else None
    options = DumpOptions(date, level, before.header.date if before else 0, b"/", b"/dev/x", b"ash")
    write_dump(tree, lambda data: parts.append(bytes(data)), options, base=before)
    return b"".join(parts)


class Machine:
    """Runs scripts; the files that they may want lie in /work."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.files: dict[str, str] = {}

    def put(self, name: str, data: bytes) -> None:
        path = self.where / f"in-{name}"
        path.write_bytes(data)
        self.files[name] = str(path)

    def run(self, script: str, *, size: int = 40 * CYLINDER, **more: object) -> Json:
        spec = {"dir": str(self.where), "script": LABEL.format(size=size) + script + END,
                "files": self.files, **more}  # fmt: skip
        return run_inside("storage_inside:script", spec, lambda _e: None, seconds=60)

    def restored(self) -> FileTree:
        disk = Disk(f"{SCSI}/sd@0,0", self.where / "disk0", SECTORS, HEADS, NSECT)
        volume = open_ufs(disk.window(0))
        assert volume.state.is_clean
        return volume.tree()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def differences(left: FileTree, right: FileTree) -> list[str]:
    ignore = frozenset({"nlink"})
    found = Comparison(left, right, ignore).differences()
    return [f"{d.path!r} {d.field} {d.left} {d.right}" for d in found]


def without_symbols(tree: FileTree) -> FileTree:
    builder = tree.edit()
    builder.unlink(0, b"restoresymtable")
    builder.replace(0, host_tree().node(0))
    return builder.build()


@pytest.mark.parametrize("how", ["cat /work/dump | ufsrestore rf -", "ufsrestore rf /work/dump",
                                 "ufsrestore rf - </work/dump"])  # fmt: skip
@pytest.mark.parametrize("release", ["2.6", "10"])
def test_a_dump_comes_back_whole(machine: Machine, how: str, release: str) -> None:
    tree = host_tree().build()
    machine.put("dump", dump_of(tree))
    done = machine.run(f"{how} 2>/tmp/err; echo exit $?; cat /tmp/err\n", release=release)
    assert done["lines"][-2:] == ["exit 0", "Warning: ./lost+found: File exists"]
    restored = machine.restored()
    symbols = restored.node_at(b"/restoresymtable")
    assert symbols is not None and symbols.mode == 0o600 and symbols.size > 0
    assert differences(tree, without_symbols(restored)) == []
    assert any("ufsrestore" in sentence for sentence in done["assumed"]) == (release != "10")


def test_increments_follow_their_dates(machine: Machine) -> None:
    first = host_tree()
    machine.put("0", level_0 := dump_of(first.build(), 1000))
    second = read_dump(BytesSource(level_0)).tree.edit()
    second.unlink(0, b"big")
    etc = second.find(b"/etc")
    assert etc is not None
    second.add(etc, b"new", numbered(b"new", 100, 1500))
    changed = second.build()
    machine.put("1", level_1 := dump_of(changed, 2000, 1, level_0))
    third = changed.edit()
    third.add(0, b"newest", numbered(b"newest", 101, 2500))
    last = third.build()
    machine.put("2", dump_of(last, 3000, 2, level_1))
    done = machine.run(
        "ufsrestore rf - </work/1; echo $?\n"
        "ufsrestore rf - </work/0 2>/dev/null; echo $?\n"
        "ufsrestore rf - </work/2; echo $?\n"
        "ufsrestore rf - </work/1; echo $?\n"
        "ufsrestore rf - </work/1; echo $?\n"
        "ufsrestore rf - </work/2; echo $?\n"
        "rm restoresymtable\n"
    )
    assert done["lines"] == [
        "open: No such file or directory",
        "cannot open symbol table file ./restoresymtable", "1",
        "0",
        "Incremental volume too low", "1",
        "0",
        "Incremental volume too high", "1",
        "0",
    ]  # fmt: skip
    restored = machine.restored().edit()
    restored.replace(0, host_tree().node(0))
    assert differences(last, restored.build()) == []


def test_a_dump_that_was_cut_off_ends_with_0(machine: Machine) -> None:
    """Only the messages tell; from a pipe the end is taken as the proper end."""
    dump = dump_of(host_tree().build())
    at = dump.index(bytes(range(256)) * 4)
    machine.put("dump", dump[: at + 2 * 1024 + 100])
    quiet = "(cat /work/dump | ufsrestore rf - >/tmp/o 2>/tmp/e; echo $? >/tmp/s) </dev/null\n"
    done = machine.run(f"{quiet}cat /tmp/s /tmp/e; rm restoresymtable\n", answers=["n\n"] * 20)
    lines = [line for line in done["lines"] if line != "n"]
    assert done["asked"] and lines[0] == "0"
    assert "partial block read: 100 should be 1024" in lines
    assert any(line.endswith("name: ./big") for line in lines)
    restored = machine.restored()
    assert restored.node_at(b"/etc") is not None
    assert restored.node_at(b"/big") is None or differences(host_tree().build(), restored)


def test_what_is_no_dump(machine: Machine) -> None:
    machine.put("dump", random.Random(1).randbytes(5000))
    done = machine.run(
        "ufsrestore rf - </work/dump; echo $?\n"
        "ufsrestore rf /work/none; echo $?\n"
        "ufsrestore qf -; echo $?\n"
        "ufsrestore rf - </dev/null; echo $?\n"
    )
    assert done["lines"] == [
        "Volume is not in dump format", "1",
        "/work/none: No such file or directory", "1",
        "Bad key character q", "1",
        "Volume is not in dump format", "1",
    ]  # fmt: skip


def _many(builder: TreeBuilder) -> None:
    for number in range(600):
        builder.add(0, b"f%d" % number, regular(BytesContent(b""), mtime=WHEN))


def _large(builder: TreeBuilder) -> None:
    builder.add(0, b"large", regular(BytesContent(b"x" * 3_000_000), mtime=WHEN))


@pytest.mark.parametrize(
    ("grow", "code", "said"),
    [
        (_large, "1", "write: No space left on device"),
        (_many, "0", "cannot create file: No space left on device"),
    ],
)
def test_no_room(
    machine: Machine, grow: Callable[[TreeBuilder], None], code: str, said: str
) -> None:
    builder = host_tree()
    grow(builder)
    machine.put("dump", dump_of(builder.build()))
    again = "cd /; umount /a; newfs -i 16384 /dev/rdsk/c0t0d0s0 2>/dev/null </dev/null\n"
    done = machine.run(
        f"{again}mount -F ufs /dev/dsk/c0t0d0s0 /a; cd /a\n"
        "ufsrestore rf - </work/dump 2>/tmp/e; echo $?; tail -1 /tmp/e\n",
        size=4 * CYLINDER,
    )
    assert done["lines"][0] == code
    assert done["lines"][1].endswith(said)


def test_work_files_need_room_in_tmp(machine: Machine) -> None:
    builder = host_tree()
    for number in range(1500):
        builder.add(0, b"directory %d" % number, directory(mtime=WHEN))
    machine.put("dump", dump_of(builder.build()))
    script = "ufsrestore rf - </work/dump 2>/tmp/e; echo $?; tail -1 /tmp/e; ls /tmp\n"
    done = machine.run(script, tmp=1 << 16)
    assert done["lines"][0] == "1"
    assert "No space left on device" in done["lines"][1]
    assert done["lines"][2:] == ["e", "f", "t"]
    with_tmpdir = f"TMPDIR=/work; export TMPDIR\n{script}"
    assert machine.run(with_tmpdir, tmp=1 << 16, release="9")["lines"][0] == "0"
    assert machine.run(with_tmpdir, tmp=1 << 16, release="8")["lines"][0] == "1"


def test_contents_are_listed(machine: Machine) -> None:
    machine.put("dump", dump_of(host_tree().build()))
    done = machine.run("ufsrestore tf - </work/dump; echo $?\n")
    assert done["lines"][0] == "         2\t."
    assert [line.partition("\t")[2] for line in done["lines"]].count("./etc/file") == 1
    assert done["lines"][-1] == "0"


def test_what_is_not_modelled(machine: Machine) -> None:
    for form in ("xf -", "if -", "r", "rTf x -"):
        done = machine.run(f"ufsrestore {form} </dev/null\n")
        assert "ufsrestore" in str(done.get("not_modelled"))
