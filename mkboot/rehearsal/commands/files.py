# SPDX-License-Identifier: Apache-2.0
"""Commands that make, move and remove files: mkdir, rmdir, rm, mv, ln, touch."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.copying import cp, move_across
from mkboot.rehearsal.commands.inputs import reason, umask_of
from mkboot.rehearsal.matching import Matched
from mkboot.tree.node import Node

#: What a directory that is not empty gives on a Sun's UFS (EEXIST).
_NOT_EMPTY = b"File exists"


def mkdir(call: Call, matched: Matched) -> Outcome:
    """Make directories, with -p those above as well."""
    code = 0
    given = matched.value("m")
    for name in matched.operands:
        try:
            if matched.has("p"):
                _make_above(call, name)
            path = call.resolve(name)
            if not (matched.has("p") and path.is_dir()):
                path.mkdir()
                path.chmod(int(given, 8) if given else 0o777 & ~umask_of(call))
        except OSError as e:
            code = refuse(call, matched, "exists", name=name, reason=reason(e)).code
    return Exit(code)


def _make_above(call: Call, name: bytes) -> None:
    """Make what is missing above ``name``, from the top on."""
    parts = name.split(b"/")
    for count in range(1, len(parts)):
        above = b"/".join(parts[:count]) or b"/"
        path = call.resolve(above)
        if not path.exists():
            path.mkdir()
            path.chmod((0o777 & ~umask_of(call)) | 0o300)


def rmdir(call: Call, matched: Matched) -> Outcome:
    """Remove empty directories."""
    code = 0
    for name in matched.operands:
        try:
            path = call.resolve(name, follow=False)
            path.rmdir()
        except OSError as e:
            text = _NOT_EMPTY if e.errno == errno.ENOTEMPTY else reason(e)
            code = refuse(call, matched, "cannot", name=name, reason=text).code
    return Exit(code)


def rm(call: Call, matched: Matched) -> Outcome:
    """Remove files, with -r directories too; with -f nothing is said of what is not there."""
    code = 0
    deep, quiet = matched.has("r") or matched.has("R"), matched.has("f")
    for name in matched.operands:
        if name.rpartition(b"/")[2] in (b".", b".."):
            code = refuse(call, matched, "not allowed", name=name).code
            continue
        if not name.strip(b"/"):
            raise not_modelled(call, matched, "the root")
        try:
            path = call.resolve(name, follow=False)
            kind = path.lstat().st_mode
        except OSError as e:
            if not quiet:
                code = refuse(call, matched, "not found", name=name, reason=reason(e)).code
            continue
        if not stat.S_ISDIR(kind):
            code = max(code, _remove_file(call, matched, path, name))
        elif deep:
            code = max(code, _remove_tree(call, matched, path, name))
        else:
            code = refuse(call, matched, "directory", name=name).code
    return Exit(code)


def _remove_file(call: Call, matched: Matched, path: Path, name: bytes) -> int:
    """Remove one file; with -f nothing is said where that fails, but the code tells."""
    try:
        path.unlink()
    except OSError as e:
        if not matched.has("f"):
            refuse(call, matched, "cannot", name=name, reason=reason(e))
        return 2
    return 0


def _remove_tree(call: Call, matched: Matched, path: Path, name: bytes) -> int:
    """Remove all that can be removed; each directory that cannot be is told."""
    code = 0
    with os.scandir(os.fsencode(path)) as entries:
        found = [(e.name, e.is_dir(follow_symlinks=False)) for e in entries]
    for child, is_tree in found:
        below, shown = path / os.fsdecode(child), name + b"/" + child
        remove = _remove_tree if is_tree else _remove_file
        code = max(code, remove(call, matched, below, shown))
    try:
        path.rmdir()
    except OSError as e:
        refuse(call, matched, "cannot remove directory", name=name, reason=reason(e))
        return 2
    return code


def mv(call: Call, matched: Matched) -> Outcome:
    """Rename; from one file system to another a file is copied with all it has."""
    target = matched.operands[-1]
    code = 0
    into = is_directory(call, target)
    if len(matched.operands) > 2 and not into:
        return refuse(call, matched, "target", name=target)
    for name in matched.operands[:-1]:
        to = inside_of(target, name) if into else target
        try:
            source = call.resolve(name, follow=False)
            source.lstat()
        except OSError:
            code = refuse(call, matched, "cannot access", name=name).code
            continue
        try:
            code = max(code, _rename(call, matched, source, to))
        except OSError as e:
            words = {"name": name, "target": to, "reason": reason(e)}
            code = refuse(call, matched, "cannot", **words).code
    return Exit(code)


def _rename(call: Call, matched: Matched, source: Path, to: bytes) -> int:
    path = call.resolve(to, follow=False)
    try:
        source.rename(path)
    except OSError as e:
        if e.errno != errno.EXDEV:
            raise
        if not source.is_file() or source.is_symlink():
            raise not_modelled(call, matched, "anything but a file to another file system") from e
        move_across(call, source, path)
    return 0


def ln(call: Call, matched: Matched) -> Outcome:
    """Make a link, symbolic with -s; the name of the source where no target is given."""
    source, *rest = matched.operands
    target = rest[0] if rest else inside_of(b".", source)
    if rest and is_directory(call, target):
        target = inside_of(target, source)
    try:
        path = call.resolve(target, follow=False)
        if matched.has("f") and (path.is_symlink() or path.is_file()):
            path.unlink()
        if matched.has("s"):
            path.symlink_to(os.fsdecode(source))
            return Exit(0)
        origin = call.resolve(source)
        if not origin.exists():
            return refuse(call, matched, "cannot access", name=source)
        path.hardlink_to(origin)
    except FileExistsError:
        return refuse(call, matched, "exists", name=target)
    except OSError as e:
        return refuse(call, matched, "cannot", name=target, reason=reason(e))
    return Exit(0)


def touch(call: Call, matched: Matched) -> Outcome:
    """Set times to now or to those of another file; make what is missing."""
    now = time.time_ns()
    modified = accessed = now
    like = matched.value("r")
    if like is not None:
        try:
            model = call.machine.shadow.look(call.resolve(like))
        except OSError:
            return refuse(call, matched, "cannot stat", name=like)
        modified, accessed = model.mtime, model.atime
    both = not (matched.has("a") or matched.has("m"))
    code = 0
    for name in matched.operands:
        try:
            path = call.resolve(name)
            if not path.exists():
                if matched.has("c"):
                    continue
                path.touch(0o666 & ~umask_of(call), exist_ok=False)
            _set_times(
                call,
                path,
                modified if both or matched.has("m") else None,
                accessed if both or matched.has("a") else None,
            )
        except OSError:
            code = refuse(call, matched, "cannot create", name=name).code
    return Exit(code)


def _set_times(call: Call, path: Path, modified: int | None, accessed: int | None) -> None:
    """Set times, in the table where the file has a row there."""
    st = path.stat()
    mtime = st.st_mtime_ns if modified is None else modified
    atime = st.st_atime_ns if accessed is None else accessed
    if call.machine.shadow.entry_of(st) is None:
        os.utime(path, ns=(atime, mtime))
        return

    def change(node: Node) -> Node:
        return replace(
            node,
            mtime=node.mtime if modified is None else modified,
            atime=node.atime if accessed is None else accessed,
        )

    call.machine.shadow.change(path, change)


def is_directory(call: Call, name: bytes) -> bool:
    """Whether a name leads to a directory."""
    try:
        return call.resolve(name).is_dir()
    except OSError:
        return False


def inside_of(directory: bytes, name: bytes) -> bytes:
    """Where ``name`` comes to lie in ``directory``, under its last part."""
    return directory.rstrip(b"/") + b"/" + name.rstrip(b"/").rpartition(b"/")[2]


HANDLERS: Mapping[str, Handler] = {
    "mkdir": mkdir,
    "rmdir": rmdir,
    "rm": rm,
    "cp": cp,
    "mv": mv,
    "ln": ln,
    "touch": touch,
}
