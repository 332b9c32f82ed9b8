# SPDX-License-Identifier: Apache-2.0
"""``copy``: a disc from a drive, or an image, byte for byte, with a map of what was read."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.mapfile import Status
from mkboot.media.codes import advice
from mkboot.media.copy.copying import Copied, Copying
from mkboot.media.copy.ends import explain
from mkboot.media.copy.place import MAP, open_place, partial_of
from mkboot.media.copy.reader import open_reader
from mkboot.model.finding import Finding, error
from mkboot.model.inspection import Json
from mkboot.model.sizes import parse_size, show_size
from mkboot.model.values import Checksums
from mkboot.output import PARTIAL
from mkboot.progress import Progress, Step

#: Over how many seconds the rate is taken.
_RATE_SPAN, _RATE_STEP = 5.0, 0.1
#: So many holes are named one by one.
_NAMED = 8
_LENGTHS = {"md5": 32, "sha256": 64}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the user knows of the disc; None for what they do not."""

    md5: str | None = None
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class CopyOutcome:
    """What ``copy`` says; ``file`` is where the copy is now, ``map`` where its map is, if kept."""

    source: Path
    file: Path
    map: Path | None
    copied: Copied
    findings: tuple[Finding, ...]
    sizes: tuple[str, ...]
    whole: bool

    def as_json(self) -> dict[str, Json]:
        """The document that docs/copy.md describes."""
        done = self.copied
        ends = done.ends
        sums = done.checksums
        return {
            "verdict": "whole" if self.whole else "incomplete",
            "source": str(self.source),
            "file": str(self.file),
            "map": None if self.map is None else str(self.map),
            "size": done.size,
            "good": done.map.total(Status.GOOD),
            "bad": done.map.end - done.map.total(Status.GOOD, Status.UNTRIED),
            "untried": done.map.total(Status.UNTRIED),
            "holes": [{"offset": e.offset, "size": e.size} for e in done.holes],
            "errors": done.errors,
            "differing": done.differing,
            "ends": {"drive": ends.drive, "toc": ends.toc, "iso": ends.iso, "label": ends.label},
            "explained": list(self.sizes),
            "checksums": None if sums is None else _sums_json(sums),
            "findings": [dict(f.as_json()) for f in self.findings],
        }


def copy(
    source: Path,
    dest: Path,
    progress: Progress,
    *,
    map_: Path | None = None,
    expected: Expected | None = None,
    retries: int = 1,
    agree: bool = False,
    force: bool = False,
) -> CopyOutcome:
    """Copy, or go on copying.  ``dest`` is there only when the copy is whole and as expected.

    Raises ``CallerError`` for what cannot be done as given, ``InputError`` for an empty image,
    ``StoppedError`` when it was interrupted or the disk is full: the same call goes on.
    """
    _refuse_itself(source, dest)
    reader = open_reader(source)
    try:
        if not reader.size and not reader.is_drive:
            raise InputError("is empty: there is no disc in it", place=(str(source),))
        with open_place(dest, map_, force=force) as place:
            copying = Copying(reader, place)
            copying.check_same_disc()
            done = _run(copying, progress, source, retries=retries, agree=agree)
            findings = (*done.findings, *_holes(done), *_unexpected(done, expected))
            whole = done.whole and not any(f.code == "copy-unexpected" for f in findings)
            if whole:
                os.ftruncate(place.fd, done.size)
                place.finish()
            kept = place.map if place.map.exists() else None
            return CopyOutcome(
                source,
                place.dest if whole else place.partial,
                kept,
                done,
                findings,
                tuple(explain(done.ends, done.size)),
                whole,
            )
    finally:
        reader.close()


def _refuse_itself(source: Path, dest: Path) -> None:
    """A copy is not read from itself, nor from another that is not whole.

    Else the zeros in its holes would be taken for what is on the disc.
    """
    if dest.exists() and source.exists() and source.samefile(dest):
        raise CallerError(f"{source} and {dest} are the same file")
    source = source.resolve()
    whole = source.with_name(source.name.removesuffix(PARTIAL))
    begun = source.name.endswith(PARTIAL) and whole.with_name(whole.name + MAP).exists()
    if begun or source == partial_of(dest):
        raise CallerError(
            f"{source} is a copy that is not whole",
            hint=f"give the drive or the image that it was begun from: mkboot copy SOURCE {whole}",
        )


