# SPDX-License-Identifier: Apache-2.0
"""What command modules share: the session, options, printing.

A command module is ``mkboot/cli/NAME.py`` with one ``click.Command`` called ``command``.
It returns None, or the exit status as a number; ``-q -v --debug --progress`` are added to
every command by ``main``.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import click

from mkboot.cli.listeners import JsonListener, LineListener, printable
from mkboot.errors import CallerError, InputError, MkbootError
from mkboot.model.codec import to_document
from mkboot.model.finding import Finding
from mkboot.model.sizes import parse_size
from mkboot.progress import Listener, NullListener, Progress

Function = TypeVar("Function", bound=Callable[..., Any])

#: A path argument as ``pathlib.Path``.  That it cannot be read is said by who opens it.
PATH = click.Path(path_type=Path, readable=False)


class ProgressChoice(NamedTuple):
    """What ``--progress`` asked for; ``fd`` counts for ``json`` only."""

    kind: Literal["auto", "none", "json"] = "auto"
    fd: int = 2


AUTO = ProgressChoice()


@dataclass(slots=True)
class Session:
    """One run of the program: what its common options said, and who hears of progress.

    ``loudness`` is -1 for quiet, 0, or 1 for verbose.
    """

    debug: bool = False
    loudness: int = 0
    choice: ProgressChoice = AUTO
    _progress: Progress | None = field(default=None, init=False)

    @property
    def progress(self) -> Progress:
        """The progress to hand to a workflow; the listener is made at the first call."""
        if self._progress is None:
            self._progress = Progress(self.listener())
        return self._progress

    def listener(self) -> Listener:
        """Who listens, as the options have it."""
        if self.choice.kind == "json":
            return JsonListener(self.choice.fd)
        if self.loudness < 0:
            return NullListener()
        if self.choice.kind == "auto" and sys.stderr.isatty():
            from mkboot.cli.bar import BarListener

            return BarListener(sys.stderr)
        return LineListener(sys.stderr, verbose=self.loudness > 0)


def session() -> Session:
    """The session of the command that runs now."""
    return click.get_current_context().ensure_object(Session)


def progress() -> Progress:
    """The progress of the command that runs now."""
    return session().progress


def message(text: str) -> None:
    """Tell a person something on standard error (JSON where ``--progress json`` is)."""
    progress().message(text)


class SizeType(click.ParamType[int]):
    """A size in bytes, as ``model.sizes.parse_size`` has it."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Bytes, or a usage error."""
        if isinstance(value, int):
            return value
        try:
            return parse_size(str(value))
        except CallerError as e:
            self.fail(e.message, param, ctx)


SIZE = SizeType()


def json_option(function: Function) -> Function:
    """``--json``: parameter ``as_json``."""
    help_ = "Print one JSON document and nothing else."
    return click.option("--json", "as_json", is_flag=True, help=help_)(function)


def force_option(function: Function) -> Function:
    """``--force``: parameter ``force``."""
    return click.option("--force", is_flag=True, help="Overwrite what exists.")(function)


def say(text: str = "") -> None:
    """Print a line of what the command found."""
    print(printable(text))


def print_json(value: object) -> None:
    """Print a dataclass, or dicts and lists, as the one JSON document of a command."""
    text = json.dumps(to_document(value), indent=1, ensure_ascii=False)
    safe = re.sub("[\udc80-\udcff]", lambda m: f"\\\\x{ord(m[0]) - 0xDC00:02x}", text)
    sys.stdout.flush()
    sys.stdout.buffer.write(safe.encode() + b"\n")
    sys.stdout.buffer.flush()


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings for people: ``SEVERITY CODE PLACE: MESSAGE``, then the hint below."""
    for each in findings:
        place = f" {each.place}" if each.place else ""
        say(f"{each.severity} {each.code}{place}: {each.message}")
        if each.hint:
            say(f"  hint: {each.hint}")


def tell_losses(losses: Sequence[Finding]) -> None:
    """Name what a damaged dump has lost, when all else is done, and end with status 3."""
    for loss in losses:
        message(f"{loss.place}: {loss.message}" if loss.place else loss.message)
    if losses:
        raise InputError("a dump is damaged: what is named above is lost, all else is here")


def error_lines(error: MkbootError) -> list[str]:
    """What a person is told of an error: one line, and perhaps a hint."""
    lines = [f"mkboot: {_one_line(error.message)}"]
    if error.hint:
        lines.append(f"hint: {_one_line(error.hint)}")
    return lines


def tell_error(run: Session, lines: Iterable[str]) -> None:
    """Error lines to standard error; where messages are JSON, as JSON to their descriptor."""
    as_json = run.choice.kind == "json"
    for line in lines:
        if as_json:
            run.progress.message(line)
        if not as_json or run.choice.fd != 2:
            print(printable(line), file=sys.stderr, flush=True)


def parse_progress(text: str) -> ProgressChoice:
    """The value of ``--progress``.  Raises ``CallerError`` for nonsense and closed FDs."""
    if text in ("auto", "none"):
        return ProgressChoice("auto" if text == "auto" else "none")
    match = re.fullmatch(r"json(?::([0-9]{1,9}))?", text)
    if match is None:
        raise CallerError(f"--progress is auto, none, json or json:FD, not {text!r}")
    fd = int(match[1] or 2)
    try:
        os.fstat(fd)
    except OSError as e:
        raise CallerError(f"--progress {text}: descriptor {fd} is not open") from e
    return ProgressChoice("json", fd)


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())
