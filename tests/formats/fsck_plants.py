# SPDX-License-Identifier: Apache-2.0
"""Faults to plant: (name, how, the code that must be found); how returns the place.

Every rule that fsck has, and what it overlooks; all by offset, with ``ufs_plant``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from formats.ufs_plant import CG, SUPERBLOCK, Plant

ROOT = 2


class Planted(NamedTuple):
    """One fault."""

    name: str
    how: Callable[[Plant], str]
    code: str


def _sb(name: str, value: int | Callable[[int], int], code: str = "") -> Planted:
    """A word of the superblock and all its copies."""

    def how(p: Plant) -> str:
        p.set_sb(name, value(p.sb(name)) if callable(value) else value)
        return "superblock"

    shown = value.__name__ if callable(value) else str(value)
    return Planted(f"sb {name} {shown}", how, code or f"sb-{name}")


def _plus(delta: int) -> Callable[[int], int]:
    def change(old: int) -> int:
        return old + delta

    change.__name__ = f"{delta:+d}"
    return change


SUPERBLOCKS = [
    _sb("version", 3),
    _sb("version", 1),
    _sb("ncg", 0),
    _sb("ncg", _plus(1)),
    _sb("cpg", 0),
    _sb("ncyl", 10_000),
    _sb("ncyl", 1),
    _sb("ncyl", _plus(-1)),
    _sb("sbsize", 8193),
    _sb("sbsize", _plus(1024)),
    _sb("ndir", 0),
    _sb("ndir", 1 << 20),
    _sb("nrpos", 0),
    _sb("cpc", -1),
    _sb("cpc", _plus(1)),
    _sb("postbloff", 8000),
    _sb("rotbloff", _plus(4)),
    _sb("cssize", _plus(1024)),
    _sb("inopb", 32),
    _sb("bsize", 16384),
    _sb("frag", 4, "sb-bsize"),
    _sb("fsize", 2048, "sb-bsize"),
    _sb("dsize", 1 << 24),
    _sb("dsize", _plus(-1)),
    _sb("ipg", 0),
    _sb("ipg", 8192 * 3),
    _sb("cgsize", 9216),
    _sb("cgsize", _plus(-512)),
    _sb("optim", 2),
    _sb("minfree", 100),
    _sb("minfree", -1),
    _sb("postblformat", 0),
    _sb("time", _plus(1), "sb-state"),
    _sb("reclaim", 1),
    _sb("bmask", -4096),
    _sb("fmask", -512),
    _sb("bshift", 12),
    _sb("fshift", 11),
    _sb("fragshift", 2),
    _sb("fsbtodb", 2),
    _sb("csmask", -256),
    _sb("csshift", 8),
    _sb("qbmask", 4095),
    _sb("qfmask", 511),
    _sb("npsect", 62),
    _sb("nindir", 1024),
    _sb("nspf", 1),
    _sb("spc", _plus(1)),
    _sb("spc", _plus(-4), "sb-fpg"),
    _sb("cgoffset", _plus(8)),
    _sb("cgmask", -2),
    _sb("sblkno", _plus(8)),
    _sb("cblkno", _plus(8)),
    _sb("iblkno", _plus(-8)),
    _sb("dblkno", _plus(8)),
    _sb("csaddr", _plus(8)),
    _sb("ntrak", 0),
    _sb("nsect", 80, "sb-cgoffset"),
    _sb("state", _plus(1)),
    _sb("nbfree", _plus(1), "total-nbfree"),
    _sb("nifree", _plus(1), "total-nifree"),
    _sb("nffree", _plus(1), "total-nffree"),
    _sb("ndir", _plus(1), "total-ndir"),
]


def _clean(value: int) -> Planted:
    def how(p: Plant) -> str:
        for at in p.superblocks():
            p.data[at + 209] = value
        return "superblock"

    return Planted(f"clean byte 0x{value:02x}", how, "sb-clean")


def _copy(group: int, at: int) -> Planted:
    def how(p: Plant) -> str:
        number = group % p.sb("ncg")
        p.data[p.superblocks()[1 + number] + at] ^= 0x10
        return f"superblock copy in cylinder group {number}"

    return Planted(f"byte {at} of copy {group}", how, "sb-copy")


def _primary(p: Plant) -> str:
    p.data[SUPERBLOCK + 1372] ^= 1
    return "superblock"


def _unrolled(p: Plant) -> str:
    for at in p.superblocks():
        p.data[at + 209] = 0xFD
        p.put(at + 4, 2)
    return "superblock"


def _largefile_flag(p: Plant) -> str:
    p.data[SUPERBLOCK + 211] |= 1
    return "superblock"


def _large_file(p: Plant) -> str:
    p.ino_set(p.ino("/big"), size=3 << 30)
    return "superblock"


def _table(at: str, delta: int) -> Callable[[Plant], str]:
    def how(p: Plant) -> str:
        for where in p.superblocks():
            p.data[where + p.sb(at) + delta] ^= 1
        return "superblock"

    return how


STATES = [
    *(_clean(value) for value in (0, 3, 0xFC, 0xFD, 0xFE, 0xFF)),
    _copy(-1, 144),
    _copy(-1, 1200),
    _copy(-1, 1376),
    _copy(-1, 860),
    _copy(0, 184),
    _copy(1, 1372),
    _copy(1, 36),
    Planted("magic of the primary only", _primary, "sb-magic"),
    Planted("a log that was not rolled", _unrolled, "sb-log-unrolled"),
    Planted("largefiles without one", _largefile_flag, "sb-largefiles"),
    Planted("a large file without the flag", _large_file, "sb-largefiles"),
    Planted("table of positions", _table("postbloff", 5), "sb-postbl"),
    Planted("table of distances", _table("rotbloff", 3), "sb-rotbl"),
]


def _ino(path: str, **values: int) -> Callable[[Plant], str]:
    """Set words of a path's inode."""
    return lambda p: p.ino_set(p.ino(path), **values)


