# SPDX-License-Identifier: Apache-2.0
"""The disc map: well-formed, complete, nothing over anything else."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from conftest import needs
from hypothesis import given, settings
from hypothesis import strategies as st

from mkboot.errors import CallerError
from mkboot.model.finding import error, note, warning
from mkboot.model.inspection import (
    Inspection,
    IsoView,
    Kind,
    LabelView,
    SliceHolds,
    SliceView,
)
from mkboot.model.values import Geometry
from mkboot.report.disc_map import disc_map_svg
from mkboot.workflows.inspect import draw

SVG = "{http://www.w3.org/2000/svg}"
GEOMETRY = Geometry(1, 640, 2048, 0, 2048, 350)


def inspection(slices: list[tuple[int, int]], size: int, *findings, name: str = "x") -> Inspection:
    views = tuple(
        SliceView(n, start, length, 2, 16, SliceHolds.UFS if n else SliceHolds.ISO, "fcode")
        for n, (start, length) in enumerate(slices)
    )
    label = LabelView(True, b"a <disc> & more", b"", GEOMETRY, views)
    iso = IsoView(b"VOLUME", 640 * 512, True, 3)
    return Inspection(name, Kind.DISC, size, label, iso, "8", ("sun4u",), None, {}, findings)


def drawn(found: Inspection) -> ET.Element:
    return ET.fromstring(disc_map_svg(found))


def texts(root: ET.Element) -> list[tuple[float, float, str, str]]:
    return [
        (float(t.get("x", "")), float(t.get("y", "")), t.text or "", t.get("class", ""))
        for t in root.iter(f"{SVG}text")
    ]


def boxes(root: ET.Element) -> list[tuple[str, float, float, float, float]]:
    found = []
    for r in root.iter(f"{SVG}rect"):
        if "piece" in (kind := r.get("class", "")):
            x, y, w, h = (float(r.get(k, "")) for k in ("x", "y", "width", "height"))
            found.append((kind, x, y, x + w, y + h))
    return found


DISCS = st.lists(st.one_of(st.integers(1, 3), st.integers(1, 5_000_000)), min_size=1, max_size=8)


@settings(deadline=None)
@given(DISCS, st.integers(0, 10_000_000))
def test_no_text_meets_another_and_no_box_another(lengths: list[int], tail: int) -> None:
    at, slices = 0, []
    for length in lengths:
        slices.append((at, length))
        at += length
    root = drawn(inspection(slices, (at + tail) * 512, warning("a-b", "slice 0", "text " * 60)))
    rows = sorted(y for _, y, _, kind in texts(root) if kind != "on")
    assert all(b - a >= 15 for a, b in pairwise(rows))
    on = sorted(y for _, y, _, kind in texts(root) if kind == "on")
    assert all(b - a >= 15 for a, b in pairwise(on))
    height = float(root.get("height", ""))
    assert rows[-1] < height
    pieces = [b for b in boxes(root) if "label" not in b[0]]
    assert len(pieces) == len(lengths) + (tail > 0)
    for n, (_, x1, y1, x2, y2) in enumerate(pieces):
        assert y2 - y1 >= 4.9
        for _, u1, v1, u2, v2 in pieces[n + 1 :]:
            assert x2 <= u1 or u2 <= x1 or y2 <= v1 + 0.2 or v2 <= y1 + 0.2


def test_slices_that_overlap_stand_side_by_side() -> None:
    root = drawn(inspection([(0, 4000), (640, 640), (1280, 640)], 4000 * 512))
    lanes = {kind.split()[1]: x for kind, x, *_ in boxes(root)}
    assert lanes["iso"] < lanes["ufs"]


def test_what_is_wrong_is_red() -> None:
    found = inspection(
        [(0, 640), (640, 640)], 640 * 512, error("image-cut-at-iso", "image", "slices are missing"),
        note("ufs-x", "slice 0", "just so"),
    )  # fmt: skip
    said = texts(drawn(found))
    red = [text for _, _, text, kind in said if kind == "bad"]
    assert any("slices are missing (image-cut-at-iso)" in text for text in red)
    assert "s1: not in the image" in red
    assert not any("just so" in text for text in red)
    assert any("missing" in kind for kind, *_ in boxes(drawn(found)))


def test_every_slice_and_gap_has_its_row() -> None:
    root = drawn(inspection([(640, 640), (1920, 640)], 3200 * 512))
    said = [text for *_, text, kind in texts(root) if kind != "on"]
    assert [t for t in said if t.startswith(("s0", "s1", "Sun label", "no slice", "behind"))] == [
        "Sun label, sector 0",
        "no slice",
        "s0: ISO 9660, boot block fcode",
        "no slice",
        "s1: UFS, boot block fcode",
        "behind the last slice",
    ]
    assert "a <disc> & more" in said


@pytest.mark.parametrize("kind", [Kind.DUMP, Kind.SLICE, Kind.UNKNOWN, Kind.DISC])
def test_images_without_a_label(kind: Kind) -> None:
    root = drawn(Inspection("name\x07<b>", kind, 123_456))
    assert len(boxes(root)) == 1
    said = "Nothing was checked" if kind is Kind.UNKNOWN else "Nothing found wrong"
    assert any(said in text for *_, text, _ in texts(root))


def test_an_empty_file_can_be_drawn() -> None:
    said = [text for *_, text, _ in texts(drawn(Inspection("empty", Kind.UNKNOWN, 0)))]
    assert not any("-1" in text for text in said), said


def test_the_line_of_a_slice_that_others_hide_is_drawn_over_them() -> None:
    """Else it would seem to come from the slice that it passes behind."""
    hidden = drawn(inspection([(0, 4000), (0, 1000), (1000, 3000)], 4000 * 512))
    dots = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in hidden.iter(f"{SVG}circle")]
    assert len(dots) == 1
    iso = next(box for box in boxes(hidden) if "iso" in box[0])
    assert iso[1] < dots[0][0] < iso[3]
    names = [y - 4 for _, y, text, kind in texts(hidden) if kind == "on" and text != "s0"]
    assert len(names) == 2
    assert all(abs(dots[0][1] - y) > 10 for y in names)
    order = [e.get("class", "").split()[0] for e in hidden if e.get("class")]
    assert order.index("over") > max(n for n, kind in enumerate(order) if kind == "piece")
    seen = drawn(inspection([(0, 4000), (0, 1000)], 4000 * 512))
    assert not list(seen.iter(f"{SVG}circle"))


def test_long_texts_stay_on_the_picture() -> None:
    root = drawn(inspection([(0, 640)], 640 * 512, error("a-b", "x", "W" * 500), name="n" * 300))
    longest = max(len(text) for *_, text, _ in texts(root))
    assert longest <= 110
    assert re.search(r"prefers-color-scheme: dark", disc_map_svg(inspection([], 512)))


@needs("rsvg-convert")
def test_a_png(tmp_path: Path) -> None:
    found = inspection([(0, 640), (640, 640)], 1280 * 512)
    draw(found, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    draw(found, tmp_path / "map.svg")
    assert (tmp_path / "map.svg").read_text() == disc_map_svg(found)
    with pytest.raises(CallerError, match="exists"):
        draw(found, tmp_path / "map.svg")
    with pytest.raises(CallerError, match=r"\.svg or \.png"):
        draw(found, tmp_path / "map.jpg")
