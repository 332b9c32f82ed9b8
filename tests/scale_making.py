# SPDX-License-Identifier: Apache-2.0
"""Large inputs without large inputs: trees whose content is reckoned, and disks of them.

What is asked here is how much memory and time mkboot takes; that its formats are right is
for others to say.  So everything is made by its own writers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mkboot.demo.programs import with_programs
from mkboot.formats.label import (
    SECTOR,
    TAG_BACKUP,
    TAG_HOME,
    TAG_ROOT,
    SliceEntry,
    make_label,
    write_label,
)
from mkboot.formats.ufs import choose_parameters, write_ufs
from mkboot.model.values import Geometry
from mkboot.tree.content import BytesContent, Content, Extent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import FileSink

WHEN = 1_018_310_400
HEADS, TRACK = 19, 248
CYLINDER = HEADS * TRACK * SECTOR
ROOT_CYLINDERS = 16
MIB, GIB = 1 << 20, 1 << 30
RUNNER = Path(__file__).with_name("scale_peak.py")
_PATTERN = bytes(range(256)) * 8192
_VFSTAB = b"""\
/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no -
/dev/dsk/c0t0d0s7 /dev/rdsk/c0t0d0s7 /export/home ufs 2 yes -
"""


class SyntheticContent(Content):
    """``size`` bytes that are reckoned from their place, with data at ``runs`` only."""

    __slots__ = ("_runs", "_seed", "_size")

    def __init__(
        self, size: int, seed: int, runs: tuple[tuple[int, int], ...] | None = None
    ) -> None:
        self._size = size
        self._seed = seed % 251 + 1
        self._runs = ((0, size),) if runs is None else runs

    @property
    def size(self) -> int:
        return self._size

    def extents(self) -> Iterator[Extent]:
        yield from (Extent(at, length) for at, length in self._runs if length)

    def read(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self._size)
        out = bytearray(max(0, end - offset))
        for at, run in self._runs:
            first, last = max(at, offset), min(at + run, end)
            if first < last:
                out[first - offset : last - offset] = self._data(first, last - first)
        return bytes(out)

    def _data(self, at: int, length: int) -> bytes:
        start = (at + self._seed) % 256
        whole = _PATTERN[start : start + length]
        while len(whole) < length:
            whole += _PATTERN[(start + len(whole)) % 256 :][: length - len(whole)]
        return whole


def many_files(count: int, *, each: int = 100, most: int = 3000) -> FileTree:
    """``count`` small files, ``each`` of them in a directory."""
    folder = directory(0o755, mtime=WHEN * SECOND)
    builder = TreeBuilder(folder)
    for number in range(count):
        if number % each == 0:
            where = builder.add(ROOT, b"folder-%06d" % (number // each), folder)
        content = SyntheticContent(number * 7919 % most, number)
        node = regular(content, 0o644, 1000, 10, (WHEN + number) * SECOND)
        builder.add(where, b"file-of-some-length-%07d" % number, node)
    return builder.build()


def one_file(size: int, every: int, run: int = MIB) -> FileTree:
    """One file of ``size`` bytes with ``run`` bytes of data every ``every`` bytes."""
    runs = tuple((at, min(run, size - at)) for at in range(0, size, every))
    builder = TreeBuilder(directory(0o755, mtime=WHEN * SECOND))
    content = SyntheticContent(size, 1, runs)
    builder.add(ROOT, b"large", regular(content, mtime=WHEN * SECOND))
    return builder.build()


def make_disk(path: Path, tree: FileTree, size: int) -> None:
    """A disk image with a small root in slice 0 and ``tree`` in slice 7, of ``size`` bytes."""
    cylinders = -(-size // CYLINDER)
    geometry = Geometry(HEADS, TRACK, ROOT_CYLINDERS + cylinders, 2, rpm=7200)
    sectors = HEADS * TRACK
    label = make_label(
        geometry,
        [
            SliceEntry(0, 0, ROOT_CYLINDERS * sectors, TAG_ROOT, 0),
            SliceEntry(2, 0, geometry.ncyl * sectors, TAG_BACKUP, 0),
            SliceEntry(7, ROOT_CYLINDERS, cylinders * sectors, TAG_HOME, 0),
        ],
    )
    with path.open("xb") as file:
        file.truncate((ROOT_CYLINDERS + cylinders + 2) * CYLINDER)
        os.pwrite(file.fileno(), write_label(label), 0)
        write_slice(file.fileno(), 0, ROOT_CYLINDERS, root_tree(), b"/")
        write_slice(file.fileno(), ROOT_CYLINDERS, cylinders, tree, b"/export/home")


def write_slice(fd: int, start: int, cylinders: int, tree: FileTree, mount: bytes) -> None:
    """A UFS in so many cylinders."""
    sectors = cylinders * HEADS * TRACK
    parameters = choose_parameters(sectors, nhead=HEADS, nsect=TRACK, rpm=7200)
    sink = FileSink(fd, start * CYLINDER, sectors * SECTOR)
    write_ufs(tree, sink, parameters, time=WHEN, generation=1, last_mounted=mount)


def root_tree() -> FileTree:
    """What a host must have to be one."""
    folder = directory(0o755, mtime=WHEN * SECOND)
    builder = TreeBuilder(folder)
    for path, text in ((b"/etc/vfstab", _VFSTAB), (b"/etc/nodename", b"large\n")):
        parent, _, name = path.rpartition(b"/")
        number = builder.make_directories(parent, folder)
        builder.add(number, name, regular(BytesContent(text), mtime=WHEN * SECOND))
    return with_programs(builder.build())


def peak_of(*arguments: str | Path) -> int:
    """Run a mkboot command by itself; the most memory that it held, in bytes."""
    command = [sys.executable, str(RUNNER), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return int(done.stdout.splitlines()[-1])
