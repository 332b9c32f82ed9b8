# SPDX-License-Identifier: Apache-2.0
"""Discs for the tests of media: made by other programs, and damaged on purpose."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.base_media import BaseFacts, make_base
from fixtures.stage import Stage
from fixtures.sun_ufs import make_ufs
from fixtures.sunlabel import seal
from fixtures.ufs_geometry import Tracks
from mkboot.media.inspect import inspect_image
from mkboot.media.medium import Medium, data_end
from mkboot.model.inspection import Inspection
from mkboot.tree.content import RunsContent

#: A 2.6 medium with a VTOC, nothing behind its last slice, and a JumpStart directory.
SEED = 3
TRACKS = Tracks(1, 640)


@dataclass
class Image:
    """A copy of an image that a test damages."""

    path: Path
    facts: BaseFacts | None = None
    medium: Medium = field(init=False)

    def __post_init__(self) -> None:
        self.medium = Medium(self.path)

    def read(self, offset: int, length: int) -> bytes:
        return self.medium.source.pread(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        with self.path.open("r+b") as f:
            f.seek(offset)
            f.write(data)

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as f:
            f.write(data)

    def cut(self, size: int) -> None:
        with self.path.open("r+b") as f:
            f.truncate(size)

    def label(self, change: Callable[[bytearray], None]) -> None:
        """Change sector 0 and give it a right checksum again."""
        sector = bytearray(self.read(0, 512))
        change(sector)
        self.write(0, seal(sector))

    def slice_length(self, number: int, more: int) -> None:
        """Make a slice longer by ``more`` sectors, in the label only."""

        def change(sector: bytearray) -> None:
            (length,) = struct.unpack_from(">I", sector, 448 + 8 * number)
            struct.pack_into(">I", sector, 448 + 8 * number, length + more)

        self.label(change)

    def start(self, number: int) -> int:
        """First byte of a slice."""
        found = self.medium.slice(number)
        assert found is not None
        return found.start * 512

    def end(self, number: int) -> int:
        """The byte behind a slice."""
        found = self.medium.slice(number)
        assert found is not None
        return found.start * 512 + found.size

    def replace(self, old: bytes, new: bytes, start: int, end: int) -> int:
        """Replace bytes by as many others, wherever they are between two offsets."""
        assert len(old) == len(new)
        data = self.read(start, end - start)
        assert old in data
        self.write(start, data.replace(old, new))
        return data.count(old)

    def iso_end(self) -> int:
        """The byte behind the ISO 9660's last file."""
        assert self.medium.iso is not None
        return data_end(self.medium.iso)

    def iso_file(self, path: bytes) -> tuple[int, int]:
        """Where a file of the ISO 9660 lies in the image, and its length."""
        assert self.medium.iso is not None
        node = self.medium.iso.tree.node_at(path)
        assert node is not None
        assert isinstance(node.content, RunsContent)
        ((_, length, at),) = node.content.runs
        return at, length

    def in_file(self, path: bytes, old: bytes, new: bytes) -> None:
        """Replace bytes in a file of the ISO 9660 by as many others."""
        at, size = self.iso_file(path)
        self.replace(old, new, at, at + size)

    def rename_in_iso(self, old: bytes, new: bytes) -> None:
        """Give files another name of the same length, in Rock Ridge."""
        head = b"NM" + bytes((5 + len(old), 1, 0))
        self.replace(head + old, head + new, 32768, self.iso_end())

    def file_at(self, number: int, path: bytes) -> int:
        """Where the first byte of a file of a slice's UFS lies in the image."""
        tree = self.medium.tree_in(number)
        assert tree is not None
        node = tree.node_at(path)
        assert node is not None
        (fragment,) = struct.unpack_from(">i", node.dinode, 40)
        return self.start(number) + fragment * 1024


def copy_of(base: BaseFacts, folder: Path) -> Image:
    """A copy to damage."""
    path = folder / "damaged.iso"
    shutil.copyfile(base.path, path)
    return Image(path, base)


def base_medium(folder: Path, layout: str = "sparc-2.6", release: str = "2.6") -> BaseFacts:
    """A made-up base medium, by genisoimage and makefs."""
    assert layout in ("sparc-2.6", "sparc-9")
    work, out = folder / f"work-{release}", folder / f"base-{release}.iso"
    facts = make_base(out, "sparc-9" if layout == "sparc-9" else "sparc-2.6", release, SEED, work)
    shutil.rmtree(work)
    return facts


def ufs_slice(folder: Path, name: str, text: bytes, boot_block: bytes = b"") -> Path:
    """A small UFS with two files, by makefs."""
    stage = Stage(folder / f"stage-{name}")
    stage.file(b"etc/name", text)
    stage.file(b"data", text * 3000)
    out = folder / f"{name}.ufs"
    make_ufs(out, stage, 1280 * 1024, TRACKS, boot_block=boot_block)
    return out


def front_tree(folder: Path) -> Path:
    """Files for the ISO 9660 part."""
    top = folder / "front"
    (top / "deep" / "er").mkdir(parents=True)
    (top / "README").write_text("a disc for tests\n")
    (top / "deep" / "er" / "data").write_bytes(bytes(range(256)) * 900)
    (top / "link").symlink_to("README")
    return top


def genisoimage(out: Path, top: Path, slices: str, *more: str) -> Path:
    """A disc by genisoimage; ``slices`` as its -B has it."""
    run("genisoimage", "-quiet", "-R", "-V", "GENISO", *more, "-B", slices, "-o", out, top)
    return out


def xorriso(out: Path, top: Path, slices: str) -> Path:
    """A disc by xorriso."""
    run(
        "xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "XORRISO",
        "--sparc-label", "by xorriso", "-B", slices, "-o", out, top,
    )  # fmt: skip
    return out


def run(*argv: object) -> str:
    """Run a program that must succeed; what it said on standard output."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(errors="replace")


def codes(found: Inspection) -> list[str]:
    """The codes of all findings, sorted."""
    return sorted(f.code for f in found.findings)


def new_codes(image: Path, before: Inspection) -> list[str]:
    """The codes of findings that ``before`` did not have, each once."""
    known = {(f.code, f.place, f.message) for f in before.findings}
    found = inspect_image(image).findings
    return sorted({f.code for f in found if (f.code, f.place, f.message) not in known})
