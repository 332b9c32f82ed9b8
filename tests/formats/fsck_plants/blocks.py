# SPDX-License-Identifier: Apache-2.0
"""Phase 1: inodes and their blocks."""

from __future__ import annotations

from collections.abc import Callable

from formats.fsck_plants.common import Planted, add, ino, on_hidden, point
from formats.ufs_plant import Plant


def _free(**values: int) -> Callable[[Plant], str]:
    return lambda p: p.ino_set(p.free_inode(), **values)


def _indirect(path: str, index: int, to: Callable[[Plant], int]) -> Callable[[Plant], str]:
    """Set a number in the first indirect block of a file."""

    def how(p: Plant) -> str:
        ino = p.ino(path)
        p.put(p.byte(p.ino_get(ino, "ib0")) + 4 * index, to(p))
        return f"inode {ino}"

    return how


def _past_everything(p: Plant) -> int:
    return p.sb("size")


def _in_group_2(p: Plant) -> int:
    return p.start(2) + p.sb("cblkno")


def _twice(path: str, name: str, other: str, theirs: str) -> Callable[[Plant], str]:
    def how(p: Plant) -> str:
        fragment = p.ino_get(p.ino(other), theirs)
        p.ino_set(p.ino(path), **{name: fragment})
        return p.block(fragment)

    return how


def _twice_in_indirect(p: Plant) -> str:
    ino = p.ino("/big")
    at = p.byte(p.ino_get(ino, "ib0"))
    p.put(at + 4, p.get(at))
    return p.block(p.get(at))


def _inline_link(p: Plant) -> str:
    ino = p.ino("/link")
    at = p.inode(ino)
    p.data[at + 40 : at + 100] = b"target/of/it".ljust(60, b"\0")
    return p.ino_set(ino, blocks=0)


def _device_word(p: Plant) -> str:
    return p.ino_set(p.ino("/char"), **{"db1" if p.big else "db0": 7})


def _hole(p: Plant) -> str:
    ino = p.ino("/large")
    return p.ino_set(ino, db1=0, blocks=p.ino_get(ino, "blocks") - 16)


def _share_attributes(p: Plant) -> str:
    p.ino_set(p.ino("/noted2"), oeft=p.ino_get(p.ino("/noted"), "oeft"))
    return f"inode {max(p.ino('/noted'), p.ino('/noted2'))}"


