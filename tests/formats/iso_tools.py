# SPDX-License-Identifier: Apache-2.0
"""What the ISO tests share: hostile trees, and what other programs read, as rows."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import subprocess
import tarfile
from pathlib import Path

from judge import Row, Rows

from mkboot.formats.iso import IsoImage
from mkboot.formats.iso.structs import SECTOR, PrimaryDescriptor
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import SECOND, TYPE_OF_BITS, Device, Node, NodeType, directory, symlink

LONG_TARGET = b"/".join([b"c" * 20] * 47)
LONG_PART = b"q" * 255 + b"/" + b"z" * 255
_NAMES = {
    NodeType.FILE: "file",
    NodeType.DIRECTORY: "dir",
    NodeType.SYMLINK: "link",
    NodeType.CHAR: "char",
    NodeType.BLOCK: "block",
    NodeType.FIFO: "fifo",
    NodeType.SOCKET: "socket",
}


def hostile_directory(top: Path, *, long_targets: bool = True) -> None:
    """A directory of odd things.

    genisoimage writes broken SL entries for targets of more than some 250 bytes, and
    xorriso drops empty components and knows device numbers of 8 + 8 bits only.
    """
    root = os.fsencode(top)
    as_root = os.geteuid() == 0

    def file(name: bytes, data: bytes, mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> None:
        path = root + b"/" + name
        with open(path, "wb") as f:
            f.write(data)
        if as_root:
            os.chown(path, *owner)
        os.chmod(path, mode)
        os.utime(path, (10**9, 10**9))

    for path, data in (
        (b"empty", b""),
        (b"A", b"upper"),
        (b"long" + b"x" * 244, b"long"),
        (b"la\xe9tin", b"latin"),
        (b"new\nline", b"newline"),
        (b" sp ace", b"blank"),
        (b".hidden", b"hidden"),
        (b"trailing.", b"dot"),
        (b"semi;1", b"semicolon"),
        (b"block", b"B" * 2048),
        (b"over", b"O" * 2049),
    ):
        file(path, data)
    file(b"a", b"A" * 3000, 0o4755, (1, 2))
    file(b"a.b.c", b"owner", 0o600, (60001, 70000))
    (top / "d").mkdir(0o755)
    (top / "d").chmod(0o1777)
    os.link(root + b"/a", root + b"/d/link to a")
    links = [b"/", b"../x/./y", b"/abs/path", b".", b"..", b"\xe9\xff", b"p" * 200]
    if long_targets:
        links += [LONG_TARGET, LONG_PART]
    for number, target in enumerate(links):
        path = root + b"/link%d" % number
        os.symlink(target, path)
        os.utime(path, (9 * 10**8, 9 * 10**8), follow_symlinks=False)
    os.mkfifo(top / "fifo")
    if as_root:
        os.mknod(top / "chr", stat.S_IFCHR | 0o640, os.makedev(13, 2))
        os.mknod(top / "blk", stat.S_IFBLK | 0o600, os.makedev(32, 255))
    path = root
    for depth in range(17):
        path += b"/deep%d" % depth
        os.mkdir(path)
        os.chmod(path, 0o750 + depth % 4)
        file(path[len(root) + 1 :] + b"/f", b"%d" % depth * 500)


def hostile_tree(*, names: int = 253) -> FileTree:
    """The writer's counterpart; ``names`` is the longest name (Linux' isofs cuts at 253)."""
    builder = TreeBuilder(directory(0o751, 7, 8, 10**9 * SECOND), resolution=SECOND)
    times = (10**9 * SECOND, 11 * 10**8 * SECOND, 12 * 10**8 * SECOND)

    def add(parent: int, name: bytes, kind: NodeType = NodeType.FILE, data: bytes = b"") -> int:
        node = Node(kind, 0o4751, 70000, 3, *times, BytesContent(data))
        return builder.add(parent, name, node)

    for number, name in enumerate(
        (b"a", b"A", b"a.b.c", b"la\xe9tin", b"new\nline", b" ", b".hidden", b"trail.", b"se;1")
    ):
        add(ROOT, name, data=name * number * 300)
    for length in (60, 100, 140, 180, 220, 250, names):
        add(ROOT, b"n" * length, data=b"%d" % length)
        add(ROOT, b"N" * length, NodeType.FIFO)
    for number in range(40):
        add(ROOT, b"same beginning, and that for long %d" % number, data=b"%d" % number)
    for length in (3, 110, 150, 200):
        device = Device(24, 300) if length < 150 else Device(32, 7)
        node = Node(NodeType.CHAR, 0o640, 1, 2, *times, device=device)
        builder.add(ROOT, b"c" * length, node)
        node = Node(NodeType.BLOCK, 0o600, 1, 2, *times, device=device)
        builder.add(ROOT, b"b" * length, node)
    add(ROOT, b"socket", NodeType.SOCKET)
    targets = [b"/", b"../x/./y", b"/abs", b".", b"..", b"a//b", b"tr/", b"//x", b"\xe9\xff"]
    targets += [LONG_TARGET, LONG_PART, b"y" * 300, b"a" * 248, b"./" * 200 + b"x"]
    for number, target in enumerate(targets):
        builder.add(ROOT, b"link%d" % number, symlink(target, number, 5, number * SECOND))
    at = ROOT
    for depth in range(17):
        node = directory(0o700 + depth, depth, depth + 1, depth * SECOND)
        at = builder.add(at, b"d%d" % depth + b"e" * (0 if depth % 3 else 55), node)
        add(at, b"f", data=b"%d" % depth)
    linked = add(at, b"linked", data=b"linked" * 1000)
    builder.link(ROOT, b"linked", linked)
    for number in range(3):
        branch = builder.add(ROOT, b"branch%d" % number, directory(0o755))
        for _ in range(9):
            branch = builder.add(branch, b"SCCS", directory(0o711, 1, 1))
        builder.link(branch, b"also", linked)
    return builder.build()


def directory_rows(top: Path) -> Rows:
    """A real directory as rows; nothing is followed."""
    rows: Rows = {}
    root = os.fsencode(top)
    stack = [b""]
    while stack:
        path = stack.pop()
        rows[path or b"/"] = _stat_row(root + path)
        if rows[path or b"/"].type == "dir":
            stack += [path + b"/" + name for name in os.listdir(root + path)]
    return rows


def _stat_row(path: bytes) -> Row:
    found = os.lstat(path)
    kind = TYPE_OF_BITS[stat.S_IFMT(found.st_mode)]
    device = kind in (NodeType.CHAR, NodeType.BLOCK)
    data = b""
    if kind is NodeType.FILE:
        with open(path, "rb") as f:
            data = f.read()
    return Row(
        _NAMES[kind],
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        found.st_gid,
        found.st_size if kind in (NodeType.FILE, NodeType.SYMLINK) else 0,
        found.st_nlink,
        int(found.st_mtime // 1),
        os.readlink(path) if kind is NodeType.SYMLINK else b"",
        (os.major(found.st_rdev), os.minor(found.st_rdev)) if device else None,
        hashlib.sha256(data).hexdigest() if kind is NodeType.FILE else "",
    )


#: A tar stream has no link counts.
BSDTAR_BLIND = frozenset({"nlink"})


def bsdtar_rows(image: Path) -> Rows:
    """What libarchive reads, by way of a tar stream.

    There may be no device nodes: it merges the two words of PN into one number, which is
    then too large for tar, and spoils the next entry.
    """
    made = subprocess.run(
        ["bsdtar", "-cf", "-", "--format", "gnutar", f"@{image.name}"],
        cwd=image.parent,
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert made.stderr == b"", made.stderr
    rows: Rows = {}
    with tarfile.open(fileobj=io.BytesIO(made.stdout), errors="surrogateescape") as tar:
        for member in tar:
            path = b"/" + os.fsencode(member.name)
            rows[b"/" if path == b"/." else path] = _tar_row(tar, member)
    return rows


def _tar_row(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Row:
    kinds = {
        tarfile.REGTYPE: "file",
        tarfile.LNKTYPE: "file",
        tarfile.DIRTYPE: "dir",
        tarfile.SYMTYPE: "link",
        tarfile.CHRTYPE: "char",
        tarfile.BLKTYPE: "block",
        tarfile.FIFOTYPE: "fifo",
    }
    kind = kinds[member.type]
    data = b""
    if kind == "file":
        stream = tar.extractfile(member)
        assert stream is not None
        data = stream.read()
    target = os.fsencode(member.linkname) if kind == "link" else b""
    return Row(
        kind,
        member.mode,
        member.uid,
        member.gid,
        len(target) if kind == "link" else len(data),
        -1,
        int(member.mtime),
        target,
        None,
        hashlib.sha256(data).hexdigest() if kind == "file" else "",
    )


def image_bytes(image: IsoImage) -> bytes:
    """A whole image in memory."""
    data = bytearray()
    image.stream(data.extend)
    return bytes(data)


def without_devices(tree: FileTree, *names: bytes) -> FileTree:
    """The tree less device nodes and sockets, and less some names in the root."""
    builder = tree.edit()
    for number in tree.names:
        for name, child in tree.children(number).items():
            node = tree.nodes[child]
            unfit = node.device is not None or node.type is NodeType.SOCKET
            if unfit or (number == ROOT and name in names):
                builder.unlink(number, name)
    return builder.build()


def from_1970_on(rows: Rows) -> Rows:
    """The rows as GNU tar shows them, which has no earlier times."""
    return {path: row._replace(mtime=max(row.mtime, 0)) for path, row in rows.items()}


def links_as_read_by_iso(rows: Rows) -> Rows:
    """Empty files and things that are no files come apart: Rock Ridge cannot tell."""
    return {
        path: row._replace(nlink=1)
        if row.type != "dir" and not (row.type == "file" and row.size)
        else row
        for path, row in rows.items()
    }


def path_table_directories(image: bytes) -> list[bytes]:
    """All directories of an image, by way of the path table."""
    table = PrimaryDescriptor.parse(image[16 * SECTOR : 17 * SECTOR])
    at, end = table.path_table_le * SECTOR, table.path_table_le * SECTOR + table.path_table_size.le
    found = []
    while at < end:
        length, extent = image[at], struct.unpack_from("<I", image, at + 2)[0]
        size = struct.unpack_from("<I", image, extent * SECTOR + 10)[0]
        found.append(image[extent * SECTOR : extent * SECTOR + size])
        at += 8 + length + length % 2
    return found
