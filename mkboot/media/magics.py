# SPDX-License-Identifier: Apache-2.0
"""By what bytes containers and compressed files are known, and what undoes them.

The magics are those that the formats' own programs look for.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import NamedTuple

from mkboot.formats.iso import looks_like_iso
from mkboot.formats.label import SECTOR, looks_like_label
from mkboot.formats.ufs import looks_like_ufs
from mkboot.formats.ufsdump import looks_like_dump
from mkboot.tree.source import ByteSource, BytesSource

#: How much of a compressed file is unpacked to see what is in it, in bytes.
_PEEK = 65536

_QEMU = "Convert it: qemu-img convert -O raw IMAGE NEW"
_MOUNTED = "Mount it with its own program and copy the disc out, or ask for a plain .iso"


class Magic(NamedTuple):
    """Bytes at an offset, what has them, and what to do; ``case`` when letters may differ."""

    at: int
    magic: bytes
    what: str
    do: str
    case: bool = False


COMPRESSED = (
    Magic(0, b"\x1f\x8b", "gzip", "Unpack it: gunzip IMAGE"),
    Magic(0, b"\x1f\x9d", "compress (.Z)", "Unpack it: gunzip IMAGE"),
    Magic(0, b"\x1f\x1e", "pack (.z)", "Unpack it: gunzip IMAGE"),
    Magic(0, b"BZh", "bzip2", "Unpack it: bunzip2 IMAGE"),
    Magic(0, b"\xfd7zXZ\0", "xz", "Unpack it: unxz IMAGE"),
    Magic(0, b"\x5d\0\0\x80\0", "lzma", "Unpack it: unlzma IMAGE"),
    Magic(0, b"\x28\xb5\x2f\xfd", "zstd", "Unpack it: unzstd IMAGE"),
    Magic(0, b"\x04\x22\x4d\x18", "lz4", "Unpack it: unlz4 IMAGE"),
    Magic(0, b"LZIP", "lzip", "Unpack it: lzip -d IMAGE"),
    Magic(0, b"\x89LZO\0\r\n\x1a\n", "lzop", "Unpack it: lzop -d IMAGE"),
    Magic(0, b"PK\3\4", "a ZIP archive", "Unpack it: unzip IMAGE"),
    Magic(0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it: 7z x IMAGE"),
    Magic(0, b"Rar!\x1a\7", "a RAR archive", "Unpack it: unrar x IMAGE"),
    Magic(0, b"ECM\0", "ECM (a disc without its error correction)", "Unpack it: unecm IMAGE"),
    Magic(0, b"CISO", "a compressed ISO (CSO)", "Unpack it: maxcso --decompress IMAGE"),
    Magic(0, b"IsZ!", "a compressed ISO (ISZ)", _MOUNTED),
    Magic(0, b"DAA\0", "a PowerISO archive (DAA)", _MOUNTED),
)

#: Text files that go with an image: who names one has taken the wrong file of two.
DESCRIPTIONS = (
    Magic(0, b"[CloneCD]", "the control file of a CloneCD image (.ccd)", "Name the .img beside it"),
    Magic(
        0, b"MEDIA DESCRIPTOR", "the control file of an Alcohol image (.mds)", "Name the .mdf by it"
    ),
    Magic(
        0,
        b"# Disk DescriptorFile",
        "the control file of a VMware disk (.vmdk)",
        "Name the -flat file beside it, or: qemu-img convert -O raw IMAGE NEW",
    ),
    Magic(0, b"FILE ", "a cue sheet (.cue)", "Name the .bin that it names", case=True),
    Magic(0, b"REM ", "a cue sheet (.cue)", "Name the .bin that it names", case=True),
    Magic(0, b"CATALOG ", "a cue sheet (.cue)", "Name the .bin that it names", case=True),
    Magic(0, b"CD_ROM", "a table of contents of cdrdao (.toc)", "Name the .bin that it names"),
    Magic(0, b"# Mapfile. Created by GNU ddrescue", "a map file of ddrescue", "Name its image"),
)

CONTAINERS = (
    Magic(0, b"QFI\xfb", "a QCOW2 disk of QEMU", _QEMU),
    Magic(0, b"QED\0", "a QED disk of QEMU", _QEMU),
    Magic(0, b"KDMV", "a VMDK disk of VMware", _QEMU),
    Magic(0, b"COWD", "a VMDK disk of VMware", _QEMU),
    Magic(0, b"conectix", "a VHD disk (dynamic)", "Convert it: qemu-img convert -f vpc -O raw"),
    Magic(0, b"vhdxfile", "a VHDX disk", _QEMU),
    Magic(64, b"\x7f\x10\xda\xbe", "a VDI disk of VirtualBox", _QEMU),
    Magic(0, b"WithoutFreeSpace", "a Parallels disk", _QEMU),
    Magic(0, b"WithouFreSpacExt", "a Parallels disk", _QEMU),
    Magic(0, b"Bochs Virtual HD Image", "a Bochs disk", _QEMU),
    Magic(0, b"MComprHD", "a CHD of MAME", "Convert it: chdman extracthd (or extractraw) -i IMAGE"),
    Magic(0, b"EVF\x09\x0d\x0a\xff\0", "an EWF (EnCase) image", "Convert it: ewfexport IMAGE"),
    Magic(0, b"AFF10\r\n\0", "an AFF image", "Convert it: affconvert -r IMAGE"),
    Magic(0, b"AARUFRMT", "an Aaru image", "Convert it: aaru image convert IMAGE NEW.iso"),
    Magic(0, b"DICMFRMT", "an Aaru image", "Convert it: aaru image convert IMAGE NEW.iso"),
    Magic(0, b"BWT5 STREAM SIGN", "a BlindWrite image", _MOUNTED),
    Magic(0, b"partclone-image", "an image of partclone", "Convert it: partclone.restore -C -s"),
    Magic(0, b"T98HDDIMAGE.R0", "an NHD disk of a PC-98 emulator", _QEMU),
    Magic(0, b"ER\x02\0", "a disk with an Apple partition map", "Take the ISO partition out of it"),
    Magic(257, b"ustar", "a tar archive", "Unpack it: tar xf IMAGE"),
    Magic(
        0, b"# PaCkAgE DaTaStReAm", "a package stream", "Look at it with pkgtrans; it is no disc"
    ),
)

_DISCJUGGLER = frozenset((0x80000004, 0x80000005, 0x80000006))


def magic_at_head(source: ByteSource, table: tuple[Magic, ...]) -> Magic | None:
    """The first of ``table`` whose bytes are there."""
    head = source.pread(0, 512)
    for each in table:
        there = head[each.at : each.at + len(each.magic)]
        if there == each.magic or (each.case and there.upper() == each.magic):
            return each
    return None


def foot_of(source: ByteSource) -> Magic | None:
    """The container that has its mark behind the image instead of before it."""
    end = source.pread(max(source.size - 512, 0), 512)
    if len(end) < 512:
        return None
    version = int.from_bytes(end[-8:-4], "little")
    marks = (
        (end.startswith(b"conectix"), "a VHD disk (fixed)", _QEMU.replace("-O", "-f vpc -O")),
        (end.startswith(b"koly"), "an Apple disk image (.dmg)", "Convert it: dmg2img IMAGE NEW"),
        (end[-12:-8] == b"NER5", "a Nero image (.nrg)", "Convert it: nrg2iso IMAGE NEW"),
        (end[-8:-4] == b"NERO", "a Nero image (.nrg)", "Convert it: nrg2iso IMAGE NEW"),
        (_is_discjuggler(version, end, source.size), "a DiscJuggler image (.cdi)", _MOUNTED),
    )
    return next((Magic(0, b"", what, do) for there, what, do in marks if there), None)


def _is_discjuggler(version: int, end: bytes, size: int) -> bool:
    offset = int.from_bytes(end[-4:], "little")
    return version in _DISCJUGGLER and 0 < offset < size


def what_is_packed(source: ByteSource, magic: Magic) -> str:
    """What a compressed image holds, from the first 64 KiB of it; empty if nobody knows."""
    packed = source.pread(0, _PEEK)
    try:
        if magic.what == "gzip":
            data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, _PEEK)
        elif magic.what == "bzip2":
            data = bz2.BZ2Decompressor().decompress(source.pread(0, 1 << 20), _PEEK)
        elif magic.what in ("xz", "lzma"):
            data = lzma.LZMADecompressor(memlimit=256 << 20).decompress(packed, _PEEK)
        else:
            return ""
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        return ""
    return what_is_in(BytesSource(data))


def what_is_in(source: ByteSource, *, ufs: bool = True) -> str:
    """What an image would be, in words; nothing where it is nothing known.

    ``ufs`` is off where exchanged bytes turn one byte order's magic into the other's.
    """
    marks = (
        (looks_like_label(source.pread(0, SECTOR)), "a Sun label"),
        (looks_like_iso(source), "an ISO 9660"),
        (ufs and looks_like_ufs(source), "a UFS"),
        (ufs and looks_like_dump(source), "a ufsdump stream"),
        (source.pread(257, 5) == b"ustar", "a tar archive"),
    )
    return " and ".join(what for there, what in marks if there)
