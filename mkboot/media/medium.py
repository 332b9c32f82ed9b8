# SPDX-License-Identifier: Apache-2.0
"""An image opened for looking: its label, its slices, the file systems in them.

Nothing is judged here and little is read: what a slice holds is recognised from a few
sectors; trees are read when somebody asks.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.flar import looks_like_flar
from mkboot.formats.iso import IsoVolume, looks_like_iso, read_iso
from mkboot.formats.label import (
    SECTOR,
    TAG_BACKUP,
    Label,
    SliceEntry,
    label_xor,
    looks_like_label,
    parse_label_leniently,
)
from mkboot.formats.ufs import looks_like_ufs
from mkboot.formats.ufsdump import Dump, looks_like_dump, read_dump
from mkboot.media.layouts import CDTOC, know_stranger
from mkboot.media.openslice import OpenSlice as OpenSlice
from mkboot.model.inspection import Kind
from mkboot.tree.content import RunsContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import ByteSource, FileSource

#: The cylinder of optical discs, in sectors.
DISC_CYLINDER = 640

_VTOC_SANE = bytes.fromhex("600ddeee")
#: Partition types of Solaris on PCs.  Source: illumos sys/dktp/fdisk.h.
_X86_PARTITIONS = frozenset((0x82, 0xBF))
_ISO_SECTOR = 2048
_FIRST_DESCRIPTOR = 16 * _ISO_SECTOR


def data_end(iso: IsoVolume) -> int:
    """Where the last file of an ISO 9660 ends, in bytes, rounded up to its sectors.

    Its descriptor may say more: genisoimage counts the slices behind it in.
    """
    end = _FIRST_DESCRIPTOR
    for node in iso.tree.nodes:
        content = node.content
        if isinstance(content, RunsContent) and content.runs:
            _, length, at = content.runs[-1]
            end = max(end, at + length)
    return -(-end // _ISO_SECTOR) * _ISO_SECTOR


def _goes_on(label: Label, size: int) -> bool:
    """Whether a label names slices behind ``size`` bytes."""
    ends = (label.start(e.number) + e.sectors for e in label.used)
    return bool(label.geometry.cylinder) and any(end * SECTOR > size for end in ends)


class Medium:
    """An image of any kind, opened.

    ``source`` is read in place of the file; ``is_part`` says that it is a slice of a larger
    image, whose name is not its own.
    ``label`` is there when its magic is, whatever its checksum; ``iso`` when one could be
    read, else ``iso_problem`` may say why not.
    """

    def __init__(
        self, path: Path, source: ByteSource | None = None, *, is_part: bool = False
    ) -> None:
        self.path = path
        self.is_part = is_part
        self.source: ByteSource = source if source is not None else FileSource(path)
        self.size = self.source.size
        self.sector = self.source.pread(0, SECTOR)
        self.label: Label | None = (
            parse_label_leniently(self.sector) if looks_like_label(self.sector) else None
        )
        if is_part and self.label is not None and _goes_on(self.label, self.size):
            self.label = None  # slice 0 takes the label of the whole along
        self.has_iso = looks_like_iso(self.source)

    @property
    def label_is_valid(self) -> bool:
        """Whether a PROM would take the label."""
        label = self.label
        return label is not None and label_xor(label.raw) == 0 and label.geometry.cylinder > 0

    @property
    def was_labelled(self) -> bool:
        """Whether there are remains of a label whose magic is gone."""
        if self.label is not None or self.is_part or len(self.sector) < SECTOR:
            return False
        return self.sector[188:192] == _VTOC_SANE

    @property
    def has_mbr(self) -> bool:
        """Whether sector 0 ends like a PC's boot sector."""
        return self.sector[510:512] == b"\x55\xaa"

    @property
    def has_x86_partition(self) -> bool:
        """Whether a PC's partition table names Solaris."""
        return self.has_mbr and any(
            self.sector[446 + 16 * n + 4] in _X86_PARTITIONS for n in range(4)
        )

    @cached_property
    def slices(self) -> tuple[OpenSlice, ...]:
        """The used slices; none without a label that has a geometry."""
        label = self.label
        if label is None or not label.geometry.cylinder or self.kind is Kind.SLICE:
            return ()
        return tuple(
            OpenSlice(self.source, e, label.start(e.number), covers_all=self._covers_all(label, e))
            for e in label.used
        )

    def _covers_all(self, label: Label, entry: SliceEntry) -> bool:
        """Whether a slice is slice 2 of a disk by convention: all of it, for backups."""
        if entry.start_cylinder or len(label.used) == 1:
            return False
        if entry.tag == TAG_BACKUP:
            return True
        whole = label.geometry.cylinder * label.geometry.ncyl
        return entry.number == 2 and entry.sectors >= whole and self.kind is Kind.DISK

    def slice(self, number: int) -> OpenSlice | None:
        """The used slice of that number."""
        return next((s for s in self.slices if s.number == number), None)

    def tree_in(self, number: int) -> FileTree | None:
        """All files of the UFS in slice ``number``, None where there is none."""
        there = self.slice(number)
        return there.tree if there is not None else None

    @cached_property
    def whole(self) -> OpenSlice:
        """The image as one slice."""
        return OpenSlice(self.source, SliceEntry(-1, 0, -(-self.size // SECTOR)), 0)

    @cached_property
    def iso(self) -> IsoVolume | None:
        """The ISO 9660 file system at the beginning, read; None where there is none."""
        return self._iso if isinstance(self._iso, IsoVolume) else None

    @cached_property
    def iso_problem(self) -> InputError | None:
        """Why the ISO 9660 file system cannot be read."""
        return self._iso if isinstance(self._iso, InputError) else None

    @cached_property
    def iso_end(self) -> int | None:
        """Where the ISO 9660 itself ends, in bytes; None where there is none to be read.

        That is what its descriptor says, unless slice 0 says less: genisoimage counts the
        slices behind it, and its padding behind those, in.
        """
        iso = self.iso
        if iso is None:
            return None
        first = self.slice(0)
        if first is None or iso.size <= first.size:
            return iso.size
        return data_end(iso)

    @property
    def iso_is_cut(self) -> bool:
        """Whether the image ends before the files of its ISO 9660 do."""
        if self.iso is not None:
            return data_end(self.iso) > self.size
        if not self.has_iso:
            return False
        blocks = self.source.pread(_FIRST_DESCRIPTOR + 80, 4)  # ECMA-119 8.4.8
        return int.from_bytes(blocks, "little") * _ISO_SECTOR > self.size

    @property
    def is_for_sparc(self) -> bool:
        """Whether the files of a disc are those of a Solaris disc for SPARC."""
        return (
            self.iso is not None
            and know_stranger(self.iso.tree) is None
            and (self.iso.tree.find(CDTOC) is not None)
        )

    @cached_property
    def _iso(self) -> IsoVolume | InputError | None:
        if not self.has_iso:
            return None
        try:
            return read_iso(self.source)
        except InputError as e:
            return e

    @cached_property
    def dump(self) -> Dump | None:
        """The dump stream that the image is; None where it is none, or damaged."""
        return self._dump if isinstance(self._dump, Dump) else None

    @cached_property
    def dump_problem(self) -> InputError | None:
        """Why the dump stream cannot be read."""
        return self._dump if isinstance(self._dump, InputError) else None

    @cached_property
    def _dump(self) -> Dump | InputError | None:
        if self.kind is not Kind.DUMP:
            return None
        try:
            return read_dump(self.source)
        except InputError as e:
            return e

    @cached_property
    def kind(self) -> Kind:
        """What the image is, from a few of its sectors."""
        if looks_like_flar(self.source):
            return Kind.FLAR
        if self.has_iso:
            return Kind.DISC
        if self.label is not None:
            return self._kind_by_label(self.label)
        if looks_like_ufs(self.source) and not self.was_labelled:
            return Kind.SLICE
        if looks_like_dump(self.source):
            return Kind.DUMP
        return Kind.DISK if self.was_labelled or self.has_x86_partition else Kind.UNKNOWN

    def _kind_by_label(self, label: Label) -> Kind:
        g = label.geometry
        if looks_like_ufs(self.source):
            return Kind.SLICE if self._is_slice_0_alone(label) else Kind.DISK
        return Kind.DISC if g.nhead == 1 and g.cylinder == DISC_CYLINDER else Kind.DISK

    def _is_slice_0_alone(self, label: Label) -> bool:
        """Whether this is slice 0 cut out of a disk: it takes the label in sector 0 along."""
        length = self.size // SECTOR
        lengths = {e.sectors for e in label.used if e.start_cylinder == 0 and e.tag != TAG_BACKUP}
        return length in lengths and any(
            label.start(e.number) + e.sectors > length for e in label.used
        )
