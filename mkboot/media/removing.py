# SPDX-License-Identifier: Apache-2.0
"""Taking paths and packages out of slice 0, so that its tables say what is still there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mkboot.errors import CallerError, InputError
from mkboot.media.layouts import CDTOC
from mkboot.media.packages import (
    CLUSTERTOC,
    ORDER,
    PACKAGETOC,
    TABLE_MAX,
    TABLES,
    Package,
    Product,
    blocks,
    broken,
    read_products,
    without_members,
    without_names,
    without_rows,
)
from mkboot.media.paths import expand
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder, read_text
from mkboot.tree.names import show, split_path
from mkboot.tree.node import NodeType


@dataclass(frozen=True, slots=True)
class Removed:
    """What is left, and what a person should know of it.

    ``packages`` and ``clusters`` are the names that the medium does not have any more.
    """

    tree: FileTree
    notes: tuple[str, ...]
    packages: frozenset[bytes] = frozenset()
    clusters: frozenset[bytes] = frozenset()


@dataclass(slots=True)
class _Work:
    slice_0: FileTree
    products: tuple[Product, ...]
    builder: TreeBuilder
    time: int
    gone: dict[tuple[bytes, bytes], tuple[Product, Package]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    clusters: set[bytes] = field(default_factory=set)


def remove(slice_0: FileTree, wishes: Sequence[str], time: int) -> Removed:
    """``slice_0`` without the ``wishes``: paths from its root (``*`` for a piece of a name),
    or names of packages.

    The tables of the products, and ``.cdtoc``, are written anew where they named what is gone;
    ``time`` (nanoseconds) is theirs then.  Raises ``CallerError`` for what is not there.
    """
    if not wishes:
        return Removed(slice_0, ())
    work = _Work(slice_0, read_products(slice_0), slice_0.edit(), time)
    paths = [path for wish in wishes for path in _paths(work, wish)]
    for path in dict.fromkeys(paths):
        _take_path(work, path)
    for product, package in work.gone.values():
        _unlink(work.builder, product.path(package))
    names = _names(work)
    for product in work.products:
        _write_tables(work, product, names)
    _write_cdtoc(work)
    work.notes += broken(slice_0, work.products, list(work.gone.values()))
    return Removed(work.builder.build(), tuple(work.notes), names, frozenset(work.clusters))


def _paths(work: _Work, wish: str) -> tuple[bytes, ...]:
    """The paths that a wish means; a package is noted."""
    name = wish.encode("utf-8", "surrogateescape")
    if name.startswith(b"/"):
        found = _meant(work.slice_0, wish, name)
        if not found:
            raise CallerError(f"--remove {wish}: slice 0 has nothing there")
        if b"/" in found or b"" in found:
            raise CallerError(f"--remove {wish}: that is all of slice 0")
        return found
    rows = [(o, p) for o in work.products for p in o.packages if name in (p.name, p.folder)]
    if not rows:
        raise CallerError(
            f"--remove {wish}: the medium has no such package",
            hint="a path begins with /",
        )
    work.gone |= {(o.folder, p.folder): (o, p) for o, p in rows}
    return ()


def _meant(tree: FileTree, wish: str, name: bytes) -> tuple[bytes, ...]:
    """The paths of a pattern; a name that is not UTF-8 stands for itself."""
    try:
        return expand(tree, wish)
    except UnicodeEncodeError:
        return (name,) if tree.find(name) is not None else ()
    except InputError as e:
        raise CallerError(f"--remove {wish}: {e.message}") from e


def _take_path(work: _Work, path: bytes) -> None:
    """A path, and the packages that lie at or below it."""
    for product in work.products:
        for package in product.packages:
            if _is_at(product.path(package), path):
                work.gone[product.folder, package.folder] = product, package
    kept = next((o for o in work.products if o.is_system and _is_at(o.folder, path)), None)
    if kept is None:
        _unlink(work.builder, path)
        return
    tables = [kept.folder + b"/" + name for name in TABLES]
    _unlink_but(work.builder, path, tables)
    told = f"{show(kept.folder)} stays with its tables, now empty: the installer wants them"
    work.notes.append(told)


def _is_at(path: bytes, top: bytes) -> bool:
    """Whether ``path`` is ``top`` or lies below it."""
    names, above = split_path(path), split_path(top)
    return names[: len(above)] == above


def _unlink(builder: TreeBuilder, path: bytes) -> None:
    folder, _, name = path.rpartition(b"/")
    parent = builder.find(folder)
    if parent is not None and name in builder.children(parent):
        builder.unlink(parent, name)


def _unlink_but(builder: TreeBuilder, top: bytes, kept: Sequence[bytes]) -> None:
    """All below ``top`` but the files ``kept`` and the directories that lead to them."""
    number = builder.find(top)
    for name in list(builder.children(number)) if number is not None else ():
        path = top + b"/" + name
        if path in kept:
            continue
        if any(_is_at(k, path) for k in kept):
            _unlink_but(builder, path, kept)
        else:
            _unlink(builder, path)


def _names(work: _Work) -> frozenset[bytes]:
    """Names that nothing on the medium has any more."""
    stays = {
        name
        for product in work.products
        for p in product.packages
        if (product.folder, p.folder) not in work.gone
        for name in (p.name, p.folder)
    }
    left = {name for _, p in work.gone.values() for name in (p.name, p.folder)}
    return frozenset(left - stays)


def _write_tables(work: _Work, product: Product, names: frozenset[bytes]) -> None:
    gone = [p for o, p in work.gone.values() if o.folder == product.folder]
    if not gone:
        return
    for table in TABLES:
        path = product.folder + b"/" + table
        text = read_text(work.slice_0, path, TABLE_MAX)
        if text is None:
            continue
        if table == PACKAGETOC:
            _rewrite(work, path, text, without_rows(text, gone))
        elif table == ORDER:
            _rewrite(work, path, text, without_names(text, names))
        elif table == CLUSTERTOC:
            new, losses, empty = without_members(text, names)
            _rewrite(work, path, text, new)
            work.clusters |= set(empty)
            work.notes += [_loss(name, lost, name in empty) for name, lost in losses.items()]


def _loss(cluster: bytes, lost: Sequence[bytes], empty: bool) -> str:
    names = ", ".join(show(n) for n in lost)
    end = ": it had no others, and is taken out" if empty else ""
    return f"cluster {show(cluster)} loses {names}{end}"


def _write_cdtoc(work: _Work) -> None:
    """Products whose directory is gone are not named any more."""
    text = read_text(work.slice_0, CDTOC)
    if text is None:
        return
    head, rows = blocks(text, b"PRODNAME")
    kept = []
    for product, block in zip(work.products, rows, strict=True):
        there = work.slice_0.find(product.folder) is not None
        if product.is_system or not there or work.builder.find(product.folder) is not None:
            kept.append(block)
        else:
            work.notes.append(f"product {show(product.name)} is taken out of .cdtoc")
    _rewrite(work, CDTOC, text, b"".join([*head, *(line for block in kept for line in block)]))


def _rewrite(work: _Work, path: bytes, old: bytes, new: bytes) -> None:
    """Another content, if it is another, with the owner and mode that the file has."""
    number = work.builder.find(path)
    if number is None or old == new:
        return
    node = work.builder.node(number)
    if node.type is not NodeType.FILE:
        return
    t = work.time
    changed = replace(node, content=BytesContent(new), mtime=t, atime=t, ctime=t)
    work.builder.replace(number, changed)
