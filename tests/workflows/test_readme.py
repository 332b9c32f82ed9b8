# SPDX-License-Identifier: Apache-2.0
"""README.TXT's restore, typed by a test with Debian's cat and restore, gives the tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from by_hand import Sun, Typed
from conftest import needs
from judge import Rows, tree_rows
from set_judging import judge_restored, rows_of, without_long_names
from set_making import Made, make_set, mkboot

from mkboot.formats.directory import read_directory

pytestmark = needs("makefs", "genisoimage", "qemu-system-x86_64", "fsstat", "restore", "bsdtar",
                   "compress")  # fmt: skip

#: Layout, release, seed, for each strategy media on which it takes so many volumes, and how
#: the segments are compressed.
CASES = (
    ("sparc-2.6", "8", 3, {"auto": "650M", "root-first": "44M", "two-drive": "42M"}, "none"),
    ("sparc-9", "9", 4, {"root-first": "44M"}, "compress"),
)


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    layout, release, seed, _, compress = getattr(request, "param", CASES[0])
    work = tmp_path_factory.mktemp("readme")
    return make_set(
        work, layout=layout, release=release, seed=seed, media="44M", big=False, compress=compress
    )


@pytest.fixture(scope="module")
def source_rows(made: Made) -> dict[str, Rows]:
    return rows_of(made.host.disks, made)


@pytest.mark.parametrize(
    ("made", "strategy", "media"),
    [
        pytest.param(case, strategy, media, id=f"{case[0]}-{strategy}")
        for case in CASES
        for strategy, media in case[3].items()
    ],
    indirect=["made"],
)
def test_typed_by_hand(
    made: Made, source_rows: dict[str, Rows], tmp_path: Path, strategy: str, media: str
) -> None:
    job = tmp_path / "job"
    left = without_long_names(made, source_rows, job)
    text = (job / "job.toml").read_text()
    text = re.sub(r"(?m)^strategy = .*", f'strategy = "{strategy}"', text)
    (job / "job.toml").write_text(re.sub(r"(?m)^media = .*", f'media = "{media}"', text))
    mkboot("build", job)
    volumes = sorted((job / "set").glob("volume-*.iso"))
    assert (len(volumes) == 1) == (strategy == "auto")
    sun = Sun(tmp_path / "sun", volumes, mounted=made.base.layout == "sparc-2.6")
    done = sun.type_readme()
    assert (done.returncode, done.stderr) == (0, b""), done.text
    judge_log(sun, done, left, one_disc=strategy == "auto")
    assert {p.name for p in (sun.top / "fs").iterdir()} == set(left)
    (sun.top / "fs/c0t0d0s0/reconfigure").unlink()
    for name, rows in left.items():
        judge_by_hand(sun.top / "fs" / name, rows)


def judge_log(sun: Sun, done: Typed, left: dict[str, Rows], *, one_disc: bool) -> None:
    """All was done, the disc of another set was refused, the counts are those of the text."""
    log: list[str] = sun.state["log"]
    assert sorted(x for x in log if x.startswith("fsck")) == sorted(f"fsck {n}" for n in left)
    assert log[-1] == "reboot"
    assert [x for x in log if x.startswith("installboot")] == ["installboot c0t0d0s0"]
    assert [x for x in log if x.startswith("swap")] == ["swap c0t0d0s1", "swap c0t1d0s1"]
    assert log.count("button") <= 1  # the first disc of a boot; the others are ejected
    assert log.count("disc other") == (0 if one_disc else 1)
    wanted = re.findall(r'"(\d+ files are good)"', re.sub(r"\s+", " ", sun.readme))
    assert re.findall(r"\d+ files are good", done.stdout.decode()) == wanted
    assert len(wanted) == len(list(sun.top.glob("volumes/[0-9]*")))
    assert b"BAD" not in done.stdout


def judge_by_hand(target: Path, rows: Rows) -> None:
    """As after a plain restore, which leaves its table; here README.TXT removed it."""
    assert not (target / "restoresymtable").exists()
    (target / "restoresymtable").touch()
    assert tree_rows(read_directory(target))
    judge_restored(target, rows)


def test_a_damaged_disc_is_told_before_the_disks_are_labelled(made: Made, tmp_path: Path) -> None:
    sun = Sun(tmp_path / "sun", made.volumes)
    segment = min(sun.top.glob("volumes/1/mkboot/seg/*"))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.chmod(0o644)
    segment.write_bytes(data)
    done = sun.type_readme()
    before = done.stdout.decode().partition("fmthard:")[0]
    assert f"mkboot/seg/{segment.name} IS BAD" in before
    wanted = int(re.findall(r'"(\d+) files\s+are good"', sun.readme)[0])
    assert f"{wanted - 1} files are good" in before


def test_the_labels_are_typed_too(made: Made, tmp_path: Path) -> None:
    sun = Sun(tmp_path / "sun", made.volumes)
    sun.type_readme()
    labels = {
        (f"{disk}s{number}", start, count)
        for disk, rows in sun.state["labels"].items()
        for number, (_, start, count) in rows.items()
        if number != "2"
    }
    slices = made.host.slices.items()
    assert labels == {(name, s.start, s.sectors) for name, s in slices}


def test_lines_are_short_and_plain(made: Made, tmp_path: Path) -> None:
    text = Sun(tmp_path / "sun", made.volumes).readme
    assert [line for line in text.splitlines() if len(line) > 79] == []
    assert text.isascii()
    assert text.index("c0t1d0s0: 75392 sectors" if "75392" in text else "c0t1d0s0: ") < text.index(
        "HOW TO BRING"
    )
