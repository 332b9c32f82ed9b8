# SPDX-License-Identifier: Apache-2.0
"""One judge for all tests: what a tree, the Linux kernel and The Sleuth Kit say, as rows.

    tree_rows(tree) -> {path: Row}                what a FileTree says
    kernel_rows(images) -> {image: {path: Row}}   what Linux reads; at most 20 in one boot
    tsk_rows(image) -> {path: Row}                what The Sleuth Kit reads; a fault fails
    differences(left, right, ignore=...) -> [text, ...]    empty when all is the same

A row has -1 or "" where a witness does not know; ``ino`` tells which names are one file, in
its own numbers, and is never compared, nor is the size of a directory.  ``without`` leaves
paths out and counts the links that remain.  ``TSK_BLIND`` names the fields that The Sleuth
Kit cannot tell of a Sun UFS.  Times are whole seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.node import SECOND, Node, NodeType, directory

ORACLES = Path(__file__).parent / "oracles"
TYPES = {
    NodeType.FILE: "file",
    NodeType.DIRECTORY: "dir",
    NodeType.SYMLINK: "link",
    NodeType.CHAR: "char",
    NodeType.BLOCK: "block",
    NodeType.FIFO: "fifo",
    NodeType.SOCKET: "socket",
}
#: The Sleuth Kit knows BSD's inode: no gid there.
TSK_BLIND = frozenset({"gid"})
#: Of a row, but not compared.
IDENTITY = frozenset({"ino"})


class Row(NamedTuple):
    """What is compared of one path."""

    type: str
    mode: int
    uid: int
    gid: int
    size: int
    nlink: int
    mtime: int
    target: bytes
    device: tuple[int, int] | None
    sha256: str
    ino: int = -1


Rows = dict[bytes, Row]


def digest(node: Node) -> str:
    """SHA-256 of the content in hex."""
    sha = hashlib.sha256()
    for chunk in node.content.chunks():
        sha.update(chunk)
    return sha.hexdigest()


def tree_rows(tree: FileTree) -> Rows:
    """The rows of a tree; every content is read."""
    rows: Rows = {}
    digests: dict[int, str] = {}
    for path, number, node in tree.walk():
        if node.type is NodeType.FILE and number not in digests:
            digests[number] = digest(node)
        rows[path] = Row(
            TYPES[node.type],
            node.mode,
            node.uid,
            node.gid,
            0 if node.is_directory else node.size,
            tree.nlink(number),
            node.mtime // SECOND,
            node.target,
            tuple(node.device) if node.device else None,
            digests.get(number, ""),
            number,
        )
    return rows


def with_lost_found(tree: FileTree, time: int) -> FileTree:
    """The tree as the UFS writer makes it: with lost+found, if it has none; seconds."""
    if b"lost+found" in tree.children(ROOT):
        return tree
    builder = tree.edit()
    builder.add(ROOT, b"lost+found", directory(0o700, 0, 0, time * SECOND))
    return builder.build()


def kernel_rows(
    images: Sequence[Path], kind: str = "ufs", *, patience: int = 600
) -> dict[Path, Rows]:
    """What Linux sees in images, all mounted in one boot; an error of any kind fails.

    ``kind`` is a word of tests/oracles/linux_mount_check.py: ufs, ufs44, iso.
    ``patience`` is in seconds: the guest is an emulated machine.
    """
    jobs = {f"{kind}:{image}": image for image in images}
    rows: dict[Path, Rows] = {image: {} for image in images}
    words = ["--timeout", str(patience), *jobs]
    for record in _oracle("linux_mount_check.py", *words, statuses=(0, 1), patience=patience):
        image = jobs[str(record["image"])]
        assert "error" not in record, record
        if "path" in record:
            rows[image][os.fsencode(str(record["path"]))] = _row(record, _linux_device)
    for image in images:
        assert rows[image], f"nothing was read from {image}"
    return rows


def tsk_rows(image: Path, *, sector: int = 0, unnamed: bool = False, small: bool = False) -> Rows:
    """What The Sleuth Kit sees in a big-endian UFS; a disagreement in it fails.

    ``unnamed`` allows inodes without a name: shadow inodes and attribute directories
    are that.  ``small`` is for blocks of 4096 bytes: The Sleuth Kit takes each superblock
    for one block, so it finds the second one in use by nobody.
    """
    allowed = ("is marked used and has no name",) if unnamed else ()
    rows: Rows = {}
    faults = []
    args = ["--sector", str(sector), str(image)]
    for record in _oracle("tsk_ufs_check.py", *args, statuses=(0, 1)):
        if "error" in record:
            text = str(record["error"])
            if not text.endswith(allowed) and not (small and "belong to no inode" in text):
                faults.append(record)
        elif "path" in record:
            rows[os.fsencode(str(record["path"]))] = _row(record, _raw_device)
    assert not faults, faults[:20]
    assert rows, f"nothing was read from {image}"
    return rows


def differences(left: Rows, right: Rows, ignore: frozenset[str] = frozenset()) -> list[str]:
    """Every field of every path in which two tables differ, as text."""
    silent = ignore | IDENTITY
    found = [f"{path!r}: only on the left" for path in sorted(left.keys() - right.keys())]
    found += [f"{path!r}: only on the right" for path in sorted(right.keys() - left.keys())]
    for path in sorted(left.keys() & right.keys()):
        pairs = zip(Row._fields, left[path], right[path], strict=True)
        found += [f"{path!r}: {f}: {a!r} {b!r}" for f, a, b in pairs if a != b and f not in silent]
    return found


def counted(rows: Rows) -> Rows:
    """The rows with link counts that follow from the names alone.

    A directory has its own name, "." and the ".." of each directory in it; anything else
    has the names that share its inode.  The rows must know their inodes.
    """
    assert all(row.ino >= 0 for row in rows.values())
    below = Counter(path.rpartition(b"/")[0] or b"/" for path in rows if rows[path].type == "dir")
    below[b"/"] -= 1  # it is not in itself
    names = Counter(row.ino for row in rows.values())
    return {
        path: row._replace(nlink=2 + below[path] if row.type == "dir" else names[row.ino])
        for path, row in rows.items()
    }


def one_file(rows: Rows) -> set[frozenset[bytes]]:
    """The names, directories' aside, that are several names of one file."""
    names: dict[int, set[bytes]] = {}
    for path, row in rows.items():
        if row.type != "dir":
            names.setdefault(row.ino, set()).add(path)
    return {frozenset(paths) for paths in names.values() if len(paths) > 1}


