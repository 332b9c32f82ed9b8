# SPDX-License-Identifier: Apache-2.0
"""The engine under posh, dash and busybox sh: the same lines on the console, the same disks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import needs
from rehearsing import SMALL_MEDIA, SmallSet, Told, make_small_set, rehearse, slice_tree, text_of

from fixtures.small_host import DISKS
from mkboot.formats.label import SECTOR
from mkboot.tree.compare import Comparison

pytestmark = needs("unshare", "chroot", "dash", "busybox", "posh")

SHELLS = ("dash", "busybox", "posh")
#: Numbers of processes and of free memory differ from run to run.
_FREE = re.compile(r"room for [0-9]+ KB")
#: What the restore itself makes anew has the time at which that was.
_AS_OF_NOW = frozenset({"path", "mtime"})
#: The log, whose lines are looked at by themselves.
_LOG = b"/adm/mkboot.log"
_VAR = 3
#: The machine reckons the terminal of a process by its parents, of which shells make several.
_TERMINAL = b'Cannot open("/dev/tty")'


@pytest.fixture(scope="module", params=["cd650", SMALL_MEDIA], ids=["single", "root-first"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SmallSet:
    return make_small_set(tmp_path_factory.mktemp("shells"), media=request.param)


@pytest.fixture(scope="module")
def told(made: SmallSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    work = tmp_path_factory.mktemp("outs")
    return {shell: rehearse(made.job, work / shell, shell=shell) for shell in SHELLS}


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_restored(made: SmallSet, told: dict[str, Told], shell: str) -> None:
    assert told[shell].verdict == "restored", told[shell].done.reason
    run = told[shell].done.run
    assert (run.questions, run.disc_changes) == (0, len(made.volumes) - 1)


@pytest.mark.parametrize("shell", SHELLS[1:])
def test_the_console_says_the_same(told: dict[str, Told], shell: str) -> None:
    first, other = ([_FREE.sub("", line) for line in told[s].lines] for s in (SHELLS[0], shell))
    assert len(first) > 40
    assert other == first


@pytest.mark.parametrize("shell", SHELLS[1:])
def test_the_disks_are_the_same(told: dict[str, Told], shell: str) -> None:
    names = 0
    for disk, (_, parts) in DISKS.items():
        first, other = told[SHELLS[0]].image(disk), told[shell].image(disk)
        assert first.open("rb").read(SECTOR) == other.open("rb").read(SECTOR)
        for part in parts:
            if part.tree is not None:
                left, right = (slice_tree(image, part.number) for image in (first, other))
                found = Comparison(left, right, _AS_OF_NOW)
                differing = [d for d in found.differences() if d.path != _LOG]
                assert differing == [], (disk, part.number)
                names += found.counts.names
    assert names > 100


@pytest.mark.parametrize("shell", SHELLS[1:])
def test_the_log_on_the_disk_is_the_same(told: dict[str, Told], shell: str) -> None:
    first, other = (_logged(told[s].image("c0t0d0")) for s in (SHELLS[0], shell))
    assert len(first) > 40
    assert other == first


def _logged(disk: Path) -> list[bytes]:
    text = text_of(slice_tree(disk, _VAR), _LOG.decode())
    return [line for line in text.splitlines() if not line.startswith(_TERMINAL)]
