# SPDX-License-Identifier: Apache-2.0
"""Booting an image under QEMU with the free firmware that comes with it.

The image is never changed: a disc is attached read-only, a disk with a throw-away overlay.
QEMU's options and OpenBIOS' device names as measured with QEMU 7.2 (Debian 12).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mkboot.errors import CallerError, ProgramError
from mkboot.firmware.verdict import BACK, Machine, Verdict, clean_lines, judge, started
from mkboot.run import Completed, require_program, run
from mkboot.tree.source import ByteSource

Kind = Literal["cdrom", "disk"]

LETTERS = "abcdefgh"
DEFAULT_TIMEOUT = 60.0

_PVD = 16 * 2048
_ARGUMENTS = re.compile(r"[!#-~ ]*")
#: How often a boot is tried that the firmware refuses without having started anything: on
#: a loaded machine OpenBIOS now and then does not read a drive that is there.
_TRIES = 2


@dataclass(frozen=True, slots=True)
class _Machine:
    """How QEMU plays a machine: ``drives`` are the places where its PROM looks."""

    program: str
    options: tuple[str, ...]
    drives: Mapping[Kind, str]
    slices: Mapping[Kind, str]


#: ``-icount`` keeps OpenBIOS' probing of IDE drives independent of the host's load.
_MACHINES: Mapping[Machine, _Machine] = {
    "sun4m": _Machine(
        "qemu-system-sparc",
        ("-M", "SS-5", "-m", "64"),
        {"cdrom": "if=scsi,bus=0,unit=2", "disk": "if=scsi,bus=0,unit=0"},
        {"cdrom": "d", "disk": "a"},
    ),
    "sun4u": _Machine(
        "qemu-system-sparc64",
        ("-M", "sun4u", "-m", "256", "-icount", "shift=4,sleep=off"),
        {"cdrom": "if=ide,index=2", "disk": "if=ide,index=0"},
        {"cdrom": "f", "disk": "a"},
    ),
}

_HOW: Mapping[Kind, str] = {"cdrom": "media=cdrom,readonly=on", "disk": "media=disk,snapshot=on"}


def kind_of(source: ByteSource) -> Kind:
    """How an image is attached: as a disc where it has an ISO 9660 volume, else as a disk."""
    return "cdrom" if source.pread(_PVD + 1, 5) == b"CD001" else "disk"


def default_slice(machine: Machine, kind: Kind) -> str:
    """The slice that a machine's PROM boots from when nobody says otherwise."""
    return _MACHINES[machine].slices[kind]


def boot(
    path: Path,
    *,
    machine: Machine,
    kind: Kind,
    slice_: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    arguments: str = "",
) -> Verdict:
    """Boot an image and tell what the firmware did; ``timeout`` is in seconds.

    ``slice_`` is a letter from a to h, or None for the machine's own; ``arguments`` are
    handed to the boot block.  Raises ``CallerError`` for other letters and characters and
    for a file that is not there, ``ProgramError`` where QEMU is missing or fails.
    """
    letter = slice_ or default_slice(machine, kind)
    if len(letter) != 1 or letter not in LETTERS:
        raise CallerError(f"a slice is a letter from a to h, not {letter!r}")
    if not _ARGUMENTS.fullmatch(arguments):
        raise CallerError('boot arguments are printable ASCII without "')
    if not path.exists():
        raise CallerError(f"{path}: there is no such file")
    argv = _command_line(path, _MACHINES[machine], kind, f"{letter} {arguments}".rstrip())
    verdict = _try(argv, timeout, machine, letter)
    for _ in range(_TRIES - 1):
        if verdict.verdict != "refused" or started(verdict.lines):
            break
        verdict = _try(argv, timeout, machine, letter)
    return verdict


def _try(argv: list[str], timeout: float, machine: Machine, letter: str) -> Verdict:
    done = run(argv, timeout=timeout, check=False, time_out_is_error=False)
    lines = clean_lines(done.stdout + _fatal(done))
    return Verdict(judge(lines, ended=not done.timed_out), machine, letter, lines)


def _command_line(path: Path, how: _Machine, kind: Kind, what: str) -> list[str]:
    file = str(path.resolve()).replace(",", ",,")
    command = f'" boot {kind}:{what}" evaluate cr ." {BACK}" cr power-off'
    return [
        str(require_program(how.program)),
        *how.options,
        *("-nographic", "-nic", "none", "-no-reboot"),
        *("-drive", f"file={file},format=raw,{how.drives[kind]},{_HOW[kind]}"),
        *("-prom-env", f"boot-command={command}"),
    ]


def _fatal(done: Completed) -> bytes:
    """What QEMU said of a guest that it had to stop; any other failure is QEMU's own."""
    if done.timed_out or done.status == 0:
        return b""
    if b"qemu: fatal:" in done.stderr:
        return b"\n" + done.stderr
    last = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()[-1:]
    raise ProgramError(": ".join([f"QEMU ended with status {done.status}", *last]))
