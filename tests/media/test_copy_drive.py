# SPDX-License-Identifier: Apache-2.0
"""Copies by the program itself from a drive that a shim below the C library plays.

The same shim plays it for GNU ddrescue, so that each goes on with the other's map.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import needs
from damage.small_job import make_shim
from media.copy_sources import CYLINDER, distinct, judge_map, sun_disc

from mkboot.formats.mapfile import Status, read_map

pytestmark = needs("gcc")

SOURCE = Path(__file__).with_name("drive.c")
MAIN = "from mkboot.cli.main import main; main()"


class Drive:
    """A drive with a disc in it, and the commands that are run on it."""

    def __init__(self, folder: Path, shim: Path) -> None:
        self.folder, self.shim = folder, shim
        self.path = folder / "sr0"
        self.data = sun_disc(iso_blocks=320)
        self.path.write_bytes(self.data)
        self.dest = folder / "disc.iso"

    def env(self, **faults: object) -> dict[str, str]:
        more = {f"DRIVE_{k.upper()}": str(v) for k, v in faults.items()}
        return {**os.environ, "LD_PRELOAD": str(self.shim), "DRIVE": str(self.path), **more}

    def argv(self, *more: object) -> list[str]:
        words = [sys.executable, "-c", MAIN, "copy", self.path, self.dest, *more]
        return [str(w) for w in words]

    def copy(self, *more: object, status: int = 0, **faults: object) -> Any:
        """Run ``mkboot copy --json``; its document, or standard error where there is none."""
        argv = self.argv("--json", *more)
        done = subprocess.run(argv, env=self.env(**faults), capture_output=True, check=False)
        assert done.returncode == status, done.stderr.decode()
        return json.loads(done.stdout) if done.stdout else done.stderr.decode()

    def ddrescue(self, out: Path, map_: Path, *options: str, **faults: object) -> None:
        argv = ["ddrescue", "-q", "-b2048", *options, str(self.path), str(out), str(map_)]
        subprocess.run(argv, env=self.env(**faults), check=True, capture_output=True)

    @property
    def partial(self) -> Path:
        return self.folder / "disc.iso.partial"

    @property
    def map(self) -> Path:
        return self.folder / "disc.iso.map"


@pytest.fixture(scope="session")
def drive_shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drive") / "drive.so"
    argv = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", out, SOURCE]
    subprocess.run([*argv, "-ldl"], check=True)
    return out


@pytest.fixture
def drive(tmp_path: Path, drive_shim: Path) -> Drive:
    return Drive(tmp_path.resolve(), drive_shim)


def codes(document: Any) -> list[str]:
    return [f["code"] for f in document["findings"]]


def test_read_on_past_what_the_kernel_believes(drive: Drive) -> None:
    found = drive.copy(size=320 * 2048, toc=640)
    assert drive.dest.read_bytes() == drive.data
    assert codes(found) == ["drive-size-short"]
    assert found["verdict"] == "whole"
    size = len(drive.data)
    assert found["ends"] == {"drive": 320 * 2048, "toc": size, "iso": 320 * 2048, "label": size}
    assert any("table of contents" in text for text in found["explained"])


def test_without_a_label_it_is_read_on_too(drive: Drive) -> None:
    drive.path.write_bytes(distinct(3 * CYLINDER))
    assert drive.copy(size=CYLINDER)["size"] == 3 * CYLINDER
    assert drive.dest.read_bytes() == distinct(3 * CYLINDER)


def test_where_the_drive_may_not_be_asked_itself(drive: Drive) -> None:
    found = drive.copy(size=320 * 2048, no_sg=1, status=1)
    assert codes(found) == ["drive-size-short", "image-truncated"]
    assert not drive.dest.exists()
    assert drive.partial.read_bytes() == drive.data[: 320 * 2048]
    drive.copy(size=320 * 2048)
    assert drive.dest.read_bytes() == drive.data


def test_no_disc(drive: Drive) -> None:
    assert "no disc in the drive" in drive.copy(empty=1, status=5)
    assert [p.name for p in drive.folder.iterdir()] == ["sr0"]


def test_bad_blocks_on_both_sides_of_the_end(drive: Drive) -> None:
    bad = frozenset({5, *range(100, 104), 300, 400, 639})
    found = drive.copy(bad="5,100-103,300,400,639", size=320 * 2048, status=1)
    holes = {
        at // 2048
        for h in found["holes"]
        for at in range(h["offset"], h["offset"] + h["size"], 2048)
    }
    assert holes == bad
    judge_map(drive.map, drive.partial.read_bytes(), drive.data, bad, 2048)
    assert found["checksums"] is None
    drive.copy(size=320 * 2048)
    assert drive.dest.read_bytes() == drive.data
    assert not drive.map.exists()


def test_read_twice(drive: Drive) -> None:
    assert drive.copy("--agree")["verdict"] == "whole"
    assert drive.dest.read_bytes() == drive.data


@needs("ddrescue")
def test_ddrescue_goes_on_with_our_map(drive: Drive) -> None:
    drive.copy(bad="5,100-103,300", status=1)
    drive.ddrescue(drive.partial, drive.map, "-r1", bad="300")
    found = read_map(drive.map.read_bytes())
    assert [(e.offset, e.size) for e in found.extents if e.status is Status.BAD] == [
        (300 * 2048, 2048)
    ]
    assert drive.copy(bad="5,100-103")["verdict"] == "whole", "read again what was good"
    assert drive.dest.read_bytes() == drive.data


@needs("ddrescue")
@pytest.mark.parametrize("options", [("-n",), ("-n", "-N"), (), ("-s", "300000")])
def test_we_go_on_with_ddrescues_map(drive: Drive, options: tuple[str, ...]) -> None:
    """Copied only, trimmed, scraped, or only the beginning; the copy has its final name."""
    map_ = drive.folder / "map"
    drive.ddrescue(drive.dest, map_, *options, bad="5,20-60,300")
    found = drive.copy("--map", map_, bad="300", status=1)
    assert [(h["offset"], h["size"]) for h in found["holes"]] == [(300 * 2048, 2048)]
    assert not drive.dest.exists(), "a copy with holes under its final name"
    drive.copy("--map", map_)
    assert drive.dest.read_bytes() == drive.data
    assert {e.status for e in read_map(map_.read_bytes()).extents} == {Status.GOOD}


@needs("ddrescue")
def test_what_ddrescue_calls_finished_may_lack_slices(drive: Drive) -> None:
    """ddrescue believes the drive's size; with its map the rest is read."""
    map_ = drive.folder / "map"
    drive.ddrescue(drive.dest, map_, size=320 * 2048)
    assert drive.dest.stat().st_size == 320 * 2048
    drive.copy("--map", map_, size=320 * 2048)
    assert drive.dest.read_bytes() == drive.data


