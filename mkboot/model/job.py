# SPDX-License-Identifier: Apache-2.0
"""A job: ``job.toml``, what ``prepare`` found and decided (docs/job-toml.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mkboot.model.packing import Packing

SCHEMA = 1

#: Segments are multiples of this but for the last of a stream, and below ``SEGMENT_MAX``
#: (CLI: On a volume), in bytes.
SEGMENT_UNIT = 65536
SEGMENT_MAX = 1 << 31

#: What ``--strategy`` takes (DESIGN: strategies); ``auto`` is settled by ``build``.
STRATEGIES = ("auto", "single", "root-first", "two-drive")


@dataclass(frozen=True, slots=True)
class SourceDisk:
    """A disk of the host, by Solaris' name, and the image file it is read from."""

    disk: str
    file: bytes

    @property
    def path(self) -> Path:
        """The file."""
        return Path(os.fsdecode(self.file))


@dataclass(frozen=True, slots=True)
class JobFileSystem:
    """A file system to capture; ``mount`` is empty where vfstab does not mount it.

    ``exclude`` are paths below the mount point that are left out.
    """

    slice: str
    mount: bytes
    include: bool = True
    exclude: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """The whole of ``job.toml``.

    ``segment`` is the size of a segment in bytes; ``compress`` is how segments are
    compressed on the discs; ``nvram`` are files with what the host's NVRAM holds.
    """

    schema: int
    name: str
    base: bytes
    media: str
    strategy: str
    segment: int
    source: tuple[SourceDisk, ...]
    file_system: tuple[JobFileSystem, ...]
    compress: Packing = Packing.NONE
    nvram: tuple[bytes, ...] = ()

    @property
    def base_path(self) -> Path:
        """The base medium."""
        return Path(os.fsdecode(self.base))

    @property
    def nvram_paths(self) -> tuple[Path, ...]:
        """The files that tell of the NVRAM."""
        return tuple(Path(os.fsdecode(file)) for file in self.nvram)
