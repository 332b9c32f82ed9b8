# SPDX-License-Identifier: Apache-2.0
"""One bit of a label flipped: no firmware starts it, and ``inspect`` says what is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import needs
from set_making import Made, make_set, mkboot

from mkboot.firmware import Kind, Machine, boot

pytestmark = [
    pytest.mark.boot,
    pytest.mark.slow,
    needs("qemu-system-sparc", "qemu-system-sparc64", "makefs", "genisoimage"),
]

#: Seconds.
LONG = 300.0
#: Byte of sector 0, bit in it, what inspect must say: the geometry is tried elsewhere.
BITS = {
    "magic": (508, 0x80, "label-magic"),
    "checksum": (511, 0x01, "label-checksum"),
    "slice-map": (444 + 8 * 5 + 3, 0x02, "label-checksum"),
}
#: What is booted: an image, how, on which machine.
BOOTS: dict[str, tuple[Kind, Machine]] = {
    "disc-sun4u": ("cdrom", "sun4u"),
    "disc-sun4m": ("cdrom", "sun4m"),
    "disk-sun4u": ("disk", "sun4u"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    work = tmp_path_factory.mktemp("bits")
    return make_set(work, layout="sparc-2.6", release="8", seed=11, media="60M", big=False)


@pytest.fixture(scope="module")
def images(made: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Path]:
    work = tmp_path_factory.mktemp("restored")
    mkboot(
        "restore", made.job, "--disk", f"c0t0d0={work / 'a.img'}",
        "--disk", f"c0t1d0={work / 'b.img'}",
    )  # fmt: skip
    return {"cdrom": made.volume(1), "disk": work / "a.img"}


def codes(image: Path) -> set[str]:
    found = json.loads(mkboot("inspect", image, "--json"))
    return {finding["code"] for finding in found["findings"]}


@pytest.mark.parametrize("how", BOOTS)
def test_the_label_is_what_keeps_it_from_starting(
    images: dict[Kind, Path], tmp_path: Path, how: str
) -> None:
    """Whole, it boots; with any of these bits flipped it is refused."""
    kind, machine = BOOTS[how]
    image = tmp_path / "image"
    shutil.copy(images[kind], image)
    assert not codes(image) & {"label-magic", "label-checksum"}
    assert boot(image, machine=machine, kind=kind, timeout=LONG).verdict == "booted"
    for name, (at, bit, code) in BITS.items():
        flip(image, at, bit)
        assert boot(image, machine=machine, kind=kind, timeout=LONG).verdict == "refused", name
        assert code in codes(image), name
        flip(image, at, bit)
    assert image.read_bytes()[:512] == images[kind].read_bytes()[:512]


def flip(image: Path, at: int, bit: int) -> None:
    with image.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ bit]))
