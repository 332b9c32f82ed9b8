# SPDX-License-Identifier: Apache-2.0
"""What of an image no check looks at, because it is in no slice and no file system."""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.formats.label import SECTOR
from mkboot.media.medium import Medium
from mkboot.model.inspection import Kind
from mkboot.tree.source import FileSource

#: So many gaps are told one by one.
_TOLD = 5
#: The sectors of the label and, on a disc, of boot blocks and partition tables.
_SYSTEM_AREA = 32768
_CHUNK = 1 << 20


def outside(medium: Medium) -> tuple[str, ...]:
    """Sentences about the parts of a disc or disk that belong to nothing; none where all does.

    Gaps of zeros are padding, and not told of.
    """
    if medium.kind not in (Kind.DISC, Kind.DISK):
        return ()
    gaps = [gap for gap in _gaps(medium) if _has_data(medium, *gap)]
    said = [
        f"sectors {start // SECTOR} to {-(-end // SECTOR) - 1}: they are in no slice"
        for start, end in gaps[:_TOLD]
    ]
    if len(gaps) > _TOLD:
        more = sum(end - start for start, end in gaps[_TOLD:])
        said.append(f"and {more} bytes more that are in no slice")
    return tuple(said)


def _gaps(medium: Medium) -> Iterator[tuple[int, int]]:
    """First byte of each, and the byte behind it."""
    taken = [(0, _SYSTEM_AREA if medium.kind is Kind.DISC else SECTOR)]
    taken += [
        (s.start * SECTOR, s.start * SECTOR + s.size) for s in medium.slices if not s.covers_all
    ]
    if medium.iso is not None:
        taken.append((0, medium.iso_end or 0))
    at = 0
    for start, end in sorted(taken):
        if start > at:
            yield at, min(start, medium.size)
        at = max(at, end)
        if at >= medium.size:
            return
    yield at, medium.size


def _has_data(medium: Medium, start: int, end: int) -> bool:
    """Whether there is anything but zeros; the holes of a sparse file are not read."""
    source = medium.source
    runs = (
        source.data_runs(start, end - start)
        if isinstance(source, FileSource)
        else [(start, end - start)]
    )
    return any(
        source.pread(at, min(_CHUNK, offset + length - at)).strip(b"\0")
        for offset, length in runs
        for at in range(offset, offset + length, _CHUNK)
    )
