# SPDX-License-Identifier: Apache-2.0
"""Phase 5: cylinder groups."""

from __future__ import annotations

import struct
from collections.abc import Callable

from formats.fsck_plants.common import Planted
from formats.ufs_plant import CG, Plant


def _cg(group: int, name: str, value: int | Callable[[Plant], int], code: str = "") -> Planted:
    def how(p: Plant) -> str:
        p.set_cg(group, name, value(p) if callable(value) else value)
        return f"cylinder group {group}"

    shown = "changed" if callable(value) else str(value)
    return Planted(f"group {group} {name} {shown}", how, code or f"cg-{name}")


def _cg_add(group: int, name: str) -> Planted:
    def how(p: Plant) -> str:
        p.add_cg(group, name, 1)
        return f"cylinder group {group}"

    return Planted(f"group {group} {name} plus 1", how, f"cg-{name}")


def _summary(group: int, n: int, name: str) -> Planted:
    def how(p: Plant) -> str:
        at = p.byte(p.sb("csaddr")) + 16 * group + 4 * n
        p.put(at, p.get(at) + 1)
        return f"summary of cylinder group {group}"

    return Planted(f"summary of group {group}, {name}", how, f"summary-{name}")


def _summary_tail(p: Plant) -> str:
    p.data[p.byte(p.sb("csaddr")) + 16 * p.sb("ncg")] = 1
    return "summary"


def _used_inode_free(p: Plant) -> str:
    ino = p.ino("/plain")
    p.flip_inode(ino)
    return f"inode {ino}"


def _free_inode_used(p: Plant) -> str:
    p.flip_inode(p.free_inode())
    return f"inode {p.free_inode()}"


def _inode_1_free(p: Plant) -> str:
    p.flip_inode(1)
    return "inode 1"


def _used_block_free(p: Plant) -> str:
    fragment = p.ino_get(p.ino("/whole"), "db0") + 3
    p.flip_fragment(fragment)
    return p.block(fragment)


def _metadata_free(p: Plant) -> str:
    fragment = p.start(1) + p.sb("cblkno")
    p.flip_fragment(fragment)
    return p.block(fragment)


def _free_block_used(p: Plant) -> str:
    fragment = p.free_block(2)
    for n in range(8):
        p.flip_fragment(fragment + n)
    return p.block(fragment)


def _behind_the_end(p: Plant) -> str:
    p.flip_fragment(p.sb("size"))
    return p.block(p.sb("size"))


def _table_in_group(name: str, code: str, group: int, at: int) -> Planted:
    def how(p: Plant) -> str:
        size = struct.calcsize(code)
        where = p.cg(group) + p.get(p.cg(group) + CG[name]) + at * size
        p.put(where, p.get(where, code) + 1, code)
        return f"cylinder group {group}"

    return Planted(f"group {group} {name}[{at}]", how, "cg-btot" if code == "i" else "cg-b")


def _frsum(length: int) -> Planted:
    def how(p: Plant) -> str:
        at = p.cg(0) + CG["frsum"] + 4 * length
        p.put(at, p.get(at) + 1)
        return "cylinder group 0"

    return Planted(f"frsum[{length}]", how, "cg-frsum")


GROUPS = [
    _cg(1, "magic", 0),
    _cg(1, "cgx", 0),
    _cg(0, "niblk", 7),
    _cg(2, "ndblk", 100),
    _cg(1, "ncyl", 0),
    _cg(1, "ncyl", 17),
    _cg(1, "ncyl", 1),
    _cg(0, "rotor", -1),
    _cg(0, "rotor", lambda p: p.sb("fpg")),
    _cg(1, "frotor", 1 << 30),
    _cg(1, "irotor", lambda p: p.sb("ipg")),
    *(_cg(1, f"{name}off", 4) for name in ("btot", "b", "iused", "free", "nextfree")),
    *(_cg_add(1, name) for name in ("ndir", "nbfree", "nifree", "nffree")),
    *(_summary(1, n, name) for n, name in enumerate(("ndir", "nbfree", "nifree", "nffree"))),
    Planted("something behind the summary", _summary_tail, "summary-tail"),
    Planted("a used inode marked free", _used_inode_free, "map-inode"),
    Planted("a free inode marked used", _free_inode_used, "map-inode"),
    Planted("inode 1 marked free", _inode_1_free, "map-inode"),
    Planted("a used fragment marked free", _used_block_free, "map-block"),
    Planted("metadata marked free", _metadata_free, "map-block"),
    Planted("a free block marked used", _free_block_used, "map-block"),
    Planted("a fragment behind the end marked free", _behind_the_end, "map-block"),
    *(_frsum(n) for n in (1, 5)),
    _table_in_group("btotoff", "i", 1, 3),
    _table_in_group("boff", "h", 1, 17),
    _cg(0, "time", -5),
    _cg(0, "time", 0x7FFFFFFF),
    _cg(1, "time", 0),
]
