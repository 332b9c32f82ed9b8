# SPDX-License-Identifier: Apache-2.0
"""Commands run within bounds: one process runs many of them, each timed and weighed.

The process may take 1 GiB of memory more than Python and mkboot do, a command 10 seconds;
files that it writes end at 64 MiB, standard output too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MEMORY = 1 << 30
SECONDS = 10
LARGEST_FILE = 64 << 20
BUG = 70
FINE = frozenset({0, 1, 2, 3, 5})

_WORKER = """
import sys
sys.path[:0] = {path!r}
from damage.bounded import work
work()
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did: status, seconds, KiB of memory at most, standard error."""

    command: tuple[str, ...]
    status: int
    seconds: float
    peak: int
    err: str

    def fault(self) -> str | None:
        """Why this is not how a command may end; None if it is."""
        if self.status not in FINE:
            return f"exit status {self.status}"
        if "Traceback" in self.err or "a bug:" in self.err:
            return "a traceback"
        if self.status and not self.err.strip():
            return None if self.status == 1 else "ended without a word"
        if "not enough memory" in self.err or self.peak > MEMORY // 1024:
            return f"{self.peak} KiB of memory"
        return f"{self.seconds:.1f} s" if self.seconds > SECONDS else None


class Bounded:
    """The process that runs commands; made anew when one had to be ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def run(self, *command: str | Path) -> Ran:
        """Run one command line."""
        words = tuple(str(word) for word in command)
        process = self._process or self._begin()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(words) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            status = process.wait()
            self._end()
            return Ran(words, status or -1, 0.0, 0, "the process ended")
        found: dict[str, Any] = json.loads(answer)
        return Ran(words, found["status"], found["seconds"], found["peak"], found["err"])

    def _begin(self) -> subprocess.Popen[str]:
        root = Path(__file__).parents[2]
        code = _WORKER.format(path=[str(root / "tests"), str(root)])
        argv = [sys.executable, "-c", code]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, cwd=self.folder, text=True)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()
            self._process = None


def work() -> None:
    """What the process does: a command line of JSON in, a line of what it did out."""
    import os
    import resource
    import signal

    answers = os.fdopen(os.dup(1), "w")
    out = os.open("stdout", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    from mkboot.cli.main import run

    run(["--version"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    limit = _virtual() + MEMORY + (256 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for line in sys.stdin:
        os.ftruncate(1, 0)
        os.lseek(1, 0, os.SEEK_SET)
        # ten seconds are the bound; what takes thirty is ended by the kernel
        signal.alarm(3 * SECONDS)
        answers.write(json.dumps(_measure(run, json.loads(line))) + "\n")
        answers.flush()
        signal.alarm(0)


def _measure(run: Any, words: Sequence[str]) -> dict[str, object]:
    import io
    import time
    from contextlib import redirect_stderr

    before = forget_peak()
    err = io.StringIO()
    begun = time.process_time()
    with redirect_stderr(err):
        status = run(words)
    seconds = time.process_time() - begun
    peak = status_kib("VmHWM") - before
    if status == BUG:
        with redirect_stderr(err):
            run([*words, "--debug"])
    return {"status": status, "seconds": seconds, "peak": peak, "err": err.getvalue()[-4000:]}


def forget_peak() -> int:
    """Let the kernel measure anew; the memory in use now, in KiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return status_kib("VmRSS")


def status_kib(name: str) -> int:
    lines: Iterator[str] = iter(Path("/proc/self/status").read_text().splitlines())
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def _virtual() -> int:
    return status_kib("VmSize") * 1024
