# SPDX-License-Identifier: Apache-2.0
"""``mkboot rehearse``: sets that were made by the whole job, restored by their own scripts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import needs
from rehearsing import make_small_set, rehearse
from set_making import Made, make_set, mkboot

from fixtures.base_media import make_base
from fixtures.host import make_host
from mkboot.errors import CallerError
from mkboot.tree.compare import Comparison
from mkboot.workflows.reach import reach

pytestmark = [pytest.mark.slow, needs("unshare", "chroot", "dash")]


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Everything on one disc, Solaris 8."""
    work = tmp_path_factory.mktemp("single")
    return make_set(work, layout="sparc-2.6", release="8", seed=7, media="cd650", big=False)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Root-first over two discs, Solaris 9."""
    work = tmp_path_factory.mktemp("several")
    return make_set(work, layout="sparc-9", release="9", seed=7, media="44M", big=False)


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Root-first, Solaris 10: the second stage is a service."""
    work = tmp_path_factory.mktemp("ten")
    host = make_host(work / "host", seed=7, big=False, release="10")
    base = make_base(work / "base.iso", "sparc-9", "10", 7, work / "base")
    job = work / "job"
    sources = [word for source in host.sources for word in ("--source", source)]
    mkboot("prepare", job, "--base", base.path, *sources, "--media", "44M")
    mkboot("capture", job)
    mkboot("build", job)
    return Made(host, base, job)


def rehearsed(made: Made, *arguments: str | Path, expect: int = 0) -> dict[str, object]:
    out = mkboot("rehearse", made.job, "--json", *arguments, expect=expect)
    found = json.loads(out[: out.rindex("}") + 1])
    assert isinstance(found, dict)
    return found


def statuses(found: dict[str, object]) -> dict[str, str]:
    steps = found["steps"]
    assert isinstance(steps, list)
    return {step["id"]: step["status"] for step in steps}


