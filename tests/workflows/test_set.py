# SPDX-License-Identifier: Apache-2.0
"""The whole way: a host is captured, discs are made, the discs bring it back.

The judges are the Linux kernel, which reads the source disks and the restored ones alike,
The Sleuth Kit, sfdisk and mmls, Debian's restore, and cmp.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from judge import Rows
from label_judging import judge_label, sector
from set_judging import judge_disks, judge_dumps, rows_of, without_long_names
from set_making import Made, make_set, mkboot

from fixtures.sunlabel import slices_of
from mkboot.formats.label import SECTOR, read_label

pytestmark = needs(
    "makefs", "genisoimage", "qemu-system-x86_64", "fsstat", "sfdisk", "fdisk", "mmls", "restore"
)


@pytest.fixture(scope="module", params=["sparc-2.6", "sparc-9"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    layout = str(request.param)
    release = {"sparc-2.6": "8", "sparc-9": "9"}[layout]
    seed = {"sparc-2.6": 3, "sparc-9": 4}[layout]
    work = tmp_path_factory.mktemp("set")
    return make_set(work, layout=layout, release=release, seed=seed, media="44M", big=False)


@pytest.fixture(scope="module")
def source_rows(made: Made) -> dict[str, Rows]:
    return rows_of(made.host.disks, made)


def restored(made: Made, work: Path, *, sizes: dict[str, str] | None = None) -> dict[str, Path]:
    disks = {name: work / f"{name}.img" for name in made.host.disks}
    words: list[str] = []
    for name, path in disks.items():
        words += ["--disk", f"{name}={path}{(sizes or {}).get(name, '')}"]
    mkboot("restore", made.job / "set", *words)
    return disks


def test_several_volumes(made: Made) -> None:
    assert len(made.volumes) >= 2
    assert all(v.stat().st_size <= 44_000_000 for v in made.volumes)


def test_the_same_disks_come_back_equal(
    made: Made, source_rows: dict[str, Rows], tmp_path: Path
) -> None:
    disks = restored(made, tmp_path)
    judge_disks(disks, made, source_rows)
    for name, path in disks.items():
        with path.open("rb") as ours, made.host.disks[name].open("rb") as theirs:
            assert ours.read(SECTOR) == theirs.read(SECTOR)
        assert path.stat().st_size == made.host.disks[name].stat().st_size
        assert judge_label(path) == made.host.shapes[name] == judge_label(made.host.disks[name])


def test_other_disks_get_everything_too(
    made: Made, source_rows: dict[str, Rows], tmp_path: Path
) -> None:
    sizes = {"c0t0d0": ",200MB,19x80", "c0t1d0": ",300MB"}
    disks = restored(made, tmp_path, sizes=sizes)
    judge_disks(disks, made, source_rows)
    shapes = {name: judge_label(path) for name, path in disks.items()}
    assert shapes["c0t0d0"][:2] == (19, 80)
    assert shapes["c0t1d0"][:2] == made.host.shapes["c0t1d0"][:2]
    for name, size in (("c0t0d0", 200_000_000), ("c0t1d0", 300_000_000)):
        assert 0 <= size // SECTOR - shapes[name].sectors < shapes[name].cylinder
        tags = {n: entry.tag for n, entry in slices_of(sector(disks[name], 0)).items()}
        assert tags == {n: e.tag for n, e in slices_of(made.host.labels[name]).items()}


def test_two_builds_are_the_same_bytes(made: Made, tmp_path: Path) -> None:
    again = tmp_path / "job"
    shutil.copytree(made.job, again)
    shutil.rmtree(again / "set")
    mkboot("build", again)
    for volume in made.volumes:
        done = subprocess.run(["cmp", volume, again / "set" / volume.name], capture_output=True)
        assert done.returncode == 0, done.stdout
    assert (again / "set/SHA256SUMS").read_bytes() == (made.job / "set/SHA256SUMS").read_bytes()


def test_the_sums_are_what_other_programs_say(made: Made) -> None:
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=made.job / "set", check=False)
    assert done.returncode == 0


def test_cksum_and_sum_on_the_disc(made: Made, tmp_path: Path) -> None:
    """Every file of a volume is in cksum.txt and sum.txt, with what coreutils say."""
    for number, volume in enumerate(made.volumes, 1):
        top = tmp_path / str(number)
        top.mkdir()
        subprocess.run(["bsdtar", "-xf", volume, "-C", top], check=True)
        for name, tool in (("cksum.txt", ["cksum"]), ("sum.txt", ["sum", "-s"])):
            lines = (top / "mkboot" / name).read_text().splitlines()
            rows = [line.split(" ") for line in lines]
            assert all(len(row) == 3 for row in rows)
            for crc, size, path in rows:
                said = subprocess.run([*tool, path], cwd=top, capture_output=True, check=True)
                assert said.stdout.decode().split() == [crc, size, path]
            listed = {row[2] for row in rows}
            there = {
                str(p.relative_to(top))
                for p in top.rglob("*")
                if p.is_file() and not p.is_symlink()
            }
            own = {"mkboot/cksum.txt", "mkboot/sum.txt"}
            assert there - listed <= own, (number, name)


def test_the_environment_is_carried_and_the_product_is_not(made: Made, tmp_path: Path) -> None:
    listed = subprocess.run(
        ["isoinfo", "-R", "-f", "-i", made.volume(1)], capture_output=True, check=True
    ).stdout.split(b"\n")
    assert not [p for p in listed if b"/Product" in p or b"/Docs" in p]
    wanted = [p for p in made.base.slice_0 if b"/Tools/Boot/usr/" in p]
    there = {p.rpartition(b"/")[2] for p in listed}
    assert {p.rpartition(b"/")[2] for p in wanted} <= there
    for needed in (b"/.cdtoc", b"/.slicemapfile", b"/README.TXT", b"/mkboot/set.json"):
        assert needed in listed


def test_boot_areas_and_boot_slices_are_kept(made: Made) -> None:
    base, ours = made.base.path.read_bytes(), made.volume(1).read_bytes()
    old, new = read_label(base[:SECTOR]), read_label(ours[:SECTOR])
    for number in range(1, 6):
        a, b = old.start(number) * SECTOR, new.start(number) * SECTOR
        assert base[a + SECTOR : a + 8192] == ours[b + SECTOR : b + 8192], number
        if number > 1:
            length = old.entry(number).sectors * SECTOR
            assert base[a : a + length] == ours[b : b + length], number
    assert len(ours) == max(new.start(e.number) + e.sectors for e in new.used) * SECTOR


def test_every_dump_through_restore(
    made: Made, source_rows: dict[str, Rows], tmp_path: Path
) -> None:
    """Debian's restore gives the tree, less what formats.md 4.5 says it cannot do."""
    left = without_long_names(made, source_rows, tmp_path / "job")
    home = left["c0t1d0s7"]
    assert len(home) < len(source_rows["c0t1d0s7"])
    assert any(row.device and row.device[0] > 255 for row in home.values())
    judge_dumps(left, tmp_path / "job/capture", tmp_path)
