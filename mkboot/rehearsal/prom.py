# SPDX-License-Identifier: Apache-2.0
"""What the PROM and the boot blocks do: from a device that is named to a root file system.

Sources: facts of 1.2 (slices of a disc, redirect file, boot block in sectors 1 to 15), the
words of installboot(1M) and eeprom(1M).  Whatever a Sun refuses at ``ok`` is a ``NoBoot``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.bootblock import BootBlockKind, recognise, take_out
from mkboot.formats.ufs import UfsVolume, looks_like_ufs, open_ufs
from mkboot.rehearsal.hardware import DeviceError, Disk, Drive, Unit
from mkboot.rehearsal.names import LETTERS
from mkboot.tree.filetree import FileTree, read_text
from mkboot.tree.node import NodeType
from mkboot.tree.source import ByteSource

REDIRECT = b"/.SUNW-boot-redirect"
#: The slice of a disc that the PROM of each machine architecture boots from.
DISC_SLICE: Mapping[str, int] = {
    "sun4c": 2, "sun4m": 3, "sun4d": 4, "sun4u": 5, "sun4us": 5,
}  # fmt: skip
_KIND: Mapping[str, BootBlockKind] = {
    **dict.fromkeys(("sun4c", "sun4m", "sun4d"), BootBlockKind.AOUT),
    **dict.fromkeys(("sun4u", "sun4us", "sun4v"), BootBlockKind.FCODE),
}
#: The target that the alias ``disk`` stands for where no PROM says otherwise.
_DISK_TARGET: Mapping[str, int] = {"sun4c": 3, "sun4m": 3, "sun4d": 3}
_ALIAS = re.compile(r"(disk|cdrom)([0-9]?)(?::([a-h]))?")
_PATH = re.compile(r"(/[!-9;-~]+?)(?::([a-h]))?")


class NoBoot(Exception):  # noqa: N818 - what the PROM says, not a mistake
    """The machine is back at ``ok``; the text says why."""


@dataclass(frozen=True, slots=True)
class Booted:
    """What was booted: unit and slice of the root file system, opened."""

    unit: Unit
    slice: int
    volume: UfsVolume

    @property
    def device(self) -> str:
        """The root's /devices path with its letter."""
        return f"{self.unit.path}:{LETTERS[self.slice]}"

    @property
    def tree(self) -> FileTree:
        """All files of the root."""
        return self.volume.tree()


def find_device(
    words: str, units: Sequence[Unit], karch: str, aliases: Mapping[str, str]
) -> tuple[Unit, int]:
    """The unit and slice that a word of ``boot-device`` names; slice a unless it says.

    ``aliases`` are the PROM's own (``devalias``); what is not among them is as Suns come.
    The PROM may call a node ``disk@0,0`` that the kernel calls ``sd@0,0``.  ``NoBoot`` where
    no such device is there.
    """
    words = _unfold(words, aliases)
    alias, path = _ALIAS.fullmatch(words), _PATH.fullmatch(words)
    letter = (alias[3] if alias else path[2] if path else None) or "a"
    if alias is not None:
        unit = _by_alias(alias[1], alias[2], units, karch)
    else:
        unit = next((u for u in units if path and _same_node(u.path, path[1])), None)
    if unit is None:
        raise NoBoot(f"Can't locate boot device: {words}")
    return unit, LETTERS.index(letter)


def _unfold(words: str, aliases: Mapping[str, str]) -> str:
    """The path behind an alias; a letter that was typed counts before the alias' own."""
    name, colon, letter = words.partition(":")
    path = aliases.get(name)
    if path is None:
        return words
    return f"{re.sub(':[a-h]$', '', path)}:{letter}" if colon else path


def _by_alias(kind: str, number: str, units: Sequence[Unit], karch: str) -> Unit | None:
    wanted = Drive if kind == "cdrom" else Disk
    found = [u for u in units if isinstance(u, wanted)]
    if kind == "cdrom":
        return found[0] if found else None
    target = int(number) if number else _DISK_TARGET.get(karch, 0)
    by_target = [u for u in found if _target(u.path) == target]
    return by_target[0] if by_target else None


