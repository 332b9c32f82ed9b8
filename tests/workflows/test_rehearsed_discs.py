# SPDX-License-Identifier: Apache-2.0
"""Discs that are not what they should be: each ends as the run book says.

The set is root-first on three small discs; what is put in wrongly is a changed copy, a disc
of another set of the same host, or a disc of somebody else.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import needs
from odd_hosts import with_more
from rehearsing import SMALL_MEDIA, SmallSet, Told, make_small_set, rehearse
from run_book_lines import judge_stop, position, seen_lines

from mkboot.formats.iso import read_iso
from mkboot.progress import Progress
from mkboot.tree.content import RunsContent
from mkboot.tree.source import FileSource
from mkboot.workflows.rehearse import Request
from mkboot.workflows.rehearse import rehearse as rehearse_request

pytestmark = needs("unshare", "chroot", "dash")

DAMAGED = "A segment of a later volume is bad"
WRONG = "The wrong disc"
EMPTY = "The drive is empty, or the disc cannot be read"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallSet:
    work = tmp_path_factory.mktemp("discs")
    made = make_small_set(work, media=SMALL_MEDIA, change=with_more)
    assert len(made.volumes) == 3
    return made


@pytest.fixture(scope="module")
def plain(made: SmallSet, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What it is like when nothing goes wrong."""
    told = rehearse(made.job, tmp_path_factory.mktemp("plain") / "out")
    assert told.verdict == "restored", told.done.reason
    return told


def segments(image: Path) -> dict[str, RunsContent]:
    """The segments of a disc by their paths on it."""
    tree = read_iso(FileSource(image)).tree
    found = {}
    for path, _, node in tree.walk():
        if path.startswith(b"/mkboot/seg/"):
            assert isinstance(node.content, RunsContent)
            found[path.decode()] = node.content
    return found


def spoilt(image: Path, to: Path, segment: str, share: float) -> Path:
    """A copy with one bit turned, so far into a segment (0: its first byte, 1: its last)."""
    shutil.copyfile(image, to)
    content = segments(image)[segment]
    with to.open("r+b") as file:
        at = content.runs[0][2] + int(share * (content.size - 1))
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 4]))
    return to


