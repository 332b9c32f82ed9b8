# SPDX-License-Identifier: Apache-2.0
"""A plot of ratios as SVG, without a library: bars, their spread, and what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LEFT, _ROW, _TOP, _BOTTOM = 900, 290, 44, 64, 44
#: Room for a figure behind a bar.
_FIGURE = 44
#: More figures than these below the bars run into one another.
_TICKS = 16
_STYLE = """
 .page { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #59636e }
 .line { stroke: #c7ccd1 } .one { stroke: #59636e } .good { fill: #2f7d5b }
 .over { fill: #b3541e } .told { fill: #5a7ca8 } .want { stroke: #1f2328 }
 .spread { stroke: #1f2328; stroke-opacity: .55 }
 @media (prefers-color-scheme: dark) {
 .page { fill: #0d1117 } .text { fill: #e6edf3 } .soft { fill: #9198a1 }
 .line { stroke: #30363d } .one { stroke: #9198a1 } .good { fill: #3fa77c }
 .over { fill: #d9763a } .told { fill: #6f97cc } .want { stroke: #ffffff }
 .spread { stroke: #ffffff; stroke-opacity: .6 }
 }
 text { font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 13px }
 .small { font-size: 11px }
 .title { font-size: 16px; font-weight: 600 }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """A ratio with its least and greatest, and the limit that was set, if one was."""

    label: str
    peer: str
    ratio: float
    low: float
    high: float
    target: float | None


def draw(bars: Sequence[Bar]) -> str:
    """The picture; it follows the reader's light or dark scheme."""
    height = _TOP + _ROW * len(bars) + _BOTTOM
    top = max([1.2, *(max(b.high, b.target or 0) for b in bars)]) * 1.12
    scale = (_WIDTH - _LEFT - 60) / top
    parts = [
        (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img">'),
        "<title>Time of mkboot for one second of the other program</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}" rx="6"/>',
        _text(16, 28, "Seconds of mkboot for one second of the other program", "text title"),
        _text(16, 48, "shorter is better; thin line: least to greatest of the pairs; "
              "upright mark: the limit that was set", "soft"),
        *_axis(top, scale, height),
    ]  # fmt: skip
    for row, bar in enumerate(bars):
        parts += _bar(bar, _TOP + _ROW * row, scale)
    return "\n".join([*parts, "</svg>", ""])


def _axis(top: float, scale: float, height: int) -> list[str]:
    step = next((s for s in (0.5, 1.0, 2.0, 5.0, 10.0) if top / s < _TICKS), top / _TICKS)
    parts = []
    for n in range(int(top / step) + 1):
        x = _LEFT + n * step * scale
        kind = "one" if n * step == 1 else "line"
        parts.append(_line(kind, x, _TOP - 4, x, height - _BOTTOM + 6))
        parts.append(_text(x, height - 18, f"{n * step:g}", "soft", "middle"))
    return parts


def _bar(bar: Bar, y: int, scale: float) -> list[str]:
    kind = "told" if bar.target is None else "good" if bar.ratio <= bar.target else "over"
    middle = y + 13
    parts = [
        _text(_LEFT - 10, middle - 2, bar.label, "text", "end"),
        _text(_LEFT - 10, middle + 13, bar.peer, "soft small", "end"),
        (
            f'<rect class="{kind}" x="{_LEFT}" y="{y + 3}" width="{bar.ratio * scale:.1f}" '
            'height="20" rx="2"/>'
        ),
        _line("spread", _LEFT + bar.low * scale, middle, _LEFT + bar.high * scale, middle, 2),
    ]
    if bar.target is not None:
        x = _LEFT + bar.target * scale
        parts.append(_line("want", x, y, x, y + 26, 2))
    end = _LEFT + max(bar.high, bar.ratio) * scale
    if bar.target is not None and end - 4 < _LEFT + bar.target * scale < end + _FIGURE:
        end = _LEFT + bar.target * scale
    return [*parts, _text(end + 8, middle + 5, f"{bar.ratio:.2f}", "text")]


def _line(kind: str, x: float, y: float, to_x: float, to_y: float, width: int = 1) -> str:
    return (
        f'<line class="{kind}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" '
        f'stroke-width="{width}"/>'
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )
