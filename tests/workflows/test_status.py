# SPDX-License-Identifier: Apache-2.0
"""``mkboot status`` with discs that are there: what is known of them, and what comes next."""

from __future__ import annotations

import json
import os
import shlex
from hashlib import sha256
from pathlib import Path

import pytest
from set_making import mkboot

from mkboot.media.burn.record import BurntDisc, add_record
from mkboot.model.system import SCHEMA, Release, System
from mkboot.system.store import CaptureStore
from mkboot.workflows.status import Status, status

DATE = "2026-12-01T04:21:20Z"
JOB = """\
schema = 1
name = "h"
base = "/b.iso"
media = "cd650"
strategy = "auto"
segment = 65536
file_system = []
[[source]]
disk = "c0t0d0"
file = "/d.img"
"""
IMAGES = {"volume-1.iso": b"one", "volume-2.iso": b"two"}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The files of a job that is captured and built; status looks at no more than these."""
    folder = tmp_path / "a job"
    (folder / "set").mkdir(parents=True)
    (folder / "capture").mkdir()
    (folder / "job.toml").write_text(JOB)
    system = System(
        SCHEMA, "h", Release("8", b"Solaris 8", "sun4u", ""), 0, (), (), (), (), (), b""
    )
    CaptureStore(folder / "capture").save_system(system)
    for name, data in IMAGES.items():
        (folder / "set" / name).write_bytes(data)
    sums = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in IMAGES.items())
    (folder / "set" / "SHA256SUMS").write_text(sums)
    return folder


def burn(job: Path, name: str, drive: str = "/dev/sr0", data: bytes | None = None) -> None:
    image = IMAGES[name] if data is None else data
    digest = sha256(image).hexdigest()
    disc = BurntDisc(
        name.encode(), len(image), digest, drive.encode(), "xorriso", "CD-R", name, DATE
    )
    add_record(job / "burnt.toml", disc)


def rehearse(job: Path, verdict: object, younger: int = 1) -> None:
    report = job / "rehearsal" / "report.json"
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps({"verdict": verdict}))
    built = (job / "set" / "SHA256SUMS").stat().st_mtime_ns
    os.utime(report, ns=(built + younger, built + younger))


def steps(found: Status) -> list[str]:
    """The commands to come, their second words."""
    return [line.split()[1] for line in (found.next, *found.then) if line]


def test_built_discs_are_verified_rehearsed_burnt(job: Path) -> None:
    found = status(job)
    assert steps(found) == ["verify", "rehearse", "burn"]
    assert shlex.split(found.next) == ["mkboot", "verify", str(job)]
    out = str(job / "rehearsal")
    assert shlex.split(found.then[0]) == ["mkboot", "rehearse", str(job), "--out", out]
    assert shlex.split(found.then[1]) == ["mkboot", "burn", str(job), "--drive", "DEVICE"]


def test_no_rehearsal_where_a_person_restores_with_two_drives(job: Path) -> None:
    file = job / "job.toml"
    file.write_text(file.read_text().replace('"auto"', '"two-drive"'))
    assert steps(status(job)) == ["verify", "burn"]


def test_a_rehearsal_counts_for_the_discs_that_it_is_younger_than(job: Path) -> None:
    rehearse(job, "restored")
    assert (status(job).rehearsal, steps(status(job))) == ("restored", ["burn"])
    rehearse(job, "restored", younger=-1)
    found = status(job)
    assert (found.rehearsal, steps(found)) == ("", ["verify", "rehearse", "burn"])
    assert found.then[0].endswith(" --force")


@pytest.mark.parametrize("verdict", ["failed", "not-modelled"])
def test_one_that_restored_nothing_is_told_and_not_passed(job: Path, verdict: str) -> None:
    rehearse(job, verdict)
    found = status(job)
    assert (found.rehearsal, steps(found)) == (verdict, ["verify", "rehearse", "burn"])
    assert f"rehearsal: {verdict} (" in mkboot("status", job)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"verdict": 3}', "[" * 100_000, "\xff"])
def test_a_broken_report_is_none(job: Path, text: str) -> None:
    rehearse(job, "restored")
    (job / "rehearsal" / "report.json").write_text(text, "latin-1")
    assert status(job).rehearsal == ""


def test_burning_goes_on_and_ends(job: Path) -> None:
    burn(job, "volume-1.iso")
    found = status(job)
    assert [volume.burnt for volume in found.volumes] == [DATE, ""]
    assert steps(found) == ["burn"]
    burn(job, "volume-2.iso", "/dev/sr1")
    found = status(job)
    assert [volume.burnt for volume in found.volumes] == [DATE, DATE]
    assert (found.next, found.then) == ("", ())
    said = mkboot("status", job)
    assert said.count(f"burnt {DATE}") == 2
    assert "next:" not in said
    assert str(job / "set" / "runbook.html") in said.splitlines()[-1]


def test_files_that_play_discs_and_other_images_are_not_burnt_discs(job: Path) -> None:
    burn(job, "volume-1.iso", f"stdio:{job / 'set' / 'volume-1.iso'}")
    burn(job, "volume-2.iso", data=b"owt")
    found = status(job)
    assert [volume.burnt for volume in found.volumes] == ["", ""]
    assert steps(found) == ["verify", "rehearse", "burn"]


@pytest.mark.parametrize(
    "words", [["rehearse"], ["restore", "--disk", "c0t0d0=x.img"], ["burn", "--drive", "stdio:x"]]
)
def test_what_is_not_there_is_called_so(words: list[str], tmp_path: Path) -> None:
    missing = tmp_path / "nope"
    assert f"{missing}: no such file or directory" in mkboot(
        words[0], missing, *words[1:], expect=2
    )


def test_who_opens_a_file_says_that_it_cannot(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the parser of the command line, which sends people to --help."""
    monkeypatch.setattr(os, "access", lambda *_a, **_k: False)
    assert "next:" in mkboot("status", job)


def test_a_file_is_no_job(job: Path) -> None:
    said = mkboot("status", job / "job.toml", expect=2)
    assert "is no job" in said
    assert "mkboot prepare makes one" in said
