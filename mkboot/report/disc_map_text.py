# SPDX-License-Identifier: Apache-2.0
"""Text of the maps: how wide it is, cut or wrapped to fit, and the findings below a map.

Widths are those of DejaVu Sans, the widest of the fonts that the maps ask for, in parts of
the font's size.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import takewhile
from xml.sax.saxutils import escape

from mkboot.model.finding import Finding, Severity

WIDTH = 860
MARGIN = 24
SIZE, SMALL, TITLE = 13, 12, 17
_LINE = 18
_MANY = 40

_WIDE = {
    **dict.fromkeys("iljI|'", 0.3),
    **dict.fromkeys(" .,:;/\\!", 0.34),
    **dict.fromkeys("ftr()[]-", 0.42),
    **dict.fromkeys("mMW@%", 1.0),
    **dict.fromkeys("w+=<>#~^", 0.84),
    **dict.fromkeys("DGHNOQU&", 0.79),
}
#: Room for what differs from font to font.
_SPARE = 1.04


def width_of(text: str, size: float) -> float:
    """About how many pixels a text takes, reckoned high."""
    return sum(map(_one, text)) * size * _SPARE


def _one(char: str) -> float:
    if char in _WIDE:
        return _WIDE[char]
    if unicodedata.east_asian_width(char) in "WF":
        return 1.1
    if char.isascii():
        return 0.7 if char.isupper() else 0.64
    return 0.8


def fit(text: str, size: float, room: float) -> str:
    """A text, cut at its end where it is wider than ``room`` pixels."""
    text = printable(text)
    if width_of(text, size) <= room:
        return text
    left = room / size / _SPARE - _one(".") * 3
    kept = 0
    for char in text:
        left -= _one(char)
        if left < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "..."


def wrap(text: str, size: float, room: float) -> Iterator[str]:
    """A text in lines of at most ``room`` pixels; a word too long for one is broken."""
    line = ""
    for word in printable(text).split():
        longer = f"{line} {word}" if line else word
        if width_of(longer, size) <= room:
            line = longer
            continue
        if line:
            yield line
        line = word
        while width_of(line, size) > room:
            most = _fitting(line, size, room)
            yield line[:most]
            line = line[most:]
    if line:
        yield line


def _fitting(text: str, size: float, room: float) -> int:
    """How many of the first characters fit; at least one."""
    ends = range(1, len(text) + 1)
    return max(1, len(list(takewhile(lambda n: width_of(text[:n], size) <= room, ends))))


def printable(text: str) -> str:
    """The text with a mark for what cannot be shown, or would turn its direction round."""
    return "".join(c if c.isprintable() and unicodedata.bidirectional(c) not in _TURNING else "?"
                   for c in text)  # fmt: skip


_TURNING = frozenset(("R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"))


def say(x: float, y: float, text: str, kind: str = "") -> str:
    """A text element."""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}">{escape(printable(text))}</text>'


def tone(severity: Severity | None) -> str:
    """The class of a text that tells of something as bad as that."""
    return {Severity.ERROR: "bad", Severity.WARNING: "warn"}.get(severity or Severity.NOTE, "")


def findings_block(
    findings: Sequence[Finding], top: int, none: str = "Nothing found wrong."
) -> tuple[list[str], int]:
    """The findings as wrapped lines from ``top`` down, what to do below each; and where they
    end.  Very many are not all told; ``none`` is said where there are none.
    """
    if not findings:
        return [say(MARGIN, top, none, "dim")], top
    lines: list[str] = []
    y = top
    room = WIDTH - 2 * MARGIN - 16
    for each in findings[:_MANY]:
        text = f"{each.severity}: {each.place}: {each.message} ({each.code})"
        for number, part in enumerate(wrap(text, SIZE, room)):
            lines.append(say(MARGIN + (16 if number else 0), y, part, tone(each.severity)))
            y += _LINE
        for part in wrap(each.hint, SMALL, room):
            lines.append(say(MARGIN + 16, y, part, "dim"))
            y += _LINE
        y += 6
    if len(findings) > _MANY:
        text = f"and {len(findings) - _MANY} more: mkboot inspect tells all"
        lines.append(say(MARGIN, y, text, "dim"))
        y += _LINE + 6
    return lines, y - _LINE


def size_text(size: int) -> str:
    """A size for people."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def document(title: str, total: int, body: Sequence[str], style: str) -> str:
    """The whole SVG, ``total`` pixels high."""
    size = f'width="{WIDTH}" height="{total}" viewBox="0 0 {WIDTH} {total}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(printable(title))}</title>",
            f"<style>\n{style}</style>",
            f'<rect class="back" width="{WIDTH}" height="{total}"/>',
            *body,
            "</svg>\n",
        ]
    )
