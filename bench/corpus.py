# SPDX-License-Identifier: Apache-2.0
"""What is measured on: files of this machine, in a directory, an ext4, a UFS and a disk.

python -m bench.corpus FOLDER quick|full      makes it, and prints what it made as JSON
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.content import FULL, QUICK, Corpus, Sizes, count, walk
from mkboot.demo.base import make_demo_base
from mkboot.demo.programs import with_programs
from mkboot.formats.directory import read_directory
from mkboot.formats.label import (
    SECTOR,
    TAG_BACKUP,
    TAG_HOME,
    TAG_ROOT,
    Label,
    SliceEntry,
    make_label,
    write_label,
)
from mkboot.formats.ufs import choose_parameters, write_ufs
from mkboot.model.values import Geometry
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import FileSink, FileSource

#: The root of the host that has the tree as its /export/home.
_ROOT = {
    b"/etc/vfstab": b"""\
/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no -
/dev/dsk/c0t0d0s7 /dev/rdsk/c0t0d0s7 /export/home ufs 2 yes -
""",
    b"/etc/nodename": b"bench\n",
    b"/var/sadm/softinfo/INST_RELEASE": b"OS=Solaris\nVERSION=8\nREV=0\n",
}
_HEADS, _TRACK = 19, 248
_CYLINDER = _HEADS * _TRACK * 512
_ROOT_CYLINDERS = 16
_WHEN = 1_018_310_400
_MIB = 1 << 20


def make_corpus(folder: Path, sizes: Sizes) -> Corpus:
    """Make it in ``folder``, which must be empty; about three times ``sizes`` on disk."""
    tree = folder / "tree"
    copy_files(tree, sizes)
    counts = count(tree)
    room = (counts["bytes"] + counts["files"] * 4096) * 5 // 4 // _MIB * _MIB + 64 * _MIB
    ext4, ufs, disk, base = (folder / n for n in ("peer.ext4", "ours.ufs", "disk.img", "base.iso"))
    make_ext4(tree, ext4, room)
    make_disk(tree, disk, ufs, room)
    make_demo_base(base)
    return Corpus(tree, ext4, ufs, disk, base, image_bytes=room, **counts)


def copy_files(top: Path, sizes: Sizes) -> None:
    """Everything in /usr/share, then /usr/lib's directories in the reverse of their order,
    until there is enough.
    """
    files = size = 0
    below = sorted((p for p in Path("/usr/lib").iterdir() if p.is_dir()), reverse=True)
    for root in (Path("/usr/share"), *below):
        for path in walk(root):
            target = top / path.relative_to("/")
            st = path.lstat()
            if stat.S_ISREG(st.st_mode):
                if files >= sizes.files or size + st.st_size > sizes.bytes:
                    return
                files += 1
                size += st.st_size
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, target, st)


def _copy(path: Path, target: Path, st: os.stat_result) -> None:
    if stat.S_ISLNK(st.st_mode):
        target.symlink_to(path.readlink())
    elif stat.S_ISDIR(st.st_mode):
        target.mkdir(exist_ok=True)
    else:
        shutil.copy2(path, target)


def make_ext4(tree: Path, image: Path, size: int) -> None:
    """The tree for the peers that read a file system."""
    command = ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-i", "16384", "-d", tree, image]
    subprocess.run([*map(str, command), f"{size // 1024}k"], check=True, stdout=subprocess.DEVNULL)


def make_disk(tree: Path, disk: Path, ufs: Path, size: int) -> None:
    """The tree in a UFS by itself, and that as slice 7 of a disk with a Sun label."""
    cylinders = -(-size // _CYLINDER)
    with ufs.open("xb") as file:
        file.truncate(cylinders * _CYLINDER)
        _write_ufs(read_directory(tree), file.fileno(), cylinders, b"/export/home")
    start = _ROOT_CYLINDERS * _CYLINDER
    with disk.open("xb") as file:
        file.truncate((_ROOT_CYLINDERS + cylinders + 2) * _CYLINDER)
        file.write(write_label(_label(cylinders)))
        with FileSource(ufs) as source:
            for at, length in source.data_runs(0, source.size):
                for offset in range(at, at + length, _MIB):
                    data = source.pread(offset, min(_MIB, at + length - offset))
                    os.pwrite(file.fileno(), data, start + offset)
        _write_ufs(_root_tree(), file.fileno(), _ROOT_CYLINDERS, b"/")


def _label(cylinders: int) -> Label:
    geometry = Geometry(_HEADS, _TRACK, _ROOT_CYLINDERS + cylinders, 2, rpm=7200)
    sectors = _HEADS * _TRACK
    return make_label(
        geometry,
        [
            SliceEntry(0, 0, _ROOT_CYLINDERS * sectors, TAG_ROOT, 0),
            SliceEntry(2, 0, geometry.ncyl * sectors, TAG_BACKUP, 0),
            SliceEntry(7, _ROOT_CYLINDERS, cylinders * sectors, TAG_HOME, 0),
        ],
    )


def _write_ufs(tree: FileTree, fd: int, cylinders: int, mount: bytes) -> None:
    sectors = cylinders * _HEADS * _TRACK
    parameters = choose_parameters(sectors, nhead=_HEADS, nsect=_TRACK, rpm=7200)
    # A disk's label lies in the first sector of slice 0, which write_ufs leaves alone.
    sink = FileSink(fd, 0, sectors * SECTOR)
    write_ufs(tree, sink, parameters, time=_WHEN, last_mounted=mount)


def _root_tree() -> FileTree:
    folder = directory(mtime=_WHEN * SECOND)
    builder = TreeBuilder(folder)
    for path, text in _ROOT.items():
        parent, _, name = path.rpartition(b"/")
        number = builder.make_directories(parent, folder)
        builder.add(number, name, regular(BytesContent(text), mtime=_WHEN * SECOND))
    return with_programs(builder.build())


if __name__ == "__main__":
    made = make_corpus(Path(sys.argv[1]), QUICK if sys.argv[2] == "quick" else FULL)
    print(json.dumps(asdict(made), default=str))
