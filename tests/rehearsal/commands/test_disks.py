# SPDX-License-Identifier: Apache-2.0
"""Labels, file systems, mounts, swap, discs and going down, by scripts on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import needs
from storage_inside import CYLINDER, CYLINDERS, HEADS, NSECT, SCSI, SECTORS

from mkboot.demo.bootblocks import fcode_redirect
from mkboot.formats.bootblock import take_out
from mkboot.formats.iso import lay_out_iso
from mkboot.formats.label import SliceEntry, backup_label_sectors, make_label, read_label
from mkboot.formats.ufs import choose_parameters, open_ufs, write_ufs
from mkboot.media.disc import compose_disc
from mkboot.model.values import Geometry
from mkboot.rehearsal.hardware import Disk
from mkboot.rehearsal.namespace import run_inside
from mkboot.rehearsal.spec import Json
from mkboot.rehearsal.ufsstate import is_clean, mark_active
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import NodeType, directory, regular

pytestmark = needs("unshare", "chroot", "dash")

GEOMETRY = Geometry(HEADS, NSECT, CYLINDERS - 2, 2)
SLICES = (
    SliceEntry(0, 0, 20 * CYLINDER, 2), SliceEntry(1, 20, 10 * CYLINDER, 3, 1),
    SliceEntry(2, 0, (CYLINDERS - 2) * CYLINDER, 5), SliceEntry(7, 40, 20 * CYLINDER, 8),
)  # fmt: skip


def disk_in(where: Path, number: int = 0, *, labelled: bool = True) -> Disk:
    disk = Disk(f"{SCSI}/sd@{number},0", where / f"disk{number}", SECTORS, HEADS, NSECT)
    if labelled and disk.label is None:
        disk.put_label(make_label(GEOMETRY, SLICES))
    return disk


def with_ufs(disk: Disk, number: int = 0, text: bytes = b"old text\n") -> None:
    builder = TreeBuilder(directory(), resolution=1000)
    builder.add(0, b"file", regular(BytesContent(text)))
    builder.add(0, b"large", regular(BytesContent(bytes(range(256)) * 1024)))
    window = disk.window(number)
    parameters = choose_parameters(window.size // 512, nhead=HEADS, nsect=NSECT)
    write_ufs(builder.build(), window, parameters, time=1)


def run(where: Path, script: str, **more: object) -> list[str]:
    done = result(where, script, **more)
    assert "not_modelled" not in done and "failed" not in done, done
    lines = done["lines"]
    assert isinstance(lines, list)
    return [str(line) for line in lines]


def result(where: Path, script: str, **more: object) -> Json:
    spec = {"dir": str(where), "script": script, **more}
    return run_inside("storage_inside:script", spec, lambda _e: None, seconds=60)


def test_prtvtoc_byte_for_byte(tmp_path: Path) -> None:
    disk = disk_in(tmp_path, labelled=False)
    disk.put_label(make_label(GEOMETRY, SLICES, volume=b"vol"))
    with_ufs(disk)
    lines = run(tmp_path, "mount /dev/dsk/c0t0d0s0 /a; prtvtoc /dev/dsk/c0t0d0s2; umount /a")
    assert lines == [
        '* /dev/rdsk/c0t0d0s2 (volume "vol") partition map',
        "*",
        "* Dimensions:",
        "*     512 bytes/sector",
        "*      63 sectors/track",
        "*      16 tracks/cylinder",
        "*    1008 sectors/cylinder",
        "*     130 cylinders",
        "*     128 accessible cylinders",
        "*",
        "* Flags:",
        "*   1: unmountable",
        "*  10: read-only",
        "*",
        "* Unallocated space:",
        "*\tFirst     Sector    Last",
        "*\tSector     Count    Sector ",
        "*       30240     10080     40319",
        "*       60480     68544    129023",
        "*",
        "*                          First     Sector    Last",
        "* Partition  Tag  Flags    Sector     Count    Sector  Mount Directory",
        "       0      2    00          0     20160     20159   /a",
        "       1      3    01      20160     10080     30239",
        "       2      5    00          0    129024    129023",
        "       7      8    00      40320     20160     60479",
    ]
    lines = run(
        tmp_path,
        "prtvtoc -f /dev/rdsk/c0t0d0s2; prtvtoc -h /dev/rdsk/c0t0d0s2 | head -1\n"
        "prtvtoc /dev/rdsk/c0t1d0s2; echo $?; prtvtoc /etc; echo $?; prtvtoc /dev/rdsk/x; echo $?\n"
        "prtvtoc -q; echo $?; prtvtoc /dev/rdsk/c0t6d0s2; echo $?",
    )
    assert lines[:2] == [
        "FREE_START=30240 FREE_SIZE=10080 FREE_COUNT=2 FREE_PART=3456",
        "       0      2    00          0     20160     20159",
    ]
    assert lines[2:9] == [
        "prtvtoc: /dev/rdsk/c0t1d0s2: Unable to read Disk geometry errno = 0x16", "1",
        "prtvtoc: /etc: Not a raw device", "1",
        "prtvtoc: /dev/rdsk/x: No such file or directory", "1",
        "Usage:\tprtvtoc [ -fhs ] [ -t vfstab ] [ -m mnttab ] rawdevice ...",
    ]  # fmt: skip
    assert lines[9:] == ["1", "prtvtoc: /dev/rdsk/c0t6d0s2: I/O error", "1"]


FULL = (CYLINDERS - 2) * CYLINDER


@pytest.mark.parametrize(
    ("table", "code", "said"),
    [
        ("0 2 00 0 2016\\n", 0, "fmthard:  New volume table of contents now in place."),
        ("0 2 00 0 20160", 0, "fmthard:  New volume table of contents now in place."),
        ("* a\\n\\n0 2 00 0 2016 3 /a\\n", 0, "fmthard:  New volume table of contents"),
        (" \\n", 1, 'Syntax error: " "'),
        ("0 2 zz 0 2016\\n", 1, "Syntax error"),
        ("8 2 00 0 2016\\n", 1, "No such partition 8"),
        ("0 2 00 1 2016\\n", 1, "Partition 0 not aligned on cylinder boundary"),
        ("0 2 00 0 2015\\n", 1, "Partition 0 not aligned on cylinder boundary"),
        (f"0 2 00 1008 {FULL}\\n", 1, "fmthard: Partition 0 does not fit; the full disk"),
        ("2 5 00 0 2016\\n", 1, "fmthard: Partition 2 specifies the full disk and is not equal"),
        ("0 2 0 0 2016\\n1 3 0 1008 2016\\n", 1, "fmthard: Partition 1 overlaps partition 0."),
        (f"0 2 00 0 {FULL}\\n1 3 0 1008 1008\\n", 0, "fmthard:  New volume table"),
    ],
)
def test_fmthard(tmp_path: Path, table: str, code: int, said: str) -> None:
    before = disk_in(tmp_path).label
    lines = run(tmp_path, f"printf '{table}' | fmthard -s - /dev/rdsk/c0t0d0s2 2>&1; echo $?")
    assert lines[0].startswith(said)
    assert lines[-1] == str(code)
    label = disk_in(tmp_path, labelled=False).label
    assert label is not None
    if code:
        assert label == before
        return
    assert label.entry(0).sectors == (FULL if str(FULL) in table else 2016)
    assert label.entry(2) == SliceEntry(2, 0, FULL, 5, 1)
    assert label.entry(7).sectors == 0
    disk = disk_in(tmp_path, labelled=False)
    for sector in backup_label_sectors(GEOMETRY):
        assert read_label(disk.pread(sector * 512, 512)) == label


def test_fmthard_refuses_what_has_no_label(tmp_path: Path) -> None:
    disk_in(tmp_path)
    lines = run(
        tmp_path,
        "echo '0 2 0 0 1008' >/tmp/t\n"
        "fmthard -s /tmp/t /dev/rdsk/c0t1d0s2\n"
        "echo $?; fmthard -s /tmp/t /dev/dsk/c0t0d0s2; echo $?\n"
        "fmthard -s /tmp/none /dev/rdsk/c0t0d0s2; echo $?; fmthard /dev/rdsk/c0t0d0s2; echo $?\n"
        "fmthard -n name /dev/rdsk/c0t0d0s2; prtvtoc /dev/rdsk/c0t0d0s2 | head -1\n"
        "fmthard -d 7:8:00:41328:1008 /dev/rdsk/c0t0d0s2; prtvtoc -h /dev/rdsk/c0t0d0s2 | tail -1",
    )
    assert lines == [
        "/dev/rdsk/c0t1d0s2: Cannot get disk geometry", "1",
        "fmthard:  /dev/dsk/c0t0d0s2 must be a raw device.", "1",
        "fmthard:  Cannot open file /tmp/none", "1",
        "Usage:\tfmthard [ -i ] [ -n volumename ] [ -s datafile ] [ -d arguments] raw-device", "2",
        "fmthard:  New volume table of contents now in place.",
        '* /dev/rdsk/c0t0d0s2 (volume "name") partition map',
        "       7      8    00      41328      1008     42335",
    ]  # fmt: skip


def test_format_labels_a_blank_disk(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        "echo label >/tmp/f; format -f /tmp/f -d c0t0d0 >/dev/null; echo $?\n"
        "echo quit >>/tmp/f; format -f /tmp/f -d c0t9d0; echo $?\n"
        "echo disk c0t1d0 >/tmp/g; echo quit >>/tmp/g; format -f /tmp/g >/dev/null; echo $?\n"
        "echo nonsense >/tmp/h; format -f /tmp/h; echo $?\n"
        "format </dev/null | grep ' [01]\\.'\n"
        "mount /dev/dsk/c0t0d0s0 /a 2>&1; newfs /dev/rdsk/c0t0d0s0 </dev/null 2>/dev/null\n"
        "mount /dev/dsk/c0t0d0s0 /a; format -f /tmp/f -d c0t0d0 2>&1 >/dev/null",
    )
    assert lines == [
        "1",
        "Unable to find specified disk 'c0t9d0'.", "1",
        "0",
        "`nonsense' is not expected.", "1",
        "       0. c0t0d0 <SUN-like cyl 128 alt 2 hd 16 sec 63>",
        "       1. c0t1d0 <SUN-like cyl 128 alt 2 hd 16 sec 63>",
        "mount: /dev/dsk/c0t0d0s0 is not this fstype",
        "Cannot label disk while it has mounted partitions.",
    ]  # fmt: skip


def test_newfs_asks_a_terminal_only(tmp_path: Path) -> None:
    disk = disk_in(tmp_path)
    with_ufs(disk)
    done = result(tmp_path, "newfs /dev/rdsk/c0t0d0s0; echo $?", answers=["Y\n"])
    assert done["asked"] == ["newfs: construct a new file system /dev/rdsk/c0t0d0s0: (y/n)? "]
    assert done["lines"][-1] == "0"
    assert open_ufs(disk.window(0)).tree().node_at(b"/file") is not None
    result(tmp_path, "newfs c0t0d0s0; echo $?", answers=["y\n"])
    assert open_ufs(disk.window(0)).tree().node_at(b"/file") is None
    lines = run(
        tmp_path,
        "newfs -Z /dev/rdsk/c0t0d0s0 </dev/null 2>/dev/null; echo $?\n"
        "newfs /dev/rdsk/c0t0d0s5 </dev/null; echo $?\n"
        "newfs /dev/rdsk/c0t1d0s0 </dev/null; echo $?\n"
        "newfs /etc </dev/null; echo $?; newfs /dev/rdsk/c9t9d9s0 </dev/null; echo $?\n"
        "newfs -b 1000 /dev/rdsk/c0t0d0s0 </dev/null 2>/dev/null; echo $?\n"
        "newfs </dev/null 2>/dev/null; echo $?\n"
        "mount /dev/dsk/c0t0d0s0 /a; newfs /dev/rdsk/c0t0d0s0 </dev/null; echo $?",
    )
    assert lines == [
        "10",
        "/dev/rdsk/c0t0d0s5: No such device or address", "1",
        "newfs: /dev/rdsk/c0t1d0s0: I/O error accessing VTOC", "10",
        "newfs: /etc: not a raw disk device", "10",
        "/dev/rdsk/c9t9d9s0: No such file or directory", "2",
        "32", "1",
        "/dev/dsk/c0t0d0s0 is mounted, can't mkfs", "32",
    ]  # fmt: skip


@pytest.mark.parametrize(("release", "minfree"), [("2.6", 10), ("9", 6)])
def test_newfs_defaults_by_release(tmp_path: Path, release: str, minfree: int) -> None:
    disk = disk_in(tmp_path, labelled=False)
    disk.put_label(make_label(GEOMETRY, [SliceEntry(0, 0, FULL, 2)]))
    run(tmp_path, "newfs /dev/rdsk/c0t0d0s0 </dev/null", release=release)
    volume = open_ufs(disk.window(0))
    assert volume.superblock.minfree == (10 if release == "2.6" else min(10, 101))
    assert minfree and volume.state.is_clean
    assert volume.tree().node_at(b"/lost+found") is not None
    line = run(tmp_path, "mkfs -F ufs -m /dev/rdsk/c0t0d0s0; fstyp /dev/rdsk/c0t0d0s0")
    assert line[0].startswith("mkfs -F ufs -o nsect=63,ntrack=16,bsize=8192,fragsize=1024,")
    assert line[0].endswith(f" /dev/rdsk/c0t0d0s0 {FULL}")
    assert line[1] == "ufs"


def test_mount_and_what_is_written(tmp_path: Path) -> None:
    """Read from the slice, changed, flushed, read again; the boot block stays."""
    disk = disk_in(tmp_path)
    with_ufs(disk)
    disk.window(0).pwrite(512, b"boot")
    lines = run(
        tmp_path,
        "mount -F ufs /dev/dsk/c0t0d0s0 /a; cat /a/file; echo new >/a/other; sync\n"
        "echo newer >>/a/other; sync; cksum /a/large\n"
        "mount -F ufs /dev/dsk/c0t0d0s0 /mnt; echo $?\n"
        "mkdir /a/dir; mount -F ufs /dev/dsk/c0t0d0s7 /a/dir; echo $?\n"
        "(cd /a; umount /a; echo $?); umount /a; echo $?; umount /a; echo $?\n"
        "cksum /a/large; mount -F ufs -o ro /dev/dsk/c0t0d0s0 /a; cksum /a/large; cat /a/other\n"
        "echo x >/a/y; umount /dev/dsk/c0t0d0s0; echo $?",
    )
    assert lines[0] == "old text"
    assert lines[1].endswith("\t262144\t/a/large")
    assert lines[2:9] == [
        "mount: /dev/dsk/c0t0d0s0 is already mounted or /mnt is busy", "32",
        "mount: /dev/dsk/c0t0d0s7 is not this fstype", "32",
        "umount: /a busy", "1", "0",
    ]  # fmt: skip
    assert lines[9:12] == [
        "umount: warning: /a not in mnttab", "umount: /a not mounted", "1",
    ]  # fmt: skip
    assert lines[13] == lines[1]
    assert lines[14:16] == ["new", "newer"]
    assert "Read-only" in lines[16]
    assert lines[17] == "0"
    assert disk.window(0).pread(512, 4) == b"boot"


def test_an_unclean_file_system(tmp_path: Path) -> None:
    disk = disk_in(tmp_path)
    with_ufs(disk)
    mark_active(disk.window(0), b"/a")
    lines = run(
        tmp_path,
        "mount -F ufs /dev/dsk/c0t0d0s0 /a 2>/tmp/e; echo $?; cat /tmp/e\n"
        "mount -F ufs -o ro /dev/dsk/c0t0d0s0 /a; echo $?; umount /a\n"
        "fsck -m /dev/rdsk/c0t0d0s0; echo $?\n"
        "fsck /dev/rdsk/c0t0d0s0 </dev/null >/dev/null; echo $?\n"
        "fsck -n /dev/dsk/c0t0d0s0 | grep WRITE; fsck -o p /dev/rdsk/c0t0d0s0; echo $?\n"
        "fsck -o p /dev/rdsk/c0t0d0s0; mount -F ufs /dev/dsk/c0t0d0s0 /a; echo $?\n"
        "fsck -y /dev/rdsk/c0t0d0s0 | head -1",
    )
    assert lines[:5] == [
        "mount: Please run fsck and try again", "32",
        "mount: The state of /dev/dsk/c0t0d0s0 is not okay",
        "\tand it was attempted to be mounted read/write", "0",
    ]  # fmt: skip
    assert lines[5:9] == [
        "ufs fsck: sanity check: /dev/rdsk/c0t0d0s0 needs checking", "32", "39",
        "** /dev/rdsk/c0t0d0s0 (NO WRITE)",
    ]  # fmt: skip
    assert lines[9].startswith("/dev/rdsk/c0t0d0s0: 4 files") and lines[10] == "0"
    assert lines[11:] == [
        "/dev/rdsk/c0t0d0s0: is clean.", "0", "/dev/dsk/c0t0d0s0 IS CURRENTLY MOUNTED READ/WRITE.",
    ]  # fmt: skip


def test_fsck_that_checks_nothing_ends_with_0(tmp_path: Path) -> None:
    disk_in(tmp_path)
    lines = run(
        tmp_path,
        "fsck -y /dev/rdsk/c0t0d0s0 >/tmp/o; echo $?; grep -c 'Phase 5' /tmp/o\n"
        "fsck -o p /dev/rdsk/c0t0d0s0 >/dev/null; echo $?; fsck -y /dev/rdsk/c0t0d0s5; echo $?",
    )
    assert lines == [
        "0", "0", "39", "Can't open /dev/rdsk/c0t0d0s5: No such device or address", "34",
    ]  # fmt: skip


def test_power_cut_leaves_what_was_flushed(tmp_path: Path) -> None:
    disk = disk_in(tmp_path)
    with_ufs(disk)
    script = "mount /dev/dsk/c0t0d0s0 /a; echo 1 >/a/one; sync; echo 2 >/a/two"
    run(tmp_path, script, cut=True)
    window = disk.window(0)
    assert not is_clean(window)
    tree = open_ufs(window).tree()
    assert tree.node_at(b"/one") is not None and tree.node_at(b"/two") is None
    disk_in(tmp_path, 1)
    with_ufs(disk_in(tmp_path, 1))
    assert result(tmp_path, "mount /dev/dsk/c0t1d0s0 /a; >/a/x; reboot")["going_down"] == "reboot"
    assert is_clean(disk_in(tmp_path, 1).window(0))
    assert open_ufs(disk_in(tmp_path, 1).window(0)).tree().node_at(b"/x") is not None


def test_swap(tmp_path: Path) -> None:
    with_ufs(disk_in(tmp_path))
    lines = run(
        tmp_path,
        "swap -l; echo $?; swap -a /dev/dsk/c0t0d0s1; echo $?; swap -l | tail -1\n"
        "swap -a /dev/dsk/c0t0d0s1; echo $?; swap -a /dev/rdsk/c0t0d0s7 2>/dev/null; echo $?\n"
        "swap -a c0; echo $?; swap -a /none; echo $?; swap -d /dev/dsk/c0t0d0s1; swap -l; echo $?\n"
        "mount /dev/dsk/c0t0d0s0 /a; swap -a /dev/dsk/c0t0d0s0 2>/dev/null; echo $?",
    )
    assert lines == [
        "No swap devices configured", "1", "0",
        "/dev/dsk/c0t0d0s1    32,1       16    10064    10064",
        "Overlapping swap files are not allowed", "2", "22",
        "swap: path must be absolute", "1",
        "/none: No such file or directory", "2",
        "No swap devices configured", "1", "2",
    ]  # fmt: skip


def disc_image(path: Path) -> str:
    builder = TreeBuilder(directory(), resolution=10**9)
    builder.add(0, b"file", regular(BytesContent(b"on the disc\n")))
    image = lay_out_iso(builder.build(), volume_id="DISC", time=1)
    compose_disc(path, image, [], label_text=b"made by hand", time=1)
    return str(path)


def test_a_disc_is_mounted_and_ejected(tmp_path: Path) -> None:
    done = result(
        tmp_path,
        "mount -F hsfs -o ro /dev/dsk/c0t6d0s0 /cdrom; echo $?; cat /cdrom/file\n"
        "mount -F ufs /dev/dsk/c0t6d0s0 /a; echo $?; eject -q /dev/dsk/c0t6d0s0; echo $?\n"
        "(cd /cdrom; eject /dev/rdsk/c0t6d0s0; echo $?)\n"
        "eject /dev/rdsk/c0t6d0s2; echo $?\n"
        "eject cdrom; echo $?; eject /dev/rdsk/c0t6d0s0; echo $?\n"
        "eject /dev/rdsk/c0t6d0s0; echo $?\n"
        "mount -F hsfs -o ro /dev/dsk/c0t6d0s0 /cdrom; echo $?\n"
        "eject -q /dev/rdsk/c0t6d0s0; echo $?",
        disc=disc_image(tmp_path / "disc"),
    )
    assert done["lines"] == [
        "0", "on the disc",
        "mount: /dev/dsk/c0t6d0s0 is already mounted or /a is busy", "32",
        "/dev/rdsk/c0t6d0s0 is available", "0",
        "WARNING: can not unmount /dev/rdsk/c0t6d0s0, the file system is (probably) busy", "2",
        "/dev/rdsk/c0t6d0s2: Device busy", "3",
        "cdrom: No such file or directory", "2", "0",
        "/dev/rdsk/c0t6d0s0 is not present in a drive", "0",
        "mount: /dev/dsk/c0t6d0s0: I/O error", "33",
        "/dev/rdsk/c0t6d0s0 is not present in a drive", "1",
    ]  # fmt: skip
    assert done["disc"] is False


def test_installboot_and_eeprom(tmp_path: Path) -> None:
    disk = disk_in(tmp_path)
    block = fcode_redirect()
    (tmp_path / "block").write_bytes(block)
    done = result(
        tmp_path,
        "installboot /work/block /dev/rdsk/c0t0d0s0; echo $?\n"
        "installboot /none /dev/rdsk/c0t0d0s0; echo $?; installboot /work/block /etc; echo $?\n"
        "installboot /work/block /dev/rdsk/c0t0d0s5; echo $?; installboot; echo $?\n"
        "eeprom boot-device=disk1; echo $?; eeprom boot-device; eeprom none; echo $?\n"
        "eeprom none=1; echo $?; eeprom auto-boot?=maybe; eeprom 'auto-boot?'",
        files={"block": str(tmp_path / "block")},
    )
    assert done["lines"] == [
        "0", "/none: File not found", "1", "/etc: Not a character device", "1",
        "dd: /dev/rdsk/c0t0d0s5: open: No such device or address", "2",
        "Usage: installboot bootblk raw-device", "1",
        "0", "boot-device=disk1", "none: data not available.", "0",
        "none: invalid property.", "0", "auto-boot?: invalid property.", "auto-boot?=true",
    ]  # fmt: skip
    assert done["nvram"] == {"boot-device": "disk1"}
    taken = take_out(disk.window(0))
    assert taken is not None and taken[: len(block)] == block


@pytest.mark.parametrize("release", ["2.6", "8"])
def test_devices_under_another_root(tmp_path: Path, release: str) -> None:
    with_ufs(disk_in(tmp_path))
    make = (
        "drvconfig -r /a/devices -p /a/etc/path_to_inst; disks -r /a"
        if release == "2.6"
        else "devfsadm -r /a -p /a/etc/path_to_inst"
    )
    lines = run(
        tmp_path,
        f"mount /dev/dsk/c0t0d0s0 /a; mkdir /a/dev /a/devices; {make}; echo $?\n"
        "ls /a/dev/dsk | head -1; umount /a",
        release=release,
    )
    assert lines == ["0", "c0t0d0s0"]
    tree = open_ufs(disk_in(tmp_path).window(0)).tree()
    node = tree.node_at(f"/devices{SCSI}/sd@1,0:h,raw".encode())
    assert node is not None and node.type is NodeType.CHAR
    assert node.device == (32, 15) and (node.uid, node.gid, node.mode) == (0, 3, 0o640)


def test_what_is_not_modelled(tmp_path: Path) -> None:
    disk_in(tmp_path)
    pcfs = "mount -F pcfs /dev/dsk/c0t0d0s0 /a"
    for line in ("mount -a", "umount -a", "format -e", "swap -a /x 1 2", "fsck",
                 "newfs -T c0t0d0s0", "uadmin 5 5", "init 3", pcfs):  # fmt: skip
        assert "not_modelled" in result(tmp_path, f"{line} </dev/null"), line


def test_mountall_from_vfstab(tmp_path: Path) -> None:
    disk = disk_in(tmp_path)
    with_ufs(disk)
    with_ufs(disk, 7, b"seven\n")
    mark_active(disk.window(7), b"/a")
    row = "/dev/dsk/c0t0d0s{0} /dev/rdsk/c0t0d0s{0} {1} ufs 1 {2} -"
    lines = run(
        tmp_path,
        f"echo '{row.format(7, '/a', 'yes')}' >/etc/vfstab\n"
        f"echo '{row.format(0, '/mnt', 'no')}' >>/etc/vfstab\n"
        "mountall -l; echo $?; cat /a/file; mount | grep -c c0t0d0; mountall -l /none; echo $?",
    )
    assert lines[0] == "The /a file system (/dev/rdsk/c0t0d0s7) is being checked."
    assert lines[2:] == ["0", "seven", "1", "mountall: /none: No such file or directory", "1"]
