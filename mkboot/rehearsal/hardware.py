# SPDX-License-Identifier: Apache-2.0
"""The hardware of the emulated machine: disks and drives as the kernel of a Sun sees them.

A device is read and written by sectors of 512 bytes; what goes wrong is a ``DeviceError``
with the error number that the Sun's kernel would give (ENXIO for a slice that is not
there, EIO for a bad sector), never an error of mkboot's.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from mkboot.errors import InputError, stopped_by
from mkboot.formats.label import (
    SECTOR,
    SLICES,
    Label,
    backup_label_sectors,
    read_label,
    write_label,
)
from mkboot.rehearsal.bytesmove import move_data, punch
from mkboot.rehearsal.medium import DeviceError, Faults, FaultySource
from mkboot.tree.source import ByteSink, ByteSource, FileSink, FileSource

__all__ = [
    "BEFORE_UFS",
    "DeviceError",
    "Disc",
    "DiscWindow",
    "Disk",
    "Drive",
    "Faults",
    "SliceWindow",
    "Unit",
]

#: What a UFS never touches: the label and the boot block before its superblock.
BEFORE_UFS = 8192


class Disk:
    """A disk: a raw image of ``sectors`` sectors, and the shape that its drive reports.

    ``path`` is its /devices path without slice.  The label is read afresh each time, as
    what a disk holds may be changed by anybody at any time.
    """

    removable = False

    def __init__(self, path: str, image: Path, sectors: int, heads: int, nsect: int) -> None:
        self.path = path
        self.image = image
        self.sectors = sectors
        self.heads = heads
        self.nsect = nsect
        self.faults = Faults()
        try:
            self._fd = os.open(image, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._fd).st_size < self.size:
                os.ftruncate(self._fd, self.size)
        except OSError as e:
            raise stopped_by(e, str(image)) from e
        self._sink = FileSink(self._fd, 0, self.size)
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return self.sectors * SECTOR

    def pread(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes; ``DeviceError`` EIO at a bad sector."""
        length = max(0, min(length, self.size - offset))
        if self.faults.meets(offset, length):
            raise DeviceError(errno.EIO, self.path)
        parts: list[bytes] = []
        while length > 0:
            data = os.pread(self._fd, length, offset)
            if not data:
                data = bytes(length)  # the image is cut short: what was never written
            parts.append(self.faults.applied(offset, data))
            offset += len(data)
            length -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write all; ``DeviceError`` EIO at a bad sector, ENXIO past the end."""
        if offset < 0 or offset + len(data) > self.size:
            raise DeviceError(errno.ENXIO, self.path)
        if self.faults.meets(offset, len(data)):
            raise DeviceError(errno.EIO, self.path)
        self._sink.pwrite(offset, data)

    @property
    def label(self) -> Label | None:
        """The label that the kernel takes, or None: an unlabelled disk.

        A label that claims more than the disk has is not taken.  Source: illumos io/cmlb.c.
        """
        try:
            found = read_label(self.pread(0, SECTOR))
        except (InputError, DeviceError):
            return None
        geometry = found.geometry
        counted = geometry.cylinder * (geometry.ncyl + (1 if geometry.acyl else 0))
        return found if counted <= self.sectors else None

    def put_label(self, label: Label) -> None:
        """Write a label and its copies."""
        data = write_label(label)
        with self._lock:
            for sector in (0, *backup_label_sectors(label.geometry)):
                if sector < self.sectors:
                    self.pwrite(sector * SECTOR, data)

    def extent(self, number: int) -> tuple[int, int]:
        """First sector and length of a slice; ENXIO where there is none (illumos io/cmlb.c)."""
        label = self.label
        if label is None or not 0 <= number < SLICES:
            raise DeviceError(errno.ENXIO, self.path)
        start, length = label.start(number), label.entry(number).sectors
        length = min(length, self.sectors - start)
        if length <= 0:
            raise DeviceError(errno.ENXIO, self.path)
        return start, length

    def window(self, number: int) -> SliceWindow:
        """A slice, to be read and written."""
        start, length = self.extent(number)
        return SliceWindow(self, start * SECTOR, length * SECTOR)

    @property
    def descriptor(self) -> int:
        """The image's file descriptor, for those who move much."""
        return self._fd

    def close(self) -> None:
        """Give the image back."""
        os.close(self._fd)


