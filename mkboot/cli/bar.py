# SPDX-License-Identifier: Apache-2.0
"""Progress as bars on a terminal.  Imported only where there is one: rich takes its time."""

from __future__ import annotations

import contextlib
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from mkboot.cli.listeners import count_of, printable
from mkboot.progress import Event


class BarListener:
    """Bars on a terminal, gone when the step has ended."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def hear(self, event: Event) -> None:
        """Draw."""
        with contextlib.suppress(OSError):
            if event.event == "message":
                self._console.print(printable(event.text), markup=False, soft_wrap=True)
            elif event.event == "begin":
                self._begin(event)
            elif event.step in self._tasks and self._bars is not None:
                self._change(self._bars, event)

    def _begin(self, event: Event) -> None:
        if self._bars is None:
            self._bars = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[count]}", markup=False),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bars.start()
        name = printable(event.step)
        self._tasks[event.step] = self._bars.add_task(name, total=event.total, count="")

    def _change(self, bars: Progress, event: Event) -> None:
        task = self._tasks[event.step]
        if event.event == "advance":
            more = f", {printable(event.text)}" if event.text else ""
            bars.update(task, completed=event.done, count=count_of(event) + more)
            return
        bars.remove_task(task)
        del self._tasks[event.step]
        if not self._tasks:
            bars.stop()
            self._bars = None
