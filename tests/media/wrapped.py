# SPDX-License-Identifier: Apache-2.0
"""Good images that are inside something else, or have a name that misleads."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable

from discs import Image
from media.damaged import USUAL, cause

ANY = (*USUAL, "disk")
SYNC = b"\0" + b"\xff" * 10 + b"\0"


def rewrite(i: Image, change: Callable[[bytes], bytes]) -> None:
    i.path.write_bytes(change(i.path.read_bytes()))


@cause("image-byte-swapped", bases=ANY)
def every_two_bytes(i: Image) -> None:
    def swap(data: bytes) -> bytes:
        out = bytearray(data)
        out[::2], out[1::2] = data[1::2], data[::2]
        return bytes(out)

    rewrite(i, swap)


@cause("image-byte-swapped", bases=("two-six", "volume"))
def every_four_bytes(i: Image) -> None:
    def swap(data: bytes) -> bytes:
        out = bytearray(data)
        for n in range(4):
            out[n::4] = data[3 - n :: 4]
        return bytes(out)

    rewrite(i, swap)


def raw(data: bytes, length: int, mode: int, lead: int = 0) -> bytes:
    """As raw sectors; error correction is left out."""
    out = []
    for n, at in enumerate(range(0, len(data), 2048), 150):
        minute, second, frame = n // 4500, n // 75 % 60, n % 75
        address = bytes(v // 10 << 4 | v % 10 for v in (minute, second, frame))
        sub = b"\0\0\x08\0" * 2 if mode == 2 else b""
        out.append((SYNC + address + bytes([mode]) + sub + data[at : at + 2048]).ljust(length))
    return bytes(lead) + b"".join(out)


@cause("image-raw-sectors", bases=ANY)
def sectors_of_2352_mode_1(i: Image) -> None:
    rewrite(i, lambda data: raw(data[: 6 << 20], 2352, 1))


@cause("image-raw-sectors")
def sectors_of_2352_mode_2(i: Image) -> None:
    rewrite(i, lambda data: raw(data[: 6 << 20], 2352, 2))


@cause("image-raw-sectors")
def sectors_with_subchannels(i: Image) -> None:
    rewrite(i, lambda data: raw(data[: 6 << 20], 2448, 1))


@cause("image-raw-sectors")
def sectors_of_2336(i: Image) -> None:
    def shape(data: bytes) -> bytes:
        parts = (data[at : at + 2048] for at in range(0, 6 << 20, 2048))
        return b"".join((bytes(8) + part).ljust(2336, b"\0") for part in parts)

    rewrite(i, shape)


@cause("image-compressed", bases=ANY)
def by_gzip(i: Image) -> None:
    rewrite(i, lambda data: gzip.compress(data[: 4 << 20], 1))


@cause("image-compressed", bases=ANY)
def by_bzip2(i: Image) -> None:
    rewrite(i, lambda data: bz2.compress(data[: 2 << 20], 1))


@cause("image-compressed", bases=ANY)
def by_xz(i: Image) -> None:
    rewrite(i, lambda data: lzma.compress(data[: 1 << 20], preset=0))


@cause("image-compressed", bases=ANY)
def by_zip(i: Image) -> None:
    def pack(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            z.writestr("disc.iso", data[: 4 << 20])
        return out.getvalue()

    rewrite(i, pack)


@cause("image-container", bases=ANY)
def in_a_tar(i: Image) -> None:
    def pack(data: bytes) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as t:
            entry = tarfile.TarInfo("disc.iso")
            entry.size = len(data)
            t.addfile(entry, io.BytesIO(data))
        return out.getvalue()

    rewrite(i, pack)


def headed(head: bytes, at: int = 0) -> Callable[[Image], None]:
    """A container with a head of 64 KiB before the disc."""
    return lambda i: rewrite(i, lambda data: (bytes(at) + head).ljust(65536, b"\0") + data)


for name, start in {
    "qcow2": headed(b"QFI\xfb\0\0\0\3"),
    "vmdk": headed(b"KDMV\1\0\0\0"),
    "vdi": headed(b"\x7f\x10\xda\xbe", 64),
    "vhd": headed(b"conectix\0\0\0\2"),
    "vhdx": headed(b"vhdxfile"),
    "chd": headed(b"MComprHD"),
    "nothing_known": headed(b"some program's own head"),
}.items():
    start.__name__ = f"inside_{name}"
    cause("image-container", bases=USUAL)(start)


@cause("image-container")
def inside_nrg(i: Image) -> None:
    """Nero puts 150 empty sectors before a disc, and its table behind it."""
    foot = b"NER5" + struct.pack(">Q", 99)
    rewrite(i, lambda data: bytes(307_200) + data + bytes(500) + foot)


@cause("image-container", "warning")
def a_nero_footer_behind(i: Image) -> None:
    i.append(bytes(500) + b"NER5" + struct.pack(">Q", i.path.stat().st_size))


@cause("image-container", "warning", ANY)
def a_fixed_vhd(i: Image) -> None:
    i.append((b"conectix" + struct.pack(">II", 2, 0x10000)).ljust(512, b"\0"))


@cause("image-container", "warning", ANY)
def an_apple_disk_image(i: Image) -> None:
    i.append(b"koly\0\0\0\4".ljust(512, b"\0"))


def only(text: bytes) -> Callable[[Image], None]:
    return lambda i: i.path.write_bytes(text)


for name, wrong in {
    "cue": only(b'FILE "disc.bin" BINARY\r\n  TRACK 01 MODE1/2352\r\n'),
    "ccd": only(b"[CloneCD]\r\nVersion=3\r\n"),
    "mds": only(b"MEDIA DESCRIPTOR\1\3".ljust(500, b"\0")),
    "vmdk": only(b'# Disk DescriptorFile\nversion=1\nRW 4 FLAT "x-flat.vmdk" 0\n'),
}.items():
    wrong.__name__ = f"only_the_{name}"
    cause("image-container", bases=("two-six",))(wrong)


@cause("image-truncated", bases=USUAL)
def without_its_beginning(i: Image) -> None:
    rewrite(i, lambda data: data[2048:])


def called(name: str) -> Callable[[Image], None]:
    def rename(i: Image) -> None:
        i.path = i.path.rename(i.path.with_name(name))

    rename.__name__ = "called_" + "".join(c if c.isalnum() else "_" for c in name)
    return rename


_NAME = "name-hostile-to-emulators"
for disc_name in ("CD5-sol_0204_disk2.iso", "HD3.iso", "CD6_256.iso", "sol-8.hds"):
    cause(_NAME, "warning")(called(disc_name))
for disc_name in ("sol_10_u7.iso", "sol,8.iso", "sol:8.iso"):
    cause(_NAME, "note")(called(disc_name))
for disk_name in ("HD1_2048.img", "CD1.img", "disk.iso"):
    cause(_NAME, "warning", ("disk", "disk-2"))(called(disk_name))
cause(_NAME, "note", ("disk", "disk-2"))(called("sparc_10.img"))

GOOD_DISC_NAMES = ("CD6.iso", "CD6_512.iso", "CD3_2048 sol.iso", "volume_2.iso", "a_b.iso", "x.img")
GOOD_DISK_NAMES = ("HD1.img", "HD1_512.hda", "c0t0d0.img", "disk_1.hds", "x_99999999.dd")
