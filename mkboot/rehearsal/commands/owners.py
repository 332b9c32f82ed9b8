# SPDX-License-Identifier: Apache-2.0
"""chmod, chown, chgrp: what belongs to whom is in the shadow, not on the workstation."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.inputs import device_at_path, reason, umask_of
from mkboot.rehearsal.matching import Matched
from mkboot.tree.source import FileSource

_TABLE_MAX = 1 << 20
_CLAUSE = re.compile(rb"([ugoa]*)([-+=])([rwxst]+)")
_SHIFT = {b"u": 6, b"g": 3, b"o": 0}
_BITS = {b"r": 4, b"w": 2, b"x": 1}


def chmod(call: Call, matched: Matched) -> Outcome:
    """Set or change the twelve bits."""
    wanted = matched.group("MODE")[0]
    mask = umask_of(call)

    def change(path: Path) -> None:
        old = call.machine.shadow.look(path).mode
        call.machine.shadow.chmod(path, changed_mode(old, wanted, mask))

    return _all(call, matched, change)


def changed_mode(old: int, wanted: bytes, mask: int) -> int:
    """``wanted`` as octal digits or ``u+x,go-w``; without a who the mask limits it."""
    if wanted.isdigit():
        return int(wanted, 8)
    for clause in wanted.split(b","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise ValueError(clause)
        who, sign, what = found[1], found[2], found[3]
        bits = _bits(who or b"a", what) & ~(0 if who else mask)
        cover = _bits(who or b"a", b"rwxst")
        if sign == b"+":
            old |= bits
        elif sign == b"-":
            old &= ~bits
        else:
            old = (old & ~cover) | bits
    return old


def _bits(who: bytes, what: bytes) -> int:
    persons = b"ugo" if b"a" in who else who
    made = 0
    for person, shift in _SHIFT.items():
        if person in persons:
            made |= sum(bit << shift for letter, bit in _BITS.items() if letter in what)
    if b"s" in what:
        made |= (0o4000 if b"u" in persons else 0) | (0o2000 if b"g" in persons else 0)
    return made | (0o1000 if b"t" in what and b"u" in persons else 0)


def chown(call: Call, matched: Matched) -> Outcome:
    """Another owner, perhaps another group, by number or by name."""
    owner, _, group = matched.group("OWNER")[0].partition(b":")
    uid, gid = number_of(call, b"/etc/passwd", owner), number_of(call, b"/etc/group", group)
    for name, number in ((owner, uid), (group, gid)):
        if name and number is None:
            return refuse(call, matched, "unknown", name=name)
    return _all(call, matched, lambda path: call.machine.shadow.chown(path, uid, gid))


def chgrp(call: Call, matched: Matched) -> Outcome:
    """Another group."""
    group = matched.group("GROUP")[0]
    gid = number_of(call, b"/etc/group", group)
    if gid is None:
        return refuse(call, matched, "unknown", name=group)
    return _all(call, matched, lambda path: call.machine.shadow.chown(path, None, gid))


def number_of(call: Call, table: bytes, name: bytes) -> int | None:
    """The number of a user or group: itself, or from ``/etc/passwd`` or ``/etc/group``."""
    if name.isdigit():
        return int(name)
    for fields in rows_of(call, table):
        if len(fields) > 2 and fields[0] == name and fields[2].isdigit():
            return int(fields[2])
    return None


def name_of(call: Call, table: bytes, number: int) -> bytes:
    """The other way round; the number itself where it has no name."""
    for fields in rows_of(call, table):
        if len(fields) > 2 and fields[2] == b"%d" % number:
            return fields[0]
    return b"%d" % number


def rows_of(call: Call, table: bytes) -> Iterator[list[bytes]]:
    """The lines of a table of the running root, split at colons."""
    source = call.source(table)
    if source is None:
        return
    text = source.pread(0, min(source.size, _TABLE_MAX))
    if isinstance(source, FileSource):
        source.close()
    for line in text.splitlines():
        yield line.split(b":")


def _all(call: Call, matched: Matched, change: Callable[[Path], None]) -> Outcome:
    code = 0
    for name in matched.group("NAME"):
        try:
            path = call.resolve(name, follow=not matched.has("h"))
            path.lstat()
            for one in _with_below(path) if matched.has("R") else [path]:
                if one.is_symlink() and not matched.has("h"):
                    raise not_modelled(call, matched, "a symbolic link below a directory")
                if device_at_path(call, one) is None:
                    change(one)
        except OSError as e:
            if matched.has("f"):
                continue
            code = refuse(call, matched, "cannot", name=name, reason=reason(e)).code
    return Exit(code)


def _with_below(path: Path) -> Iterator[Path]:
    yield path
    if not stat.S_ISDIR(path.lstat().st_mode):
        return
    for folder, names, files in os.walk(path):
        for name in (*names, *files):
            yield Path(folder) / name


HANDLERS: Mapping[str, Handler] = {"chmod": chmod, "chown": chown, "chgrp": chgrp}
