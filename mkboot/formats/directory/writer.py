# SPDX-License-Identifier: Apache-2.0
"""Writing a tree into a directory of this machine, and never outside it.

Every name is reached from the directory above it without following links.  A file gets
its name when it is complete.  Owners are kept only as root; directories get their owner,
mode and times last, from the deepest up.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mkboot.errors import RESUMABLE, CallerError, InputError, MkbootError, stopped_by
from mkboot.formats.directory.beneath import DIRECTORY_FLAGS, directory_beneath, names_in
from mkboot.formats.directory.place import Unkept, finish, make_node
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import show

#: What one node may fail with while the others go on; it is told at the end.
_BEARABLE = frozenset({
    errno.EPERM, errno.EINVAL, errno.ENAMETOOLONG, errno.EFBIG, errno.EOPNOTSUPP, errno.EMLINK,
    errno.ENOENT, errno.EOVERFLOW,
})  # fmt: skip

#: More levels are refused: every step into one begins at the top again.  A path of Solaris
#: has at most 1024 bytes (PATH_MAX).
_DEEPEST = 1024


class _Directory(NamedTuple):
    names: tuple[bytes, ...]
    number: int


def write_directory(
    tree: FileTree,
    path: Path,
    *,
    force: bool = False,
    top: bool = True,
    advance: Callable[[int], None] = lambda _count: None,
) -> tuple[Unkept, ...]:
    """Write the whole tree below ``path``, which is made if its parent exists.

    Returns what could not be kept.  Names that exist already are a ``CallerError`` before
    anything is written; with ``force`` files are replaced, directories filled.
    ``top`` says whether ``path`` itself gets the root's owner, mode and times.  ``advance``
    hears of bytes.
    """
    with _opened(path) as root:
        writer = _Writer(tree, root, force, advance)
        if not force:
            writer.refuse_existing(path)
        writer.write(top)
    return tuple(writer.unkept)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as e:
        raise CallerError(f"{path}: {e.strerror}") from e
    try:
        yield fd
    finally:
        os.close(fd)


class _Writer:
    """One run of ``write_directory``."""

    def __init__(
        self, tree: FileTree, root: int, force: bool, advance: Callable[[int], None]
    ) -> None:
        self.unkept: list[Unkept] = []
        self._tree = tree
        self._root = root
        self._force = force
        self._advance = advance
        self._first: dict[int, tuple[bytes, ...]] = {}

    def refuse_existing(self, path: Path) -> None:
        """Raise ``CallerError`` if any name but a directory's is taken."""
        stack = [_Directory((), ROOT)]
        while stack:
            at = stack.pop()
            with directory_beneath(self._root, at.names) as fd:
                there = set(names_in(fd))
                for name, number in self._tree.children(at.number).items():
                    if name not in there:
                        continue
                    if not self._tree.nodes[number].is_directory or not _is_directory(name, fd):
                        shown = show(b"/".join((*at.names, name)))
                        raise CallerError(f"{path}/{shown} exists", hint="--force overwrites it")
                    stack.append(_Directory((*at.names, name), number))

    def write(self, top: bool) -> None:
        """Everything; the directories' own metadata last."""
        done: list[_Directory] = []
        stack = [_Directory((), ROOT)]
        while stack:
            at = stack.pop()
            done.append(at)
            with _errors(at.names), directory_beneath(self._root, at.names) as fd:
                stack.extend(self._fill(at, fd))
        for at in reversed(done if top else done[1:]):
            with _errors(at.names), directory_beneath(self._root, at.names) as fd:
                self._note(at.names, finish(self._tree.nodes[at.number], fd))

    def _fill(self, at: _Directory, fd: int) -> list[_Directory]:
        """What is in one directory; the directories in it are returned, made but empty."""
        inside: list[_Directory] = []
        if len(at.names) > _DEEPEST:
            raise InputError(
                f"directories lie more than {_DEEPEST} levels deep",
                hint="mkboot tar takes them all",
            )
        for name, number in sorted(self._tree.children(at.number).items()):
            names = (*at.names, name)
            with _errors(names):
                if self._tree.nodes[number].is_directory:
                    self._make_directory(name, fd)
                    inside.append(_Directory(names, number))
                else:
                    self._put(names, number, fd)
        return inside

    def _make_directory(self, name: bytes, fd: int) -> None:
        if self._force and not _is_directory(name, fd):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=fd)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=fd)
        os.close(os.open(name, DIRECTORY_FLAGS, dir_fd=fd))

    def _put(self, names: tuple[bytes, ...], number: int, fd: int) -> None:
        """Make anything but a directory under a name of its own, then give it its name."""
        partial = self._free_name(names[:-1])
        try:
            try:
                self._make(names, number, partial, fd)
            except OSError as e:
                if e.errno not in _BEARABLE:
                    raise
                self._miss(names, self._tree.nodes[number].type.name.lower(), e)
                return
            self._name(partial, names[-1], fd)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=fd)

    def _make(self, names: tuple[bytes, ...], number: int, partial: bytes, fd: int) -> None:
        node = self._tree.nodes[number]
        first = self._first.get(number)
        if first is not None and self._link(names, first, partial, fd):
            return
        try:
            missed = make_node(node, partial, fd, self._advance)
        except InputError as e:
            shown = _shown(names)
            raise (e if e.place[:1] == (shown,) else e.inside(shown)) from e
        self._note(names, missed)
        self._first.setdefault(number, names)

    def _link(
        self, names: tuple[bytes, ...], first: tuple[bytes, ...], partial: bytes, fd: int
    ) -> bool:
        try:
            with directory_beneath(self._root, first[:-1]) as other:
                os.link(first[-1], partial, src_dir_fd=other, dst_dir_fd=fd, follow_symlinks=False)
        except OSError as e:
            self._miss(names, f"link to {_shown(first)}", e)
            return False
        return True

    def _name(self, partial: bytes, name: bytes, fd: int) -> None:
        """Rename; renaming one hard link over another does nothing, hence the unlink."""
        if self._force:
            if _is_directory(name, fd):
                raise IsADirectoryError(errno.EISDIR, "a directory is in the way")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=fd)
        os.rename(partial, name, src_dir_fd=fd, dst_dir_fd=fd)

    def _note(self, names: tuple[bytes, ...], missed: list[tuple[str, str]]) -> None:
        self.unkept.extend(Unkept(b"/" + b"/".join(names), *each) for each in missed)

    def _free_name(self, parent: tuple[bytes, ...]) -> bytes:
        """A name for what is not complete yet, which nothing in the tree has there."""
        number = self._tree.find(b"/".join(parent)) or ROOT
        taken = self._tree.children(number)
        name = b".mkboot.partial"
        while name in taken:
            name += b"_"
        return name

    def _miss(self, names: tuple[bytes, ...], what: str, error: OSError) -> None:
        self._note(names, [(what, error.strerror or str(error))])


@contextmanager
def _errors(names: tuple[bytes, ...]) -> Iterator[None]:
    """Say where the system refused."""
    try:
        yield
    except OSError as e:
        raise _system_error(e, _shown(names)) from e


def _shown(names: tuple[bytes, ...]) -> str:
    return "/" + show(b"/".join(names))


def _system_error(error: OSError, shown: str) -> MkbootError:
    text = f"cannot write {shown}"
    if error.errno in RESUMABLE:
        return stopped_by(error, text)
    return CallerError(f"{text}: {error.strerror or error}")


def _is_directory(name: bytes, fd: int) -> bool:
    try:
        os.close(os.open(name, DIRECTORY_FLAGS, dir_fd=fd))
    except OSError:
        return False
    return True
