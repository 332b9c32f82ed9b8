# SPDX-License-Identifier: Apache-2.0
"""Discs are burnt by real programs to files, and by stand-ins to a made-up drive."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command import mkboot
from conftest import needs

from fixtures.burners import PROGRAMS, FakeDrive
from mkboot.errors import CallerError, InputError, MkbootError, ProgramError, StoppedError
from mkboot.media.burn.drives import Drive
from mkboot.media.burn.readback import Bad
from mkboot.progress import Event, Progress
from mkboot.workflows import burn as workflow
from mkboot.workflows.burn import Burnt, Wishes, burn
from mkboot.workflows.burn_discs import Disc

BLOCK = 2048


def image(path: Path, size: int = 700 * BLOCK, seed: int = 1) -> Path:
    """Every block of it differs from every other."""
    path.parent.mkdir(exist_ok=True)
    parts = (f"{seed}:{n:>20}".encode() * 128 for n in range(-(-size // BLOCK)))
    path.write_bytes(b"".join(part[:BLOCK].ljust(BLOCK, b".") for part in parts)[:size])
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def as_an_ordinary_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """cdrskin takes no files of root's: it gets a user of its own where the tests are root."""
    if os.geteuid() != 0:
        return
    folder.mkdir()
    script = folder / "cdrskin"
    real = shutil.which("cdrskin")
    script.write_text(
        f'#!/bin/sh\nexec unshare --user --map-user=1000 --map-group=1000 {real} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


# ---------------------------------------------------------------- the real programs


@pytest.fixture(params=[pytest.param("xorriso", marks=needs("xorriso")),
                        pytest.param("cdrskin", marks=needs("cdrskin", "unshare"))])  # fmt: skip
def real(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "cdrskin":
        as_an_ordinary_user(tmp_path / "user", monkeypatch)
    return str(request.param)


@pytest.mark.parametrize("size", [700 * BLOCK, 700 * BLOCK + 512, 1, 3_000_001])
def test_a_file_is_written_by_the_program_and_read_back(
    real: str, tmp_path: Path, size: int
) -> None:
    source = image(tmp_path / "a = b, -c.iso", size)
    out = tmp_path / "my disc.img"
    found = mkboot("burn", source, "--drive", f"stdio:{out}", "--program", real, "--json").document
    assert (found["verdict"], found["program"]) == ("burnt", real)
    assert found["discs"][0]["same"] == size
    assert found["discs"][0]["sha256"] == sha256(source) == sha256(out)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "a = b, -c.iso", "burnt.toml", "my disc.img",
    ]  # fmt: skip


def test_a_file_that_is_there_is_kept(real: str, tmp_path: Path) -> None:
    source, out = image(tmp_path / "a.iso"), tmp_path / "disc.img"
    out.write_bytes(b"precious")
    words = ("burn", source, "--drive", f"stdio:{out}", "--program", real)
    assert "exists" in mkboot(*words, status=2).err
    assert out.read_bytes() == b"precious"
    mkboot(*words, "--force")
    assert sha256(out) == sha256(source)


@needs("xorriso")
def test_a_program_that_meets_the_end_of_the_file_system(tmp_path: Path) -> None:
    """The file may not grow as large as the image: the program dies of it."""
    source, out = image(tmp_path / "a.iso", 8 << 20), tmp_path / "disc.img"
    code = "from mkboot.cli.main import main; main()"
    argv = ["python3", "-c", code, "burn", str(source), "--drive", f"stdio:{out}"]
    shell = 'ulimit -f 4096; exec "$@"'
    import sys

    argv[0] = sys.executable
    done = subprocess.run(["bash", "-c", shell, "-", *argv], capture_output=True, text=True)
    assert done.returncode == 4, done.stderr
    assert re.search(r"^mkboot: xorriso ended with \w+ \d+ while writing", done.stderr, re.M)
    assert not out.exists()
    assert not list(tmp_path.glob("*.partial"))


def test_wodim_takes_drives_only(tmp_path: Path) -> None:
    source = image(tmp_path / "a.iso")
    told = mkboot("burn", source, "--drive", "stdio:x", "--program", "wodim", status=2)
    assert "wodim writes to drives only" in told.err


@needs("wodim")
def test_wodim_knows_our_options(tmp_path: Path) -> None:
    """The real one gets as far as to the drive, which is none; nonsense it refuses before."""
    from mkboot.media.burn.burner import Order
    from mkboot.media.burn.loaded import Loaded, State
    from mkboot.media.burn.speeds import choose_speed
    from mkboot.media.burn.wodim import Wodim

    source = image(tmp_path / "disc.iso")
    loaded = Loaded("CD-RW", State.CLOSED, True, 1000)
    drive = Drive(tmp_path / "none", is_file=False)
    order = Order(source, 150, choose_speed(loaded, 4))
    write = list(Wodim().writing(drive, loaded, order))

    def said(argv: list[str]) -> str:
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True)
        return done.stdout + done.stderr

    for argv in (write, list(Wodim().blanking(drive, loaded))):
        assert "Cannot open SCSI driver" in said(argv)
        assert "Bad Option" not in said(argv)
    assert "Bad Option" in said([write[0], "-nonsense", *write[1:]])


