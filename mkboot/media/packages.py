# SPDX-License-Identifier: Apache-2.0
"""The packages of an install medium: its tables read, and packages taken out of all of them.

Tables of a product (``.packagetoc``, ``.order``, ``.clustertoc``) lie in the directory that
``.cdtoc`` names.  Sources: cdtoc(4), packagetoc(4), clustertoc(4), order(4), depend(4);
facts/formats 6.1, 6.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mkboot.media.layouts import CDTOC
from mkboot.tree.filetree import FileTree, read_text
from mkboot.tree.names import show

PACKAGETOC, ORDER, CLUSTERTOC = b".packagetoc", b".order", b".clustertoc"
TABLES = (PACKAGETOC, ORDER, CLUSTERTOC)
#: The longest table that is read, in bytes; a real one has about one million.
TABLE_MAX = 16 << 20
_DEPEND = (b"install/depend", b"depend")
#: The product that is the operating system: the installer looks for this very name.
OS_NAME = b"Solaris"
_MEMBER = re.compile(rb"\s*SUNW_CSR(?:MEMBER|MBRIFF)\s*=\s*(?:\([^)]*\))?\s*(\S+)\s*")
_CLUSTER = re.compile(rb"\s*(?:META)?CLUSTER\s*=\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Package:
    """A row of ``.packagetoc``: ``folder`` is its directory's name, which may tell one
    architecture's from another's (``SUNWcar.u``); ``needs`` are its SUNW_PDEPEND.
    """

    name: bytes
    folder: bytes
    needs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the medium; ``folder`` is where its tables are, ``""`` for the top."""

    name: bytes
    folder: bytes
    packages: tuple[Package, ...]

    @property
    def is_system(self) -> bool:
        """Whether it is the operating system, without which nothing installs."""
        return self.name == OS_NAME

    def path(self, package: Package) -> bytes:
        """Where a package lies."""
        return self.folder + b"/" + package.folder


def read_products(slice_0: FileTree) -> tuple[Product, ...]:
    """The products that ``.cdtoc`` names and whose directories are there."""
    found = []
    for name, folder in _cdtoc(read_text(slice_0, CDTOC) or b""):
        at = _tables_at(slice_0, folder)
        text = read_text(slice_0, at + b"/" + PACKAGETOC, TABLE_MAX) or b""
        found.append(Product(name, at, tuple(_package(rows) for rows in blocks(text, b"PKG")[1])))
    return tuple(found)


