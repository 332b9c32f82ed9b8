# SPDX-License-Identifier: Apache-2.0
"""ISO 9660 images written by hand, a record at a time, to be as bad as they can be."""

from __future__ import annotations

import struct
from collections.abc import Callable

SECTOR = 2048
_FIRST = 20


def both(value: int) -> bytes:
    """A number of 32 bits in both byte orders (ECMA-119 7.3.3)."""
    return struct.pack("<I", value & 0xFFFFFFFF) + struct.pack(">I", value & 0xFFFFFFFF)


def record(name: bytes, block: int, size: int, *, folder: bool = False, susp: bytes = b"") -> bytes:
    """A directory record (ECMA-119 9.1)."""
    pad = b"\0" if len(name) % 2 == 0 else b""
    body = (
        b"\0" + both(block) + both(size) + bytes((100, 1, 1, 0, 0, 0, 0))
        + bytes((2 if folder else 0, 0, 0)) + struct.pack("<H", 1) + struct.pack(">H", 1)
        + bytes((len(name),)) + name + pad + susp
    )  # fmt: skip
    whole = bytes((len(body) + 1,)) + body
    return whole + b"\0" if len(whole) % 2 else whole


def directory(*records: bytes, block: int, parent: int, susp: bytes = b"") -> bytes:
    """One sector of records, its own and its parent's first."""
    dots = record(b"\0", block, SECTOR, folder=True, susp=susp) + record(
        b"\1", parent, SECTOR, folder=True
    )
    return (dots + b"".join(records)).ljust(SECTOR, b"\0")[:SECTOR]


def image(*sectors: bytes, root: int = _FIRST, size: int = SECTOR, blocks: int = 0) -> bytes:
    """A volume whose sectors from 20 on are given."""
    pvd = bytearray(SECTOR)
    pvd[:7] = b"\1CD001\1"
    pvd[8:72] = b" " * 64
    pvd[80:88] = both(blocks or _FIRST + len(sectors))
    pvd[120:128] = b"\1\0\0\1" * 2
    pvd[128:132] = struct.pack("<H", SECTOR) + struct.pack(">H", SECTOR)
    pvd[156:190] = record(b"\0", root, size, folder=True)
    pvd[881] = 1
    end = b"\xffCD001\1".ljust(SECTOR, b"\0")
    return bytes(16 * SECTOR) + bytes(pvd) + end + bytes(2 * SECTOR) + b"".join(sectors)


def sp() -> bytes:
    """SUSP's first entry, which says that there are others, and Rock Ridge's ER."""
    name = b"RRIP_1991A"
    return b"SP\7\1\xbe\xef\0" + b"ER" + bytes((8 + len(name), 1, len(name), 0, 0, 1)) + name


def ce(block: int, offset: int, length: int) -> bytes:
    return b"CE\x1c\1" + both(block) + both(offset) + both(length)


def nm(name: bytes) -> bytes:
    return b"NM" + bytes((5 + len(name), 1, 0)) + name


def px(mode: int) -> bytes:
    return b"PX\x24\1" + both(mode) + both(1) + both(0) + both(0)


def cl(block: int) -> bytes:
    return b"CL\x0c\1" + both(block)


def root_in_itself() -> bytes:
    again = record(b"AGAIN", _FIRST, SECTOR, folder=True)
    return image(directory(again, block=_FIRST, parent=_FIRST))


def two_in_each_other() -> bytes:
    one = directory(record(b"B", 21, SECTOR, folder=True), block=20, parent=20)
    two = directory(
        record(b"A", 22, SECTOR, folder=True), record(b"UP", 20, SECTOR, folder=True),
        block=21, parent=20,
    )  # fmt: skip
    three = directory(record(b"B", 21, SECTOR, folder=True), block=22, parent=21)
    return image(one, two, three)


def bomb() -> bytes:
    """Twelve levels, in each forty names of the next: 40^12 paths in 12 sectors."""
    levels = [
        directory(
            *[record(b"D%02d" % n, _FIRST + level + 1, SECTOR, folder=True) for n in range(40)],
            block=_FIRST + level,
            parent=_FIRST + max(level - 1, 0),
        )
        for level in range(11)
    ]
    return image(*levels, directory(block=31, parent=30))


def deep(levels: int) -> bytes:
    """A chain of directories."""
    return image(*[
        directory(
            record(b"D", _FIRST + n + 1, SECTOR, folder=True) if n + 1 < levels else b"",
            block=_FIRST + n, parent=_FIRST + max(n - 1, 0),
        )
        for n in range(levels)
    ])  # fmt: skip