def _add(path: str, name: str, delta: int) -> Callable[[Plant], str]:
    def how(p: Plant) -> str:
        ino = p.ino(path)
        return p.ino_set(ino, **{name: p.ino_get(ino, name) + delta})

    return how


def _free(**values: int) -> Callable[[Plant], str]:
    return lambda p: p.ino_set(p.free_inode(), **values)


def _point(path: str, name: str, to: Callable[[Plant], int]) -> Callable[[Plant], str]:
    return lambda p: p.ino_set(p.ino(path), **{name: to(p)})


def _indirect(path: str, index: int, to: Callable[[Plant], int]) -> Callable[[Plant], str]:
    """Set a number in the first indirect block of a file."""

    def how(p: Plant) -> str:
        ino = p.ino(path)
        p.put(p.byte(p.ino_get(ino, "ib0")) + 4 * index, to(p))
        return f"inode {ino}"

    return how


def _past_everything(p: Plant) -> int:
    return p.sb("size")


def _in_group_2(p: Plant) -> int:
    return p.start(2) + p.sb("cblkno")


def _twice(path: str, name: str, other: str, theirs: str) -> Callable[[Plant], str]:
    def how(p: Plant) -> str:
        fragment = p.ino_get(p.ino(other), theirs)
        p.ino_set(p.ino(path), **{name: fragment})
        return p.block(fragment)

    return how


def _twice_in_indirect(p: Plant) -> str:
    ino = p.ino("/big")
    at = p.byte(p.ino_get(ino, "ib0"))
    p.put(at + 4, p.get(at))
    return p.block(p.get(at))


def _inline_link(p: Plant) -> str:
    ino = p.ino("/link")
    at = p.inode(ino)
    p.data[at + 40 : at + 100] = b"target/of/it".ljust(60, b"\0")
    return p.ino_set(ino, blocks=0)


def _device_word(p: Plant) -> str:
    return p.ino_set(p.ino("/char"), **{"db1" if p.big else "db0": 7})


def _hole(p: Plant) -> str:
    ino = p.ino("/large")
    return p.ino_set(ino, db1=0, blocks=p.ino_get(ino, "blocks") - 16)


def _share_attributes(p: Plant) -> str:
    p.ino_set(p.ino("/noted2"), oeft=p.ino_get(p.ino("/noted"), "oeft"))
    return f"inode {max(p.ino('/noted'), p.ino('/noted2'))}"


def _on_hidden(which: str, **values: int) -> Callable[[Plant], str]:
    """Set words of the shadow inode or attribute directory of a file."""
    path, word = {"shadow": ("/one", "shadow"), "attributes": ("/noted", "oeft")}[which]
    return lambda p: p.ino_set(p.ino_get(p.ino(path), word), **values)


