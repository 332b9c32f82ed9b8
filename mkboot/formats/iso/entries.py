# SPDX-License-Identifier: Apache-2.0
"""Rock Ridge entries for the writer, each as its bytes (RRIP 1.09; see ``structs``)."""

from __future__ import annotations

import struct

from mkboot.formats.iso import structs as s
from mkboot.formats.iso.dates import write_short
from mkboot.tree.node import Device, Node

_VERSION = 1
_NAME_PART = 250
_COMPONENT_AREA = 250
_LEAST_COMPONENT = 3


def both(number: int) -> bytes:
    """A 32-bit number in both byte orders."""
    return struct.pack("<I", number) + struct.pack(">I", number)


def _entry(signature: bytes, body: bytes) -> bytes:
    return signature + bytes((len(body) + 4, _VERSION)) + body


def times(node: Node) -> bytes:
    """TF: modification, access and attribute change, in the order of the flags."""
    flags = s.TF_MODIFY | s.TF_ACCESS | s.TF_ATTRIBUTES
    stamps = write_short(node.mtime) + write_short(node.atime) + write_short(node.ctime)
    return _entry(b"TF", bytes((flags,)) + stamps)


def name(text: bytes) -> list[bytes]:
    """NM: the name, in as few entries as possible; none for an empty one."""
    parts = [text[at : at + _NAME_PART] for at in range(0, len(text), _NAME_PART)]
    last = len(parts) - 1
    return [
        _entry(b"NM", bytes((s.CONTINUES if number < last else 0,)) + part)
        for number, part in enumerate(parts)
    ]


def device(number: Device) -> bytes:
    """PN: major, then minor, as hsfs and Linux take them."""
    return _entry(b"PN", both(number.major) + both(number.minor))


def relocated() -> bytes:
    """RE: the directory is to be reached from elsewhere only."""
    return _entry(b"RE", b"")


def target(text: bytes) -> list[bytes]:
    """SL: a target as components; empty ones (``a//b``, ``a/``) are kept as such.

    Where one entry ends and the next begins a component is cut in two, as genisoimage
    does it too: between two whole ones libarchive loses the slash.
    """
    entries: list[bytes] = []
    area = bytearray()
    components = _components(text)
    for left, (flags, component) in enumerate(components, 1 - len(components)):
        while True:
            room = _COMPONENT_AREA - len(area) - 2
            is_tight = left < 0 and room - len(component) < _LEAST_COMPONENT
            if len(component) <= room and not (is_tight and len(component) > 1):
                area += bytes((flags, len(component))) + component
                break
            part = min(room, len(component) - 1)
            if part > 0:
                area += bytes((s.CONTINUES, part)) + component[:part]
                component = component[part:]
            entries.append(_entry(b"SL", bytes((s.CONTINUES,)) + area))
            area = bytearray()
    return [*entries, _entry(b"SL", b"\0" + area)]


def _components(text: bytes) -> list[tuple[int, bytes]]:
    """(flags, text) of each component; a leading slash is the root."""
    parts = text.split(b"/")
    made: list[tuple[int, bytes]] = []
    if parts[0] == b"" and len(parts) > 1:
        made.append((s.SL_ROOT, b""))
        parts = parts[1:]
        if parts == [b""]:
            return made
    special = {b".": (s.SL_CURRENT, b""), b"..": (s.SL_PARENT, b"")}
    return made + [special.get(part, (0, part)) for part in parts]
