# SPDX-License-Identifier: Apache-2.0
"""The disc's own scripts, run by Bourne-like shells on stand-ins for the Sun's commands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import missing
from engine_bench import DISK, DRIVE, OTHER, TERMINATED, Bench, made_set

SHELLS = [shell for shell in ("dash", "posh") if not missing(shell)]
HOST = {b"/": 2, b"/usr": 1, b"/var": 1, b"/export": 3, b"/export/home": 2}
FIRST, LATER = ("c0t0d0s0", "c0t0d0s3", "c0t0d0s4"), ("c0t0d0s5", "c0t0d0s6")
LABEL = {"0": [2, 0, 0, 40_000], "2": [5, 0, 0, 200_000]}


def bench(tmp_path: Path, mounts: dict[bytes, int] | None = None, **options: Any) -> Bench:
    made, segments = made_set(mounts or {b"/": 2, b"/usr": 1, b"": 1}, **options)
    return Bench(tmp_path / "sun", made, segments)


def two_stages(tmp_path: Path, **options: Any) -> Bench:
    return bench(tmp_path, HOST, strategy="root-first", room=5, **options)


def restored(sun: Bench, *slices: str) -> None:
    """The named file systems hold what they held, besides what the plan changes."""
    for slice_ in slices:
        files = sun.fs(slice_)
        for name, data in sun.expected(slice_).items():
            assert files.get(name) == data, (slice_, name)
        assert "restoresymtable" not in files


@pytest.mark.parametrize("shell", SHELLS)
def test_single(tmp_path: Path, shell: str) -> None:
    sun = bench(tmp_path, levels=2)
    sun.shell = shell
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    assert sun.output == ""
    assert sun.state["log"] == ["reboot"]
    assert sun.console.splitlines()[-1] == "mkboot: RESTORED"
    restored(sun, "c0t0d0s0", "c0t0d0s3", "c0t0d0s4")
    root = sun.fs("c0t0d0s0")
    assert b"STOPPED" not in root["var/adm/mkboot.log"]
    assert {"reconfigure", "var/adm/mkboot.log"} == set(root) - set(sun.expected("c0t0d0s0"))
    assert sun.state["boot"] == {f"{DISK}:0": "block"}
    assert sun.state["nvram"]["boot-device"] == "disk net"
    assert sun.state["disks"][DISK]["label"]["1"] == [3, 0, 180_000, 10_000]
    steps = re.findall(r"step (\d+) of (\d+): (\S+):", sun.console)
    assert [int(n) for n, _, _ in steps] == list(range(1, len(steps) + 1))
    assert {m for _, m, _ in steps} == {str(len(steps))}


@pytest.mark.parametrize("shell", SHELLS)
def test_root_first(tmp_path: Path, shell: str) -> None:
    sun = two_stages(tmp_path)
    sun.shell = shell
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    assert "mkboot: stage 1 is complete" in sun.console
    assert "RESTORED" not in sun.console
    sun.boot_disk()
    assert (sun.top / "a/etc/rcS.d/S99mkboot").is_file()
    sun.console = ""
    assert sun.stage2() == TERMINATED, sun.console + sun.output
    assert sun.output == ""
    assert sun.console.splitlines()[-1] == "mkboot: RESTORED"
    assert sun.state["log"] == ["reboot", "disc 2", "reboot"]
    assert not (sun.top / "a/mkboot").exists()
    assert not (sun.top / "a/etc/rcS.d/S99mkboot").exists()
    sun.halt()
    restored(sun, *FIRST, *LATER)
    assert "file system 5 of 5, volume 2 of 2" in sun.console


def test_a_cut_in_stage_2_goes_on_at_that_file_system(tmp_path: Path) -> None:
    sun = two_stages(tmp_path)
    assert sun.stage1() == TERMINATED
    sun.boot_disk()
    sun.state["faults"] = ["fsck-nothing"]
    sun.save()
    assert sun.stage2() == 1
    assert "STOPPED: fsck is not content with c0t0d0s5 (0, not to its end)" in sun.console
    sun.state["faults"] = []
    done = sun.top / "a/mkboot/state/done"
    done.write_text("c0t0d0s5\n")
    sun.save()
    (sun.top / "calls").write_text("")
    assert sun.stage2() == TERMINATED, sun.console + sun.output
    newfs = [x for x in (sun.top / "calls").read_text().splitlines() if x.startswith("newfs")]
    assert [x[-2:] for x in newfs] == ["s6"]
    restored(sun, *LATER)


def test_wrong_discs_are_told_and_asked_for_again(tmp_path: Path) -> None:
    sun = two_stages(tmp_path)
    assert sun.stage1() == TERMINATED
    sun.boot_disk()
    other = sun.top / "discs/other/mkboot/id"
    other.mkdir(parents=True)
    (other / "0123456789abcdef.2").write_text("")
    (sun.top / "discs/foreign").mkdir()
    sun.wrong = {2: ["", "foreign", "other", "1"]}
    assert sun.stage2() == TERMINATED, sun.console + sun.output
    told = re.findall(
        r"mkboot: (this is .*); wanted is volume 2 of 2 \(MKB_QUARRY_2\)", sun.console
    )
    assert told == [
        "this is no disc that can be read", "this is no disc of a recovery set",
        "this is volume 2 of another set (0123456789abcdef)", "this is volume 1 of this set",
    ]  # fmt: skip
    restored(sun, *LATER)


def test_a_damaged_later_disc_is_told_before_a_byte_of_it_is_used(tmp_path: Path) -> None:
    sun = two_stages(tmp_path)
    assert sun.stage1() == TERMINATED
    sun.boot_disk()
    shutil.copytree(sun.top / "discs/2", sun.top / "discs/bad")
    segment = sorted((sun.top / "discs/bad/mkboot/seg").iterdir())[-1]
    segment.write_bytes(b"\xff" + segment.read_bytes()[1:])
    sun.wrong = {2: ["bad"]}
    sun.console = ""
    assert sun.stage2() == TERMINATED, sun.console + sun.output
    assert f"volume 2 of 2 (MKB_QUARRY_2) is bad: /mkboot/seg/{segment.name}" in sun.console
    at = sun.console.index("is bad")
    assert ", volume 2 of 2, " not in sun.console[:at]
    restored(sun, *LATER)


@pytest.mark.parametrize("what", ["segment", "engine.disk", "list"])
def test_a_damaged_first_disc_is_told_before_a_disk_is_touched(tmp_path: Path, what: str) -> None:
    sun = bench(tmp_path)
    disc = sun.top / "discs/1/mkboot"
    if what == "list":
        (disc / "cksum.txt").unlink()
    else:
        file = disc / "engine.disk" if what != "segment" else sorted((disc / "seg").iterdir())[-1]
        file.write_bytes(file.read_bytes() + b"\n")
    assert sun.stage1() == 1
    assert "is bad: " in sun.console
    assert "STOPPED: the disc is damaged; nothing was written" in sun.console
    assert "mkboot: next: " in sun.console
    assert "fmthard" not in (sun.top / "calls").read_text()


def test_nobody_at_the_console(tmp_path: Path) -> None:
    sun = two_stages(tmp_path)
    assert sun.stage1() == TERMINATED
    sun.boot_disk()
    start = sun.top / "a/mkboot/start"
    start.write_text(start.read_text().replace("LOG=", "X=$CON LOG="))
    text = (sun.top / "a/mkboot/engine").read_text()
    (sun.top / "a/mkboot/engine").write_text(text.replace("read ANSWER <$CON", "false"))
    assert sun.stage2() == 1
    assert "STOPPED: c0t0d0s5: volume 2 was not put in" in sun.console


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("lost-file", "STOPPED: ufsrestore of c0t0d0s0, level 0, was not right (exit 0)"),
        ("newfs-nothing", "STOPPED: c0t0d0s0 cannot be mounted"),
        ("fsck-nothing", "STOPPED: fsck is not content with c0t0d0s4 (0, not to its end)"),
    ],
)
def test_commands_that_end_with_0_and_did_nothing(tmp_path: Path, fault: str, said: str) -> None:
    sun = bench(tmp_path)
    sun.state["faults"] = [fault]
    assert sun.stage1() == 1
    assert said in sun.console, sun.console
    assert sun.console.splitlines()[-1].startswith("mkboot: next: sh /")
    sun.state["faults"] = []
    sun.save()
    again = f"{sun.top}/cdrom/mkboot/restore"
    assert sun.run(again) == TERMINATED, sun.console + sun.output
    restored(sun, "c0t0d0s0", "c0t0d0s3", "c0t0d0s4")


def test_an_old_file_system_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    sun = bench(tmp_path)
    assert sun.stage1() == TERMINATED
    sun.boot_disk()
    sun.halt()
    sun.state["faults"] = ["newfs-nothing"]
    assert sun.stage1() == 1
    assert "STOPPED: c0t0d0s0 is not a new file system" in sun.console


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("memory", 16, "STOPPED: this machine has 16 MB of memory, 64 MB are needed"),
        ("tmp", 0, "STOPPED: /tmp has room for 0 KB"),
    ],
)
def test_too_little(tmp_path: Path, name: str, value: int, said: str) -> None:
    sun = bench(tmp_path)
    sun.state[name] = value
    assert sun.stage1() == 1
    assert said in sun.console
    assert ("fmthard" in (sun.top / "calls").read_text()) == (name == "tmp")


def test_a_missing_command_is_told_or_borrowed(tmp_path: Path) -> None:
    sun = bench(tmp_path)
    (sun.top / "bin/prtconf").rename(sun.top / "prtconf")
    assert sun.stage1() == 1
    assert "STOPPED: this system lacks: prtconf" in sun.console
    borrowed = sun.top / "cdrom/mkboot/bin"
    borrowed.mkdir()
    text = (sun.top / "prtconf").read_text()
    (borrowed / "prtconf").write_text(text.replace("exec", 'echo "$LD_LIBRARY_PATH" >&2; exec'))
    (borrowed / "prtconf").chmod(0o755)
    assert sun.run(f"{sun.top}/cdrom/mkboot/restore") == TERMINATED, sun.console + sun.output


def test_a_blank_disk_is_labelled_by_format(tmp_path: Path) -> None:
    sun = bench(tmp_path)
    sun.state["disks"][DISK]["label"] = None
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    assert "it has no label" in sun.console
    assert "Unable to read Disk geometry" in sun.console
    restored(sun, "c0t0d0s0")


def test_other_names_of_disks(tmp_path: Path) -> None:
    """The host's first disk is c1t0d0 here, and its own name belongs to another."""
    sun = bench(tmp_path)
    sun.state["disks"][OTHER] = {"spc": 300, "ncyl": 900, "label": LABEL, "name": ""}
    sun.names({DISK: "c1t0d0", OTHER: "c0t0d0", DRIVE: "c0t6d0"})
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    assert sun.state["disks"][OTHER]["label"] == LABEL
    assert f"c1t0d0 ({DISK}) becomes c0t0d0" in sun.console


