# SPDX-License-Identifier: Apache-2.0
"""The disc map: an SVG of what lies where on an image, and what is wrong with it.

Left a bar from the first sector to the last, to scale but for pieces too small to see;
right one row of text for each piece, joined to it by a line, so that no two texts meet
however small the slices are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mkboot.model.finding import Severity
from mkboot.model.inspection import Inspection, Kind, SliceHolds, SliceView
from mkboot.report.disc_map_style import STYLE
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
)
from mkboot.tree.names import show

_SECTOR = 512
_BAR_X, _LANE = MARGIN, 46
_ROW = 44
_TOP = 96
_LEAST = 5.0
#: So high a piece of the bar is at least that has its name on it.
_NAMED = 16

_NAMES = {
    SliceHolds.ISO: "ISO 9660",
    SliceHolds.UFS: "UFS",
    SliceHolds.SWAP: "swap",
    SliceHolds.WHOLE_DISK: "whole disk",
    SliceHolds.EMPTY: "empty",
    SliceHolds.UNKNOWN: "unknown content",
}


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something on the image: first byte, the byte behind it, how to draw and name it."""

    start: int
    end: int
    kind: str
    name: str
    detail: str
    lane: int = 0
    severity: Severity | None = None
    short: str = ""


def disc_map_svg(inspection: Inspection) -> str:
    """The map as an SVG document."""
    pieces = _pieces(inspection)
    lanes = 1 + max((p.lane for p in pieces), default=0)
    rows = len(pieces) + (_ends_early(pieces, inspection) is not None)
    height = max(_ROW * rows, 120)
    scale = _Scale(pieces, inspection.size, height)
    body = [*_heading(inspection), *_drawing(pieces, scale, lanes, inspection)]
    unknown = inspection.kind is Kind.UNKNOWN
    none = "Nothing was checked: mkboot does not know this." if unknown else "Nothing found wrong."
    below, depth = findings_block(inspection.findings, _TOP + height + 40, none)
    return document(f"{inspection.name}: disc map", depth + 16, [*body, *below], STYLE)


def _ends_early(pieces: Sequence[_Piece], inspection: Inspection) -> int | None:
    """Where the image ends, in bytes, if something should be behind that."""
    return inspection.size if any(p.end > inspection.size for p in pieces) else None


class _Scale:
    """From bytes to the height on the bar; every piece border is a point of it.

    Between two neighbouring borders there are at least ``_LEAST`` pixels.
    """

    def __init__(self, pieces: Sequence[_Piece], size: int, height: int) -> None:
        points = sorted({0, size, *(p.start for p in pieces), *(p.end for p in pieces)})
        spans = [b - a for a, b in pairwise(points)]
        room = max(height - _LEAST * len(spans), 0.0)
        whole = sum(spans) or 1
        self._at = {points[0]: 0.0}
        at = 0.0
        for point, span in zip(points[1:], spans, strict=True):
            at += _LEAST + room * span / whole
            self._at[point] = at

    def __call__(self, byte: int) -> float:
        return _TOP + self._at[byte]


def _pieces(inspection: Inspection) -> list[_Piece]:
    """Label, slices, gaps and the tail, in the order in which they lie."""
    label = inspection.label
    if label is None:
        return [_whole(inspection)]
    slices = [_slice_piece(s, inspection) for s in label.slices]
    found = [_label_piece(inspection), *slices, *_gaps(slices, inspection)]
    found.sort(key=lambda p: (p.start, -p.end, p.name))
    return _in_lanes(found)


def _whole(inspection: Inspection) -> _Piece:
    kind = {Kind.DISC: "iso", Kind.SLICE: "ufs"}.get(inspection.kind, "unknown")
    what = {Kind.DISC: "ISO 9660", Kind.SLICE: "UFS", Kind.DUMP: "ufsdump stream"}
    name = what.get(inspection.kind, inspection.kind.value)
    return _Piece(0, inspection.size, kind, name, _extent(0, inspection.size))


def _label_piece(inspection: Inspection) -> _Piece:
    assert inspection.label is not None
    text = show(inspection.label.ascii) or "no text"
    valid = "" if inspection.label.valid else ": INVALID"
    codes = [f.code for f in inspection.findings if _about(f.place, "label")]
    said = ", ".join([text, *dict.fromkeys(codes)])
    severity = _worst(inspection, "label") if valid == "" else Severity.ERROR
    return _Piece(0, _SECTOR, "label", f"Sun label, sector 0{valid}", said, severity=severity)


