# SPDX-License-Identifier: Apache-2.0
"""Writing a tree as a cpio archive, a pure stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from mkboot.errors import InputError, StoppedError
from mkboot.formats.cpio.structs import (
    BLOCK,
    NAME_MAX,
    NEWC_FILE_MAX,
    NEWC_MAGIC,
    ODC_FILE_MAX,
    ODC_ID_MAX,
    ODC_MAGIC,
    TRAILER,
)
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, TYPE_BITS, Device, Node, NodeType

Write = Callable[[bytes], object]
_INO_BITS = 18


class CpioForm(StrEnum):
    """``newc`` is SVR4's ``-c``; ``odc`` POSIX', for old readers and files over 4 GiB."""

    NEWC = "newc"
    ODC = "odc"


def write_cpio(
    tree: FileTree,
    write: Write,
    *,
    form: CpioForm = CpioForm.NEWC,
    advance: Callable[[int], None] = lambda _count: None,
) -> tuple[bytes, ...]:
    """Write everything, parents first, padded to whole blocks of 512 bytes.

    Returns the paths of sockets, which nobody restores.  Raises ``InputError`` for a file,
    owner or device that the form cannot hold.  ``advance`` hears of bytes of content.
    """
    writer = _Writer(tree, write, form, advance)
    return writer.run()


class _Writer:
    """One writing of one archive."""

    def __init__(
        self, tree: FileTree, write: Write, form: CpioForm, advance: Callable[[int], None]
    ) -> None:
        self._tree, self._out, self._form, self._advance = tree, write, form, advance
        self._left = {n: tree.nlink(n) for n, node in enumerate(tree.nodes)
                      if node.type is NodeType.FILE and tree.nlink(n) > 1}  # fmt: skip
        self._written = 0

    def run(self) -> tuple[bytes, ...]:
        left_out: list[bytes] = []
        for path, number, node in self._tree.walk():
            if node.type is NodeType.SOCKET:
                left_out.append(path)
                continue
            try:
                self._entry(_name(path), number, node)
            except (InputError, StoppedError) as e:
                raise (e.inside(show(path)) if isinstance(e, InputError) else e) from e
        self._put(self._header(TRAILER, 0, Node(NodeType.FILE, 0), 0, 1))
        self._put(bytes(-self._written % BLOCK))
        return tuple(left_out)

    def _entry(self, name: bytes, number: int, node: Node) -> None:
        size = node.size if node.type in (NodeType.FILE, NodeType.SYMLINK) else 0
        if number in self._left and self._form is CpioForm.NEWC:
            # the data stand with the last name
            self._left[number] -= 1
            size = 0 if self._left[number] else size
        self._put(self._header(name, number + 1, node, size, self._tree.nlink(number)))
        if not size:
            return
        for chunk in (node.target,) if node.type is NodeType.SYMLINK else self._data(node):
            self._put(chunk)
        self._pad()

    def _data(self, node: Node) -> Iterator[bytes]:
        for chunk in node.content.chunks():
            yield bytes(chunk)
            self._advance(len(chunk))

    def _header(self, name: bytes, ino: int, node: Node, size: int, nlink: int) -> bytes:
        if len(name) + 1 > NAME_MAX:
            raise InputError(f"has a name of {len(name)} bytes, longer than cpio takes")
        mode = 0 if name == TRAILER else TYPE_BITS[node.type] | node.mode
        mtime = max(node.mtime // SECOND, 0)
        fields = (ino, mode, node.uid, node.gid, nlink, mtime, size, node.device)
        make = _newc if self._form is CpioForm.NEWC else _odc
        return make(fields, name)

    def _put(self, data: bytes) -> None:
        self._out(data)
        self._written += len(data)

    def _pad(self) -> None:
        if self._form is CpioForm.NEWC:
            self._put(bytes(-self._written % 4))


def _name(path: bytes) -> bytes:
    """Relative, and never the name that ends an archive."""
    name = path.lstrip(b"/") or b"."
    return b"./" + name if name == TRAILER else name


Fields = tuple[int, int, int, int, int, int, int, Device | None]


def _newc(fields: Fields, name: bytes) -> bytes:
    ino, mode, uid, gid, nlink, mtime, size, device = fields
    if size > NEWC_FILE_MAX:
        raise InputError(f"has {size} bytes; newc holds {NEWC_FILE_MAX}", hint="odc or pax do")
    major, minor = device or (0, 0)
    words = (ino, mode, uid, gid, nlink, mtime & 0xFFFFFFFF, size, 0, 0, major, minor,
             len(name) + 1, 0)  # fmt: skip
    if any(word > 0xFFFFFFFF for word in words):
        raise InputError("has a number that newc cannot hold")
    header = NEWC_MAGIC + b"".join(b"%08x" % word for word in words) + name + b"\0"
    return header + bytes(-len(header) % 4)


def _odc(fields: Fields, name: bytes) -> bytes:
    ino, mode, uid, gid, nlink, mtime, size, device = fields
    if size > ODC_FILE_MAX:
        raise InputError(f"has {size} bytes; odc holds {ODC_FILE_MAX}", hint="pax does")
    if max(uid, gid) > ODC_ID_MAX:
        raise InputError(f"belongs to {uid}:{gid}; odc holds {ODC_ID_MAX}", hint="newc does")
    major, minor = device or (0, 0)
    if major > 255 or minor > 255:
        raise InputError(f"is the device {major},{minor}; odc holds 255,255", hint="newc does")
    dev, ino = divmod(ino, 1 << _INO_BITS)
    words = (dev, ino, mode, uid, gid, min(nlink, ODC_ID_MAX), major * 256 + minor)
    numbers = b"".join(b"%06o" % word for word in words)
    return ODC_MAGIC + numbers + b"%011o%06o%011o" % (mtime, len(name) + 1, size) + name + b"\0"
