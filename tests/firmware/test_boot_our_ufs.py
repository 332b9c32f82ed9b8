# SPDX-License-Identifier: Apache-2.0
"""The firmware reads the UFS that our own writer made: label, boot block, files, holes."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from boot_images import checksum, make_disk
from conftest import needs

from mkboot.demo.bootblocks import fcode_redirect, ufsboot
from mkboot.firmware import Verdict, boot
from mkboot.formats.bootblock import put_in
from mkboot.formats.directory import read_directory
from mkboot.formats.ufs import parameters_for, write_ufs
from mkboot.tree.source import FileSink

pytestmark = [pytest.mark.boot, needs("qemu-system-sparc64")]

RANDOM = random.Random(11)
LAST = "many/a-name-that-fills-its-directory-0399"
FILES = {
    "etc/motd": b"hello\n",
    "big": RANDOM.randbytes(300_001),
    "holes": b"begin".ljust(200_000, b"\0") + b"end",
    "platform/sun4u/ufsboot": ufsboot(),
    **{f"many/a-name-that-fills-its-directory-{n:04d}": b"%d" % n for n in range(400)},
}


def our_ufs(out: Path, folder: Path, block: bytes) -> Path:
    for name, data in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    tree = read_directory(folder)
    parameters = parameters_for(tree)
    with out.open("wb") as f:
        f.truncate(parameters.size * 512)
    fd = os.open(out, os.O_RDWR)
    try:
        sink = FileSink(fd, 0, parameters.size * 512)
        write_ufs(tree, sink, parameters, time=1_000_000_000)
        put_in(sink, block)
    finally:
        os.close(fd)
    return out


def said(verdict: Verdict, word: str) -> list[str]:
    return [x.removeprefix(word).strip() for x in verdict.lines if x.startswith(word)]


def test_the_firmware_reads_what_our_writer_wrote(tmp_path: Path) -> None:
    ufs = our_ufs(tmp_path / "ufs", tmp_path / "tree", fcode_redirect())
    image = make_disk(tmp_path / "disk.img", {0: ufs.read_bytes()})
    names = ("etc/motd", "big", "holes", LAST)
    arguments = " ".join(f"/{n}" for n in names)
    verdict = boot(image, machine="sun4u", kind="disk", timeout=300, arguments=arguments)
    assert verdict.verdict == "booted"
    assert said(verdict, "MKBOOT-FILE") == [
        f"/{n} {len(FILES[n])} {checksum(FILES[n])}" for n in names
    ]
    assert said(verdict, "MKBOOT-UFSBOOT-RUNS")