def _run(
    copying: Copying, progress: Progress, source: Path, *, retries: int, agree: bool
) -> Copied:
    """The copying, told as one step; what is read twice counts twice."""
    end, good = copying.work(agree=agree)
    comments = (f"Copy of {source}", time.strftime("Start time: %Y-%m-%d %H:%M:%S"))
    with progress.step(f"copy {source}", end, "bytes", estimate=True) as step:
        tell = _Teller(step, end, good).tell
        return copying.run(tell, retries=retries, agree=agree, comments=comments)


def parse_expected(texts: tuple[str, ...]) -> Expected | None:
    """``md5:HEX``, ``sha256:HEX``, ``size:SIZE``, each at most once.  Else ``CallerError``."""
    found: dict[str, str] = {}
    for text in texts:
        kind, _, value = text.partition(":")
        if kind not in (*_LENGTHS, "size") or not value:
            raise CallerError(f"--expect is md5:HEX, sha256:HEX or size:BYTES, not {text!r}")
        if kind in found:
            raise CallerError(f"--expect {kind} is given twice")
        length = _LENGTHS.get(kind)
        if length is not None and not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", value):
            raise CallerError(f"--expect {kind}: has {length} hexadecimal digits")
        found[kind] = value.lower() if kind in _LENGTHS else value
    if not found:
        return None
    size = parse_size(found["size"]) if "size" in found else None
    return Expected(found.get("md5"), found.get("sha256"), size)


def _unexpected(done: Copied, expected: Expected | None) -> Iterator[Finding]:
    """What is not as the user said.  A copy with holes has no checksums to be compared."""
    sums = done.checksums
    if expected is None or sums is None:
        return
    pairs = (
        ("size", expected.size, done.size),
        ("MD5", expected.md5, sums.md5),
        ("SHA-256", expected.sha256, sums.sha256),
    )
    for name, wanted, got in pairs:
        if wanted is not None and wanted != got:
            text = f"its {name} is {got}, expected was {wanted}"
            yield error("copy-unexpected", "copy", text, advice("copy-unexpected"))


def _holes(done: Copied) -> Iterator[Finding]:
    """What could not be read, place by place; what lies behind the source's end is no hole."""
    holes = [h for h in done.holes if h.offset < done.size]
    if not holes:
        return
    total = sum(min(h.end, done.size) - h.offset for h in holes)
    places = ", ".join(f"{h.offset}-{min(h.end, done.size) - 1}" for h in holes[:_NAMED])
    more = f" and {len(holes) - _NAMED} places more" if len(holes) > _NAMED else ""
    yield error(
        "copy-holes",
        "copy",
        f"{total} of {done.size} bytes could not be read: bytes {places}{more}",
        advice("copy-holes"),
    )
    if done.differing:
        yield error(
            "copy-unstable",
            "copy",
            f"{done.differing} blocks did not read twice the same; those that never did are "
            "among what could not be read",
            advice("copy-unstable"),
        )


def _sums_json(sums: Checksums) -> dict[str, Json]:
    return {"cksum": sums.cksum, "sum": sums.sum, "md5": sums.md5, "sha256": sums.sha256}


class _Teller:
    """Rate, remaining time and errors, with every advance."""

    def __init__(self, step: Step, end: int, good: int) -> None:
        self._step = step
        self._end, self._good = end, good
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), good)])
        step.advance(good)

    def tell(self, count: int, doing: str, errors: int) -> None:
        """Some bytes more are good."""
        self._good += count
        self._step.advance(count, self._text(doing, errors))

    def _text(self, doing: str, errors: int) -> str:
        now = time.monotonic()
        if now - self._seen[-1][0] > _RATE_STEP:
            self._seen.append((now, self._good))
        while len(self._seen) > 1 and now - self._seen[0][0] > _RATE_SPAN:
            self._seen.popleft()
        began, before = self._seen[0]
        rate = (self._good - before) / (now - began) if now > began else 0.0
        parts = [doing]
        if rate > 0:
            left = max(0, self._end - self._good) / rate
            parts += [f"{show_size(int(rate))}/s", f"{show_time(left)} left"]
        if errors:
            parts.append(f"{errors} error{'s' * (errors > 1)}")
        return ", ".join(parts)


def show_time(seconds: float) -> str:
    """Seconds for people: ``40 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
