# SPDX-License-Identifier: Apache-2.0
"""A program that tells how far it is: heard as it speaks, and let go of its device in peace."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mkboot.errors import ProgramError
from mkboot.run import Completed, follow


def heard(script: str, silence: float = 20) -> tuple[Completed, list[bytes]]:
    lines: list[bytes] = []
    return follow(["sh", "-c", script], lines.append, silence=silence, farewell=5), lines


def test_lines_of_both_streams_end_as_they_like() -> None:
    done, lines = heard(r"printf 'one\rtwo\n'; printf three >&2")
    assert lines == [b"one", b"two", b"three"]
    assert (done.status, done.stdout) == (0, b"one\rtwo\nthree")


def test_a_status_is_told_and_not_judged() -> None:
    assert heard("exit 3")[0].status == 3
    assert heard("kill -9 $$")[0].status == -9


def test_only_the_last_words_are_kept() -> None:
    done, lines = heard("head -c 5000000 /dev/zero; echo; echo last")
    assert len(done.stdout) <= 1 << 16
    assert lines[-1] == b"last"
    assert done.stdout.endswith(b"\nlast\n")


def test_one_that_says_nothing_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(ProgramError, match=r"said nothing for 0\.2 seconds"):
        heard("exec sleep 60", silence=0.2)
    assert time.monotonic() - began < 20


def test_a_stopped_one_lets_go_first(tmp_path: Path) -> None:
    def stop(line: bytes) -> None:
        raise KeyboardInterrupt

    script = f"trap 'echo yes >{tmp_path}/let-go; exit' TERM; echo on; while :; do sleep 0.1; done"
    with pytest.raises(KeyboardInterrupt):
        follow(["sh", "-c", script], stop, silence=20, farewell=10)
    assert (tmp_path / "let-go").read_text() == "yes\n"


def test_one_that_will_not_let_go_is_killed() -> None:
    def stop(line: bytes) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        follow(["sh", "-c", "trap '' TERM; echo on; sleep 60"], stop, silence=20, farewell=0.3)
    assert time.monotonic() - began < 20


def test_one_that_is_not_there() -> None:
    with pytest.raises(ProgramError, match="no-such-program"):
        follow(["no-such-program"], len, silence=1, farewell=1)
