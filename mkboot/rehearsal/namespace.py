# SPDX-License-Identifier: Apache-2.0
"""Starting the machine's process apart from the workstation, and hearing what it tells.

``unshare`` makes new user, mount, process, network, IPC and host-name namespaces; in them the
child is process 1, so that nothing outlives it, and may mount what nobody else sees.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mkboot.errors import (
    BugError,
    CallerError,
    InputError,
    MkbootError,
    ProgramError,
    StoppedError,
)
from mkboot.rehearsal.spec import Json
from mkboot.run import require_program, run, talking

_APART = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--net", "--ipc", "--uts")
_AS_ROOT = ("--user", "--map-root-user")
_HINT = (
    "allow it with 'sysctl kernel.unprivileged_userns_clone=1' (Debian) or "
    "'sysctl kernel.apparmor_restrict_unprivileged_userns=0' (Ubuntu), or run mkboot as root"
)
_ERRORS: Mapping[str, type[MkbootError]] = {
    e.__name__: e for e in (BugError, CallerError, InputError, ProgramError, StoppedError)
}
#: How much memory the machine's file systems may take, in bytes, unless said otherwise.
MEMORY = 2 << 30

OnEvent = Callable[[Json], None]


def allowed() -> tuple[str, ...]:
    """The arguments of ``unshare`` with which this user may start a machine.

    Raises ``ProgramError`` with what can be done where none are.
    """
    unshare = require_program("unshare")
    said = ""
    for extra in (_AS_ROOT, ()):
        done = run([unshare, *extra, *_APART, "true"], check=False, timeout=20)
        if done.status == 0:
            return (*extra, *_APART)
        said = said or done.stderr.decode("utf-8", "backslashreplace").strip()
        if os.geteuid() != 0:
            break
    raise ProgramError(f"a machine of its own is not allowed here: {said}", hint=_HINT)


def run_inside(
    task: str,
    spec: Json,
    on_event: OnEvent,
    *,
    seconds: float,
    memory: int = MEMORY,
) -> Json:
    """Run ``task`` (``module:function``, see ``child.Task``) in the child; its result.

    Events come to ``on_event`` as they are told.  Everything in the child ends with this call,
    however it ends.  Raises the child's own error, and ``ProgramError`` when it takes longer
    than ``seconds``.
    """
    unshare = require_program("unshare")
    how = allowed()
    with tempfile.TemporaryDirectory(prefix="mkboot-") as work:
        order = {"task": task, "work": work, "memory": memory, "spec": dict(spec)}
        argv: list[str | Path] = [unshare, *how, sys.executable, "-m", "mkboot.rehearsal.child"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        first = json.dumps(order).encode()
        with talking(argv, first, seconds=seconds, env=environment) as lines:
            for line in lines:
                event = _event(line)
                if event.get("event") == "result":
                    return _object(event.get("result"))
                if event.get("event") == "error":
                    raise _error(event)
                on_event(event)
    raise BugError("the machine ended without a result")


def _event(line: bytes) -> Json:
    try:
        return _object(json.loads(line))
    except ValueError as e:
        raise BugError(f"the machine told nonsense: {line[:100]!r}") from e


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise BugError("the machine told no table")
    return value


def _error(event: Json) -> MkbootError:
    kind = _ERRORS.get(str(event.get("kind")), BugError)
    hint = event.get("hint")
    return kind(str(event.get("message")), hint=None if hint is None else str(hint))


def own_directory(work: str) -> Path:
    """The directory that the parent made, as a path; it must be there and empty."""
    path = Path(work)
    if not path.is_dir() or any(path.iterdir()):
        raise BugError(f"{work} is no empty directory")
    return path