def _slice_piece(each: SliceView, inspection: Inspection) -> _Piece:
    start, end = each.start * _SECTOR, (each.start + each.sectors) * _SECTOR
    place = f"slice {each.number}"
    short = f"s{each.number}"
    name = f"{short}: {_NAMES[each.holds]}"
    if each.boot_block is not None:
        name += f", boot block {each.boot_block}"
    if each.detail:
        name += f", {each.detail}"
    kind, severity = each.holds.value, _worst(inspection, place)
    if start >= inspection.size:
        kind, name = "missing", f"{short}: not in the image"
    elif end > inspection.size and each.holds is not SliceHolds.WHOLE_DISK:
        name += ", the image ends in it"
    if end > inspection.size:
        severity = Severity.ERROR
    codes = [f.code for f in inspection.findings if _about(f.place, place)]
    detail = ", ".join([_extent(start, end), *dict.fromkeys(codes)])
    return _Piece(start, end, kind, name, detail, severity=severity, short=short)


def _about(place: str, what: str) -> bool:
    return place.split(":")[0] == what


def _gaps(slices: Sequence[_Piece], inspection: Inspection) -> Iterator[_Piece]:
    """Where no slice is, between and behind them."""
    at = 0
    proper = [s for s in slices if s.kind != SliceHolds.WHOLE_DISK] or slices
    for each in sorted(proper, key=lambda p: p.start):
        if each.start > at:
            yield _gap(at, each.start, "no slice")
        at = max(at, each.end)
    if inspection.size > at:
        yield _gap(at, inspection.size, "behind the last slice")


def _gap(start: int, end: int, name: str) -> _Piece:
    return _Piece(start, end, "gap", name, _extent(start, end))


