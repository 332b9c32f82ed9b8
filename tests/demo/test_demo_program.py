# SPDX-License-Identifier: Apache-2.0
"""``mkboot demo`` as a person runs it: the program of an installed wheel, away from a checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import needs
from judge import kernel_rows
from label_judging import judge_label, sector
from set_judging import judge_equal
from wheels import build_wheel, install

from fixtures.sunlabel import slices_of
from mkboot.demo.host import make_demo_host

pytestmark = pytest.mark.slow

KEYS = {"event", "step", "done", "total", "unit", "text"}
SLICES = ("c0t0d0s0", "c0t0d0s3", "c0t0d0s6", "c0t1d0s3", "c0t1d0s7")
#: Whether a claim of the report needs other programs (QEMU, unshare), by what it begins with.
CLAIMS = {
    "a host's disks are captured": False,
    "a set of discs is made": False,
    "every checksum on the discs holds": False,
    "sun4u firmware boots volume 1": True,
    "sun4m firmware": True,
    "what was restored equals the source": False,
    "sun4u firmware boots the restored disk": True,
    "the disc's own scripts bring the host back": True,
}


@dataclass(frozen=True)
class Ran:
    folder: Path
    out: str
    err: str


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("installed")
    return install(build_wheel(work), work / "venv")


def run(programs: Path, folder: Path, path: str, *options: str) -> Ran:
    """One run in an empty directory; exit status 0."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"PATH": path}
    folder.mkdir()
    done = subprocess.run(
        [programs / "mkboot", *options, "demo", "demo"],
        cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return Ran(folder / "demo", done.stdout, done.stderr)


def claims(report: str) -> dict[str, str]:
    """Claim to ``proved``, ``not tried`` or ``FAILED``; one for each of ``CLAIMS``."""
    found: dict[str, str] = {}
    for line in report.splitlines():
        word, what = line[:10].strip(), line[11:]
        if word in ("proved", "not tried", "FAILED"):
            (claim,) = [claim for claim in CLAIMS if what.startswith(claim)]
            assert claim not in found
            found[claim] = word
    return found


@pytest.fixture(scope="module")
def bare(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """With no other program at all on PATH."""
    folder = tmp_path_factory.mktemp("bare") / "here"
    return run(programs, folder, os.fspath(programs), "--progress", "json")


def test_the_installed_package_is_the_one_that_runs(programs: Path, tmp_path: Path) -> None:
    code = "import mkboot; print(mkboot.__file__)"
    done = subprocess.run(
        [programs / "python", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout.startswith(os.fspath(programs.parent))


def test_without_programs_their_claims_are_not_tried(bare: Ran) -> None:
    assert claims(bare.out) == {
        c: "not tried" if boots else "proved" for c, boots in CLAIMS.items()
    }
    assert bare.out.count("qemu-system-sparc64") == 2
    assert "No Solaris binary ran" in bare.out
    assert "apt" in bare.out


def test_the_report_is_kept_and_names_what_is_there(bare: Ran) -> None:
    kept = (bare.folder / "report.txt").read_text()
    assert kept.startswith(bare.out.rstrip("\n"))
    assert "c0t0d0" in kept[len(bare.out.rstrip("\n")) :]
    assert (bare.folder / "job/set/volume-2.iso").is_file()


def test_the_picture_shows_the_first_volume(bare: Ran) -> None:
    picture = (bare.folder / "volume-1.svg").read_text()
    assert picture.startswith(("<svg", "<?xml"))
    assert "slice" in picture
    assert "volume-1.svg" in bare.out


def test_progress_is_json_lines(bare: Ran) -> None:
    events = [json.loads(line) for line in bare.err.splitlines()]
    assert all(set(event) == KEYS for event in events)
    steps = {event["step"] for event in events}
    assert {"make a base medium", "make a host of two disks"} <= steps
    assert any("compare" in step for step in steps)
    begun = [e["step"] for e in events if e["event"] == "begin"]
    ended = [e["step"] for e in events if e["event"] == "end"]
    assert sorted(begun) == sorted(ended)
    assert len(begun) > 8
    tried = ("boot ", "rehearse ")
    assert all(e["text"] != "failed" for e in events if not e["step"].startswith(tried))
    counted = [e for e in events if e["event"] == "end" and e["total"] is not None]
    assert len(counted) > 9
    assert [e for e in counted if e["done"] != e["total"]] == []


@pytest.mark.boot
@needs("qemu-system-sparc", "qemu-system-sparc64", "unshare", "chroot")
def test_with_qemu_everything_is_proved(programs: Path, tmp_path: Path) -> None:
    ran = run(programs, tmp_path / "here", f"{programs}{os.pathsep}{os.environ['PATH']}")
    assert claims(ran.out) == dict.fromkeys(CLAIMS, "proved")
    assert "/kernel/genunix" in ran.out
    assert "/etc/vfstab" in ran.out
    kind = "png" if shutil.which("rsvg-convert") else "svg"
    assert (ran.folder / f"volume-1.{kind}").stat().st_size > 1000
    if kind == "png":
        assert (ran.folder / "volume-1.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.kernel
@needs("qemu-system-x86_64", "gcc", "sfdisk", "fdisk", "mmls")
def test_the_restored_disks_equal_the_host_for_the_kernel(bare: Ran, tmp_path: Path) -> None:
    host = make_demo_host(tmp_path)
    images = {
        side: {name: folder / f"{name[:6]}.img" for name in SLICES}
        for side, folder in (("before", tmp_path), ("after", bare.folder / "restored"))
    }
    parts = {
        (side, name): Path(f"{image}@{int(name[-1]) + 1}")
        for side, table in images.items()
        for name, image in table.items()
    }
    seen = kernel_rows(list(parts.values()))
    before, after = (
        {name: seen[parts[side, name]] for name in SLICES} for side in ("before", "after")
    )
    assert sum(map(len, before.values())) > 300
    judge_equal(before, after)
    shapes = {name: judge_label(bare.folder / "restored" / f"{name}.img") for name in host}
    assert shapes["c0t1d0"][:2] == (19, 80)
    for name, path in host.items():
        tags = [{n: s.tag for n, s in slices_of(sector(image, 0)).items()}
                for image in (path, bare.folder / "restored" / f"{name}.img")]  # fmt: skip
        assert tags[0] == tags[1]
    assert sector(host["c0t0d0"], 0) == sector(bare.folder / "restored/c0t0d0.img", 0)
