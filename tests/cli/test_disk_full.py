# SPDX-License-Identifier: Apache-2.0
"""A full disk is no bug: exit status 5, nothing half made under a final name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import mkboot
from trees import sample_image


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place]
    done = subprocess.run(argv, capture_output=True)
    if done.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_mkfs(small_disk: Path, tmp_path: Path) -> None:
    image = sample_image(tmp_path)
    err = mkboot("mkfs", image, small_disk / "out.ufs", status=5).err
    assert err.startswith("mkboot: cannot write: No space left on device\n")
    assert list(small_disk.iterdir()) == []


def test_extract(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"a" * 1000)
    (tmp_path / "in" / "b").write_bytes(b"b" * 500_000)
    err = mkboot("extract", tmp_path / "in", small_disk / "out", status=5).err
    assert err.startswith("mkboot: cannot write /b: No space left on device\n")
    assert [p.name for p in (small_disk / "out").iterdir()] == ["a"]
    assert (small_disk / "out" / "a").read_bytes() == b"a" * 1000
