# SPDX-License-Identifier: Apache-2.0
"""The disc map: an SVG of what lies where on an image, and what is wrong with it.

Left a bar from the first sector to the last, to scale but for pieces too small to see;
right one row of text for each piece, joined to it by a line, so that no two texts meet
however small the slices are.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from mkboot.model.finding import Finding, Severity
from mkboot.model.inspection import Inspection, Kind, SliceHolds, SliceView
from mkboot.tree.names import show

_SECTOR = 512
_WIDTH = 860
_BAR_X, _LANE = 24, 46
_ROW = 44
_TOP = 96
_LEAST = 5.0
_LINE = 18
_WRAP = 110
_NAME_MAX = 76

_NAMES = {
    SliceHolds.ISO: "ISO 9660",
    SliceHolds.UFS: "UFS",
    SliceHolds.SWAP: "swap",
    SliceHolds.WHOLE_DISK: "whole disk",
    SliceHolds.EMPTY: "empty",
    SliceHolds.UNKNOWN: "unknown content",
}

_STYLE = """\
  text { font: 13px 'DejaVu Sans', Verdana, sans-serif; fill: #1b1f24 }
  .title { font-size: 17px; font-weight: bold }
  .dim { fill: #57606a; font-size: 12px }
  .back { fill: #ffffff }
  .piece { stroke: #1b1f24; stroke-width: 1 }
  .lead { fill: none; stroke: #8c959f; stroke-width: 1 }
  .label { fill: #6e7781 } .iso { fill: #54aeff } .ufs { fill: #4ac26b }
  .swap { fill: #d4a72c } .whole-disk { fill: #d0d7de } .empty { fill: #f6f8fa }
  .unknown { fill: #c297ff } .gap { fill: #eaeef2; stroke-dasharray: 3 3 }
  .missing { fill: none; stroke: #cf222e; stroke-width: 2; stroke-dasharray: 5 3 }
  .bad { fill: #cf222e } .warn { fill: #9a6700 }
  .end { stroke: #cf222e; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .dim { fill: #9198a1 } .back { fill: #0d1117 }
    .piece { stroke: #e6edf3 } .lead { stroke: #656c76 }
    .whole-disk { fill: #3d444d } .empty { fill: #151b23 } .gap { fill: #212830 }
    .bad { fill: #ff7b72 } .warn { fill: #e3b341 }
    .missing, .end { stroke: #ff7b72 }
  }
"""


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


def disc_map_svg(inspection: Inspection) -> str:
    """The map as an SVG document."""
    pieces = _pieces(inspection)
    lanes = 1 + max((p.lane for p in pieces), default=0)
    height = max(_ROW * len(pieces), 120)
    scale = _Scale(pieces, inspection.size, height)
    body = [*_heading(inspection), *_drawing(pieces, scale, lanes)]
    if any(p.end > inspection.size for p in pieces):
        y, right = scale(inspection.size), _BAR_X + lanes * _LANE + 6
        body.append(f'<line class="end" x1="{_BAR_X - 6}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
    below, depth = _findings(inspection.findings, _TOP + height + 40)
    total = depth + 16
    size = f'width="{_WIDTH}" height="{total}" viewBox="0 0 {_WIDTH} {total}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{_text(inspection.name)}: disc map</title>",
            f"<style>\n{_STYLE}</style>",
            f'<rect class="back" width="{_WIDTH}" height="{total}"/>',
            *body,
            *below,
            "</svg>\n",
        ]
    )


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
    said = textwrap.shorten(text, 72, placeholder=" ...")
    return _Piece(
        0, _SECTOR, "label", "Sun label, sector 0", said, severity=_worst(inspection, "label")
    )


def _slice_piece(each: SliceView, inspection: Inspection) -> _Piece:
    start, end = each.start * _SECTOR, (each.start + each.sectors) * _SECTOR
    place = f"slice {each.number}"
    name = f"s{each.number}: {_NAMES[each.holds]}"
    if each.boot_block is not None:
        name += f", boot block {each.boot_block}"
    if each.detail:
        name += f", {each.detail}"
    kind, severity = each.holds.value, _worst(inspection, place)
    if start >= inspection.size:
        kind, name = "missing", f"s{each.number}: not in the image"
    if end > inspection.size:
        severity = Severity.ERROR
    return _Piece(start, end, kind, name, _extent(start, end), severity=severity)


def _gaps(slices: Sequence[_Piece], inspection: Inspection) -> Iterator[_Piece]:
    """Where no slice is, between and behind them."""
    at = 0
    for each in sorted(slices, key=lambda p: p.start):
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
        placed.append(
            _Piece(each.start, each.end, each.kind, each.name, each.detail, lane, each.severity)
        )
    placed.sort(key=lambda p: (p.start, p.end, p.name))
    return placed


def _worst(inspection: Inspection, place: str) -> Severity | None:
    found = {f.severity for f in inspection.findings if f.place.split(":")[0] == place}
    return next((s for s in Severity if s in found), None)


def _heading(inspection: Inspection) -> Iterator[str]:
    yield f'<text class="title" x="{_BAR_X}" y="32">{_text(_short(inspection.name))}</text>'
    facts = [inspection.kind.value, _size(inspection.size)]
    if inspection.release:
        facts.append(f"Solaris {inspection.release}")
    if inspection.arch:
        facts.append("boots " + ", ".join(inspection.arch))
    if inspection.layout:
        facts.append(f"layout {inspection.layout}")
    if inspection.iso is not None:
        facts.append(f"volume {show(inspection.iso.volume_id)}, {inspection.iso.files} files")
    yield f'<text class="dim" x="{_BAR_X}" y="56">{_text(" · ".join(facts))}</text>'


def _drawing(pieces: Sequence[_Piece], scale: _Scale, lanes: int) -> Iterator[str]:
    text_x = _BAR_X + lanes * _LANE + 70
    for each in sorted(pieces, key=lambda p: p.kind == "label"):
        x, y = _BAR_X + each.lane * _LANE, scale(each.start)
        wide = lanes * _LANE if each.kind == "label" else _LANE
        yield (
            f'<rect class="piece {each.kind}" x="{x}" y="{y:.1f}" width="{wide}" '
            f'height="{scale(each.end) - y:.1f}"/>'
        )
    rows = sorted((_anchor(p, pieces, scale), p.kind != "label", n) for n, p in enumerate(pieces))
    for row, (middle, _, number) in enumerate(rows):
        each, y = pieces[number], _TOP + row * _ROW + 14
        reach = lanes if each.kind == "label" else each.lane + 1
        right = _BAR_X + reach * _LANE
        bend = _BAR_X + lanes * _LANE + 20
        yield (
            f'<polyline class="lead" points="{right},{middle:.1f} {bend},{middle:.1f} '
            f'{text_x - 22},{y - 4} {text_x - 6},{y - 4}"/>'
        )
        yield f'<text{_tone(each.severity)} x="{text_x}" y="{y}">{_text(_short(each.name))}</text>'
        yield f'<text class="dim" x="{text_x}" y="{y + 16}">{_text(each.detail)}</text>'


def _anchor(each: _Piece, pieces: Sequence[_Piece], scale: _Scale) -> float:
    """Where the line of a piece begins: at a height where nothing stands to its right."""
    top, bottom = scale(each.start), scale(each.end)
    if each.kind == "label":
        return (top + bottom) / 2
    inset = min(8.0, (bottom - top) / 2)
    others = [(scale(p.start), scale(p.end)) for p in pieces if p.lane > each.lane]
    for y in ((top + bottom) / 2, top + inset, bottom - inset):
        if not any(a <= y <= b for a, b in others):
            return y
    return (top + bottom) / 2


def _findings(findings: Sequence[Finding], top: int) -> tuple[list[str], int]:
    """The findings as wrapped lines from ``top`` down, and where they end."""
    if not findings:
        return [f'<text class="dim" x="{_BAR_X}" y="{top}">Nothing found wrong.</text>'], top
    lines: list[str] = []
    y = top
    for each in findings:
        text = f"{each.severity}: {each.place}: {each.message} ({each.code})"
        for number, part in enumerate(textwrap.wrap(text, _WRAP, break_long_words=True)):
            x = _BAR_X + (16 if number else 0)
            lines.append(f'<text{_tone(each.severity)} x="{x}" y="{y}">{_text(part)}</text>')
            y += _LINE
        y += 6
    return lines, y - _LINE


def _tone(severity: Severity | None) -> str:
    names = {Severity.ERROR: ' class="bad"', Severity.WARNING: ' class="warn"'}
    return names.get(severity, "") if severity is not None else ""


def _extent(start: int, end: int) -> str:
    return f"sectors {start // _SECTOR} to {-(-end // _SECTOR) - 1}, {_size(end - start)}"


def _size(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def _short(text: str) -> str:
    return text if len(text) <= _NAME_MAX else text[: _NAME_MAX - 3] + "..."


def _text(text: str) -> str:
    return escape("".join(c if c.isprintable() else "?" for c in text))
