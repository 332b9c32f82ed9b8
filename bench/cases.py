# SPDX-License-Identifier: Apache-2.0
"""What is compared with what, and what is not equal about it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.content import Corpus
from bench.measure import Side, Step, shell

PYTHON = sys.executable
MKBOOT = str(Path(PYTHON).parent / "mkboot")
#: The largest size that Debian's makefs was seen to write: it counts bytes in 32 bits.
MAKEFS_MOST = 2045 << 20
ISO_PEERS = {
    "genisoimage": "genisoimage -quiet -R -D -iso-level 3 -V BENCH -o",
    "xorriso": "xorriso -as mkisofs -quiet -r -iso-level 3 -V BENCH -o",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison.

    ``target`` is how many times the peer's time is wanted at most, None where it is only
    told.  ``also_without`` names steps of the peer that a second ratio leaves out, ``apart``
    those that only another ratio counts in.  ``reads`` are files besides the corpus that both
    sides read.
    """

    key: str
    title: str
    ours: Side
    peer: Side
    target: float | None
    unequal: str
    also_without: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    loop: bool = False
    reads: tuple[Path, ...] = ()

    def missing(self, device: str | None) -> str:
        """Why it cannot be run here; empty if it can."""
        gone = [p for p in self.programs if shutil.which(p) is None]
        if gone:
            return f"not installed: {', '.join(gone)}"
        return "no loop device could be set up" if self.loop and device is None else ""


@contextmanager
def loop_device(image: Path) -> Iterator[str | None]:
    """The image as a block device, which Debian's dump wants; None where that is not allowed."""
    command = ["losetup", "-r", "-f", "--show", str(image)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    device = done.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=True)


def ours_step(name: str, *arguments: str | Path) -> Step:
    """A program of bench/ours.py."""
    return Step(name, (PYTHON, "-m", "bench.ours", *map(str, arguments)))


def mkboot(name: str, *arguments: str | Path) -> Step:
    """A command of mkboot."""
    return Step(name, (MKBOOT, *map(str, arguments)))


def all_cases(corpus: Corpus, work: Path, device: str | None) -> list[Case]:
    """Every comparison; ``work`` is where both sides put what they make."""
    out = work / "out"
    return [
        _capture_and_build(work, out, device),
        _mkfs(corpus, out),
        *(_iso(corpus, out, program) for program in ISO_PEERS),
        _custom(work, out),
        _dump(corpus, device),
        *_reading(work, out),
        _verify(corpus),
        _rehearse(work, out),
        _copy(work, out),
    ]


def _capture_and_build(work: Path, out: Path, device: str | None) -> Case:
    job = work / "job"
    vol, iso, sums = out / "vol", out / "iso", out / "sums"
    discs = (
        f"for v in {vol}/*; do genisoimage -quiet -R -iso-level 3 -V X "
        f"-o {iso}/${{v##*/}}.iso $v; done"
    )
    return Case(
        "capture-build",
        "capture + build",
        Side(
            "mkboot",
            (mkboot("capture", "-q", "capture", job), mkboot("build", "-q", "build", job)),
            (job / "capture", job / "set"),
        ),
        Side(
            "dump, split, genisoimage, cksum, sha256sum",
            (
                shell("dump", f"dump -0 -q -b 64 -f - {device} | split -b 650m - {vol}/v."),
                shell("genisoimage", discs),
                shell("cksum", f"cksum {iso}/* > {sums}"),
                shell("sha256sum", f"sha256sum {iso}/* >> {sums}"),
                shell("sync", f"sync {vol}/* {iso}/*"),
            ),
            (out,),
            (vol, iso),
        ),
        0.8,
        "The peers read the tree from an ext4, mkboot the equal tree from a UFS. mkboot also "
        "makes MD5 and SysV sums, checks every segment once more while it goes onto its disc, "
        "syncs what it wrote, captures a small root besides, and makes volume 1 "
        "bootable from a base medium of 20 MB; the "
        "peers' dump keeps no checksum of its own. A second ratio has the peers' files synced too.",
        also_without=("sha256sum",),
        apart=("sync",),
        programs=("dump", "split", "genisoimage", "cksum", "sha256sum"),
        loop=True,
    )


def _mkfs(corpus: Corpus, out: Path) -> Case:
    image = out / "image"
    size = min(corpus.image_bytes, MAKEFS_MOST)
    return Case(
        "mkfs",
        "UFS image of a tree",
        Side("mkboot mkfs",
             (mkboot("mkfs", "-q", "mkfs", corpus.tree, image, "--size", str(size)),),
             (out,), (out,)),
        Side("makefs -t ffs",
             (shell("makefs", "makefs -t ffs -B be -o version=1,bsize=8192,fsize=1024 "
                    f"-s {size} {image} {corpus.tree}"), shell("sync", f"sync {image}")),
             (out,), (out,)),
        1.5,
        "Both make a big-endian UFS1 of the same size. makefs' has fewer inodes and keeps "
        "nothing of Sun's; mkboot syncs its image to the disk before it gives it its name, "
        "makefs does not: a second ratio has that done too.",
        apart=("sync",),
        programs=("makefs",),
    )  # fmt: skip


