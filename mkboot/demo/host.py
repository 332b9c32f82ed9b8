# SPDX-License-Identifier: Apache-2.0
"""The made-up Solaris host of ``mkboot demo``: two disk images, with all that hurts, small."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mkboot.demo.bootblocks import fcode_redirect
from mkboot.demo.host_trees import home_tree, nearly_empty_tree, root_tree, usr_tree, var_tree
from mkboot.demo.planting import WHEN
from mkboot.formats import bootblock
from mkboot.formats.label import (
    FLAG_UNMOUNTABLE,
    SECTOR,
    TAG_BACKUP,
    TAG_HOME,
    TAG_ROOT,
    TAG_SWAP,
    TAG_UNASSIGNED,
    TAG_USR,
    TAG_VAR,
    SliceEntry,
    backup_label_sectors,
    make_label,
    write_label,
)
from mkboot.formats.ufs import choose_parameters, write_ufs
from mkboot.model.values import Geometry
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import FileSink

_GENERATION = 0x5EED
_WHOLE_DISK = 2


@dataclass(frozen=True, slots=True)
class _Slice:
    """A slice, its length in cylinders; without a tree it stays zero."""

    number: int
    cylinders: int
    tag: int
    flag: int = 0
    mount: bytes = b""
    tree: FileTree | None = None


def make_demo_host(directory: Path) -> dict[str, Path]:
    """Write ``c0t0d0.img`` and ``c0t1d0.img`` into ``directory``; Solaris' names to paths.

    The same bytes each time.  The images are sparse; about 95 MB of content lie on the
    second disk.
    """
    disks = {
        "c0t0d0": (
            Geometry(16, 63, 130, 2, rpm=7200),
            (
                _Slice(0, 48, TAG_ROOT, 0, b"/", root_tree()),
                _Slice(1, 16, TAG_SWAP, FLAG_UNMOUNTABLE),
                _Slice(3, 24, TAG_VAR, 0, b"/var", var_tree()),
                _Slice(6, 42, TAG_USR, 0, b"/usr", usr_tree()),
            ),
        ),
        "c0t1d0": (
            Geometry(19, 248, 70, 2, rpm=5400),
            (
                _Slice(1, 4, TAG_SWAP, FLAG_UNMOUNTABLE),
                _Slice(3, 6, TAG_UNASSIGNED, 0, b"", nearly_empty_tree()),
                _Slice(7, 60, TAG_HOME, 0, b"/export/home", home_tree()),
            ),
        ),
    }
    paths: dict[str, Path] = {}
    for name, (geometry, slices) in disks.items():
        paths[name] = directory / f"{name}.img"
        _write_disk(paths[name], geometry, slices)
    return paths


def _write_disk(path: Path, geometry: Geometry, slices: tuple[_Slice, ...]) -> None:
    entries = [SliceEntry(_WHOLE_DISK, 0, geometry.ncyl * geometry.cylinder, TAG_BACKUP, 0)]
    cylinder = 0
    with path.open("xb") as file:
        file.truncate((geometry.ncyl + geometry.acyl) * geometry.cylinder * SECTOR)
        for each in slices:
            sectors = each.cylinders * geometry.cylinder
            entries.append(SliceEntry(each.number, cylinder, sectors, each.tag, each.flag))
            start = cylinder * geometry.cylinder * SECTOR
            _write_slice(FileSink(file.fileno(), start, sectors * SECTOR), geometry, each)
            cylinder += each.cylinders
        label = write_label(make_label(geometry, entries))
        for sector in (0, *backup_label_sectors(geometry)):
            os.pwrite(file.fileno(), label, sector * SECTOR)


def _write_slice(sink: FileSink, geometry: Geometry, each: _Slice) -> None:
    if each.tree is None:
        return
    sectors = each.cylinders * geometry.cylinder
    parameters = choose_parameters(
        sectors, nhead=geometry.nhead, nsect=geometry.nsect, rpm=geometry.rpm
    )
    write_ufs(
        each.tree, sink, parameters, time=WHEN, generation=_GENERATION, last_mounted=each.mount
    )
    if each.mount == b"/":
        bootblock.put_in(sink, fcode_redirect())
