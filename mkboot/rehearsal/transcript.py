# SPDX-License-Identifier: Apache-2.0
"""What the console says, read along: steps that begin and end, stops, the end of a stage.

The lines are a contract between the disc's engine, its run book and the rehearsal: ``mkboot:
step N of M: ID: TEXT``, ``mkboot: STOPPED: …``, ``mkboot: next: …``, ``mkboot: stage 1 is
complete``, ``mkboot: RESTORED``.  Everything else that begins with ``mkboot:`` is detail of
the step that runs.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from mkboot.rehearsal.verdict import Status, StepRecord

_STEP = re.compile(r"mkboot: step ([0-9]{1,5}) of ([0-9]{1,5}): ([^\s:]{1,200}): ?(.*)")
_STOPPED = re.compile(r"mkboot: STOPPED: ?(.*)")
_NEXT = re.compile(r"mkboot: next: ?(.*)")
_STAGE_1 = "mkboot: stage 1 is complete"
_RESTORED = "mkboot: RESTORED"
_OURS = "mkboot: "
#: So much of the end of the console is kept for who must read what was asked, in bytes.
TAIL = 8192
#: A line is cut behind so many bytes: whoever prints more without a newline says nothing.
_LINE_MAX = 65536


class Transcript:
    """Fed with the console's bytes; knows what a person who reads along would know.

    ``step_begins`` is called with the id of each step when it is announced.
    """

    def __init__(self, step_begins: Callable[[str], None] = lambda _id: None) -> None:
        self.step_begins = step_begins
        self.stage = 1
        self.stage_1_complete = False
        self.restored = False
        self.stopped = ""
        self.advice: list[str] = []
        self.said: list[str] = []
        self._steps: list[StepRecord] = []
        self._began = 0.0
        self._line = b""
        self._tail = b""
        self._lock = threading.RLock()

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """All steps so far."""
        return tuple(self._steps)

    @property
    def tail(self) -> bytes:
        """The end of what the console shows, the unfinished line included."""
        return self._tail

    @property
    def unfinished(self) -> bytes:
        """What stands behind the last newline: a prompt, if somebody reads now."""
        return self._line

    def feed(self, data: bytes) -> None:
        """More of the console."""
        with self._lock:
            self._tail = (self._tail + data)[-TAIL:]
            *lines, rest = (self._line + data.replace(b"\r", b"\n")).split(b"\n")
            self._line = rest[-_LINE_MAX:]
            for line in lines:
                self._take(line.decode("utf-8", "backslashreplace").rstrip())

    def typed(self, data: bytes) -> None:
        """What a person typed is echoed; it ends the unfinished line."""
        self.feed(data)

    def new_boot(self, stage: int) -> None:
        """The machine starts anew: what ran does not any more."""
        self.settle(Status.BEGUN)
        self.stage = stage
        self.stopped = ""
        self.advice.clear()
        self._line = b""

    def settle(self, status: Status, detail: str = "") -> None:
        """The step that runs is over."""
        with self._lock:
            if self._steps and self._steps[-1].status is Status.BEGUN and self._began:
                last = self._steps[-1]
                seconds = time.monotonic() - self._began
                self._steps[-1] = replace(
                    last, status=status, seconds=seconds, detail=detail or last.detail
                )
                self._began = 0.0

    def _take(self, line: str) -> None:
        if not line.startswith(_OURS):
            return
        self.said.append(line)
        step, stopped, advice = _STEP.fullmatch(line), _STOPPED.fullmatch(line), _NEXT.match(line)
        if step is not None:
            self._begin(int(step[1]), int(step[2]), step[3], step[4])
        elif stopped is not None:
            self.stopped = stopped[1] or "without a word"
            self.settle(Status.FAILED, self.stopped)
        elif advice is not None:
            self.advice.append(advice[1])
        elif line in (_STAGE_1, _RESTORED):
            self.settle(Status.DONE)
            self.stage_1_complete = True
            self.restored = self.restored or line == _RESTORED
        elif self._steps and self._began:
            self._steps[-1] = replace(self._steps[-1], detail=line.removeprefix(_OURS))

    def _begin(self, number: int, of: int, name: str, text: str) -> None:
        self.settle(Status.DONE)
        self._steps.append(StepRecord(name, self.stage, number, of, text, Status.BEGUN, 0.0))
        self._began = time.monotonic()
        self.step_begins(name)
