# SPDX-License-Identifier: Apache-2.0
"""Two trees side by side: what differs, name by name and field by field."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mkboot.tree.content import CHUNK, Content
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import Node, NodeType

#: Every field that is compared, in the order it is told.
FIELDS = (
    "path", "type", "mode", "uid", "gid", "size", "nlink", "mtime",
    "target", "device", "content", "acl", "attributes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one path; ``left`` and ``right`` as text, empty where there is nothing."""

    path: bytes
    field: str
    left: str
    right: str


@dataclass(slots=True)
class Counts:
    """How much was looked at: names, files whose content was read, and bytes of each side."""

    names: int = 0
    files: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Comparison:
    """Compares on demand; ``counts`` grows while ``differences`` is iterated.

    ``ignore`` holds names out of ``FIELDS``.  Times are compared as finely as both
    containers can hold them.
    """

    left: FileTree
    right: FileTree
    ignore: frozenset[str] = frozenset()
    advance: Callable[[int], None] = lambda _count: None
    counts: Counts = field(default_factory=Counts)

    def differences(self) -> Iterator[Difference]:
        """All that differs, in the order of the paths; content is read once per node."""
        seen: dict[int, int] = {}
        for path, a, b in self._pairs():
            self.counts.names += 1
            if a is None or b is None:
                if "path" not in self.ignore:
                    left, right = ("missing", "there") if a is None else ("there", "missing")
                    yield Difference(path, "path", left, right)
                continue
            yield from self._fields(path, a, b)
            if seen.get(a) != b:
                seen[a] = b
                yield from self._content(path, a, b)

    def _pairs(self) -> Iterator[tuple[bytes, int | None, int | None]]:
        stack: list[tuple[bytes, int | None, int | None]] = [(b"", 0, 0)]
        while stack:
            path, a, b = stack.pop()
            yield path or b"/", a, b
            left = self.left.children(a) if a is not None else {}
            right = self.right.children(b) if b is not None else {}
            stack.extend(
                (path + b"/" + name, left.get(name), right.get(name))
                for name in sorted({*left, *right}, reverse=True)
            )

    def _fields(self, path: bytes, a: int, b: int) -> Iterator[Difference]:
        left = self._texts(self.left, a)
        right = self._texts(self.right, b)
        for name, text in left.items():
            if name not in self.ignore and text != right[name]:
                yield Difference(path, name, text, right[name])

    def _texts(self, tree: FileTree, number: int) -> dict[str, str]:
        node = tree.nodes[number]
        fine = max(self.left.resolution, self.right.resolution)
        return {
            "type": node.type.value,
            "mode": "" if node.type is NodeType.SYMLINK else f"{node.mode:04o}",
            "uid": str(node.uid),
            "gid": str(node.gid),
            "size": "" if node.is_directory else str(node.size),
            "nlink": str(tree.nlink(number)),
            "mtime": _time(node.mtime // fine * fine),
            "target": show(node.target),
            "device": f"{node.device.major},{node.device.minor}" if node.device else "",
            "acl": _acl(node),
            "attributes": " ".join(sorted(show(a.name) for a in node.attributes)),
        }

    def _content(self, path: bytes, a: int, b: int) -> Iterator[Difference]:
        left, right = self.left.nodes[a], self.right.nodes[b]
        if "content" in self.ignore or left.type is not NodeType.FILE or right.type != left.type:
            return
        self.counts.files += 1
        where = self._first_difference(left, right)
        if where is not None:
            yield Difference(path, "content", f"differs at byte {where}", "")
        yield from self._attribute_content(path, left, right)

    def _attribute_content(self, path: bytes, left: Node, right: Node) -> Iterator[Difference]:
        if "attributes" in self.ignore:
            return
        theirs = {a.name: a.node for a in right.attributes}
        for attribute in left.attributes:
            other = theirs.get(attribute.name)
            if other is not None and self._first_difference(attribute.node, other) is not None:
                yield Difference(path, "attributes", f"{show(attribute.name)} differs", "")

    def _first_difference(self, left: Node, right: Node) -> int | None:
        size = min(left.size, right.size)
        done = 0
        for offset, want in _with_data(left.content, right.content, size):
            one, two = left.content.read(offset, want), right.content.read(offset, want)
            self._tell(offset + want - done)
            done = offset + want
            if one != two or len(one) != want:
                same = next(
                    (i for i, (x, y) in enumerate(zip(one, two, strict=False)) if x != y),
                    min(len(one), len(two)),
                )
                return offset + same
        self._tell(size - done)
        return None if left.size == right.size else size

    def _tell(self, count: int) -> None:
        self.counts.bytes += count
        self.advance(count)


def _with_data(left: Content, right: Content, size: int) -> Iterator[tuple[int, int]]:
    """The (offset, length) below ``size`` where one of two files has data, in pieces to read.

    Where both have holes both read as zeros: a file may claim more of them than there is time.
    """
    done = 0
    for extent in heapq.merge(left.extents(), right.extents()):
        end = min(extent.offset + extent.length, size)
        done = max(done, extent.offset)
        while done < end:
            want = min(CHUNK, end - done)
            yield done, want
            done += want


def _time(time: int) -> str:
    seconds, rest = divmod(time, 1_000_000_000)
    return f"{seconds}.{rest:09d}".rstrip("0").rstrip(".") if rest else str(seconds)


def _acl(node: Node) -> str:
    return " ".join(f"{e.tag:x}:{e.who}:{e.perm:o}" for e in (*node.acl, *node.default_acl))
