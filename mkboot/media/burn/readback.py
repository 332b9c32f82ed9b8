# SPDX-License-Identifier: Apache-2.0
"""A written disc against its image, byte for byte to the image's end.

What is behind the image (run-out, a drive that tells too large a size) does not count; a
drive that tells too small a size is read on.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from mkboot.model.sizes import BLOCK
from mkboot.tree.source import ByteSource

What = Literal["different", "unreadable", "missing", "not-read"]

#: How much is compared at once, in bytes.
_CHUNK = 64 * BLOCK
#: After so many blocks that cannot be read (each takes seconds) the disc is given up.
MOST_UNREADABLE = 64
#: How many intervals are named one by one.
MOST_NAMED = 1000
_READ_ERRORS = frozenset({errno.EIO, errno.ENODATA, errno.EILSEQ, errno.EREMOTEIO, errno.ENOMEDIUM})


@dataclass(frozen=True, slots=True)
class Bad:
    """Bytes ``start`` up to ``end`` of the image are not on the disc, and why."""

    start: int
    end: int
    what: What

    def __str__(self) -> str:
        first, last = self.start // BLOCK, (self.end - 1) // BLOCK
        blocks = f"block {first}" if first == last else f"blocks {first} to {last}"
        return f"bytes {self.start} to {self.end - 1} ({blocks}): {_SAID[self.what]}"


_SAID: dict[What, str] = {
    "different": "not what was written",
    "unreadable": "cannot be read",
    "missing": "the disc ends before",
    "not-read": "not looked at, since too much before cannot be read",
}


@dataclass(frozen=True, slots=True)
class ReadBack:
    """``same`` bytes of the image's ``size`` are on the disc; ``bad`` names the others.

    ``sha256`` is the image's.  ``unnamed`` counts bad intervals beyond the first thousand.
    ``told`` is the size that the drive tells.
    """

    size: int
    same: int
    sha256: str
    bad: tuple[Bad, ...]
    unnamed: int
    told: int

    @property
    def sound(self) -> bool:
        """Whether every byte was read and is right."""
        return self.same == self.size and not self.bad


class Disc(Protocol):
    """What can be read back; reading raises ``OSError`` where it cannot."""

    @property
    def size(self) -> int:
        """What the drive tells, in bytes."""

    def pread(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes; none at the end."""


def compare_disc(image: ByteSource, disc: Disc, advance: Callable[[int], object]) -> ReadBack:
    """Read the whole disc and compare; ``advance`` hears of the bytes that are done."""
    return _Comparison(image, disc, advance).run()


class _Comparison:
    """One read-back under way."""

    def __init__(self, image: ByteSource, disc: Disc, advance: Callable[[int], object]) -> None:
        self._image, self._disc, self._advance = image, disc, advance
        self._bad: list[Bad] = []
        self._unnamed = self._lost = self._unreadable = 0

    def run(self) -> ReadBack:
        image = self._image
        digest = hashlib.sha256()
        given_up: What | None = None
        for offset in range(0, image.size, _CHUNK):
            wanted = image.pread(offset, _CHUNK)
            digest.update(wanted)
            if given_up is None:
                given_up = self._chunk(offset, wanted)
            else:
                self._note(Bad(offset, offset + len(wanted), given_up))
            self._advance(len(wanted))
        return ReadBack(
            image.size,
            image.size - self._lost,
            digest.hexdigest(),
            tuple(self._bad),
            self._unnamed,
            self._disc.size,
        )

    def _chunk(self, offset: int, wanted: bytes) -> What | None:
        """Compare a piece; what the rest is called, if nothing more need be read."""
        length = -(-len(wanted) // BLOCK) * BLOCK
        try:
            got = self._disc.pread(offset, length)
        except OSError as e:
            _raise_others(e)
            got = b""
        if got[: len(wanted)] == wanted:
            return None
        for at in range(0, len(wanted), BLOCK):
            piece = wanted[at : at + BLOCK]
            if got[at : at + len(piece)] == piece:
                continue
            ends = self._block(offset + at, piece)
            if ends is not None:
                if at + BLOCK < len(wanted):
                    self._note(Bad(offset + at + BLOCK, offset + len(wanted), ends))
                return ends
        return None

    def _block(self, offset: int, wanted: bytes) -> What | None:
        """One block, read alone: what it is noted as, if it is bad."""
        end = offset + len(wanted)
        try:
            got = self._disc.pread(offset, BLOCK)
        except OSError as e:
            _raise_others(e)
            self._note(Bad(offset, end, "unreadable"))
            self._unreadable += 1
            return "not-read" if self._unreadable >= MOST_UNREADABLE else None
        if not got:
            self._note(Bad(offset, end, "missing"))
            return "missing"
        if got[: len(wanted)] != wanted:
            short = len(got) < len(wanted) and wanted.startswith(got)
            at = offset + len(got) if short else offset
            self._note(Bad(at, end, "missing" if short else "different"))
        return None

    def _note(self, bad: Bad) -> None:
        self._lost += bad.end - bad.start
        last = self._bad[-1] if self._bad else None
        if last and last.end == bad.start and last.what == bad.what:
            self._bad[-1] = Bad(last.start, bad.end, bad.what)
        elif len(self._bad) < MOST_NAMED:
            self._bad.append(bad)
        else:
            self._unnamed += 1


def _raise_others(error: OSError) -> None:
    if error.errno not in _READ_ERRORS:
        raise error


def lines_of(found: ReadBack, most: int = 10) -> Iterator[str]:
    """The bad intervals for people, the first ``most`` of them."""
    yield from (str(bad) for bad in found.bad[:most])
    more = len(found.bad) - most + found.unnamed
    if more > 0:
        yield f"and {more} more; {found.size - found.same} bytes in all"
