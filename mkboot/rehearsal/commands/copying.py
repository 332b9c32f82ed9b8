# SPDX-License-Identifier: Apache-2.0
"""cp: a large file is copied by reference where the room for it is judged later anyhow."""

from __future__ import annotations

import errno
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

from mkboot.rehearsal.call import Call, Exit, Outcome, write_all
from mkboot.rehearsal.commands.answers import not_modelled, refuse
from mkboot.rehearsal.commands.inputs import chunks, device_at_path, opened, reason, umask_of
from mkboot.rehearsal.matching import Matched
from mkboot.tree.node import Node, NodeType

#: Files up to this size are really copied everywhere, in bytes.
_SMALL = 1 << 16
_DEPTH = 256


class _Failed(Exception):  # noqa: N818  (the message is told already)
    """A file could not be copied, and that was said."""


def cp(call: Call, matched: Matched) -> Outcome:
    """Copy files, with -r directories, with -p owners, modes and times."""
    *sources, target = matched.operands
    into = _is_directory(call, target)
    if len(sources) > 1 and not into:
        return refuse(call, matched, "target", name=target)
    code = 0
    for name in sources:
        to = target
        if into:
            to = target.rstrip(b"/") + b"/" + name.rstrip(b"/").rpartition(b"/")[2]
        try:
            _copy(call, matched, name, to, 0)
        except _Failed:
            code = 2
    return Exit(code)


def _is_directory(call: Call, name: bytes) -> bool:
    try:
        return call.resolve(name).is_dir()
    except OSError:
        return False


def _copy(call: Call, matched: Matched, name: bytes, to: bytes, depth: int) -> None:
    try:
        source = call.resolve(name)
        st = source.lstat()
    except OSError:
        raise _failed(call, matched, "cannot access", name=name) from None
    if device_at_path(call, source) is not None:
        raise not_modelled(call, matched, "a device")
    if stat.S_ISDIR(st.st_mode):
        if not matched.has("r"):
            raise _failed(call, matched, "directory", name=name)
        _copy_directory(call, matched, name, to, depth)
        return
    if not stat.S_ISREG(st.st_mode):
        raise not_modelled(call, matched, "neither a file nor a directory")
    try:
        path = call.resolve(to)
    except OSError as e:
        raise _failed(call, matched, "cannot create", name=to, reason=reason(e)) from None
    if device_at_path(call, path) is not None:
        raise not_modelled(call, matched, "to a device")
    if path.exists() and path.samefile(source):
        raise _failed(call, matched, "identical", name=name, target=to)
    _copy_file(call, matched, name, source, path, to)


def _failed(call: Call, matched: Matched, message: str, **words: bytes) -> _Failed:
    refuse(call, matched, message, **words)
    return _Failed(message)


def _copy_directory(call: Call, matched: Matched, name: bytes, to: bytes, depth: int) -> None:
    if depth > _DEPTH:
        raise not_modelled(call, matched, f"more than {_DEPTH} directories deep")
    source = call.resolve(name)
    old = call.machine.shadow.look(source)
    made = False
    try:
        path = call.resolve(to)
        if not path.is_dir():
            path.mkdir()
            path.chmod((old.mode & 0o777 & ~umask_of(call)) | 0o700)
            made = True
    except OSError as e:
        raise _failed(call, matched, "cannot create", name=to, reason=reason(e)) from None
    if path == source or source in path.parents:
        raise not_modelled(call, matched, "a directory into itself")
    failed = False
    with os.scandir(os.fsencode(source)) as entries:
        children = sorted(e.name for e in entries)
    for child in children:
        if (source / os.fsdecode(child)).is_symlink():
            raise not_modelled(call, matched, "a symbolic link below a directory")
        try:
            _copy(call, matched, name + b"/" + child, to + b"/" + child, depth + 1)
        except _Failed:
            failed = True
    if made and matched.has("p"):
        _take_over(call, path, old)
    if failed:
        raise _Failed("below")


def _copy_file(
    call: Call, matched: Matched, name: bytes, source: Path, path: Path, to: bytes
) -> None:
    old = call.machine.shadow.look(source)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "Is a directory")
        if path.exists() and matched.has("f"):
            path.unlink()
        if _by_reference(call, old, path):
            call.machine.shadow.put(path, _fresh(call, old))
        else:
            _copy_bytes(call, name, path, old.mode & 0o777 & ~umask_of(call))
    except OSError as e:
        message = "write" if e.errno == errno.ENOSPC else "cannot create"
        raise _failed(call, matched, message, name=to, reason=reason(e)) from None
    if matched.has("p"):
        _take_over(call, path, old)


def _by_reference(call: Call, old: Node, path: Path) -> bool:
    """Whether a copy may refer to the content: a large one, to where nothing is, and not to
    a file system whose room the workstation's kernel counts (a tmpfs of its own).
    """
    if old.content.size <= _SMALL or path.exists() or path.is_symlink():
        return False
    return path.parent.stat().st_dev == call.machine.root.stat().st_dev


def _fresh(call: Call, old: Node) -> Node:
    now = time.time_ns()
    uid, gid = call.machine.shadow.owner
    mode = old.mode & 0o777 & ~umask_of(call)
    return Node(NodeType.FILE, mode, uid, gid, now, now, now, old.content)


def _copy_bytes(call: Call, name: bytes, path: Path, mode: int) -> None:
    fresh = not path.exists()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with opened(call, name) as given:
            for data in chunks(call, given):
                write_all(fd, data)
    finally:
        os.close(fd)
    if fresh:
        path.chmod(mode)


def _take_over(call: Call, path: Path, old: Node) -> None:
    """Owner, mode, times and ACL of another node."""
    shadow = call.machine.shadow
    shadow.chown(path, old.uid, old.gid)
    shadow.chmod(path, old.mode)
    shadow.change(
        path,
        lambda n: replace(
            n, mtime=old.mtime, atime=old.atime, acl=old.acl, default_acl=old.default_acl
        ),
    )


def move_across(call: Call, source: Path, path: Path) -> None:
    """Move a file to another file system: its bytes and all that is said of it."""
    old = call.machine.shadow.look(source)
    if path.exists() or path.is_symlink():
        path.unlink()
    _copy_bytes(call, call.machine.inside(source), path, old.mode & 0o777)
    _take_over(call, path, old)
    source.unlink()