# ------------------------------------------------------------------ the made-up drive


class Helper:
    """A person who does what is asked: ``changes`` are done one after the other."""

    def __init__(self, *changes: Callable[[], None]) -> None:
        self.asked: list[tuple[int, str]] = []
        self._changes = list(changes)

    def insert(self, disc: Disc, drive: Drive, why: str) -> None:
        self.asked.append((disc.number, why))
        if not self._changes:
            raise StoppedError("no more discs")
        self._changes.pop(0)()

    def push_tray(self, drive: Drive) -> None:
        raise AssertionError("the made-up drive has no tray")


class Ears:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def hear(self, event: Event) -> None:
        if event.event == "message":
            self.texts.append(event.text)


class Desk:
    """A made-up drive with a program, and the workflow before it."""

    def __init__(self, drive: FakeDrive, program: str) -> None:
        self.drive, self.program, self.ears = drive, program, Ears()

    def burn(self, *paths: Path, person: Helper | None = None, **wishes: object) -> Burnt:
        asked = Wishes("/dev/sr0", self.program, **wishes)  # type: ignore[arg-type]
        return burn(paths, asked, Progress(self.ears), person)

    def fails(self, kind: type[MkbootError], *paths: Path, **wishes: object) -> MkbootError:
        with pytest.raises(kind) as told:
            self.burn(*paths, **wishes)
        return told.value


@pytest.fixture(params=PROGRAMS)
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    drive = FakeDrive(tmp_path / "desk")
    monkeypatch.setenv("PATH", f"{drive.bin}:{os.environ['PATH']}")
    monkeypatch.setattr(workflow, "parse_drive", lambda _text: Drive(drive.disc, is_file=False))
    return Desk(drive, str(request.param))


def test_a_disc_is_asked_written_and_proved(desk: Desk, tmp_path: Path) -> None:
    source = image(tmp_path / "a.iso")
    done = desk.burn(source)
    assert done.sound
    outcome = done.outcomes[0]
    assert (outcome.status, outcome.medium) == ("burnt", "CD-R")
    assert outcome.speed is not None
    assert outcome.speed.factor == 4
    assert desk.drive.disc.read_bytes() == source.read_bytes() + bytes(150 * BLOCK)
    first, last = desk.drive.calls[0], desk.drive.calls[-1]
    assert "-data" not in first
    assert last == desk.drive.writes[0]
    assert any("writing at 4x, the slowest" in text for text in desk.ears.texts)
    assert any("80-minute" in text for text in desk.ears.texts)


def test_the_wanted_speed_gets_to_the_program(desk: Desk, tmp_path: Path) -> None:
    desk.burn(image(tmp_path / "a.iso"), speed=8)
    words = {"xorriso": "speed=1411k", "cdrskin": "speed=8", "wodim": "speed=8"}
    assert words[desk.program] in desk.drive.writes[0]


@pytest.mark.parametrize("room", [700, 701, 849, 850, 5000])
def test_the_run_out_is_what_fits(desk: Desk, tmp_path: Path, room: int) -> None:
    desk.drive.load(blocks=room)
    assert desk.burn(image(tmp_path / "a.iso")).sound
    assert f"padsize={min(150, room - 700)}s" in desk.drive.writes[0]


def test_a_medium_that_is_too_small(desk: Desk, tmp_path: Path) -> None:
    desk.drive.load(blocks=699)
    told = desk.fails(StoppedError, image(tmp_path / "a.iso"))
    assert "is too small: it takes 699 blocks" in told.message
    assert "the image has 700" in told.message
    assert desk.drive.writes == []


