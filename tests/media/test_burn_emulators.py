# SPDX-License-Identifier: Apache-2.0
"""Names and settings for emulated drives, as their firmware reads them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import needs

from mkboot.media.burn.emulators import Emulator, image_name, settings_for
from mkboot.run import run

CARDS = (Emulator.ZULUSCSI, Emulator.BLUESCSI)


def block_size(name: str) -> int:
    """As both firmwares find it: the number behind the first underscore."""
    return int(re.match(r"[0-9]*", name.partition("_")[2])[0] or 0)  # type: ignore[index]


@pytest.mark.parametrize("emulator", CARDS)
@pytest.mark.parametrize("of", [1, 3, 12])
def test_names_set_type_target_and_block_size(emulator: Emulator, of: int) -> None:
    names = [image_name(emulator, 6, n, of, "sol_8_u7.iso") for n in range(1, of + 1)]
    assert {name[:3] for name in names} == {"CD6"}
    assert {block_size(name) for name in names} == {512}
    assert {name.count("_") for name in names} == {1}
    assert names == sorted(names), "the order of the names is the order of the discs"
    assert len(set(names)) == of
    assert max(len(name) for name in names) < 32


def test_names_where_they_mean_nothing() -> None:
    assert image_name(Emulator.PISCSI, 6, 1, 3, "volume-1.iso") == "volume-1.iso"
    assert image_name(Emulator.PISCSI, 6, 1, 3, "disc.img") == "disc.iso"
    assert image_name(Emulator.QEMU, 6, 1, 3, "disc.iso") == "disc.iso"


@pytest.mark.parametrize("emulator", CARDS)
def test_the_ini_file(emulator: Emulator) -> None:
    images = [Path(f"/card/{image_name(emulator, 5, n, 3, 'x')}") for n in (1, 2, 3)]
    found = settings_for(emulator, 5, images)
    assert found.file == f"{emulator}.ini"
    assert found.lines[:3] == ("[SCSI5]", "Type = 2", "BlockSize = 512")
    assert [line.partition(" = ")[2] for line in found.lines[3:]] == [p.name for p in images]
    assert any("eject" in note for note in found.notes)


def test_more_images_than_the_ini_file_lists() -> None:
    images = [Path(f"/card/{n}.iso") for n in range(11)]
    found = settings_for(Emulator.ZULUSCSI, 6, images)
    assert not any(line.startswith("IMG") for line in found.lines)
    assert any("order of their names" in note for note in found.notes)


def test_piscsi_is_told_the_block_size_of_every_disc() -> None:
    found = settings_for(Emulator.PISCSI, 6, [Path("/x/a.iso"), Path("/x/my b.iso")])
    assert [shlex.split(line) for line in found.lines] == [
        ["scsictl", "-i", "6", "-c", "attach", "-t", "sccd", "-b", "512", "-f", "a.iso"],
        ["scsictl", "-i", "6", "-c", "eject"],
        ["scsictl", "-i", "6", "-c", "insert", "-b", "512", "-f", "my b.iso"],
    ]


@needs("qemu-system-sparc", "qemu-system-sparc64")
def test_qemu_takes_the_lines(tmp_path: Path) -> None:
    """Both machines start with the first disc, and change to the second."""
    discs = [tmp_path / "one, 1.iso", tmp_path / "the other.iso"]
    for disc in discs:
        disc.write_bytes(bytes(1 << 20))
    found = settings_for(Emulator.QEMU, 6, discs)
    machines, changes = found.lines[:2], found.lines[2:]
    assert len(changes) == 1
    typed = "info block\n" + changes[0].removeprefix("(qemu) ") + "\ninfo block\nquit\n"
    for line in machines:
        argv = [*shlex.split(line), "-S", "-serial", "none", "-monitor", "stdio"]
        done = run(argv, stdin=typed.encode(), timeout=120)
        said = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", done.stdout.decode())
        first, _, second = said.partition("change cd")
        assert re.search(rf"cd \(.*\): {re.escape(str(discs[0]))} \(raw, read-only\)", first), said
        assert re.search(rf"cd \(.*\): {re.escape(str(discs[1]))} \(raw, read-only\)", second), said
