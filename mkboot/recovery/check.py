# SPDX-License-Identifier: Apache-2.0
"""Whether the segments of a set are what was captured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mkboot.errors import InputError, StoppedError
from mkboot.formats.checksum import (
    CRC_START,
    StreamDigest,
    close_cksum,
    digest_source,
    posix_cksum,
)
from mkboot.model.finding import Finding, error, note
from mkboot.model.manifest import Segment, SetManifest, Stream
from mkboot.model.packing import Packing
from mkboot.model.values import Checksums
from mkboot.recovery.sets import OpenSet
from mkboot.recovery.streams import unpack
from mkboot.tree.content import CHUNK, ContentSource


@dataclass(frozen=True, slots=True)
class SegmentCheck:
    """What was looked at, and what was found."""

    segments: int
    bytes: int
    findings: tuple[Finding, ...]


def check_segments(
    opened: OpenSet,
    *,
    thorough: bool,
    stop: bool = False,
    advance: Callable[[int], None] = lambda _count: None,
) -> SegmentCheck:
    """Read every segment at hand and compare: its cksum, or with ``thorough`` all four sums,
    and what comes out of it where it is compressed.

    An I/O error is what is wrong with a segment, or with ``stop`` a ``StoppedError``.

    Findings: ``volume-missing``, ``segment-checksum``.
    """
    findings: list[Finding] = []
    missing: set[int] = set()
    count = size = 0
    for stream in opened.manifest.streams:
        captured = captured_segments(opened.manifest, stream)
        for segment, raw in zip(stream.segments, captured, strict=True):
            if segment.volume not in opened.volumes:
                missing.add(segment.volume)
                continue
            problem = _problem(opened, segment, thorough=thorough, stop=stop, advance=advance)
            if thorough and not problem and segment.packed is not Packing.NONE:
                problem = _unpacked_problem(opened, segment, raw)
            count += 1
            size += segment.checksums.size
            if problem:
                findings.append(
                    error(
                        "segment-checksum",
                        f"volume {segment.volume}: {segment.file}",
                        problem,
                        "burn the volume again from its image, or capture again; nothing of "
                        "this file system should be restored from it",
                    )
                )
    names = {v.number: v.volume_id for v in opened.manifest.volumes}
    for number in sorted(missing | (set(names) - set(opened.volumes))):
        findings.append(_missing(opened, number, names[number], holds=number in missing))
    return SegmentCheck(count, size, tuple(findings))


def captured_segments(manifest: SetManifest, stream: Stream) -> tuple[Checksums, ...]:
    """The checksums of a stream's segments as they were captured, before any compression."""
    systems = manifest.system.file_systems
    return next(
        d.segments
        for fs in systems
        if fs.slice == stream.slice
        for d in fs.dumps
        if d.level == stream.level
    )


def _unpacked_problem(opened: OpenSet, segment: Segment, captured: Checksums) -> str:
    """Whether what comes out of a compressed segment is what was captured."""
    digest = StreamDigest()
    try:
        unpack(segment, opened.segment(segment), digest.update)
    except InputError as e:
        return e.bare
    return "" if digest.finish() == captured else "unpacked, it is not what was captured"


def _missing(opened: OpenSet, number: int, name: str, *, holds: bool) -> Finding:
    """A lone volume verifies itself: that others are missing is then worth a note only."""
    make = note if len(opened.volumes) == 1 and len(opened.manifest.volumes) > 1 else error
    what = "segments of the set" if holds else "no segment"
    return make(
        "volume-missing",
        f"volume {number}",
        f"{name} is not here; it holds {what}",
        "put its image beside the others",
    )


def _problem(
    opened: OpenSet,
    segment: Segment,
    *,
    thorough: bool,
    stop: bool,
    advance: Callable[[int], None],
) -> str:
    """Why a segment is not what it should be; empty if it is."""
    try:
        content = opened.segment(segment)
        if thorough:
            found = digest_source(ContentSource(content), advance=advance)
            return "" if found == segment.checksums else "its checksums are not the recorded ones"
        crc = CRC_START
        for data in content.chunks(CHUNK):
            crc = posix_cksum(data, crc)
            advance(len(data))
    except InputError as e:
        return e.message
    except StoppedError as e:
        if stop:
            raise
        return f"cannot be read: {e.message}"
    same = close_cksum(crc, content.size) == segment.checksums.cksum
    return "" if same else "its cksum is not the recorded one"
