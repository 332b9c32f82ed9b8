# SPDX-License-Identifier: Apache-2.0
"""``mkboot copy`` as a person meets it: what is expected, what exists, what is told."""

from __future__ import annotations

import fcntl
import hashlib
import json
from pathlib import Path

import pytest
from command import mkboot
from conftest import needs
from discs import copy_of
from media.copy_sources import distinct, sun_disc

from fixtures.base_media import BaseFacts
from mkboot.errors import CallerError
from mkboot.workflows.copy import Expected, parse_expected, show_time


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.iso"
    path.write_bytes(sun_disc())
    return path


def test_copy_and_its_checksums(source: Path, tmp_path: Path) -> None:
    done = mkboot("copy", source, tmp_path / "d")
    data = source.read_bytes()
    assert (tmp_path / "d").read_bytes() == data
    assert f"md5 {hashlib.md5(data).hexdigest()}" in done.lines
    assert f"sha256 {hashlib.sha256(data).hexdigest()}" in done.lines
    assert "behind the ISO 9660" in done.out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "source.iso"]


@needs("genisoimage", "makefs")
def test_a_whole_base_medium(base: BaseFacts, tmp_path: Path) -> None:
    done = mkboot("copy", "--json", base.path, tmp_path / "d")
    assert (tmp_path / "d").read_bytes() == base.path.read_bytes()
    assert done.document["findings"] == []
    assert done.document["ends"]["label"] <= done.document["size"]


@pytest.mark.parametrize("size", [1, 511, 512, 1 << 20, (1 << 20) + 7])
def test_images_of_any_size(tmp_path: Path, size: int) -> None:
    (tmp_path / "s").write_bytes(distinct(size))
    mkboot("copy", tmp_path / "s", tmp_path / "d")
    assert (tmp_path / "d").read_bytes() == distinct(size)


@needs("genisoimage", "makefs")
def test_an_image_cut_at_its_iso(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.cut(image.end(0))
    done = mkboot("copy", "--json", image.path, tmp_path / "d", status=1)
    assert [f["code"] for f in done.document["findings"]] == ["image-cut-at-iso"]
    assert done.document["verdict"] == "incomplete"
    assert not (tmp_path / "d").exists()
    assert (tmp_path / "d.partial").read_bytes() == image.path.read_bytes()


@needs("genisoimage", "makefs")
@pytest.mark.parametrize("whole", [True, False])
def test_a_label_whose_checksum_is_wrong(base: BaseFacts, tmp_path: Path, whole: bool) -> None:
    """What it promises is missed all the same: a copy of the ISO alone is not called whole."""
    image = copy_of(base, tmp_path)
    image.write(3, b"#")
    if not whole:
        image.cut(image.end(0))
    done = mkboot("copy", "--json", image.path, tmp_path / "d", status=0 if whole else 1)
    codes = [f["code"] for f in done.document["findings"]]
    assert codes == ([] if whole else ["image-cut-at-iso"])
    assert any("label is damaged" in text for text in done.document["explained"])
    assert (tmp_path / "d").exists() == whole


def test_what_lies_behind_all_that_is_named_is_told(source: Path, tmp_path: Path) -> None:
    with source.open("ab") as file:
        file.write(distinct(4096))
    told = mkboot("copy", source, tmp_path / "d").out
    assert "4096 bytes lie behind all that the disc names" in told
    assert (tmp_path / "d").read_bytes() == source.read_bytes()


def test_expected(source: Path, tmp_path: Path) -> None:
    data = source.read_bytes()
    md5, sha = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()
    right = ["--expect", f"md5:{md5.upper()}", "--expect", f"sha256:{sha}"]
    mkboot("copy", source, tmp_path / "d", *right, "--expect", f"size:{len(data)}")
    for wrong in (f"md5:{'0' * 32}", f"sha256:{'0' * 64}", "size:650M"):
        done = mkboot("copy", source, tmp_path / "e", "--expect", wrong, status=1)
        assert "copy-unexpected" in done.out
        assert done.lines[-1].startswith("whole, but not what is expected: ")
        assert "remove both" in done.err
        assert not (tmp_path / "e").exists()
    mkboot("copy", source, tmp_path / "e")
    assert (tmp_path / "e").read_bytes() == data


@pytest.mark.parametrize(
    "text", ["md5", "md5:", "md5:12", "sha1:" + "0" * 40, "size:many", f"sha256:{'g' * 64}"]
)
def test_what_nobody_can_expect(source: Path, tmp_path: Path, text: str) -> None:
    mkboot("copy", source, tmp_path / "d", "--expect", text, status=2)
    assert not (tmp_path / "d.partial").exists()


def test_expectations_are_read() -> None:
    assert parse_expected(()) is None
    assert parse_expected(("size:650MiB",)) == Expected(size=650 << 20)
    with pytest.raises(CallerError, match="twice"):
        parse_expected(("size:1", "size:2"))


def test_nothing_existing_is_overwritten(source: Path, tmp_path: Path) -> None:
    dest = tmp_path / "d"
    dest.write_bytes(b"something else")
    assert "exists" in mkboot("copy", source, dest, status=2).err
    assert dest.read_bytes() == b"something else"
    mkboot("copy", source, dest, "--force")
    assert dest.read_bytes() == source.read_bytes()
    assert "same file" in mkboot("copy", source, source, "--force", status=2).err
    assert "no regular file" in mkboot("copy", source, tmp_path, "--force", status=2).err
    mkboot("copy", tmp_path / "none", tmp_path / "e", status=2)
    mkboot("copy", tmp_path, tmp_path / "e", status=2)
    mkboot("copy", source, tmp_path / "e", "--map", tmp_path / "e", status=2)
    assert not (tmp_path / "e.partial").exists()


def test_a_map_that_was_asked_for_stays(source: Path, tmp_path: Path) -> None:
    mkboot("copy", source, tmp_path / "d", "--map", tmp_path / "m")
    before = (tmp_path / "d").read_bytes()
    again = mkboot("copy", "--json", source, tmp_path / "d", "--map", tmp_path / "m")
    assert again.document["verdict"] == "whole"
    assert (tmp_path / "d").read_bytes() == before
    mkboot("copy", source, tmp_path / "other", "--map", tmp_path / "m", status=2)


def test_another_run_is_at_it(source: Path, tmp_path: Path) -> None:
    with (tmp_path / "d.partial").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "another run" in mkboot("copy", source, tmp_path / "d", status=2).err
    mkboot("copy", source, tmp_path / "d")


def test_a_hostile_label_does_not_fill_the_disk(tmp_path: Path) -> None:
    data = bytearray(sun_disc())
    data[448:452] = b"\x7f\xff\xff\xff"  # the length of slice 0, with its checksum made right
    data[510:512] = bytes(2)
    value = 0
    for at in range(0, 510, 2):
        value ^= int.from_bytes(data[at : at + 2], "big")
    data[510:512] = value.to_bytes(2, "big")
    (tmp_path / "s").write_bytes(data)
    done = mkboot("copy", "--json", tmp_path / "s", tmp_path / "d", status=1)
    assert (tmp_path / "d.partial").stat().st_size == len(data)
    assert done.document["good"] == len(data)


def test_times_for_people() -> None:
    assert show_time(12.3) == "12 s"
    assert show_time(600) == "10 min"
    assert show_time(3600 * 2.5) == "2 h 30 min"


def test_the_events(source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mkboot("copy", "--progress", "json", source, tmp_path / "d")
    events = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert events[0]["event"] == "begin"
    assert events[-1]["event"] == "end"
    assert events[-1]["done"] == events[-1]["total"] == source.stat().st_size
