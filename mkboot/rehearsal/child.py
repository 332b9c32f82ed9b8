# SPDX-License-Identifier: Apache-2.0
"""The child: ``python -m mkboot.rehearsal.child``, process 1 of the machine's namespaces.

One line of JSON comes in on standard input, lines of JSON go out on standard output: events,
then a result or an error.  When standard input ends, the parent is gone, and so is the child.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import cast

from mkboot.errors import BugError, MkbootError
from mkboot.rehearsal.mounts import kernel_mount
from mkboot.rehearsal.namespace import own_directory
from mkboot.rehearsal.spec import Json, wanted

_NOSUID = 2
_PIECE = 1 << 16


class Reporter:
    """Tells the parent: ``tell("console", line=…)``; from any thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()

    def tell(self, event: str, **values: object) -> None:
        """One event."""
        line = json.dumps({"event": event, **values}).encode() + b"\n"
        view = memoryview(line)
        with self._lock:
            while view:
                view = view[os.write(self._fd, view) :]


#: What the child carries out: the spec, an empty directory on a file system in memory, and
#: whom to tell; what it returns is the result.
Task = Callable[[Json, Path, Reporter], Json]


def main() -> None:
    """Carry out the order that stands on standard input."""
    reporter = Reporter(os.dup(1))
    os.dup2(2, 1)  # whatever prints by mistake must not be taken for an event
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    try:
        order = _order()
        work = own_directory(wanted(order, "work", str))
        memory = wanted(order, "memory", int)
        kernel_mount("tmpfs", work, "tmpfs", _NOSUID, f"size={memory},mode=700")
        threading.Thread(target=_watch_parent, daemon=True).start()
        spec = cast("Json", wanted(order, "spec", dict))
        task = _task(wanted(order, "task", str))
        reporter.tell("result", result=dict(task(spec, work, reporter)))
    except MkbootError as e:
        reporter.tell("error", kind=type(e).__name__, message=str(e), hint=e.hint)
    except BaseException as e:
        traceback.print_exc()
        reporter.tell("error", kind="BugError", message=f"{type(e).__name__}: {e}", hint=None)
        raise


def _order() -> Json:
    """The first line of standard input, read without reading on."""
    line = bytearray()
    while not line.endswith(b"\n"):
        data = os.read(0, 1)
        if not data:
            raise BugError("the parent gave no order")
        line += data
    order = json.loads(line)
    if not isinstance(order, dict):
        raise BugError("the parent gave no table")
    return order


def _watch_parent() -> None:
    while os.read(0, _PIECE):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
    os._exit(5)


def _task(name: str) -> Task:
    module, _, function = name.partition(":")
    found = getattr(importlib.import_module(module), function, None)
    if not callable(found):
        raise BugError(f"there is no task {name}")
    return cast("Task", found)


if __name__ == "__main__":
    main()
