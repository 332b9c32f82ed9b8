# SPDX-License-Identifier: Apache-2.0
"""Boot blocks: recognised, taken out, put in, checked; detok judges the checksum."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest
from conftest import ORACLES, needs
from hypothesis import given, settings
from hypothesis import strategies as st

from mkboot.demo.bootblocks import aout_sun4m, fcode_redirect
from mkboot.errors import InputError
from mkboot.formats.bootblock import (
    BOOT_AREA,
    AoutHeader,
    BootBlockKind,
    FCodeHeader,
    check_block,
    fcode_checksum,
    put_in,
    recognise,
    take_out,
)
from mkboot.tree.source import BytesSource, FileSink, FileSource

FCODE = fcode_redirect()
AOUT = aout_sun4m()


def fcode(length: int, start: int = 0xF1, form: int = 8) -> bytes:
    body = bytes(range(1, 251)) * 40
    code = struct.pack(">BBHI", start, form, 0, length) + body[: length - 8]
    code = code[:-1] + b"\0"
    return code[:2] + fcode_checksum(code).to_bytes(2, "big") + code[4:]


def aout(text: int, data: int = 0, magic: int = 0o407, machine: int = 3) -> bytes:
    header = struct.pack(">BBH7I", 1, machine, magic, text, data, 0, 0, 0x4000, 0, 0)
    return header + b"\1" * (text + data)


def codes(block: bytes) -> list[str]:
    return [f.code for f in check_block(block, "slice 5")]


def test_headers_have_their_sizes() -> None:
    assert (FCodeHeader.sizeof(), AoutHeader.sizeof()) == (8, 32)


@pytest.mark.parametrize("start", [0xF0, 0xF1, 0xF2, 0xF3, 0xFD])
def test_fcode_is_recognised_by_its_start(start: int) -> None:
    assert recognise(fcode(100, start)) is BootBlockKind.FCODE
    assert recognise(fcode(100, start, form=3)) is BootBlockKind.FCODE


@pytest.mark.parametrize("magic", [0o407, 0o410, 0o413])
def test_an_aout_is_recognised_by_its_magic(magic: int) -> None:
    assert recognise(aout(100, magic=magic)) is BootBlockKind.AOUT
    assert recognise(aout(100, magic=magic, machine=1)) is None


@pytest.mark.parametrize(
    "area",
    [b"", b"\xf1", bytes(7680), b"\x7fELF" + bytes(7676), b"\xfd" * 7680, b"\xf1\x07" + bytes(99)],
)
def test_what_is_no_boot_block(area: bytes) -> None:
    assert recognise(area) is None


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=64))
def test_anything_can_be_looked_at(area: bytes) -> None:
    kind = recognise(area)
    findings = check_block(area, "slice 1")
    assert kind is not None or [f.code for f in findings] == ["boot-block-kind"]


def test_a_block_goes_where_installboot_puts_it(tmp_path: Path) -> None:
    """Sector 0 and all behind the block's last sector stay as they are."""
    image = tmp_path / "slice"
    image.write_bytes(b"\xaa" * 20 * 512)
    fd = os.open(image, os.O_RDWR)
    put_in(FileSink(fd, 0, 20 * 512), FCODE)
    os.close(fd)
    after = image.read_bytes()
    padded = len(FCODE) + -len(FCODE) % 512
    assert after[:512] == b"\xaa" * 512
    assert after[512 : 512 + padded] == FCODE.ljust(padded, b"\0")
    assert after[512 + padded :] == b"\xaa" * (19 * 512 - padded)
    with FileSource(image) as source:
        taken = take_out(source)
    assert taken is not None
    assert len(taken) == BOOT_AREA
    assert taken.startswith(FCODE)


@pytest.mark.parametrize("size", [0, 512, 8191])
def test_a_slice_too_short_for_a_boot_block(size: int) -> None:
    assert take_out(BytesSource(b"\xf1" * size)) is None


def test_zeros_are_no_boot_block() -> None:
    assert take_out(BytesSource(b"\1" * 512 + bytes(BOOT_AREA) + b"\1" * 512)) is None


class Unwritable:
    size = 8192

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        raise AssertionError("written")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (fcode(100).ljust(7681, b"\0"), "at most 7680 bytes"),
        (b"\x7fELF" + bytes(100), "no boot block"),
        (b"", "no boot block"),
    ],
)
def test_what_is_not_put_in(block: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        put_in(Unwritable(), block)


def test_a_slice_with_no_room_is_not_written() -> None:
    sink = Unwritable()
    sink.size = 1024
    with pytest.raises(InputError, match="no room"):
        put_in(sink, FCODE)


@pytest.mark.parametrize("block", [FCODE, AOUT, FCODE.ljust(7680, b"\0"), AOUT.ljust(7680, b"\0")])
def test_sound_blocks_have_no_findings(block: bytes) -> None:
    assert codes(block) == []


def test_findings() -> None:
    assert codes(bytes(7680)) == ["boot-block-kind"]
    assert codes(b"#!/bin/sh".ljust(7680, b"\0")) == ["boot-block-kind"]
    assert codes(FCODE.ljust(7680, b"\0") + b"\1") == ["boot-block-too-long"]
    assert codes(fcode(7681)[:7680]) == ["boot-block-too-long"]
    assert codes(FCODE[:-1]) == ["boot-block-length"]
    assert codes(fcode(100)[:4] + bytes(4) + fcode(100)[8:]) == ["boot-block-length"]
    assert codes(FCODE[:-2] + b"\1" + FCODE[-1:]) == ["boot-block-checksum"]
    assert codes(aout(8000)[:7680]) == ["boot-block-length"]
    assert codes(aout(100)[:-1]) == ["boot-block-length"]
    assert codes(struct.pack(">8I", 0x01030107, 0x30800007, 0, 0, 0, 0, 0, 0)) == []


def test_every_flipped_bit_of_fcode_is_found_or_no_block() -> None:
    """But of the start byte's, some of which start FCode as well, and of the format's."""
    for bit in range(16, len(FCODE) * 8):
        damaged = bytearray(FCODE)
        damaged[bit // 8] ^= 0x80 >> bit % 8
        assert codes(bytes(damaged)), bit


@needs("toke", "detok")
@pytest.mark.parametrize("source", ["walk.fs"])
def test_our_sum_is_that_of_the_tokeniser(source: str, tmp_path: Path) -> None:
    (tmp_path / source).write_bytes((ORACLES / source).read_bytes())
    subprocess.run(["toke", source], cwd=tmp_path, check=True, capture_output=True)
    code = (tmp_path / source).with_suffix(".fc").read_bytes()
    assert int.from_bytes(code[2:4], "big") == fcode_checksum(code)
    assert codes(code) == []


@needs("detok")
@pytest.mark.parametrize("change", [0, 1])
def test_detok_says_what_we_say(change: int, tmp_path: Path) -> None:
    code = bytearray(FCODE)
    code[2] ^= change
    (tmp_path / "block.fc").write_bytes(code)
    told = subprocess.run(["detok", tmp_path / "block.fc"], capture_output=True, check=False).stdout
    assert (b"(Ok)" in told) == (codes(bytes(code)) == []) == (change == 0)
