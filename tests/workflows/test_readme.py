# SPDX-License-Identifier: Apache-2.0
"""README.TXT's restore, typed by a test with Debian's cat and restore, gives the tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from by_hand import Sun
from conftest import needs
from judge import Rows, tree_rows
from set_judging import judge_restored, rows_of, without_long_names
from set_making import Made, make_set, mkboot

from mkboot.formats.directory import read_directory

pytestmark = needs("makefs", "genisoimage", "qemu-system-x86_64", "fsstat", "restore", "bsdtar")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    work = tmp_path_factory.mktemp("readme")
    return make_set(work, layout="sparc-2.6", release="8", seed=3, media="44M", big=False)


@pytest.fixture(scope="module")
def source_rows(made: Made) -> dict[str, Rows]:
    return rows_of(made.host.disks, made)


@pytest.mark.parametrize(
    ("strategy", "media"), [("auto", "650M"), ("root-first", "44M"), ("two-drive", "42M")]
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
    sun = Sun(tmp_path / "sun", volumes)
    done = sun.type_readme()
    assert (done.returncode, done.stderr) == (0, b""), (sun.top / "typed").read_text()
    assert {p.name for p in (sun.top / "fs").iterdir()} == set(left)
    for name, rows in left.items():
        judge_by_hand(sun.top / "fs" / name, rows)
    log = (sun.top / "log").read_text()
    assert log.count("fsck -y") == len(left)
    assert log.rstrip().endswith("reboot")
    assert len(re.findall(r"installboot .*bootblk /dev/rdsk/c0t0d0s0\n", log)) == 1


def judge_by_hand(target: Path, rows: Rows) -> None:
    """As after a plain restore, which leaves its table; here README.TXT removed it."""
    assert not (target / "restoresymtable").exists()
    (target / "restoresymtable").touch()
    assert tree_rows(read_directory(target))
    judge_restored(target, rows)


def test_the_labels_are_typed_too(made: Made, tmp_path: Path) -> None:
    sun = Sun(tmp_path / "sun", made.volumes)
    sun.type_readme()
    rows = [
        [int(word, 16 if n == 2 else 10) for n, word in enumerate(line.split())]
        for line in (sun.top / "labels").read_text().splitlines()
        if not line.startswith("*")
    ]
    starts = {(row[0], row[3], row[4]) for row in rows}
    slices = made.host.slices.values()
    assert starts == {(s.number, s.start, s.sectors) for s in slices}
