# SPDX-License-Identifier: Apache-2.0
"""Random layouts of slices onto random disks: what must hold of every label, and of a refusal."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.formats.label import (
    SECTOR,
    SliceEntry,
    check_label,
    make_label,
    read_label,
    write_label,
)
from mkboot.model.system import Disk, FileSystem, Holds, Release, SliceRecord, System
from mkboot.model.values import Geometry, UfsParameters
from mkboot.recovery.targets import TargetDisk, TargetPlan, plan_disk

WHOLE = 2
TAGS = {Holds.UFS: 8, Holds.SWAP: 3, Holds.UNKNOWN: 0}
EXAMPLES = 400


class Case(NamedTuple):
    """A captured disk, the bytes used in its file systems, and the disk that is to take it."""

    host: System
    disk: Disk
    used: dict[int, int]
    target: TargetDisk


@st.composite
def cases(draw: st.DrawFn) -> Case:
    cylinder = (heads := draw(st.integers(1, 40))) * (nsect := draw(st.integers(17, 400)))
    numbers = draw(st.permutations([0, 1, 3, 4, 5, 6, 7]))[: draw(st.integers(1, 7))]
    records, at = [], 0
    for number in numbers:
        at += draw(st.sampled_from([0, 0, 0, 3]))
        count = draw(st.integers(1, 300))
        holds = draw(st.sampled_from([Holds.UFS, Holds.UFS, Holds.SWAP, Holds.UNKNOWN]))
        flag = draw(st.sampled_from([0, 1, 0x10]))
        records.append(
            SliceRecord(number, at * cylinder, count * cylinder, TAGS[holds], flag, holds)
        )
        at += count
    geometry = Geometry(heads, nsect, at, 2, at + 2, 5400)
    if draw(st.booleans()):
        records.append(SliceRecord(WHOLE, 0, at * cylinder, 5, 1, Holds.WHOLE_DISK))
    used = {
        r.number: r.sectors * SECTOR * draw(st.integers(1, 90)) // 100
        for r in records
        if r.holds is Holds.UFS
    }
    shape = draw(st.just((None, None)) | st.tuples(st.integers(1, 60), st.integers(17, 500)))
    size = geometry.pcyl * cylinder * draw(st.integers(30, 300)) // 100
    return Case(*captured(geometry, records, used), used, TargetDisk("c0t0d0", size, *shape))


def captured(
    geometry: Geometry, records: list[SliceRecord], used: dict[int, int]
) -> tuple[System, Disk]:
    slices = [
        SliceEntry(r.number, r.start // geometry.cylinder, r.sectors, r.tag, r.flag)
        for r in records
    ]
    label = write_label(make_label(geometry, slices, volume=b"vol")).hex()
    sectors = geometry.pcyl * geometry.cylinder
    disk = Disk("c0t0d0", "", sectors, geometry, label, tuple(records))
    systems = tuple(
        FileSystem(
            f"c0t0d0s{r.number}", b"/%d" % r.number, b"", b"",
            UfsParameters(r.sectors, geometry.nsect, geometry.nhead), used[r.number], 10, (),
        )
        for r in records
        if r.number in used
    )  # fmt: skip
    release = Release("8", b"", "sun4u", "")
    return System(1, "h", release, 0, (disk,), systems, (), (), (), b""), disk


def test_every_layout_on_every_disk() -> None:
    """Most are laid out, some must be refused, and each is judged."""
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases())
    def lay_out(case: Case) -> None:
        try:
            plan = plan_disk(case.host, case.disk, case.target)
        except InputError:
            judge_refusal(case)
            outcomes["refused"] += 1
            return
        if plan.same:
            assert write_label(plan.label).hex() == case.disk.label
            outcomes["same"] += 1
            return
        outcomes[judge_plan(case, plan)] += 1

    lay_out()
    assert outcomes["as it was"] > EXAMPLES // 10, outcomes
    assert outcomes["shrunk"] > EXAMPLES // 40, outcomes
    assert outcomes["refused"] > EXAMPLES // 40, outcomes


def asked(case: Case) -> tuple[int, int, dict[int, int]]:
    """Sectors a cylinder, data cylinders, and the cylinders that each slice would fill."""
    geometry, target = case.disk.geometry, case.target
    cylinder = (target.heads or geometry.nhead) * (target.nsect or geometry.nsect)
    want = {
        r.number: -(-r.sectors // cylinder)
        for r in case.disk.slices
        if r.holds is not Holds.WHOLE_DISK
    }
    return cylinder, target.sectors // cylinder - 2, want


def judge_refusal(case: Case) -> None:
    """Only a disk of too few or too many cylinders is, or one with less than half again of
    what the file systems hold and all of the rest.
    """
    cylinder, ncyl, want = asked(case)
    if not 2 <= ncyl <= 65533:
        return
    least = {
        number: min(count, -(-max(4096, case.used[number] * 3 // 2 // SECTOR) // cylinder))
        if number in case.used
        else count
        for number, count in want.items()
    }
    assert sum(least.values()) > ncyl


def judge_plan(case: Case, plan: TargetPlan) -> str:
    cylinder, ncyl, want = asked(case)
    label = plan.label
    assert (label.geometry.cylinder, label.geometry.ncyl) == (cylinder, ncyl)
    assert (label.geometry.ncyl + label.geometry.acyl) * cylinder <= case.target.sectors
    data = sorted((r for r in case.disk.slices if r.number != WHOLE), key=lambda r: r.start)
    got = {r.number: label.entry(r.number).sectors // cylinder for r in data}
    assert label.start(data[0].number) == 0
    for one, two in pairwise(data):
        assert label.start(one.number) + label.entry(one.number).sectors == label.start(two.number)
    for record in case.disk.slices:
        entry = label.entry(record.number)
        assert (entry.tag, entry.flag) == (record.tag, record.flag)
        assert entry.sectors % cylinder == 0
    if WHOLE in {r.number for r in case.disk.slices}:
        assert (label.start(WHOLE), label.entry(WHOLE).sectors) == (0, ncyl * cylinder)
    assert len(label.used) == len(case.disk.slices)
    assert read_label(write_label(label)).slices == label.slices
    found = check_label(write_label(label), case.target.sectors, disc=False)
    assert [f for f in found if f.code != "slice-overlap"] == []
    if sum(want.values()) <= ncyl:
        assert got == want
        return "as it was"
    assert sum(got.values()) == ncyl
    for number, count in want.items():
        assert got[number] <= count
        if number in case.used:
            assert got[number] * cylinder * SECTOR > case.used[number]
        else:
            assert got[number] == count
    return "shrunk"
