# SPDX-License-Identifier: Apache-2.0
"""Files that are complete when they have their name.

Everything is written beside its final name, synced, and renamed; what did not get that
far is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mkboot.errors import CallerError

#: Ends the name of a file that is not complete yet.
PARTIAL = ".partial"
#: A file that has grown by so many bytes is worth syncing early; how often it is looked at.
_EARLY, _PAUSE = 64 << 20, 0.2


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise ``CallerError`` when ``path`` exists and may not be overwritten.

    What is no regular file (a device, a directory) is never overwritten.
    """
    if not os.path.lexists(path):
        return
    if not path.is_file() and not (path.is_symlink() and not path.exists()):
        raise CallerError(f"{path} is no regular file", hint="give another name")
    if not force:
        raise CallerError(f"{path} exists", hint="--force overwrites it")


@contextmanager
def complete_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a path to write to; it becomes ``path`` when the block ends without an error.

    The file is empty before the block begins, and locked until it ends: a second run that
    wants to write the same file is refused (``CallerError``) and harms nothing.  ``path``
    must not exist unless ``force`` is given.
    """
    refuse_existing(path, force=force)
    path = path.resolve()
    partial = path.with_name(path.name + PARTIAL)
    fd = _locked(partial)
    if _has_both_names(path):
        partial.unlink()
        os.close(fd)
        fd = _locked(partial)
    try:
        os.ftruncate(fd, 0)
        with _early_sync(fd):
            yield partial
        os.fsync(fd)
        partial.rename(path)
        sync_file(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    finally:
        os.close(fd)


@contextmanager
def complete_files(paths: Sequence[Path], *, force: bool = False) -> Iterator[list[Path]]:
    """Like ``complete_file`` for files that belong together: they get their names at the end.

    A run that is killed while it gives the names leaves some files under both of their
    names; for the next run these do not exist (``remnants_of``).
    """
    remnants = remnants_of(paths)
    paths = [path.resolve() if path.is_symlink() else path for path in paths]
    with ExitStack() as stack:
        fds: list[int] = []
        partials = [path.with_name(path.name + PARTIAL) for path in paths]
        for path, partial in zip(paths, partials, strict=True):
            if path not in remnants:
                refuse_existing(path, force=force)
            fds.append(stack.enter_context(_gone_in_the_end(partial)))
            if path in remnants:
                path.unlink()
            os.ftruncate(fds[-1], 0)
        with ExitStack() as syncing:
            for fd in fds:
                syncing.enter_context(_early_sync(fd))
            yield partials
        for fd in fds:
            os.fsync(fd)
        for partial, path in zip(partials, paths, strict=True):
            _name(partial, path)
        for folder in {path.parent for path in paths}:
            sync_file(folder)


@contextmanager
def _early_sync(fd: int) -> Iterator[None]:
    """Bring a file to the disk while more of it is made.

    Else all of it waits in memory for the end, and the user then.  What goes wrong is
    raised when the block ends.
    """
    done = threading.Event()
    failed: list[OSError] = []

    def sync() -> None:
        synced = 0
        while not done.wait(_PAUSE):
            try:
                size = os.fstat(fd).st_blocks * 512
                if size - synced >= _EARLY:
                    os.fdatasync(fd)
                    synced = size
            except OSError as e:
                failed.append(e)
                return

    thread = threading.Thread(target=sync, name="mkboot-sync", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if failed:
        raise failed[0]


def remnants_of(paths: Sequence[Path]) -> frozenset[Path]:
    """Those that were given their names by a run that did not live to name them all.

    A run takes the first partial name away when every file has its own.
    """
    if not all(path.with_name(path.name + PARTIAL).exists() for path in paths):
        return frozenset()
    return frozenset(path for path in paths if _has_both_names(path))


def _has_both_names(path: Path) -> bool:
    try:
        return path.samefile(path.with_name(path.name + PARTIAL))
    except FileNotFoundError:
        return False


@contextmanager
def _gone_in_the_end(partial: Path) -> Iterator[int]:
    """A locked descriptor of ``partial``, which has lost that name when the block ends."""
    fd = _locked(partial)
    try:
        yield fd
    finally:
        with contextlib.suppress(OSError):
            if _same(fd, partial):
                partial.unlink()
        os.close(fd)


def _name(partial: Path, path: Path) -> None:
    """Give a complete file its name and leave it the old one too, where links are known."""
    spare = partial.with_name(partial.name + ".name")
    spare.unlink(missing_ok=True)
    try:
        spare.hardlink_to(partial)
    except OSError:
        partial.rename(path)
    else:
        spare.rename(path)


def _locked(partial: Path) -> int:
    """A descriptor of ``partial`` that holds its lock, made if need be.

    Between opening and locking another run may have finished and renamed the file: then
    what was locked is no longer what bears the name.
    """
    while True:
        fd = os.open(partial, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(fd, partial):
                return fd
        except BlockingIOError:
            os.close(fd)
            raise CallerError(f"{partial} is being written by another run") from None
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _same(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def private_files() -> Iterator[None]:
    """What is made in the block is closed to others: captured hosts have secrets."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Work alone in ``folder``: a second run is refused with a ``CallerError``."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CallerError(f"another mkboot works in {folder}") from None
        yield
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    """Bring a file, or a directory's entries, to stable storage."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """Write a whole text file (UTF-8) under its final name at once."""
    with complete_file(path, force=force) as partial:
        partial.write_text(text, encoding="utf-8")
