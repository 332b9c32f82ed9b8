# SPDX-License-Identifier: Apache-2.0
"""From a settled placing to the manifest of a set."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from mkboot.model import codec
from mkboot.model.manifest import SCHEMA, Borrowed, Segment, SetManifest, Stream, Volume
from mkboot.model.packing import Packing
from mkboot.model.system import Dump, System
from mkboot.recovery.packing import Stored
from mkboot.recovery.paths import segment_path
from mkboot.recovery.strategies import Placing
from mkboot.recovery.volumes import StreamSize

#: What ufsrestore's work files take, reckoned high: a directory in whole blocks and what is
#: kept of its modes, and a name in it.  Source: facts/commands D (two files, sizes assumed).
_PER_DIRECTORY, _PER_NAME = 1088, 40

Stores = Mapping[tuple[str, int], Sequence[Stored]]


def plan_set(
    system: System,
    placing: Placing,
    *,
    layout: str,
    created: int,
    base: str,
    base_release: str = "",
    stored: Stores | None = None,
    compress: Packing = Packing.NONE,
    borrowed: Sequence[Borrowed] = (),
) -> SetManifest:
    """The manifest; the sizes of the images are 0 until they are laid out.

    The id tells sets apart that differ in anything their discs depend on; ``base`` stands
    for the base medium.  ``stored`` are the segments of the streams (by slice and level)
    as they go onto the discs, where they are not the dumps' own.
    """
    dumps = {(fs.slice, d.level): d for fs in system.file_systems for d in fs.dumps}
    streams = tuple(_stream(s, dumps, placing, stored or {}) for s in placing.order)
    digest = hashlib.sha256(codec.dumps(system).encode())
    placed = [f"{p.slice}.{p.level}.{p.index}:{p.volume}" for p in placing.placed]
    choices = {
        "layout": layout,
        "strategy": placing.strategy,
        "placed": placed,
        "base": base,
        "compress": compress,
        "borrowed": [b.checksums.sha256 for b in borrowed],
    }
    digest.update(codec.dumps(choices).encode())
    volumes = tuple(
        Volume(number, volume_id(system.host, number), 0)
        for number in range(1, placing.volumes + 1)
    )
    return SetManifest(
        schema=SCHEMA,
        set_id=digest.hexdigest()[:16],
        host=system.host,
        release=system.release.version,
        layout=layout,
        strategy=placing.strategy,
        created=created,
        volumes=volumes,
        streams=streams,
        system=system,
        base_release=base_release,
        compress=compress,
        borrowed=tuple(borrowed),
    )


def _stream(
    size: StreamSize, dumps: Mapping[tuple[str, int], Dump], placing: Placing, stored: Stores
) -> Stream:
    dump = dumps[size.slice, size.level]
    mine = stored.get((size.slice, size.level), ())
    packings = [s.packing for s in mine] or [Packing.NONE] * len(dump.segments)
    checksums = [s.checksums for s in mine] or list(dump.segments)
    segments = tuple(
        Segment(
            file=segment_path(p.slice, p.level, p.index, len(checksums), packings[p.index]),
            volume=p.volume,
            offset=p.offset,
            size=p.size,
            checksums=checksums[p.index],
            packed=packings[p.index],
        )
        for p in placing.placed
        if (p.slice, p.level) == (size.slice, size.level)
    )
    return Stream(
        slice=size.slice, level=size.level, size=size.size, segments=segments,
        inodes=dump.inodes,
        work=_PER_DIRECTORY * dump.directories + _PER_NAME * dump.inodes,
    )  # fmt: skip


def volume_id(host: str, number: int) -> str:
    """A volume identifier of ISO 9660: at most 32 of A-Z 0-9 _."""
    name = re.sub(r"[^A-Z0-9_]", "_", host.upper())[:22]
    return f"MKB_{name}_{number}"
