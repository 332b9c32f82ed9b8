# SPDX-License-Identifier: Apache-2.0
"""Discs and disks under QEMU's firmware, down to a file's checksum."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
from pathlib import Path

import pytest
from boot_images import checksum, make_disc, make_disk, make_iso, make_ufs, put_block
from click.testing import CliRunner
from conftest import ORACLES, needs

from mkboot.cli.boot import command
from mkboot.cli.main import run as mkboot
from mkboot.demo.bootblocks import aout_sun4m, fcode_redirect, ufsboot
from mkboot.errors import CallerError, ProgramError
from mkboot.firmware import Kind, Machine, Verdict
from mkboot.firmware import boot as boot_within

pytestmark = [
    pytest.mark.boot,
    needs("qemu-system-sparc", "qemu-system-sparc64", "makefs", "genisoimage", "toke"),
]

#: Seconds.
LONG = 300.0
RANDOM = random.Random(4)
#: Past the twelve direct blocks.
BIG = RANDOM.randbytes(400_003)
MANY = {f"many/a-name-that-fills-its-directory-{n:04d}": b"%d" % n for n in range(400)}
FILES = {
    "etc/motd": b"hello\n",
    "big": BIG,
    "empty": b"",
    "mkboot-show": b"/etc/motd\n/big\n",
    "platform/sun4u/ufsboot": ufsboot(),
    **MANY,
}
LAST = max(MANY)


def boot(
    path: Path, machine: Machine, kind: Kind, slice_: str | None = None, arguments: str = ""
) -> Verdict:
    """A loaded machine may take minutes for what takes seconds."""
    return boot_within(
        path, machine=machine, kind=kind, slice_=slice_, timeout=LONG, arguments=arguments
    )


def said(verdict: Verdict, word: str) -> list[str]:
    return [x.removeprefix(word).strip() for x in verdict.lines if x.startswith(word)]


def shown(path: str) -> str:
    data = FILES[path]
    return f"/{path} {len(data)} {checksum(data)}"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("boot")


@pytest.fixture(scope="module")
def miniroot(work: Path) -> Path:
    return make_ufs(work / "miniroot.ufs", FILES)


@pytest.fixture(scope="module")
def disc(work: Path, miniroot: Path) -> Path:
    """As Sun lays them out: ISO, miniroot in b, boot slices that redirect to it."""
    iso = make_iso(work / "s0.iso", {"readme": b"hello"})
    redirect = {".SUNW-boot-redirect": b"1\n"}
    sun4m = make_ufs(work / "sun4m.ufs", redirect, aout_sun4m())
    sun4u = make_ufs(work / "sun4u.ufs", redirect, fcode_redirect())
    walk = make_ufs(work / "e.ufs", {"etc/motd": b"hello\n", "big": BIG}, walk_block(work))
    parts = {0: iso, 1: miniroot, 3: sun4m, 4: walk, 5: sun4u}
    image = work / "disc, with a comma.iso"  # QEMU's own options are cut at commas
    return make_disc(image, {n: p.read_bytes() for n, p in parts.items()})


def walk_block(work: Path) -> bytes:
    """The independent boot block that lists a UFS, tokenised as it is."""
    (work / "walk.fs").write_bytes((ORACLES / "walk.fs").read_bytes())
    subprocess.run(["toke", "walk.fs"], cwd=work, check=True, capture_output=True)
    return (work / "walk.fc").read_bytes()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_sun4m_from_its_slice(disc: Path) -> None:
    verdict = boot(disc, "sun4m", "cdrom")
    assert (verdict.verdict, verdict.machine, verdict.slice) == ("booted", "sun4m", "d")
    assert said(verdict, "MKBOOT-SUN4M")[0].endswith("sd@2,0:d")
    assert said(verdict, "MKBOOT-UFS") == ["yes"]


def test_sun4u_through_the_redirect_to_a_file(disc: Path) -> None:
    before = digest(disc)
    verdict = boot(disc, "sun4u", "cdrom", arguments=f"/big /{LAST} /empty /none -s")
    assert (verdict.verdict, verdict.machine, verdict.slice) == ("booted", "sun4u", "f")
    assert said(verdict, "MKBOOT-SLICE")[0].endswith(":f")
    assert said(verdict, "MKBOOT-REDIRECT")[0].endswith(":b")
    assert said(verdict, "MKBOOT-FILE") == [shown("big"), shown(LAST), shown("empty")]
    assert said(verdict, "MKBOOT-NO-FILE") == ["/none"]
    assert said(verdict, "MKBOOT-UFSBOOT-RUNS")[0].endswith(":b")
    assert digest(disc) == before


def test_the_files_to_show_can_stand_in_the_slice(disc: Path) -> None:
    verdict = boot(disc, "sun4u", "cdrom")
    assert said(verdict, "MKBOOT-FILE") == [shown("etc/motd"), shown("big")]


def test_the_walker_lists_a_slice(disc: Path) -> None:
    verdict = boot(disc, "sun4u", "cdrom", slice_="e")
    assert verdict.verdict == "booted"
    table = {x.split()[0]: x.split()[1:] for x in verdict.lines if len(x.split()) == 3}
    assert table["big"] == [f"{len(BIG):x}", checksum(BIG).lstrip("0")]
    assert table["motd"] == ["6", checksum(b"hello\n").lstrip("0")]
    assert "MKBOOT-UFS end" in verdict.lines


def test_a_disk(work: Path, miniroot: Path) -> None:
    bootable = work / "root.ufs"
    bootable.write_bytes(miniroot.read_bytes())
    put_block(bootable, fcode_redirect())
    image = make_disk(work / "disk:1.img", {0: bootable.read_bytes()})
    before = digest(image)
    verdict = boot(image, "sun4u", "disk", arguments="/big")
    assert (verdict.verdict, verdict.slice) == ("booted", "a")
    assert said(verdict, "MKBOOT-REDIRECT") == []
    assert said(verdict, "MKBOOT-FILE") == [shown("big")]
    assert said(verdict, "MKBOOT-UFSBOOT-RUNS")[0].endswith("disk@0:a")
    assert digest(image) == before


def test_a_disk_on_sun4m(work: Path) -> None:
    root = make_ufs(work / "root4m.ufs", {"x": b"y"}, aout_sun4m())
    image = make_disk(work / "disk4m.img", {0: root.read_bytes()})
    verdict = boot(image, "sun4m", "disk")
    assert (verdict.verdict, verdict.slice) == ("booted", "a")
    assert said(verdict, "MKBOOT-UFS") == ["yes"]


def test_a_file_past_its_first_indirect_block(work: Path) -> None:
    """With blocks of 4096 bytes that is at 4 MB; no ufsboot, so it powers off."""
    data = RANDOM.randbytes(4_300_000)
    root = make_ufs(work / "double.ufs", {"double": data}, fcode_redirect(), bsize=4096)
    image = make_disk(work / "double.img", {0: root.read_bytes()})
    verdict = boot(image, "sun4u", "disk", arguments="/double")
    assert verdict.verdict == "booted"
    assert said(verdict, "MKBOOT-FILE") == [f"/double {len(data)} {checksum(data)}"]
    assert "MKBOOT-NO-UFSBOOT" in verdict.lines


def test_another_bit_in_a_file_is_another_checksum(work: Path, disc: Path) -> None:
    data = bytearray(disc.read_bytes())
    data[data.index(BIG[300_000:300_100]) + 50] ^= 1
    flipped = work / "flipped.iso"
    flipped.write_bytes(data)
    verdict = boot(flipped, "sun4u", "cdrom", arguments="/big")
    (line,) = said(verdict, "MKBOOT-FILE")
    assert line.startswith(f"/big {len(BIG)} ")
    assert line != shown("big")


@pytest.mark.parametrize("machine", ["sun4m", "sun4u"])
def test_a_flipped_bit_in_the_label_is_refused(machine: Machine, work: Path, disc: Path) -> None:
    data = bytearray(disc.read_bytes())
    data[100] ^= 1
    image = work / f"label-{machine}.iso"
    image.write_bytes(data)
    assert boot(image, machine, "cdrom").verdict == "refused"


@pytest.mark.parametrize(("machine", "kind"), [("sun4m", "disk"), ("sun4u", "cdrom")])
def test_a_blank_image_does_not_boot(machine: Machine, kind: Kind, work: Path) -> None:
    image = work / f"blank-{machine}"
    image.write_bytes(bytes(2 << 20))
    assert boot(image, machine, kind).verdict in ("refused", "silent")


@pytest.mark.parametrize(("machine", "letter"), [("sun4m", "b"), ("sun4u", "h")])
def test_slices_that_hold_nothing_to_start(machine: Machine, letter: str, disc: Path) -> None:
    assert boot(disc, machine, "cdrom", letter).verdict == "refused"


@pytest.mark.parametrize("digit", [b"x", b"8", b"4"])
def test_a_redirect_that_leads_nowhere_is_refused(digit: bytes, work: Path) -> None:
    """No digit; no such slice; a slice that holds no file system."""
    name = work / f"redirect-{digit.decode()}"
    files = {".SUNW-boot-redirect": digit}
    ufs = make_ufs(name.with_suffix(".ufs"), files, fcode_redirect())
    iso = make_iso(name.with_suffix(".s0"), {"a": b"b"})
    image = make_disc(name, {0: iso.read_bytes(), 5: ufs.read_bytes(), 4: bytes(1 << 20)})
    verdict = boot(image, "sun4u", "cdrom")
    assert said(verdict, "MKBOOT-ERROR")
    assert verdict.verdict == "refused"


@pytest.mark.parametrize(("letter", "status"), [("f", 0), ("c", 1)])
def test_the_command(letter: str, status: int, disc: Path) -> None:
    result = CliRunner().invoke(
        command, ["--json", "--slice", letter, "--timeout", "300", str(disc)], standalone_mode=False
    )
    document = json.loads(result.stdout)
    assert list(document) == ["verdict", "machine", "slice", "lines"]
    assert (document["machine"], document["slice"]) == ("sun4u", letter)
    assert document["verdict"] == ("booted" if status == 0 else "refused")
    assert result.return_value == status


def test_the_machine_is_found_by_the_boot_block(work: Path) -> None:
    root = make_ufs(work / "found.ufs", {"x": b"y"}, aout_sun4m())
    image = make_disk(work / "found.img", {0: root.read_bytes()})
    result = CliRunner().invoke(command, ["--timeout", "300", str(image)], standalone_mode=False)
    assert result.return_value == 0
    assert result.stdout.splitlines()[-1] == "booted: sun4m, slice a"


def test_silence_is_told_in_time(disc: Path) -> None:
    assert boot_within(disc, machine="sun4u", kind="cdrom", timeout=0.5).verdict == "silent"


def test_without_qemu(
    disc: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProgramError, match="qemu-system-sparc64 is not installed") as caught:
        boot(disc, "sun4u", "cdrom")
    assert caught.value.hint == "apt-get install qemu-system-sparc"
    assert mkboot(["boot", str(disc)]) == 4
    assert capsys.readouterr().err.splitlines() == [
        "mkboot: qemu-system-sparc64 is not installed",
        "hint: apt-get install qemu-system-sparc",
    ]


def test_when_qemu_itself_fails(work: Path) -> None:
    """A directory is no image; its word comes along."""
    with pytest.raises(ProgramError, match="QEMU ended with status 1: qemu-system-sparc: "):
        boot(work, "sun4m", "cdrom")


def test_what_is_refused_before_anything_runs(disc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for slice_, arguments in (("i", ""), ("ab", ""), ("f", 'x" power-off'), ("f", "a\nb")):
        with pytest.raises(CallerError):
            boot(disc, "sun4u", "cdrom", slice_=slice_, arguments=arguments)
    with pytest.raises(CallerError, match="no such file"):
        boot(disc.with_name("none"), "sun4u", "cdrom")
    assert mkboot(["boot", str(disc.with_name("none"))]) == 2
    assert mkboot(["boot", "--machine", "x86", str(disc)]) == 2
