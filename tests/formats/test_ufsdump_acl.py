# SPDX-License-Identifier: Apache-2.0
"""ACLs and extended attributes in streams."""

from __future__ import annotations

import struct
from pathlib import Path

from conftest import needs
from formats.ufsdump_streams import (
    acl_of,
    headers_in,
    with_acls,
    with_attributes,
)
from formats.ufsdump_tools import assert_same, differences, dump_of, restore

from mkboot.formats.ufsdump import read_dump
from mkboot.formats.ufsdump.structs import declare_header
from mkboot.tree.source import BytesSource


def test_acls_are_written_and_read() -> None:
    tree = read_dump(BytesSource(dump_of(with_acls()))).tree
    assert differences(with_acls(), tree) == []
    assert tree.node_at(b"d90").acl == acl_of(90)
    assert tree.node_at(b"e empty").acl == acl_of(20)
    assert tree.node_at(b"g dir").default_acl == acl_of(60, True)


def test_acls_lie_where_ufsdump_puts_them() -> None:
    headers = {}
    for record in headers_in(dump_of(with_acls())):
        header = declare_header("big").parse(record)
        headers.setdefault(header.c_inumber, []).append(header)
    of = {n.ino: n for n in read_dump(BytesSource(dump_of(with_acls()))).tree.nodes}
    for ino, node in of.items():
        kinds = [(h.c_type, int.from_bytes(h.c_dinode[:2], "big") >> 12) for h in headers[ino]]
        kinds = [kind for kind in kinds if kind[0] in (2, 4)]
        flagged = [h.c_flags & 16 for h in headers[ino] if h.c_type in (2, 4)]
        size = sum(8 + 12 * len(acl) for acl in (node.acl, node.default_acl) if acl)
        assert any(flagged) == (0 < size <= 196)
        assert (kinds[-1] == (4, 0o13)) == (size > 196)
    short = next(h for h in headers[3] if h.c_type == 2)
    area = declare_header("big").build(short)[692:888]
    assert area[:8] == struct.pack(">II", 1, 68)
    assert area[8:20] == struct.pack(">HHHHI", 1, 0, 7, 0, 0)
    assert area[20:32] == struct.pack(">HHHHI", 2, 0, 5, 0, 1000)
    assert area[68:] == bytes(128)


@needs("restore")
def test_short_acls_do_not_disturb_restore(tmp_path: Path) -> None:
    b = with_acls().edit()
    for name in (b"c16", b"d90", b"e empty", b"g dir"):
        b.unlink(0, name)
    tree = b.build()
    assert assert_same(tree, restore(dump_of(tree), tmp_path)) == 6


def test_attributes_are_written_and_read() -> None:
    stream = dump_of(with_attributes())
    tree = read_dump(BytesSource(stream)).tree
    assert differences(with_attributes(), tree) == []
    file = tree.node_at(b"file")
    assert [a.name for a in file.attributes] == [b"SUNWattr", b"second"]
    assert file.attributes[1].node.acl == acl_of(5)
    assert dump_of(tree) == stream
    modes = {}
    for record in headers_in(stream):
        header = declare_header("big").parse(record)
        modes[header.c_inumber] = int.from_bytes(header.c_dinode[:2], "big")
    assert sorted(m for m in modes.values() if m >> 12 == 0o16) == [0o160711, 0o160750]
