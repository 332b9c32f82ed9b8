# SPDX-License-Identifier: Apache-2.0
"""The table behind the shadow: what each real file stands for, by its identity."""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mkboot.tree.content import Content
from mkboot.tree.node import TYPE_OF_BITS, Node, NodeType

Identity = tuple[int, int]


class Kind(Enum):
    """What lies in the place of a node."""

    REAL = "real"
    HOLE = "hole"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: the node, what lies in its place, and how that looked when it was laid out: what
    looks otherwise now was changed.  ``laid`` is false for what came or was changed later.
    """

    node: Node
    kind: Kind
    size: int
    mtime: int
    mode: int
    laid: bool

    def same_content(self, st: os.stat_result) -> bool:
        """Whether nobody wrote into it since (for a directory: made or removed a name)."""
        return st.st_mtime_ns == self.mtime and (
            st.st_size == self.size or stat.S_ISDIR(st.st_mode)
        )

    def untouched(self, st: os.stat_result) -> bool:
        """Whether it is all as it was laid out."""
        return self.laid and self.mode == st.st_mode and self.same_content(st)


def identity(st: os.stat_result) -> Identity:
    """By what a file is known."""
    return st.st_dev, st.st_ino


def kind_of(st: os.stat_result) -> NodeType:
    """The type of a real file."""
    return TYPE_OF_BITS[stat.S_IFMT(st.st_mode)]


class Table:
    """The rows.  ``owner`` is whose what scripts make is: root and the group other."""

    def __init__(self, owner: tuple[int, int] = (0, 1)) -> None:
        self.owner = owner
        self.lock = threading.RLock()
        self._rows: dict[Identity, Entry] = {}

    def entry_of(self, st: os.stat_result) -> Entry | None:
        """The row of a file, by what lstat or fstat says of it."""
        entry = self._rows.get(identity(st))
        if entry is not None and stat.S_IFMT(entry.mode) != stat.S_IFMT(st.st_mode):
            return None
        return entry

    def node_of(self, st: os.stat_result) -> Node | None:
        """The node in a file's place, as it was laid out or changed here; None: a new file."""
        entry = self.entry_of(st)
        return entry.node if entry else None

    def note(self, st: os.stat_result, node: Node, kind: Kind, *, laid: bool = False) -> None:
        """Set a row: this file, looking as ``st`` says, is ``node``."""
        entry = Entry(node, kind, st.st_size, st.st_mtime_ns, st.st_mode, laid)
        with self.lock:
            self._rows[identity(st)] = entry

    def set_row(self, st: os.stat_result, entry: Entry) -> None:
        """Set a row as it is given."""
        with self.lock:
            self._rows[identity(st)] = entry

    def content_of(self, st: os.stat_result) -> Content | None:
        """The referred-to content of a regular file that nobody wrote into, else None."""
        entry = self.entry_of(st)
        if entry is None or entry.node.type is not NodeType.FILE or not entry.same_content(st):
            return None
        return entry.node.content

    def forget(self, directory: Path) -> None:
        """Drop the rows of a directory that goes away, and of all below it."""
        for folder, names, files in os.walk(os.fsencode(directory)):
            for name in (*names, *files, b"."):
                try:
                    st = os.lstat(folder + b"/" + name)
                except OSError:
                    continue
                with self.lock:
                    self._rows.pop(identity(st), None)

    def __len__(self) -> int:
        return len(self._rows)
