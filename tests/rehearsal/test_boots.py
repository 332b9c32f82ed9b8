# SPDX-License-Identifier: Apache-2.0
"""Starts of the emulated machine: what boots, what refuses, in which order things happen."""

from __future__ import annotations

from pathlib import Path

from conftest import needs
from hand_disc import (
    DISK_PATH,
    DRIVE_PATH,
    SECTORS,
    SYSIDCFG,
    Disc,
    home_tree,
    installed_tree,
    make_disc,
    make_disk,
)

from mkboot.rehearsal.faults import parse_fault
from mkboot.rehearsal.namespace import run_inside
from mkboot.rehearsal.spec import DiskSpec, DriveSpec, Json, MachineSpec
from mkboot.rehearsal.verdict import RunRecord
from mkboot.rehearsal.wire import Order, record_from
from mkboot.tree.filetree import FileTree

pytestmark = needs("unshare", "chroot", "dash")

REBOOT = b"echo 'mkboot: step 1 of 1: reboot: now'\necho 'mkboot: RESTORED'\nuadmin 2 1\n"


class Run:
    """One rehearsal: the record, and all that the console said."""

    def __init__(self, record: RunRecord, console: str) -> None:
        self.record = record
        self.console = console
        self.ends = [boot.ended for boot in record.boots]


def run(
    tmp_path: Path,
    disc: Disc | None = None,
    *,
    root: FileTree | None = None,
    home: FileTree | None = None,
    faults: tuple[str, ...] = (),
    arguments: tuple[str, ...] = (),
    release: str = "8",
    karch: str = "sun4u",
    memory: int = 256,
    drives: int = 1,
) -> Run:
    image = tmp_path / "c0t0d0.img"
    if root is not None:
        make_disk(image, root, home)
    volume = make_disc(tmp_path / "volume-1.iso", disc or Disc(REBOOT))
    machine = MachineSpec(
        release, karch, "SUNW,Ultra-5_10", memory, "demo",
        disks=(DiskSpec(DISK_PATH, image, SECTORS, 4, 32),),
        drives=(DriveSpec(DRIVE_PATH),) * drives,
    )  # fmt: skip
    order = Order(
        machine, {1: volume}, faults=tuple(parse_fault(f) for f in faults), arguments=arguments,
        seconds=60,
    )  # fmt: skip
    said: list[str] = []

    def hear(event: Json) -> None:
        if event.get("event") == "console":
            said.append(str(event["text"]))

    task = "mkboot.rehearsal.rehearse:task"
    document = run_inside(task, order.as_json(), hear, seconds=90, memory=256 << 20)
    return Run(record_from(document), "".join(said))


def test_a_disc_that_only_reboots_and_a_disk_that_is_whole(tmp_path: Path) -> None:
    done = run(tmp_path, root=installed_tree(), home=home_tree())
    assert done.record.reason == "", done.console
    assert done.record.finished
    assert [b.typed for b in done.record.boots] == ["boot cdrom", "by itself"]
    assert done.ends[-1] == "multi-user: multi-user"
    assert done.record.questions == 0
    assert [s.id for s in done.record.steps] == ["reboot"]
    assert done.record.assumed


def test_by_hand_in_the_single_user_shell(tmp_path: Path) -> None:
    done = run(tmp_path, root=installed_tree(), home=home_tree(), arguments=("-s",))
    assert done.record.finished, done.record.reason
    assert "# sh /cdrom/mkboot/restore" in done.console
    assert done.record.boots[0].typed == "boot cdrom -s"


def test_without_the_flag_the_interactive_installation_waits(tmp_path: Path) -> None:
    disc = Disc(REBOOT, miniroot={b".tmp_proto/.install_boot": None})
    done = run(tmp_path, disc)
    assert "hands-free flag" in done.record.reason
    (tmp_path / "x").mkdir()
    done = run(tmp_path / "x", disc, root=installed_tree(), home=home_tree(),
               arguments=("-", "install"))  # fmt: skip
    assert done.record.finished, done.record.reason


def test_what_sysid_asks_is_counted(tmp_path: Path) -> None:
    text = SYSIDCFG.replace(b"timezone=GMT\n", b"")
    disc = Disc(REBOOT, miniroot={b".tmp_proto/root/etc/sysidcfg": text})
    done = run(tmp_path, disc, root=installed_tree(), home=home_tree())
    assert done.record.questions == 1
    assert done.record.exchanges[0].asked == "sysid: timezone"


