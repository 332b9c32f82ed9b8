# SPDX-License-Identifier: Apache-2.0
"""``mkboot verify`` and ``mkboot inspect`` from the command line: images, sets, jobs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command import mkboot
from conftest import needs
from set_making import Made, make_set

pytestmark = needs("makefs", "genisoimage")

KEYS = {"verdict", "checked", "not_checked", "findings"}
COUNTS = {"files", "bytes", "segments", "structures"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    work = tmp_path_factory.mktemp("verify")
    return make_set(work, layout="sparc-2.6", release="8", seed=3, media="44M", big=False)


@pytest.fixture
def job(made: Made, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.job, tmp_path / "job"))


def errors(document) -> set[str]:
    return {f["code"] for f in document["findings"] if f["severity"] == "error"}


def test_a_job_a_set_and_its_volumes_are_sound(made: Made) -> None:
    segments = []
    for target in (made.job, made.job / "set", *made.volumes):
        document = mkboot("verify", "--json", target).document
        assert set(document) == KEYS
        assert set(document["checked"]) == COUNTS
        assert document["verdict"] == "sound"
        assert errors(document) == set()
        segments.append(document["checked"]["segments"])
    assert segments[1] == sum(segments[2:]) > 0
    assert segments[0] == 2 * segments[1]


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 0x40]))


def flip_segment(job: Path) -> None:
    image = job / "set" / "volume-2.iso"
    flip(image, image.stat().st_size - 400_000)


def drop_volume(job: Path) -> None:
    (job / "set" / "volume-2.iso").unlink()


def cut_volume(job: Path) -> None:
    image = job / "set" / "volume-2.iso"
    with image.open("r+b") as f:
        f.truncate(image.stat().st_size // 2)


def flip_dump(job: Path) -> None:
    dump = max((job / "capture").glob("*.dump"), key=lambda p: p.stat().st_size)
    flip(dump, dump.stat().st_size // 2)


def drop_dump(job: Path) -> None:
    next((job / "capture").glob("*.dump")).unlink()


def flip_boot_block(job: Path) -> None:
    flip(next((job / "capture").glob("*boot*")), 700)


def break_root_directory(job: Path) -> None:
    flip(job / "set" / "volume-2.iso", 32768 + 156 + 2)


@pytest.mark.parametrize(
    ("damage", "codes"),
    [
        (flip_segment, {"segment-checksum", "image-checksum"}),
        (drop_volume, {"volume-missing"}),
        (cut_volume, {"image-truncated", "segment-checksum", "image-checksum", "iso-damaged"}),
        (flip_dump, {"segment-checksum", "dump-damaged"}),
        (drop_dump, {"dump-damaged"}),
        (flip_boot_block, {"boot-block-checksum"}),
        (break_root_directory, {"iso-damaged", "volume-foreign"}),
    ],
)
def test_damage(job: Path, damage: Callable[[Path], None], codes: set[str]) -> None:
    damage(job)
    document = mkboot("verify", "--json", job, status=1).document
    assert document["verdict"] == "bad"
    found = errors(document)
    assert found
    assert found <= codes


def test_a_foreign_image_is_told(job: Path, made: Made) -> None:
    shutil.copyfile(made.base.path, job / "set" / "other.iso")
    document = mkboot("verify", "--json", job / "set").document
    assert "volume-foreign" in [f["code"] for f in document["findings"]]


def test_a_damaged_volume_alone_is_bad_not_unknown(job: Path) -> None:
    break_root_directory(job)
    document = mkboot("verify", "--json", job / "set" / "volume-2.iso", status=1).document
    assert errors(document) == {"iso-damaged"}


def test_a_job_without_anything_is_not_sound(job: Path) -> None:
    shutil.rmtree(job / "set")
    (job / "capture" / "system.json").unlink()
    document = mkboot("verify", "--json", job, status=1).document
    assert errors(document) == {"nothing-checked"}


def test_what_is_not_there_or_unknown(tmp_path: Path) -> None:
    assert "no such file" in mkboot("verify", tmp_path / "none", status=2).err
    (tmp_path / "blank").write_bytes(bytes(5000))
    assert "nothing that mkboot knows" in mkboot("verify", tmp_path / "blank", status=3).err
    (tmp_path / "empty").mkdir()
    mkboot("verify", tmp_path / "empty", status=3)


def test_the_text_of_verify(made: Made) -> None:
    last = mkboot("verify", made.volumes[0]).lines[-1]
    assert last.startswith("sound: ")
    assert last.endswith(" structures checked")


def test_inspect_exits_0_whatever_it_finds(made: Made, job: Path, tmp_path: Path) -> None:
    cut_volume(job)
    for target in (made.base.path, made.volumes[0], job / "set" / "volume-2.iso"):
        document = mkboot("inspect", "--json", target).document
        assert document["kind"] == "disc"
        assert mkboot("inspect", target).lines
    (tmp_path / "blank").write_bytes(bytes(5000))
    assert mkboot("inspect", "--json", tmp_path / "blank").document["kind"] == "unknown"
    mkboot("inspect", tmp_path / "none", status=2)


def test_inspect_of_a_slice_of_a_disc(made: Made) -> None:
    document = mkboot("inspect", "--json", f"{made.base.path}:1").document
    assert document["kind"] == "slice"
    assert document["label"] is None
    assert "no slice 7" in mkboot("inspect", f"{made.base.path}:7", status=2).err


def test_the_text_of_inspect(made: Made) -> None:
    text = mkboot("inspect", made.base.path).out
    for words in ("Solaris 8, layout sparc-2.6", "boots sun4m, sun4u", "redirects to slice 1",
                  "guarded: yes", "PRODVERS=8"):  # fmt: skip
        assert words in text


@needs("rsvg-convert")
def test_pictures(made: Made, tmp_path: Path) -> None:
    for name in ("map.svg", "map.png"):
        mkboot("inspect", made.base.path, "--picture", tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
    mkboot("inspect", made.base.path, "--picture", tmp_path / "map.svg", status=2)
    mkboot("inspect", made.base.path, "--picture", tmp_path / "map.svg", "--force")
