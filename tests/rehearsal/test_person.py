# SPDX-License-Identifier: Apache-2.0
"""The person at the console: discs, faults, questions; and the transcript that is read along."""

from __future__ import annotations

from pathlib import Path

from mkboot.rehearsal.faults import parse_fault
from mkboot.rehearsal.hardware import Drive
from mkboot.rehearsal.person import Person, Shelf
from mkboot.rehearsal.transcript import Transcript
from mkboot.rehearsal.verdict import Status

PROMPT = "mkboot: put volume {n} of 3 (VOL_{n}) into the drive, then press Return: "


def person(
    tmp_path: Path, *faults: str, answers: tuple[tuple[str, str], ...] = (), locked: bool = False
) -> Person:
    volumes = {}
    for number in (1, 2, 3):
        path = tmp_path / f"volume-{number}.iso"
        path.write_bytes(bytes([number]) * 4096)
        volumes[number] = path
    drive = Drive("/pci@1f,0/ide@3/sd@2,0")
    if locked:
        drive.locked.add("root")
    wanted = tuple(parse_fault(f) for f in faults)
    return Person([drive], Shelf(volumes), Transcript(), wanted, answers)


def disc_in(who: Person) -> str | None:
    disc = who.drives[0].disc
    return disc.image.name if disc is not None else None


def ask(who: Person, text: str) -> bytes | None:
    who.transcript.feed(text.encode())
    return who.asked()


def test_the_disc_that_is_named_goes_in_and_is_counted(tmp_path: Path) -> None:
    who = person(tmp_path)
    assert ask(who, "noise\n" + PROMPT.format(n=2)) == b"\n"
    assert disc_in(who) == "volume-2.iso"
    assert [(e.kind, e.done) for e in who.exchanges] == [("disc", "volume-2.iso")]


def test_a_prompt_that_is_not_the_last_thing_said_is_a_question(tmp_path: Path) -> None:
    who = person(tmp_path)
    assert ask(who, PROMPT.format(n=2) + "\nmkboot: which disk is it? ") == b"\n"
    assert [e.kind for e in who.exchanges] == ["question"]
    assert disc_in(who) is None


def test_a_question_gets_the_answer_of_the_table(tmp_path: Path) -> None:
    who = person(tmp_path, answers=((r"which disk .*c0t0d0", "2"),))
    assert ask(who, "mkboot: which disk is c0t0d0? ") == b"2\n"
    assert ask(who, "\nmkboot: really? ") == b"\n"
    assert [(e.asked, e.done) for e in who.exchanges] == [
        ("mkboot: which disk is c0t0d0?", "2"),
        ("mkboot: really?", "Return"),
    ]


def test_a_wrong_disc_once_then_the_good_one(tmp_path: Path) -> None:
    who = person(tmp_path, "wrong-disc=2")
    ask(who, PROMPT.format(n=2))
    assert disc_in(who) == "volume-3.iso"
    ask(who, "\nmkboot: this is something else\n" + PROMPT.format(n=2))
    assert disc_in(who) == "volume-2.iso"
    assert [e.kind for e in who.exchanges] == ["disc", "disc"]


def test_no_disc_once(tmp_path: Path) -> None:
    who = person(tmp_path, "no-disc=3")
    ask(who, PROMPT.format(n=2))
    ask(who, "\n" + PROMPT.format(n=3))
    assert disc_in(who) is None
    ask(who, "\n" + PROMPT.format(n=3))
    assert disc_in(who) == "volume-3.iso"


def test_the_first_disc_may_be_the_wrong_one(tmp_path: Path) -> None:
    who = person(tmp_path, "wrong-disc=1")
    assert "instead" in who.first_disc()
    assert who.first_disc() == "volume-1.iso"
    assert who.exchanges == []


def test_a_drive_that_holds_its_disc_leaves_the_person_stuck(tmp_path: Path) -> None:
    who = person(tmp_path, locked=True)
    assert ask(who, PROMPT.format(n=2)) is None
    assert "does not let" in who.stuck


def test_a_volume_that_is_not_at_hand_leaves_the_person_stuck(tmp_path: Path) -> None:
    who = person(tmp_path)
    assert ask(who, PROMPT.format(n=9)) is None
    assert "volume 9" in who.stuck


def test_the_same_question_for_ever_ends(tmp_path: Path) -> None:
    who = person(tmp_path)
    for _ in range(4):
        assert ask(who, "\nagain? ") == b"\n"
    assert ask(who, "\nagain? ") is None
    assert "again and again" in who.stuck


def test_a_disc_may_be_wanted_often_with_others_between(tmp_path: Path) -> None:
    who = person(tmp_path)
    for _ in range(6):
        assert ask(who, "\n" + PROMPT.format(n=2)) == b"\n"
        assert ask(who, "\n" + PROMPT.format(n=3)) == b"\n"
    assert not who.stuck


def test_after_a_stop_nobody_answers_a_shell(tmp_path: Path) -> None:
    who = person(tmp_path)
    assert ask(who, "mkboot: STOPPED: no room\nmkboot: next: sh /x\n# ") is None
    assert who.exchanges == []
    assert who.stuck == "no room"
    assert who.transcript.advice == ["sh /x"]


def test_steps_begin_end_and_fail() -> None:
    seen: list[str] = []
    log = Transcript(seen.append)
    log.feed(b"mkboot: step 1 of 2: label-c0t0d0: the label\nmkboot: step 2 of 2: newfs-c0")
    assert [s.id for s in log.steps] == ["label-c0t0d0"]
    log.feed(b"t0d0s0: new\nmkboot: file system 1 of 2, volume 1 of 2, 41 %\nnoise\n")
    log.feed(b"mkboot: STOPPED: no room\n")
    assert seen == ["label-c0t0d0", "newfs-c0t0d0s0"]
    assert [(s.id, s.status, s.number, s.of, s.detail) for s in log.steps] == [
        ("label-c0t0d0", Status.DONE, 1, 2, ""),
        ("newfs-c0t0d0s0", Status.FAILED, 2, 2, "no room"),
    ]
    assert log.stopped == "no room"


def test_the_end_of_a_stage_and_of_all() -> None:
    log = Transcript()
    log.feed(b"mkboot: step 1 of 1: reboot: go\nmkboot: stage 1 is complete\n")
    assert (log.stage_1_complete, log.restored) == (True, False)
    assert log.steps[0].status is Status.DONE
    log.new_boot(2)
    log.feed(b"mkboot: step 1 of 1: restore-x-0: go\n")
    log.feed(b"mkboot: RESTORED\n")
    assert log.restored
    assert [s.stage for s in log.steps] == [1, 2]


def test_a_step_that_nobody_saw_end_stays_begun() -> None:
    log = Transcript()
    log.feed(b"mkboot: step 1 of 1: x: go\n")
    log.new_boot(1)
    log.feed(b"mkboot: step 1 of 1: x: go\n")
    log.settle(Status.CUT)
    assert [s.status for s in log.steps] == [Status.BEGUN, Status.CUT]