BLOCKS = [
    Planted("a free inode with a size", _free(size=5), "inode-partly-free"),
    Planted("a free inode with a block", _free(db7=500), "inode-partly-free"),
    Planted("a free inode with an indirect block", _free(ib2=500), "inode-partly-free"),
    Planted("type 3", _ino("/plain", mode=0o030644), "inode-type"),
    Planted("type 15", _ino("/plain", mode=0o170644), "inode-type"),
    Planted("inode 1 in use", lambda p: p.ino_set(1, mode=0o100644), "inode-reserved"),
    Planted("a size that cannot be", _ino("/plain", size=1 << 60), "inode-size"),
    Planted("a size below zero", _ino("/plain", size=(1 << 64) - 1), "inode-size"),
    Planted("a block past the end", _point("/plain", "db3", lambda p: p.free_block(1)),
            "block-past-end"),
    Planted("an indirect block past the end", _point("/plain", "ib0", lambda p: p.free_block(1)),
            "block-past-end"),
    Planted("a triple one past the end", _point("/big", "ib2", lambda p: p.free_block(1)),
            "block-past-end"),
    Planted("past the end in an indirect block",
            _indirect("/big", 100, lambda p: p.free_block(1)), "block-past-end"),
    Planted("a block in the boot area", _ino("/whole", db1=8), "block-metadata"),
    Planted("a block in a group's header", _point("/whole", "db0", _in_group_2),
            "block-metadata"),
    Planted("a block in the summary",
            _point("/whole", "db0", lambda p: p.sb("csaddr")), "block-metadata"),
    Planted("a block below zero", _ino("/whole", db1=-8), "block-range"),
    Planted("a block behind the end", _point("/whole", "db2", _past_everything), "block-range"),
    Planted("an indirect block out of range", _point("/big", "ib0", _past_everything),
            "block-range"),
    Planted("out of range in an indirect block", _indirect("/big", 3, _past_everything),
            "block-range"),
    Planted("metadata in an indirect block", _indirect("/big", 3, _in_group_2),
            "block-metadata"),
    Planted("two files with one block", _twice("/whole", "db1", "/big", "db1"),
            "block-duplicate"),
    Planted("one file with one block twice", _twice("/whole", "db1", "/whole", "db0"),
            "block-duplicate"),
    Planted("two files with one fragment", _twice("/plain2", "db0", "/plain", "db0"),
            "block-duplicate"),
    Planted("an indirect block that is data too", _twice("/whole", "db0", "/big", "ib0"),
            "block-duplicate"),
    Planted("two files with one indirect block", _twice("/double", "ib1", "/big", "ib0"),
            "block-duplicate"),
    Planted("twice in an indirect block", _twice_in_indirect, "block-duplicate"),
    Planted("too many sectors", _add("/big", "blocks", 2), "inode-blocks"),
    Planted("too few sectors", _add("/plain", "blocks", -2), "inode-blocks"),
    Planted("sectors of an empty file", _ino("/empty", blocks=2), "inode-blocks"),
    Planted("fragments over a block's edge",
            _point("/blocks", "db2", lambda p: p.free_block(1) + 6), "block-unaligned"),
    Planted("a whole block that is not aligned",
            _point("/whole", "db0", lambda p: p.free_block(1) + 1), "block-unaligned"),
    Planted("a partial block in the middle",
            _point("/blocks", "db1", lambda p: p.free_block(1) + 5), "block-unaligned"),
    Planted("not aligned in an indirect block",
            _indirect("/big", 3, lambda p: p.free_block(1) + 3), "block-unaligned"),
    Planted("an empty directory", _ino("/a/b/c", size=0), "dir-empty"),
    Planted("a directory with a hole", _hole, "dir-hole"),
    Planted("a device with a size", _ino("/char", size=1), "device-size"),
    Planted("a device with blocks", _ino("/char", db5=900), "device-pointer"),
    Planted("a device's word in the other place", _device_word, "device-pointer"),
    Planted("a device with an indirect block", _ino("/char", ib0=900), "device-pointer"),
    Planted("a device with sectors", _ino("/char", blocks=2), "inode-blocks"),
    Planted("a link in its inode", _inline_link, "symlink-in-inode"),
    Planted("an empty link", _ino("/link", size=0), "symlink-size"),
    Planted("a link that is too long", _ino("/link", size=1025), "symlink-size"),
    Planted("a shadow out of range", _ino("/one", shadow=1 << 30), "shadow-range"),
    Planted("a shadow that is inode 1", _ino("/one", shadow=1), "shadow-range"),
    Planted("a shadow that is a file",
            _point("/one", "shadow", lambda p: p.ino("/plain")), "shadow-type"),
    Planted("a shadow that is free",
            _point("/one", "shadow", lambda p: p.free_inode()), "shadow-type"),
    Planted("a link with a shadow",
            _point("/link", "shadow", lambda p: p.ino_get(p.ino("/one"), "shadow")),
            "shadow-not-allowed"),
    Planted("a socket with a shadow",
            _point("/socket", "shadow", lambda p: p.ino_get(p.ino("/one"), "shadow")),
            "shadow-not-allowed"),
    Planted("a shadow with a shadow", _on_hidden("shadow", shadow=5), "shadow-not-allowed"),
    Planted("attributes out of range", _ino("/noted", oeft=1 << 30), "attributes-range"),
    Planted("attributes that are a directory",
            _point("/noted", "oeft", lambda p: p.ino("/a")), "attributes-type"),
    Planted("attributes of two files", _share_attributes, "attributes-shared"),
    Planted("attributes of attributes", _on_hidden("attributes", oeft=5),
            "attributes-not-allowed"),
]  # fmt: skip


