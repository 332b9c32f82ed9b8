# SPDX-License-Identifier: Apache-2.0
"""What is going on: the one door through which work tells of its progress.

Work calls ``progress.step(...)`` and ``step.advance(...)``; who listens (nobody, a bar on
a terminal, JSON lines) is the command line's affair.  Work never prints.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["begin", "advance", "end", "message"]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of progress.

    ``done`` and ``total`` count ``unit`` (``bytes``, ``files``, ``volumes`` …); ``total``
    is None where nobody knows it beforehand.  ``text`` of an advance says more of how it
    goes: rate, remaining time, errors.
    """

    event: Kind
    step: str
    done: int = 0
    total: int | None = None
    unit: str = ""
    text: str = ""


class Listener(Protocol):
    """Who wants to hear of progress."""

    def hear(self, event: Event) -> None:
        """Take one event; must not raise."""


class NullListener:
    """Hears everything, tells nobody."""

    def hear(self, event: Event) -> None:
        """Ignore the event."""


class Step:
    """A piece of work under way.  Made by ``Progress.step`` only."""

    def __init__(
        self, listener: Listener, name: str, total: int | None, unit: str, *, estimate: bool
    ) -> None:
        self._listener = listener
        self._estimate = estimate
        self._name = name
        self._total = total
        self._unit = unit
        self._done = 0

    def advance(self, count: int, text: str = "") -> None:
        """``count`` more units are done; ``text`` says more of how it goes."""
        self._done += count
        if self._estimate and self._total is not None:
            self._done = min(self._done, self._total)
        self._tell("advance", text)

    def _settle(self) -> None:
        """The work is done, whatever the estimate was."""
        if self._estimate and self._total is not None:
            self._done = self._total

    def _tell(self, event: Kind, text: str = "") -> None:
        self._listener.hear(Event(event, self._name, self._done, self._total, self._unit, text))


class Progress:
    """Hands out steps.  ``Progress()`` without a listener is silent."""

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener: Listener = listener or NullListener()

    @contextmanager
    def step(
        self, name: str, total: int | None = None, unit: str = "", *, estimate: bool = False
    ) -> Iterator[Step]:
        """A step from its ``begin`` to its ``end`` event.

        ``end`` carries the text ``failed`` when the work raised.  Where ``total`` is an
        ``estimate``, ``done`` never passes it, and reaches it at a good end.
        """
        step = Step(self._listener, name, total, unit, estimate=estimate)
        step._tell("begin")  # noqa: SLF001 - Step is this module's own
        try:
            yield step
        except BaseException:
            step._tell("end", "failed")  # noqa: SLF001
            raise
        step._settle()  # noqa: SLF001
        step._tell("end")  # noqa: SLF001

    def message(self, text: str) -> None:
        """Tell a person something that is no step."""
        self._listener.hear(Event("message", "", text=text))
