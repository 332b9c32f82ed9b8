# SPDX-License-Identifier: Apache-2.0
"""Copies from sources with faults, in this process: the map is true, and nothing is lost."""

from __future__ import annotations

import hashlib
import random
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media.copy_sources import CYLINDER, FakeDrive, distinct, judge_map, run, sun_disc

from mkboot.errors import CallerError, InputError, StoppedError
from mkboot.formats.mapfile import Extent, MapFile, Phase, Status, read_map, write_map
from mkboot.media.copy.keeper import Keeper
from mkboot.media.copy.states import BlockStates

NONE: frozenset[int] = frozenset()


def codes(done: object) -> list[str]:
    return [f.code for f in done.findings]  # type: ignore[attr-defined]


def test_a_good_disc_gets_its_name(tmp_path: Path) -> None:
    data = sun_disc()
    done = run(FakeDrive(data), tmp_path / "d")
    assert (tmp_path / "d").read_bytes() == data
    assert done.whole
    assert done.findings == ()
    assert done.checksums is not None
    assert done.checksums.sha256 == hashlib.sha256(data).hexdigest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d"]


def test_to_the_end_of_the_last_slice_where_the_drive_says_the_iso(tmp_path: Path) -> None:
    data = sun_disc(iso_blocks=320)
    drive = FakeDrive(data, says=320 * 2048)
    done = run(drive, tmp_path / "d")
    assert (tmp_path / "d").read_bytes() == data
    assert done.ends.label == len(data)
    assert done.ends.iso == 320 * 2048
    assert codes(done) == ["drive-size-short"]


def test_a_lying_drive_without_a_label_is_read_to_its_end(tmp_path: Path) -> None:
    data = distinct(3 * CYLINDER + 4096)
    done = run(FakeDrive(data, says=CYLINDER), tmp_path / "d")
    assert (tmp_path / "d").read_bytes() == data
    assert codes(done) == ["drive-size-short"]


def test_a_drive_that_says_too_much(tmp_path: Path) -> None:
    data = sun_disc()
    done = run(FakeDrive(data, says=len(data) + 40960), tmp_path / "d")
    assert (tmp_path / "d").read_bytes() == data
    assert done.whole


def test_run_out_that_cannot_be_read_is_no_hole(tmp_path: Path) -> None:
    data = sun_disc()
    blocks = len(data) // 2048
    drive = FakeDrive(data + distinct(4096), bad=frozenset({blocks, blocks + 1}))
    done = run(drive, tmp_path / "d")
    assert (tmp_path / "d").read_bytes() == data
    assert codes(done) == ["run-out-unreadable"]


@pytest.mark.parametrize("readable", [False, True])
def test_a_drive_that_says_far_too_much(tmp_path: Path, readable: bool) -> None:
    """Nothing behind the disc's own end can be read; what can be makes the rest a hole."""
    data, more = sun_disc(), 1000
    blocks = len(data) // 2048
    bad = set(range(blocks, blocks + more)) - ({blocks + 900} if readable else set())
    done = run(FakeDrive(data + distinct(more * 2048), bad=frozenset(bad)), tmp_path / "d")
    assert done.whole is not readable
    if not readable:
        assert (tmp_path / "d").read_bytes() == data
        assert codes(done) == ["run-out-unreadable"]


def test_what_a_damaged_label_promises_is_no_run_out(tmp_path: Path) -> None:
    data = bytearray(sun_disc(cylinders=1, slices=1))
    data[3] ^= 1
    bad = len(data) // 2048 - 1
    done = run(FakeDrive(bytes(data), bad=frozenset({bad})), tmp_path / "d")
    assert not done.whole
    assert [h.offset for h in done.holes] == [bad * 2048]


