# SPDX-License-Identifier: Apache-2.0
"""The judge itself: link counts from names, and what restore makes of devices."""

from __future__ import annotations

from judge import Row, counted, differences, one_file, without
from set_judging import restored_device


def row(kind: str, ino: int, nlink: int, mtime: int = 5) -> Row:
    return Row(kind, 0o644, 0, 0, 0, nlink, mtime, b"", None, "", ino)


ROWS = {
    b"/": row("dir", 2, 3),
    b"/a": row("file", 3, 2),
    b"/d": row("dir", 4, 3),
    b"/d/b": row("file", 3, 2),
    b"/d/e": row("dir", 5, 2),
    b"/dd": row("file", 6, 1),
}


def test_counts_follow_from_names() -> None:
    assert counted(ROWS) == ROWS
    assert one_file(ROWS) == {frozenset({b"/a", b"/d/b"})}


def test_what_is_left_out_is_not_counted() -> None:
    left = without(ROWS, [b"/d"])
    assert left == {b"/": row("dir", 2, 2), b"/a": row("file", 3, 1), b"/dd": row("file", 6, 1)}
    assert without(ROWS, [b"/d/e"])[b"/d"] == row("dir", 4, 2)


def test_every_field_but_the_inode_is_compared() -> None:
    other = dict(ROWS)
    other[b"/a"] = row("file", 9, 2)
    assert differences(ROWS, other) == []
    assert one_file(ROWS) != one_file(other)
    other[b"/a"] = row("file", 3, 2, mtime=6)
    assert differences(ROWS, other) == ["b'/a': mtime: 5 6"]


def test_devices_are_misread_as_it_was_measured() -> None:
    """300,70000 became 273,19312; those of 8 + 8 bits stay."""
    assert restored_device(300, 70_000) == (273, 19_312)
    assert [restored_device(*d) for d in ((0, 0), (13, 2), (127, 255))] == [
        (0, 0),
        (13, 2),
        (127, 255),
    ]