def refused(tmp_path: Path, disc: Disc | None = None, **more: object) -> str:
    return run(tmp_path, disc, **more).record.reason  # type: ignore[arg-type]


def test_no_boot_block_no_boot(tmp_path: Path) -> None:
    assert "no boot block" in refused(tmp_path, Disc(boot_block=False))


def test_a_redirect_to_nowhere_is_no_boot(tmp_path: Path) -> None:
    assert "redirects nowhere" in refused(tmp_path, Disc(redirect=b"x"))


def test_no_ufsboot_no_boot(tmp_path: Path) -> None:
    disc = Disc(miniroot={b"platform/sun4u/ufsboot": None})
    assert "ufsboot" in refused(tmp_path, disc)


def test_no_cdtoc_is_the_end(tmp_path: Path) -> None:
    assert ".cdtoc" in refused(tmp_path, Disc(files={b".cdtoc": None}))


def test_too_little_memory_is_the_end(tmp_path: Path) -> None:
    assert "memory" in refused(tmp_path, memory=36)


def test_no_drive_is_no_boot(tmp_path: Path) -> None:
    assert "no drive" in refused(tmp_path, drives=0)


def test_no_rules_no_restore(tmp_path: Path) -> None:
    disc = Disc(files={b".install_config/rules.ok": b"any - restore.beg - restore.fin\n"})
    assert "no version line" in refused(tmp_path, disc)


def test_a_rule_that_names_a_profile_is_not_modelled(tmp_path: Path) -> None:
    rules = b"any - restore.beg any.prof restore.fin\n# version=2 checksum=1\n"
    disc = Disc(b"exit 0\n", files={b".install_config/rules.ok": rules})
    done = run(tmp_path, disc)
    assert done.record.not_modelled is not None
    assert done.record.not_modelled[0] == "pfinstall"


def test_a_script_that_fails_ends_in_a_shell(tmp_path: Path) -> None:
    assert "ended with status 3" in refused(
        tmp_path, Disc(files={b".install_config/restore.fin": b"exit 3\n"})
    )


def test_an_unlabelled_disk_does_not_boot(tmp_path: Path) -> None:
    assert "Bad magic number" in refused(tmp_path)


def test_an_empty_file_system_that_vfstab_wants_is_told(tmp_path: Path) -> None:
    assert "/export/home" in refused(tmp_path, root=installed_tree())


def test_a_root_on_a_metadevice_does_not_come_up(tmp_path: Path) -> None:
    root = installed_tree({b"etc/system": b"* ours\nrootdev:/pseudo/md@0:0,10,blk\n"})
    done = run(tmp_path, root=root, home=home_tree())
    assert "panic: cannot mount root" in done.record.reason


def test_a_mount_point_may_lie_in_another_file_system_or_be_missing(tmp_path: Path) -> None:
    rows = b"".join(
        b"/dev/dsk/c0t0d0s%d /dev/rdsk/c0t0d0s%d %s ufs %d %s -\n" % row
        for row in (
            (0, 0, b"/", 1, b"no"),
            (7, 7, b"/mnt", 2, b"yes"),
            (7, 7, b"/mnt/%s", 3, b"yes"),
        )
    )
    for name, good in ((b"lost+found", True), (b"data", False)):
        (tmp_path / name.decode()).mkdir()
        root = installed_tree({b"etc/vfstab": rows.replace(b"/mnt/%s", b"/mnt/" + name)})
        done = run(tmp_path / name.decode(), root=root, home=home_tree())
        assert done.record.finished == good, done.record.reason
        assert good or "no such directory" in done.record.reason


def test_nobody_goes_multi_user_before_all_is_restored(tmp_path: Path) -> None:
    disc = Disc(REBOOT.replace(b"RESTORED", b"stage 1 is complete"))
    done = run(tmp_path, disc, root=installed_tree(), home=home_tree())
    assert done.record.reason == "multi-user, but nothing is RESTORED"