def test_another_path_of_the_same_size_is_taken(tmp_path: Path) -> None:
    sun = bench(tmp_path)
    disk = sun.state["disks"].pop(DISK)
    sun.state["disks"] = {OTHER: disk}
    sun.names({OTHER: "c0t9d0", DRIVE: "c0t6d0"})
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    assert f"c0t0d0: nothing at {DISK}, but c0t9d0 is as large: it is taken" in sun.console
    assert sun.state["nvram"]["boot-device"] == OTHER.replace("sd@", "disk@") + ":a"


def test_another_disk_is_asked_for_and_its_cylinders_are_rounded_to(tmp_path: Path) -> None:
    sun = bench(tmp_path)
    del sun.state["disks"][DISK]
    sun.state["disks"][OTHER] = {"spc": 319, "ncyl": 900, "label": LABEL, "name": ""}
    sun.names({OTHER: "c0t9d0", DRIVE: "c0t6d0"})
    sun.answers = ["nonsense", "", "c0t9d0"]
    sun.state["faults"] = ["nvram"]
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    label = sun.state["disks"][OTHER]["label"]
    rows = {n: (row[2] // 319, row[3] // 319) for n, row in label.items()}
    assert rows == {"0": (0, 32), "3": (32, 32), "4": (64, 32), "1": (96, 32), "2": (0, 900)}
    assert "type at ok: boot /pci@1f,0/scsi@1/disk@9,0:a" in sun.console


def test_a_disk_that_is_too_small(tmp_path: Path) -> None:
    sun = bench(tmp_path)
    sun.state["disks"][DISK].update(spc=100, ncyl=90)
    assert sun.stage1() == 1
    assert re.search("STOPPED: c0t0d0 has 90 cylinders, its slices need [0-9]+", sun.console)
    assert "fmthard" not in (sun.top / "calls").read_text()


def test_a_mirrored_root_becomes_a_plain_slice(tmp_path: Path) -> None:
    vfstab = (
        b"/dev/md/dsk/d0\t/dev/md/rdsk/d0\t/\tufs\t1\tno\tx`y\n/dev/md/dsk/d1 - - swap - no -\n"
    )
    sun = bench(tmp_path, vfstab=vfstab)
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    root = sun.fs("c0t0d0s0")
    assert root["etc/system"] == b"a\nb\n"
    assert root["etc/vfstab"].splitlines() == [
        b"#/dev/md/dsk/d0 - / ufs 1 no -",
        b"/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no x`y",
        b"/dev/dsk/c0t0d0s1 - - swap - no -",
    ]


def test_hostile_mount_points_do_nothing(tmp_path: Path) -> None:
    names = {b"/": 1, b"/a b`touch x`": 1, b"/$(x)'\"": 1, b"/x\ny": 1, b"/\xe9^b|c": 1}
    sun = bench(tmp_path, names)
    before = {p.name for p in Path.cwd().iterdir()}
    assert sun.stage1() == TERMINATED, sun.console + sun.output
    restored(sun, "c0t0d0s0", "c0t0d0s3", "c0t0d0s4", "c0t0d0s5", "c0t0d0s6")
    assert {p.name for p in Path.cwd().iterdir()} == before
    assert sun.output == ""


def test_a_strategy_that_only_a_person_can_carry_out(tmp_path: Path) -> None:
    sun = bench(tmp_path, HOST, strategy="two-drive", room=3)
    assert sun.stage1() == 1
    assert "STOPPED: a set of strategy two-drive is restored by hand" in sun.console
    assert "mkboot: next: read" in sun.console


def test_a_cut_leaves_no_disk_that_boots(tmp_path: Path) -> None:
    sun = bench(tmp_path)
    sun.state["boot"] = {f"{DISK}:0": "an old block"}
    sun.state["faults"] = ["lost-file"]
    assert sun.stage1() == 1
    assert sun.state["boot"][f"{DISK}:0"].startswith("# SPDX")
