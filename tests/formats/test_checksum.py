# SPDX-License-Identifier: Apache-2.0
"""The four checksums against the programs whose output they must equal."""

from __future__ import annotations

import random
import subprocess
import threading
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.formats import checksum
from mkboot.formats.checksum import StreamDigest, digest_source, posix_cksum
from mkboot.model.values import Checksums
from mkboot.tree.source import BytesSource

SIZES = (0, 1, 2, 255, 256, 511, 512, 513, 65_535, 65_536, 262_143, 262_144, 3_000_001)


def digest_of(data: bytes, *, threads: bool = True, piece: int = 1 << 20) -> Checksums:
    digest = StreamDigest(threads=threads)
    for start in range(0, len(data), piece):
        digest.update(data[start : start + piece])
    return digest.finish()


def first_word(path: Path, *command: str) -> str:
    ran = subprocess.run([*command, path], check=True, capture_output=True, text=True)
    return ran.stdout.split()[0]


@needs("cksum", "sum", "md5sum", "sha256sum")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fill", ["random", "ff", "zeros"])
def test_equals_the_programs(tmp_path: Path, size: int, fill: str) -> None:
    data = {
        "random": random.Random(size).randbytes(size),
        "ff": b"\xff" * size,
        "zeros": bytes(size),
    }[fill]
    file = tmp_path / "data"
    file.write_bytes(data)
    ours = digest_of(data, threads=size % 2 == 0, piece=70_001)
    assert ours.size == size
    assert str(ours.cksum) == first_word(file, "cksum")
    assert str(ours.sum) == first_word(file, "sum", "-s")
    assert ours.md5 == first_word(file, "md5sum")
    assert ours.sha256 == first_word(file, "sha256sum")


@pytest.mark.parametrize("total", [0, 0xFFFF, 0x10000, 0xFFFFFFFF, 0x1_0000_0000, 0x1_2345_6789])
def test_sysv_sum_folds_32_bits(total: int) -> None:
    low = total % 2**32
    once = low % 2**16 + low // 2**16
    assert checksum.sysv_sum(total) == once % 2**16 + once // 2**16


@given(st.binary(max_size=3000), st.integers(1, 400))
def test_pieces_do_not_matter(data: bytes, piece: int) -> None:
    assert digest_of(data, threads=False, piece=piece) == digest_of(data, threads=False)


@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_fast_crc_equals_the_definition(data: bytes, cut: int) -> None:
    slow = checksum.reference_crc()
    assert posix_cksum(data) == slow(data, checksum.CRC_START)
    assert posix_cksum(data[cut:], posix_cksum(data[:cut])) == slow(data, checksum.CRC_START)


def test_the_fast_crc_is_in_use_and_a_wrong_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checksum.crc_function() is checksum.crc32.cksum
    monkeypatch.setattr(checksum.crc32, "cksum", lambda data, crc: crc ^ len(data))
    checksum.crc_function.cache_clear()
    try:
        assert posix_cksum(checksum.CHECK_TEXT) == checksum.CHECK_VALUE
    finally:
        monkeypatch.undo()
        checksum.crc_function.cache_clear()


def test_a_buffer_may_be_used_again_after_update() -> None:
    digest, buffer, everything = StreamDigest(), bytearray(1 << 19), b""
    for n in range(12):
        buffer[:] = bytes([n]) * len(buffer)
        digest.update(memoryview(buffer))
        everything += bytes(buffer)
    assert digest.finish() == digest_of(everything, threads=False)


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    digest_of(bytes(5 << 20))
    assert threading.active_count() == before


def test_digest_source_window_and_progress() -> None:
    data = random.Random(1).randbytes(3 << 20)
    done: list[int] = []
    assert digest_source(BytesSource(data), 5, 2_500_000, done.append) == digest_of(
        data[5 : 5 + 2_500_000]
    )
    assert sum(done) == 2_500_000
    assert digest_source(BytesSource(data)) == digest_of(data)


def test_a_source_that_ends_early_is_told() -> None:
    with pytest.raises(InputError, match="ends at byte 100, 200 were wanted"):
        digest_source(BytesSource(bytes(100)), 0, 200)