STAGE_2 = {b"etc/rcS.d/S71mkboot": b"#!/sbin/sh\necho mkboot: RESTORED >/dev/console\n"}
STAGE_1 = Disc(REBOOT.replace(b"RESTORED", b"stage 1 is complete"))


def test_a_script_of_ours_in_rcs_d_runs_before_local_mounts(tmp_path: Path) -> None:
    done = run(tmp_path, STAGE_1, root=installed_tree(STAGE_2), home=home_tree())
    assert done.record.finished, done.record.reason
    early = {b"etc/rcS.d/S30mkboot": b"exit 0\n"}
    (tmp_path / "e").mkdir()
    done = run(tmp_path / "e", STAGE_1, root=installed_tree(early), home=home_tree())
    assert "before / is writable" in done.record.reason


MANIFEST = b"""<?xml version='1.0'?>
<service_bundle type='manifest' name='x'><service name='site/x' type='service' version='1'>
<create_default_instance enabled='true'/>
<dependency name='a' grouping='require_all' restart_on='none' type='service'>
<service_fmri value='svc:/system/filesystem/minimal'/></dependency>
<dependent name='b' grouping='require_all' restart_on='none'>
<service_fmri value='svc:/system/filesystem/local'/></dependent>
<exec_method type='method' name='start' exec='/sbin/sh /mkboot/start' timeout_seconds='0'/>
</service></service_bundle>
"""


def smf(manifest: bytes, script: bytes = b"echo mkboot: RESTORED >/dev/console\n") -> FileTree:
    files = {b"var/svc/manifest/site/x.xml": manifest, b"mkboot/start": script}
    return installed_tree(files, "10")


def test_a_service_of_ours_runs_before_filesystem_local(tmp_path: Path) -> None:
    done = run(tmp_path, STAGE_1, root=smf(MANIFEST), home=home_tree(), release="10")
    assert done.record.finished, done.record.reason


def test_a_service_that_nobody_waits_for_holds_nothing_up(tmp_path: Path) -> None:
    other = MANIFEST.replace(b"filesystem/local", b"console-login")
    done = run(tmp_path, STAGE_1, root=smf(other), home=home_tree(), release="10")
    assert done.record.reason == "multi-user, but nothing is RESTORED"


def test_a_service_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    short = MANIFEST.replace(b"seconds='0'", b"seconds='1'")
    script = b"sleep 2\necho mkboot: RESTORED >/dev/console\n"
    done = run(tmp_path, STAGE_1, root=smf(short, script), home=home_tree(), release="10")
    assert "SMF kills it" in done.record.reason


def test_a_power_cut_in_stage_1_is_followed_by_the_disc_again(tmp_path: Path) -> None:
    script = b"echo 'mkboot: step 1 of 2: wait: now'\nsleep 1\n" + REBOOT
    done = run(tmp_path, Disc(script), root=installed_tree(), home=home_tree(),
               faults=("power-cut=wait",))  # fmt: skip
    assert done.record.finished, done.record.reason
    assert [b.typed for b in done.record.boots] == ["boot cdrom", "boot cdrom", "by itself"]
    assert str(done.record.steps[0].status) == "cut"


def test_a_fault_that_never_happens_is_no_pass(tmp_path: Path) -> None:
    done = run(tmp_path, root=installed_tree(), home=home_tree(), faults=("power-cut=nowhere",))
    assert "never failed" in done.record.reason


def test_the_wrong_disc_and_none_at_first(tmp_path: Path) -> None:
    done = run(tmp_path, root=installed_tree(), home=home_tree(), faults=("no-disc=1",))
    assert done.record.finished, done.record.reason
    assert done.ends[0].startswith("ok: Can't open boot device")


def test_a_question_at_the_console_is_counted_and_a_stop_ends_it(tmp_path: Path) -> None:
    script = b"echo 'mkboot: which disk is it? '\nread x </dev/console\n" + REBOOT
    done = run(tmp_path, Disc(script), root=installed_tree(), home=home_tree())
    assert done.record.finished, done.record.reason
    assert done.record.questions == 1
    (tmp_path / "s").mkdir()
    stop = b"echo 'mkboot: STOPPED: no room'\n/sbin/sh </dev/console >/dev/console 2>&1\n"
    done = run(tmp_path / "s", Disc(stop))
    assert done.record.reason == "no room"
    assert done.record.questions == 0
