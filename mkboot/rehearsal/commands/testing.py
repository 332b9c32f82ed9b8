# SPDX-License-Identifier: Apache-2.0
"""``/usr/bin/test`` as a program; in scripts the shell has its own."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler
from mkboot.rehearsal.commands.inputs import device_at_path
from mkboot.rehearsal.matching import Matched
from mkboot.tree.node import Node, NodeType

_TYPES = {
    b"-d": NodeType.DIRECTORY,
    b"-f": NodeType.FILE,
    b"-p": NodeType.FIFO,
}
_BITS = {b"-g": stat.S_ISGID, b"-k": stat.S_ISVTX, b"-u": stat.S_ISUID, b"-x": 0o111}
_ORDERS: Mapping[bytes, Callable[[int, int], bool]] = {
    b"-eq": lambda a, b: a == b,
    b"-ne": lambda a, b: a != b,
    b"-gt": lambda a, b: a > b,
    b"-ge": lambda a, b: a >= b,
    b"-lt": lambda a, b: a < b,
    b"-le": lambda a, b: a <= b,
}


def test(call: Call, matched: Matched) -> Outcome:
    """0 where it holds, else 1."""
    words = matched.operands
    if matched.form.id == "string":
        same = words[0] == words[2]
        return _exit(same if words[1] == b"=" else not same)
    if matched.form.id == "number":
        return _exit(_ORDERS[words[1]](int(words[0]), int(words[2])))
    if words[0] in (b"-n", b"-z"):
        return _exit(bool(words[1]) == (words[0] == b"-n"))
    return _exit(_is(call, words[0], words[1]))


def _exit(holds: bool) -> Exit:
    return Exit(0 if holds else 1)


def _is(call: Call, question: bytes, name: bytes) -> bool:
    try:
        path = call.resolve(name, follow=question not in (b"-h", b"-L"))
        st = path.lstat()
    except OSError:
        return False
    if question in (b"-h", b"-L"):
        return stat.S_ISLNK(st.st_mode)
    device = device_at_path(call, path)
    if question in (b"-b", b"-c"):
        if device is not None:
            return device.raw == (question == b"-c")
        return stat.S_ISCHR(st.st_mode) and question == b"-c"
    if question in _TYPES:
        return device is None and _look(call, name).type is _TYPES[question]
    if question in _BITS:
        return bool(_look(call, name).mode & _BITS[question])
    # Root may read and write whatever the bits say.
    return question in (b"-r", b"-w") or (question == b"-s" and path.stat().st_size > 0)


def _look(call: Call, name: bytes) -> Node:
    return call.machine.shadow.look(call.resolve(name))


HANDLERS: Mapping[str, Handler] = {"test": test}
