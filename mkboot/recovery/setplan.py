# SPDX-License-Identifier: Apache-2.0
"""From a settled placing to the manifest of a set."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from mkboot.model import codec
from mkboot.model.manifest import SCHEMA, Segment, SetManifest, Stream, Volume
from mkboot.model.system import Dump, System
from mkboot.recovery.paths import segment_path
from mkboot.recovery.strategies import Placing
from mkboot.recovery.volumes import StreamSize


def plan_set(
    system: System, placing: Placing, *, layout: str, created: int, base: str
) -> SetManifest:
    """The manifest; the sizes of the images are 0 until they are laid out.

    The id tells sets apart that differ in anything their discs depend on; ``base`` stands
    for the base medium.
    """
    dumps = {(fs.slice, d.level): d for fs in system.file_systems for d in fs.dumps}
    streams = tuple(_stream(s, dumps, placing) for s in placing.order)
    digest = hashlib.sha256(codec.dumps(system).encode())
    placed = [f"{p.slice}.{p.level}.{p.index}:{p.volume}" for p in placing.placed]
    choices = {"layout": layout, "strategy": placing.strategy, "placed": placed, "base": base}
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
    )


def _stream(size: StreamSize, dumps: Mapping[tuple[str, int], Dump], placing: Placing) -> Stream:
    dump = dumps[size.slice, size.level]
    count = len(dump.segments)
    segments = tuple(
        Segment(
            file=segment_path(p.slice, p.level, p.index, count),
            volume=p.volume,
            offset=p.offset,
            checksums=dump.segments[p.index],
        )
        for p in placing.placed
        if (p.slice, p.level) == (size.slice, size.level)
    )
    return Stream(size.slice, size.level, size.size, segments)


def volume_id(host: str, number: int) -> str:
    """A volume identifier of ISO 9660: at most 32 of A-Z 0-9 _."""
    name = re.sub(r"[^A-Z0-9_]", "_", host.upper())[:22]
    return f"MKB_{name}_{number}"
