# SPDX-License-Identifier: Apache-2.0
"""``burnt.toml``: what was proved is found again, and nothing else."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.media.burn.record import (
    BurntDisc,
    add_record,
    find_burnt,
    load_record,
    record_of,
    recorded_sum,
)

DISC = BurntDisc(
    b"volume-1.iso", 10, "ab" * 32, b"/dev/sr0", "xorriso", "CD-R", "h, volume 1", "2026-01-01"
)


def test_it_lies_in_the_job_or_beside_the_images(tmp_path: Path) -> None:
    image = tmp_path / "set" / "volume-1.iso"
    assert record_of(image) == tmp_path / "set" / "burnt.toml"
    (tmp_path / "job.toml").touch()
    assert record_of(image) == tmp_path / "burnt.toml"
    assert record_of(tmp_path / "x.iso") == tmp_path / "burnt.toml"


def test_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "burnt.toml"
    assert load_record(path) == ()
    other = replace(DISC, file=b"volume-2.iso")
    add_record(path, DISC)
    add_record(path, other)
    again = replace(DISC, program="wodim", drive=b"/dev/sr1")
    add_record(path, again)
    assert load_record(path) == (other, again)


@given(file=st.binary(min_size=1).filter(lambda b: b"\0" not in b), text=st.text())
def test_any_name(tmp_path_factory: pytest.TempPathFactory, file: bytes, text: str) -> None:
    path = tmp_path_factory.mktemp("record") / "burnt.toml"
    disc = replace(DISC, file=file, inscription=text.encode("utf-8", "ignore").decode())
    add_record(path, disc)
    assert load_record(path) == (disc,)


def find(disc: BurntDisc, **change: object) -> bool:
    wanted = {"file": disc.file, "size": disc.size, "sha256": disc.sha256, "drive": disc.drive}
    return find_burnt((disc,), **{**wanted, **change}) is not None


def test_only_the_same_image_counts() -> None:
    assert find(DISC)
    assert find(DISC, drive=b"/dev/sr1")
    assert not find(DISC, sha256="cd" * 32)
    assert not find(DISC, size=11)
    assert not find(DISC, file=b"volume-2.iso")


def test_a_file_is_no_disc_and_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "disc.img"
    drive = b"stdio:" + bytes(path)
    disc = replace(DISC, drive=drive)
    assert not find(disc)
    path.write_bytes(bytes(10))
    assert find(disc)
    assert not find(disc, drive=b"/dev/sr0")
    assert not find(DISC, drive=drive)


@pytest.mark.parametrize(
    "text", ["schema = 2\n", "x", "schema = 1\ndisc = 4\n", "schema = 1\n[[disc]]\nfile = 1\n",
             "schema = 1\nmore = 2\n", "a = [" * 5000],
)  # fmt: skip
def test_a_broken_one_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "burnt.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"burnt\.toml"):
        load_record(path)
    path.write_bytes(b"\xff")
    with pytest.raises(InputError):
        load_record(path)


def test_the_sum_beside_an_image(tmp_path: Path) -> None:
    image = tmp_path / "volume-1.iso"
    assert recorded_sum(image) is None
    (tmp_path / "SHA256SUMS").write_text(f"{'12' * 32}  volume-1.iso\n{'34' * 32} *volume-2.iso\n")
    assert recorded_sum(image) == "12" * 32
    assert recorded_sum(tmp_path / "volume-2.iso") == "34" * 32
    assert recorded_sum(tmp_path / "volume-3.iso") is None


def test_it_is_toml_for_people(tmp_path: Path) -> None:
    path = tmp_path / "burnt.toml"
    add_record(path, DISC)
    text = path.read_text()
    assert text.startswith("# Written by mkboot burn")
    assert tomllib.loads(text)["disc"][0]["inscription"] == "h, volume 1"
