# SPDX-License-Identifier: Apache-2.0
"""The machine: all state of an emulated Sun, and the scripts that run on it.

It lives in process 1 of namespaces of its own (``namespace.py``).  ``work`` is a directory on
a file system in memory; the machine's ``/`` is ``work``/root, in which scripts run chrooted.
"""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mkboot.errors import BugError, MkbootError
from mkboot.rehearsal import process
from mkboot.rehearsal.call import Exit, Handler
from mkboot.rehearsal.console import Console
from mkboot.rehearsal.mnttab import Mnttab
from mkboot.rehearsal.mounts import HIDDEN, Mounts, kernel_bind
from mkboot.rehearsal.paths import inside_of, resolve_inside
from mkboot.rehearsal.requests import Requests
from mkboot.rehearsal.shadow import Shadow
from mkboot.rehearsal.spec import DiskSpec, DriveSpec, MachineSpec
from mkboot.rehearsal.stub import SHELL, STUB, Tools
from mkboot.run import Started, require_program, start
from mkboot.tree.node import Node

if TYPE_CHECKING:
    from mkboot.rehearsal.hardware import Disk, Drive

__all__ = ["DiskSpec", "DriveSpec", "Machine", "MachineSpec", "RehearsalFailed"]

#: Names under which the shell itself is called.
SHELLS = frozenset({b"sh", b"jsh"})
#: How a script begins, with or without a line that names its shell.
_SCRIPT = (b"#", b":")
#: How long SIGTERM leaves a process, in seconds (halt.c of illumos).
GRACE = 5.0
#: How long handlers may go on when their callers are gone, in seconds.
_HANDLERS_END = 60.0
SPECIALS = {"null": Path("/dev/null"), "zero": Path("/dev/zero")}


class RehearsalFailed(MkbootError):  # noqa: N818 - a verdict, not a mistake
    """The rehearsal cannot go on: nobody answers a question, or it takes too long."""

    exit_code = 1