def test_killed_at_any_moment(drive: Drive) -> None:
    """The map is true, and lacks at most the last second of what had been told as read."""
    drive.data = sun_disc(iso_blocks=320, slices=6, cylinders=2)
    drive.path.write_bytes(drive.data)
    bad = frozenset({70, 71, 400, 1000})
    faults = {"bad": "70-71,400,1000", "slow": 60}
    draw = random.Random(9)
    longest = 0
    for _ in range(4):
        told, killed = _run_and_kill(drive, draw.uniform(0.5, 2.5), faults)
        if not drive.map.exists():
            continue
        judge_map(drive.map, drive.partial.read_bytes(), drive.data, bad, 2048)
        good = read_map(drive.map.read_bytes()).total(Status.GOOD)
        before = [done for at, done in told if at < killed - 1.0]
        longest = max(longest, *before, 0)
        assert good >= max(before, default=0)
    assert longest > 0, "every run was killed before its first second"
    found = drive.copy(bad=faults["bad"], status=1)
    assert {h["offset"] // 2048 for h in found["holes"]} == {70, 400, 1000}
    drive.copy()
    assert drive.dest.read_bytes() == drive.data


def _run_and_kill(
    drive: Drive, seconds: float, faults: dict[str, Any]
) -> tuple[list[tuple[float, int]], float]:
    """When which progress was told, and when the run was killed."""
    told: list[tuple[float, int]] = []
    begun = threading.Event()
    argv = drive.argv("--progress", "json")
    with subprocess.Popen(argv, env=drive.env(**faults), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        lines = process.stderr

        def listen() -> None:
            for line in lines:
                event = json.loads(line)
                if event["event"] == "advance":
                    told.append((time.monotonic(), event["done"]))
                    begun.set()

        listener = threading.Thread(target=listen)
        listener.start()
        begun.wait(60)
        time.sleep(seconds)
        killed = time.monotonic()
        process.kill()
        listener.join()
    return told, killed


class Image:
    """An image that is copied while a shim disturbs the calls on files in its folder."""

    def __init__(self, folder: Path, shim: Path) -> None:
        self.folder, self.shim = folder, shim
        self.data = sun_disc(slices=4, cylinders=2)
        self.source = folder.parent / f"{folder.name}-source"
        self.source.write_bytes(self.data)
        self.dest = folder / "d"

    def copy(self, damage: str = "", *, source: bool = False, told: int | None = None) -> int:
        env = dict(os.environ)
        if damage:
            under = str(self.source if source else self.folder)
            env |= {"LD_PRELOAD": str(self.shim), "DAMAGE": damage, "DAMAGE_UNDER": under}
        argv = [sys.executable, "-c", MAIN, "copy", str(self.source), str(self.dest)]
        fds = () if told is None else (told,)
        done = subprocess.run(argv, env=env, capture_output=True, check=False, pass_fds=fds)
        return done.returncode


@pytest.fixture
def image(tmp_path: Path) -> Image:
    shim = make_shim(tmp_path)
    assert shim is not None
    folder = tmp_path / "folder"
    folder.mkdir()
    return Image(folder, shim)


def test_killed_at_changing_calls(image: Image) -> None:
    with (image.folder.parent / "told").open("w+b") as told:
        assert image.copy(f"count:{told.fileno()}", told=told.fileno()) == 0
        told.seek(0)
        calls = int(told.read().split()[0])
    image.dest.unlink()
    assert calls > 8
    for number in random.Random(3).sample(range(1, calls + 1), min(calls, 7)):
        assert image.copy(f"kill:{number}") == -signal.SIGKILL
        copy, map_ = image.folder / "d.partial", image.folder / "d.map"
        if image.dest.exists():
            assert image.dest.read_bytes() == image.data, "half made under the final name"
            image.dest.unlink()
            map_.unlink(missing_ok=True)
            continue
        if map_.exists():
            judge_map(map_, copy.read_bytes(), image.data, frozenset(), 512)
        assert image.copy() == 0
        assert image.dest.read_bytes() == image.data
        assert [p.name for p in image.folder.iterdir() if not p.name.endswith(".new")] == ["d"]
        image.dest.unlink()


def test_short_reads(image: Image) -> None:
    assert image.copy("short:700", source=True) == 0
    assert image.dest.read_bytes() == image.data


@pytest.mark.parametrize("damage", ["full:3", "broken:4", "full:1"])
def test_a_disk_that_is_full_or_broken(image: Image, damage: str) -> None:
    assert image.copy(damage) == 5
    assert not image.dest.exists()
    assert image.copy() == 0
    assert image.dest.read_bytes() == image.data


def test_an_image_that_ends_sooner_than_it_said(image: Image) -> None:
    assert image.copy("shrunk:21", source=True) == 1
    assert not image.dest.exists()
    assert image.copy() == 0
    assert image.dest.read_bytes() == image.data


def test_a_medium_that_dies_half_way(image: Image) -> None:
    assert image.copy("unreadable:20", source=True) == 1
    judge_map(image.folder / "d.map", (image.folder / "d.partial").read_bytes(), image.data,
              frozenset(), 512)  # fmt: skip
    assert image.copy() == 0
    assert image.dest.read_bytes() == image.data
