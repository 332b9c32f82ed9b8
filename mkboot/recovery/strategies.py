# SPDX-License-Identifier: Apache-2.0
"""How the drive and the volumes go together (DESIGN: strategies).

On base media before Solaris 10 10/08 the booted environment runs from volume 1, so the
drive cannot be emptied while it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.errors import CallerError
from mkboot.recovery.volumes import Capacity, Placed, StreamSize, last_volume, place_segments

#: What must be on the disk before it can boot and restore the rest by itself.
FIRST_MOUNTS = (b"/", b"/usr", b"/var")
#: What early scripts may mount too (/var/adm): onto volume 1 next, where there is room.
_EARLY = (b"/usr/", b"/var/")


@dataclass(frozen=True, slots=True)
class Placing:
    """A settled strategy and where every segment lies."""

    strategy: str
    order: tuple[StreamSize, ...]
    placed: tuple[Placed, ...]

    @property
    def volumes(self) -> int:
        """How many discs."""
        return last_volume(self.placed)


def choose(strategy: str, streams: Sequence[StreamSize], room: Capacity) -> Placing:
    """Settle ``auto``, or carry out what was asked for.

    Raises ``CallerError`` that says what would fit where the asked-for strategy, or none,
    does.
    """
    ordered = tuple(sorted(streams, key=_order))
    placed = place_segments(ordered, room)
    fits_one = last_volume(placed) == 1
    fits_first = all(p.volume == 1 for p in placed if _is_first(p, ordered))
    possible = {"single": fits_one, "root-first": fits_first, "two-drive": True}
    if strategy == "auto":
        strategy = next((s for s in ("single", "root-first") if possible[s]), "")
        if not strategy:
            raise CallerError(
                "/, /usr and /var do not fit volume 1 beside the install environment",
                hint=what_would_fit(ordered, room),
            )
    if not possible[strategy]:
        raise CallerError(
            f"strategy {strategy} does not fit these media", hint=what_would_fit(ordered, room)
        )
    return Placing(strategy, ordered, placed)


def is_early(mount: bytes) -> bool:
    """Whether scripts that run before the other file systems are mounted may want it."""
    return mount in FIRST_MOUNTS or mount.startswith(_EARLY)


def what_would_fit(streams: Sequence[StreamSize], room: Capacity) -> str:
    """A sentence for a person: what to change."""
    first = sum(sum(s.stored or (s.size,)) for s in streams if s.mount in FIRST_MOUNTS)
    return (
        f"/, /usr and /var are {_mb(first)}, volume 1 has room for {_mb(room.first)}: larger media"
        " (--media dvd), or a second CD drive (--strategy two-drive)"
    )


def _order(stream: StreamSize) -> tuple[int, bytes, str, int]:
    rank = len(FIRST_MOUNTS) + (0 if is_early(stream.mount) else 1 if stream.mount else 2)
    if stream.mount in FIRST_MOUNTS:
        rank = FIRST_MOUNTS.index(stream.mount)
    return (rank, stream.mount, stream.slice, stream.level)


def _is_first(placed: Placed, streams: Sequence[StreamSize]) -> bool:
    return any(s.slice == placed.slice and s.mount in FIRST_MOUNTS for s in streams)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
