# SPDX-License-Identifier: Apache-2.0
"""The sound images that are spoiled, and how an input says what is done to one.

An input of a fuzzer is a program of small changes: it reaches the bytes that matter, and
half a kilobyte of it is enough.  The images lie in ``tests/cases/fuzz/base`` as ``NAME.xz``
beside ``NAME.json``, which tells their regions of structures as offset and length.
"""

from __future__ import annotations

import json
import lzma
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fuzz.mend import mend_dump, mend_label, mend_tar

CASES = Path(__file__).parents[1] / "tests" / "cases" / "fuzz"
FOLDER = CASES / "base"
#: Programs longer than this add nothing.
LONGEST = 2048
_WORDS = (
    0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 20, 1 << 28,
)  # fmt: skip
_WIDE = (1 << 31, 1 << 40, 1 << 60, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_MENDERS: Mapping[str, Callable[[bytearray], None]] = {
    "dump": mend_dump,
    "label": mend_label,
    "tar": mend_tar,
}


@dataclass(frozen=True, slots=True)
class Base:
    """A sound image and where its structures lie."""

    name: str
    data: bytes
    regions: tuple[tuple[int, int], ...]


@cache
def load_base(name: str) -> Base:
    """One of the images by its name."""
    regions = json.loads((FOLDER / f"{name}.json").read_text())
    data = lzma.decompress((FOLDER / f"{name}.xz").read_bytes())
    return Base(name, data, tuple((at, length) for at, length in regions))


class _Program:
    """The bytes of an input, taken from the front; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data[:LONGEST]
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        piece = self._data[self._at : self._at + count]
        self._at += count
        return piece.ljust(count, b"\0")

    def number(self, size: int) -> int:
        """The next number of ``size`` bytes."""
        return int.from_bytes(self.take(size), "big")

    def is_done(self) -> bool:
        """Whether all bytes are used up."""
        return self._at >= len(self._data)


def spoil(base: Base, program: bytes) -> bytes:
    """What ``program`` makes of an image; an empty one leaves it as it is."""
    steps = _Program(program)
    data = bytearray(base.data)
    mend = steps.number(1) % 4 != 3
    while not steps.is_done():
        _step(base, data, steps)
    if mend and base.name in _MENDERS:
        _MENDERS[base.name](data)
    return bytes(data)


def _step(base: Base, data: bytearray, steps: _Program) -> None:
    what = steps.number(1)
    offset, length = base.regions[steps.number(2) % len(base.regions)]
    at = offset + steps.number(2) % length
    if what < 60:
        piece = steps.take(1)
    elif what < 120:
        piece = struct.pack("<I" if what & 1 else ">I", _WORDS[steps.number(1) % len(_WORDS)])
        at &= ~1 if what & 2 else ~3
    elif what < 140:
        piece = struct.pack("<Q" if what & 1 else ">Q", _WIDE[steps.number(1) % len(_WIDE)])
        at &= ~3
    elif what < 200:
        piece = steps.take(1 + steps.number(1) % 32)
    elif what < 240:
        other, size = base.regions[steps.number(2) % len(base.regions)]
        start = other + (steps.number(2) % size if what & 1 else 0)
        piece = base.data[start : start + min(size, 1 + steps.number(2))]
    elif what < 250:
        piece = bytes(1 << (steps.number(1) % 12))
    else:
        del data[at:]
        return
    data[at : at + len(piece)] = piece[: max(0, len(data) - at)]
