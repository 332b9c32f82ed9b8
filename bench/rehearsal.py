# SPDX-License-Identifier: Apache-2.0
"""What the rehearsal is measured on: a set of a small bootable host with much in /export/home.

python -m bench.rehearsal FOLDER TREE BYTES     makes FOLDER/content and FOLDER/job
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from bench.cases import MKBOOT
from bench.content import count
from fixtures.small_base import make_small_base
from fixtures.small_host import make_small_host, with_home
from mkboot.formats.directory import read_directory

#: Files that bring the content to its size, in bytes each.
_BULK = 160_000_000
_MB = 1_000_000
_SEED = 5


def make_rehearsal(folder: Path, tree: Path, size: int) -> None:
    """The content (the tree and large files, ``size`` bytes in all), and the job built of it."""
    content = folder / "content"
    shutil.copytree(tree, content, symlinks=True, copy_function=os.link)
    rng = random.Random(_SEED)
    left, number = size - count(content)["bytes"], 0
    while left > 0:
        data = rng.randbytes(min(left, _BULK))
        (content / f"bulk-{number}").write_bytes(data)
        left, number = left - len(data), number + 1
    found = count(content)
    megabytes = (found["bytes"] + found["files"] * 4096) * 5 // 4 // _MB + 64
    disks = make_small_host(folder / "host", "9", with_home(read_directory(content), megabytes))
    base = make_small_base(folder / "base.iso", "sparc-9", "9")
    job = folder / "job"
    sources = [word for name, path in disks.items() for word in ("--source", f"{name}={path}")]
    for words in (("prepare", job, "--base", base, *sources), ("capture", job), ("build", job)):
        subprocess.run([MKBOOT, "-q", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    make_rehearsal(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