FIRST = [
    ("c0t0d0s0", 0.0), ("c0t0d0s0", 0.5), ("c0t0d0s3", 1.0), ("c0t0d0s6", 0.0), ("c0t0d0s6", 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("slice_", "share"), FIRST)
def test_a_bad_segment_of_volume_1_is_told_before_a_disk_is_touched(
    made: SmallSet, tmp_path: Path, slice_: str, share: float
) -> None:
    segment = f"/mkboot/seg/{slice_}.0.001"
    bad = spoilt(made.volume(1), tmp_path / "volume-1.iso", segment, share)
    out = tmp_path / "out"
    done = rehearse_request(Request((bad, made.volume(2), made.volume(3)), out=out), Progress())
    told = Told(done, (out / "console.log").read_text("latin-1"), out)
    assert told.verdict == "failed"
    judge_stop("A segment of volume 1 is bad", told.lines)
    assert any(f" is bad: {segment} is not" in line for line in told.lines)
    for disk in made.disks:
        assert not any(told.image(disk).read_bytes())


LATER = [(2, 0, 0.0), (2, 3, 0.5), (2, -1, 1.0), (3, 0, 0.5), (3, -1, 1.0)]


@pytest.mark.parametrize(("volume", "which", "share"), LATER)
def test_a_bad_segment_of_a_later_volume_is_told_before_a_byte_of_it_is_used(
    made: SmallSet, plain: Told, tmp_path: Path, volume: int, which: int, share: float
) -> None:
    segment = sorted(segments(made.volume(volume)))[which]
    bad = spoilt(made.volume(volume), tmp_path / "bad.iso", segment, share)
    told = rehearse(made.job, tmp_path / "out", f"wrong-disc={volume}", foreign=bad)
    assert told.verdict == "restored", told.done.reason
    judge_stop(DAMAGED, told.lines)
    bad_line = position(seen_lines(DAMAGED)[0], told.lines)
    assert told.lines[bad_line] == (
        f"volume {volume} of 3 (MKB_PEBBLE_{volume}) is bad: {segment} is not what was written"
    )
    _only_after(told, seen_lines(DAMAGED)[1], volume, plain)


def _only_after(told: Told, refused: str, volume: int, plain: Told) -> None:
    """Nothing of the volume was fed before it was refused, and all of it afterwards, once."""
    at = position(refused, told.lines)
    fed = [n for n, line in enumerate(told.lines) if f", volume {volume} of 3, " in line]
    assert fed
    assert min(fed) > at
    assert [told.lines[n] for n in fed] == [
        line for line in plain.lines if f", volume {volume} of 3, " in line
    ]
    assert (told.done.run.questions, told.done.run.disc_changes) == (0, 3)


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> SmallSet:
    """Another set of a host of that name: it has the same volume names."""
    work = tmp_path_factory.mktemp("another")
    return make_small_set(work, media=SMALL_MEDIA)


@pytest.mark.parametrize("volume", [2, 3])
@pytest.mark.parametrize("kind", ["of this set", "of another set", "of no set", "blank"])
def test_a_wrong_disc_is_named_and_the_right_one_taken(
    made: SmallSet, plain: Told, another: SmallSet, tmp_path: Path, volume: int, kind: str
) -> None:
    blank = tmp_path / "blank.iso"
    blank.write_bytes(bytes(1 << 20))
    base = made.job.parent / "base.iso"
    wrong = {
        "of this set": (made.volume(1), "volume 1 of this set"),
        "of another set": (another.volume(2), r"volume 2 of another set \([0-9a-f]{16}\)"),
        "of no set": (base, "no disc of a recovery set"),
        "blank": (blank, "no disc that can be read"),
    }
    disc, what = wrong[kind]
    told = rehearse(made.job, tmp_path / "out", f"wrong-disc={volume}", foreign=disc)
    assert told.verdict == "restored", told.done.reason
    judge_stop(EMPTY if kind == "blank" else WRONG, told.lines)
    refused = rf"this is {what}; wanted is volume {volume} of 3 \(MKB_PEBBLE_{volume}\)"
    _only_after(told, refused, volume, plain)


@pytest.mark.parametrize("volume", [2, 3])
def test_an_empty_drive_is_told(made: SmallSet, plain: Told, tmp_path: Path, volume: int) -> None:
    told = rehearse(made.job, tmp_path / "out", f"no-disc={volume}")
    assert told.verdict == "restored", told.done.reason
    judge_stop(EMPTY, told.lines)
    _only_after(told, seen_lines(EMPTY)[0], volume, plain)


def test_a_disc_that_cannot_be_read_to_its_end_is_a_bad_one(
    made: SmallSet, plain: Told, tmp_path: Path
) -> None:
    told = rehearse(made.job, tmp_path / "out", "bad-sector=2")
    assert told.verdict == "restored", told.done.reason
    judge_stop(DAMAGED, told.lines)
    _only_after(told, seen_lines(DAMAGED)[1], 2, plain)


def test_whoever_has_only_a_bad_disc_is_told_again_and_again(
    made: SmallSet, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    bad = spoilt(made.volume(3), tmp_path / "bad.iso", sorted(segments(made.volume(3)))[0], 0.5)
    request = Request((made.volume(1), made.volume(2), bad), out=out)
    done = rehearse_request(request, Progress())
    told = Told(done, (out / "console.log").read_text("latin-1"), out)
    assert told.verdict == "failed"
    assert "asks again and again" in done.reason
    assert not any(", volume 3 of 3, " in line for line in told.lines)
    assert len([line for line in told.lines if line.startswith("this is a damaged disc")]) > 2