BLOCKS = [
    Planted("a free inode with a size", _free(size=5), "inode-partly-free"),
    Planted("a free inode with a block", _free(db7=500), "inode-partly-free"),
    Planted("a free inode with an indirect block", _free(ib2=500), "inode-partly-free"),
    Planted("type 3", ino("/plain", mode=0o030644), "inode-type"),
    Planted("type 15", ino("/plain", mode=0o170644), "inode-type"),
    Planted("inode 1 in use", lambda p: p.ino_set(1, mode=0o100644), "inode-reserved"),
    Planted("a size that cannot be", ino("/plain", size=1 << 60), "inode-size"),
    Planted("a size below zero", ino("/plain", size=(1 << 64) - 1), "inode-size"),
    Planted("a block past the end", point("/plain", "db3", lambda p: p.free_block(1)),
            "block-past-end"),
    Planted("the very next block", point("/plain", "db1", lambda p: p.free_block(1)),
            "block-past-end"),
    Planted("an indirect block past the end", point("/plain", "ib0", lambda p: p.free_block(1)),
            "block-past-end"),
    Planted("a triple one past the end", point("/big", "ib2", lambda p: p.free_block(1)),
            "block-past-end"),
    Planted("past the end in an indirect block",
            _indirect("/big", 100, lambda p: p.free_block(1)), "block-past-end"),
    Planted("a block in the boot area", ino("/whole", db1=8), "block-metadata"),
    Planted("a block in a group's header", point("/whole", "db0", _in_group_2),
            "block-metadata"),
    Planted("a block in the summary",
            point("/whole", "db0", lambda p: p.sb("csaddr")), "block-metadata"),
    Planted("a block below zero", ino("/whole", db1=-8), "block-range"),
    Planted("a block behind the end", point("/whole", "db2", _past_everything), "block-range"),
    Planted("an indirect block out of range", point("/big", "ib0", _past_everything),
            "block-range"),
    Planted("out of range in an indirect block", _indirect("/big", 3, _past_everything),
            "block-range"),
    Planted("metadata in an indirect block", _indirect("/big", 3, _in_group_2),
            "block-metadata"),
    Planted("two files with one block", _twice("/whole", "db1", "/big", "db1"),
            "block-duplicate"),
    Planted("one file with one block twice", _twice("/whole", "db1", "/whole", "db0"),
            "block-duplicate"),
    Planted("two files with one fragment", _twice("/plain2", "db0", "/plain", "db0"),
            "block-duplicate"),
    Planted("an indirect block that is data too", _twice("/whole", "db0", "/big", "ib0"),
            "block-duplicate"),
    Planted("two files with one indirect block", _twice("/double", "ib1", "/big", "ib0"),
            "block-duplicate"),
    Planted("twice in an indirect block", _twice_in_indirect, "block-duplicate"),
    Planted("too many sectors", add("/big", "blocks", 2), "inode-blocks"),
    Planted("too few sectors", add("/plain", "blocks", -2), "inode-blocks"),
    Planted("sectors of an empty file", ino("/empty", blocks=2), "inode-blocks"),
    Planted("fragments over a block's edge",
            point("/blocks", "db2", lambda p: p.free_block(1) + 6), "block-unaligned"),
    Planted("a whole block that is not aligned",
            point("/whole", "db0", lambda p: p.free_block(1) + 1), "block-unaligned"),
    Planted("a partial block in the middle",
            point("/blocks", "db1", lambda p: p.free_block(1) + 5), "block-unaligned"),
    Planted("not aligned in an indirect block",
            _indirect("/big", 3, lambda p: p.free_block(1) + 3), "block-unaligned"),
    Planted("an empty directory", ino("/a/b/c", size=0), "dir-empty"),
    Planted("a directory with a hole", _hole, "dir-hole"),
    Planted("a device with a size", ino("/char", size=1), "device-size"),
    Planted("a device with blocks", ino("/char", db5=900), "device-pointer"),
    Planted("a device's word in the other place", _device_word, "device-pointer"),
    Planted("a device with an indirect block", ino("/char", ib0=900), "device-pointer"),
    Planted("a device with sectors", ino("/char", blocks=2), "inode-blocks"),
    Planted("a link in its inode", _inline_link, "symlink-in-inode"),
    Planted("an empty link", ino("/link", size=0), "symlink-size"),
    Planted("a link that is too long", ino("/link", size=1025), "symlink-size"),
    Planted("a shadow out of range", ino("/one", shadow=1 << 30), "shadow-range"),
    Planted("a shadow that is inode 1", ino("/one", shadow=1), "shadow-range"),
    Planted("a shadow that is a file",
            point("/one", "shadow", lambda p: p.ino("/plain")), "shadow-type"),
    Planted("a shadow that is free",
            point("/one", "shadow", lambda p: p.free_inode()), "shadow-type"),
    Planted("a link with a shadow",
            point("/link", "shadow", lambda p: p.ino_get(p.ino("/one"), "shadow")),
            "shadow-not-allowed"),
    Planted("a socket with a shadow",
            point("/socket", "shadow", lambda p: p.ino_get(p.ino("/one"), "shadow")),
            "shadow-not-allowed"),
    Planted("a shadow with a shadow", on_hidden("shadow", shadow=5), "shadow-not-allowed"),
    Planted("attributes out of range", ino("/noted", oeft=1 << 30), "attributes-range"),
    Planted("attributes that are a directory",
            point("/noted", "oeft", lambda p: p.ino("/a")), "attributes-type"),
    Planted("attributes of two files", _share_attributes, "attributes-shared"),
    Planted("attributes of attributes", on_hidden("attributes", oeft=5),
            "attributes-not-allowed"),
]  # fmt: skip