def _target(path: str) -> int:
    found = re.search(r"@([0-9a-f]+),[0-9a-f]+\Z", path)
    return int(found[1], 16) if found else -1


def _same_node(ours: str, theirs: str) -> bool:
    above, _, last = ours.rpartition("/")
    other_above, _, other_last = theirs.rpartition("/")
    return above == other_above and last.partition("@")[2] == other_last.partition("@")[2]


def boot_disc(drive: Drive, karch: str) -> Booted:
    """Boot the disc in a drive: label, boot slice, boot block, redirect, miniroot."""
    if drive.disc is None:
        raise NoBoot("Can't open boot device: there is no disc in the drive")
    if drive.label is None:
        raise NoBoot("Bad magic number in disk label: the disc has no Sun label")
    number = DISC_SLICE.get(karch)
    if number is None:
        raise NoBoot(f"nothing is known of how {karch} boots from a disc")
    volume = _boot_slice(drive, number, karch)
    target = _redirect(volume)
    if target is None:
        raise NoBoot(f"slice {number} redirects nowhere")
    root = _open_root(drive, target)
    _boot_file(root.tree(), karch)
    return Booted(drive, target, root)


def boot_disk(unit: Unit, number: int, karch: str) -> Booted:
    """Boot a slice of a disk: label, boot block, the boot program in its root."""
    if isinstance(unit, Drive):
        raise NoBoot("boot-device names the drive")
    if unit.label is None:
        raise NoBoot("Bad magic number in disk label")
    volume = _boot_slice(unit, number, karch)
    _boot_file(volume.tree(), karch)
    return Booted(unit, number, volume)


def _boot_slice(unit: Unit, number: int, karch: str) -> UfsVolume:
    try:
        window = unit.window(number)
    except DeviceError as e:
        raise NoBoot(f"Can't open boot device: slice {LETTERS[number]}: {e.reason}") from e
    block = _taken(window)
    kind = recognise(block) if block is not None else None
    if kind is None:
        raise NoBoot(f"slice {LETTERS[number]} has no boot block")
    if kind is not _KIND.get(karch):
        raise NoBoot(f"the boot block of slice {LETTERS[number]} is {kind}, not one of {karch}")
    return _open_root(unit, number)


def _taken(window: ByteSource) -> bytes | None:
    try:
        return take_out(window)
    except DeviceError as e:
        raise NoBoot(f"the boot block cannot be read: {e.reason}") from e


def _open_root(unit: Unit, number: int) -> UfsVolume:
    try:
        window = unit.window(number)
        if not looks_like_ufs(window):
            raise NoBoot(f"slice {LETTERS[number]} holds no file system")
        return open_ufs(window, place=(f"slice {LETTERS[number]}",))
    except (DeviceError, InputError) as e:
        raise NoBoot(f"slice {LETTERS[number]} cannot be read: {e}") from e


def _redirect(volume: UfsVolume) -> int | None:
    """The slice that the redirect file names by its first byte, None without one."""
    text = read_text(volume.tree(), REDIRECT, 16)
    if text is None or not text[:1].isdigit() or int(text[:1]) >= len(LETTERS):
        return None
    return int(text[:1])


def _boot_file(tree: FileTree, karch: str) -> None:
    """The boot block loads ufsboot, ufsboot loads the kernel; ``NoBoot`` without them."""
    if not _is_file(tree, b"/platform/%s/ufsboot" % karch.encode()):
        raise NoBoot(f"Can't find /platform/{karch}/ufsboot")
    kernels = (b"/platform/%s/kernel/unix" % karch.encode(), b"/kernel/unix", b"/kernel/genunix")
    if not any(_is_file(tree, path) for path in kernels):
        raise NoBoot(f"cannot open kernel: neither /platform/{karch}/kernel/unix nor /kernel/unix")


def _is_file(tree: FileTree, path: bytes) -> bool:
    number = tree.resolve(path)
    return number is not None and tree.nodes[number].type is NodeType.FILE