def without(rows: Rows, tops: Iterable[bytes]) -> Rows:
    """The rows without the paths ``tops`` and what lies below them, links counted anew."""
    gone = tuple(top + b"/" for top in tops)
    return counted({p: row for p, row in rows.items() if not (p + b"/").startswith(gone)})


def _row(record: Mapping[str, object], device: object) -> Row:
    number = {key: int(str(record.get(key, -1))) for key in ("mode", "uid", "gid", "size", "nlink")}
    kind = str(record["type"])
    assert callable(device)
    return Row(
        kind,
        number["mode"] & 0o7777,
        number["uid"],
        number["gid"],
        0 if kind not in ("file", "link") else number["size"],
        number["nlink"],
        int(str(record["mtime"])),
        os.fsencode(str(record.get("target", ""))),
        device(record["rdev"]) if "rdev" in record else None,
        str(record.get("sha256", "")),
        int(str(record.get("ino", -1))),
    )


def _linux_device(rdev: Sequence[int]) -> tuple[int, int]:
    return rdev[0], rdev[1]


def _raw_device(word: int) -> tuple[int, int]:
    """Sun's device word: 8 + 8 bits where the top half is empty, else 14 + 18."""
    if word >> 16 in (0, 0xFFFF):
        return word >> 8 & 0xFF, word & 0xFF
    return word >> 18 & 0x3FFF, word & 0x3FFFF


def _oracle(
    name: str, *args: str, statuses: tuple[int, ...], patience: int = 600
) -> Iterator[Mapping[str, object]]:
    command = [sys.executable, str(ORACLES / name), *args]
    done = subprocess.run(command, capture_output=True, check=False, timeout=patience + 60)
    said = done.stderr.decode(errors="replace")
    assert done.returncode in statuses, f"{name} ended with {done.returncode}: {said}"
    for line in done.stdout.splitlines():
        yield json.loads(line)
