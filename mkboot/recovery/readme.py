# SPDX-License-Identifier: Apache-2.0
"""README.TXT of a volume: the restore by Sun's own commands and nothing of ours.

The order of commands and their traps: facts/media-jumpstart 4.1, facts/commands A.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mkboot import __version__
from mkboot.model.manifest import Segment, SetManifest
from mkboot.recovery.handbook import Stage, stages
from mkboot.recovery.render import render


@dataclass(frozen=True, slots=True)
class _VolumeLines:
    """What the table of volumes says of one."""

    number: int
    volume_id: str
    lines: tuple[str, ...]


def readme(manifest: SetManifest, number: int) -> str:
    """The text for volume ``number``, in ASCII."""
    text = render(
        "README.TXT.j2",
        host=manifest.host,
        number=number,
        release=manifest.release,
        captured=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(manifest.system.captured)),
        set_id=manifest.set_id,
        strategy=manifest.strategy,
        version=__version__,
        volumes=[_volume(manifest, v.number, v.volume_id) for v in manifest.volumes],
        disks=manifest.system.disks,
        stages=stages(manifest),
    )
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _volume(manifest: SetManifest, number: int, volume_id: str) -> _VolumeLines:
    lines = [
        f"{s.slice} level {s.level}: segments "
        f"{_span([g for g in s.segments if g.volume == number])} of {len(s.segments)}"
        for s in manifest.streams
        if any(g.volume == number for g in s.segments)
    ]
    return _VolumeLines(number, volume_id, tuple(lines) or ("no segments",))


def _span(segments: Sequence[Segment]) -> str:
    first, last = (s.file.rpartition(".")[2] for s in (segments[0], segments[-1]))
    return first if first == last else f"{first}-{last}"


__all__ = ["Stage", "readme"]