class SliceWindow:
    """A slice of a disk as a source and a sink of bytes."""

    def __init__(self, disk: Disk, offset: int, size: int) -> None:
        self.disk = disk
        self.offset = offset
        self.size = size

    def pread(self, offset: int, length: int) -> bytes:
        """Read within the slice only."""
        length = min(length, self.size - offset)
        return self.disk.pread(self.offset + offset, length) if length > 0 else b""

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write within the slice; past its end ENXIO."""
        if offset < 0 or offset + len(data) > self.size:
            raise DeviceError(errno.ENXIO, self.disk.path)
        self.disk.pwrite(self.offset + offset, data)

    def clear(self, offset: int = BEFORE_UFS) -> None:
        """Make all from ``offset`` on zeros, without writing them."""
        if self.size > offset:
            if self.disk.faults.meets(self.offset + offset, self.size - offset):
                raise DeviceError(errno.EIO, self.disk.path)
            punch(self.disk.descriptor, self.offset + offset, self.size - offset)

    def rewrite(self, write: Callable[[ByteSink], object], scratch: Path | None) -> None:
        """Replace the file system in the slice by what ``write`` puts into a sink of zeros.

        With ``scratch`` it is written there first, and moved when it is complete: for content
        that refers to what lies in the slice now.  Without, the slice is cleared first.
        """
        if scratch is None:
            self.clear()
            write(self)
            return
        fd = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, self.size)
            write(FileSink(fd, 0, self.size))
            self.clear()
            move_data(fd, self.disk.descriptor, BEFORE_UFS, self.offset, self.size)
        finally:
            os.close(fd)
            scratch.unlink()


class Disc:
    """A disc: an image that is only read, with a Sun label or without."""

    def __init__(self, image: Path) -> None:
        self.image = image
        self.faults = Faults()
        self._file = FileSource(image)
        self.source: ByteSource = FaultySource(self._file, self.faults, str(image))

    @property
    def label(self) -> Label | None:
        """The Sun label, or None."""
        try:
            return read_label(self.source.pread(0, SECTOR))
        except (InputError, DeviceError):
            return None

    def extent(self, number: int) -> tuple[int, int]:
        """Offset and length of a slice in bytes, or ENXIO.

        Without a label slices 0 and 2 are the whole disc.  Source: illumos io/cmlb.c.
        """
        label, whole = self.label, self.source.size
        if label is None:
            found = (0, whole) if number in (0, 2) else (0, 0)
        else:
            start = label.start(number) * SECTOR
            found = start, min(label.entry(number).sectors * SECTOR, whole - start)
        if found[1] <= 0:
            raise DeviceError(errno.ENXIO, str(self.image))
        return found

    def close(self) -> None:
        """Give the image back."""
        self._file.close()


class Drive:
    """A CD or DVD drive: a disc or none, open or shut.

    ``locked`` holds what keeps the disc inside: the root that runs from it (``root``), a file
    system that is mounted (its mount point).  The button of a locked drive does nothing.
    """

    removable = True

    def __init__(self, path: str) -> None:
        self.path = path
        self.disc: Disc | None = None
        self.is_open = False
        self.locked: set[str] = set()

    @property
    def label(self) -> Label | None:
        """The disc's label, or None."""
        return self.disc.label if self.disc is not None else None

    def window(self, number: int) -> ByteSource:
        """A slice of the disc; ``DeviceError`` EIO for an empty drive, ENXIO for no slice."""
        if self.disc is None:
            raise DeviceError(errno.EIO, self.path)
        offset, length = self.disc.extent(number)
        return DiscWindow(self.disc, offset, length)

    def insert(self, disc: Disc | None) -> None:
        """A person puts a disc (None: nothing) into the open drive and shuts it.

        A shut drive is opened by its button first: ``DeviceError`` EBUSY where it is locked.
        """
        if not self.is_open:
            self.open()
        self.disc = disc
        self.is_open = False

    def open(self) -> None:
        """Button or command; EBUSY where something keeps the disc inside."""
        if self.locked:
            raise DeviceError(errno.EBUSY, self.path)
        if self.disc is not None:
            self.disc.close()
        self.disc = None
        self.is_open = True


class DiscWindow:
    """A slice of the disc that was in the drive when it was opened."""

    def __init__(self, disc: Disc, offset: int, size: int) -> None:
        self._source = disc.source
        self.offset = offset
        self.size = size

    def pread(self, offset: int, length: int) -> bytes:
        """Read within the slice only."""
        length = min(length, self.size - offset)
        return self._source.pread(self.offset + offset, length) if length > 0 else b""


#: What a device name leads to.
Unit = Disk | Drive
