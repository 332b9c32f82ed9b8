# SPDX-License-Identifier: Apache-2.0
"""A job's discs: to files that play discs, and to folders for emulated drives."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest
from command import mkboot
from conftest import needs
from set_making import Made, make_set

pytestmark = needs("makefs", "genisoimage", "xorriso")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    work = tmp_path_factory.mktemp("burnt-set")
    return make_set(work, layout="sparc-9", release="9", seed=5, media="41M", big=False)


@pytest.fixture
def job(made: Made, tmp_path: Path) -> Path:
    """A copy of the job with its discs, without what they were made of."""
    folder = tmp_path / "job"
    shutil.copytree(made.job / "set", folder / "set")
    shutil.copy(made.job / "job.toml", folder)
    return folder


def same(one: Path, other: Path) -> bool:
    sums = [hashlib.sha256(path.read_bytes()).digest() for path in (one, other)]
    return sums[0] == sums[1]


def test_disc_by_disc(job: Path, tmp_path: Path) -> None:
    drive = f"stdio:{tmp_path / 'disc.img'}"
    out = mkboot("burn", job, "--drive", drive).out
    for number in (1, 2):
        assert same(job / "set" / f"volume-{number}.iso", tmp_path / f"disc-{number}.img")
        text = rf"write on it: \S+, volume {number} of 2, set \S+, \d\d\d\d-\d\d-\d\d$"
        assert re.search(text, out, re.MULTILINE), out
    assert (job / "burnt.toml").is_file()
    again = mkboot("burn", job, "--drive", drive, "--json").document
    assert [disc["status"] for disc in again["discs"]] == ["already", "already"]
    (tmp_path / "disc-2.img").unlink()
    again = mkboot("burn", job, "--drive", drive, "--json").document
    assert [disc["status"] for disc in again["discs"]] == ["already", "burnt"]
    with (tmp_path / "disc-1.img").open("r+b") as file:
        file.seek(123_456)
        file.write(b"changed")
    told = mkboot("burn", job, "--drive", drive, status=2).err
    assert "disc-1.img is not any more what was written and proved" in told


def test_one_of_them(job: Path, tmp_path: Path) -> None:
    out = tmp_path / "two.img"
    found = mkboot("burn", job, "--drive", f"stdio:{out}", "--only", "2", "--json").document
    assert [(disc["number"], disc["of"]) for disc in found["discs"]] == [(2, 2)]
    assert same(job / "set" / "volume-2.iso", out)
    assert out.stat().st_mode & 0o077 == 0
    assert "there is no disc 3: there are 1, 2" in mkboot(
        "burn", job, "--drive", f"stdio:{out}x", "--only", "3", status=2
    ).err  # fmt: skip


def test_images_of_a_set_in_any_order(job: Path, tmp_path: Path) -> None:
    volumes = [job / "set" / f"volume-{n}.iso" for n in (2, 1)]
    found = mkboot("burn", *volumes, "--drive", f"stdio:{tmp_path / 'd.img'}", "--json").document
    assert [disc["number"] for disc in found["discs"]] == [1, 2]
    assert "volume 1 of 2" in found["discs"][0]["inscription"]


def test_a_volume_that_is_missing_is_told_before_anything_is_burnt(
    job: Path, tmp_path: Path
) -> None:
    (job / "set" / "volume-2.iso").unlink()
    drive = f"stdio:{tmp_path / 'disc.img'}"
    assert "volume 2 of 2" in mkboot("burn", job, "--drive", drive, status=3).err
    assert not list(tmp_path.glob("disc*"))
    mkboot("burn", job, "--drive", drive, "--only", "1")


def test_a_damaged_volume_is_not_burnt(job: Path, tmp_path: Path) -> None:
    volume = job / "set" / "volume-2.iso"
    with volume.open("r+b") as file:
        file.seek(volume.stat().st_size - 5000)
        file.write(b"damaged")
    drive = f"stdio:{tmp_path / 'disc.img'}"
    assert "SHA256SUMS" in mkboot("burn", job, "--drive", drive, status=3).err
    assert not (tmp_path / "disc-2.img").exists()


def test_what_is_written_down_is_no_volume_for_verify(job: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.move(job / "set", folder)
    mkboot("burn", folder, "--drive", f"stdio:{tmp_path / 'disc.img'}")
    assert (folder / "burnt.toml").is_file()
    for command in ("verify", "inspect"):
        findings = mkboot(command, folder, "--json").document["findings"]
        assert [f for f in findings if f["code"] == "volume-foreign"] == [], command


@pytest.mark.parametrize("emulator", ["zuluscsi", "bluescsi", "piscsi", "qemu"])
def test_emulated_drives(job: Path, tmp_path: Path, emulator: str) -> None:
    card = tmp_path / "card"
    card.mkdir()
    words = ("burn", job, "--drive", card, "--emulator", emulator)
    found = mkboot(*words, "--json").document
    assert found["verdict"] == "burnt"
    files = [Path(disc["file"]) for disc in found["discs"]]
    assert sorted(files) == sorted(card.iterdir())
    for number, path in enumerate(files, 1):
        assert same(job / "set" / f"volume-{number}.iso", path)
    assert any(files[1].name in line for line in found["settings"])
    assert "exists" in mkboot(*words, status=2).err
    text = mkboot(*words, "--force").out
    assert all(f"  {line}" in text.splitlines() for line in found["settings"])


def test_what_is_no_card(job: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    words = ("burn", job, "--emulator", "qemu")
    mkboot(*words, "--drive", tmp_path / "none", status=2)
    mkboot(*words, "--drive", card, "--blank", status=2)
    mkboot(*words, "--drive", job / "set", status=2)
    assert not list(card.iterdir())