def _in_directory(path: str, change: Callable[[Plant, int], None]) -> Callable[[Plant], str]:
    """Change a directory's bytes, from its beginning."""

    def how(p: Plant) -> str:
        ino = p.ino(path)
        change(p, p.first(ino))
        return f"inode {ino}"

    return how


def _in_entry(path: str, change: Callable[[Plant, int], None]) -> Callable[[Plant], str]:
    """Change the entry of a path; the place is the directory."""

    def how(p: Plant) -> str:
        at, place = p.entry_of(path)
        change(p, at)
        return place

    return how


def _bytes(at: int, data: bytes) -> Callable[[Plant, int], None]:
    def change(p: Plant, where: int) -> None:
        p.data[where + at : where + at + len(data)] = data

    return change


def _half(at: int, value: int) -> Callable[[Plant, int], None]:
    return lambda p, where: p.put(where + at, value, "H")


def _word(at: int, value: int) -> Callable[[Plant, int], None]:
    return lambda p, where: p.put(where + at, value, "I")


def _swap_dots(p: Plant, where: int) -> None:
    _bytes(8, b"..")(p, where)
    _half(6, 2)(p, where)
    _bytes(20, b".\0")(p, where)
    _half(18, 1)(p, where)


def _same_name(p: Plant, where: int) -> None:
    p.data[where + 8 : where + 11] = b"001"


def _hidden_entry(word: str, owner: str) -> Callable[[Plant, int], None]:
    return lambda p, where: p.put(where, p.ino_get(p.ino(owner), word), "I")


def _second_dot(p: Plant) -> str:
    at, place = p.entry_of("/a/b/hard")
    p.put(at, p.ino("/a/b"), "I")
    p.put(at + 6, 1, "H")
    p.data[at + 8 : at + 12] = b".\0\0\0"
    return place


def _flag(of: Callable[[Plant], int], value: int) -> Callable[[Plant], str]:
    return lambda p: p.ino_set(of(p), flags=value)


def _attributes_of(path: str) -> Callable[[Plant], int]:
    return lambda p: p.ino_get(p.ino(path), "oeft")


def _icon(p: Plant) -> int:
    return p.get(p.entry(_attributes_of("/noted")(p), b"icon"), "I")


def _entry_to(path: str, other: Callable[[Plant], int]) -> Callable[[Plant, int], None]:
    del path
    return lambda p, where: p.put(where, other(p), "I")


def _attribute_dotdot(p: Plant) -> str:
    ino = _attributes_of("/noted")(p)
    p.put(p.first(ino) + 12, p.ino("/plain"), "I")
    return f"inode {ino}"


