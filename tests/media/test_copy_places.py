# SPDX-License-Identifier: Apache-2.0
"""What lies where a copy, its source and its maps are to be: nothing of somebody else's is
lost, nothing is waited for, and no map is believed that belongs to another copy.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from command import mkboot
from media.copy_sources import FakeDrive, distinct, run, sun_disc

from mkboot.formats.mapfile import Extent, MapFile, Status, read_map, write_map


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.iso"
    path.write_bytes(sun_disc())
    return path


@pytest.mark.parametrize(
    "text", [b"", b"# nothing\n", b"0x0 ?\n0x0 0x200000 -\n", b"0x0 ?\n0x0 0x200000 ?\n"]
)
def test_a_map_that_calls_nothing_good_gives_away_no_file(
    source: Path, tmp_path: Path, text: bytes
) -> None:
    dest, map_ = tmp_path / "d", tmp_path / "m"
    dest.write_bytes(b"something else")
    map_.write_bytes(text)
    assert "exists" in mkboot("copy", source, dest, "--map", map_, status=2).err
    assert dest.read_bytes() == b"something else"
    assert map_.read_bytes() == text


def test_a_whole_copy_keeps_its_name_when_another_disc_is_in_the_drive(
    source: Path, tmp_path: Path
) -> None:
    mkboot("copy", source, tmp_path / "d", "--map", tmp_path / "m")
    (tmp_path / "other").write_bytes(distinct(source.stat().st_size, "another"))
    done = mkboot("copy", tmp_path / "other", tmp_path / "d", "--map", tmp_path / "m", status=2)
    assert "is not what" in done.err
    assert (tmp_path / "d").read_bytes() == source.read_bytes()
    assert not (tmp_path / "d.partial").exists()


@pytest.mark.parametrize("name", ["map", "agreed", "partial", "source"])
@pytest.mark.parametrize("what", ["pipe", "directory"])
def test_what_is_no_file(source: Path, tmp_path: Path, name: str, what: str) -> None:
    """A device would lose its name to the map; a pipe would be waited for without end."""
    places = {"map": "m", "agreed": "m.agreed", "partial": "d.partial", "source": "s"}
    path = tmp_path / places[name]
    (tmp_path / "m").write_bytes(b"0x0 ?\n0x0 0x200 -\n")
    path.unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    before = path.stat()
    given = path if name == "source" else source
    done = mkboot("copy", given, tmp_path / "d", "--map", tmp_path / "m", status=2)
    assert str(path) in done.err
    assert os.path.samestat(path.stat(), before)
    assert stat.S_IFMT(path.stat().st_mode) == stat.S_IFMT(before.st_mode)
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("named", [True, False])
def test_a_copy_with_holes_is_no_source(tmp_path: Path, named: bool) -> None:
    """Neither of itself, wherever its map is, nor of another: its holes would become zeros."""
    data = sun_disc()
    assert not run(FakeDrive(data, bad=frozenset({100})), tmp_path / "d").whole
    map_ = tmp_path / "d.map"
    options: list[object] = []
    if named:
        options = ["--map", map_.rename(tmp_path / "m")]
    itself = mkboot("copy", tmp_path / "d.partial", tmp_path / "d", *options, status=2)
    assert "is a copy that is not whole" in itself.err
    assert not (tmp_path / "d").exists()
    if not named:
        mkboot("copy", tmp_path / "d.partial", tmp_path / "e", status=2)
        assert not (tmp_path / "e").exists()


def test_a_copy_with_holes_is_neither_sound_nor_burnt(tmp_path: Path) -> None:
    """Its holes are zeros, which no file system need miss."""
    data = sun_disc()
    assert not run(FakeDrive(data, bad=frozenset({100, 101})), tmp_path / "d").whole
    for command, status in (("inspect", 0), ("verify", 1)):
        document = mkboot(command, "--json", tmp_path / "d.partial", status=status).document
        told = [f["message"] for f in document["findings"] if f["code"] == "copy-holes"]
        assert len(told) == 1
        assert "4096 bytes" in told[0]
    drive = f"stdio:{tmp_path / 'disc'}"
    burning = mkboot("burn", tmp_path / "d.partial", "--drive", drive, status=3)
    assert "is not whole" in burning.err
    (tmp_path / "d.map").write_bytes(b"nonsense")
    assert "copy-holes" not in mkboot("inspect", tmp_path / "d.partial").out


def test_an_empty_image_is_no_disc(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"")
    assert "is empty" in mkboot("copy", tmp_path / "s", tmp_path / "d", status=3).err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s"]


def test_a_drive_that_gives_nothing_makes_no_whole_copy(tmp_path: Path) -> None:
    done = run(FakeDrive(b""), tmp_path / "d")
    assert not done.whole
    assert [f.code for f in done.findings] == ["image-truncated"]
    assert not (tmp_path / "d").exists()


def _agreed(path: Path, size: int, status: Status) -> None:
    path.write_bytes(write_map(MapFile((Extent(0, size, status),))))


def test_a_second_reading_of_a_copy_that_is_gone_counts_for_nothing(tmp_path: Path) -> None:
    """Copy and map were removed to begin anew, the map of what was read twice was not."""
    data = sun_disc()
    _agreed(tmp_path / "d.map.agreed", len(data), Status.GOOD)
    done = run(FakeDrive(data, moody=frozenset({100})), tmp_path / "d", agree=True)
    assert not done.whole
    assert done.differing == 1
    assert read_map((tmp_path / "d.map").read_bytes()).total(Status.BAD) == 2048


def test_what_was_not_read_once_has_not_agreed(tmp_path: Path) -> None:
    data = sun_disc()
    assert not run(FakeDrive(data, bad=frozenset({100})), tmp_path / "d").whole
    _agreed(tmp_path / "d.map.agreed", len(data), Status.GOOD)
    done = run(FakeDrive(data, moody=frozenset({100})), tmp_path / "d", agree=True)
    assert not done.whole


def test_a_second_reading_of_more_than_the_disc_keeps_no_copy_from_being_whole(
    tmp_path: Path,
) -> None:
    data = sun_disc()
    assert not run(_image(data, frozenset({100})), tmp_path / "d").whole
    _agreed(tmp_path / "d.map.agreed", 1 << 40, Status.UNTRIED)
    assert run(_image(data, frozenset()), tmp_path / "d", agree=True).whole
    assert (tmp_path / "d").read_bytes() == data


def _image(data: bytes, bad: frozenset[int]) -> FakeDrive:
    return FakeDrive(data, bad=bad, is_drive=False)
