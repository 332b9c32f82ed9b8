# SPDX-License-Identifier: Apache-2.0
"""Boot blocks: sectors 1 to 15 of a slice, recognised, taken out, put in, checked.

They are taken from a captured host or a base medium, never built here.  Two kinds exist:
FCode (sun4u, sun4v) and a program with an a.out header (sun4c, sun4m, sun4d).  Sources:
Solaris' installboot(1M) for the place, IEEE 1275-1994 section 5.2.2.5 for FCode's header,
SunOS a.out(4) for the other, OpenBIOS for what firmware looks at.
"""

from __future__ import annotations

from enum import StrEnum

from construct import Bytes, Int8ub, Int16ub, Int32ub, Struct

from mkboot.errors import InputError
from mkboot.model.finding import Finding, error, warning
from mkboot.tree.source import ByteSink, ByteSource

SECTOR = 512
BOOT_AREA_SECTORS = 15
BOOT_AREA = BOOT_AREA_SECTORS * SECTOR

#: Bytes an FCode program may start with: start0, start1, start2, start4 and version1.
FCODE_STARTS = frozenset((0xF0, 0xF1, 0xF2, 0xF3, 0xFD))
#: And ends with: end0, end1.
FCODE_ENDS = frozenset((0x00, 0xFF))
#: IEEE 1275's format byte; old tokenisers wrote others after version1.
FCODE_FORMAT = 8
#: OMAGIC, NMAGIC, ZMAGIC.
AOUT_MAGICS = frozenset((0o407, 0o410, 0o413))
AOUT_SPARC = 3
#: A branch over the header where the length of the text belongs: the length is not told.
#: Source: OpenBIOS' a.out loader, which makes an exception for it.
AOUT_BRANCH = 0x30800007

FCodeHeader = Struct(
    "start" / Int8ub,
    "format" / Int8ub,
    "checksum" / Int16ub,
    "length" / Int32ub,
)

AoutHeader = Struct(
    "version" / Int8ub,
    "machine" / Int8ub,
    "magic" / Int16ub,
    "text" / Int32ub,
    "data" / Int32ub,
    "bss" / Int32ub,
    "symbols" / Int32ub,
    "entry" / Int32ub,
    "relocations" / Bytes(8),
)

HEADERS = {"fcode": FCodeHeader.sizeof(), "aout": AoutHeader.sizeof()}


class BootBlockKind(StrEnum):
    """What a boot block is made of."""

    AOUT = "aout"
    FCODE = "fcode"


def recognise(area: bytes) -> BootBlockKind | None:
    """The kind of the boot block at the beginning of ``area``, from its first bytes only."""
    if len(area) >= HEADERS["fcode"] and area[0] in FCODE_STARTS:
        code = FCodeHeader.parse(area)
        if code.format == FCODE_FORMAT or HEADERS["fcode"] < code.length <= BOOT_AREA:
            return BootBlockKind.FCODE
    if len(area) >= HEADERS["aout"]:
        header = AoutHeader.parse(area)
        if header.machine == AOUT_SPARC and header.magic in AOUT_MAGICS:
            return BootBlockKind.AOUT
    return None


def take_out(slice_: ByteSource) -> bytes | None:
    """The 7680 bytes of sectors 1 to 15 of a slice, or None where they are all zero.

    A slice that is shorter than that has no boot block.
    """
    area = slice_.pread(SECTOR, BOOT_AREA)
    return area if len(area) == BOOT_AREA and any(area) else None


def put_in(sink: ByteSink, block: bytes) -> None:
    """Write a boot block from sector 1 of a slice on, padded to a whole sector.

    Sector 0 and what lies behind the block stay as they are, as installboot(1M) leaves
    them.  Raises ``InputError`` where it is too long, of no kind that boots, or longer
    than the slice.
    """
    if len(block) > BOOT_AREA:
        raise InputError(f"a boot block has at most {BOOT_AREA} bytes, this one {len(block)}")
    if recognise(block) is None:
        raise InputError("neither FCode nor a SPARC a.out: no boot block")
    padded = block + bytes(-len(block) % SECTOR)
    if SECTOR + len(padded) > sink.size:
        raise InputError(f"a slice of {sink.size} bytes has no room for a boot block")
    sink.pwrite(SECTOR, padded)


def fcode_checksum(code: bytes) -> int:
    """The sum that belongs in the header of a whole FCode program: 16 bits, over its body."""
    return sum(code[HEADERS["fcode"] :]) & 0xFFFF


def check_block(block: bytes, place: str) -> tuple[Finding, ...]:
    """What is wrong with a boot block, from its header: kind, lengths, checksum.

    ``block`` may be padded with zeros; anything but zeros behind 7680 bytes is too long.
    """
    if any(block[BOOT_AREA:]):
        return (
            error(
                "boot-block-too-long",
                place,
                f"the boot block has {len(block)} bytes, only {BOOT_AREA} have room before "
                "the file system",
            ),
        )
    kind = recognise(block)
    if kind is BootBlockKind.FCODE:
        return _check_fcode(block, place)
    if kind is BootBlockKind.AOUT:
        return _check_aout(block, place)
    what = "is neither FCode nor a SPARC a.out" if any(block) else "is missing"
    return (error("boot-block-kind", place, f"the boot block {what}: no firmware will start it"),)


def _check_fcode(block: bytes, place: str) -> tuple[Finding, ...]:
    header = FCodeHeader.parse(block)
    length = int(header.length)
    if length > BOOT_AREA:
        message = f"the FCode says that it has {length} bytes, more than the {BOOT_AREA} there are"
        return (error("boot-block-too-long", place, message),)
    if length <= HEADERS["fcode"] or length > len(block):
        message = f"the FCode says that it has {length} bytes, here are {len(block)}"
        return (error("boot-block-length", place, message),)
    wanted = fcode_checksum(block[:length])
    if wanted != header.checksum:
        message = f"the FCode's checksum is {header.checksum:04x}, its bytes give {wanted:04x}"
        hint = "QEMU's firmware does not look at it, a Sun's may"
        return (warning("boot-block-checksum", place, message, hint),)
    if block[length - 1] not in FCODE_ENDS:
        message = f"the FCode's {length} bytes do not end with its end token"
        return (warning("boot-block-length", place, message),)
    return ()


def _check_aout(block: bytes, place: str) -> tuple[Finding, ...]:
    header = AoutHeader.parse(block)
    if header.text == AOUT_BRANCH:
        return ()
    length = HEADERS["aout"] + int(header.text) + int(header.data)
    room = min(len(block), BOOT_AREA)
    if length > room or header.text == 0:
        message = f"the a.out says that it has {length} bytes, here are {room}"
        return (warning("boot-block-length", place, message),)
    return ()
