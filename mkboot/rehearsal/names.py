# SPDX-License-Identifier: Apache-2.0
"""Names of devices: controllers numbered, /dev and /devices laid out, and read back.

A controller is the part of a /devices path above the disk's own node.  One that has links in
a root's /dev keeps its number there; a new one gets the next that is free, in the order in
which devices are found.  A miniroot makes its /dev anew at each boot, so all its numbers
follow that order.  Source: illumos cmd/devfsadm (disk_link.c), section J of the facts.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import InputError
from mkboot.rehearsal.hardware import Unit

LETTERS = "abcdefgh"
_NODE = re.compile(
    r"(?P<driver>[A-Za-z0-9,._+-]+)@(?P<target>[0-9a-fA-F]+|w[0-9a-fA-F]{16}),(?P<lun>[0-9a-fA-F]+)"
)
_NAME = re.compile(rb"c(\d+)(?:t([0-9A-F]+))?d(\d+)s(\d+)")
_DEVICE = re.compile(rb"(/.+):([a-h])(,raw)?")


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """What a device name leads to: the unit, the slice (0 to 7), raw or block."""

    unit: Unit
    slice: int
    raw: bool


def controller_of(path: str) -> str:
    """The controller's part of a disk's /devices path."""
    return path.rpartition("/")[0]


def target_of(path: str) -> str:
    """``t3d0`` of a path that ends in ``sd@3,0``: target and lun are hexadecimal there.

    Raises ``InputError`` for a path whose last node has no target and lun.
    """
    found = _NODE.fullmatch(path.rpartition("/")[2])
    if not path.startswith("/") or found is None:
        raise InputError(f"'{path}' is no /devices path of a disk")
    target = found["target"]
    text = target[1:].upper() if target.startswith("w") else str(int(target, 16))
    return f"t{text}d{int(found['lun'], 16)}"


def number_controllers(
    paths: Iterable[str],
    kept: Mapping[str, int] | None = None,
    order: Sequence[str] = (),
) -> dict[str, int]:
    """Controllers with their numbers, for units found in the order of ``paths``.

    ``kept`` are those that the root's /dev knows already.  ``order`` puts controllers in
    another order than that of the units (the probe order of a boot that renumbers them);
    those it does not name come behind.
    """
    numbers = dict(kept or {})
    found = list(dict.fromkeys(controller_of(path) for path in paths))
    ordered = [c for c in order if c in found] + [c for c in found if c not in order]
    for controller in ordered:
        if controller not in numbers:
            taken = set(numbers.values())
            numbers[controller] = next(n for n in range(len(taken) + 1) if n not in taken)
    return numbers


def build_names(
    units: Sequence[Unit],
    *,
    kept: Mapping[str, int] | None = None,
    order: Sequence[str] = (),
) -> dict[str, Unit]:
    """``c0t3d0`` and so on, to units; see ``number_controllers``."""
    numbers = number_controllers((unit.path for unit in units), kept, order)
    return {f"c{numbers[controller_of(u.path)]}{target_of(u.path)}": u for u in units}


def kept_controllers(root: Path) -> dict[str, int]:
    """The controllers that the links in ``root``/dev/rdsk and /dev/dsk number."""
    numbers: dict[str, int] = {}
    for name, target in device_links(root):
        found = _NAME.fullmatch(name)
        if found is not None:
            numbers.setdefault(controller_of(target), int(found[1]))
    return numbers


def device_links(root: Path) -> Iterator[tuple[bytes, str]]:
    """Name and /devices path without slice of each link in ``root``/dev/dsk and /dev/rdsk."""
    for kind in ("rdsk", "dsk"):
        directory = root / "dev" / kind
        if directory.is_symlink() or not directory.is_dir():
            continue
        for link in sorted(directory.iterdir()):
            if link.is_symlink():
                path = path_of_device(os.fsencode(link.readlink()))
                if path is not None:
                    yield os.fsencode(link.name), path[0]


def path_of_device(name: bytes) -> tuple[str, int, bool] | None:
    """/devices path, slice and raw-or-not of a name that leads below a ``devices``, or None."""
    _, mark, rest = name.rpartition(b"devices/")
    found = _DEVICE.fullmatch(b"/" + rest) if mark else None
    if found is None:
        return None
    slice_ = LETTERS.index(found[2].decode())
    return found[1].decode("latin-1"), slice_, found[3] is not None


def device_at(units: Sequence[Unit], name: bytes) -> DeviceRef | None:
    """The device that a path inside the machine, links followed, leads to, or None."""
    found = path_of_device(name)
    if found is None:
        return None
    path, slice_, raw = found
    for unit in units:
        if unit.path == path:
            return DeviceRef(unit, slice_, raw)
    return None


def lay_out_nodes(devices: Path, units: Sequence[Unit]) -> Iterator[tuple[Path, DeviceRef]]:
    """Make a placeholder for every slice of every unit below ``devices``; what is there stays.

    Iterate to the end; each placeholder comes with what it stands for.
    """
    for unit in units:
        base = devices / unit.path.lstrip("/")
        base.parent.mkdir(parents=True, exist_ok=True)
        for number, letter in enumerate(LETTERS):
            for raw in (False, True):
                node = base.with_name(f"{base.name}:{letter}{',raw' if raw else ''}")
                if not node.is_symlink() and not node.exists():
                    _make_node(node, raw=raw)
                    yield node, DeviceRef(unit, number, raw)


def _make_node(node: Path, *, raw: bool) -> None:
    """A character device of number 0,0, which anybody may make and nobody may open, so that
    ``[ -c name ]`` is true; an empty file for a block device, and before Linux 5.8.
    """
    try:
        if raw:
            os.mknod(node, stat.S_IFCHR | 0o640, 0)
            return
    except PermissionError:
        pass
    node.touch(0o640)


def lay_out_links(dev: Path, names: Mapping[str, Unit]) -> None:
    """Make ``dev``/dsk and ``dev``/rdsk; a link of the same name is replaced."""
    for kind, end in (("dsk", ""), ("rdsk", ",raw")):
        directory = dev / kind
        directory.mkdir(parents=True, exist_ok=True)
        for name, unit in names.items():
            for number, letter in enumerate(LETTERS):
                link = directory / f"{name}s{number}"
                target = f"../../devices{unit.path}:{letter}{end}"
                if link.is_symlink():
                    if link.readlink() == Path(target):
                        continue
                    link.unlink()
                link.symlink_to(target)
