# SPDX-License-Identifier: Apache-2.0
"""One slice of an image, opened for looking: what it holds, and its boot block."""

from __future__ import annotations

from functools import cached_property

from mkboot.errors import InputError
from mkboot.formats import bootblock
from mkboot.formats.iso import looks_like_iso
from mkboot.formats.label import SECTOR, TAG_SWAP, SliceEntry
from mkboot.formats.ufs import UfsVolume, looks_like_ufs, open_ufs
from mkboot.model.inspection import SliceHolds
from mkboot.model.layout import BootSlice
from mkboot.tree.filetree import FileTree, read_text
from mkboot.tree.source import ByteSource, Window

#: The file by which a boot slice sends its boot block to another slice.
REDIRECT = b"/.SUNW-boot-redirect"

#: What boots from where on discs of 2.6 and later, where no layout says so.
USUAL_BOOT_SLICES = (
    BootSlice(2, "sun4c", "aout"),
    BootSlice(3, "sun4m", "aout"),
    BootSlice(4, "sun4d", "aout"),
    BootSlice(5, "sun4u", "fcode"),
)

#: How much of a slice is looked at to call it empty, in bytes.
_PROBE = 65536
#: A UFS with so many inodes in use is still listed in an inspection.
_FEW = 50_000


class OpenSlice:
    """A used slice of a label, or a whole image that is one slice (number -1).

    ``window`` is as much of it as the image has; ``size`` is what the label says, bytes.
    ``covers_all`` says that it stands for the whole disk, and others lie in it.
    """

    def __init__(
        self, source: ByteSource, entry: SliceEntry, start: int, *, covers_all: bool = False
    ) -> None:
        self.covers_all = covers_all
        self.entry = entry
        self.number = entry.number
        self.start = start
        self.size = entry.sectors * SECTOR
        self.window = Window(source, start * SECTOR, self.size)

    @property
    def place(self) -> str:
        """What findings call it."""
        return f"slice {self.number}" if self.number >= 0 else "image"

    @property
    def is_cut(self) -> bool:
        """Whether the image ends before it does."""
        return self.window.size < self.size

    @property
    def is_small(self) -> bool:
        """Whether it has few enough files for all to be listed in passing, in an inspection."""
        return self.ufs is not None and self.ufs.used_inodes <= _FEW

    @property
    def ufs_is_absent(self) -> bool:
        """Whether it is all there, and holds no UFS."""
        return not self.is_cut and not looks_like_ufs(self.window)

    @cached_property
    def ufs(self) -> UfsVolume | None:
        """The UFS in it, or None where there is none or it cannot be opened."""
        return self._opened if isinstance(self._opened, UfsVolume) else None

    @cached_property
    def ufs_problem(self) -> InputError | None:
        """Why what looks like a UFS cannot be opened."""
        return self._opened if isinstance(self._opened, InputError) else None

    @cached_property
    def _opened(self) -> UfsVolume | InputError | None:
        if self.holds is not SliceHolds.UFS:
            return None
        try:
            return open_ufs(self.window, place=(self.place,))
        except InputError as e:
            return e

    @cached_property
    def tree(self) -> FileTree | None:
        """All files of the UFS; None where there is none.  Broken: ``InputError``."""
        return self.ufs.tree() if self.ufs is not None else None

    @cached_property
    def boot_block(self) -> bytes | None:
        """Sectors 1 to 15, or None where they are zero."""
        return bootblock.take_out(self.window)

    @cached_property
    def boot_kind(self) -> bootblock.BootBlockKind | None:
        """The kind of its boot block, where it has one that is recognised."""
        return bootblock.recognise(self.boot_block) if self.boot_block else None

    @cached_property
    def redirect(self) -> bytes | None:
        """What the redirect file says, None without one.  Broken: ``InputError``."""
        tree = self.tree
        return read_text(tree, REDIRECT, 512) if tree is not None else None

    @cached_property
    def holds(self) -> SliceHolds:
        """What it was found to hold, as far as the image has it."""
        if self.window.size == 0:
            return SliceHolds.UNKNOWN
        if looks_like_iso(self.window):
            return SliceHolds.ISO
        if self.covers_all:
            return SliceHolds.WHOLE_DISK
        if looks_like_ufs(self.window):
            return SliceHolds.UFS
        if self.entry.tag == TAG_SWAP:
            return SliceHolds.SWAP
        return SliceHolds.UNKNOWN if any(self.window.pread(0, _PROBE)) else SliceHolds.EMPTY