def test_a_single_disc_restores_its_host(single: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = rehearsed(single, "--out", out)
    assert found["verdict"] == "restored", found["reason"]
    assert (found["strategy"], found["questions"], found["disc_changes"]) == ("single", 0, 0)
    assert set(statuses(found).values()) == {"done"}
    systems = found["file_systems"]
    assert isinstance(systems, list)
    assert {fs["device"] for fs in systems} == set(single.ufs())
    assert all(fs["files_expected"] == fs["files_restored"] > 0 for fs in systems)
    assert json.loads((out / "report.json").read_text()) == found
    page = (out / "report.html").read_text()
    assert "<strong>restored</strong>" in page
    assert "behaviours assumed" in page
    assert "No Solaris binary ran" in page
    assert "mkboot: RESTORED" in (out / "console.log").read_text()
    assert not list(out.glob("*.partial"))
    _compare(single, out)


def _compare(made: Made, out: Path) -> None:
    """The judge is not believed alone: the trees once more, by way of ``reach``."""
    for name in made.ufs():
        disk, number = name.rsplit("s", 1)
        before = reach(f"{made.host.disks[disk]}:{number}").files()
        after = reach(f"{out / disk}.img:{number}").files()
        ignored = frozenset({"mtime", "path"})
        comparison = Comparison(before, after, ignored)
        found = [d for d in comparison.differences() if not d.path.startswith(b"/devices")]
        assert found == []
        assert comparison.counts.names > 0


def test_several_discs_restore_their_host(several: Made) -> None:
    found = rehearsed(several)
    assert found["verdict"] == "restored", found["reason"]
    assert found["strategy"] == "root-first"
    assert (found["questions"], found["disc_changes"]) == (0, len(several.volumes) - 1)
    starts = found["starts"]
    assert isinstance(starts, list)
    assert [s["typed"] for s in starts] == ["boot cdrom", "by itself", "by itself"]
    assert found["assumed"]


def test_a_service_of_solaris_10_restores_the_rest(ten: Made) -> None:
    found = rehearsed(ten)
    assert found["verdict"] == "restored", found["reason"]
    assert (found["strategy"], found["questions"]) == ("root-first", 0)
    assert "manifest in site/" in str(found["assumed"])


def test_a_flipped_byte_of_a_later_disc_is_told_and_a_good_copy_taken(several: Made) -> None:
    found = rehearsed(several, "--fault", "flip=2")
    assert found["verdict"] == "restored", found["reason"]
    assert found["disc_changes"] == len(several.volumes)


@pytest.mark.parametrize("fault", ["flip=1", "bad-sector=1"])
def test_a_spoilt_first_disc_is_told_before_a_disk_is_touched(
    several: Made, tmp_path: Path, fault: str
) -> None:
    found = rehearsed(several, "--fault", fault, "--out", tmp_path / "out", expect=1)
    assert found["verdict"] == "failed"
    assert "damaged" in str(found["reason"])
    assert not any((tmp_path / "out" / "c0t0d0.img").read_bytes())


def test_controllers_in_another_order_are_recognised(several: Made) -> None:
    found = rehearsed(several, "--fault", "renumber-controllers")
    assert found["verdict"] == "restored", found["reason"]
    assert found["questions"] == 0


def test_disks_that_hold_something_are_overwritten_but_not_the_image_itself(
    single: Made, tmp_path: Path
) -> None:
    old = tmp_path / "old.img"
    shutil.copyfile(single.host.disks["c0t0d0"], old)
    with old.open("r+b") as file:
        file.seek(1 << 20)
        file.write(b"\xff" * (4 << 20))
    before = old.read_bytes()
    found = rehearsed(single, "--disk", f"c0t0d0={old}")
    assert found["verdict"] == "restored", found["reason"]
    assert old.read_bytes() == before


def test_a_wrong_disc_is_told_and_the_right_one_taken(several: Made) -> None:
    found = rehearsed(several, "--fault", "wrong-disc=2", "--fault", "no-disc=2")
    assert found["verdict"] == "restored", found["reason"]
    assert found["disc_changes"] == len(several.volumes) + 1


def test_a_power_cut_in_the_second_stage(several: Made) -> None:
    step = next(name for name in _later_steps(several) if name.startswith("restore-"))
    found = rehearsed(several, "--fault", f"power-cut={step}")
    assert found["verdict"] == "restored", found["reason"]
    steps = found["steps"]
    assert isinstance(steps, list)
    assert [s["status"] for s in steps if s["id"] == step] == ["cut", "done"]


def _later_steps(made: Made) -> list[str]:
    text = mkboot("cat", made.volume(1), "/mkboot/stage2")
    return [line.split()[1] for line in text.splitlines() if line.startswith("restore_fs")]


def test_a_missing_command_is_told_before_a_disk_is_touched(single: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = rehearsed(single, "--fault", "no-command=prtvtoc", "--out", out, expect=1)
    assert found["verdict"] == "failed"
    assert "prtvtoc" in str(found["reason"])
    assert not any((out / "c0t0d0.img").read_bytes()[:8192])


def test_too_little_memory_is_told_before_a_disk_is_touched(single: Made, tmp_path: Path) -> None:
    host = tmp_path / "host.toml"
    disks = "".join(
        f'[[disks]]\nname = "{name}"\nbytes = {path.stat().st_size}\n'
        for name, path in single.host.disks.items()
    )
    host.write_text(f'memory_mb = 20\nkarch = "sun4u"\n{disks}')
    found = rehearsed(single, "--machine", host, expect=1)
    assert found["verdict"] == "failed"
    assert "memory" in str(found["reason"])


def test_by_hand_from_the_single_user_shell(single: Made) -> None:
    found = rehearsed(single, "--by-hand")
    assert found["verdict"] == "restored", found["reason"]


@pytest.mark.parametrize("shell", ["busybox", "posh"])
def test_another_shell_gives_the_same(single: Made, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"not installed: {shell}")
    found = rehearsed(single, "--shell", shell)
    assert found["verdict"] == "restored", found["reason"]


def test_what_cannot_be_is_refused(single: Made, tmp_path: Path) -> None:
    for arguments, status in (
        (["--fault", "flip=9"], 2),
        (["--fault", "nonsense"], 2),
        (["--fault", "power-cut=newfs-c9t9d9s0"], 2),
        (["--fault", "power-cut=3.disks"], 2),
        (["--disk", "c9t9d9=x"], 2),
        (["--disk", f"c0t0d0={tmp_path / 'none'}"], 2),
        (["--machine", tmp_path / "none"], 2),
    ):
        mkboot("rehearse", single.job, *arguments, expect=status)
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("mine")
    mkboot("rehearse", single.job, "--out", out, expect=2)
    assert (out / "report.html").read_text() == "mine"
    assert list(out.iterdir()) == [out / "report.html"]


def test_what_does_not_restore_by_itself_is_not_rehearsed(tmp_path: Path) -> None:
    made = make_small_set(tmp_path / "set", edit=lambda t: t.replace('"auto"', '"two-drive"'))
    with pytest.raises(CallerError, match="two-drive does not restore by itself"):
        rehearse(made.job, tmp_path / "out")