def test_the_same_behind_no_label_is_a_hole(tmp_path: Path) -> None:
    data = distinct(CYLINDER)
    done = run(FakeDrive(data, bad=frozenset({CYLINDER // 2048 - 1})), tmp_path / "d")
    assert not done.whole
    assert not (tmp_path / "d").exists()
    assert [(h.offset, h.size) for h in done.holes] == [(CYLINDER - 2048, 2048)]


@pytest.mark.parametrize("is_drive", [True, False])
def test_a_disc_that_was_cut_is_not_called_whole(tmp_path: Path, is_drive: bool) -> None:
    data = sun_disc()[: CYLINDER * 3]
    done = run(FakeDrive(data, is_drive=is_drive), tmp_path / "d")
    assert not done.whole
    assert done.size == len(data)
    assert [c for c in codes(done) if c in ("image-cut-at-iso", "image-truncated")]
    assert not (tmp_path / "d").exists()
    assert (tmp_path / "d.partial").read_bytes() == data
    found = read_map((tmp_path / "d.map").read_bytes())
    assert found.extents == (
        Extent(0, len(data), Status.GOOD),
        Extent(len(data), len(sun_disc()) - len(data), Status.BAD),
    )


def test_the_rest_of_a_cut_disc_comes_from_a_whole_one(tmp_path: Path) -> None:
    data = sun_disc()
    run(FakeDrive(data[: CYLINDER * 3]), tmp_path / "d")
    assert run(FakeDrive(data), tmp_path / "d").whole
    assert (tmp_path / "d").read_bytes() == data


def test_every_bad_block_and_no_other_is_a_hole(tmp_path: Path) -> None:
    data = sun_disc()
    bad = frozenset({0, 16, 100, 101, 102, 200, len(data) // 2048 - 1})
    done = run(FakeDrive(data, bad=bad), tmp_path / "d")
    copy = (tmp_path / "d.partial").read_bytes()
    holes = {at // 2048 for h in done.holes for at in range(h.offset, h.end, 2048)}
    assert holes == bad
    judge_map(tmp_path / "d.map", copy, data, bad, 2048)
    assert done.checksums is None


def test_a_label_that_was_read_late_makes_the_disc_longer(tmp_path: Path) -> None:
    data = sun_disc()
    drive = FakeDrive(data, says=300 * 2048, weak={0: 4, 16: 4})
    done = run(drive, tmp_path / "d", retries=3)
    assert done.whole
    assert (tmp_path / "d").read_bytes() == data


def test_retries_read_what_is_weak(tmp_path: Path) -> None:
    data = sun_disc()
    weak = {5: 3, 77: 5, 300: 4}
    assert not run(FakeDrive(data, weak=weak), tmp_path / "few", retries=0).whole
    assert run(FakeDrive(data, weak=weak), tmp_path / "many", retries=6).whole
    assert (tmp_path / "many").read_bytes() == data


def test_each_bad_block_is_tried_once_in_a_pass(tmp_path: Path) -> None:
    data = distinct(CYLINDER)
    drive = FakeDrive(data, bad=frozenset({50, 51, 52, 53}), says=CYLINDER)
    run(drive, tmp_path / "d", retries=2)
    alone = [at // 2048 for at, length in drive.reads if length == 2048 and at >= 17 * 2048]
    assert all(alone.count(block) == 3 for block in (50, 51, 52, 53)), alone


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_faults(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever the drive does: the map is true, and a good drive completes the copy."""
    folder = tmp_path_factory.mktemp("any")
    disc = sun_disc(slices=1) if data.draw(st.booleans()) else distinct(2 * CYLINDER)
    blocks = st.integers(0, len(disc) // 2048 - 1)
    bad = frozenset(data.draw(st.sets(blocks, max_size=8)))
    run_of = data.draw(blocks)
    bad |= frozenset(range(run_of, min(run_of + data.draw(st.integers(0, 60)), 640)))
    bad = frozenset(b for b in bad if b < len(disc) // 2048)
    drive = FakeDrive(
        disc,
        bad=bad,
        weak=data.draw(st.dictionaries(blocks, st.integers(1, 3), max_size=5)),
        most=data.draw(st.sampled_from([1 << 30, 2048, 6144, 10240])),
        says=data.draw(st.sampled_from([len(disc), CYLINDER, len(disc) + 8192])),
    )
    done = run(drive, folder / "d", retries=data.draw(st.integers(0, 4)))
    if done.whole:
        assert (folder / "d").read_bytes() == disc[: done.size]
        assert not any(b * 2048 < done.ends.needed for b in bad)
        return
    judge_map(folder / "d.map", (folder / "d.partial").read_bytes(), disc, bad, 2048)
    again = run(FakeDrive(disc), folder / "d")
    assert again.whole
    assert (folder / "d").read_bytes() == disc


class Interrupting(FakeDrive):
    """Stops the run at the nth read."""

    stop_at = 0

    def read(self, offset: int, length: int, *, fresh: bool = False) -> bytes:
        if len(self.reads) == self.stop_at:
            raise KeyboardInterrupt
        return super().read(offset, length, fresh=fresh)


def test_interrupted_anywhere_and_resumed_equals_undisturbed(tmp_path: Path) -> None:
    data = sun_disc()
    bad = frozenset({40, 41, 90, 250, 251, 252, 253})
    whole = run(FakeDrive(data, bad=bad), tmp_path / "whole")
    wanted = (tmp_path / "whole.partial").read_bytes()
    draw = random.Random(1)
    for turn in range(12):
        dest = tmp_path / f"d{turn}"
        for _ in range(3):
            drive = Interrupting(data, bad=bad)
            drive.stop_at = draw.randrange(1, 90)
            with suppress(KeyboardInterrupt):
                run(drive, dest)
            if Path(f"{dest}.map").exists():  # not stopped before it began
                copy = Path(f"{dest}.partial").read_bytes()
                judge_map(Path(f"{dest}.map"), copy, data, bad, 2048)
        done = run(FakeDrive(data, bad=bad), dest)
        assert done.holes == whole.holes
        assert Path(f"{dest}.partial").read_bytes() == wanted


def test_what_is_good_is_not_read_again(tmp_path: Path) -> None:
    data = sun_disc()
    run(FakeDrive(data, bad=frozenset({100})), tmp_path / "d")
    drive = FakeDrive(data)
    assert run(drive, tmp_path / "d").whole
    assert sum(length for _, length in drive.reads if length <= 1 << 16) < len(data) // 4


def test_another_disc_is_refused(tmp_path: Path) -> None:
    run(FakeDrive(sun_disc(), bad=frozenset({100})), tmp_path / "d")
    other = bytearray(sun_disc())
    other[:SECTOR_TEXT] = distinct(SECTOR_TEXT, "other")
    with pytest.raises(CallerError, match="is not what"):
        run(FakeDrive(bytes(other)), tmp_path / "d")


SECTOR_TEXT = 256


def test_two_reads_that_must_agree(tmp_path: Path) -> None:
    data = sun_disc()
    done = run(FakeDrive(data), tmp_path / "good", agree=True)
    assert done.whole
    assert done.differing == 0
    done = run(FakeDrive(data, moody=frozenset({100, 280})), tmp_path / "moody", agree=True)
    assert not done.whole
    assert done.differing == 2
    assert [(h.offset // 2048, h.size) for h in done.holes] == [(100, 2048), (280, 2048)]
    assert not (tmp_path / "moody").exists()
    assert run(FakeDrive(data), tmp_path / "moody", agree=True).whole
    assert (tmp_path / "moody").read_bytes() == data
    assert sorted(p.name for p in tmp_path.iterdir()) == ["good", "moody"]


class OnceWrong(FakeDrive):
    """The first read of one block gives other bytes than all later ones."""

    def read(self, offset: int, length: int, *, fresh: bool = False) -> bytes:
        data = super().read(offset, length, fresh=fresh)
        at = 150 * 2048 - offset
        if 0 <= at < len(data) and not self.weak:
            self.weak[-1] = 1
            return data[:at] + b"\xff\xfe" + data[at + 2 :]
        return data


def test_a_wrong_first_read_is_replaced(tmp_path: Path) -> None:
    data = sun_disc()
    done = run(OnceWrong(data), tmp_path / "d", agree=True)
    assert done.whole
    assert done.differing == 1
    assert (tmp_path / "d").read_bytes() == data
    assert done.checksums is not None
    assert done.checksums.md5 == hashlib.md5(data).hexdigest()
    assert run(OnceWrong(data), tmp_path / "once").whole
    assert (tmp_path / "once").read_bytes() != data, "the test shows nothing"


class Gone(FakeDrive):
    def read(self, offset: int, length: int, *, fresh: bool = False) -> bytes:
        if offset > 200 * 2048:
            raise OSError(123, "No medium found")
        return super().read(offset, length, fresh=fresh)


def test_a_disc_that_is_taken_out_is_no_bad_disc(tmp_path: Path) -> None:
    data = sun_disc()
    with pytest.raises(StoppedError, match="no disc"):
        run(Gone(data), tmp_path / "d")
    assert Status.BAD not in {e.status for e in read_map((tmp_path / "d.map").read_bytes()).extents}
    assert run(FakeDrive(data), tmp_path / "d").whole


def test_map_and_data_must_belong_together(tmp_path: Path) -> None:
    run(FakeDrive(sun_disc(), bad=frozenset({100})), tmp_path / "d")
    (tmp_path / "d.partial").rename(tmp_path / "elsewhere")
    with pytest.raises(CallerError, match="not there"):
        run(FakeDrive(sun_disc()), tmp_path / "d")
    (tmp_path / "d.partial").write_bytes(b"short")
    with pytest.raises(CallerError, match="only 5"):
        run(FakeDrive(sun_disc()), tmp_path / "d")
    (tmp_path / "d.map").unlink()
    with pytest.raises(CallerError, match="not its map"):
        run(FakeDrive(sun_disc()), tmp_path / "d")
    (tmp_path / "d.map").write_bytes(b"no map\n")
    with pytest.raises(InputError, match="line 1"):
        run(FakeDrive(sun_disc()), tmp_path / "d")


def test_the_map_is_never_ahead_of_the_data(tmp_path: Path) -> None:
    """Every map that is ever given its name is true of the data at that moment."""
    data = distinct(4 * CYLINDER)
    dest, path = tmp_path / "d", tmp_path / "d.map"
    with dest.open("w+b", buffering=0) as file:
        states = BlockStates(len(data))
        with Keeper(file.fileno(), [(states, path)]) as keeper:
            assert read_map(path.read_bytes()).extents == (Extent(0, len(data), Status.UNTRIED),)
            for at in range(0, len(data), 65536):
                keeper.put(at, data[at : at + 65536])
                judge_map(path, dest.read_bytes(), data, NONE, 2048)
        assert read_map(path.read_bytes()).total(Status.GOOD) == len(data)


def test_ddrescues_own_states_are_gone_on_with(tmp_path: Path) -> None:
    """Non-trimmed and non-scraped blocks, and a pass of its own, as ddrescue leaves them."""
    data = sun_disc()
    size = len(data)
    kept = bytearray(data)
    runs = [(65536, 131072, Status.UNTRIMMED), (327680, 6144, Status.UNSCRAPED),
            (400384, 512, Status.BAD), (500000 // 512 * 512, 51200, Status.UNTRIED)]  # fmt: skip
    states = BlockStates(size)
    states.mark(0, size, Status.GOOD)
    for at, length, status in runs:
        states.mark(at, length, status)
        kept[at : at + length] = bytes(length)
    states.phase, states.turn = Phase.COPYING, 4
    (tmp_path / "d.partial").write_bytes(kept)
    (tmp_path / "d.map").write_bytes(write_map(states.as_map()))
    done = run(FakeDrive(data), tmp_path / "d")
    assert done.whole
    assert (tmp_path / "d").read_bytes() == data


def test_states_are_those_of_a_plain_list() -> None:
    for seed in range(150):
        draw = random.Random(seed)
        end = draw.randrange(1, 60)
        states, plain = BlockStates(end), [Status.UNTRIED] * end
        for _ in range(40):
            what = draw.randrange(8)
            if what == 0:
                more = draw.randrange(10)
                states.grow(states.end + more)
                plain += [Status.UNTRIED] * more
            elif what == 1 and states.end > 5:
                states.cut(states.end - draw.randrange(3))
                del plain[states.end :]
            else:
                at = draw.randrange(states.end)
                length = draw.randrange(states.end - at + 1)
                status = draw.choice(list(Status))
                states.mark(at, length, status)
                plain[at : at + length] = [status] * length
            runs = states.runs()
            assert [r.status for r in runs for _ in range(r.size)] == plain
            assert all(a.status != b.status for a, b in pairwise(runs))
            assert all(states.total(s) == plain.count(s) for s in Status)
            at = draw.randrange(states.end + 1)
            found = states.following(at, Status.BAD)
            first = next((n for n in range(at, states.end) if plain[n] == Status.BAD), None)
            assert (found.offset if found else None) == first
            found = states.preceding(at, Status.BAD)
            last = next((n for n in range(at - 1, -1, -1) if plain[n] == Status.BAD), None)
            assert (found.end - 1 if found else None) == last


def test_a_map_of_a_longer_disc_is_kept() -> None:
    found = MapFile((Extent(0, 4096, Status.GOOD), Extent(4096, 2048, Status.BAD)))
    states = BlockStates.of_map(found, 2048)
    assert states.as_map().extents == found.extents
    assert BlockStates.of_map(found, 8192).runs()[-1] == Extent(6144, 2048, Status.UNTRIED)
