# SPDX-License-Identifier: Apache-2.0
"""What the tables of planted faults share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from formats.ufs_plant import Plant

ROOT = 2


class Planted(NamedTuple):
    """One fault."""

    name: str
    how: Callable[[Plant], str]
    code: str


def ino(path: str, **values: int) -> Callable[[Plant], str]:
    """Set words of a path's inode."""
    return lambda p: p.ino_set(p.ino(path), **values)


def add(path: str, name: str, delta: int) -> Callable[[Plant], str]:
    def how(p: Plant) -> str:
        ino = p.ino(path)
        return p.ino_set(ino, **{name: p.ino_get(ino, name) + delta})

    return how


def point(path: str, name: str, to: Callable[[Plant], int]) -> Callable[[Plant], str]:
    return lambda p: p.ino_set(p.ino(path), **{name: to(p)})


def on_hidden(which: str, **values: int) -> Callable[[Plant], str]:
    """Set words of the shadow inode or attribute directory of a file."""
    path, word = {"shadow": ("/one", "shadow"), "attributes": ("/noted", "oeft")}[which]
    return lambda p: p.ino_set(p.ino_get(p.ino(path), word), **values)


def nameless(path: str) -> Callable[[Plant], str]:
    """Take the name of a path away."""

    def how(p: Plant) -> str:
        ino = p.ino(path)
        p.put(p.entry_of(path)[0], 0, "I")
        return f"inode {ino}"

    return how
