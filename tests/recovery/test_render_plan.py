# SPDX-License-Identifier: Apache-2.0
"""The plan as files of verb calls: complete, counted, and quoted."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hand_manifests import disk, manifest, record
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.model.plan import Action
from mkboot.model.system import Holds
from mkboot.recovery.plan import make_plan
from mkboot.recovery.render_plan import STEP_VERBS, Call, calls, render_plan
from mkboot.recovery.vtoc import vtoc_rows

HOST = {b"/": 2, b"/usr": 2, b"/var": 1, b"/export": 3, b"/var/adm": 3}


def words(text: bytes | None) -> list[list[str]]:
    assert text is not None
    return [shlex.split(x) for x in text.decode().splitlines() if not x.startswith("#")]


def test_every_step_of_the_plan_is_in_one_stage() -> None:
    made = manifest(HOST, strategy="root-first", room=6)
    plan = render_plan(made)
    ids = [[w[1] for w in words(s) if w[0] in STEP_VERBS] for s in (plan.stage1, plan.stage2)]
    own = {"commands", "memory", "disks", "stage2", "boot-device"}
    planned = [s.id for s in make_plan(made).steps]
    later = [s.id for s in make_plan(made).steps if s.action is Action.VERIFY][1:]
    assert [x for x in (*ids[0], *ids[1]) if x not in own] == [x for x in planned if x not in later]
    assert ids[0][-1] == "boot"
    assert ids[1][-1] == "reboot"


def test_counts_are_told_so_that_what_is_lost_is_missed() -> None:
    made = manifest(HOST, strategy="root-first", room=6)
    plan = render_plan(made)
    for number, stage in enumerate((plan.stage1, plan.stage2), 1):
        lines = words(stage)
        head = lines[0]
        assert head[:3] == ["plan_is", str(number), made.set_id]
        assert int(head[4]) == calls(stage or b"") == sum(w[0] in STEP_VERBS for w in lines)
        assert int(head[7]) == sum(w[0] == "system_is" for w in lines)
        assert int(head[6]) == len(made.system.file_systems)
        for line in lines:
            if line[0] == "restore_fs":
                told = [w for w in lines if w[0] == "segment_is" and w[1:3] == line[2:4]]
                assert len(told) == int(line[4])


def test_segments_are_told_with_growing_shares() -> None:
    """Each stage has those that it restores; the first has all of volume 1, which it verifies."""
    made = manifest(HOST, strategy="root-first", room=12, levels=2)
    plan = render_plan(made)
    segments = {s.file: s for stream in made.streams for s in stream.segments}
    mounts = {fs.mount: fs.slice for fs in made.system.file_systems}
    later = tuple(f"/mkboot/seg/{mounts[m]}." for m in (b"/var/adm", b"/export"))
    for number, stage in enumerate((plan.stage1, plan.stage2), 1):
        told = [w for w in words(stage) if w[0] == "segment_is"]
        wanted = {f for f, s in segments.items() if f.startswith(later)}
        if number == 1:
            wanted = {f for f, s in segments.items() if f not in wanted or s.volume == 1}
        assert {w[7] for w in told} == wanted
        assert len(told) == len(wanted)
        for w in told:
            s = segments[w[7]]
            assert [int(x) for x in w[3:6]] == [s.volume, s.checksums.cksum, s.checksums.size]
        shares = [int(w[6]) for w in told]
        assert shares == sorted(shares)
        assert 0 <= shares[0] < shares[-1] < 100


def test_an_early_file_system_that_comes_later_is_made_empty_first() -> None:
    tight = {**HOST, b"/var/adm": 9}
    lines = words(render_plan(manifest(tight, strategy="root-first", room=6)).stage1)
    assert [w[1] for w in lines if w[0] == "empty_fs"] == ["c0t0d0s6"]


def test_where_file_systems_are_mounted() -> None:
    made = manifest({b"/": 1, b"/usr": 1, b"/../etc": 1, b"/x\ny": 1, b"": 1})
    at = {w[2]: w[3] for w in words(render_plan(made).stage1) if w[0] == "mount_fs"}
    assert at == {"c0t0d0s0": "/", "c0t0d0s3": "/usr", "c0t0d0s4": "-", "c0t0d0s5": "-",
                  "c0t0d0s6": "-"}  # fmt: skip


def test_smf_for_10_and_rc_before() -> None:
    made = manifest(HOST, strategy="root-first", room=6)
    for version, kind in (("2.6", "rc"), ("9", "rc"), ("10", "smf")):
        release = replace(made.system.release, version=version)
        host = replace(made, system=replace(made.system, release=release))
        plan = render_plan(host)
        assert ["put_stage2", "stage2", kind] in words(plan.stage1)
        assert words(plan.stage2)[0][8] == ("no" if version == "2.6" else "yes")


def test_tmpdir_is_for_the_booted_release() -> None:
    for layout, word in (("sparc-2.6", "no"), ("sparc-9", "yes")):
        assert words(render_plan(manifest({b"/": 1}, layout=layout)).stage1)[0][8] == word


def test_strategies_of_a_person() -> None:
    plan = render_plan(manifest(HOST, strategy="two-drive", room=3))
    assert words(plan.stage1) == [["not_by_engine", "two-drive"]]
    assert plan.stage2 is None


@pytest.mark.parametrize(
    "change",
    [
        {"set_id": "x y"}, {"set_id": "../x"}, {"set_id": "%p;w /etc/passwd"},
        {"volumes": "a\\nb"}, {"volumes": "`x`"}, {"streams": "/mkboot/seg/../../x"},
        {"streams": "/mkboot/seg/a b"},
    ],
)  # fmt: skip
def test_names_that_are_not_ours_are_refused(change: dict[str, str]) -> None:
    made = manifest({b"/": 1})
    if "set_id" in change:
        made = replace(made, set_id=change["set_id"])
    elif "volumes" in change:
        made = replace(made, volumes=(replace(made.volumes[0], volume_id=change["volumes"]),))
    else:
        segment = replace(made.streams[0].segments[0], file=change["streams"])
        made = replace(made, streams=(replace(made.streams[0], segments=(segment,)),))
    with pytest.raises(InputError):
        render_plan(made)


def test_a_device_path_that_is_none_is_not_looked_for() -> None:
    made = manifest({b"/": 1})
    odd = replace(made.system.disks[0], path="/x%p\nw y")
    lines = words(render_plan(replace(made, system=replace(made.system, disks=(odd,)))).stage1)
    assert [w[4] for w in lines if w[0] == "disk_is"] == ["-"]


@given(st.lists(st.binary(max_size=20).filter(lambda b: b"\0" not in b), max_size=4))
def test_words_come_back_as_they_were(parts: list[bytes]) -> None:
    line = Call("verb", tuple(parts)).line()
    text = line.decode("latin-1")
    assert shlex.split(text) == ["verb", *(p.decode("latin-1") for p in parts)]


def test_rows_of_a_table_lie_in_order_and_take_up_no_false_whole_disk() -> None:
    made = disk(
        record(2, 0, 1000, tag=5, holds=Holds.WHOLE_DISK), record(7, 50, 50),
        record(0, 100, 50), record(1, 900, 50, tag=5),
    )  # fmt: skip
    assert vtoc_rows(made) == ((2, 5, 0, 0, 1000), (7, 0, 0, 50, 50), (0, 0, 0, 100, 50),
                               (1, 0, 0, 900, 50))  # fmt: skip
