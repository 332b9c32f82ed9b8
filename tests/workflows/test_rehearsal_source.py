# SPDX-License-Identifier: Apache-2.0
"""Which changes a plan announces: each in its file system, and nothing beyond."""

from __future__ import annotations

from dataclasses import replace

from hand_manifests import manifest

from mkboot.model.system import Release
from mkboot.rehearsal.judge import Allowed
from mkboot.workflows.rehearsal_edits import edits
from mkboot.workflows.rehearsal_source import allowed_changes

MOUNTS = {b"/": 1, b"/var": 1, b"/export/home": 1}


def changes(*lines: str, release: str = "8") -> dict[tuple[bytes, bytes], Allowed]:
    made = manifest(MOUNTS)
    system = replace(made.system, release=Release(release, b"", "sun4u", ""))
    found = allowed_changes(replace(made, system=system), [line.split() for line in lines])
    return {(a.mount, a.path): a for a in found}


def test_a_plan_that_says_nothing_changes_nothing() -> None:
    assert changes() == {}
    assert changes("check_fs check-c0t0d0s0 c0t0d0s0", "nonsense") == {}


def test_up_to_7_mounting_writes_mnttab() -> None:
    assert set(changes(release="7")) == {(b"/", b"/etc/mnttab"), (b"/", b"/etc")}


def test_restoresymtable_touches_the_root_of_what_is_restored_only() -> None:
    found = changes("restore_fs restore-c0t0d0s3-0 c0t0d0s3 0 1")
    assert set(found) == {(b"/var", b"/")}
    assert found[b"/var", b"/"].fields == {"mtime"}


def test_a_plain_root_gets_reconfigure_and_keeps_its_vfstab() -> None:
    found = changes("adapt_root adapt-c0t0d0s0 c0t0d0s0 none -")
    assert found[b"/", b"/reconfigure"].fields == {"path"}
    assert (b"/", b"/etc/vfstab") not in found
    assert "content" not in {f for a in found.values() for f in a.fields}


def test_a_mirrored_root_has_its_files_edited() -> None:
    found = changes("adapt_root adapt-c0t0d0s0 c0t0d0s0 md c0t0d0s1")
    assert "content" in found[b"/", b"/etc/vfstab"].fields
    assert found[b"/", b"/etc/vfstab.was"].fields == {"path"}
    assert "content" not in found[b"/", b"/etc"].fields


MDD = b"* Begin MDD root info\nrootdev:/pseudo/md@0:0,0,blk\n* End MDD root info\n"


def test_what_edited_files_become_is_said_apart_from_the_engine() -> None:
    made = manifest(MOUNTS)
    vfstab = b"/dev/md/dsk/d0 /dev/md/rdsk/d0 / ufs 1 no -\nswap - /tmp tmpfs - yes -\n"
    system = replace(made.system, vfstab=vfstab)
    found = edits(system, "md")
    assert found[b"/etc/system"](b"set x=1\n" + MDD + b"set y=2\n") == b"set x=1\nset y=2\n"
    assert found[b"/kernel/drv/md.conf"](b"a\n") == b"a\n"
    new = found[b"/etc/vfstab"](vfstab)
    assert new.startswith(b"#" + vfstab)
    assert new.splitlines()[-1] == b"/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no -"
    old = b"rootdev:/pseudo/vxio@0:0\nset vxio:vol_rootdev_is_volume=1\nset z=3\n"
    assert edits(system, "vx")[b"/etc/system"](old) == b"set z=3\n"
    assert edits(system, "none") == {}


def test_the_second_stage_and_the_log_lie_in_their_file_systems() -> None:
    found = changes("put_stage2 stage2 smf", "finish reboot")
    assert (b"/var", b"/svc/manifest/site") in found
    assert (b"/var", b"/svc") in found
    assert (b"/var", b"/adm/mkboot.log") in found
    assert (b"/", b"/etc/rcS.d") not in found
    assert (b"/", b"/etc/rcS.d") in changes("put_stage2 stage2 rc")
