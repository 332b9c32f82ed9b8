# SPDX-License-Identifier: Apache-2.0
"""Phases 2 and 3: names and what hangs on what."""

from __future__ import annotations

from collections.abc import Callable

from formats.fsck_plants.common import ROOT, Planted, ino, nameless, on_hidden
from formats.ufs_plant import Plant


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


def _out_of_step(p: Plant, where: int) -> None:
    """The entry of 488 bytes becomes two, not aligned, that fill the chunk all the same."""
    _half(4, 470)(p, where)
    _half(474, 18)(p, where)


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
    Planted("a size of no whole chunks", ino("/a/b", size=600), "dir-size"),
    Planted("an entry of no bytes", _in_entry("/a/b", _half(4, 0)), "dir-entry"),
    Planted("an entry of 7 bytes", _in_entry("/a/b", _half(4, 7)), "dir-entry"),
    Planted("an entry out of step", _in_entry("/a/b", _half(4, 491)), "dir-entry"),
    Planted("two entries out of step", _in_entry("/a/b", _out_of_step), "dir-entry"),
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
    Planted("a file flagged", ino("/plain", flags=1), "ixattr-stray"),
    Planted("the owner flagged", ino("/noted", flags=1), "ixattr-stray"),
    Planted("a shadow flagged", on_hidden("shadow", flags=1), "ixattr-stray"),
]  # fmt: skip


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
    Planted("a directory without a name", nameless("/a/b"), "dir-unconnected"),
    Planted("directories in a circle", _circle, "dir-loop"),
    Planted("a directory with two names", _second_name, "dir-two-names"),
    Planted("a name for the root", _root_named, "dir-two-names"),
    Planted("attributes of nobody", _unowned, "attributes-unreferenced"),
]
