# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a medium: the kernel's errors, bad sectors, bytes that are turned."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field

from mkboot.formats.label import SECTOR
from mkboot.tree.source import ByteSource

#: Solaris' words for the errors that devices give here.
REASONS = {
    errno.EIO: "I/O error",
    errno.ENXIO: "No such device or address",
    errno.EBUSY: "Device busy",
    errno.EROFS: "Read-only file system",
    errno.ENOENT: "No such file or directory",
    errno.ENOSPC: "No space left on device",
    errno.EINVAL: "Invalid argument",
}


class DeviceError(OSError):
    """What the emulated kernel answers; ``reason`` is Solaris' text for it."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(number, self.text_of(number), what)

    @staticmethod
    def text_of(number: int) -> str:
        """Solaris' text for an error number of the workstation's."""
        return REASONS.get(number, os.strerror(number))

    @property
    def reason(self) -> str:
        """Solaris' text."""
        return self.text_of(self.errno or errno.EIO)


@dataclass(slots=True)
class Faults:
    """What is broken about a medium: ``bad`` sectors cannot be read or written, ``flips``
    are bytes that read otherwise than they were written (offset to bits that are turned).
    """

    bad: set[int] = field(default_factory=set)
    flips: dict[int, int] = field(default_factory=dict)

    def meets(self, offset: int, length: int) -> bool:
        """Whether one of the bytes lies in a bad sector."""
        if not self.bad or length <= 0:
            return False
        first, last = offset // SECTOR, (offset + length - 1) // SECTOR
        if last - first < len(self.bad):
            return any(sector in self.bad for sector in range(first, last + 1))
        return any(first <= sector <= last for sector in self.bad)

    def applied(self, offset: int, data: bytes) -> bytes:
        """The data as they read."""
        inside = [at for at in self.flips if offset <= at < offset + len(data)]
        if not inside:
            return data
        changed = bytearray(data)
        for at in inside:
            changed[at - offset] ^= self.flips[at]
        return bytes(changed)


class FaultySource:
    """A source as a medium with faults gives it."""

    def __init__(self, source: ByteSource, faults: Faults, name: str) -> None:
        self._source = source
        self._faults = faults
        self._name = name
        self.size = source.size

    def pread(self, offset: int, length: int) -> bytes:
        """Read; raises ``DeviceError`` EIO where a bad sector is met."""
        if self._faults.meets(offset, min(length, self.size - offset)):
            raise DeviceError(errno.EIO, self._name)
        return self._faults.applied(offset, self._source.pread(offset, length))
