# SPDX-License-Identifier: Apache-2.0
"""Progress and messages: JSON lines, plain lines, bars, silence."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import mkboot
from trees import sample_image

from mkboot.cli.bar import BarListener
from mkboot.cli.listeners import JsonListener, LineListener, count_of
from mkboot.progress import Event, Progress

KEYS = {"event", "step", "done", "total", "unit", "text"}


class Pipe:
    """A pipe of which the test reads one end."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def events(self) -> list[dict[str, object]]:
        os.close(self.writer)
        with open(self.reader, encoding="ascii") as file:
            return [json.loads(line) for line in file]


@pytest.mark.parametrize("before", [True, False])
def test_json_lines_on_a_descriptor(before: bool, tmp_path: Path) -> None:
    image, pipe = sample_image(tmp_path), Pipe()
    option = ["--progress", f"json:{pipe.writer}"]
    command = ["extract", image, tmp_path / "out"]
    result = mkboot(*(option if before else []), *command, *([] if before else option))
    events = pipe.events()
    assert result.err == ""
    assert all(set(event) == KEYS for event in events)
    assert next(e["event"] for e in events) == "begin"
    assert [e["event"] for e in events][-1] == "end"
    assert events[-1]["step"] == "extract"
    assert events[-1]["unit"] == "bytes"
    assert events[-1]["done"] == events[-1]["total"]


def test_messages_are_json_too(tmp_path: Path) -> None:
    pipe = Pipe()
    result = mkboot("ls", tmp_path / "none", "--progress", f"json:{pipe.writer}", status=2)
    events = pipe.events()
    assert [e["event"] for e in events] == ["message"]
    assert str(events[0]["text"]).startswith("mkboot: ")
    assert result.err == f"{events[0]['text']}\n"


def test_standard_error_is_json_and_nothing_else(tmp_path: Path) -> None:
    code = "from mkboot.cli.main import main; main()"
    argv = [sys.executable, "-c", code, "--progress", "json", "ls", tmp_path / "none"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 2
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["message"]


def test_a_pipe_that_nobody_reads_stops_nothing() -> None:
    pipe = Pipe()
    os.close(pipe.reader)
    listener = JsonListener(pipe.writer)
    for _ in range(3):
        listener.hear(Event("message", "", text="x"))
    os.close(pipe.writer)
    listener.hear(Event("message", "", text="x"))


def test_advances_are_paced_and_the_end_is_always_told() -> None:
    pipe, now = Pipe(), 0.0
    progress = Progress(JsonListener(pipe.writer, clock=lambda: now))
    with progress.step("work", 1000, "files") as step:
        for _ in range(1000):
            now += 0.001
            step.advance(1)
    events = pipe.events()
    assert 5 < len(events) < 20
    assert events[-1] == {
        "event": "end", "step": "work", "done": 1000, "total": 1000, "unit": "files", "text": "",
    }  # fmt: skip


def test_a_failed_step_says_so() -> None:
    pipe = Pipe()
    with pytest.raises(KeyError), Progress(JsonListener(pipe.writer)).step("work"):
        raise KeyError
    assert pipe.events()[-1]["text"] == "failed"


def test_lines() -> None:
    for verbose, wanted in ((False, "hello\n"), (True, "hello\nwork: 3 of 3 files\n")):
        out = io.StringIO()
        progress = Progress(LineListener(out, verbose=verbose))
        with progress.step("work", 3, "files") as step:
            progress.message("hello")
            step.advance(3)
        assert out.getvalue() == wanted


def test_no_terminal_obeys_what_stands_on_a_medium(tmp_path: Path) -> None:
    """A host's name, say, of a set that somebody else made."""
    out = io.StringIO()
    LineListener(out).hear(Event("message", "", 0, None, "", "a\x1b[2J\x9bb\r\tc"))
    assert out.getvalue() == "a\\x1b[2J\\x9bb\\x0d\tc\n"
    done = mkboot("inspect", tmp_path / "none\x1b[2J", status=2)
    assert "\x1b" not in done.err


def test_bars_are_drawn_and_gone() -> None:
    out = io.StringIO()
    progress = Progress(BarListener(out))
    with progress.step("outer", 2, "volumes") as outer:
        with progress.step("inner [x]", 100, "bytes") as inner:
            inner.advance(50)
        outer.advance(1)
        progress.message("half [way]")
    progress.message("done")
    assert "half [way]" in out.getvalue()
    assert out.getvalue().endswith("done\n")


def test_quiet_and_verbose(tmp_path: Path) -> None:
    image = sample_image(tmp_path)
    assert mkboot("-q", "extract", image, tmp_path / "1").err == ""
    assert mkboot("extract", image, tmp_path / "2").err == ""
    assert mkboot("extract", "-v", image, tmp_path / "3").err.startswith("extract: ")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Event("end", "s", 3, None, "files"), "3 files"),
        (Event("end", "s", 1_500_000, 3_000_000_000, "bytes"), "1.5 MB of 3 GB"),
        (Event("end", "s", 1, 2), "1 of 2"),
    ],
)
def test_counts(event: Event, text: str) -> None:
    assert count_of(event) == text


def test_an_estimated_total_is_neither_passed_nor_missed() -> None:
    heard: list[Event] = []

    class Ear:
        def hear(self, event: Event) -> None:
            heard.append(event)

    for amounts in ((3, 3), (50, 70), ()):
        heard.clear()
        with Progress(Ear()).step("x", 100, "bytes", estimate=True) as step:
            for amount in amounts:
                step.advance(amount)
        assert all(event.done <= 100 for event in heard)
        assert heard[-1].done == 100
    heard.clear()
    with pytest.raises(ValueError, match="no"), Progress(Ear()).step("x", 9, estimate=True):
        raise ValueError("no")
    assert (heard[-1].done, heard[-1].text) == (0, "failed")
