# SPDX-License-Identifier: Apache-2.0
"""Making one node under a name in an open directory, and giving it what its inode says."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.tree.content import CHUNK, Content
from mkboot.tree.node import TYPE_BITS, Node, NodeType

#: What Linux can hold of a device number (12 + 20 bits).
MAJOR_MAX = (1 << 12) - 1
MINOR_MAX = (1 << 20) - 1

SET_ID = 0o6000


class Unkept(NamedTuple):
    """Something of ``path`` that this machine did not take, and why."""

    path: bytes
    what: str
    why: str


def make_node(
    node: Node, name: bytes, fd: int, advance: Callable[[int], None]
) -> list[tuple[str, str]]:
    """Make anything but a directory under a new ``name``; ``finish`` says what is returned.

    Raises ``OSError`` where this machine does not take it, ``InputError`` for broken content.
    """
    if node.type is NodeType.FILE:
        return _make_file(node, name, fd, advance)
    if node.type is NodeType.SYMLINK:
        os.symlink(node.target, name, dir_fd=fd)
    else:
        os.mknod(name, TYPE_BITS[node.type] | 0o600, _device_number(node), dir_fd=fd)
    return _finish_named(node, name, fd)


def finish(node: Node, fd: int) -> list[tuple[str, str]]:
    """Owner, mode and times of an open file or directory, in this order.

    Returns what could not be kept, and why.
    """
    missed = _owner(node, lambda: os.fchown(fd, node.uid, node.gid))
    missed += _mode(node, bool(missed), lambda mode: os.fchmod(fd, mode))
    missed += _times(lambda: os.utime(fd, ns=(node.atime, node.mtime)))
    return missed + _never_kept(node)


def _finish_named(node: Node, name: bytes, fd: int) -> list[tuple[str, str]]:
    """``finish`` for what cannot be opened: a link, a device, a fifo, a socket."""
    missed = _owner(
        node, lambda: os.chown(name, node.uid, node.gid, dir_fd=fd, follow_symlinks=False)
    )
    if node.type is not NodeType.SYMLINK:
        missed += _mode(node, bool(missed), lambda mode: os.chmod(name, mode, dir_fd=fd))
    times = (node.atime, node.mtime)
    missed += _times(lambda: os.utime(name, ns=times, dir_fd=fd, follow_symlinks=False))
    return missed + _never_kept(node)


def _make_file(
    node: Node, name: bytes, fd: int, advance: Callable[[int], None]
) -> list[tuple[str, str]]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    out = os.open(name, flags, 0o600, dir_fd=fd)
    try:
        os.ftruncate(out, node.content.size)
        for offset, length in node.content.extents():
            _copy_run(node.content, out, offset, length, advance)
        return finish(node, out)
    finally:
        os.close(out)


def _copy_run(
    content: Content, out: int, offset: int, length: int, advance: Callable[[int], None]
) -> None:
    end = offset + length
    while offset < end:
        data = content.read(offset, min(CHUNK, end - offset))
        if not data:
            raise InputError(f"ends after {offset} of {content.size} bytes")
        view = memoryview(data)
        while view:
            done = os.pwrite(out, view, offset)
            offset += done
            view = view[done:]
        advance(len(data))


def _device_number(node: Node) -> int:
    if node.device is None:
        return 0
    if node.device.major > MAJOR_MAX or node.device.minor > MINOR_MAX:
        raise OSError(errno.EOVERFLOW, "Linux has no such device number")
    return os.makedev(node.device.major, node.device.minor)


def _owner(node: Node, change: Callable[[], None]) -> list[tuple[str, str]]:
    if os.geteuid() != 0:
        ours = (node.uid, node.gid) == (os.geteuid(), os.getegid())
        return [] if ours else [("owner", "only root can give files away")]
    return _try("owner", change)


def _mode(node: Node, owner_missed: bool, change: Callable[[int], None]) -> list[tuple[str, str]]:
    """A set-uid bit that was another user's is not given to ours."""
    mode, missed = node.mode, []
    if owner_missed and mode & SET_ID and not node.is_directory:
        mode &= ~SET_ID
        missed = [("set-uid", "the owner was not kept")]
    return missed + _try("mode", lambda: change(mode))


def _times(change: Callable[[], None]) -> list[tuple[str, str]]:
    return _try("times", change)


def _never_kept(node: Node) -> list[tuple[str, str]]:
    missed = []
    if node.acl or node.default_acl:
        missed.append(("acl", "Linux has no ACLs of Solaris' kind"))
    if node.attributes:
        missed.append(("attributes", "Linux has no attributes of Solaris' kind"))
    return missed


def _try(what: str, change: Callable[[], None]) -> list[tuple[str, str]]:
    try:
        change()
    except OSError as e:
        if e.errno in (errno.EIO, errno.ENOSPC):
            raise
        return [(what, e.strerror or str(e))]
    except OverflowError as e:
        return [(what, str(e))]
    return []