def ce_in_itself() -> bytes:
    circle = record(b"F", 21, 10, susp=px(0o100644) + ce(21, 0, 64))
    area = (nm(b"x") + ce(21, 0, 64)).ljust(SECTOR, b"\0")
    return image(directory(circle, block=20, parent=20, susp=sp()), area)


def ce_of_everything() -> bytes:
    """A continuation of 2^32 bytes, one outside, one that begins in the middle."""
    records = [
        record(b"A", 21, 10, susp=ce(21, 0, 0xFFFFFFFF)),
        record(b"B", 21, 10, susp=ce(0xFFFFFFFF, 0, 64)),
        record(b"C", 21, 10, susp=ce(21, 0xFFFFFFF0, 64)),
    ]
    return image(directory(*records, block=20, parent=20, susp=sp()), bytes(SECTOR))


def moved_to_itself() -> bytes:
    records = [
        record(b"A", 21, SECTOR, susp=px(0o40755) + cl(20)),
        record(b"B", 21, SECTOR, susp=px(0o40755) + cl(21)),
        record(b"C", 21, SECTOR, susp=px(0o40755) + cl(0xFFFFFFFF)),
        record(b"D", 21, SECTOR, folder=True, susp=px(0o40755) + b"RE\4\1"),
    ]
    inner = record(b"E", 21, SECTOR, susp=px(0o40755) + cl(21))
    return image(
        directory(*records, block=20, parent=20, susp=sp()), directory(inner, block=21, parent=20)
    )


def name_without_end() -> bytes:
    """A name that goes on in entry after entry, 200 KB of them."""
    piece = b"NM\xff\1\1" + b"n" * 250
    areas = bytearray()
    count = 100
    for n in range(count):
        areas += (piece * 7 + ce(22 + n, 0, 1900)).ljust(SECTOR, b"\0")
    first = record(b"F", 21, 10, susp=ce(21, 0, 1900))
    sectors = [bytes(areas[n * SECTOR : (n + 1) * SECTOR]) for n in range(count)]
    return image(directory(first, block=20, parent=20, susp=sp()), *sectors)


def same_names() -> bytes:
    records = [record(b"SAME.;1", 21, 10) for _ in range(40)]
    return image(directory(*records, block=20, parent=20), bytes(SECTOR))


def bad_names() -> bytes:
    names = [b"..", b".", b"a/b", b"nul\0", b"/", b"../../x"]
    records = [
        record(b"N%d" % n, 21, 10, susp=px(0o100644) + nm(name)) for n, name in enumerate(names)
    ]
    return image(directory(*records, block=20, parent=20, susp=sp()), bytes(SECTOR))


def records_of_no_length() -> bytes:
    sector = bytearray(directory(record(b"A", 21, 10), block=20, parent=20))
    sector[68] = 1
    return image(bytes(sector), bytes(SECTOR))


def symlink_without_end() -> bytes:
    """Components in pieces, each of which says that it goes on."""
    sl = b"SL" + bytes((255, 1, 1)) + (b"\1" + bytes((48,)) + b"t" * 48) * 5
    target = record(b"L", 21, 0, susp=px(0o120777) + ce(21, 0, 1785))
    area = (sl * 7).ljust(SECTOR, b"\0")
    return image(directory(target, block=20, parent=20, susp=sp()), area)


ISOS: dict[str, Callable[[], bytes]] = {
    "the root in itself": root_in_itself,
    "two in each other": two_in_each_other,
    "a bomb": bomb,
    "three hundred levels": lambda: deep(300),
    "fifteen hundred levels": lambda: deep(1500),
    "a continuation in itself": ce_in_itself,
    "continuations of everything": ce_of_everything,
    "moved to itself": moved_to_itself,
    "a name without end": name_without_end,
    "a link without end": symlink_without_end,
    "same names": same_names,
    "bad names": bad_names,
    "records of no length": records_of_no_length,
    "a root of 4 GiB": lambda: image(directory(block=20, parent=20), size=0xFFFFFFFF),
    "a root far outside": lambda: image(directory(block=20, parent=20), root=0xFFFFFFFF),
    "a root in the descriptor": lambda: image(directory(block=16, parent=16), root=16),
    "a file of 4 GiB": lambda: image(
        directory(record(b"F", 21, 0xFFFFFFFF), block=20, parent=20), bytes(SECTOR)
    ),
    "a volume of 8 TiB": lambda: image(directory(block=20, parent=20), blocks=0xFFFFFFFF),
}