NAMES = [
    Planted("the root free", lambda p: p.ino_set(ROOT, mode=0), "root-missing"),
    Planted("the root a file", lambda p: p.ino_set(ROOT, mode=0o100755), "root-missing"),
    Planted("'.' wrong", _in_directory("/a/b", _word(0, ROOT)), "dot-wrong"),
    Planted("no '.'", _in_directory("/a/b", _bytes(8, b"x")), "dot-missing"),
    Planted("'.' not in use", _in_directory("/a/b", _word(0, 0)), "dot-missing"),
    Planted("'..' wrong", _in_directory("/a/b", _word(12, ROOT)), "dotdot-wrong"),
    Planted("'..' of the root", lambda p: _in_directory("/", _word(12, p.ino("/a")))(p),
            "dotdot-wrong"),
    Planted("'..' of attributes", _attribute_dotdot, "dotdot-wrong"),
    Planted("no '..'", _in_directory("/a/b", _bytes(20, b"xy")), "dotdot-missing"),
    Planted("'..' before '.'", _in_directory("/a/b", _swap_dots), "dot-misplaced"),
    Planted("'..' not the second", _in_directory("/a/b", _swap_dots), "dotdot-misplaced"),
    Planted("'.' once more", _second_dot, "dot-extra"),
    Planted("a size of no whole chunks", _ino("/a/b", size=600), "dir-size"),
    Planted("an entry of no bytes", _in_entry("/a/b", _half(4, 0)), "dir-entry"),
    Planted("an entry of 7 bytes", _in_entry("/a/b", _half(4, 7)), "dir-entry"),
    Planted("an entry out of step", _in_entry("/a/b", _half(4, 491)), "dir-entry"),
    Planted("an entry over the chunk's edge", _in_entry("/a/b", _half(4, 516)), "dir-entry"),
    Planted("an entry that leaves a rest", _in_entry("/a/b", _half(4, 484)), "dir-entry"),
    Planted("an entry too short for its name",
            _in_entry("/large/001" + "x" * 197, _half(4, 200)), "dir-name-length"),
    Planted("a name of no bytes", _in_entry("/a/b", _half(6, 0)), "dir-name-length"),
    Planted("a name of 256 bytes", _in_entry("/a/b", _half(6, 256)), "dir-name-length"),
    Planted("a type byte", _in_entry("/a/b", _half(6, 0x0401)), "dir-name-length"),
    Planted("a name longer than it says",
            _in_entry("/large/001" + "x" * 197, _half(6, 5)), "dir-name-length"),
    Planted("a name shorter than it says", _in_entry("/a/b/hard", _half(6, 5)),
            "dir-name-length"),
    Planted("a NUL in a name", _in_entry("/a/b/hard", _bytes(10, b"\0")), "dir-name-length"),
    Planted("a slash in a name", _in_entry("/a/b/hard", _bytes(10, b"/")), "dir-name"),
    Planted("a chunk of zeros", _in_directory("/large", _bytes(512, bytes(512))), "dir-zeros"),
    Planted("an inode out of range", _in_entry("/plain", _word(0, 1 << 30)), "entry-range"),
    Planted("a name for inode 1", _in_entry("/plain", _word(0, 1)), "entry-range"),
    Planted("a name for a free inode",
            _in_entry("/plain", _entry_to("", lambda p: p.free_inode())), "entry-unallocated"),
    Planted("a file that is free", lambda p: (p.ino_set(p.ino("/plain"), mode=0), "inode 2")[1],
            "entry-unallocated"),
    Planted("a name that comes twice", _in_entry("/large/000" + "x" * 197, _same_name),
            "name-twice"),
    Planted("a name for a shadow", _in_entry("/plain", _hidden_entry("shadow", "/one")),
            "entry-shadow"),
    Planted("a name for attributes", _in_entry("/plain", _hidden_entry("oeft", "/noted")),
            "entry-attributes"),
    Planted("attributes not flagged", _flag(_attributes_of("/noted"), 0), "ixattr-missing"),
    Planted("a file in them not flagged", _flag(_icon, 0), "ixattr-missing"),
    Planted("a file flagged", _ino("/plain", flags=1), "ixattr-stray"),
    Planted("the owner flagged", _ino("/noted", flags=1), "ixattr-stray"),
    Planted("a shadow flagged", _on_hidden("shadow", flags=1), "ixattr-stray"),
]  # fmt: skip


def _nameless(path: str) -> Callable[[Plant], str]:
    """Take the name of a path away."""

    def how(p: Plant) -> str:
        ino = p.ino(path)
        p.put(p.entry_of(path)[0], 0, "I")
        return f"inode {ino}"

    return how


def _circle(p: Plant) -> str:
    one, two, three = p.ino("/a"), p.ino("/a/b"), p.ino("/a/b/c")
    p.put(p.entry(two, b"c"), one, "I")
    p.put(p.entry(ROOT, b"a"), three, "I")
    return f"inode {min(one, two)}"


def _second_name(p: Plant) -> str:
    ino = p.ino("/a/b/c")
    p.put(p.entry(ROOT, b"plain2"), ino, "I")
    return f"inode {ino}"


def _root_named(p: Plant) -> str:
    p.put(p.entry(ROOT, b"plain2"), ROOT, "I")
    return f"inode {ROOT}"