def _iso(corpus: Corpus, out: Path, program: str) -> Case:
    return Case(
        f"iso-{program}",
        "ISO 9660 of a tree",
        Side("mkboot's ISO writer", (ours_step("iso", "iso", corpus.tree, out / "iso"),),
             (out,), (out,)),
        Side(program, (shell(program, f"{ISO_PEERS[program]} {out}/iso {corpus.tree}"),),
             (out,), (out,)),
        2.0 if program == "xorriso" else None,
        "The order of files and the depth from which directories are relocated differ"
        + (" (genisoimage: -D, not at all)." if program == "genisoimage" else "."),
        programs=(program,),
    )  # fmt: skip


def _custom(work: Path, out: Path) -> Case:
    top = work / "custom"
    words = ("custom", "-q", top / "base.iso", top / "jumpstart", "-o", out / "out.iso")
    return Case(
        "custom",
        "custom disc of 20,000 files",
        Side("mkboot", (mkboot("custom", *words, "--media", "dvd"),), (out,), (out,)),
        Side("genisoimage", (shell("genisoimage", f"{ISO_PEERS['genisoimage']} {out}/iso "
                                   f"{top}/tree"), shell("sync", f"sync {out}/iso")),
             (out,), (out,)),
        2.0,
        "mkboot reads a base medium, checks a JumpStart directory, writes a changed miniroot "
        "and the boot slices besides, and syncs what it wrote; the peer reads a directory: a "
        "second ratio has its disc synced, too.",
        apart=("sync",),
        programs=("genisoimage",),
    )  # fmt: skip


def _dump(corpus: Corpus, device: str | None) -> Case:
    ours = f"{PYTHON} -m bench.ours dump {corpus.ufs} | cat > /dev/null"
    return Case(
        "dump",
        "image to dump stream",
        Side("mkboot's dump writer", (shell("dump", ours),)),
        Side("dump -b 64", (shell("dump", f"dump -0 -q -b 64 -f - {device} | cat > /dev/null"),)),
        1.0,
        "The peer reads the tree from an ext4 through a loop device, mkboot the equal tree "
        "from a UFS in a file.",
        programs=("dump",),
        loop=True,
    )


def _reading(work: Path, out: Path) -> list[Case]:
    stream = work / "stream.dump"
    return [
        Case(
            "dump-list",
            "what is in a dump",
            Side("mkboot's dump reader", (ours_step("read", "read", stream),)),
            Side("restore -t", (shell("list", f"restore -t -f {stream}"),)),
            None,
            "Both read the stream that mkboot made of the UFS, which is big-endian, so that "
            "restore converts it. restore reads only the directories at its front and prints the "
            "names; mkboot reads every header up to the end.",
            programs=("restore",),
        ),
        Case(
            "dump-extract",
            "a dump into a directory",
            Side("mkboot extract", (mkboot("extract", "-q", "extract", stream, out / "top"),),
                 (out,), (out,)),
            Side("restore -r", (shell("restore", f"cd {out}; restore -r -f {stream}"),),
                 (out,), (out,)),
            None,
            "Both read the stream that mkboot made of the UFS, which is big-endian, so that "
            "restore converts it. Most of the time is the kernel's, which makes the files; "
            "restore also writes its symbol table.",
            programs=("restore",),
        ),
    ]  # fmt: skip


def _verify(corpus: Corpus) -> Case:
    image = corpus.ufs
    return Case(
        "verify",
        "checksums of an image",
        Side("mkboot's digests", (ours_step("digest", "digest", image),)),
        Side("cksum, sum -s, md5sum, sha256sum", tuple(
            shell(name.split()[0], f"{name} {image}")
            for name in ("cksum", "sum -s", "md5sum", "sha256sum")
        )),
        0.6,
        "mkboot reads the file once and hashes on several processors, the four programs run "
        "one after another. Debian 12's sha256sum makes no use of the processor's SHA "
        "instructions, Python's does.",
        also_without=("sha256sum",),
        programs=("cksum", "sum", "md5sum", "sha256sum"),
    )  # fmt: skip


def _rehearse(work: Path, out: Path) -> Case:
    content = work / "rehearsal" / "content"
    return Case(
        "rehearse",
        "rehearsal of a set",
        Side("mkboot rehearse",
             (mkboot("rehearse", "-q", "rehearse", work / "rehearsal" / "job"),)),
        Side("cp -a, twice",
             tuple(shell(name, f"cp -a {content} {out}/{name}") for name in ("first", "second")),
             (out,), (out,)),
        3.0,
        "mkboot restores the content by the disc's own scripts on an emulated Sun, writes the UFS, "
        "compares every byte with the source, and boots the disk in QEMU where that is installed; "
        "cp reads and writes the content twice.",
        programs=("unshare", "chroot", "dash"),
    )  # fmt: skip


def _copy(work: Path, out: Path) -> Case:
    image = work / "disc.img"
    together = f"cp --sparse=never {image} {out}/disc & cp=$!; sha256sum {image} > {out}/sums"
    return Case(
        "copy",
        "copy of a large image",
        Side("mkboot copy", (mkboot("copy", "copy", "-q", image, out / "disc"),), (out,), (out,)),
        Side("cp with sha256sum at the same time", (
            shell("cp, sha256sum", f"{together}; wait $cp"),
            shell("sync", f"sync {out}/disc"),
        ), (out,), (out,)),
        1.15,
        "mkboot also makes MD5, SysV sum and cksum, keeps a map, and brings the copy to the disk "
        "as it goes; cp leaves it in memory: a second ratio has that synced too.",
        apart=("sync",),
        programs=("cp", "sha256sum"),
        reads=(image,),
    )  # fmt: skip
