# SPDX-License-Identifier: Apache-2.0
"""Machines that are not what they were: each ends as the run book says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import needs
from rehearsing import SmallSet, Told, make_small_set, rehearse
from run_book_lines import judge_stop, position, seen_lines

from fixtures.small_host import DISKS
from mkboot.formats.label import SECTOR, SliceEntry, edit_label, read_label, write_label
from mkboot.model.packing import Packing
from mkboot.model.values import Geometry
from mkboot.recovery.engine_commands import needed
from mkboot.workflows.restore import DiskTarget

pytestmark = needs("unshare", "chroot", "dash")

SMALL = "A disk is too small"
MEMORY = "Not enough memory, or /tmp is full"
ASKED = "No disk is found, or it asks which disk"
FIRST, SECOND = DISKS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallSet:
    return make_small_set(tmp_path_factory.mktemp("machines"))


def size_of(made: SmallSet, disk: str) -> int:
    return made.disks[disk].stat().st_size


def machine(
    path: Path, made: SmallSet, memory: int = 256, places: Mapping[str, str] | None = None
) -> Path:
    """A HOST file: as many disks as places are given, each ``PATH`` or ``PATH BYTES``; both
    disks without any.
    """
    text = f'memory_mb = {memory}\nkarch = "sun4u"\n'
    for name, place in (places or dict.fromkeys(DISKS, "")).items():
        at, _, size = place.partition(" ")
        geometry = DISKS.get(name, DISKS[FIRST])[0]
        text += f'[[disks]]\nname = "{name}"\nbytes = {size or size_of(made, name)}\n'
        text += f'heads = {geometry.nhead}\nsectors = {geometry.nsect}\npath = "{at}"\n'
    path.write_text(text)
    return path


def untouched(told: Told, *disks: str) -> bool:
    return not any(any(told.image(d).read_bytes()) for d in disks)


def test_blank_disks_get_labels(made: SmallSet, tmp_path: Path) -> None:
    told = rehearse(made.job, tmp_path / "out", firmware=True)
    assert told.verdict == "restored", told.done.reason
    for number, disk in enumerate(DISKS):
        path = f"/pci@1f,0/pci@1/scsi@1/sd@{number},0"
        assert f"{disk} ({path}) becomes {disk}; it has no label" in told.lines
    assert sum("format gives it one" in line for line in told.lines) == len(DISKS)


def other_slices(made: SmallSet, to: Path, disk: str) -> Path:
    """The host's disk with a label that divides it otherwise, and full of something else."""
    size = size_of(made, disk)
    to.write_bytes(b"\xa5" * size)
    label = read_label(made.disks[disk].open("rb").read(SECTOR))
    cylinder = label.geometry.cylinder
    slices = [SliceEntry(n, 0, 0, 0, 0) for n in (1, 3, 4, 6, 7)]
    slices += [SliceEntry(0, 0, 7 * cylinder, 2, 0), SliceEntry(5, 7, 20 * cylinder, 8, 0x10)]
    with to.open("r+b") as file:
        file.write(write_label(edit_label(label, slices=slices, volume=b"theirs")))
    return to


def test_other_slices_are_shown_and_overwritten(made: SmallSet, tmp_path: Path) -> None:
    olds = {disk: other_slices(made, tmp_path / f"{disk}.old", disk) for disk in DISKS}
    targets = tuple(DiskTarget(disk, path) for disk, path in olds.items())
    told = rehearse(made.job, tmp_path / "out", disks=targets, firmware=True)
    assert told.verdict == "restored", told.done.reason
    for disk, (geometry, _) in DISKS.items():
        at = position(rf"{disk} \(.*\) becomes {disk}; what is on it now will be lost:", told.lines)
        rows = [line.split() for line in told.lines[at + 1 : at + 4]]
        assert [row[0] for row in rows] == ["0", "2", "5"]
        lengths = (7, geometry.ncyl, 20)
        assert [row[4] for row in rows] == [str(n * geometry.cylinder) for n in lengths]
        writing = position(rf"step [0-9]+ of [0-9]+: label-{disk}: .*", told.lines)
        assert at < writing
    assert told.done.run.questions == 0


@pytest.fixture(scope="module", params=[("sparc-2.6", "8", 64), ("sparc-9", "10", 128)])
def bounded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SmallSet, int]:
    """A set, and the MB that its install environment needs."""
    layout, release, least = request.param
    work = tmp_path_factory.mktemp("bounded")
    return make_small_set(work, layout=layout, release=release), least


def test_too_little_memory_is_told_before_a_disk_is_touched(
    bounded: tuple[SmallSet, int], tmp_path: Path
) -> None:
    made, least = bounded
    host = machine(tmp_path / "host.toml", made, least - 1)
    told = rehearse(made.job, tmp_path / "out", machine=host)
    assert told.verdict == "failed"
    judge_stop(MEMORY, told.lines, 0)
    assert untouched(told, *DISKS)
    assert [b.ended for b in told.done.run.boots] == [f"given up: {told.done.reason}"]


def test_just_enough_memory_will_do(bounded: tuple[SmallSet, int], tmp_path: Path) -> None:
    made, least = bounded
    host = machine(tmp_path / "host.toml", made, least)
    told = rehearse(made.job, tmp_path / "out", machine=host)
    assert told.verdict == "restored", told.done.reason


