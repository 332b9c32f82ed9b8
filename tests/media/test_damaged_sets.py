# SPDX-License-Identifier: Apache-2.0
"""Sets, dumps and file contents with one cause of damage each, as ``verify`` sees them."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from discs import Image
from set_making import Made

from mkboot.media.inspect import inspect_image
from mkboot.model.inspection import Verification
from mkboot.progress import Progress
from mkboot.workflows.verify import verify as verify_target

pytestmark = needs("genisoimage", "makefs")


def bad(found: Verification) -> set[str]:
    return {f.code for f in found.findings if f.severity.value == "error"}


def verify(path: Path) -> Verification:
    return verify_target(path, Progress())


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """A copy of the set, to damage."""
    shutil.copytree(made.job / "set", tmp_path / "set")
    return tmp_path / "set"


def test_a_good_set(folder: Path) -> None:
    found = verify(folder)
    assert found.sound
    assert {f.severity.value for f in found.findings} == {"note"}


@pytest.mark.parametrize("number", [1, 2])
def test_a_volume_is_missing(folder: Path, number: int) -> None:
    (folder / f"volume-{number}.iso").unlink()
    assert bad(verify(folder)) == {"volume-missing"}


def test_a_disc_of_somebody_else(folder: Path, tmp_path: Path) -> None:
    (folder / "other.iso").write_bytes((SAMPLES / "small.ufs.gz").read_bytes())
    found = verify(folder)
    assert "volume-foreign" in {f.code for f in found.findings}
    assert bad(found) == set()


@pytest.mark.parametrize("number", [1, 2])
def test_a_disc_of_another_set(folder: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own checksums are not those of the name that it was given here."""
    path = folder / f"volume-{number}.iso"
    (folder / "SHA256SUMS").unlink()
    image = Image(path)
    at, size = image.iso_file(b"/mkboot/set.json")
    name = json.loads(image.read(at, size))["set_id"].encode()
    path.write_bytes(path.read_bytes().replace(name, name[::-1]))
    monkeypatch.chdir(folder)
    found = verify(Path())
    assert bad(found) == {"volume-foreign", "segment-checksum"}
    assert all(f.place for f in found.findings)


@pytest.mark.parametrize("number", [1, 2])
def test_a_byte_of_a_segment(folder: Path, number: int) -> None:
    path = folder / f"volume-{number}.iso"
    (folder / "SHA256SUMS").unlink()
    _flip(path, b"/mkboot/seg/")
    found = verify(folder)
    assert bad(found) == {"segment-checksum"}
    assert len([f for f in found.findings if f.code == "segment-checksum"]) == 1


def test_a_byte_of_padding_is_seen_by_the_image_s_checksum(folder: Path) -> None:
    path = folder / "volume-2.iso"
    with path.open("ab") as f:
        f.write(bytes(2048))
    assert bad(verify(folder)) == {"image-checksum"}


def _flip(path: Path, under: bytes) -> None:
    image = Image(path)
    assert image.medium.iso is not None
    name = next(p for p, *_ in image.medium.iso.tree.walk() if p.startswith(under))
    at, size = image.iso_file(name)
    byte = image.read(at + size // 2, 1)[0]
    image.write(at + size // 2, bytes([byte ^ 1]))


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2 // 1024 * 1024]


def no_end(data: bytes) -> bytes:
    """Without the records that say that it is over."""
    return data[: _headers(data, 5)[0]]


def a_spoilt_header(data: bytes) -> bytes:
    """One byte in the middle of a file's header."""
    headers = _headers(data, 2)
    at = headers[len(headers) // 2]
    return data[: at + 40] + bytes([data[at + 40] ^ 0x40]) + data[at + 41 :]


def _headers(data: bytes, kind: int) -> list[int]:
    """Where records of a type begin: 2 is an inode, 5 the end."""
    return [
        at
        for at in range(0, len(data), 1024)
        if struct.unpack_from(">i", data, at)[0] == kind
        and struct.unpack_from(">I", data, at + 24)[0] == 60012
    ]


DUMPS = ["small", "c0t0d0s4", "c0t1d0s3"]


def dump(name: str, made: Made) -> bytes:
    if name == "small":
        return gzip.decompress((SAMPLES / "small.dump.gz").read_bytes())
    return next((made.job / "capture").glob(f"**/{name}*.dump")).read_bytes()


@pytest.mark.parametrize("name", DUMPS)
def test_a_good_dump(name: str, made: Made, tmp_path: Path) -> None:
    path = tmp_path / "a.dump"
    path.write_bytes(dump(name, made))
    assert not [f for f in inspect_image(path).findings if f.severity.value != "note"]


@pytest.mark.parametrize("name", DUMPS)
@pytest.mark.parametrize("damage", [cut, no_end, a_spoilt_header])
def test_a_bad_dump(
    name: str, damage: Callable[[bytes], bytes], made: Made, tmp_path: Path
) -> None:
    path = tmp_path / "a.dump"
    path.write_bytes(damage(dump(name, made)))
    found = inspect_image(path)
    assert {f.code for f in found.findings if f.severity.value == "error"} == {"dump-damaged"}
    assert bad(verify(path)) == {"dump-damaged"}
