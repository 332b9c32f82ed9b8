# SPDX-License-Identifier: Apache-2.0
"""A job from a made-up host and base medium, carried through by the command line."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from fixtures.base_media import BaseFacts, make_base
from fixtures.host import HostFacts, make_host
from mkboot.cli.main import run


def mkboot(*arguments: str | Path, expect: int = 0) -> str:
    """Run one command line; its standard output.  Another exit status fails the test."""
    out, err = _Bytes(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run([str(a) for a in arguments])
    assert status == expect, f"{arguments}: {status}\n{out.text()}\n{err.getvalue()}"
    return out.text() if expect == 0 else out.text() + err.getvalue()


class _Bytes(io.TextIOWrapper):
    """A text stream that keeps what is written to it, by ``print`` or to its buffer."""

    def __init__(self) -> None:
        self._kept = io.BytesIO()
        super().__init__(self._kept, encoding="utf-8", write_through=True)

    def text(self) -> str:
        self.flush()
        return self._kept.getvalue().decode()


@dataclass(frozen=True, slots=True)
class Made:
    """A host, a base medium, and the job that was made of them."""

    host: HostFacts
    base: BaseFacts
    job: Path

    def volume(self, number: int) -> Path:
        return self.job / "set" / f"volume-{number}.iso"

    @property
    def volumes(self) -> list[Path]:
        return sorted((self.job / "set").glob("volume-*.iso"))

    def ufs(self) -> dict[str, object]:
        return {name: s for name, s in self.host.slices.items() if s.holds == "ufs"}


def make_set(
    work: Path, *, layout: str, release: str, seed: int, media: str, big: bool,
    compress: str = "none",
) -> Made:  # fmt: skip
    """prepare, capture and build; ``work`` is an empty directory."""
    host = make_host(work / "host", seed=seed, big=big)
    base = make_base(work / "base.iso", layout, release, seed, work / "base")
    job = work / "job"
    sources = [word for source in host.sources for word in ("--source", source)]
    mkboot("prepare", job, "--base", base.path, *sources, "--media", media,
           "--compress", compress)  # fmt: skip
    mkboot("capture", job)
    mkboot("build", job)
    return Made(host, base, job)
