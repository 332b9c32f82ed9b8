# SPDX-License-Identifier: Apache-2.0
"""Parts of mkboot that no command offers by themselves, as programs to be measured.

python -m bench.ours iso TREE OUT      a directory as an ISO 9660 image
python -m bench.ours dump UFS          a UFS as a dump stream on standard output
python -m bench.ours digest FILE       all four checksums of a file
python -m bench.ours read DUMP         every header and directory of a dump
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path


def iso(tree: str, out: str) -> None:
    """What genisoimage and xorriso do."""
    from mkboot.formats.directory import read_directory
    from mkboot.formats.iso import lay_out_iso

    lay_out_iso(read_directory(Path(tree)), volume_id="BENCH", time=0).write(Path(out))


def dump(image: str) -> None:
    """What dump does."""
    from mkboot.formats.ufs import read_ufs
    from mkboot.formats.ufsdump import DumpOptions, write_dump
    from mkboot.tree.source import FileSource

    def write(data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]

    with FileSource(Path(image)) as source:
        write_dump(read_ufs(source), write, DumpOptions(date=0))


def digest(path: str) -> None:
    """What cksum, sum -s, md5sum and sha256sum do."""
    from mkboot.formats.checksum import digest_source
    from mkboot.tree.source import FileSource

    with FileSource(Path(path)) as source:
        sums = digest_source(source)
    print(sums.cksum, sums.sum, sums.md5, sums.sha256)


def read(path: str) -> None:
    """Look at a whole dump, as ls and extract do before anything else."""
    from mkboot.formats.ufsdump import read_dump
    from mkboot.tree.source import FileSource

    with FileSource(Path(path)) as source:
        print(len(read_dump(source).tree.nodes))


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {
        "iso": iso, "dump": dump, "digest": digest, "read": read,
    }  # fmt: skip
    programs[sys.argv[1]](*sys.argv[2:])
