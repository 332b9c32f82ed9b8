# SPDX-License-Identifier: Apache-2.0
"""Disks that the discs' own scripts restored, before judges who know nothing of mkboot: the
Linux kernel, The Sleuth Kit, and firmware.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from unittest.mock import patch

import pytest
from boot_images import checksum
from conftest import needs
from fixture_rows import fact_rows
from judge import TSK_BLIND, Rows, differences, kernel_rows, one_file, tsk_rows
from rehearsing import Told, rehearse, slice_tree, text_of
from set_judging import slice_images
from set_making import Made, make_set

from fixtures import host_trees
from fixtures.nasty import add_holes
from fixtures.stage import Stage
from mkboot.firmware import boot
from mkboot.formats.label import SECTOR, read_label
from mkboot.tree.filetree import FileTree

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kernel,
    pytest.mark.boot,
    needs(
        "unshare", "chroot", "dash", "makefs", "genisoimage", "fsstat", "qemu-system-x86_64",
        "qemu-system-sparc64", "toke",
    ),
]  # fmt: skip

#: Seconds.
PATIENCE = 1800
#: What the restore makes or renews, by mount point: a log, the mark for a reconfiguration boot,
#: the directories that these lie in.
OWN = {
    b"/": {b"/", b"/reconfigure", b"/etc/rcS.d"},
    b"/var": {b"/adm", b"/adm/mkboot.log"},
}


@dataclass(frozen=True, slots=True)
class Judged:
    made: Made
    big: bool
    told: Told
    after: dict[str, Rows]


#: Layout, release, media, whether the host is the big one (without its file of 5 GiB, which
#: the kernel's judge takes nine minutes for), and the strategy that comes of it.
CASES = {
    "several-cds": ("sparc-2.6", "2.6", "cd650", True, "root-first"),
    "several-cds-9": ("sparc-9", "9", "cd650", True, "root-first"),
    "several-small": ("sparc-9", "9", "44M", False, "root-first"),
}


def _few_holes(stage: Stage, path: bytes, rng: object, _size: int) -> None:
    add_holes(stage, path, rng, 40 << 20)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def judged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Judged]:
    layout, release, media, big, _ = CASES[request.param]
    work = tmp_path_factory.mktemp("kernel")
    with patch.object(host_trees, "add_holes", _few_holes):
        made = make_set(work, layout=layout, release=release, seed=7, media=media, big=big)
    told = rehearse(made.job, work / "out", firmware=True, seconds=PATIENCE)
    disks = {name: told.image(name) for name in made.host.disks}
    images = slice_images(disks, made)
    seen = kernel_rows(list(images.values()), patience=PATIENCE)
    yield Judged(made, big, told, {name: seen[image] for name, image in images.items()})


def test_it_is_restored(judged: Judged, request: pytest.FixtureRequest) -> None:
    told, run = judged.told, judged.told.done.run
    assert told.verdict == "restored", told.done.reason
    assert told.done.strategy == CASES[request.node.callspec.params["judged"]][4]
    assert (run.questions, run.disc_changes) == (0, len(judged.made.volumes) - 1)
    assert (len(judged.made.volumes) > 1) == (told.done.strategy == "root-first")
    assert len(run.boots) == (3 if told.done.strategy == "root-first" else 2)


def _without_own(rows: Rows, own: set[bytes], source: Rows) -> Rows:
    """The rows less what is renewed, and less the device names that the reconfiguration boot
    has added to the source's; their directories' times and links go with them.
    """
    kept: Rows = {}
    for path, row in rows.items():
        device = (path + b"/").startswith((b"/dev/", b"/devices/"))
        if path in own or (device and path not in source):
            continue
        # here-documents of the shell lie in /tmp until tmpfs is mounted over it
        renewed = (device and row.type == "dir") or path == b"/tmp"
        kept[path] = row._replace(mtime=0, nlink=0) if renewed else row
    return kept


def _same_files(tree: FileTree) -> set[frozenset[bytes]]:
    """The names, directories' aside, that are several names of one file."""
    names: dict[int, set[bytes]] = {}
    for path, number, node in tree.walk():
        if not node.is_directory:
            names.setdefault(number, set()).add(path)
    return {frozenset(paths) for paths in names.values() if len(paths) > 1}


def test_the_kernel_reads_what_the_fixture_says(judged: Judged) -> None:
    count = 0
    least = 20_000 if judged.big else 500
    for name, rows in judged.after.items():
        facts = judged.made.host.slices[name]
        own = OWN.get(facts.mount or b"", set())
        manifest = fact_rows(facts.manifest)
        before = _without_own(manifest, own, manifest)
        after = _without_own(rows, own, manifest)
        found = differences(before, after)
        assert found[:20] == [], name
        image = judged.made.host.disks[facts.disk]
        assert one_file(after) == _same_files(slice_tree(image, facts.number)), name
        count += len(before)
    assert count > least


def test_the_sleuth_kit_agrees(judged: Judged) -> None:
    for name, rows in judged.after.items():
        disk, number = name.rsplit("s", 1)
        path = judged.told.image(disk)
        label = read_label(path.open("rb").read(SECTOR))
        seen = tsk_rows(path, sector=label.start(int(number)))
        assert differences(rows, seen, TSK_BLIND | {"device"})[:20] == [], name


def test_firmware_boots_it_to_the_named_file(judged: Judged) -> None:
    assert judged.told.done.boots is True
    image = judged.told.image("c0t0d0")
    witness = judged.made.host.witness.decode()
    data = text_of(slice_tree(judged.made.host.disks["c0t0d0"], 0), witness)
    verdict = boot(
        image, machine="sun4u", kind="disk", slice_="a", timeout=300.0, arguments=witness
    )
    assert verdict.verdict == "booted", verdict.lines
    assert f"MKBOOT-FILE {witness} {len(data)} {checksum(data)}" in verdict.lines
