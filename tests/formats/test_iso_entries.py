# SPDX-License-Identifier: Apache-2.0
"""The entries that the writer makes: as declared, and read back as what they say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mkboot.formats.iso import entries, structs
from mkboot.formats.iso.susp import Areas, read_system_use
from mkboot.tree.node import Device, Node, NodeType
from mkboot.tree.source import BytesSource

NONE = Areas(BytesSource(b""))
PARTS = st.binary(max_size=600).map(lambda b: b.replace(b"\0", b"x").replace(b"/", b"y"))
TARGETS = st.lists(st.sampled_from([b"", b".", b"..", b"a", b"q" * 248]) | PARTS, max_size=30).map(
    b"/".join
)


@settings(deadline=None)
@given(TARGETS.filter(bool))
def test_targets(target: bytes) -> None:
    made = entries.target(target)
    assert all(len(entry) <= 255 for entry in made)
    assert read_system_use(b"".join(made), NONE).target == target
    parsed = [structs.EntrySL.parse(entry) for entry in made]
    assert b"".join(structs.EntrySL.build(entry) for entry in parsed) == b"".join(made)
    assert [entry.flags for entry in parsed] == [1] * (len(made) - 1) + [0]
    for entry in parsed[:-1]:
        last = entry.components[-1]
        assert last.flags == structs.CONTINUES or last.length <= 1


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=255))
def test_names(name: bytes) -> None:
    made = entries.name(name)
    assert read_system_use(b"".join(made), NONE).name == name
    assert len(made) == (1 if len(name) <= 250 else 2)
    parsed = [structs.EntryNM.parse(entry) for entry in made]
    assert [entry.flags for entry in parsed] == [1] * (len(made) - 1) + [0]
    assert b"".join(entry.name for entry in parsed) == name


def test_no_name_has_no_entry() -> None:
    assert entries.name(b"") == []


def test_small_ones() -> None:
    device = structs.EntryPN.parse(entries.device(Device(24, 300)))
    assert (device.high.le, device.high.be, device.low.le, device.low.be) == (24, 24, 300, 300)
    assert entries.relocated() == b"RE\x04\x01"
    node = Node(NodeType.FIFO, 0, mtime=10**18, atime=2 * 10**18, ctime=3 * 10**18)
    times = structs.EntryTF.parse(entries.times(node))
    assert times.flags == structs.TF_MODIFY | structs.TF_ACCESS | structs.TF_ATTRIBUTES
    years = [structs.ShortDate.parse(times.stamps[at:]).year for at in (0, 7, 14)]
    assert years == [101, 133, 165]
