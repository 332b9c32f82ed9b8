# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed: each target takes bytes and must end with an answer or an ``InputError``.

Anything else that is raised is a find.  Nothing reads more than ``READ_AT_MOST`` bytes of
files' content: what a sound image of holes claims may be much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from fuzz.bases import load_base, spoil
from mkboot.errors import BugError, InputError
from mkboot.formats.bootblock import BOOT_AREA, check_block, recognise, take_out
from mkboot.formats.iso import looks_like_iso, read_iso
from mkboot.formats.label import (
    backup_label_sectors,
    check_label,
    looks_like_label,
    parse_label_leniently,
    read_label,
    write_label,
)
from mkboot.formats.tar import looks_like_tar, read_tar
from mkboot.formats.ufs import looks_like_ufs, open_ufs
from mkboot.formats.ufs.fsck import check_ufs
from mkboot.formats.ufsdump import looks_like_dump, read_dump
from mkboot.model import codec
from mkboot.model.job import Job
from mkboot.model.manifest import SetManifest, VolumeLabel
from mkboot.model.system import System
from mkboot.recovery.validate import validate_manifest, validate_system
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import NodeType
from mkboot.tree.source import BytesSource

READ_AT_MOST = 4 << 20
#: The first byte of an input: so many of 256 are bytes to read as they are.
_RAW = 40

Target = Callable[[bytes], None]


def fuzz_label(data: bytes) -> None:
    """Every reader of a label; what is read is written back to the byte."""
    sector = _image("label", data)
    looks_like_label(sector)
    _allow(lambda: check_label(sector, len(sector) * 1000, disc=False))
    _allow(lambda: check_label(sector, len(sector) * 1000, disc=True))
    _allow(lambda: parse_label_leniently(sector))
    try:
        label = read_label(sector)
    except InputError:
        return
    if write_label(label) != sector[:512]:
        raise BugError("a label changes when it is read and written")
    backup_label_sectors(label.geometry)


def fuzz_bootblock(data: bytes) -> None:
    """Boot blocks of both kinds, found and judged."""
    blocks = (b"", b"\x01\x03\x01\x07", b"\xf1\x08\x00\x00", b"\xfd\x03")
    block = blocks[data[0] % 4] + data[1:] if data else b""
    recognise(block)
    take_out(BytesSource(bytes(512) + block))
    check_block(block.ljust(BOOT_AREA, b"\0"), "x")
    check_block(block, "x")


def fuzz_ufs(data: bytes) -> None:
    """Both byte orders: opened, judged, walked, read, checked."""
    name = "ufs-le" if data[:1] > b"\x80" else "ufs"
    source = BytesSource(_image(name, data))
    looks_like_ufs(source)
    _allow(lambda: check_ufs(source))
    try:
        volume = open_ufs(source)
        volume.findings("x")
        _walk(volume.tree())
    except InputError:
        return


def fuzz_ufsdump(data: bytes) -> None:
    """A stream, what can be saved of it, and its files."""
    source = BytesSource(_image("dump", data))
    looks_like_dump(source)
    _allow(lambda: _walk(read_dump(source).tree))


def fuzz_iso(data: bytes) -> None:
    """Descriptors, directories, Rock Ridge and the files."""
    source = BytesSource(_image("iso", data))
    looks_like_iso(source)
    _allow(lambda: _walk(read_iso(source).tree))


def fuzz_tar(data: bytes) -> None:
    """Headers of all kinds, through a file as it is read."""
    image = _image("tar", data)
    looks_like_tar(BytesSource(image))
    with NamedTemporaryFile() as file:
        file.write(image)
        file.flush()
        _allow(lambda: _walk(read_tar(Path(file.name))))


def fuzz_codec(data: bytes) -> None:
    """JSON documents of every kind, and what must hold between their numbers."""
    _allow(lambda: codec.loads(Job, data))
    _allow(lambda: codec.loads(VolumeLabel, data))
    _allow(lambda: validate_system(codec.loads(System, data), ()))
    try:
        manifest = codec.loads(SetManifest, data)
    except InputError:
        return
    if codec.loads(SetManifest, codec.dumps(manifest)) != manifest:
        raise BugError("a manifest changes when it is written and read")
    _allow(lambda: validate_manifest(manifest, ()))


TARGETS: Mapping[str, Target] = {
    "label": fuzz_label,
    "bootblock": fuzz_bootblock,
    "ufs": fuzz_ufs,
    "ufsdump": fuzz_ufsdump,
    "iso": fuzz_iso,
    "tar": fuzz_tar,
    "codec": fuzz_codec,
}


def _image(name: str, data: bytes) -> bytes:
    """An input as bytes to read: itself, or a sound image spoiled by it."""
    if data[:1] and data[0] < _RAW:
        return data[1:]
    return spoil(load_base(name), data[1:])


def _allow(action: Callable[[], object]) -> None:
    """Do it; that the input is broken may be said."""
    try:
        action()
    except InputError as e:
        str(e.inside("outer"))


def _walk(tree: FileTree) -> None:
    """Every name, and the beginning of every file."""
    left = READ_AT_MOST
    seen: set[int] = set()
    for entry in tree.walk():
        show(entry.path)
        if entry.number in seen or entry.node.type is not NodeType.FILE:
            continue
        seen.add(entry.number)
        content = entry.node.content
        try:
            end = 0
            for extent in content.extents():
                if extent.offset < end or extent.length <= 0:
                    raise BugError(f"extents overlap: {extent}")
                end = extent.offset + extent.length
            if end > content.size:
                raise BugError("an extent ends behind its file")
            while left > 0 and (data := content.read(0, min(left, 1 << 16, content.size))):
                left -= len(data)
                break
            content.read(max(0, content.size - 100), 200)
        except InputError:
            continue