@pytest.mark.parametrize("state", ["blank", "closed"])
@pytest.mark.parametrize("blank", [False, True])
def test_a_device_that_is_no_burner_is_not_written(
    desk: Desk, tmp_path: Path, state: str, blank: bool
) -> None:
    """So xorriso names a hard disk that it is given under a name outside of /dev."""
    desk.drive.load("stdio file", state)
    told = desk.fails(CallerError, image(tmp_path / "a.iso"), blank=blank)
    assert "is no burner" in told.message
    assert desk.drive.writes == []
    assert not any("blank" in word for call in desk.drive.calls for word in call)


@pytest.mark.parametrize("state", ["closed", "none"])
def test_what_is_not_blank_is_not_written(desk: Desk, tmp_path: Path, state: str) -> None:
    desk.drive.load(state=state)
    told = desk.fails(StoppedError, image(tmp_path / "a.iso"), blank=True)
    assert re.search("is written and closed|no disc", told.message)
    assert desk.drive.writes == []


def test_a_rewritable_disc_is_erased_only_when_asked(desk: Desk, tmp_path: Path) -> None:
    source = image(tmp_path / "a.iso")
    desk.drive.load("CD-RW", "closed")
    told = desk.fails(StoppedError, source)
    assert "--blank" in (told.hint or "")
    assert desk.burn(source, blank=True).sound
    assert any("blank=" in word for call in desk.drive.calls for word in call)


def test_a_program_that_dies(desk: Desk, tmp_path: Path) -> None:
    desk.drive.load(behaviour="dies")
    told = desk.fails(ProgramError, image(tmp_path / "a.iso"))
    assert f"{desk.program} ended with signal 9 while writing" in told.message
    assert not (tmp_path / "burnt.toml").exists()


def test_a_program_that_fails(desk: Desk, tmp_path: Path) -> None:
    desk.drive.load(behaviour="fails")
    told = desk.fails(ProgramError, image(tmp_path / "a.iso"))
    assert "ended with status 254" in told.message
    assert "medium error" in told.message
    assert not (tmp_path / "burnt.toml").exists()


def test_a_program_that_lies_that_it_wrote_all(desk: Desk, tmp_path: Path) -> None:
    desk.drive.load(behaviour="short")
    done = desk.burn(image(tmp_path / "a.iso"))
    assert not done.sound
    proof = done.outcomes[0].proof
    assert proof is not None
    assert proof.bad == (Bad(425 * BLOCK, 700 * BLOCK, "missing"),)
    assert not (tmp_path / "burnt.toml").exists()


def test_a_bit_that_is_wrong_is_named(desk: Desk, tmp_path: Path) -> None:
    desk.drive.load(behaviour="flips")
    done = desk.burn(image(tmp_path / "a.iso"))
    assert done.as_json()["verdict"] == "bad"
    proof = done.outcomes[0].proof
    assert proof is not None
    assert proof.bad == (Bad(7 * BLOCK, 8 * BLOCK, "different"),)


def test_a_set_interrupted_at_disc_3_goes_on_with_disc_3(desk: Desk, tmp_path: Path) -> None:
    images = [image(tmp_path / "d" / f"{n}.iso", seed=n) for n in range(1, 5)]
    fresh = desk.drive.load
    person = Helper(fresh, lambda: fresh(behaviour="dies"))
    with pytest.raises(ProgramError):
        desk.burn(*images, person=person)
    assert [number for number, _ in person.asked] == [2, 3]
    before = len(desk.drive.writes)
    fresh()
    person = Helper(fresh)
    done = desk.burn(*images, person=person)
    assert [each.status for each in done.outcomes] == ["already", "already", "burnt", "burnt"]
    assert [number for number, _ in person.asked] == [4]
    assert len(desk.drive.writes) - before == 2
    assert desk.drive.disc.read_bytes().startswith(images[3].read_bytes())


def test_an_image_that_has_changed_is_burnt_again(desk: Desk, tmp_path: Path) -> None:
    images = [image(tmp_path / "d" / f"{n}.iso", seed=n) for n in range(1, 3)]
    desk.burn(*images, person=Helper(desk.drive.load))
    image(images[1], seed=9)
    desk.drive.load()
    done = desk.burn(*images, person=Helper())
    assert [each.status for each in done.outcomes] == ["already", "burnt"]
    desk.drive.load()
    again = desk.burn(*images, person=Helper(desk.drive.load), force=True)
    assert [each.status for each in again.outcomes] == ["burnt", "burnt"]


