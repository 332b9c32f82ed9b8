# SPDX-License-Identifier: Apache-2.0
"""The map of a set: every volume and file system has its row, what is missing is red."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from conftest import needs
from set_making import Made, make_set, mkboot

from mkboot.model.finding import error
from mkboot.model.manifest import SetManifest, Volume
from mkboot.recovery.sets import open_set
from mkboot.report.disc_map_set import set_map_svg

SVG = "{http://www.w3.org/2000/svg}"
pytestmark = needs("genisoimage", "makefs")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    work = tmp_path_factory.mktemp("made")
    return make_set(work, layout="sparc-9", release="9", seed=5, media="41M", big=False)


@pytest.fixture(scope="module")
def manifest(made: Made) -> SetManifest:
    return open_set(made.job / "set").manifest


def texts(svg: str) -> list[tuple[str, str]]:
    root = ET.fromstring(svg)
    return [(t.text or "", t.get("class", "")) for t in root.iter(f"{SVG}text")]


def test_volumes_and_file_systems_have_their_rows(manifest: SetManifest) -> None:
    said = [text for text, _ in texts(set_map_svg("set", manifest, [1, 2], ()))]
    for volume in manifest.volumes:
        assert f"volume {volume.number}: {volume.volume_id}" in said
    for fs in manifest.system.file_systems:
        assert any(text.startswith(f"{fs.slice}: ") for text in said)
    assert "Nothing found wrong." in said
    home = said.index("c0t1d0s7: /export/home")
    assert said[home + 1].endswith("on volumes 1-2")


@pytest.mark.parametrize("present", [[1, 2], [1]])
def test_a_volume_that_is_nearly_empty_is_seen(manifest: SetManifest, present: list[int]) -> None:
    small = replace(manifest.volumes[1], size=300_000)
    huge = replace(manifest.volumes[0], size=4_700_000_000)
    svg = set_map_svg("set", replace(manifest, volumes=(huge, small)), present, ())
    rects = [r for r in ET.fromstring(svg).iter(f"{SVG}rect") if r.get("height") == "26"]
    last = max(rects, key=lambda r: float(r.get("y", "")))
    row = [r for r in rects if r.get("y") == last.get("y")]
    assert sum(float(r.get("width", "")) for r in row) >= 12


def test_what_is_missing_is_red(manifest: SetManifest) -> None:
    svg = set_map_svg("set", manifest, [1], (error("volume-missing", "volume 2", "not here"),))
    red = [text for text, kind in texts(svg) if kind == "bad"]
    assert any(text.startswith("volume 2: ") for text in red)
    assert any(text.startswith("c0t1d0s7") for text in red)
    assert not any(text.startswith("c0t0d0s0") for text in red)
    root = ET.fromstring(svg)
    assert [r.get("class") for r in root.iter(f"{SVG}rect")].count("missing") == 1


def test_pieces_lie_side_by_side_and_can_be_seen(manifest: SetManifest) -> None:
    root = ET.fromstring(set_map_svg("set", manifest, [1, 2], ()))
    bars: dict[str, list[tuple[float, float]]] = {}
    for r in root.iter(f"{SVG}rect"):
        if "piece" in (r.get("class") or "") and r.get("height") == "26":
            x, wide = float(r.get("x", "")), float(r.get("width", ""))
            bars.setdefault(r.get("y", ""), []).append((x, wide))
    assert len(bars) == 2
    for pieces in bars.values():
        for (x, wide), (u, _) in pairwise(pieces):
            assert wide >= 2.9
            assert abs(x + wide - u) < 0.2
        assert sum(pieces[-1]) <= 836.2


def test_a_very_long_set_is_quick_and_bounded(manifest: SetManifest) -> None:
    stream = manifest.streams[0]
    many = tuple(
        replace(stream.segments[0], volume=1 + n // 50, file=f"/mkboot/seg/x.{n}")
        for n in range(100_000)
    )
    volumes = tuple(Volume(n, f"MKB_{n}", 1 << 30) for n in range(1, 2001))
    large = replace(manifest, volumes=volumes, streams=(replace(stream, segments=many),))
    began = time.process_time()
    svg = set_map_svg("x" * 500, large, range(1, 2001), ())
    assert time.process_time() - began < 3
    assert len(svg) < 300_000
    assert "and 1800 more volumes" in svg


def test_the_command_line_draws_it(made: Made, tmp_path: Path) -> None:
    said = mkboot("inspect", made.job / "set", "--picture", tmp_path / "set.svg")
    assert "set: set," in said
    assert "What lies where" in (tmp_path / "set.svg").read_text()
    alone = tmp_path / "half"
    alone.mkdir()
    (alone / "volume-1.iso").symlink_to(made.volume(1))
    found = mkboot("inspect", "--json", alone)
    assert re.search(r'"kind": "set"', found)
    assert re.search(r'"code": "volume-missing"', found)
    mkboot("inspect", tmp_path, expect=3)
