# SPDX-License-Identifier: Apache-2.0
"""Phases 3b and 4: ACLs and link counts."""

from __future__ import annotations

import struct
from collections.abc import Callable

from formats.fsck_plants.common import Planted, add, ino, nameless, on_hidden
from formats.ufs_plant import Plant


def _acl(at: int, value: int, code: str = "I", path: str = "/one") -> Callable[[Plant], str]:
    """Change a word of a file's ACL; records begin with 8 bytes, entries have 12."""

    def how(p: Plant) -> str:
        shadow = p.ino_get(p.ino(path), "shadow")
        p.put(p.first(shadow) + at, value, code)
        return f"inode {shadow}"

    return how


def _tag(entry: int, tag: int, path: str = "/one", record: int = 0) -> Callable[[Plant], str]:
    return _acl(68 * record + 8 + 12 * entry, tag, "H", path)


def _no_entry(p: Plant) -> str:
    """A record without an entry in front of a good one."""
    shadow = p.ino_get(p.ino("/one"), "shadow")
    at = p.first(shadow)
    p.data[at : at + 76] = struct.pack(p.mark + "2I", 1, 8) + p.data[at : at + 68]
    return p.ino_set(shadow, size=76)


def _default_on_file(p: Plant) -> str:
    return p.ino_set(p.ino("/plain"), shadow=p.ino_get(p.ino("/dir"), "shadow"))


ACLS = [
    Planted("a record of 8 bytes", _no_entry, "acl-record"),
    Planted("a record of 0 bytes", _acl(4, 0), "acl-record"),
    Planted("a record of 67 bytes", _acl(4, 67), "acl-record"),
    Planted("a record that is too long", _acl(4, 80), "acl-record"),
    Planted("a record of no whole entries", _acl(4, 64), "acl-record"),
    Planted("half a record", on_hidden("shadow", size=72), "acl-record"),
    Planted("a record of type 3", _acl(0, 3), "acl-type"),
    Planted("an unknown tag", _tag(1, 0x40), "acl-tag"),
    Planted("an unknown default tag", _tag(1, 0x1040), "acl-tag"),
    Planted("no user", _tag(0, 0x02), "acl-objects"),
    Planted("two groups", _tag(4, 0x04), "acl-objects"),
    Planted("no others", _tag(4, 0x08), "acl-objects"),
    Planted("permissions of 8", _acl(8 + 4, 8, "H"), "acl-permissions"),
    Planted("no class", _tag(3, 0x02), "acl-class"),
    Planted("two classes", _tag(1, 0x10), "acl-class"),
    Planted("no default class", _tag(3, 0x1002, "/dir", 1), "acl-class"),
    Planted("no default user", _tag(0, 0x1002, "/dir", 1), "acl-default-objects"),
    Planted("plain tags in a default record", _tag(0, 0x01, "/dir", 1), "acl-objects"),
    Planted("a default ACL on a file", _default_on_file, "acl-default-on-file"),
    Planted("an ACL of no bytes", on_hidden("shadow", size=0), "acl-size"),
]


def _unused_shadow(p: Plant) -> str:
    shadow = p.ino_get(p.ino("/dir"), "shadow")
    p.ino_set(p.ino("/dir"), shadow=0)
    return f"inode {shadow}"


LINKS = [
    Planted("a file with a link too many", add("/plain", "nlink", 1), "link-count"),
    Planted("a file with two names and one link", add("/big", "nlink", -1), "link-count"),
    Planted("a directory with a link too many", add("/a", "nlink", 1), "link-count"),
    Planted("the root with a link too few", add("/", "nlink", -1), "link-count"),
    Planted("links below zero", ino("/plain", nlink=-1), "link-count"),
    Planted("a shadow with a link too many", on_hidden("shadow", nlink=9), "link-count"),
    Planted("attributes with 3 links", on_hidden("attributes", nlink=3), "link-count"),
    Planted("a file without a name", nameless("/plain"), "file-unreferenced"),
    Planted("a device without a name", nameless("/char"), "file-unreferenced"),
    Planted("a shadow that nobody has", _unused_shadow, "shadow-unreferenced"),
]
