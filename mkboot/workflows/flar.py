# SPDX-License-Identifier: Apache-2.0
"""``flar``: a flash archive from a tree, wherever it is.

The files are written once, behind a header of fixed length: what is known only at the end
(sizes, checksums) is put in then, and a line of padding fills the rest.
"""

from __future__ import annotations

import os
import re
import tempfile
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mkboot.clock import build_time
from mkboot.errors import CallerError, InputError, stopped_by
from mkboot.formats.checksum import CRC_START, close_cksum, posix_cksum
from mkboot.formats.cpio import CpioForm, write_cpio
from mkboot.formats.flar import PADDING, PAYLOAD_SUM, flar_header
from mkboot.formats.tar import write_tar
from mkboot.output import complete_file
from mkboot.progress import Progress
from mkboot.run import pour, require_program
from mkboot.system.inventory import release_of
from mkboot.tree.content import CHUNK
from mkboot.tree.filetree import FileTree
from mkboot.workflows.reach import reach

METHODS = ("cpio", "odc", "pax")
_HEADER = 4096
_FINE = (0, 2)

Write = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class FlashWish:
    """What the archive shall be: ``method`` as in ``METHODS``; ``told`` goes into the
    identification as it is.
    """

    name: str
    method: str
    compress: bool
    told: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FlashMade:
    """What was written: sizes in bytes; ``left_out`` are sockets."""

    size: int
    files: int
    left_out: tuple[bytes, ...]


def flar(spec: str, out: Path, wish: FlashWish, *, force: bool, progress: Progress) -> FlashMade:
    """Write the archive; ``spec`` is a tree as for ``ls``.

    Raises ``CallerError`` for a value that an identification cannot hold, ``InputError``
    for a file that the method cannot hold.
    """
    tree = reach(spec).top()
    total = sum(node.content.size for node in tree.nodes)
    _identification(wish, tree, 0, 0)  # told before anything is written
    with complete_file(out, force=force) as partial:
        with progress.step("flar", total, "bytes") as step:
            stored = _write(tree, partial, wish, step.advance)
        header = _identification(wish, tree, stored.size, stored.sum)
        fd = os.open(partial, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(fd, header, 0)
        finally:
            os.close(fd)
    return FlashMade(_HEADER + stored.size, len(tree.nodes), stored.left_out)


@dataclass(frozen=True, slots=True)
class _Stored:
    size: int
    sum: int
    left_out: tuple[bytes, ...]


def _write(tree: FileTree, path: Path, wish: FlashWish, advance: Callable[[int], None]) -> _Stored:
    size, crc = 0, CRC_START
    with path.open("r+b") as file:
        file.seek(_HEADER)

        def take(data: bytes) -> None:
            nonlocal size, crc
            try:
                file.write(data)
            except OSError as e:
                raise stopped_by(e, "cannot write the archive") from e
            size, crc = size + len(data), posix_cksum(data, crc)

        left_out = _archive(tree, take, wish, advance)
        try:
            file.flush()
        except OSError as e:
            raise stopped_by(e, "cannot write the archive") from e
    return _Stored(size, close_cksum(crc, size), left_out)


def _archive(
    tree: FileTree, take: Write, wish: FlashWish, advance: Callable[[int], None]
) -> tuple[bytes, ...]:
    """The files, compressed by way of an unnamed file: the program wants to be fed."""
    if not wish.compress:
        return _plain(tree, take, wish.method, advance)
    program = require_program("compress")
    with tempfile.TemporaryFile() as plain:
        left_out = _plain(tree, plain.write, wish.method, advance)
        plain.seek(0)
        pour([program, "-c", "-f"], iter(lambda: plain.read(CHUNK), b""), take, accept=_FINE)
    return left_out


def _plain(
    tree: FileTree, take: Write, method: str, advance: Callable[[int], None]
) -> tuple[bytes, ...]:
    if method == "pax":
        return write_tar(tree, cast("BinaryIO", _Taking(take)), advance=advance)
    form = CpioForm.ODC if method == "odc" else CpioForm.NEWC
    return write_cpio(tree, take, form=form, advance=advance)


@dataclass(frozen=True, slots=True)
class _Taking:
    """What ``write_tar`` wants to write to."""

    write_all: Write

    def write(self, data: bytes) -> int:
        """Hand it on."""
        self.write_all(data)
        return len(data)


def _identification(wish: FlashWish, tree: FileTree, size: int, total: int) -> bytes:
    """The header, exactly ``_HEADER`` bytes."""
    told = {key.lower() for key, _ in wish.told}
    stamp = clock.strftime("%Y%m%d%H%M%S", clock.gmtime(build_time()))
    own = [
        ("content_name", wish.name),
        ("creation_date", stamp),
        ("files_archived_method", "pax" if wish.method == "pax" else "cpio"),
        ("files_compressed_method", "compress" if wish.compress else "none"),
        ("files_archived_size", str(size)),
        ("files_unarchived_size", str(max(1, sum(n.size for n in tree.nodes)))),
        ("type", "FULL"),
        *_system(tree),
        (PAYLOAD_SUM, str(total)),
    ]
    pairs = [(k, v) for k, v in own if k.lower() not in told] + list(wish.told)
    values = [(key, value.encode()) for key, value in pairs]
    try:
        spare = _HEADER - len(flar_header([*values, (PADDING, b"")]))
        header = flar_header([*values, (PADDING, b"." * max(spare, 0))])
    except InputError as e:
        raise CallerError(e.bare) from e
    if len(header) != _HEADER:
        raise CallerError(f"the identification has more than {_HEADER} bytes")
    return header


def _system(tree: FileTree) -> list[tuple[str, str]]:
    """What ``uname -s`` and ``-r`` would say, where the tree is a root that says its release."""
    version = release_of(tree).version.removeprefix("2.")
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2})?", version):
        return []
    return [("creation_os_name", "SunOS"), ("creation_release", f"5.{version}")]
