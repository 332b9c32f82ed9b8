# SPDX-License-Identifier: Apache-2.0
"""Would an emulator of SCSI drives take an image's name for something else?

Sources: ZuluSCSI src/ZuluSCSI_disk.cpp (the digits behind the first underscore are the
block size where they are 8 to 65536), BlueSCSI src/BlueSCSI_disk.cpp (where they are a
power of two from 256 to 8192), both: the first letters say what a drive is; PiSCSI
cpp/devices/device_factory.cpp (the extension says it); QEMU's options (a comma ends a
value, a colon ends a protocol).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mkboot.media.codes import advice
from mkboot.media.medium import Medium
from mkboot.model.finding import Finding, note, warning
from mkboot.model.inspection import Kind

_CODE = "name-hostile-to-emulators"
_PLACE = "name"
_PREFIX = re.compile(r"(HD|CD|RM|RE|MO|FD|TP|ZP)[0-9]", re.IGNORECASE)
_BLOCKS = {Kind.DISC: (512, 2048), Kind.DISK: (512,)}
_SMALLEST, _LARGEST = 8, 65536
_DISC_PREFIX = "CD"
_DISK_PREFIXES = ("HD", "RM", "RE", "MO", "ZP")
#: What PiSCSI makes of an extension.
_DISC_EXTENSIONS = frozenset(("iso", "cdr", "toast", "is1"))
_DISK_EXTENSIONS = frozenset(("hd1", "hds", "hda", "hdn", "hdi", "nhd", "hdr", "mos"))


def name_findings(medium: Medium) -> tuple[Finding, ...]:
    """About the name of a whole image of a disc or disk that is a file by itself."""
    if medium.kind not in _BLOCKS or medium.is_part:
        return ()
    name = medium.path.name
    return (*_block_size(name, medium.kind), *_type(name, medium.kind), *_qemu(name))


def _block_size(name: str, kind: Kind) -> Iterator[Finding]:
    """A number that is a block size to those that look for one; loud where it will be used."""
    digits = re.match(r"[^_]*_\s*\+?([0-9]+)", name)
    size = int(digits[1][:9]) if digits else 0
    if not _SMALLEST <= size <= _LARGEST or size in _BLOCKS[kind]:
        return
    right = " or ".join(map(str, _BLOCKS[kind]))
    who = "ZuluSCSI and BlueSCSI take" if _is_power(size) else "ZuluSCSI takes"
    tell = warning if _PREFIX.match(name) else note
    text = f"{who} the {size} behind the first underscore for the block size, not {right}"
    yield tell(_CODE, _PLACE, text, f"rename it: {_better(kind)}")


def _is_power(size: int) -> bool:
    return size in (256, 512, 1024, 2048, 4096, 8192)


def _type(name: str, kind: Kind) -> Iterator[Finding]:
    """A name that says disk for a disc, or disc for a disk."""
    found = _PREFIX.match(name)
    prefix = found[1].upper() if found else ""
    disc = kind is Kind.DISC
    if (disc and prefix in _DISK_PREFIXES) or (not disc and prefix == _DISC_PREFIX):
        text = f"ZuluSCSI and BlueSCSI make of {prefix} {_what(prefix != _DISC_PREFIX)}"
        yield warning(_CODE, _PLACE, f"{text}; this is {_what(not disc)}", advice(_CODE))
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension in (_DISK_EXTENSIONS if disc else _DISC_EXTENSIONS):
        text = f"PiSCSI makes {_what(disc)} of what ends in .{extension}; this is {_what(not disc)}"
        hint = "rename it to end in " + (".iso" if disc else ".hds")
        yield warning(_CODE, _PLACE, text, hint)


def _qemu(name: str) -> Iterator[Finding]:
    marks = [word for sign, word in ((",", "comma"), (":", "colon")) if sign in name]
    if marks:
        text = f"QEMU reads a {' and a '.join(marks)} in a file's name as part of its options"
        yield note(_CODE, _PLACE, text, "rename it, or write each comma twice and ./ before it")


def _better(kind: Kind) -> str:
    return "CD6.iso or CD6_512.iso" if kind is Kind.DISC else "HD3.img or HD3_512.img"


def _what(disk: bool) -> str:
    return "a hard disk" if disk else "a CD-ROM"
