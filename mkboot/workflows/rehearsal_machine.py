# SPDX-License-Identifier: Apache-2.0
"""The machine that a set is rehearsed on: the captured host's own, or one that a person
described, with blank disks or images that are there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError
from mkboot.formats.label import SECTOR, looks_like_label, parse_label_leniently
from mkboot.model.hostfile import HostDisk, HostFile
from mkboot.model.manifest import SetManifest
from mkboot.model.nvram import Nvram
from mkboot.model.system import Disk
from mkboot.output import PARTIAL
from mkboot.rehearsal.names import controller_of, target_of
from mkboot.rehearsal.spec import DiskSpec, DriveSpec, MachineSpec
from mkboot.tree.source import FileSource
from mkboot.workflows.restore import DiskTarget

#: Where disks and drives are put whose place nobody knows.
_DISKS, _DRIVES = "/pci@1f,0/pci@1,1/scsi@2", "/pci@1f,0/pci@1/scsi"
_HEADS, _NSECT = 16, 63
_MEMORY = 256
#: The target of the first CD drive, as Suns come; further ones behind it.
_CD_TARGET = 6


@dataclass(frozen=True, slots=True)
class PlacedDisk:
    """A disk of the machine: ``name`` as the host calls it, ``image`` while it is rehearsed,
    ``final`` where it is in the end; ``same`` as large and of the shape that was captured.
    """

    name: str
    image: Path
    final: Path
    spec: DiskSpec
    same: bool


def machine_for(
    manifest: SetManifest,
    host: HostFile | None,
    targets: Sequence[DiskTarget],
    folder: Path,
    shell: str,
) -> tuple[MachineSpec, tuple[PlacedDisk, ...]]:
    """The machine, and its disks in ``folder``: made, copied there, or new where SIZE was given.

    Raises ``CallerError`` for disks that neither the set nor the machine has.
    """
    system = manifest.system
    release = system.release
    if host is not None and host.release and host.release != release.version:
        raise CallerError(
            f"the set holds Solaris {release.version}, the machine's file says {host.release}"
        )
    disks = _disks(system.disks, host, targets, folder)
    nvram = system.nvram or Nvram()
    spec = MachineSpec(
        release=release.version,
        karch=host.karch if host is not None else release.karch or "sun4u",
        platform=(host.model if host is not None else "") or release.platform,
        memory_mb=host.memory_mb if host is not None else _MEMORY,
        hostname=(host.hostname if host is not None else "") or manifest.host,
        ether=host.ether if host is not None else nvram.ether,
        hostid=host.hostid if host is not None else nvram.hostid,
        disks=tuple(d.spec for d in disks),
        drives=_drives(1 if host is None else host.drives, disks),
        shell=shell,
    )
    return spec, disks


def _drives(count: int, disks: Sequence[PlacedDisk]) -> tuple[DriveSpec, ...]:
    """On a controller of their own, so that controllers can be numbered otherwise."""
    taken = {controller_of(d.spec.path) for d in disks}
    number = next(n for n in range(1, len(taken) + 2) if f"{_DRIVES}@{n}" not in taken)
    controller = f"{_DRIVES}@{number}"
    targets = range(_CD_TARGET, _CD_TARGET + count)
    return tuple(DriveSpec(f"{controller}/sd@{target:x},0") for target in targets)


def _disks(
    captured: Sequence[Disk],
    host: HostFile | None,
    targets: Sequence[DiskTarget],
    folder: Path,
) -> tuple[PlacedDisk, ...]:
    by_name = {d.name: d for d in captured}
    described = {d.name: d for d in host.disks} if host is not None else {}
    wanted = {t.name: t for t in targets}
    names = list(described) if host is not None else list(by_name)
    for name in wanted:
        if name not in names:
            raise CallerError(f"--disk {name}: there is no such disk",
                              hint=f"there are {', '.join(names)}")  # fmt: skip
    return tuple(
        _placed(n, by_name.get(n), described.get(n), wanted.get(n), folder, used)
        for used, n in enumerate(names)
    )


def _placed(
    name: str,
    captured: Disk | None,
    described: HostDisk | None,
    target: DiskTarget | None,
    folder: Path,
    order: int,
) -> PlacedDisk:
    final = folder / f"{name}.img"
    image = final.with_name(final.name + PARTIAL)
    sectors, heads, nsect = _shape(captured, described, target)
    if target is not None and target.size is None:
        sectors, heads, nsect = _attach(target.path, image, (heads, nsect))
    path = (described.path if described is not None else "") or (captured.path if captured else "")
    spec = DiskSpec(path or _made_up(name, order), image, sectors, heads, nsect)
    same = captured is not None and (sectors, heads, nsect) == (
        captured.sectors,
        captured.geometry.nhead,
        captured.geometry.nsect,
    )
    return PlacedDisk(name, image, final, spec, same)


def _shape(
    captured: Disk | None, described: HostDisk | None, target: DiskTarget | None
) -> tuple[int, int, int]:
    """Sectors, heads, sectors a track: as typed, as described, as captured."""
    if target is not None and target.size is not None:
        return target.size // SECTOR, target.heads or _HEADS, target.nsect or _NSECT
    if described is not None:
        return described.bytes // SECTOR, described.heads, described.sectors
    if captured is None:
        raise CallerError("a disk that nobody described")
    return captured.sectors, captured.geometry.nhead, captured.geometry.nsect


def _attach(path: Path, image: Path, shape: tuple[int, int]) -> tuple[int, int, int]:
    """A copy of an image that is there, which stays as it is; its size and shape."""
    if not path.is_file():
        raise CallerError(f"{path}: no such image", hint="FILE,SIZE makes a blank disk")
    shutil.copyfile(path, image)
    with FileSource(path) as source:
        sector = source.pread(0, SECTOR)
        heads, nsect = shape
        if looks_like_label(sector):
            geometry = parse_label_leniently(sector).geometry
            if geometry.cylinder:
                heads, nsect = geometry.nhead, geometry.nsect
        return source.size // SECTOR, heads, nsect


def _made_up(name: str, order: int) -> str:
    """A place for a disk whose /devices path was not captured."""
    target = name.partition("t")[2].partition("d")[0]
    number = int(target) if target.isdigit() and int(target) < 16 else order
    return f"{_DISKS}/sd@{number:x},0"


def controllers_of(spec: MachineSpec) -> tuple[str, ...]:
    """The controllers, in the order in which they are found.

    Raises ``InputError`` for a path that is none of a disk.
    """
    paths = [*(d.path for d in spec.disks), *(d.path for d in spec.drives)]
    for path in paths:
        target_of(path)
    return tuple(dict.fromkeys(controller_of(path) for path in paths))
