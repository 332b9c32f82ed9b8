# SPDX-License-Identifier: Apache-2.0
"""Names and settings with which emulated drives take a disc image as a Sun's CD-ROM.

A Sun's PROM and SunOS' kernels before Solaris 8 want blocks of 512 bytes; the emulators'
default for CD-ROMs is 2048.  Sources, as of 2026-08: ZuluSCSI-firmware README and
zuluscsi.ini, and its issues 438 and 443; BlueSCSI-v2 wiki "Usage" and issues 45, 265, 382;
PiSCSI scsictl(1), pull request 203, and its issues 614, 618, 1474; for QEMU its own manual
and the settings that mkboot's tests boot with.
"""

from __future__ import annotations

import enum
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Where a Sun looks for its CD-ROM: the PROM's alias ``cdrom`` is target 6.
CD_TARGET = 6
#: How many images the ZuluSCSI's and BlueSCSI's ini file lists for a drive.
_IMAGES = 10


class Emulator(enum.StrEnum):
    """What plays the drive."""

    ZULUSCSI = "zuluscsi"
    BLUESCSI = "bluescsi"
    PISCSI = "piscsi"
    QEMU = "qemu"


@dataclass(frozen=True, slots=True)
class Settings:
    """The lines for a person to type or to put into ``file``; ``notes`` say what they are for.

    ``file`` is empty where ``lines`` are commands.
    """

    file: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]


def image_name(emulator: Emulator, target: int, number: int, of: int, name: str) -> str:
    """The name that an image gets, which sets the drive's type, target and block size.

    ZuluSCSI and BlueSCSI take the two letters as the type, the digit as the target, and the
    number after the *first* underscore as the block size: so there is only one underscore.
    Number and order count where several images are changed like discs.
    """
    if emulator in (Emulator.PISCSI, Emulator.QEMU):
        return name if name.endswith(".iso") else f"{Path(name).stem}.iso"
    lun = "0" if emulator is Emulator.BLUESCSI else ""
    disc = f"-disc-{number:02}" if of > 1 else ""
    return f"CD{target}{lun}_512{disc}.iso"


def settings_for(emulator: Emulator, target: int, images: Sequence[Path]) -> Settings:
    """The settings for these images, in the order of the discs."""
    return _SETTINGS[emulator](target, images)


def _ini(target: int, images: Sequence[Path]) -> tuple[str, ...]:
    lines = [f"[SCSI{target}]", "Type = 2", "BlockSize = 512"]
    if 1 < len(images) <= _IMAGES:
        lines += [f"IMG{n} = {path.name}" for n, path in enumerate(images)]
    return tuple(lines)


def _changing(images: Sequence[Path]) -> tuple[str, ...]:
    if len(images) == 1:
        return ()
    if len(images) <= _IMAGES:
        return (_EJECT,)
    return (_TOO_MANY,)


_EJECT = "'eject cdrom' on the Sun, or the eject button, changes to the next image"
_TOO_MANY = (
    f"the ini file lists {_IMAGES} images and no more: without IMG lines the images of "
    "the same target are changed in the order of their names"
)
_ZULUSCSI = (
    "the name alone sets type, target and block size; firmware 24.04.01 does not heed "
    "BlockSize in the ini file (ZuluSCSI-firmware issue 438), later ones do"
)
_BLUESCSI = (
    "for BlueSCSI v2: v1 was seen to stay at blocks of 2048 bytes",
    "firmware of December 2024 crashes with 512-byte CD images (BlueSCSI-v2 issue 265)",
)
_PISCSI = "put the images into the folder that piscsi serves, ~/images unless set otherwise"
_PISCSI_CHANGE = (
    "eject and insert change the disc when the Sun asks for the next one; the block size is "
    "given with every disc"
)
_QEMU = "the first line plays a sun4m, the second a sun4u, both with QEMU's own OpenBIOS"
_QEMU_CHANGE = "Ctrl-A c reaches QEMU's monitor, in which the disc is changed"


def _zuluscsi(target: int, images: Sequence[Path]) -> Settings:
    return Settings("zuluscsi.ini", _ini(target, images), (_ZULUSCSI, *_changing(images)))


def _bluescsi(target: int, images: Sequence[Path]) -> Settings:
    return Settings("bluescsi.ini", _ini(target, images), (*_BLUESCSI, *_changing(images)))


def _piscsi(target: int, images: Sequence[Path]) -> Settings:
    lines = [f"scsictl -i {target} -c attach -t sccd -b 512 -f {shlex.quote(images[0].name)}"]
    for path in images[1:]:
        lines.append(f"scsictl -i {target} -c eject")
        lines.append(f"scsictl -i {target} -c insert -b 512 -f {shlex.quote(path.name)}")
    notes = (_PISCSI, _PISCSI_CHANGE) if len(images) > 1 else (_PISCSI,)
    return Settings("", tuple(lines), notes)


def _qemu(target: int, images: Sequence[Path]) -> Settings:
    drive = f"id=cd,media=cdrom,readonly=on,format=raw,file={_qemu_file(images[0])}"
    sun4m = (
        f"qemu-system-sparc -M SS-5 -m 256 -nographic -boot d -drive if=none,{drive} -device "
        f"scsi-cd,channel=0,scsi-id={target},drive=cd,id=cdrom,physical_block_size=512"
    )
    sun4u = f"qemu-system-sparc64 -M sun4u -m 512 -nographic -boot d -drive if=ide,index=2,{drive}"
    changes = [f"(qemu) change cd {_monitor_file(path)} raw" for path in images[1:]]
    notes = (_QEMU, _QEMU_CHANGE) if changes else (_QEMU,)
    return Settings("", (sun4m, sun4u, *changes), notes)


def _qemu_file(path: Path) -> str:
    return shlex.quote(str(path.absolute()).replace(",", ",,"))


def _monitor_file(path: Path) -> str:
    text = str(path.absolute())
    if all(c.isalnum() or c in "/._-+" for c in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_SETTINGS: Mapping[Emulator, Callable[[int, Sequence[Path]], Settings]] = {
    Emulator.ZULUSCSI: _zuluscsi,
    Emulator.BLUESCSI: _bluescsi,
    Emulator.PISCSI: _piscsi,
    Emulator.QEMU: _qemu,
}