def _unowned(p: Plant) -> str:
    hidden = p.ino_get(p.ino("/noted"), "oeft")
    p.ino_set(p.ino("/noted"), oeft=0)
    return f"inode {hidden}"


CONNECTIONS = [
    Planted("a directory without a name", _nameless("/a/b"), "dir-unconnected"),
    Planted("directories in a circle", _circle, "dir-loop"),
    Planted("a directory with two names", _second_name, "dir-two-names"),
    Planted("a name for the root", _root_named, "dir-two-names"),
    Planted("attributes of nobody", _unowned, "attributes-unreferenced"),
]


def _acl(at: int, value: int, code: str = "I", path: str = "/one") -> Callable[[Plant], str]:
    """Change a word of a file's ACL; records begin with 8 bytes, entries have 12."""

    def how(p: Plant) -> str:
        shadow = p.ino_get(p.ino(path), "shadow")
        p.put(p.first(shadow) + at, value, code)
        return f"inode {shadow}"

    return how


def _tag(entry: int, tag: int, path: str = "/one", record: int = 0) -> Callable[[Plant], str]:
    return _acl(68 * record + 8 + 12 * entry, tag, "H", path)


def _no_entry(p: Plant) -> str:
    shadow = p.ino_get(p.ino("/one"), "shadow")
    p.data[p.first(shadow) : p.first(shadow) + 16] = struct.pack(p.mark + "4I", 1, 8, 1, 60)
    return f"inode {shadow}"


def _default_on_file(p: Plant) -> str:
    return p.ino_set(p.ino("/plain"), shadow=p.ino_get(p.ino("/dir"), "shadow"))


ACLS = [
    Planted("a record of 8 bytes", _no_entry, "acl-record"),
    Planted("a record of 0 bytes", _acl(4, 0), "acl-record"),
    Planted("a record of 67 bytes", _acl(4, 67), "acl-record"),
    Planted("a record that is too long", _acl(4, 80), "acl-record"),
    Planted("a record of no whole entries", _acl(4, 64), "acl-record"),
    Planted("half a record", _on_hidden("shadow", size=72), "acl-record"),
    Planted("a record of type 3", _acl(0, 3), "acl-type"),
    Planted("an unknown tag", _tag(1, 0x40), "acl-tag"),
    Planted("an unknown default tag", _tag(1, 0x1040), "acl-tag"),
    Planted("no user", _tag(0, 0x02), "acl-objects"),
    Planted("two groups", _tag(4, 0x04), "acl-objects"),
    Planted("no others", _tag(4, 0x08), "acl-objects"),
    Planted("permissions of 8", _acl(8 + 4, 8, "H"), "acl-permissions"),
    Planted("no class", _tag(3, 0x02), "acl-class"),
    Planted("two classes", _tag(1, 0x10), "acl-class"),
    Planted("no default class", _tag(3, 0x1002, "/dir", 1), "acl-class"),
    Planted("no default user", _tag(0, 0x1002, "/dir", 1), "acl-default-objects"),
    Planted("plain tags in a default record", _tag(0, 0x01, "/dir", 1), "acl-objects"),
    Planted("a default ACL on a file", _default_on_file, "acl-default-on-file"),
    Planted("an ACL of no bytes", _on_hidden("shadow", size=0), "acl-size"),
]


def _unused_shadow(p: Plant) -> str:
    shadow = p.ino_get(p.ino("/dir"), "shadow")
    p.ino_set(p.ino("/dir"), shadow=0)
    return f"inode {shadow}"


LINKS = [
    Planted("a file with a link too many", _add("/plain", "nlink", 1), "link-count"),
    Planted("a file with two names and one link", _add("/big", "nlink", -1), "link-count"),
    Planted("a directory with a link too many", _add("/a", "nlink", 1), "link-count"),
    Planted("the root with a link too few", _add("/", "nlink", -1), "link-count"),
    Planted("links below zero", _ino("/plain", nlink=-1), "link-count"),
    Planted("a shadow with a link too many", _on_hidden("shadow", nlink=9), "link-count"),
    Planted("attributes with 3 links", _on_hidden("attributes", nlink=3), "link-count"),
    Planted("a file without a name", _nameless("/plain"), "file-unreferenced"),
    Planted("a device without a name", _nameless("/char"), "file-unreferenced"),
    Planted("a shadow that nobody has", _unused_shadow, "shadow-unreferenced"),
]


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

PLANTS = [*SUPERBLOCKS, *STATES, *BLOCKS, *NAMES, *CONNECTIONS, *ACLS, *LINKS, *GROUPS]
