# SPDX-License-Identifier: Apache-2.0
"""README.TXT and the plan behind it, for hosts and discs that tests/workflows do not make."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import missing
from hand_manifests import accepting, disk, manifest, record

from mkboot.model.manifest import SetManifest
from mkboot.model.plan import Action
from mkboot.model.system import Holds
from mkboot.recovery.handbook import stages
from mkboot.recovery.plan import make_plan
from mkboot.recovery.readme import readme
from mkboot.recovery.typed import CHECK, VOL, number_patterns, quote
from mkboot.recovery.vtoc import vtoc_notes, vtoc_table

SHELLS = [shell for shell in ("dash", "posh", "bash") if not missing(shell)]
HOST = {b"/": 2, b"/usr": 2, b"/var": 1, b"/export": 3}


def typed(text: str) -> list[str]:
    """The lines that a person types at a shell."""
    return re.findall(r"(?m)^ {7}# (.*)$", text)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_text_has_the_order_of_the_plan() -> None:
    made = manifest(HOST, strategy="root-first", room=5)
    names = {
        Action.VERIFY: "check /", Action.LABEL: "fmthard ", Action.SWAP: "swap ",
        Action.NEWFS: "newfs ", Action.MOUNT: "mount -F ufs ", Action.RESTORE: "ufsrestore ",
        Action.ADAPT: "touch /a/reconfigure", Action.INSTALLBOOT: "installboot ",
        Action.UNMOUNT: "umount /", Action.CHECK: "fsck ", Action.BOOT: "halt",
        Action.REBOOT: "reboot",
    }  # fmt: skip
    assert set(names) == set(Action)
    told = []
    for line in typed(readme(made, 1)):
        told += [a for a, word in names.items() if line.startswith(word) or f"| {word}" in line]
        told += [Action.RESTORE] if line == ") | ufsrestore rf -" and told[-1] != "restore" else []
    assert told == [step.action for step in make_plan(made).steps]


def test_the_boot_block_is_written_while_usr_is_mounted() -> None:
    for strategy, room in (("single", 100), ("root-first", 5), ("two-drive", 3)):
        lines = typed(readme(manifest(HOST, strategy=strategy, room=room), 1))
        boot = next(n for n, line in enumerate(lines) if line.startswith("installboot"))
        assert lines.index("mount -F ufs /dev/dsk/${D0}s3 /a/usr") < boot
        assert boot < lines.index("umount /a/usr")


def test_no_line_after_the_assignment_names_a_disk() -> None:
    for strategy, room in (("single", 100), ("root-first", 5), ("two-drive", 3)):
        lines = typed(readme(manifest(HOST, strategy=strategy, room=room), 1))
        named = [x for x in lines if re.search(r"/dev/r?dsk/c\d", x)]
        assert all(re.match(r"CD2?=", x) for x in named)
        assert lines.count("D0=c0t0d0") == (2 if strategy == "root-first" else 1)


def test_every_segment_is_read_once_from_the_disc_that_was_asked_for() -> None:
    made = manifest({b"/": 2, b"/usr": 1, b"/home": 30}, strategy="two-drive", room=4)
    segments = [s for stream in made.streams for s in stream.segments]
    assert len(made.volumes) > 4
    at, read = 0, []
    for line in typed(readme(made, 1)):
        if found := re.match(r" *vol (\d) /tmp/cd2 \$CD2$", line):
            at = int(found[1])
        if found := re.match(r" *cat (/tmp/cd2|/cdrom)(/mkboot/seg/\S+)", line):
            here = [s for s in segments if fnmatch.fnmatchcase(s.file, found[2])]
            assert {s.volume for s in here} == {1 if found[1] == "/cdrom" else at}
            read += here
    assert read == segments


def test_levels_are_restored_one_upon_the_other() -> None:
    lines = typed(readme(manifest({b"/": 2}, levels=3), 1))
    at = [n for n, line in enumerate(lines) if "| ufsrestore rf -" in line]
    assert [re.findall(r"s0\.(\d)\.", lines[n]) for n in at] == [["0"], ["1"], ["2"]]
    assert at == list(range(at[0], at[0] + 3))
    assert [n for n, line in enumerate(lines) if "restoresymtable" in line] == [at[-1] + 1]


def test_what_early_scripts_mount_comes_first_where_it_fits() -> None:
    host = {b"/": 1, b"/opt": 9, b"/var": 1, b"/usr": 1, b"/var/adm": 1}
    roomy = readme(manifest(host, strategy="root-first", room=6), 1)
    lines = typed(roomy)
    assert lines.index("umount /a/var/adm") < lines.index("halt")
    assert "still empty" not in roomy
    tight = readme(manifest({**host, b"/var/adm": 4}, strategy="root-first", room=5), 1)
    assert "umount /a/var/adm" not in typed(tight)
    assert "/var/adm did not fit volume 1 and is still empty" in flat(tight)


def test_a_mount_point_that_cannot_be_typed() -> None:
    made = manifest({b"/": 1, b"/exp\xf6rt": 1, "/ö".encode(): 1, b"/a\\x": 1, b"/it's 1": 1})
    lines = typed(readme(made, 1))
    where = [x.partition("s")[2] for x in lines if x.startswith("mount -F ufs")]
    text = readme(made, 1)
    assert text.count("cannot be typed") == 2
    points = [x[len("mkdir -p ") :] for x in lines if x.startswith("mkdir")]
    made_by_sh = [
        subprocess.run(["sh", "-c", f"printf %s {p}"], capture_output=True, check=True).stdout
        for p in points
    ]
    assert sorted(made_by_sh) == [b"/a/a\\x", b"/a/it's 1", b"/tmp/c0t0d0s3", b"/tmp/c0t0d0s4"]
    assert len(where) == 5


def test_what_the_set_lacks_is_told_on_every_volume() -> None:
    left = ("c0t0d0s6: 75392 sectors of something that is no UFS", "c0t0d0s7: '/tmp' and all")
    made = manifest(HOST, strategy="two-drive", room=3, left_out=left)
    made = accepting(made, "was not unmounted")
    assert len(made.volumes) > 1
    for volume in made.volumes:
        text = readme(made, volume.number)
        head = flat(text[: text.index("HOW TO BRING")])
        assert all(line in head for line in left)
        assert "c0t0d0s0 (/): captured although it was was not unmounted" in head
    assert "Nothing that was found" in readme(manifest(HOST), 1)


def test_files_that_the_list_cannot_name() -> None:
    text = readme(manifest(HOST), 1, unlisted=["/a b", *(f"/odd {n}" for n in range(30))])
    assert "\n  /a b\n" in text
    assert "and 11 more" in text
    assert "there is none" in readme(manifest(HOST), 1, unlisted=[])
    assert "there is none" not in readme(manifest(HOST), 1)


MD = b"""\
/dev/md/dsk/d1 - - swap - no -
/dev/md/dsk/d0 /dev/md/rdsk/d0 / ufs 1 no logging
/dev/md/dsk/d10 /dev/md/rdsk/d10 /export ufs 2 yes -
/dev/dsk/c9t9d9s0 /dev/rdsk/c9t9d9s0 /other ufs 2 yes -
"""
SYSTEM = (
    "set a=1\n* Begin MDD root info (do not edit)\nforceload: misc/md_stripe\n"
    "rootdev:/pseudo/md@0:0,0,blk\n* End MDD root info (do not edit)\nset b=2\n"
)


def run_edits(made: SetManifest, top: Path) -> None:
    """Run what is typed before the boot on files below ``top``."""
    body = next(s.body for s in stages(made) if s.title == "Before it boots.")
    lines = [line for part in body if isinstance(part, tuple) for line in part]
    script = "\n".join(x for x in lines if not x.startswith("eeprom"))
    script = re.sub(r"(?<=[ >=])/a/", f"{top}/a/", script)
    done = subprocess.run(["sh", "-ec", script], capture_output=True, check=False, cwd=top)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_root_on_a_metadevice_becomes_a_plain_one(tmp_path: Path) -> None:
    etc, drv = tmp_path / "a/etc", tmp_path / "a/kernel/drv"
    etc.mkdir(parents=True)
    drv.mkdir(parents=True)
    (etc / "system").write_text(SYSTEM)
    (etc / "vfstab").write_bytes(MD)
    (drv / "md.conf").write_text(
        "nmd=128;\n# Begin MDD database info\nx\n# End MDD database info\n"
    )
    run_edits(manifest(HOST, vfstab=MD), tmp_path)
    assert (etc / "system").read_text() == "set a=1\nset b=2\n"
    assert (drv / "md.conf").read_text() == "nmd=128;\n"
    assert (tmp_path / "a/reconfigure").exists()
    live = [x.split() for x in (etc / "vfstab").read_text().splitlines() if x[0] != "#"]
    assert live == [
        ["/dev/dsk/c9t9d9s0", "/dev/rdsk/c9t9d9s0", "/other", "ufs", "2", "yes", "-"],
        ["/dev/dsk/c0t0d0s0", "/dev/rdsk/c0t0d0s0", "/", "ufs", "1", "no", "logging"],
        ["/dev/dsk/c0t0d0s5", "/dev/rdsk/c0t0d0s5", "/export", "ufs", "2", "yes", "-"],
        ["/dev/dsk/c0t0d0s1", "-", "-", "swap", "-", "no", "-"],
    ]


def test_a_vfstab_line_that_cannot_be_typed() -> None:
    vfstab = MD + b"/dev/md/dsk/d7 /dev/md/rdsk/d7 /it's ufs 2 yes -\n"
    text = readme(manifest({b"/": 1, b"/it's": 1}, vfstab=vfstab), 1)
    assert "by hand" in text
    assert "\n   /dev/dsk/c0t0d0s3 /dev/rdsk/c0t0d0s3 /it's ufs 2 yes -\n" in text
    assert len([x for x in typed(text) if x.startswith("echo")]) == 2


def test_a_root_on_vxvm_becomes_a_plain_one(tmp_path: Path) -> None:
    etc = tmp_path / "a/etc"
    etc.mkdir(parents=True)
    (etc / "system").write_text(
        "set a=1\nrootdev:/pseudo/vxio@0:0\nset vxio:vol_rootdev_is_volume=1\n"
    )
    vfstab = b"/dev/vx/dsk/rootvol /dev/vx/rdsk/rootvol / ufs 1 no -\n"
    (etc / "vfstab").write_bytes(vfstab)
    run_edits(manifest(HOST, vfstab=vfstab), tmp_path)
    assert (etc / "system").read_text() == "set a=1\n"
    assert (etc / "vx/reconfig.d/state.d/install-db").exists()
    assert "\n/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no -\n" in (etc / "vfstab").read_text()


def test_the_boot_device_and_the_password_are_told() -> None:
    text = flat(readme(manifest(HOST, strategy="root-first", room=5), 1))
    assert "c0t0d0s0: /pci@1f,0/scsi@1/sd@0,0:a on the host" in text
    assert "asks for root's password" in text
    assert "begin Begin" not in text


@pytest.mark.parametrize("shell", SHELLS)
def test_check_counts_and_names_what_is_bad(shell: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    disc = tmp_path / "disc"
    (disc / "mkboot/seg").mkdir(parents=True)
    lines = []
    for name in ("a", "b", "c"):
        (disc / "mkboot/seg" / name).write_text(name * 5000)
        done = subprocess.run(
            ["cksum", f"mkboot/seg/{name}"], cwd=disc, capture_output=True, check=True, text=True
        )
        lines.append(done.stdout)
    (disc / "mkboot/cksum.txt").write_text("".join(lines) + "1 2 other/file\n")
    (disc / "mkboot/seg/b").write_text("B" * 5000)
    (disc / "mkboot/seg/c").unlink()
    tabs = tmp_path / "bin/cksum"
    tabs.write_text(f"#!/bin/sh\n{shutil.which('cksum')} \"$@\" | tr ' ' '\\011'\n")
    tabs.chmod(0o755)
    script = "\n".join([f"PATH={tmp_path}/bin:$PATH", *CHECK, f"check {disc}"])
    out = subprocess.run([shell, "-c", script], capture_output=True, check=True, text=True).stdout
    assert out == "mkboot/seg/b IS BAD\nmkboot/seg/c IS BAD\n1 files are good\n"


def test_lines_have_room_on_a_screen() -> None:
    for layout, strategy, room in (("sparc-2.6", "single", 100), ("sparc-9", "root-first", 5)):
        made = manifest(HOST, strategy=strategy, room=room, vfstab=MD, layout=layout)
        text = readme(made, 1)
        assert [line for line in text.splitlines() if len(line) > 79] == []
        assert ("TMPDIR=/a; export TMPDIR" in typed(text)) == (layout == "sparc-9")


def test_the_functions_have_nothing_that_bourne_lacks() -> None:
    text = "\n".join([*CHECK, *VOL, *typed(readme(manifest(HOST, vfstab=MD), 1))])
    assert not re.search(r"\$\(|\[\[|\blocal\b|\bfunction\b|-e |! |\^(?!\.|/|rootdev)", text)
    assert "eject cdrom" not in text


def test_patterns_name_a_range_and_nothing_else() -> None:
    for first, last in ((1, 1), (7, 23), (1, 999), (10, 99), (98, 104), (100, 100), (5, 800)):
        patterns = number_patterns(f"{first:03d}", f"{last:03d}")
        numbers = " ".join(f"{n:03d}" for n in range(1000))
        loops = [f"for n in {numbers}; do case $n in {p}) echo $n;; esac; done" for p in patterns]
        done = subprocess.run(
            ["sh", "-c", "\n".join(loops)], capture_output=True, check=True, text=True
        )
        assert [int(n) for n in done.stdout.split()] == list(range(first, last + 1))


def test_quoting() -> None:
    for text in ("a b", "it's", "$x`y`", 'q"', "\\", ""):
        done = subprocess.run(
            ["sh", "-c", f"printf %s {quote(text)}"], capture_output=True, check=True, text=True
        )
        assert done.stdout == text


def rows(text: str) -> dict[int, tuple[int, int, int]]:
    found = [x.split() for x in text.splitlines() if not x.startswith("*")]
    return {int(r[0]): (int(r[1]), int(r[3]), int(r[4])) for r in found}


def test_only_a_slice_2_that_is_the_whole_disk_is_left_out_of_the_table() -> None:
    whole = {"tag": 5, "holds": Holds.WHOLE_DISK}
    s0 = record(0, 0, 100, tag=2)
    usual = disk(s0, record(2, 0, 1000, **whole))
    assert rows(vtoc_table(usual)) == {0: (2, 0, 20_000)}
    assert not list(vtoc_notes(usual))
    also = disk(s0, record(2, 0, 1000, **whole), record(6, 0, 1000, **whole))
    assert rows(vtoc_table(also)) == {0: (2, 0, 20_000), 6: (5, 0, 200_000)}
    data = disk(s0, record(2, 100, 500, tag=0), record(7, 600, 10, **whole))
    assert rows(vtoc_table(data)) == {
        0: (2, 0, 20_000), 2: (0, 20_000, 100_000), 7: (0, 120_000, 2000),
    }  # fmt: skip
    assert ["c0t0d0s7" in note for note in vtoc_notes(data)] == [True]


def test_what_fmthard_refuses_is_a_comment_and_told() -> None:
    over = disk(record(0, 0, 100, tag=2), record(2, 0, 900, tag=5, holds=Holds.WHOLE_DISK))
    assert rows(vtoc_table(over)) == {0: (2, 0, 20_000)}
    (note,) = vtoc_notes(over)
    assert "c0t0d0s2" in note
    assert "180000 sectors, tag 5" in note
