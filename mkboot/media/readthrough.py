# SPDX-License-Identifier: Apache-2.0
"""Reading every file of a tree, for the sake of knowing that it can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mkboot.errors import InputError
from mkboot.formats.checksum import (
    CRC_START,
    byte_total,
    close_cksum,
    posix_cksum,
    sysv_sum,
)
from mkboot.media.codes import advice
from mkboot.model.finding import Finding, error
from mkboot.model.inspection import Checked
from mkboot.tree.content import CHUNK, Content
from mkboot.tree.filetree import TEXT_MAX, FileTree
from mkboot.tree.names import show
from mkboot.tree.node import Node, NodeType

#: So many broken files are told one by one.
_TOLD = 10
#: Where a volume keeps the checksums of its own files, and where its segments lie.
CKSUM_FILE = b"/mkboot/cksum.txt"
SUM_FILE = b"/mkboot/sum.txt"
SEGMENTS = b"/mkboot/seg/"
#: The longest list of checksums that is believed, in bytes.
_LIST_MAX = 256 * TEXT_MAX


@dataclass(slots=True)
class Wanted:
    """What a disc says of one of its files: cksum and bytes, SysV sum and blocks of 512."""

    cksum: tuple[int, int] | None = None
    sum: tuple[int, int] | None = None


@dataclass(slots=True)
class Reading:
    """The outcome of reading a tree; grows while it is read."""

    files: int = 0
    bytes: int = 0
    segments: int = 0
    directories: int = 0
    compared: int = 0
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)

    def checked(self) -> Checked:
        """The counts as ``verify`` tells them."""
        return Checked(self.files, self.bytes, self.segments, self.directories)


def read_tree(
    tree: FileTree,
    place: str,
    code: str,
    advance: Callable[[int], None],
    wanted: dict[bytes, Wanted] | None = None,
) -> Reading:
    """Read every file of ``tree`` once, and compare those that ``wanted`` has sums for.

    A file that cannot be read is a finding with ``code``; one with another sum is
    ``segment-checksum``, and so is one that is missing.
    """
    reading = Reading()
    left = dict(wanted or {})
    seen: set[int] = set()
    for path, number, node in tree.walk():
        want = left.pop(path, None)
        if node.is_directory:
            reading.directories += 1
        if want is None and number in seen:
            continue
        seen.add(number)
        if node.type is NodeType.FILE:
            _read_one(reading, path, node, place, code, advance, want)
    for path in sorted(left):
        _tell(reading, "segment-checksum", place, path, "is missing; the disc has sums for it")
    if reading.broken > _TOLD:
        more = f"and {reading.broken - _TOLD} more files that are not right"
        reading.findings.append(error(code, place, more, advice(code)))
    return reading


def _read_one(
    reading: Reading,
    path: bytes,
    node: Node,
    place: str,
    code: str,
    advance: Callable[[int], None],
    want: Wanted | None,
) -> None:
    try:
        if want is None:
            for size in _sizes(node):
                reading.bytes += size
                advance(size)
        else:
            _compare(reading, path, node.content, place, advance, want)
    except InputError as e:
        _tell(reading, code, place, path, e.message)
        return
    reading.files += 1


def _sizes(node: Node) -> Iterator[int]:
    """Read a file and its attributes; the length of each piece is told.

    Holes are not read: a file may claim more of them than there is time.
    """
    content = node.content
    at = 0
    for offset, length in content.extents():
        yield offset - at
        at, end = offset, offset + length
        while at < end:
            data = content.read(at, min(CHUNK, end - at))
            if not data:
                raise InputError(f"ends after {at} of {content.size} bytes")
            yield len(data)
            at += len(data)
    yield content.size - at
    for attribute in node.attributes:
        yield from _sizes(attribute.node)


def _compare(
    reading: Reading,
    path: bytes,
    content: Content,
    place: str,
    advance: Callable[[int], None],
    want: Wanted,
) -> None:
    crc, total = CRC_START, 0
    for chunk in content.chunks():
        crc = posix_cksum(chunk, crc)
        total += byte_total(chunk)
        reading.bytes += len(chunk)
        advance(len(chunk))
    size = content.size
    reading.compared += 1
    reading.segments += path.startswith(SEGMENTS)
    if want.cksum is not None and want.cksum != (close_cksum(crc, size), size):
        text = "is not the file that the disc has a cksum for"
        _tell(reading, "segment-checksum", place, path, text)
    elif want.sum is not None and want.sum != (sysv_sum(total), -(-size // 512)):
        _tell(
            reading, "segment-checksum", place, path, "is not the file that the disc has a sum for"
        )


def _tell(reading: Reading, code: str, place: str, path: bytes, message: str) -> None:
    reading.broken += 1
    if reading.broken <= _TOLD:
        where = f"{place}: {show(path)}"
        reading.findings.append(error(code, where, message, advice(code)))


def sums_on_disc(tree: FileTree) -> dict[bytes, Wanted]:
    """What the lists of checksums on a mkboot volume say, by path; empty without them.

    A line is three fields with single blanks between them; a broken one is an
    ``InputError``.
    """
    wanted: dict[bytes, Wanted] = {}
    for path, (first, second) in _lines(tree, CKSUM_FILE):
        wanted.setdefault(path, Wanted()).cksum = (first, second)
    for path, (first, second) in _lines(tree, SUM_FILE):
        wanted.setdefault(path, Wanted()).sum = (first, second)
    return wanted


def _lines(tree: FileTree, where: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    node = tree.node_at(where)
    if node is None or node.type is not NodeType.FILE:
        return
    text = node.content.read(0, _LIST_MAX + 1)
    if len(text) > _LIST_MAX:
        raise InputError("is too long to be a list of checksums", place=(show(where),))
    for count, line in enumerate(text.splitlines(), 1):
        fields = line.split(b" ", 2)
        if len(fields) != 3 or not (fields[0].isdigit() and fields[1].isdigit()):
            raise InputError("is no line of a checksum", place=(show(where), f"line {count}"))
        yield b"/" + fields[2].lstrip(b"/"), (int(fields[0]), int(fields[1]))