#: Without the first nothing can be said, without the second the engine is not reached.
SPEECHLESS = frozenset({"cat", "mkdir"})
NAMES = sorted(n for c in needed(1, Packing.NONE) for n in c.names if len(c.names) == 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_command_is_told_before_a_disk_is_touched(
    made: SmallSet, tmp_path: Path, name: str
) -> None:
    told = rehearse(made.job, tmp_path / "out", f"no-command={name}")
    assert told.verdict == "failed"
    assert untouched(told, *DISKS)
    if name not in SPEECHLESS:
        judge_stop("A command is missing", told.lines)
        assert f"STOPPED: this system lacks: {name}" in told.lines


@pytest.mark.parametrize("disk", DISKS)
def test_too_small_a_disk_is_not_written_to(made: SmallSet, tmp_path: Path, disk: str) -> None:
    geometry: Geometry = DISKS[disk][0]
    small = tmp_path / "small.old"
    other_slices(made, small, disk)
    cylinders = geometry.ncyl - 10
    label = read_label(small.open("rb").read(SECTOR))
    fewer = Geometry(geometry.nhead, geometry.nsect, cylinders, 2, cylinders + 2, geometry.rpm)
    with small.open("r+b") as file:
        file.write(write_label(edit_label(label, geometry=fewer)))
        file.truncate((cylinders + 2) * geometry.cylinder * SECTOR)
    before = small.read_bytes()
    told = rehearse(made.job, tmp_path / "out", disks=(DiskTarget(disk, small),))
    assert told.verdict == "failed"
    judge_stop(SMALL, told.lines)
    line = told.lines[position(seen_lines(SMALL)[0], told.lines)]
    assert line.startswith(f"STOPPED: {disk} has {cylinders} cylinders, its slices need ")
    assert told.image(disk).read_bytes() == before


def test_controllers_that_are_numbered_otherwise(made: SmallSet, tmp_path: Path) -> None:
    told = rehearse(made.job, tmp_path / "out", "renumber-controllers", firmware=True)
    assert told.verdict == "restored", told.done.reason
    assert told.done.run.questions == 0
    assert any(line.startswith("c1t0d0 (") and "becomes c0t0d0" in line for line in told.lines)


ELSEWHERE = "/pci@1f,0/pci@1,1/scsi@3/sd@{},0"


def judge_elsewhere(told: Told) -> None:
    """All is restored; the names in vfstab are still those of the old places, and the verdict
    says so: the machine does not come up by itself.
    """
    assert told.done.judgement.good, told.done.judgement.first
    assert "RESTORED" in told.lines
    assert told.verdict == "failed"
    assert told.done.reason == "vfstab's device for / leads nowhere: /dev/dsk/c0t0d0s0"


def test_disks_in_other_places_are_known_by_their_size(made: SmallSet, tmp_path: Path) -> None:
    places = {disk: ELSEWHERE.format(n + 4) for n, disk in enumerate(DISKS)}
    olds = {disk: other_slices(made, tmp_path / f"{disk}.old", disk) for disk in DISKS}
    targets = tuple(DiskTarget(disk, path) for disk, path in olds.items())
    host = machine(tmp_path / "host.toml", made, places=places)
    told = rehearse(made.job, tmp_path / "out", disks=targets, machine=host)
    judge_elsewhere(told)
    assert told.done.run.questions == 0
    assert sum(line.endswith(" is as large: it is taken") for line in told.lines) == len(DISKS)


def test_who_has_blank_disks_in_other_places_is_asked(made: SmallSet, tmp_path: Path) -> None:
    """Blank disks have no size that could be seen: the person says which is which."""
    places = {disk: ELSEWHERE.format(n + 4) for n, disk in enumerate(DISKS)}
    host = machine(tmp_path / "host.toml", made, places=places)
    told = rehearse(
        made.job, tmp_path / "out", machine=host,
        answers=(("shall be c0t0d0", "c0t4d0"), ("shall be c0t1d0", "c0t5d0")),
    )  # fmt: skip
    judge_elsewhere(told)
    assert told.done.run.questions == len(DISKS)
    for disk in DISKS:  # what is typed stands behind the question
        position(rf"which disk shall be {disk}\? Its content will be lost: c0t[45]d0", told.lines)
    assert seen_lines(ASKED)[0] == re.escape("which disk shall be ") + ".+" + re.escape(
        "? Its content will be lost:"
    )


def test_whoever_does_not_know_is_asked_and_nothing_is_written(
    made: SmallSet, tmp_path: Path
) -> None:
    places = {disk: ELSEWHERE.format(n + 4) for n, disk in enumerate(DISKS)}
    host = machine(tmp_path / "host.toml", made, places=places)
    told = rehearse(made.job, tmp_path / "out", machine=host, answers=(("shall be", ".*"),))
    assert told.verdict == "failed"
    assert "which disk shall be c0t0d0" in told.done.reason
    assert untouched(told, *DISKS)


def test_a_wrong_answer_that_names_the_same_disk_twice_is_not_taken(
    made: SmallSet, tmp_path: Path
) -> None:
    places = {disk: ELSEWHERE.format(n + 4) for n, disk in enumerate(DISKS)}
    host = machine(tmp_path / "host.toml", made, places=places)
    told = rehearse(made.job, tmp_path / "out", machine=host, answers=(("shall be", "c0t5d0"),))
    assert told.verdict == "failed"
    assert "which disk shall be c0t1d0" in told.done.reason
    assert untouched(told, *DISKS)


def test_the_sources_are_as_they_were(made: SmallSet, tmp_path: Path) -> None:
    """No rehearsal writes to the images that it is given."""
    kept = {disk: path.read_bytes() for disk, path in made.disks.items()}
    copies = {disk: tmp_path / f"{disk}.copy" for disk in DISKS}
    for disk, path in copies.items():
        shutil.copyfile(made.disks[disk], path)
    targets = tuple(DiskTarget(disk, path) for disk, path in copies.items())
    assert rehearse(made.job, tmp_path / "out", disks=targets).verdict == "restored"
    for disk, data in kept.items():
        assert copies[disk].read_bytes() == data == made.disks[disk].read_bytes()
