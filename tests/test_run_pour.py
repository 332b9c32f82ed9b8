# SPDX-License-Identifier: Apache-2.0
"""A filter is fed and drained at once, judged by its status, and never left running."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from mkboot.errors import InputError, ProgramError
from mkboot.run import pour

PIECE = bytes(range(256)) * 4096


def test_more_than_any_pipe_holds() -> None:
    got = bytearray()
    assert pour(["cat"], (PIECE for _ in range(20)), got.extend) == 0
    assert got == PIECE * 20


def test_nothing_in_nothing_out() -> None:
    got: list[bytes] = []
    assert pour(["cat"], [], got.append) == 0
    assert got == []


def test_the_status_is_judged() -> None:
    with pytest.raises(ProgramError, match="sh ended with status 3: too bad"):
        pour(["sh", "-c", "cat >/dev/null; echo too bad >&2; exit 3"], [PIECE], len)
    assert pour(["sh", "-c", "cat >/dev/null; exit 3"], [PIECE], len, accept=(0, 3)) == 3


def test_a_program_that_wants_no_more_is_no_error_of_the_pipe() -> None:
    got = bytearray()
    assert pour(["head", "-c", "10"], (PIECE for _ in range(50)), got.extend) == 0
    assert got == PIECE[:10]


def test_a_missing_program_is_told() -> None:
    with pytest.raises(ProgramError, match="no-such-program"):
        pour(["no-such-program"], [PIECE], len)


def children() -> set[str]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return set(file.read().split())


def test_errors_on_either_side_end_the_program() -> None:
    before = children()

    def broken() -> Iterator[bytes]:
        yield PIECE
        raise InputError("the source ends")

    def refuse(_data: bytes) -> None:
        raise InputError("too much")

    with pytest.raises(InputError, match="the source ends"):
        pour(["cat"], broken(), len)
    with pytest.raises(InputError, match="too much"):
        pour(["cat"], (PIECE for _ in range(100)), refuse)
    assert children() <= before
