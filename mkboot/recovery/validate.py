# SPDX-License-Identifier: Apache-2.0
"""A manifest from a disc is somebody else's file: what it says must hold together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mkboot.errors import InputError
from mkboot.formats.label import SECTOR, read_label
from mkboot.model.job import SEGMENT_MAX, SEGMENT_UNIT
from mkboot.model.manifest import Borrowed, BorrowedKind, SetManifest, Stream
from mkboot.model.packing import Packing
from mkboot.model.system import Disk, FileSystem, System
from mkboot.recovery.paths import BIN_FOLDER, BORROWED_NAME, LIB_FOLDER, segment_path
from mkboot.system.disks import DISK_NAME, split_slice_name
from mkboot.system.store import dump_name

#: No disk with a Sun label is larger, in sectors.
_SECTORS_MAX = 1 << 32


def validate_manifest(manifest: SetManifest, place: tuple[str, ...]) -> None:
    """Raise ``InputError`` at ``place`` for the first thing that cannot be."""
    for problem in (
        *_volumes(manifest),
        *system_problems(manifest.system),
        *_streams(manifest),
        *_borrowed(manifest.borrowed),
    ):
        raise InputError(problem, place=place)


def validate_system(system: System, place: tuple[str, ...]) -> None:
    """The same for ``system.json``."""
    for problem in system_problems(system):
        raise InputError(problem, place=place)


def _volumes(manifest: SetManifest) -> Iterator[str]:
    numbers = [v.number for v in manifest.volumes]
    if numbers != list(range(1, len(numbers) + 1)) or not numbers:
        yield f"the volumes are numbered {numbers}"


def _streams(manifest: SetManifest) -> Iterator[str]:
    dumps = {(fs.slice, d.level): d for fs in manifest.system.file_systems for d in fs.dumps}
    slices = {fs.slice for fs in manifest.system.file_systems}
    seen: set[tuple[str, int]] = set()
    for stream in manifest.streams:
        name = f"{stream.slice} level {stream.level}"
        if stream.slice not in slices or (stream.slice, stream.level) in seen:
            yield f"{name}: no file system of the host, or twice"
            continue
        seen.add((stream.slice, stream.level))
        if any(s.packed not in (Packing.NONE, manifest.compress) for s in stream.segments):
            yield f"{name}: compressed otherwise than by {manifest.compress}"
        yield from (f"{name}: {text}" for text in _segments(stream, len(manifest.volumes)))
        dump = dumps.get((stream.slice, stream.level))
        if dump is None or [s.size for s in dump.segments] != [s.size for s in stream.segments]:
            yield f"{name}: its segments are not those that were captured"
    for slice_ in sorted(slices):
        if (slice_, 0) not in seen:
            yield f"{slice_} has no level 0"


def _segments(stream: Stream, volumes: int) -> Iterator[str]:
    offset, count = 0, len(stream.segments)
    for index, segment in enumerate(stream.segments):
        path = segment_path(stream.slice, stream.level, index, count, segment.packed)
        if segment.file != path:
            yield f"segment {index + 1} is called {segment.file!r}, not {path}"
        if segment.offset != offset or segment.size <= 0:
            yield f"segment {segment.file} does not follow the one before it"
        if not 1 <= segment.volume <= volumes:
            yield f"segment {segment.file} lies on volume {segment.volume} of {volumes}"
        if segment.packed is Packing.NONE and segment.checksums.size != segment.size:
            yield f"segment {segment.file} is {segment.checksums.size} bytes for {segment.size}"
        elif not 0 < segment.checksums.size <= segment.size:
            yield f"segment {segment.file} became no smaller: {segment.checksums.size} bytes"
        offset += segment.size
    if offset != stream.size or not stream.segments:
        yield f"its segments have {offset} bytes, not {stream.size}"


def _borrowed(files: Sequence[Borrowed]) -> Iterator[str]:
    folders = {BorrowedKind.COMMAND: BIN_FOLDER, BorrowedKind.LIBRARY: LIB_FOLDER}
    for each in files:
        folder, _, name = each.file.rpartition("/")
        if folder != folders[each.kind] or not BORROWED_NAME.fullmatch(name):
            yield f"a borrowed {each.kind} is called {each.file!r}"


def system_problems(system: System) -> Iterator[str]:
    """Everything about a captured host that cannot be, as sentences."""
    names = [disk.name for disk in system.disks]
    if len(set(names)) != len(names):
        yield "a disk stands there twice"
    for disk in system.disks:
        yield from (f"disk {disk.name}: {text}" for text in _disk(disk))
    numbers = {f"{d.name}s{s.number}" for d in system.disks for s in d.slices}
    mounts = [fs.mount for fs in system.file_systems if fs.mount]
    slices = [fs.slice for fs in system.file_systems]
    for fs in system.file_systems:
        yield from (f"{fs.slice}: {text}" for text in _dumps(fs))
        if slices.count(fs.slice) > 1:
            yield f"{fs.slice} stands there twice"
        if fs.slice not in numbers:
            yield f"{fs.slice} is no slice of the host's disks"
        if fs.mount and (not fs.mount.startswith(b"/") or mounts.count(fs.mount) > 1):
            yield f"{fs.slice} is mounted where it cannot be"
    for block in system.boot_blocks:
        if block.slice not in numbers:
            yield f"boot block of {block.slice}, which is no slice of the host's disks"
        elif block.file != f"{block.slice}.bootblk":
            yield f"boot block of {block.slice}: an odd file name"


def _dumps(fs: FileSystem) -> Iterator[str]:
    levels = [d.level for d in fs.dumps]
    if len(set(levels)) != len(levels) or 0 not in levels or not all(0 <= n <= 9 for n in levels):
        yield f"its levels are {levels}"
    for dump in fs.dumps:
        size = dump.segment_size
        if dump.file != dump_name(fs.slice, dump.level):
            yield f"level {dump.level}: an odd file name"
        if not 0 < size < SEGMENT_MAX or size % SEGMENT_UNIT:
            yield f"level {dump.level}: segments of {size} bytes"
            continue
        whole, rest = divmod(dump.size, size)
        wanted = [size] * whole + ([rest] if rest else [])
        if [s.size for s in dump.segments] != wanted:
            yield f"level {dump.level}: its segments do not add up to {dump.size} bytes"


def _disk(disk: Disk) -> Iterator[str]:
    if not DISK_NAME.fullmatch(disk.name):
        yield "no disk is called so"
    if not 0 < disk.sectors < _SECTORS_MAX:
        yield f"it cannot have {disk.sectors} sectors"
    try:
        label = read_label(bytes.fromhex(disk.label))
    except (InputError, ValueError) as e:
        yield f"its label: {e}"
        return
    if len(disk.label) != 2 * SECTOR or label.geometry != disk.geometry:
        yield "its label and its geometry do not agree"
    for record in disk.slices:
        split_slice_name(f"{disk.name}s{record.number}")
        entry = label.entry(record.number)
        if (label.start(record.number), entry.sectors) != (record.start, record.sectors):
            yield f"slice {record.number} is not what the label says"
