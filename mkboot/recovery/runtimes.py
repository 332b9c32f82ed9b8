# SPDX-License-Identifier: Apache-2.0
"""How long a restore may take: sizes divided by the speeds of old and of late hardware.

Nobody has measured these machines for us, so every estimate is a span, and the run book
states the assumption.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mkboot.model.manifest import SetManifest
from mkboot.model.plan import Action, Step

#: Bytes a second, slow and fast: a CD drive of 4 and of 24 times, a DVD drive of 1 and 8.
CD = (600_000, 3_600_000)
DVD = (1_350_000, 10_800_000)
#: The largest CD (80 minutes), in bytes.
_CD_MAX = 359_845 * 2048
#: Bytes a second that ufsrestore writes: small files on a narrow SCSI disk, and later ones.
WRITE = (500_000, 4_000_000)
#: Seconds for each 10^9 bytes of a slice: newfs, and the fsck of a good file system.
_NEWFS = (60, 5)
_FSCK = (90, 5)


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds, at least and at most."""

    low: float = 0
    high: float = 0

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    @property
    def words(self) -> str:
        """For people: ``< 1 min``, ``3 to 12 min``, ``1.5 to 4.0 h``."""
        if self.high < 60:
            return "< 1 min"
        if self.high < 5400:
            low, high = max(1, round(self.low / 60)), round(self.high / 60)
            return f"{high} min" if low >= high else f"{low} to {high} min"
        return f"{self.low / 3600:.1f} to {self.high / 3600:.1f} h"


#: From ``boot cdrom`` to the first line of ours; the upper end has RARP asking in vain.
BOOT_DISC = Span(180, 900)
#: From the reset to the first line of stage 2.
BOOT_DISK = Span(60, 300)


def step_spans(manifest: SetManifest, steps: Iterable[Step]) -> Mapping[str, Span]:
    """By the id of each step, its span; steps that only take moments are left at 0."""
    return {step.id: _span(manifest, step) for step in steps}


def total(spans: Iterable[Span]) -> Span:
    """All of them together."""
    return sum(spans, Span())


def drive_speed(manifest: SetManifest) -> tuple[int, int]:
    """Of the drive that such volumes go into."""
    return DVD if any(v.size > _CD_MAX for v in manifest.volumes) else CD


def volume_bytes(manifest: SetManifest, number: int) -> int:
    """The segments on a volume, in bytes."""
    return sum(s.checksums.size for t in manifest.streams for s in t.segments if s.volume == number)


def _span(manifest: SetManifest, step: Step) -> Span:
    slow, fast = drive_speed(manifest)
    if step.action is Action.VERIFY:
        size = volume_bytes(manifest, int(step.target))
        return Span(size / fast, size / slow)
    if step.action is Action.RESTORE:
        return _restore(manifest, step, slow, fast)
    if step.action in (Action.NEWFS, Action.CHECK):
        gigabytes = _slice_bytes(manifest, step.target) / 1e9
        high, low = _NEWFS if step.action is Action.NEWFS else _FSCK
        return Span(gigabytes * low, gigabytes * high)
    return Span()


def _restore(manifest: SetManifest, step: Step, slow: int, fast: int) -> Span:
    """The slower of reading what is on the discs and of writing what comes out of it."""
    level = int(step.arguments["level"])
    for stream in manifest.streams:
        if (stream.slice, stream.level) == (step.target, level):
            read = sum(s.checksums.size for s in stream.segments)
            low = max(read / fast, stream.size / WRITE[1])
            return Span(low, max(read / slow, stream.size / WRITE[0]))
    return Span()


def _slice_bytes(manifest: SetManifest, slice_: str) -> int:
    for disk in manifest.system.disks:
        for record in disk.slices:
            if f"{disk.name}s{record.number}" == slice_:
                return record.sectors * 512
    return 0
