# SPDX-License-Identifier: Apache-2.0
"""The system use area of a directory record: SUSP and Rock Ridge entries, read fast.

The structures are declared in ``structs``; here they are unpacked by hand.  Nothing in an
area is trusted: lengths, the number of areas in a chain and the bytes they have together
are bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from mkboot.errors import InputError
from mkboot.formats.iso import structs as s
from mkboot.formats.iso.structs import SECTOR
from mkboot.tree.node import Device
from mkboot.tree.source import ByteSource, read_exact

#: Longest chain of continuation areas of one record, and longest area, in bytes.  The
#: Linux kernel follows 32; a 4096-byte target needs three areas.
CHAIN_MAX = 32
AREA_MAX = 32 * SECTOR
_BLOCKS_KEPT = 64

_BOTH = struct.Struct("<I4x")
_BOTH2 = struct.Struct("<I4xI4x")
_BOTH3 = struct.Struct("<I4xI4xI4x")
_BOTH4 = struct.Struct("<I4xI4xI4xI4x")


@dataclass(slots=True)
class SystemUse:
    """What the entries of one record say; None or empty where there is no such entry.

    ``mtime``, ``atime``, ``ctime`` are the raw 7 or 17 bytes.  ``child`` is the sector of
    a relocated directory (CL), ``relocated`` whether this is one (RE), ``serial`` the
    file serial number of RRIP 1.12 or 0; ``own`` that the record stands for ``.`` or ``..``.
    """

    mode: int | None = None
    links: int = 1
    uid: int = 0
    gid: int = 0
    serial: int = 0
    name: bytes | None = None
    own: bool = False
    components: list[tuple[int, bytes]] = field(default_factory=list)
    device: Device | None = None
    mtime: bytes = b""
    atime: bytes = b""
    ctime: bytes = b""
    child: int | None = None
    relocated: bool = False
    sharing: bool = False
    skip: int = 0
    extensions: list[bytes] = field(default_factory=list)
    more: tuple[int, int, int] | None = None

    @property
    def target(self) -> bytes:
        """The target of a symbolic link, put together from its components."""
        return join_components(self.components)


class Areas:
    """Fetches continuation areas.

    Records may share one, but all that is fetched is bounded by the size of the image.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._left = 4 * source.size + 1024 * AREA_MAX
        self._blocks: dict[int, bytes] = {}

    def fetch(self, block: int, offset: int, size: int) -> bytes:
        """``size`` bytes at ``offset`` of a block; ``InputError`` where they cannot be."""
        if size > AREA_MAX:
            raise InputError(f"a continuation area of {size} bytes")
        self._left -= size
        if self._left < 0:
            raise InputError("the continuation areas are larger than the image")
        if offset + size > SECTOR:
            return read_exact(self._source, block * SECTOR + offset, size, ("continuation area",))
        data = self._blocks.get(block)
        if data is None:
            data = read_exact(self._source, block * SECTOR, SECTOR, ("continuation area",))
            if len(self._blocks) >= _BLOCKS_KEPT:
                self._blocks.clear()
            self._blocks[block] = data
        return data[offset : offset + size]


def read_system_use(area: bytes, areas: Areas) -> SystemUse:
    """All entries of a record, those in continuation areas included."""
    use = SystemUse()
    for _ in range(CHAIN_MAX):
        _read_area(area, use)
        if use.more is None:
            return use
        area = areas.fetch(*use.more)
        use.more = None
    raise InputError(f"more than {CHAIN_MAX} continuation areas in a chain")


def _read_area(area: bytes, use: SystemUse) -> None:
    at = 0
    end = len(area)
    while end - at >= 4:
        length = area[at + 2]
        signature = area[at : at + 2]
        if length < 4:
            if signature == b"\0\0" and length == 0:
                return
            raise InputError(f"a {_word(signature)} entry of {length} bytes")
        if at + length > end:
            raise InputError(f"a {_word(signature)} entry that is longer than its area")
        if signature == b"ST":
            return
        known = _READERS.get(signature)
        if known is not None:
            least, read = known
            if length < least:
                raise InputError(f"a {_word(signature)} entry of {length} bytes")
            read(area[at + 4 : at + length], use)
        at += length


