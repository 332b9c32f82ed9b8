# SPDX-License-Identifier: Apache-2.0
"""The four checksums that are kept of everything: POSIX cksum, SysV sum, MD5, SHA-256.

A Sun has ``cksum`` and ``sum`` but, before Solaris 10, neither ``md5sum`` nor SHA-256;
the workstation has all of them.  One pass over the bytes makes all four, the two slow
ones in threads of their own (hashlib lets go of the interpreter's lock).
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from crcmod import predefined
from fastcrc import crc32

from mkboot.errors import BugError, InputError
from mkboot.model.values import Checksums
from mkboot.tree.content import CHUNK
from mkboot.tree.source import ByteSource

CrcFunction = Callable[[bytes | bytearray | memoryview, int], int]

#: The CRC of no bytes at all, to be given to ``posix_cksum`` for the first ones.
CRC_START = 0xFFFFFFFF
#: What POSIX' cksum polynomial gives for ``123456789``, without the length, and its value.
CHECK_TEXT, CHECK_VALUE = b"123456789", 0x765E7680
#: Bytes that are added up in one column, see ``byte_total``.
_ROWS = 256
#: Small updates are gathered until a thread is worth waking, in bytes.
BATCH = 1 << 18
#: How many chunks may wait for a thread.
BACKLOG = 8


def reference_crc() -> CrcFunction:
    """The CRC as crcmod declares it: the definition, right but slow."""
    made: CrcFunction = predefined.mkCrcFun("posix")
    if made(CHECK_TEXT, CRC_START) != CHECK_VALUE:
        raise BugError("crcmod computes POSIX' CRC wrongly")
    return made


@functools.cache
def crc_function() -> CrcFunction:
    """The fast CRC if it agrees with the definition on whole and on split data, else crcmod's."""
    reference = reference_crc()
    fast: CrcFunction = crc32.cksum
    probe = bytes(range(256)) * 5
    for cut in (0, 1, 7, 600, len(probe)):
        whole = reference(probe, CRC_START)
        if fast(probe[cut:], fast(probe[:cut], CRC_START)) != whole:
            return reference
    return fast


def posix_cksum(data: bytes | bytearray | memoryview, crc: int = CRC_START) -> int:
    """The running CRC after ``data``; ``crc`` is the one before it.

    ``close_cksum`` makes the value that cksum(1) prints of it.
    """
    return crc_function()(data, crc)


def close_cksum(crc: int, size: int) -> int:
    """What cksum(1) prints for ``size`` bytes with the running CRC ``crc``.

    POSIX appends the length, low byte first, without leading zero bytes.
    """
    return posix_cksum(size.to_bytes((size.bit_length() + 7) // 8, "little"), crc)


def byte_total(data: bytes | bytearray | memoryview) -> int:
    """The plain sum of the bytes."""
    values = np.frombuffer(data, dtype=np.uint8)
    whole = len(values) - len(values) % _ROWS
    # Sums of 256 bytes fit 16 bits, and numpy adds those six times as fast as 64.
    columns = values[:whole].reshape(_ROWS, -1).sum(axis=0, dtype=np.uint16)
    return int(columns.sum(dtype=np.uint64)) + int(values[whole:].sum(dtype=np.uint64))


def sysv_sum(total: int) -> int:
    """What ``sum -s`` prints for bytes that add up to ``total``: 32 bits folded twice to 16."""
    total &= 0xFFFFFFFF
    once = (total & 0xFFFF) + (total >> 16)
    return (once & 0xFFFF) + (once >> 16)


class _Worker:
    """Feeds one hashlib digest, in a thread of its own or at once."""

    def __init__(self, name: str, threads: bool) -> None:
        self._hash = hashlib.new(name, usedforsecurity=False)
        self._pool = ThreadPoolExecutor(1, f"mkboot-{name}") if threads else None
        self._waiting: deque[Future[None]] = deque()

    def update(self, data: bytes | memoryview) -> None:
        if self._pool is None:
            self._hash.update(data)
            return
        self._waiting.append(self._pool.submit(self._hash.update, data))
        if len(self._waiting) > BACKLOG:
            self._waiting.popleft().result()

    def finish(self) -> str:
        while self._waiting:
            self._waiting.popleft().result()
        if self._pool is not None:
            self._pool.shutdown()
        return self._hash.hexdigest()


class StreamDigest:
    """All four checksums of bytes that come in pieces of any size.

    With ``threads`` MD5 and SHA-256 are computed beside the caller; at most a few MiB
    wait.
    """

    def __init__(self, *, threads: bool = True) -> None:
        self._workers = (_Worker("md5", threads), _Worker("sha256", threads))
        self._pending = bytearray()
        self._crc = CRC_START
        self._total = 0
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def update(self, data: bytes | bytearray | memoryview, *, lasting: bool = False) -> None:
        """Take the next bytes of the stream.

        They may be changed afterwards, unless ``lasting`` promises that nobody does, which
        saves a copy.
        """
        view = memoryview(data).cast("B")
        self._size += len(view)
        if len(self._pending) + len(view) < BATCH:
            self._pending += view
            return
        self._flush()
        for start in range(0, len(view), CHUNK):
            piece = view[start : start + CHUNK]
            self._feed(piece if lasting or isinstance(data, bytes) else bytes(piece))

    def finish(self) -> Checksums:
        """The checksums; the digest is of no use afterwards."""
        self._flush()
        md5, sha256 = (worker.finish() for worker in self._workers)
        return Checksums(
            size=self._size,
            cksum=close_cksum(self._crc, self._size),
            sum=sysv_sum(self._total),
            md5=md5,
            sha256=sha256,
        )

    def _flush(self) -> None:
        if self._pending:
            self._feed(bytes(self._pending))
            self._pending.clear()

    def _feed(self, data: bytes | memoryview) -> None:
        for worker in self._workers:
            worker.update(data)
        self._crc = posix_cksum(data, self._crc)
        self._total += byte_total(data)


def digest_source(
    source: ByteSource,
    offset: int = 0,
    length: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> Checksums:
    """The checksums of ``length`` bytes from ``offset``, to the end where None.

    Raises ``InputError`` where the source ends before ``length`` bytes.
    """
    end = source.size if length is None else offset + length
    digest = StreamDigest()
    for at in itertools.takewhile(lambda n: n < end, itertools.count(offset, CHUNK)):
        want = min(CHUNK, end - at)
        data = source.pread(at, want)
        digest.update(data)
        if advance is not None:
            advance(len(data))
        if len(data) != want:
            raise InputError(f"ends at byte {at + len(data)}, {end} were wanted")
    return digest.finish()
