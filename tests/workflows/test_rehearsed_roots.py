# SPDX-License-Identifier: Apache-2.0
"""Roots on mirrors that come back on plain slices, Solaris 10, and compressed segments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import needs
from odd_hosts import edit_slice, put_file, with_more
from rehearsing import SMALL_MEDIA, make_small_set, rehearse, slice_tree, text_of
from set_making import mkboot

from fixtures.small_base import make_small_base
from fixtures.small_host import make_small_host
from mkboot.tree.filetree import TreeBuilder

pytestmark = needs("unshare", "chroot", "dash")

MDD = b"""\
* Begin MDD root info (do not edit)
rootdev:/pseudo/md@0:0,0,blk
set md:mirrored_root_flag=1
* End MDD root info (do not edit)
"""
MD_CONF = b"""\
name="md" parent="pseudo" nmd=128 md_nsets=4;
# Begin MDD database info (do not edit)
mddb_bootlist1="sd:7:16:id0";
# End MDD database info (do not edit)
"""
#: Of the root's slices, as metadevices: /, swap, /usr and /var.
DEVICES = {
    b"c0t0d0s0": b"d0", b"c0t0d0s1": b"d1", b"c0t0d0s6": b"d6", b"c0t0d0s3": b"d3",
}  # fmt: skip


def mirrored(disks: Mapping[str, Path]) -> None:
    with_more(disks)
    edit_slice(disks, b"/", _on_mirrors)


def _on_mirrors(builder: TreeBuilder) -> None:
    number = builder.find(b"etc/vfstab")
    assert number is not None
    content = builder.node(number).content
    text = content.read(0, content.size)
    for slice_, device in DEVICES.items():
        for kind in (b"dsk", b"rdsk"):
            text = text.replace(b"/dev/%s/%s" % (kind, slice_), b"/dev/md/%s/%s" % (kind, device))
    put_file(builder, b"etc/vfstab", text)
    put_file(builder, b"etc/system", b"* theirs\n" + MDD + b"set maxusers=64\n")
    put_file(builder, b"kernel/drv/md.conf", MD_CONF)
    put_file(builder, b"etc/dumpadm.conf", b"DUMPADM_DEVICE=/dev/md/dsk/d1\n")


def _told(job: str) -> str:
    """What prepare asks the person to say: which slices hold /usr and /var."""
    for slice_, mount in (("c0t0d0s6", "/usr"), ("c0t0d0s3", "/var")):
        head, found, tail = job.partition(f'slice = "{slice_}"')
        assert found
        job = head + found + tail.replace('mount = ""', f'mount = "{mount}"', 1)
    return job


@pytest.mark.parametrize("media", ["cd650", SMALL_MEDIA], ids=["single", "root-first"])
@pytest.mark.parametrize("release", ["9", "10"])
def test_a_mirrored_root_comes_back_on_plain_slices(
    tmp_path: Path, media: str, release: str
) -> None:
    made = make_small_set(
        tmp_path / "set", media=media, release=release, change=mirrored, edit=_told
    )
    told = rehearse(made.job, tmp_path / "out")
    assert told.verdict == "restored", told.done.reason
    assert told.done.run.questions == 0
    root = slice_tree(told.image("c0t0d0"), 0)
    assert text_of(root, "/etc/system") == b"* theirs\nset maxusers=64\n"
    assert text_of(root, "/kernel/drv/md.conf") == MD_CONF.splitlines(keepends=True)[0]
    assert text_of(root, "/etc/dumpadm.conf") == b"DUMPADM_DEVICE=/dev/dsk/c0t0d0s1\n"
    lines = text_of(root, "/etc/vfstab").splitlines()
    assert not any(line.startswith(b"/dev/md/") for line in lines)
    assert sum(line.startswith(b"#/dev/md/dsk/") for line in lines) == len(DEVICES)
    plain = {line.split()[0]: line.split()[2] for line in lines if line.startswith(b"/dev/dsk/")}
    assert plain[b"/dev/dsk/c0t0d0s0"] == b"/"
    assert plain[b"/dev/dsk/c0t0d0s6"] == b"/usr"
    assert plain[b"/dev/dsk/c0t0d0s3"] == b"/var"
    assert plain[b"/dev/dsk/c0t0d0s1"] == b"-"
    for path in ("/etc/vfstab", "/etc/system", "/kernel/drv/md.conf", "/etc/dumpadm.conf"):
        assert root.node_at(f"{path}.was".encode()) is not None


@pytest.mark.parametrize(("said", "lacks"), [((), "/usr"), (("/usr",), "/var")])
def test_a_mirrored_root_without_its_mounts_is_refused_in_words(
    tmp_path: Path, said: tuple[str, ...], lacks: str
) -> None:
    """vfstab names metadevices only: the discs could give /usr and /var no line in it."""
    disks = make_small_host(tmp_path / "host", "9")
    mirrored(disks)
    base = make_small_base(tmp_path / "base.iso", "sparc-9", "9")
    sources = [word for name, path in disks.items() for word in ("--source", f"{name}={path}")]
    job = tmp_path / "job"
    mkboot("prepare", job, "--base", base, *sources)
    text = (job / "job.toml").read_text()
    for mount in said:
        text = text.replace(
            'slice = "c0t0d0s6"\nmount = ""', f'slice = "c0t0d0s6"\nmount = "{mount}"'
        )
    (job / "job.toml").write_text(text)
    mkboot("capture", job)
    told = mkboot("build", job, expect=3)
    assert f"vfstab mounts {lacks} from a volume" in told
    assert f'set mount = "{lacks}" for its slice in job.toml' in told
    assert not (job / "set").exists()


@pytest.mark.parametrize("media", ["cd650", SMALL_MEDIA], ids=["single", "root-first"])
def test_solaris_10_by_a_service(tmp_path: Path, media: str) -> None:
    made = make_small_set(tmp_path / "set", media=media, release="10", change=with_more)
    told = rehearse(made.job, tmp_path / "out")
    assert told.verdict == "restored", told.done.reason
    assert (told.done.run.questions, told.done.run.disc_changes) == (0, len(made.volumes) - 1)
    root, var = (slice_tree(told.image("c0t0d0"), number) for number in (0, 3))
    assert root.node_at(b"/mkboot") is None
    assert var.node_at(b"/svc/manifest/site/mkboot.xml") is None


@pytest.mark.parametrize("media", ["cd650", SMALL_MEDIA], ids=["single", "root-first"])
@pytest.mark.parametrize("packing", ["compress", "gzip"])
def test_compressed_segments(tmp_path: Path, packing: str, media: str) -> None:
    made = make_small_set(
        tmp_path / "set", layout="sparc-9", release="9", media=media, compress=packing,
        change=with_more,
    )  # fmt: skip
    end = {"compress": b".Z", "gzip": b".gz"}[packing]
    told = rehearse(made.job, tmp_path / "out")
    assert told.verdict == "restored", told.done.reason
    assert (told.done.run.questions, told.done.run.disc_changes) == (0, len(made.volumes) - 1)
    assert end in b"".join(path.read_bytes() for path in made.volumes)
