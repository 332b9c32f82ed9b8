# SPDX-License-Identifier: Apache-2.0
"""ufsrestore r and t, with all that it forgives and all that it does not."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.ufsdump import Dump, join_dumps, read_dump
from mkboot.model.finding import Finding
from mkboot.rehearsal.bytesmove import drain
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.command import RELEASES
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse, tell
from mkboot.rehearsal.commands.reach import reason_of
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.restorework import Restoring, WriteError, listing, room_for, work_sizes
from mkboot.rehearsal.storagestate import (
    Restored,
    identity_of,
    spool_directory,
    state_of,
)
from mkboot.rehearsal.ufsmounting import MountedUfs
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import unshow
from mkboot.tree.source import ByteSource, FileSource, Window

_RECORD = 1024
_SYMBOLS = b"restoresymtable"
#: Bytes of restoresymtable for each name.
_SYMBOL = 64
#: From this release on TMPDIR is looked at.
_TMPDIR = RELEASES.index("9")
#: Messages that are only there with v.
_VERBOSE = frozenset({"extract", "make node", "begin", "header", "end", "begin incremental"})
_PARENTS = 32


@dataclass(slots=True)
class _Run:
    """One ufsrestore."""

    call: Call
    matched: Matched
    is_pipe: bool = False
    findings: tuple[Finding, ...] = ()

    def tell(self, name: str, **words: bytes) -> None:
        """A message; those of v only where it was given."""
        if name not in _VERBOSE or self.matched.has("v"):
            tell(self.call, self.matched, name, **words)

    def refuse(self, name: str, **words: bytes) -> Exit:
        """A message that ends it."""
        return refuse(self.call, self.matched, name, **words)


def ufsrestore(call: Call, matched: Matched) -> Outcome:
    """Restore a whole dump into the working directory, or list it."""
    run = _Run(call, matched)
    source = _input(run)
    if source is None:
        return run.refuse("no input", file=matched.value("f") or b"")
    dump = _read(run, source)
    if dump is None:
        return run.refuse("not a dump")
    if dump.header.volume > 1:
        return run.refuse("not volume 1")
    if matched.has("t"):
        return _list(run, dump)
    _header(run, dump)
    return _restore(run, dump, source)


def _input(run: _Run) -> ByteSource | None:
    call, name = run.call, run.matched.value("f")
    if name != b"-":
        return call.source(name or b"")
    if not _has_terminal(call):
        run.tell("no terminal")
    run.is_pipe = True
    direct = call.source_of_fd(call.stdin)
    if direct is not None:
        at = os.lseek(call.stdin, 0, os.SEEK_CUR)
        os.lseek(call.stdin, 0, os.SEEK_END)
        return Window(direct, at, direct.size - at)
    return _spooled(call)


def _spooled(call: Call) -> ByteSource:
    """All that comes through the pipe, in a file without a name, which is there as long as a
    file's content refers to it.
    """
    with tempfile.TemporaryFile(dir=spool_directory(call.machine)) as file:
        if call.stdin >= 0:
            drain(call.stdin, file.fileno())
        return FileSource(Path(f"/proc/self/fd/{file.fileno()}"))


def _has_terminal(call: Call) -> bool:
    """Whether /dev/tty can be opened: the console is a file of this process or one above."""
    console = call.machine.console
    if any(console.is_console(fd) for fd in (call.stdin, call.stdout, call.stderr) if fd >= 0):
        return True
    pid = call.pid
    for _ in range(_PARENTS):
        if pid <= 1:
            return False
        here = Path(f"/proc/{pid}")
        try:
            if (here / "fd/0").readlink() == console.path:
                return True
            pid = int((here / "stat").read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, ValueError):
            return False
    return False


def _read(run: _Run, source: ByteSource) -> Dump | None:
    try:
        return read_dump(source)
    except InputError:
        pass
    except OSError as e:
        raise not_modelled(run.call, run.matched, f"a read error of the dump: {e}") from e
    try:
        dump = read_dump(source, salvage=True)
    except InputError:
        return None
    run.findings = dump.findings
    return dump


def _list(run: _Run, dump: Dump) -> Exit:
    done = Exit(0)
    for inode, path in listing(dump.tree):
        done = run.refuse("listed", inode=inode, path=path)
    return done


def _header(run: _Run, dump: Dump) -> None:
    head = dump.header
    run.tell(
        "header",
        date=b"%d" % head.date, since=b"%d" % head.base_date if head.base_date else b"the epoch",
        level=b"%d" % head.level, filesystem=head.filesystem, host=head.host,
        device=head.device, label=head.label or b"none",
    )  # fmt: skip


def _restore(run: _Run, dump: Dump, source: ByteSource) -> Exit:
    _forget_gone(run)
    top = run.call.machine.resolve(run.call.cwd)
    symbols = top / os.fsdecode(_SYMBOLS)
    before: Restored | None = None
    if dump.header.base_date:
        if not symbols.exists():
            return run.refuse("no symbol table")
        before = state_of(run.call.machine).restored.get(identity_of(symbols))
        if before is None:
            raise not_modelled(run.call, run.matched, "an increment after what made the table")
        last = before.dumps[-1].header.date
        if dump.header.base_date != last:
            return run.refuse("too low" if dump.header.base_date > last else "too high")
    try:
        with _work_files(run, dump) as refused:
            return refused or _carry_out(run, dump, source, top, before)
    except InputError as e:
        raise not_modelled(run.call, run.matched, str(e)) from e


def _carry_out(
    run: _Run, dump: Dump, source: ByteSource, top: Path, before: Restored | None
) -> Exit:
    lost = [f for f in run.findings if f.place.startswith("/")]
    if any(f.place == "/" for f in lost):
        return run.refuse("no root")
    dumps = (dump,) if before is None else (*before.dumps, dump)
    tree = join_dumps(*dumps).tree
    symbols = top / os.fsdecode(_SYMBOLS)
    refused = _save_symbols(run, symbols, tree)
    if refused is not None:
        return refused
    if before is None:
        run.tell("begin", level=b"%d" % dump.header.level)
    else:
        run.tell("begin incremental")
    try:
        _restoring(run, top, tree, before).run(tree)
    except WriteError as e:
        inode = b"%d" % e.inode
        return run.refuse("write error", inode=inode, path=e.path, reason=e.reason)
    state_of(run.call.machine).restored[identity_of(symbols)] = Restored(symbols, dumps, tree)
    aborted = _complain(run, lost, source)
    if aborted is not None:
        return aborted
    run.tell("end")
    return run.refuse("done")


def _restoring(run: _Run, top: Path, tree: FileTree, before: Restored | None) -> Restoring:
    machine = run.call.machine
    made = Restoring(machine.shadow, top, run.tell, before.tree if before is not None else None)
    if run.findings:  # what the salvage found without names a real one does not have
        made.skip = lambda path: path.startswith(b"/lost+found/#")
    mounted = machine.mounts.at(machine.inside(top))
    if mounted is not None and isinstance(mounted.flush, MountedUfs):
        made.room = room_for(mounted.flush, tree)
    return made


def _save_symbols(run: _Run, symbols: Path, tree: FileTree) -> Exit | None:
    """restoresymtable, as long as a real one about is."""
    try:
        with symbols.open("wb") as file:
            file.write(b"restoresymtable of a rehearsal\n")
            file.truncate(len(tree.nodes) * _SYMBOL)
        symbols.chmod(0o600)
    except OSError as e:
        return run.refuse("cannot save symbol table", reason=reason_of(e))
    return None


def _complain(run: _Run, lost: list[Finding], source: ByteSource) -> Exit | None:
    """What a damaged or cut-off dump makes it say and ask; an exit where it is aborted."""
    if not run.findings:
        return None
    run.tell("garbage")
    if source.size % _RECORD:
        if not run.is_pipe:
            return run.refuse("volume 2", file=run.matched.value("f") or b"")
        run.tell("partial block", got=b"%d" % (source.size % _RECORD))
        if _is_aborted(run):
            return run.refuse("dump core")
    elif any("record" in f.place for f in run.findings):
        run.tell("skipped", blocks=b"%d" % len(run.findings))
    for finding in lost:
        run.tell("bad entry", path=unshow(finding.place))
        if _is_aborted(run):
            return run.refuse("dump core")
    return None


def _is_aborted(run: _Run) -> bool:
    """The answer to ``abort? [yn]``: from the terminal, and without one it is no."""
    call = run.call
    if not _has_terminal(call):
        call.err(b"\n")
        return False
    for _ in range(_PARENTS):
        line = call.read_line(call.machine.console.slave)
        if line[:1] in (b"y", b"n", b""):
            return line[:1] == b"y"
        call.err(b"abort? [yn] ")
    return False


@contextmanager
def _work_files(run: _Run, dump: Dump) -> Iterator[Exit | None]:
    """rstdir and rstmode, really written, so that a full /tmp is full."""
    run.tell("work directory")
    call = run.call
    name = call.env.get(b"TMPDIR", b"")
    where = b"/tmp"
    if RELEASES.index(call.machine.release) >= _TMPDIR and name.startswith(b"/"):
        where = name
    made: list[Path] = []
    refused: Exit | None = None
    for kind, size in zip((b"rstdir", b"rstmode"), work_sizes(dump.tree), strict=True):
        file = where + b"/" + kind + b"%d" % dump.header.date
        try:
            path = call.resolve(file)
            with path.open("xb") as opened:
                made.append(path)
                _fill(opened.fileno(), size)
        except OSError as e:
            full = e.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM) and path in made
            message = "work file full" if full else "no work file"
            for one in made:  # its message may go to the same file system
                one.unlink(missing_ok=True)
            words = {"file": file} if message == "work file full" else {
                "file": file, "reason": reason_of(e)}  # fmt: skip
            refused = run.refuse(message, **words)
            break
    try:
        yield refused
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _fill(fd: int, size: int) -> None:
    piece = b"\x01" * (1 << 16)
    while size > 0:
        size -= os.write(fd, piece[: min(size, len(piece))])


def _forget_gone(run: _Run) -> None:
    """Drop what was restored where no restoresymtable is any more."""
    restored = state_of(run.call.machine).restored
    for identity, each in list(restored.items()):
        try:
            is_there = identity_of(each.symbols) == identity
        except OSError:
            is_there = False
        if not is_there:
            del restored[identity]


HANDLERS: Mapping[str, Handler] = {"ufsrestore": ufsrestore}
