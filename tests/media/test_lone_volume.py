# SPDX-License-Identifier: Apache-2.0
"""A disc that is found in twenty years, without its set: it says whether it is whole.

mkboot can tell, and so can ``cksum`` and ``sum`` on any Unix.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from discs import Image, run
from set_making import Made

from mkboot.media.inspect import inspect_image
from mkboot.model.inspection import Verification
from mkboot.progress import Progress
from mkboot.workflows.verify import verify as verify_target

pytestmark = needs("genisoimage", "makefs")


def verify(path: Path) -> Verification:
    return verify_target(path, Progress())


def errors(found: Verification) -> set[str]:
    return {f.code for f in found.findings if f.severity.value == "error"}


@pytest.fixture(params=[1, 2])
def number(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def found(made: Made, tmp_path: Path, number: int) -> Path:
    """One disc of a set, under another name."""
    path = tmp_path / "a disc from the cellar.iso"
    shutil.copyfile(made.volume(number), path)
    return path


def test_an_inspection_says_of_which_set_it_is(found: Path, number: int) -> None:
    facts = inspect_image(found).facts["set"]
    assert isinstance(facts, dict)
    assert (facts["volume"], facts["of"]) == (number, 2)
    assert facts["host"]
    damaged = Image(found)
    damaged.in_file(b"/mkboot/volume.json", b'"schema"', b'"scheme"')
    assert "set" not in inspect_image(found).facts


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as f:
        f.seek(offset)
        byte = f.read(1)[0]
        f.seek(offset)
        f.write(bytes([byte ^ 0x10]))


def test_it_is_sound_and_names_the_others(found: Path, number: int, made: Made) -> None:
    said = verify(found)
    assert said.sound
    assert said.checked.segments > 0
    missing = [f for f in said.findings if f.code == "volume-missing"]
    assert len(missing) == len(made.volumes) - 1
    assert {f.severity.value for f in missing} == {"note"}
    assert f"volume {3 - number}" in missing[0].place + missing[0].message
    assert any("SHA256SUMS" in text for text in said.not_checked)


def test_every_file_that_the_disc_names_is_compared(found: Path) -> None:
    """A flipped bit in any of them is an error, and is in the file that is named."""
    image = Image(found)
    assert image.medium.iso is not None
    tree = image.medium.iso.tree
    listed = [line.split(b" ", 2)[2] for line in _list(tree).splitlines()]
    segments = [n for n in listed if b"/seg/" in n]
    others = [n for n in listed if b"/seg/" not in n]
    for name in (segments[0], segments[-1], others[0], b"mkboot/set.json", b"mkboot/volume.json"):
        at, size = image.iso_file(b"/" + name)
        flip(found, at + size // 2)
        said = verify(found)
        assert errors(said) == {"segment-checksum"}, name
        assert any(name.decode() in f.place for f in said.findings), name
        flip(found, at + size // 2)
    assert verify(found).sound


def _list(tree) -> bytes:
    node = tree.node_at(b"/mkboot/cksum.txt")
    return node.content.read(0, 1 << 20)


def test_a_disc_whose_set_cannot_be_told_checks_itself(found: Path) -> None:
    image = Image(found)
    at, _ = image.iso_file(b"/mkboot/set.json")
    flip(found, at + 3)
    said = verify(found)
    assert errors(said) == {"segment-checksum"}
    assert said.checked.segments > 0
    assert any("which other discs it needs" in text for text in said.not_checked)


@needs("xorriso", "cksum", "sum")
@pytest.mark.parametrize(
    ("program", "name"), [(["cksum"], "cksum.txt"), (["sum", "-s"], "sum.txt")]
)
def test_the_programs_of_any_unix_check_it(
    found: Path, tmp_path: Path, program: list[str], name: str
) -> None:
    """Every file of the disc but the two lists stands in each of them, with what Debian's
    program says of it.
    """
    top = tmp_path / "mounted"
    run("xorriso", "-osirrox", "on", "-indev", found, "-extract", "/", top)
    run("chmod", "-R", "u+rwx", top)
    lines = [line.split(" ", 2) for line in (top / "mkboot" / name).read_text().splitlines()]
    for first, second, path in lines:
        done = subprocess.run([*program, path], cwd=top, capture_output=True, check=True)
        assert done.stdout.decode().split() == [first, second, path]
    there = {str(p.relative_to(top)) for p in _files(top)}
    lists = {"mkboot/cksum.txt", "mkboot/sum.txt"}
    assert {path for *_, path in lines} >= {p for p in there if p.startswith("mkboot/")} - lists
    assert {path for *_, path in lines} <= there


def _files(top: Path) -> list[Path]:
    return [
        Path(d) / n for d, _, names in os.walk(top) for n in names if not (Path(d) / n).is_symlink()
    ]
