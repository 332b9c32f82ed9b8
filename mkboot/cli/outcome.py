# SPDX-License-Identifier: Apache-2.0
"""The exit status: what was raised, told in one line, and whose fault it is as a number.

The one place where every exception ends; what nobody expected is a bug and says so.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from types import FrameType, TracebackType
from typing import Self

import click

from mkboot.cli.shared import Session, error_lines, tell_error
from mkboot.errors import (
    RESUMABLE,
    BugError,
    CallerError,
    MkbootError,
    StoppedError,
    stopped_by,
)


class Outcome:
    """A ``with`` block around a run: afterwards ``status`` is the exit status."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.status = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            return True
        if isinstance(error, click.exceptions.Exit):
            self.status = error.exit_code
        elif isinstance(error, BrokenPipeError):
            self.status = StoppedError.exit_code
            _forget_output()
        else:
            self._tell(error)
            _flush_or_forget()
        return True

    def _tell(self, error: BaseException) -> None:
        known = as_mkboot_error(error)
        self.status = known.exit_code
        lines = error_lines(known)
        if self._session.debug:
            lines = [*_trace(error), *lines]
        tell_error(self._session, lines)


def as_mkboot_error(error: BaseException) -> MkbootError:
    """Any exception as one of the kinds that a person is told of."""
    if isinstance(error, MkbootError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return StoppedError("interrupted", hint="the same command can be run again")
    if isinstance(error, MemoryError):
        return StoppedError("not enough memory", hint="the same command can be run again")
    if isinstance(error, OSError) and error.errno is not None:
        return _system(error)
    return BugError(
        f"a bug: {type(error).__name__}: {error}",
        hint="run it again with --debug, and report what it prints",
    )


def _usage(error: click.ClickException) -> CallerError:
    """click's complaint in the form of ours: no capital, no full stop."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return CallerError("a command is missing", hint="mkboot --help lists them")
    text = error.format_message().strip().removesuffix(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context is not None else "mkboot"
    return CallerError(text[:1].lower() + text[1:], hint=f"see {path} --help")


def _system(error: OSError) -> MkbootError:
    name = os.fsdecode(error.filename) if error.filename else ""
    text = f"{name}: {error.strerror or error}" if name else error.strerror or str(error)
    return stopped_by(error, name) if error.errno in RESUMABLE else CallerError(text)


def _trace(error: BaseException) -> list[str]:
    return [
        line for part in traceback.format_exception(error) for line in part.rstrip().splitlines()
    ]


def _flush_or_forget() -> None:
    """What was found before the error is still printed, unless printing is the error."""
    try:
        sys.stdout.flush()
    except OSError:
        _forget_output()


def _forget_output() -> None:
    """What is still buffered goes nowhere, without a complaint of the interpreter's."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def prepare_process() -> None:
    """Let a polite kill end like Ctrl-C, and any name be printed in any locale."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
