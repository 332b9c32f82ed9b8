# SPDX-License-Identifier: Apache-2.0
"""Faults as they are typed, and what they do to a disc and to a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkboot.errors import CallerError, InputError
from mkboot.formats.iso import lay_out_iso, read_iso
from mkboot.rehearsal.faults import Fault, FaultKind, parse_fault, spoil, without_command
from mkboot.rehearsal.hardware import DeviceError, Disc
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory, regular

SEGMENT = b"/mkboot/seg/c0t0d0s0.0.002"


def disc(path: Path, *names: bytes) -> Disc:
    to = TreeBuilder(directory(), resolution=1_000_000_000)
    folder = to.make_directories(b"mkboot/seg", directory())
    for name in names:
        to.add(folder, name, regular(BytesContent(bytes(range(256)) * 40)))
    with path.open("wb"):
        pass
    lay_out_iso(to.build(), volume_id="X", time=0).write(path)
    return Disc(path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("flip=2", Fault(FaultKind.FLIP, 2)),
        ("power-cut=restore-c0t0d0s5-0", Fault(FaultKind.POWER_CUT, 0, "restore-c0t0d0s5-0")),
        ("no-command=cksum", Fault(FaultKind.NO_COMMAND, 0, "cksum")),
        ("renumber-controllers", Fault(FaultKind.RENUMBER)),
    ],
)
def test_faults_are_read_and_written_alike(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault
    assert str(fault) == text


@pytest.mark.parametrize(
    "text",
    ["", "flop=1", "flip", "flip=", "flip=0", "flip=two", "flip=99999", "power-cut=",
     "no-command=a/b", "renumber-controllers=1", "wrong-disc=-1"],
)  # fmt: skip
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(CallerError):
        parse_fault(text)


def test_a_flip_turns_one_bit_of_the_last_segment(tmp_path: Path) -> None:
    whole = disc(tmp_path / "d", b"c0t0d0s0.0.001", b"c0t0d0s0.0.002")
    spoilt = disc(tmp_path / "e", b"c0t0d0s0.0.001", b"c0t0d0s0.0.002")
    assert spoil(spoilt, Fault(FaultKind.FLIP, 2)).startswith(SEGMENT.decode())
    before, after = read_iso(whole.source).tree, read_iso(spoilt.source).tree
    one = before.node_at(SEGMENT), after.node_at(SEGMENT)
    assert one[0] is not None
    assert one[1] is not None
    pair = zip(one[0].content.read(0, 10240), one[1].content.read(0, 10240), strict=True)
    assert [a ^ b for a, b in pair if a != b] == [1]
    other = after.node_at(b"/mkboot/seg/c0t0d0s0.0.001")
    assert other is not None
    assert other.content.read(0, 10240) == bytes(range(256)) * 40
    assert (tmp_path / "e").read_bytes() == (tmp_path / "d").read_bytes()


def test_a_bad_sector_cannot_be_read(tmp_path: Path) -> None:
    spoilt = disc(tmp_path / "d", b"c0t0d0s0.0.002")
    spoil(spoilt, Fault(FaultKind.BAD_SECTOR, 1))
    node = read_iso(spoilt.source).tree.node_at(SEGMENT)
    assert node is not None
    with pytest.raises(DeviceError, match="I/O error"):
        node.content.read(0, 10240)
    assert len(node.content.read(0, 4096)) == 4096


def test_a_disc_without_segments_cannot_be_spoilt(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no segment"):
        spoil(disc(tmp_path / "d"), Fault(FaultKind.FLIP, 1))


def test_a_missing_command_is_gone_from_where_commands_are_only() -> None:
    to = TreeBuilder(directory(), resolution=1000)
    for path in (b"usr/bin", b"usr/sbin", b"home"):
        folder = to.make_directories(path, directory())
        to.add(folder, b"cksum", regular(BytesContent(b"x")))
        to.add(folder, b"sum", regular(BytesContent(b"x")))
    left = {e.path for e in without_command(to.build(), "cksum").walk()}
    assert {b"/home/cksum", b"/usr/bin/sum", b"/usr/sbin/sum", b"/home/sum"} <= left
    assert not {b"/usr/bin/cksum", b"/usr/sbin/cksum"} & left
