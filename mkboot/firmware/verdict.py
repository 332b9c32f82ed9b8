# SPDX-License-Identifier: Apache-2.0
"""What the firmware's console says: did it start something from the slice, or refuse it?

``booted`` needs positive evidence: OpenBIOS says that it starts the program it loaded, and
then either the program prints something of its own or it ends the machine.  ``refused`` is
OpenBIOS' own word, a program that it had to stop at once, or our own boot block's
``MKBOOT-ERROR``.  Everything else is ``silent``.  The messages are those of OpenBIOS 1.1 as
it comes with QEMU 7.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Machine = Literal["sun4m", "sun4u"]
Word = Literal["booted", "refused", "silent"]

#: Printed by the boot command behind ``boot``: the firmware is back, nothing runs.
BACK = "MKBOOT-BACK-IN-FIRMWARE"

_READY = "Type 'help' for detailed information"
#: An a.out, an FCode program, an ELF or a.out on sun4m: control is given away after this.
_STARTS = ("Evaluating FCode", "switching to new context", "entry point is", "Jumping to ")
_REFUSALS = (
    "No valid state has been set by load or init-program",
    "File not found",
    "Not a bootable FCode image",
)
_CRASHES = ("Unhandled Exception", "qemu: fatal:", "byte-load: exception", "undefined fcode")
_OWN_ERROR = "MKBOOT-ERROR"
#: What the firmware itself prints once a program was started or has ended.
_FIRMWARE = re.compile(
    r"Evaluating FCode|switching to new context|entry point is|Jumping to |bootpath: |Loaded \d|"
    r"Loading (?:a\.out|FCode|ELF|Forth|Linux)|Not a (?:bootable|Linux)|"
    r"Unhandled Exception|qemu: fatal:|PC = |Stopping execution|"
    r"[!(]?byte-load|undefined |"
    r"No valid state|File not found|halt, power|\d+ > $|" + re.escape(BACK)
)
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the firmware did with a slice, and all that its console showed."""

    verdict: Word
    machine: Machine
    slice: str
    lines: tuple[str, ...]


def clean_lines(console: bytes) -> tuple[str, ...]:
    """The console as lines without escape codes, control characters and blank lines."""
    text = _ESCAPES.sub("", console.decode("utf-8", "backslashreplace"))
    lines = (_CONTROLS.sub("", line).rstrip() for line in re.split(r"\r?\n|\r", text))
    return tuple(line for line in lines if line)


def judge(lines: tuple[str, ...], *, ended: bool) -> Word:
    """The verdict on a console; ``ended`` says that the machine ended by itself."""
    after = _after_banner(lines)
    if any(line.startswith(_OWN_ERROR) for line in after):
        return "refused"
    start = _last_start(after)
    if start is None:
        refused = any(_begins(line, _REFUSALS) or line == BACK for line in after)
        return "refused" if refused else "silent"
    said = _first_word(after[start + 1 :])
    crash = any(_begins(line, _CRASHES) for line in after[start + 1 :])
    if said:
        return "booted"
    if crash or BACK in after:
        return "refused"
    return "booted" if ended else "silent"


def started(lines: tuple[str, ...]) -> bool:
    """Whether the firmware gave control to something from the slice, whatever came of it."""
    return _last_start(_after_banner(lines)) is not None


def _after_banner(lines: tuple[str, ...]) -> tuple[str, ...]:
    for number, line in enumerate(lines):
        if _READY in line:
            return lines[number + 1 :]
    return ()


def _last_start(lines: tuple[str, ...]) -> int | None:
    """Where the last of the start messages stands that come before anything else is said."""
    found = None
    for number, line in enumerate(lines):
        if _begins(line, _STARTS):
            found = number
        elif found is not None and not _FIRMWARE.match(line):
            break
    return found


def _first_word(lines: tuple[str, ...]) -> bool:
    """Whether the program itself said something before the firmware took over again."""
    for line in lines:
        if _begins(line, _CRASHES) or line == BACK:
            return False
        if not _FIRMWARE.match(line):
            return True
    return False


def _begins(line: str, beginnings: tuple[str, ...]) -> bool:
    return line.startswith(beginnings)
