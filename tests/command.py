# SPDX-License-Identifier: Apache-2.0
"""The command line, run in this process."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

from mkboot.cli.main import run


class Result(NamedTuple):
    """What a command did: exit status, standard output, standard error."""

    status: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """Standard output as text."""
        return self.raw.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; anything else there fails."""
        return json.loads(self.raw)


def mkboot(*arguments: object, status: int | None = 0) -> Result:
    """Run ``mkboot`` with these arguments; fails unless it exits with ``status``."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
    with redirect_stdout(out), redirect_stderr(err):
        got = run([str(argument) for argument in arguments])
    out.flush()
    err.flush()
    assert isinstance(out.buffer, io.BytesIO)
    assert isinstance(err.buffer, io.BytesIO)
    result = Result(got, out.buffer.getvalue(), err.buffer.getvalue().decode())
    assert status is None or got == status, result
    return result