def test_a_person_is_told_what_is_wrong_with_a_disc(desk: Desk, tmp_path: Path) -> None:
    desk.drive.load(state="closed")
    person = Helper(lambda: desk.drive.load(blocks=10), desk.drive.load)
    assert desk.burn(image(tmp_path / "a.iso"), person=person).sound
    assert ["closed" in person.asked[0][1], "too small" in person.asked[1][1]] == [True, True]


def test_nobody_is_there_to_change_the_disc(desk: Desk, tmp_path: Path) -> None:
    images = [image(tmp_path / "d" / f"{n}.iso", seed=n) for n in range(1, 3)]
    told = desk.fails(StoppedError, *images)
    assert "disc 2 of 2 is next" in told.message
    desk.drive.load()
    assert [each.status for each in desk.burn(*images).outcomes] == ["already", "burnt"]


def test_an_image_that_is_not_the_one_that_was_built(desk: Desk, tmp_path: Path) -> None:
    source = image(tmp_path / "a.iso")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  a.iso\n")
    desk.fails(InputError, source)
    assert desk.drive.writes == []


# ----------------------------------------------------------------- the command line


def test_no_program_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = image(tmp_path / "a.iso")
    monkeypatch.setenv("PATH", str(tmp_path))
    told = mkboot("burn", source, "--drive", "stdio:x.img", status=4).err
    assert "xorriso or cdrskin is not installed\nhint: apt-get install xorriso\n" in told
    told = mkboot("burn", source, "--drive", "/dev/null", status=4).err
    assert "xorriso or cdrskin or wodim is not installed" in told
    told = mkboot("burn", source, "--drive", "/dev/null", "--program", "wodim", status=4).err
    assert "hint: apt-get install wodim" in told


def test_the_first_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive = FakeDrive(tmp_path / "desk", "cdrskin", "wodim")
    monkeypatch.setenv("PATH", str(drive.bin))
    monkeypatch.setattr(workflow, "parse_drive", lambda _text: Drive(drive.disc, is_file=False))
    found = mkboot("burn", image(tmp_path / "a.iso"), "--drive", "x", "--json").document
    assert found["program"] == "cdrskin"


@pytest.mark.parametrize(
    ("behaviour", "status"), [("good", 0), ("short", 1), ("flips", 1), ("dies", 4), ("fails", 4)]
)
def test_exit_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str, status: int
) -> None:
    drive = FakeDrive(tmp_path / "desk", "wodim")
    drive.load(behaviour=behaviour)
    monkeypatch.setenv("PATH", str(drive.bin))
    monkeypatch.setattr(workflow, "parse_drive", lambda _text: Drive(drive.disc, is_file=False))
    result = mkboot("burn", image(tmp_path / "a.iso"), "--drive", "x", status=status)
    if status == 1:
        assert re.search(r"bad, \d+ of its \d+ bytes are not on it\n  bytes \d+ to", result.out)
    assert ("proved" in result.out) is (status == 0)


def test_exit_code_of_a_disc_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = FakeDrive(tmp_path / "desk", "wodim")
    drive.load(blocks=1)
    monkeypatch.setenv("PATH", str(drive.bin))
    monkeypatch.setattr(workflow, "parse_drive", lambda _text: Drive(drive.disc, is_file=False))
    assert "too small" in mkboot("burn", image(tmp_path / "a"), "--drive", "x", status=5).err


def test_what_is_no_drive_and_no_image(tmp_path: Path) -> None:
    source = image(tmp_path / "a.iso")
    for drive in (tmp_path, source, tmp_path / "none", "stdio:", f"stdio:{tmp_path}"):
        mkboot("burn", source, "--drive", drive, status=2)
    empty = tmp_path / "empty.iso"
    empty.touch()
    mkboot("burn", empty, "--drive", "stdio:x.img", status=3)
    mkboot("burn", tmp_path / "none", "--drive", "stdio:x.img", status=2)
    mkboot("burn", source, "--drive", "stdio:x.img", "--only", "2", status=2)
    mkboot("burn", tmp_path, source, "--drive", "stdio:x.img", status=2)