def _in_lanes(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Pieces that overlap stand side by side; the label lies in slice 0 by nature."""
    ends: list[int] = []
    placed: list[_Piece] = []
    for each in pieces:
        if each.kind == "label":
            placed.append(each)
            continue
        lane = next((n for n, end in enumerate(ends) if end <= each.start), len(ends))
        ends[lane : lane + 1] = [each.end]
        placed.append(replace(each, lane=lane))
    placed.sort(key=lambda p: (p.start, p.end, p.name))
    return placed


def _worst(inspection: Inspection, place: str) -> Severity | None:
    found = {f.severity for f in inspection.findings if _about(f.place, place)}
    return next((s for s in Severity if s in found), None)


def _heading(inspection: Inspection) -> Iterator[str]:
    room = WIDTH - 2 * MARGIN
    yield say(_BAR_X, 32, fit(inspection.name, TITLE * 1.1, room), "title")
    facts = [inspection.kind.value, size_text(inspection.size)]
    if inspection.release:
        facts.append(f"Solaris {inspection.release}")
    if inspection.arch:
        facts.append("boots " + ", ".join(inspection.arch))
    if inspection.layout:
        facts.append(f"layout {inspection.layout}")
    if inspection.iso is not None:
        facts.append(f"volume {show(inspection.iso.volume_id)}, {inspection.iso.files} files")
    yield say(_BAR_X, 56, fit(" · ".join(facts), SMALL, room), "dim")


def _drawing(
    pieces: Sequence[_Piece], scale: _Scale, lanes: int, inspection: Inspection
) -> Iterator[str]:
    right = _BAR_X + lanes * _LANE
    rows = [(_anchor(p, pieces, scale), p.kind != "label", n) for n, p in enumerate(pieces)]
    end = _ends_early(pieces, inspection)
    if end is not None:
        rows.append((scale(end), True, len(pieces)))
    for row, (middle, _, number) in enumerate(sorted(rows)):
        y = _TOP + row * _ROW + 14
        if number == len(pieces):
            yield from _row(y, middle, right + 6, lanes, _end_piece(inspection.size))
            continue
        each = pieces[number]
        reach = lanes if each.kind == "label" else each.lane + 1
        yield from _row(y, middle, _BAR_X + reach * _LANE, lanes, each)
    for each in sorted(pieces, key=lambda p: (p.kind == "label", p.severity is Severity.ERROR)):
        yield from _box(each, scale, lanes, inspection.size)
    yield from _across(pieces, scale, right)
    if end is not None:
        at = scale(end)
        yield f'<line class="end" x1="{_BAR_X - 6}" y1="{at:.1f}" x2="{right + 6}" y2="{at:.1f}"/>'


def _end_piece(size: int) -> _Piece:
    name = "here the image ends"
    detail = f"it has {size // _SECTOR} sectors, {size_text(size)}"
    return _Piece(size, size, "end", name, detail, severity=Severity.ERROR)


def _row(y: int, middle: float, right: int, lanes: int, each: _Piece) -> Iterator[str]:
    """The text of a piece, and the line that joins it to the bar."""
    bend, text_x = _BAR_X + lanes * _LANE + 20, _BAR_X + lanes * _LANE + 70
    room = WIDTH - text_x - MARGIN
    yield (
        f'<polyline class="lead" points="{right},{middle:.1f} {bend},{middle:.1f} '
        f'{text_x - 22},{y - 4} {text_x - 6},{y - 4}"/>'
    )
    yield say(text_x, y, fit(each.name, SIZE, room), tone(each.severity))
    yield say(text_x, y + 16, fit(each.detail, SMALL, room), "dim")


def _box(each: _Piece, scale: _Scale, lanes: int, size: int) -> Iterator[str]:
    """A piece of the bar; what the image does not have of it is drawn as missing."""
    x, wide = _BAR_X + each.lane * _LANE, lanes * _LANE if each.kind == "label" else _LANE
    there = min(max(size, each.start), each.end)
    parts = [(each.start, there, each.kind), (there, each.end, "missing")]
    wrong = " wrong" if each.severity is Severity.ERROR else ""
    for start, end, kind in (
        parts if each.kind != "missing" else [(each.start, each.end, "missing")]
    ):
        if start == end:
            continue
        top, bottom = scale(start), scale(end)
        yield (
            f'<rect class="piece {kind}{wrong if kind != "missing" else ""}" x="{x}" '
            f'y="{top:.1f}" width="{wide}" height="{bottom - top:.1f}"/>'
        )
        if each.short and kind not in ("missing", "empty") and bottom - top >= _NAMED:
            yield say(x + wide / 2, round((top + bottom) / 2 + 4, 1), each.short, "on")


def _across(pieces: Sequence[_Piece], scale: _Scale, right: int) -> Iterator[str]:
    """The lines of pieces that have others all along their right side, over these."""
    for each in pieces:
        if each.kind == "label" or each.start == each.end:
            continue
        if any(end > start for start, end in _free(each, pieces, scale)):
            continue
        x, y = _BAR_X + (each.lane + 1) * _LANE - 6, _anchor(each, pieces, scale)
        yield f'<circle class="dot" cx="{x}" cy="{y:.1f}" r="2.5"/>'
        yield f'<line class="over" x1="{x}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'


def _anchor(each: _Piece, pieces: Sequence[_Piece], scale: _Scale) -> float:
    """Where the line of a piece begins: at a height where nothing stands to its right.

    Where there is no such height, far from the names and borders of what it crosses.
    """
    top, bottom = scale(each.start), scale(each.end)
    if each.kind == "label":
        return (top + bottom) / 2
    start, end = max(_free(each, pieces, scale), key=lambda span: span[1] - span[0])
    if end > start:
        return (start + end) / 2
    met = [(scale(p.start), scale(p.end)) for p in pieces if p.lane > each.lane]
    marks = [y for a, b in met for y in (a, (a + b) / 2, b)]
    heights = [top + (bottom - top) * n / 32 for n in range(1, 32)]
    return max(heights, key=lambda y: min((abs(y - mark) for mark in marks), default=0.0))


def _free(each: _Piece, pieces: Sequence[_Piece], scale: _Scale) -> Iterator[tuple[float, float]]:
    """From where to where nothing stands to the right of a piece; empty spans, too."""
    at, bottom = scale(each.start), scale(each.end)
    for start, end in sorted((scale(p.start), scale(p.end)) for p in pieces if p.lane > each.lane):
        yield at, min(start, bottom)
        at = max(at, end)
    yield at, bottom


def _extent(start: int, end: int) -> str:
    if start == end:
        return size_text(0)
    return f"sectors {start // _SECTOR} to {-(-end // _SECTOR) - 1}, {size_text(end - start)}"