class Machine:
    """One machine, from power on to power off.

    ``dispatch`` carries out a command that a script called; ``is_modelled`` says of a path
    whether a command of that path is known (then a script that lies there is ours too).
    ``programs`` are the workstation's programs that handlers may put in a command's place.
    """

    def __init__(
        self,
        spec: MachineSpec,
        work: Path,
        dispatch: Handler,
        *,
        programs: Iterable[str] = (),
        is_modelled: Callable[[bytes], bool] = lambda _path: False,
    ) -> None:
        self.spec = spec
        self.release = spec.release
        self.work = work
        self.root = work / "root"
        self.root.mkdir()
        self.dispatch = dispatch
        self.is_modelled = is_modelled
        self.disks: tuple[Disk, ...] = ()
        self.drives: tuple[Drive, ...] = ()
        self.nvram: dict[bytes, bytes] = {}
        self.assumed: set[str] = set()
        self.booted_from = b""
        self.going_down = ""
        self.shadow = Shadow()
        self.mounts = Mounts(self.root, work, self.shadow)
        self.mnttab = Mnttab(self.mounts, work, lambda: self.release)
        self.console = Console()
        self.console.on_silence = self._nobody_answers
        self.console.is_off = lambda: self.is_going_down
        self.tools = Tools(work / "mk", spec.shell, programs)
        self.requests = Requests(self, self.tools, self.fail)
        self.deadline = time.monotonic() + 10**6
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._chroot = require_program("chroot")
        self.console.start()
        self.requests.start()

    # --- what lies where -------------------------------------------------------------------

    def command(self, path: bytes, node: Node) -> bytes | None:
        """What takes the place of an executable file when a tree is laid out (``CommandOf``):
        the shell for ``sh``, a stub for a command, nothing for a script.
        """
        if path.rpartition(b"/")[2] in SHELLS:
            return self.tools.shell
        if self.is_modelled(path):
            return STUB
        try:
            head = node.content.read(0, 1) if node.content.size else b"#"
        except (MkbootError, OSError):
            return STUB
        return None if head in _SCRIPT else STUB

    def inside(self, path: Path) -> bytes:
        """What a path on the workstation is called inside."""
        return inside_of(self.root, path)

    def inside_path(self, path: bytes) -> bytes:
        """The same of a working directory as /proc gives it; ``/`` for one that is elsewhere."""
        try:
            return self.inside(Path(os.fsdecode(path)))
        except ValueError:
            return b"/"

    def resolve(self, name: bytes, *, follow: bool = True) -> Path:
        """An absolute name inside as a path on the workstation; see ``Call.resolve``."""
        return resolve_inside(self.root, name, follow=follow)

    def expose_tools(self) -> None:
        """Show the shell and programs, and /etc/mnttab, in the root that was just mounted."""
        kernel_bind(self.work / "mk", self.root / os.fsdecode(HIDDEN))
        self.mnttab.show()

    def bind_special(self, name: bytes, what: str) -> None:
        """Put something real over the device at ``name``: ``console``, ``null`` or ``zero``.

        A node is made where nothing is.
        """
        source = self.console.path if what == "console" else SPECIALS.get(what)
        if source is None:
            raise BugError(f"there is no special file '{what}'")
        target = self.resolve(name)
        if not target.exists():
            target.touch(0o666)
        if target.is_dir():
            raise BugError(f"a directory lies where {what} should be")
        if not stat.S_ISCHR(target.stat().st_mode) or target.stat().st_rdev == 0:
            kernel_bind(source, target)

    # --- scripts ---------------------------------------------------------------------------

    def run_script(
        self,
        argv: Sequence[bytes],
        *,
        env: Mapping[bytes, bytes],
        cwd: bytes = b"/",
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> int:
        """Run a program inside to its end; its exit status, 128 + N for a signal.

        Its files are the console unless others are given.  Raises what ended the rehearsal
        meanwhile (``NotModelled``, ``RehearsalFailed`` …).
        """
        self.check()
        slave = self.console.slave
        started = start(
            [
                os.fsencode(self._chroot), os.fsencode(self.root), SHELL.encode(), b"-c",
                b'cd "$0" && exec "$@"', cwd, *argv,
            ],
            stdin=slave if stdin is None else stdin,
            stdout=slave if stdout is None else stdout,
            stderr=slave if stderr is None else stderr,
            env=env,
        )  # fmt: skip
        status = self._wait(started)
        self.console.settle()
        self.check()
        return 128 - status if status < 0 else status

    def _wait(self, started: Started) -> int:
        while not started.ended(max(0.0, min(1.0, self.deadline - time.monotonic()))):
            if time.monotonic() > self.deadline:
                self.fail(RehearsalFailed("the rehearsal takes longer than --timeout allows"))
        return started.wait()

    def check(self) -> None:
        """Raise what ended the rehearsal, if something did."""
        if self._failure is not None:
            raise self._failure

    def fail(self, error: BaseException) -> None:
        """The rehearsal ends by ``error``, here and now; the first one counts."""
        with self._lock:
            if self._failure is None:
                self._failure = error
        process.signal_all(signal.SIGKILL)

    # --- going down ------------------------------------------------------------------------

    @property
    def is_going_down(self) -> bool:
        """Whether all processes are about to end."""
        return bool(self.going_down) or self._failure is not None

    def request_reboot(self, kind: str) -> Exit:
        """reboot, halt, uadmin …: SIGTERM to all processes, the caller's included, 5 seconds,
        SIGKILL.  ``run_script`` then returns, and ``going_down`` is ``kind``.
        """
        self.going_down = kind
        process.end_all(GRACE, self.requests.terminate)
        return Exit(0)

    def power_cut(self, *, kind: str = "power-cut") -> None:
        """All processes are gone at once; nothing is written any more."""
        self.going_down = kind
        process.kill_all()
        self._wait_for_handlers()
        self.mounts.unmount_all(flush=False)

    def shut_down(self) -> None:
        """After ``run_script`` came back from a reboot: write all that is mounted, unmount."""
        process.kill_all()
        self._wait_for_handlers()
        process.reap()
        self.mounts.unmount_all(flush=self.going_down != "power-cut")

    def _wait_for_handlers(self) -> None:
        """Let handlers that are at work come to their end: nobody waits for them any more."""
        end = time.monotonic() + _HANDLERS_END
        mine = 1 if self.requests.is_handler() else 0
        while self.requests.active > mine and time.monotonic() < end:
            time.sleep(0.005)

    def power_on(self) -> None:
        """Ready for the next boot."""
        self.going_down = ""

    def close(self) -> None:
        """End everything that runs."""
        process.kill_all()
        self.mounts.unmount_all(flush=False)
        self.console.close()

    # --- the console -----------------------------------------------------------------------

    def _nobody_answers(self, said: bytes) -> None:
        text = said.rpartition(b"\n")[2].decode("utf-8", "backslashreplace").strip()
        self.fail(RehearsalFailed(f"nobody answers at the console: {text}"))
