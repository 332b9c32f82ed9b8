# SPDX-License-Identifier: Apache-2.0
"""The maps as a browser draws them: no text over another, none off the picture, enough contrast.

The browser measures its own texts, so that nothing of mkboot's reckoning is believed.
"""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest
from conftest import needs

from mkboot.model.finding import Finding, error, note, warning
from mkboot.model.inspection import Inspection, IsoView, Kind, LabelView, SliceHolds, SliceView
from mkboot.model.values import Geometry
from mkboot.report.disc_map import disc_map_svg
from mkboot.report.disc_map_style import PALETTE, STYLE

pytestmark = needs("chromium")

Row = tuple[int, int, SliceHolds, str | None, str]
ISO, UFS, SWAP = SliceHolds.ISO, SliceHolds.UFS, SliceHolds.SWAP

MEASURE = """<script>
const out = [...document.querySelectorAll('svg text')].map(t => {
  const b = t.getBBox(); return [t.textContent, t.getAttribute('class') || '',
                                 b.x, b.y, b.width, b.height]; });
const svg = document.querySelector('svg');
const p = document.createElement('pre'); p.id = 'out';
p.textContent = JSON.stringify({texts: out, size: [svg.width.baseVal.value,
                                                   svg.height.baseVal.value]});
document.body.appendChild(p);
</script>"""


def inspection(rows: list[Row], size: int, *found: Finding, name: str = "x.iso") -> Inspection:
    views = tuple(
        SliceView(n, start, length, 2, 16, holds, block, detail)
        for n, (start, length, holds, block, detail) in enumerate(rows)
    )
    geometry = Geometry(1, 640, 2048, 0, 2048, 350)
    label = LabelView(not found, b"a label", b"", geometry, views)
    iso = IsoView(b"VOLUME", 640 * 512, True, 3)
    return Inspection(name, Kind.DISC, size, label, iso, "8", ("sun4m",), "sparc-8", {}, found)


MAPS = {
    "many tiny slices": inspection(
        [
            (0, 1_200_000, ISO, None, ""),
            *((1_200_000 + k * 640, 640, UFS, "fcode", "redirects to slice 1") for k in range(7)),
        ],
        1_204_480 * 512,
        error("boot-block-missing", "slice 3", "there is no boot block", "installboot"),
    ),
    "long names": inspection(
        [(0, 64_000, ISO, None, ""), (64_000, 64_000, UFS, "aout", "mounted on " + "/mmWW" * 90)],
        128_000 * 512,
        warning("trailing-garbage", "image", "W" * 500, "m" * 300),
        note("iso-bad-date", "iso", "a word " * 80),
        name="W" * 300 + ".iso",
    ),
    "side by side": inspection(
        [(k * 1000, 90_000, UFS if k else SWAP, None, "last mounted on /opt") for k in range(8)],
        100_000 * 512,
        warning("slice-overlap", "slice 1", "overlaps slice 2"),
    ),
    "cut": inspection(
        [(0, 21_120, ISO, None, ""), *((21_120 + k * 9000, 9000, UFS, None, "") for k in range(6))],
        25_000 * 512,
        error("image-cut-at-iso", "image", "the image ends with its ISO", "read the disc again"),
    ),
    "a broken label": inspection(
        [(0, 640, ISO, None, "")], 640 * 512, error("label-checksum", "label", "wrong", "mend it")
    ),
    "another name": inspection([(0, 640, ISO, None, "")], 640 * 512, name="日本語 ディスク" * 20),
}


@pytest.mark.parametrize("name", MAPS)
def test_no_text_over_another_and_none_off_the_picture(name: str, tmp_path: Path) -> None:
    texts, (width, height) = measured(disc_map_svg(MAPS[name]), tmp_path)
    assert len(texts) >= 5
    for n, (text, _, x, y, w, h) in enumerate(texts):
        assert x >= 0, text
        assert y >= 0, text
        assert x + w <= width, text
        assert y + h <= height + 1, text
        for other, _, u, v, p, q in texts[n + 1 :]:
            apart = x + w <= u or u + p <= x or y + h <= v + 2 or v + q <= y + 2
            assert apart, f"{text} meets {other}"


def measured(svg: str, tmp_path: Path) -> tuple[list, tuple[float, float]]:
    """Every text with its class and its box, and the size of the picture."""
    page = tmp_path / "map.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{svg}{MEASURE}", encoding="utf-8")
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         f"--user-data-dir={tmp_path}/profile", "--dump-dom", page.as_uri()],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    assert found
    told = json.loads(unescape(found[1]))
    return told["texts"], tuple(told["size"])


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def fills(css: str) -> dict[str, str]:
    rules = re.findall(r"(text|\.[a-z-]+) \{[^}]*fill: (#[0-9a-f]{6})", css)
    return {name.lstrip("."): colour for name, colour in rules}


def test_texts_stand_out_from_either_ground() -> None:
    """WCAG's 4.5 for text, on the ground and on the pieces that carry names."""
    light, dark = STYLE.split("@media")
    for css in (fills(light), {**fills(light), **fills(dark)}):
        for kind in ("text", "dim", "bad", "warn"):
            assert contrast(css[kind], css["back"]) >= 4.5, kind
        for kind in ("iso", "ufs", "swap", "whole-disk", "unknown", "system"):
            assert contrast(css["on"], css[kind]) >= 4.5, kind
        assert all(contrast(css["on"], colour) >= 4.5 for colour in PALETTE)
