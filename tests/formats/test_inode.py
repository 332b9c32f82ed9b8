# SPDX-License-Identifier: Apache-2.0
"""The inode: quick decoder, numpy dtype and packer against the declaration; ids, devices, ACLs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.formats.acl import ACL_RECORD, build_acl, parse_acl
from mkboot.formats.inode import (
    DINODE_STRUCT,
    ByteOrder,
    decode_device,
    dinode_dtype,
    dinode_from_node,
    encode_device,
    mode_of,
    node_from_dinode,
    owner_of,
    pack_dinode,
    size_of,
)
from mkboot.tree.node import AclEntry, Device, Node, NodeType

orders = st.sampled_from(("big", "little"))
u16, u32 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
i32 = st.integers(-(2**31), 2**31 - 1)
#: Times a UFS inode can hold, in nanoseconds.
times = st.integers(-(2**31) * 10**6, 2**31 * 10**6 - 1).map(lambda us: us * 1000)


@given(st.binary(min_size=128, max_size=128), orders)
def test_numpy_equals_the_declaration(raw: bytes, order: ByteOrder) -> None:
    parsed = DINODE_STRUCT[order].parse(raw)
    row = np.frombuffer(raw, dinode_dtype(order))[0]
    names = [c.name for c in DINODE_STRUCT[order].subcons]
    assert list(dinode_dtype(order).names or ()) == names
    for name in names:
        assert np.asarray(row[name]).tolist() == parsed[name], name


@given(st.binary(min_size=128, max_size=128), orders)
def test_quick_decoder_equals_the_declaration(raw: bytes, order: ByteOrder) -> None:
    parsed = DINODE_STRUCT[order].parse(raw)
    assert (mode_of(raw, order), size_of(raw, order)) == (parsed.mode, parsed.size)
    owner = (
        parsed.uid if parsed.suid == 65535 else parsed.suid,
        parsed.gid if parsed.sgid == 65535 else parsed.sgid,
    )
    assert owner_of(raw, order) == owner
    try:
        node = node_from_dinode(raw, order, 7)
    except InputError:
        assert parsed.mode >> 12 not in (1, 2, 4, 6, 8, 10, 12)
        return
    assert (node.mode, (node.uid, node.gid)) == (parsed.mode & 0o7777, owner)
    assert (node.ino, node.dinode) == (7, raw)
    for name in ("atime", "mtime", "ctime"):
        usec = parsed[name + "_usec"]
        wanted = parsed[name] * 10**9 + (usec * 1000 if 0 <= usec < 10**6 else 0)
        assert getattr(node, name) == wanted


@given(
    orders, u16, st.integers(-(2**15), 2**15 - 1), u32, u32, st.integers(0, 2**64 - 1),
    st.tuples(times, times, times), st.lists(i32, max_size=12), st.lists(i32, max_size=3),
    st.tuples(u32, i32, u32, u32, u32),
)  # fmt: skip
def test_packing_equals_the_declaration(
    order: ByteOrder, mode: int, nlink: int, uid: int, gid: int, size: int,
    when: tuple[int, int, int], db: list[int], ib: list[int], rest: tuple[int, ...],
) -> None:  # fmt: skip
    flags, blocks, gen, shadow, oeftflag = rest
    packed = pack_dinode(
        order, mode=mode, nlink=nlink, uid=uid, gid=gid, size=size, times=when, db=db, ib=ib,
        flags=flags, blocks=blocks, gen=gen, shadow=shadow, oeftflag=oeftflag,
    )  # fmt: skip
    built = DINODE_STRUCT[order].build(
        {
            "mode": mode,
            "nlink": nlink,
            "suid": min(uid, 65535),
            "sgid": min(gid, 65535),
            "size": size,
            **{n: t // 10**9 for n, t in zip(("atime", "mtime", "ctime"), when, strict=True)},
            **{
                n + "_usec": t % 10**9 // 1000
                for n, t in zip(("atime", "mtime", "ctime"), when, strict=True)
            },
            "db": db + [0] * (12 - len(db)),
            "ib": ib + [0] * (3 - len(ib)),
            "flags": flags,
            "blocks": blocks,
            "gen": gen,
            "shadow": shadow,
            "uid": uid,
            "gid": gid,
            "oeftflag": oeftflag,
        }
    )  # fmt: skip
    assert packed == built


@given(
    st.sampled_from(sorted(NodeType)), st.integers(0, 0o7777), u32, u32, times, times, times,
    st.integers(0, 0x3FFF), st.integers(0, 0x3FFFF), orders,
)  # fmt: skip
def test_node_to_dinode_and_back(
    kind: NodeType, mode: int, uid: int, gid: int, a: int, m: int, c: int,
    major: int, minor: int, order: ByteOrder,
) -> None:  # fmt: skip
    special = kind in (NodeType.CHAR, NodeType.BLOCK)
    device = Device(major, minor) if special else None
    node = Node(kind, mode, uid, gid, m, a, c, device=device)
    try:
        raw = dinode_from_node(node, byte_order=order, nlink=3, size=9, gen=5)
    except InputError:
        word = major << 18 | minor
        assert special and word >> 16 in (0, 0xFFFF)
        return
    back = node_from_dinode(raw, order, 0)
    assert dataclasses.replace(back, dinode=b"") == node
    parsed = DINODE_STRUCT[order].parse(raw)
    assert (parsed.nlink, parsed.size, parsed.gen, parsed.uid, parsed.gid) == (3, 9, 5, uid, gid)
    # The other word of the two must stay empty, fsck looks at it.
    assert parsed.db[1 if order == "big" else 0] == 0 and not any(parsed.db[2:])


@pytest.mark.parametrize(
    ("word", "device"),
    [
        (0x0D02, (13, 2)), (0x2007, (32, 7)), (0xFFFF0D02, (13, 2)), (0xFFFF, (255, 255)),
        (300 << 18 | 70000, (300, 70000)), (118 << 18 | 64, (118, 64)), (1 << 18, (1, 0)),
    ],
)  # fmt: skip
def test_device_words(word: int, device: tuple[int, int]) -> None:
    big = bytes(40) + word.to_bytes(4, "big") + bytes(84)
    little = bytes(44) + word.to_bytes(4, "little") + bytes(80)
    assert decode_device(big, "big") == decode_device(little, "little") == device


@pytest.mark.parametrize(
    ("device", "word"),
    [((13, 2), 0x0D02), ((255, 255), 0xFFFF), ((256, 0), 256 << 18), ((32, 256), 32 << 18 | 256)],
)
def test_device_words_written(device: tuple[int, int], word: int) -> None:
    assert encode_device(Device(*device)) == word


@pytest.mark.parametrize("device", [(1 << 14, 0), (1, 1 << 18), (0, 256), (0x3FFF, 0x30000)])
def test_devices_that_no_word_can_hold(device: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="does not fit"):
        encode_device(Device(*device))


def test_what_does_not_fit_is_refused() -> None:
    late = Node(NodeType.FILE, 0o644, mtime=2**31 * 10**9)
    for node, nlink in ((late, 1), (Node(NodeType.FILE, 0o644), 40000)):
        with pytest.raises(InputError, match="does not fit"):
            dinode_from_node(node, byte_order="big", nlink=nlink, size=0)


def test_keep_takes_the_blocks_of_the_old_inode() -> None:
    old = pack_dinode(
        "big", mode=0o100600, nlink=1, uid=1, gid=1, size=1, times=(0, 0, 0), db=range(1, 13),
        ib=(13, 14, 15), flags=2, blocks=16, gen=99, shadow=4, oeftflag=6,
    )  # fmt: skip
    node = node_from_dinode(old, "big", 8)
    kept = DINODE_STRUCT["big"].parse(
        dinode_from_node(dataclasses.replace(node, uid=70000), byte_order="big", nlink=2, size=5,
                         keep=True)
    )  # fmt: skip
    assert (kept.db, kept.ib) == (list(range(1, 13)), [13, 14, 15])
    assert (kept.flags, kept.blocks, kept.gen, kept.shadow, kept.oeftflag) == (2, 16, 99, 4, 6)
    assert (kept.nlink, kept.size, kept.suid, kept.uid) == (2, 5, 65535, 70000)
    plain = DINODE_STRUCT["big"].parse(dinode_from_node(node, byte_order="big", nlink=1, size=5))
    assert not any(plain.db) and plain.gen == 0


acls = st.lists(st.builds(AclEntry, u16, u32, u16), max_size=40).map(tuple)


@given(acls, acls, orders)
@example((), (), "big")
def test_acl_records(
    acl: tuple[AclEntry, ...], default: tuple[AclEntry, ...], order: ByteOrder
) -> None:
    data = build_acl(acl, default, order)
    assert parse_acl(data, order) == (acl, default)
    declared = b"".join(
        ACL_RECORD[order].build(
            {"type": kind, "length": 8 + 12 * len(entries),
             "entries": [entry._asdict() for entry in entries]}
        )
        for kind, entries in ((1, acl), (2, default))
        if entries
    )  # fmt: skip
    assert data == declared


def test_free_and_unknown_acl_records_are_passed_over() -> None:
    access = build_acl([AclEntry(1, 0, 6)], [], "big")
    free = b"\0\0\0\0" + (24).to_bytes(4, "big") + b"x" * 16
    unknown = b"\0\0\0\5" + (8).to_bytes(4, "big")
    assert parse_acl(free + unknown + access, "big") == ((AclEntry(1, 0, 6),), ())


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\1",  # half a header
        b"\0\0\0\1\0\0\0\0",  # no length
        b"\0\0\0\1\0\0\0\x20" + bytes(12),  # longer than there is
        b"\0\0\0\1\0\0\0\x0a" + bytes(2),  # not whole words
        b"\0\0\0\1\0\0\0\x10" + bytes(8),  # not whole entries
        build_acl([AclEntry(1, 0, 6)], [], "big") * 2,  # two of a kind
    ],
)
def test_broken_acl_records(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_acl(data, "big", ("inode 5",))
    assert caught.value.place == ("inode 5",)
