# SPDX-License-Identifier: Apache-2.0
"""ls: names, and the long lines by which scripts recognise a disk.

Source of the columns: illumos usr/src/cmd/ls/ls.c, in own words.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.inputs import device_at_path, units_of
from mkboot.rehearsal.commands.owners import name_of
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.mounts import HIDDEN
from mkboot.tree.node import Device, Node, NodeType

_HALF_YEAR = 6 * 30 * 24 * 3600
#: The driver's major number on a Sun, sd's: no script may depend on it.
_MAJOR = 32
_LONG = frozenset("lnog")
#: What a small directory takes on a UFS, in bytes; what a script sees of others is no matter.
_DIRECTORY = 512


@dataclass(frozen=True, slots=True)
class _Item:
    name: bytes
    path: Path
    node: Node
    links: int
    number: int


def ls(call: Call, matched: Matched) -> Outcome:
    """Operands that are no directories first, then the directories; one name a line."""
    return _Listing(call, matched).run()


class _Listing:
    def __init__(self, call: Call, matched: Matched) -> None:
        self._call = call
        self._matched = matched
        self._long = bool(_LONG & {name for name, _ in matched.options})
        self._now = time.time()
        self._names: dict[tuple[bytes, int], bytes] = {}
        self._said = False

    def run(self) -> Exit:
        names = self._matched.operands or (b".",)
        items: list[_Item] = []
        code = 0
        for name in names:
            try:
                items.append(self._item(name, name, given=True))
            except OSError:
                code = refuse(self._call, self._matched, "not found", name=name).code
        files = [i for i in items if self._matched.has("d") or not i.node.is_directory]
        directories = [i for i in items if i not in files]
        self._show(self._ordered(files))
        for item in self._ordered(directories):
            self._directory(item, titled=len(names) > 1)
        return Exit(code)

    def _item(self, name: bytes, path: bytes, *, given: bool = False) -> _Item:
        call = self._call
        follow = self._matched.has("L")
        if given and not self._long and not self._matched.has("F") and not follow:
            follow = _leads_to_directory(call, path) and not self._matched.has("d")
        real = call.resolve(path, follow=follow)
        st = real.lstat()
        node = self._with_device(real, call.machine.shadow.look(real))
        if node.type in (NodeType.CHAR, NodeType.BLOCK) and node.device is None:
            # The console or /dev/null, put there by the machine: some number.
            node = replace(node, device=Device(os.major(st.st_rdev), os.minor(st.st_rdev)))
        return _Item(name, real, node, st.st_nlink, st.st_ino)

    def _with_device(self, path: Path, node: Node) -> Node:
        ref = device_at_path(self._call, path)
        if ref is None:
            return node
        units = [unit.path for unit in units_of(self._call)]
        minor = units.index(ref.unit.path) * 8 + ref.slice
        kind = NodeType.CHAR if ref.raw else NodeType.BLOCK
        return Node(
            kind, node.mode, node.uid, node.gid, node.mtime, node.atime, node.ctime,
            device=Device(_MAJOR, minor),
        )  # fmt: skip

    def _ordered(self, items: list[_Item]) -> list[_Item]:
        made = sorted(items, key=lambda i: i.name)
        if self._matched.has("t"):
            made.sort(key=lambda i: -i.node.mtime)
        return made[::-1] if self._matched.has("r") else made

    def _directory(self, item: _Item, *, titled: bool) -> None:
        if titled:
            self._call.out((b"\n" if self._said else b"") + item.name + b":\n")
            self._said = True
        hidden = self._matched.has("a") or self._matched.has("A")
        with os.scandir(os.fsencode(item.path)) as entries:
            names = sorted(e.name for e in entries if e.name != HIDDEN)
        if self._matched.has("a"):
            names = [b".", b"..", *names]
        chosen = [n for n in names if hidden or not n.startswith(b".")]
        items = [self._item(n, item.name + b"/" + n) for n in chosen]
        if self._long:
            total = sum(_blocks(i.node) for i in items)
            self._call.out(b"total %d\n" % total)
        self._show(self._ordered(items))

    def _show(self, items: list[_Item]) -> None:
        for item in items:
            number = b"%10d " % item.number if self._matched.has("i") else b""
            line = self._line(item) if self._long else item.name + self._mark(item)
            self._call.out(number + line + b"\n")
            self._said = True

    def _mark(self, item: _Item) -> bytes:
        if not self._matched.has("F"):
            return b""
        if item.node.type is NodeType.FILE:
            return b"*" if item.node.mode & 0o111 else b""
        marks = {NodeType.DIRECTORY: b"/", NodeType.SYMLINK: b"@", NodeType.FIFO: b"|"}
        return marks.get(item.node.type, b"")

    def _line(self, item: _Item) -> bytes:
        node = item.node
        plus = b"+" if node.acl else b" "
        fields = [node.type.value.encode() + mode_text(node) + plus + b"%3d " % item.links]
        owner, group = not self._matched.has("g"), not self._matched.has("o")
        if not owner and not group:
            owner = group = False
        if owner:
            fields.append(self._who(b"/etc/passwd", node.uid).ljust(8) + b" ")
        if group:
            fields.append(self._who(b"/etc/group", node.gid).ljust(8) + b" ")
        if node.device is not None:
            fields.append(b"%3d, %2d" % node.device)
        else:
            fields.append(b"%7d" % (_DIRECTORY if node.is_directory else node.size))
        fields.append(self._time(node.mtime // 10**9) + item.name)
        if node.type is NodeType.SYMLINK:
            fields.append(b" -> " + node.target)
        else:
            fields.append(self._mark(item))
        return b"".join(fields)

    def _who(self, table: bytes, number: int) -> bytes:
        if self._matched.has("n"):
            return b"%d" % number
        known = self._names.get((table, number))
        if known is None:
            known = self._names[table, number] = name_of(self._call, table, number)
        return known

    def _time(self, seconds: int) -> bytes:
        if self._call.env.get(b"TZ", b"") not in (b"", b"GMT", b"UTC", b"GMT0"):
            raise not_modelled(self._call, self._matched, "a time zone")
        recent = self._now - _HALF_YEAR <= seconds <= self._now + 60
        form = " %b %e %H:%M " if recent else " %b %e  %Y "
        return time.strftime(form, time.gmtime(seconds)).encode()


def _leads_to_directory(call: Call, path: bytes) -> bool:
    try:
        return call.resolve(path).is_dir()
    except OSError:
        return False


def mode_text(node: Node) -> bytes:
    """The nine letters of a mode, with s, S, l, t and T as a Sun has them."""
    mode = node.mode
    letters = bytearray()
    for shift in (6, 3, 0):
        letters += b"r" if mode >> shift & 4 else b"-"
        letters += b"w" if mode >> shift & 2 else b"-"
        letters += b"x" if mode >> shift & 1 else b"-"
    if mode & 0o4000:
        letters[2:3] = b"s" if mode & 0o100 else b"S"
    if mode & 0o2000:
        mandatory = b"l" if node.type is NodeType.FILE else b"S"
        letters[5:6] = b"s" if mode & 0o010 else mandatory
    if mode & 0o1000:
        letters[8:9] = b"t" if mode & 0o001 else b"T"
    return bytes(letters)


def _blocks(node: Node) -> int:
    """Blocks of 512 bytes that a file takes, as if on a file system of fragments of 1 KB."""
    size = 512 if node.is_directory else node.size if node.type is NodeType.FILE else 0
    return -(-size // 1024) * 2


HANDLERS: Mapping[str, Handler] = {"ls": ls}