def _word(signature: bytes) -> str:
    return signature.decode("ascii") if signature.isalnum() else signature.hex()


def _sp(body: bytes, use: SystemUse) -> None:
    if body[:2] != b"\xbe\xef":
        raise InputError("an SP entry without its check bytes")
    use.sharing = True
    use.skip = body[2]


def _er(body: bytes, use: SystemUse) -> None:
    if 4 + body[0] > len(body):
        raise InputError("an ER entry shorter than its identifier")
    use.extensions.append(body[4 : 4 + body[0]])


def _ce(body: bytes, use: SystemUse) -> None:
    use.more = _BOTH3.unpack_from(body)


def _px(body: bytes, use: SystemUse) -> None:
    use.mode, use.links, use.uid, use.gid = _BOTH4.unpack_from(body)
    if len(body) >= 40:
        (use.serial,) = _BOTH.unpack_from(body, 32)


def _pn(body: bytes, use: SystemUse) -> None:
    high, low = _BOTH2.unpack_from(body)
    # Some writers leave the high word unused and put 8 + 8 bits into the low one.
    use.device = Device(low >> 8, low & 0xFF) if high == 0 and low > 0xFF else Device(high, low)


def _nm(body: bytes, use: SystemUse) -> None:
    if body[0] & (s.NM_CURRENT | s.NM_PARENT):
        use.own = True
        return
    use.name = (use.name or b"") + body[1:]
    if len(use.name) > 255:
        raise InputError("a name of more than 255 bytes")


def _sl(body: bytes, use: SystemUse) -> None:
    at = 1
    while at + 2 <= len(body):
        flags, length = body[at], body[at + 1]
        if at + 2 + length > len(body) or flags > 15:
            raise InputError("an SL entry with a broken component")
        use.components.append((flags, body[at + 2 : at + 2 + length]))
        at += 2 + length


def _tf(body: bytes, use: SystemUse) -> None:
    flags = body[0]
    size = 17 if flags & s.TF_LONG_FORM else 7
    if len(body) < 1 + size * (flags & 0x7F).bit_count():
        raise InputError("a TF entry that is too short")
    at = 1 + size * (flags & s.TF_CREATION)
    if flags & s.TF_MODIFY:
        use.mtime = body[at : at + size]
        at += size
    if flags & s.TF_ACCESS:
        use.atime = body[at : at + size]
        at += size
    if flags & s.TF_ATTRIBUTES:
        use.ctime = body[at : at + size]


def _cl(body: bytes, use: SystemUse) -> None:
    (use.child,) = _BOTH.unpack_from(body)


def _re(_body: bytes, use: SystemUse) -> None:
    use.relocated = True


def _sf(_body: bytes, _use: SystemUse) -> None:
    raise InputError("sparse files (SF entries) are not supported")


#: The least length of each entry in bytes, and what reads its body.
_READERS: dict[bytes, tuple[int, Callable[[bytes, SystemUse], None]]] = {
    b"SP": (7, _sp),
    b"ER": (8, _er),
    b"CE": (28, _ce),
    b"PX": (36, _px),
    b"PN": (20, _pn),
    b"NM": (5, _nm),
    b"SL": (5, _sl),
    b"TF": (5, _tf),
    b"CL": (12, _cl),
    b"RE": (4, _re),
    b"SF": (5, _sf),
}


def join_components(components: list[tuple[int, bytes]]) -> bytes:
    """A target from (flags, text) pairs, with the slashes that belong between them."""
    parts: list[bytes] = []
    slash = b""
    for flags, text in components:
        if flags & s.SL_ROOT:
            parts.append(b"/")
            slash = b""
            continue
        if flags & s.SL_PARENT:
            text = b".."
        elif flags & s.SL_CURRENT:
            text = b"."
        parts += (slash, text)
        slash = b"" if flags & s.CONTINUES else b"/"
    return b"".join(parts)
