# SPDX-License-Identifier: Apache-2.0
"""A disc against its image: what is bad is named, and nothing bad passes."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.media.burn.readback import MOST_NAMED, MOST_UNREADABLE, Bad, compare_disc, lines_of
from mkboot.tree.source import BytesSource

BLOCK = 2048


def blocks(count: int, odd: int = 0) -> bytes:
    """Blocks that all differ, and ``odd`` bytes more."""
    whole = b"".join(n.to_bytes(8, "big") * 256 for n in range(1, count + 1))
    return whole + b"x" * odd


class Disc:
    """What a drive gives: some blocks not at all, others late."""

    def __init__(self, data: bytes, unreadable: Collection[int] = (), told: int = -1) -> None:
        self._data, self._unreadable = data, unreadable
        self.size = len(data) if told < 0 else told
        self.reads = 0

    def pread(self, offset: int, length: int) -> bytes:
        self.reads += 1
        wanted = range(offset // BLOCK, -(-(offset + length) // BLOCK))
        if any(n in self._unreadable for n in wanted):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self._data[offset : offset + length]


def test_the_same() -> None:
    data = blocks(300, 100)
    done: list[int] = []
    found = compare_disc(BytesSource(data), Disc(data + bytes(9000)), done.append)
    assert found.sound
    assert (found.same, found.bad) == (len(data), ())
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert sum(done) == len(data)


def test_a_drive_that_tells_too_little_or_too_much_is_read_all_the_same() -> None:
    data = blocks(200)
    for told in (0, 100 * BLOCK, 10**9):
        assert compare_disc(BytesSource(data), Disc(data, told=told), len_of).sound


def len_of(count: int) -> None:
    assert count > 0


@given(st.sets(st.integers(0, 199)), st.sets(st.integers(0, 199)), st.integers(0, 2000))
def test_exactly_what_is_bad_is_named(changed: set[int], lost: set[int], odd: int) -> None:
    data = blocks(200, odd)
    disc = bytearray(data)
    for n in changed:
        disc[n * BLOCK + n] ^= 1
    found = compare_disc(BytesSource(data), Disc(bytes(disc), sorted(lost)[:50]), len_of)
    wanted = dict.fromkeys(changed, "different") | dict.fromkeys(sorted(lost)[:50], "unreadable")
    named = {
        n: bad.what for bad in found.bad for n in range(bad.start // BLOCK, -(-bad.end // BLOCK))
    }
    assert named == wanted
    assert found.same == len(data) - len(wanted) * BLOCK
    assert found.sound is not bool(wanted)
    ends = [(a.end, a.what) for a in found.bad]
    assert all((b.start, b.what) not in ends for b in found.bad), "neighbours are one interval"


@pytest.mark.parametrize("cut", [0, 1, BLOCK, 70 * BLOCK, 70 * BLOCK + 5, 199 * BLOCK + 2047])
def test_a_disc_that_ends_before(cut: int) -> None:
    data = blocks(200)
    found = compare_disc(BytesSource(data), Disc(data[:cut]), len_of)
    assert found.bad == (Bad(cut, len(data), "missing"),)
    assert not found.sound


def test_a_disc_that_cannot_be_read_is_given_up() -> None:
    data = blocks(20_000)
    disc = Disc(data, range(100, 20_000))
    found = compare_disc(BytesSource(data), disc, len_of)
    end = (100 + MOST_UNREADABLE) * BLOCK
    assert found.bad == (Bad(100 * BLOCK, end, "unreadable"), Bad(end, len(data), "not-read"))
    assert disc.reads < 300


def test_not_more_is_named_than_anybody_reads() -> None:
    data = blocks(3 * MOST_NAMED)
    disc = bytearray(data)
    for n in range(0, 3 * MOST_NAMED, 2):
        disc[n * BLOCK] ^= 1
    found = compare_disc(BytesSource(data), Disc(bytes(disc)), len_of)
    assert len(found.bad) == MOST_NAMED
    assert found.unnamed == MOST_NAMED // 2
    lines = list(lines_of(found))
    assert lines[0] == "bytes 0 to 2047 (block 0): not what was written"
    assert lines[-1].startswith(f"and {MOST_NAMED * 3 // 2 - 10} more; ")


def test_other_errors_are_not_the_discs() -> None:
    class Gone(Disc):
        def pread(self, offset: int, length: int) -> bytes:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    with pytest.raises(OSError, match="Bad file descriptor"):
        compare_disc(BytesSource(blocks(1)), Gone(b""), len_of)
