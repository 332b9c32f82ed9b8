# SPDX-License-Identifier: Apache-2.0
"""What lies on a volume: the tree of its ISO 9660 image.

Everything under ``/mkboot`` and ``/README.TXT`` is ours; on volume 1 the install
environment of the base medium stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mkboot.errors import InputError
from mkboot.formats.checksum import CRC_START, close_cksum, digest_source, posix_cksum
from mkboot.model import codec
from mkboot.model.manifest import SetManifest, VolumeLabel
from mkboot.model.values import Checksums
from mkboot.recovery.paths import RUNBOOK, marker_path, vtoc_path
from mkboot.recovery.plan import make_plan
from mkboot.recovery.readme import readme
from mkboot.recovery.runbook import runbook_text
from mkboot.recovery.vtoc import vtoc_table
from mkboot.tree.content import BytesContent, Content, ContentSource, SolidContent
from mkboot.tree.filetree import ROOT, Entry, FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, NodeType, directory, regular
from mkboot.tree.source import ByteSource, BytesSource

_BLOCK = 2048


class SegmentContent(SolidContent):
    """A segment as it lies on a disc, whose checksum is watched while it is read in order.

    When its last byte has been read and its POSIX cksum is not the recorded one, that is
    an ``InputError``: what goes onto a disc is what was captured.
    """

    __slots__ = ("_at", "_crc", "_expected", "_name", "_source", "judged")

    def __init__(self, name: str, source: ByteSource, expected: Checksums) -> None:
        self._name = name
        self._source = source
        self._expected = expected
        self._at = 0
        self._crc = CRC_START
        #: Whether it was read to its end, in order, and was found right.
        self.judged = False

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._expected.size

    def read(self, offset: int, length: int) -> bytes:
        """A piece of the segment."""
        data = self._source.pread(offset, length)
        if offset == 0:
            self._at, self._crc = 0, CRC_START
        if offset == self._at and data:
            self._crc = posix_cksum(data, self._crc)
            self._at += len(data)
            self._judge()
        return data

    def _judge(self) -> None:
        if self._at != self.size:
            return
        if close_cksum(self._crc, self.size) == self._expected.cksum:
            self.judged = True
            return
        raise InputError(
            "is not what was captured: its checksum is another",
            place=(self._name,),
            hint="the capture was damaged after it was made; capture again",
        )


@dataclass(frozen=True, slots=True)
class VolumeFiles:
    """What goes onto one volume besides what is made from the manifest.

    ``programs`` may be run; what is ``small`` may only be read.
    """

    number: int
    environment: FileTree | None
    segments: Mapping[str, tuple[SegmentContent, Checksums]]
    small: Mapping[str, bytes] = field(default_factory=dict)
    programs: Mapping[str, tuple[Content, Checksums]] = field(default_factory=dict)


def volume_tree(manifest: SetManifest, files: VolumeFiles, known: dict[int, Checksums]) -> FileTree:
    """The finished tree of one volume.

    ``known`` remembers the checksums of the environment's files (by node number of its
    tree) from one call to the next.
    """
    time = manifest.created * SECOND
    folder = directory(0o755, mtime=time)
    builder = files.environment.edit() if files.environment else TreeBuilder(folder)
    builder.replace(ROOT, folder)
    sums = list(_environment_sums(files.environment, known))
    for path, data in sorted(_small_files(manifest, files).items()):
        _put(builder, path, BytesContent(data), time)
        sums.append((path, digest_source(BytesSource(data))))
    for path, (content, checksums) in {**files.segments, **files.programs}.items():
        _put(builder, path, content, time, 0o555 if path in files.programs else 0o444)
        sums.append((path, checksums))
    for path, text in (("/mkboot/cksum.txt", _cksum(sums)), ("/mkboot/sum.txt", _sysv(sums))):
        _put(builder, path, BytesContent(text), time)
    return builder.build()


def _small_files(manifest: SetManifest, files: VolumeFiles) -> dict[str, bytes]:
    label = VolumeLabel(
        manifest.schema, manifest.set_id, manifest.host, files.number, len(manifest.volumes)
    )
    unlisted = [show(e.path) for e in _files(files.environment) if not _plain(e.path)]
    text = readme(manifest, files.number, unlisted=unlisted)
    small = {
        "/README.TXT": text.encode("ascii"),
        RUNBOOK: runbook_text(manifest, make_plan(manifest), files.number).encode("ascii"),
        "/mkboot/set.json": _whole_blocks(codec.dumps(manifest).encode()),
        "/mkboot/volume.json": codec.dumps(label).encode(),
        marker_path(manifest.set_id, files.number): _marker(label),
    }
    for disk in manifest.system.disks:
        small[vtoc_path(disk.name)] = vtoc_table(disk).encode("ascii")
    return {**small, **files.small}


def _marker(label: VolumeLabel) -> bytes:
    return f"volume {label.number} of {label.of}\n".encode()


def _whole_blocks(text: bytes) -> bytes:
    """JSON padded with newlines to whole blocks, and at least 256 bytes, so that the
    numbers in it may grow without the image's growing.
    """
    size = -(-(len(text) + 256) // _BLOCK) * _BLOCK
    return text.ljust(size, b"\n")


def _put(builder: TreeBuilder, path: str, content: Content, time: int, mode: int = 0o444) -> None:
    parent, _, name = path.rpartition("/")
    folder = builder.make_directories(parent.encode(), directory(0o755, mtime=time))
    if name.encode() in builder.children(folder):
        raise InputError(f"the base medium has a file {path} of its own")
    builder.add(folder, name.encode(), regular(content, mode, mtime=time))


def _environment_sums(
    tree: FileTree | None, known: dict[int, Checksums]
) -> Iterator[tuple[str, Checksums]]:
    """Path and checksums of every regular file whose name cksum.txt can hold."""
    for entry in _files(tree):
        if not _plain(entry.path):
            continue
        if entry.number not in known:
            known[entry.number] = digest_source(ContentSource(entry.node.content))
        yield show(entry.path), known[entry.number]


def _files(tree: FileTree | None) -> Iterator[Entry]:
    return (e for e in (tree.walk() if tree else ()) if e.node.type is NodeType.FILE)


def _plain(path: bytes) -> bool:
    """A name without blanks and odd bytes, so that a line has three fields."""
    return all(0x20 < b < 0x7F and b != 0x5C for b in path)


def _cksum(sums: Iterable[tuple[str, Checksums]]) -> bytes:
    """``CRC BYTES PATH`` lines, PATH from the disc's root, without the first slash."""
    return "".join(f"{c.cksum} {c.size} {p[1:]}\n" for p, c in sorted(sums)).encode("ascii")


def _sysv(sums: Iterable[tuple[str, Checksums]]) -> bytes:
    """``SUM BLOCKS PATH`` lines, blocks of 512 bytes, as ``sum`` of System V prints them."""
    return "".join(f"{c.sum} {-(-c.size // 512)} {p[1:]}\n" for p, c in sorted(sums)).encode(
        "ascii"
    )