def _cdtoc(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    for rows in blocks(text, b"PRODNAME")[1]:
        values = dict(_values(rows))
        yield values.get(b"PRODNAME", b""), _plain(values.get(b"PRODDIR", b""))


def _plain(folder: bytes) -> bytes:
    names = [n for n in folder.split(b"/") if n not in (b"", b".", b"..")]
    return b"".join(b"/" + n for n in names)


def _tables_at(slice_0: FileTree, folder: bytes) -> bytes:
    """PRODDIR, or the ``Product`` below it where only that has the tables."""
    for at in (folder, folder + b"/Product"):
        if slice_0.find(at + b"/" + PACKAGETOC) is not None:
            return at
    return folder


def blocks(text: bytes, keyword: bytes) -> tuple[list[bytes], list[list[bytes]]]:
    """The lines before the first ``KEYWORD=``, and the blocks that each of these begins.

    Lines keep their ends, so that joined together they are the text again.
    """
    begins = re.compile(rb"\s*" + keyword + rb"\s*=")
    head: list[bytes] = []
    found: list[list[bytes]] = []
    for line in text.splitlines(keepends=True):
        if begins.match(line):
            found.append([line])
        else:
            (found[-1] if found else head).append(line)
    return head, found


def _values(rows: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for row in rows:
        name, equals, value = row.strip().partition(b"=")
        if equals and not name.startswith(b"#"):
            yield name.strip(), value.strip().strip(b'"')


def _package(rows: Sequence[bytes]) -> Package:
    values = list(_values(rows))
    by_name = dict(reversed(values))
    needs = (w for k, v in values if k == b"SUNW_PDEPEND" for w in v.split())
    name = by_name.get(b"PKG", b"")
    return Package(name, _plain(by_name.get(b"PKGDIR", b"")).lstrip(b"/") or name, tuple(needs))


def without_rows(text: bytes, gone: Iterable[Package]) -> bytes:
    """``.packagetoc`` without these packages."""
    keys = {(p.name, p.folder) for p in gone}
    head, rows = blocks(text, b"PKG")
    kept = [r for r in rows if (p := _package(r)) and (p.name, p.folder) not in keys]
    return b"".join([*head, *(line for row in kept for line in row)])


def without_names(text: bytes, gone: frozenset[bytes]) -> bytes:
    """``.order`` without the packages of these names."""
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines if line.strip() not in gone)


def without_members(
    text: bytes, gone: frozenset[bytes]
) -> tuple[bytes, dict[bytes, list[bytes]], tuple[bytes, ...]]:
    """``.clustertoc`` without members of these names.

    Also which cluster lost which of them, and the clusters that have none left: those are
    taken out themselves, and out of the clusters that they were members of.
    """
    lines = text.splitlines(keepends=True)
    losses: dict[bytes, list[bytes]] = {}
    empty: list[bytes] = []
    names = set(gone)
    while True:
        lines, more, emptied = _one_round(lines, names)
        for cluster, lost in more.items():
            losses.setdefault(cluster, []).extend(lost)
        if not emptied:
            return b"".join(lines), losses, tuple(empty)
        empty += emptied
        names = set(emptied)


def _one_round(
    lines: list[bytes], gone: set[bytes]
) -> tuple[list[bytes], dict[bytes, list[bytes]], list[bytes]]:
    kept: list[bytes] = []
    losses: dict[bytes, list[bytes]] = {}
    emptied: list[bytes] = []
    for name, rows in _clusters(lines):
        members = [m[1] for row in rows if (m := _MEMBER.fullmatch(row.rstrip(b"\r\n")))]
        lost = [m for m in members if m in gone]
        if name is None or not lost:
            kept += rows
            continue
        losses[name] = lost
        if len(lost) == len(members):
            emptied.append(name)
            continue
        kept += [row for row in rows if _member_of(row) not in gone]
    return kept, losses, emptied


def _member_of(row: bytes) -> bytes | None:
    found = _MEMBER.fullmatch(row.rstrip(b"\r\n"))
    return found[1] if found else None


def _clusters(lines: Iterable[bytes]) -> Iterator[tuple[bytes | None, list[bytes]]]:
    """The lines of each cluster up to its END, with its name; what lies between, with None."""
    name: bytes | None = None
    rows: list[bytes] = []
    for line in lines:
        begins = _CLUSTER.fullmatch(line.rstrip(b"\r\n"))
        if begins:
            if rows:
                yield name, rows
            name, rows = begins[1], []
        rows.append(line)
        if line.strip() == b"END":
            yield name, rows
            name, rows = None, []
    if rows:
        yield name, rows


def broken(
    slice_0: FileTree, products: Sequence[Product], gone: Sequence[tuple[Product, Package]]
) -> tuple[str, ...]:
    """What packages that stay need of those that go, as sentences.

    ``slice_0`` still has all of them: packages that go may name those that need them.
    """
    leaving = {(product.folder, p.folder) for product, p in gone}
    stay = [
        (product, package)
        for product in products
        for package in product.packages
        if (product.folder, package.folder) not in leaving
    ]
    names = {p.name for _, p in gone} - {p.name for _, p in stay}
    told: dict[tuple[bytes, bytes], None] = {}
    for product, package in stay:
        needs = (*package.needs, *_depend(slice_0, product, package, b"P"))
        told |= {(package.name, n): None for n in needs if n in names}
    staying = {p.name for _, p in stay}
    for product, package in gone:
        back = _depend(slice_0, product, package, b"R") if package.name in names else ()
        told |= {(n, package.name): None for n in back if n in staying}
    return tuple(f"{show(a)} depends on {show(b)}, which is taken out" for a, b in told)


def _depend(tree: FileTree, product: Product, package: Package, kind: bytes) -> Iterator[bytes]:
    """The packages that a depend file names with a letter: P for needed, R for needing."""
    for name in _DEPEND:
        text = read_text(tree, product.path(package) + b"/" + name)
        for line in (text or b"").splitlines():
            words = line.split()
            if len(words) >= 2 and words[0] == kind and not line[:1].isspace():
                yield words[1]
