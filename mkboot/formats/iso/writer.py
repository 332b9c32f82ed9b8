# SPDX-License-Identifier: Apache-2.0
"""Writes a tree as ISO 9660 with Rock Ridge 1.09, as Solaris' hsfs and Linux read it.

Rock Ridge keeps names, types, modes, owners, three times in whole seconds, targets,
device numbers and the number of links.  It cannot hold ACLs and extended attributes
(``IsoImage.lost`` names what had some), nor which names belong together when a file with
several is empty or no regular file.  Linux shows but 253 bytes of a name.

Directories more than eight levels down are relocated, for that is what ECMA-119 6.8.2.1
asks for; hsfs and Linux put them back, firmware does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pycdlib.pycdlibexception import PyCdlibException

from mkboot.errors import BugError, CallerError, InputError
from mkboot.formats.iso.adapter import Data, Master, Spot
from mkboot.formats.iso.areas import Facts
from mkboot.formats.iso.dates import short_fields
from mkboot.formats.iso.image import IsoImage
from mkboot.formats.iso.names import Identifiers
from mkboot.formats.iso.selfcheck import check_once
from mkboot.formats.iso.spool import ContentFile
from mkboot.formats.iso.structs import CONTENT_MAX, DEPTH_MAX
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, Node, directory

#: A directory's number in the path table has 16 bits.
DIRECTORIES_MAX = 0xFFFF
TARGET_MAX = 4095

_MOVED = b"RR_MOVED"
_WORD = 0xFFFFFFFF


def lay_out_iso(tree: FileTree, *, volume_id: str, time: int) -> IsoImage:
    """Give everything in ``tree`` its place; no content is read.

    ``time`` (seconds since 1970) is the volume's; the files keep theirs.  Raises
    ``CallerError`` for a volume id that cannot be, ``InputError`` that names the path for
    what a disc for Solaris cannot hold: a file of 4 GiB or more, a target of more than
    4095 bytes, a time before 1900, a device number that readers would take for another.
    """
    check_once(_lay_out)
    try:
        return _lay_out(tree, volume_id, time)
    except PyCdlibException as e:
        raise BugError(f"pycdlib refuses what was checked before: {e}") from e


def _lay_out(tree: FileTree, volume_id: str, time: int) -> IsoImage:
    if not 0 < len(volume_id) <= 32 or not all(" " <= c <= "~" for c in volume_id):
        raise CallerError(f"not a volume id of 1 to 32 ASCII characters: {volume_id!r}")
    if len(tree.names) >= DIRECTORIES_MAX:
        raise InputError(f"{len(tree.names)} directories are more than an ISO 9660 disc holds")
    lost: list[bytes] = []
    for path, _, node in tree.walk():
        try:
            _check(node)
        except InputError as e:
            raise e.inside(f"'{show(path)}'") from e
        if node.acl or node.default_acl or node.attributes:
            lost.append(path)
    layout = _Layout(tree, Master(volume_id, Facts(b"", tree.root, tree.nlink(ROOT))), time)
    layout.run()
    size, metadata = layout.master.lay_out()
    return IsoImage(size, tuple(lost), layout.master, tree, layout.data, metadata, time)


def _check(node: Node) -> None:
    """Raise ``InputError`` for what the format cannot hold, or readers would get wrong."""
    if node.content.size > CONTENT_MAX:
        raise InputError("has 4 GiB or more: Solaris reads only one extent of a file")
    if len(node.target) > TARGET_MAX:
        raise InputError(f"a link's target of {len(node.target)} bytes")
    if not (0 <= node.uid <= _WORD and 0 <= node.gid <= _WORD):
        raise InputError(f"the owner {node.uid}:{node.gid} has more than 32 bits")
    for time in (node.mtime, node.atime, node.ctime):
        short_fields(time // SECOND)
    if node.device is not None:
        major, minor = node.device
        if not (0 <= major <= _WORD and 0 <= minor <= _WORD) or (major == 0 and minor > 0xFF):
            raise InputError(f"device {major},{minor} cannot be told in Rock Ridge")


@dataclass(slots=True)
class _Place:
    """A directory whose entries are still to be added; ``depth`` as it lies on the disc."""

    number: int
    path: bytes
    spot: Spot
    depth: int


class _Layout:
    def __init__(self, tree: FileTree, master: Master, time: int) -> None:
        self.master = master
        self.data: dict[int, Data] = {}
        self._tree = tree
        self._time = time
        self._moved: Spot | None = None
        self._moved_names = Identifiers()

    def run(self) -> None:
        """Add everything, a directory at a time."""
        stack = [_Place(ROOT, b"", self.master.root, 0)]
        while stack:
            stack.extend(self._fill(stack.pop()))

    def _fill(self, place: _Place) -> Iterator[_Place]:
        """Add the entries of a directory in the order of their identifiers, which is fast."""
        identifiers = Identifiers(_MOVED) if place.number == ROOT else Identifiers()
        rows: list[tuple[bytes, bytes, int]] = []
        for name, number in sorted(self._tree.children(place.number).items()):
            kind = identifiers.directory if self._is_directory(number) else identifiers.file
            rows.append((kind(name), name, number))
        for identifier, name, number in sorted(rows):
            path = place.path + b"/" + name
            facts = Facts(name, self._tree.nodes[number], self._tree.nlink(number))
            if not facts.node.is_directory:
                data = self._data(number, facts.node, path)
                self.master.add_file(place.spot, identifier, facts, data)
            elif place.depth < DEPTH_MAX:
                spot = self.master.add_directory(place.spot, identifier, facts)
                yield _Place(number, path, spot, place.depth + 1)
            else:
                spot = self.master.add_relocated(
                    place.spot,
                    identifier,
                    self._moved_spot(),
                    self._moved_names.directory(name),
                    facts,
                )
                yield _Place(number, path, spot, 2)

    def _is_directory(self, number: int) -> bool:
        return self._tree.nodes[number].is_directory

    def _data(self, number: int, node: Node, path: bytes) -> Data | None:
        size = node.content.size
        if size and number not in self.data:
            self.data[number] = Data(size, ContentFile(node.content, size, path))
        return self.data.get(number)

    def _moved_spot(self) -> Spot:
        """The directory for relocated ones, hidden by an RE entry of its own.

        libarchive wants it to be called ``rr_moved`` or ``.rr_moved``.
        """
        if self._moved is None:
            taken = self._tree.children(ROOT)
            names = [b"rr_moved", b".rr_moved", *(b".rr_moved.%d" % n for n in range(len(taken)))]
            name = next(name for name in names if name not in taken)
            node = directory(0o555, mtime=self._time * SECOND)
            facts = Facts(name, node, 2)
            self._moved = self.master.add_directory(self.master.root, _MOVED, facts, hidden=True)
        return self._moved
