# SPDX-License-Identifier: Apache-2.0
"""The map of a set: which file systems lie on which volume, and which volumes are missing.

One bar for each volume, all to the same scale, its pieces in the colour of the file
system that they hold; below, one row for each file system with the volumes it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mkboot.model.finding import Finding, Severity, worst
from mkboot.model.manifest import SetManifest
from mkboot.report.disc_map_style import PALETTE, STYLE
from mkboot.report.disc_map_text import (
    MARGIN,
    SIZE,
    SMALL,
    TITLE,
    WIDTH,
    document,
    findings_block,
    fit,
    say,
    size_text,
    tone,
    width_of,
)
from mkboot.tree.names import show

_BAR_X, _BAR_HIGH, _ROW = 300, 26, 44
_BAR_WIDE = WIDTH - _BAR_X - MARGIN
_TOP = 96
#: So wide is a piece at least, in pixels.
_LEAST = 3.0
#: So wide is a bar at least: a last volume of a few files is seen, too.
_SHORTEST = 14.0
#: So many volumes, and so many file systems, have a row.
_MANY = 200


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a volume: its file system, or none for what is there to boot and restore."""

    slice: str
    size: int


def set_map_svg(
    name: str, manifest: SetManifest, present: Sequence[int], findings: Sequence[Finding]
) -> str:
    """The map as an SVG document; ``present`` are the numbers of the volumes at hand."""
    colours = {
        s: PALETTE[n % len(PALETTE)]
        for n, s in enumerate(dict.fromkeys(stream.slice for stream in manifest.streams))
    }
    body = list(_heading(name, manifest, present))
    segments = _by_volume(manifest)
    y = _TOP
    scale = _BAR_WIDE / max((v.size for v in manifest.volumes), default=1)
    for volume in manifest.volumes[:_MANY]:
        there, number = volume.number in present, volume.number
        about = tuple(f for f in findings if f.place.split(":")[0] == f"volume {number}")
        title = f"volume {number}: {volume.volume_id}"
        detail = size_text(volume.size) + ("" if there else ", not here")
        severity = worst(about) if there else Severity.ERROR
        body += _row_text(y, title, detail, severity)
        pieces = _pieces(segments.get(number, []), volume.size)
        wide = max(volume.size * scale, _SHORTEST)
        body += _bar(y, pieces, wide, colours, missing=not there)
        y += _ROW
    y = _rest(body, y, len(manifest.volumes), "volumes")
    body.append(say(MARGIN, y + 26, "What lies where", "title"))
    y += 46
    for slice_, colour in list(colours.items())[:_MANY]:
        body += _file_system(y, manifest, slice_, colour, present)
        y += _ROW
    y = _rest(body, y, len(colours), "file systems")
    below, depth = findings_block(findings, y + 24)
    return document(f"{name}: set map", depth + 16, [*body, *below], STYLE)


def _heading(name: str, manifest: SetManifest, present: Sequence[int]) -> Iterator[str]:
    room = WIDTH - 2 * MARGIN
    yield say(MARGIN, 32, fit(name, TITLE * 1.1, room), "title")
    facts = [
        f"set of {manifest.host}",
        f"Solaris {manifest.release}",
        f"{len(present)} of {len(manifest.volumes)} volumes at hand",
        f"made from a medium of layout {manifest.layout}",
    ]
    yield say(MARGIN, 56, fit(" · ".join(facts), SMALL, room), "dim")


def _rest(body: list[str], y: int, count: int, what: str) -> int:
    """A line for rows that were left out; where to go on."""
    if count <= _MANY:
        return y
    body.append(say(MARGIN, y + 14, f"and {count - _MANY} more {what}", "dim"))
    return y + _ROW


def _by_volume(manifest: SetManifest) -> dict[int, list[tuple[str, int]]]:
    """The segments of each volume as they lie: file system and bytes."""
    found: dict[int, list[tuple[str, int]]] = {}
    for stream in manifest.streams:
        for segment in stream.segments:
            pair = (stream.slice, segment.checksums.size)
            found.setdefault(segment.volume, []).append(pair)
    return found


def _pieces(on_it: Sequence[tuple[str, int]], size: int) -> list[_Piece]:
    """What is on a volume: first what boots and restores, then its file systems in order."""
    found = [
        _Piece(slice_, sum(size for _, size in group))
        for slice_, group in groupby(on_it, key=lambda pair: pair[0])
    ]
    rest = size - sum(p.size for p in found)
    return [_Piece("", rest), *found] if rest > 0 else found


def _row_text(y: int, title: str, detail: str, severity: Severity | None) -> Iterator[str]:
    room = _BAR_X - MARGIN - 16
    yield say(MARGIN, y + 12, fit(title, SIZE, room), tone(severity))
    yield say(MARGIN, y + 28, fit(detail, SMALL, room), "dim")


def _bar(
    y: int, pieces: Sequence[_Piece], wide: float, colours: dict[str, str], *, missing: bool
) -> Iterator[str]:
    if missing:
        yield (
            f'<rect class="missing" x="{_BAR_X}" y="{y}" width="{wide:.1f}" height="{_BAR_HIGH}"/>'
        )
        return
    whole = sum(p.size for p in pieces) or 1
    least = min(_LEAST, wide / max(len(pieces), 1))
    x = float(_BAR_X)
    for each in pieces:
        part = least + (wide - least * len(pieces)) * each.size / whole
        kind = "piece" if each.slice else "piece system"
        fill = f' style="fill:{colours[each.slice]}"' if each.slice else ""
        yield (
            f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{part:.1f}" '
            f'height="{_BAR_HIGH}"{fill}/>'
        )
        name = each.slice or "boots, restores"
        if width_of(name, SMALL) + 8 <= part:
            yield say(round(x + part / 2, 1), y + 17, name, "on")
        x += part


def _file_system(
    y: int, manifest: SetManifest, slice_: str, colour: str, present: Sequence[int]
) -> Iterator[str]:
    """One file system: colour, name, mount point, size, and its volumes."""
    streams = [s for s in manifest.streams if s.slice == slice_]
    segments = [s for stream in streams for s in stream.segments]
    mount = next((fs.mount for fs in manifest.system.file_systems if fs.slice == slice_), b"")
    numbers = sorted({s.volume for s in segments})
    gone = [n for n in numbers if n not in present]
    yield f'<rect class="piece" x="{MARGIN}" y="{y}" width="28" height="28" style="fill:{colour}"/>'
    text_x, room = MARGIN + 40, WIDTH - 2 * MARGIN - 40
    title = f"{slice_}: {show(mount)}" if mount else f"{slice_}: mounted nowhere"
    severity = Severity.ERROR if gone else None
    yield say(text_x, y + 12, fit(title, SIZE, room), tone(severity))
    parts = [
        size_text(sum(s.checksums.size for s in segments)),
        _count(len(segments), "segment"),
        _count(sum(s.inodes for s in streams), "file"),
        f"on volume{'' if len(numbers) == 1 else 's'} {_ranges(numbers)}",
    ]
    if gone:
        parts.append(f"of these not here: {_ranges(gone)}")
    yield say(text_x, y + 28, fit(", ".join(parts), SMALL, room), "dim")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers as a person writes them: ``1-3, 5``."""
    if not numbers:
        return "none"
    said: list[str] = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [n for _, n in run]
        said.append(str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}")
    return ", ".join(said)
