# SPDX-License-Identifier: Apache-2.0
"""The tables of prtvtoc and fmthard: read back, and whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.formats.label import SliceEntry, make_label
from mkboot.model.values import Geometry
from mkboot.rehearsal.vtoctable import (
    TableError,
    changed_label,
    free_space,
    read_table,
    show_vtoc,
)

GEOMETRY = Geometry(4, 32, 100, 2)
CYLINDER = 128
LABEL = make_label(GEOMETRY, [SliceEntry(2, 0, 100 * CYLINDER, 5)])


def table_of(entries: list[SliceEntry]) -> bytes:
    label = make_label(GEOMETRY, entries)
    return show_vtoc(b"/dev/rdsk/c0t0d0s2", label, {entries[0].number: b"/mount point"})


@st.composite
def tables(draw: st.DrawFn) -> list[SliceEntry]:
    """Slices side by side, in any numbers but 2."""
    numbers = draw(st.permutations([0, 1, 3, 4, 5, 6, 7]))
    entries: list[SliceEntry] = []
    at = 0
    for number in numbers[: draw(st.integers(1, 7))]:
        at += draw(st.integers(0, 3))
        length = draw(st.integers(1, 10))
        tag, flag = draw(st.sampled_from([0, 2, 3, 7])), draw(st.sampled_from([0, 1, 0x10]))
        entries.append(SliceEntry(number, at, length * CYLINDER, tag, flag))
        at += length
    return entries


@given(tables())
def test_what_prtvtoc_prints_fmthard_takes(entries: list[SliceEntry]) -> None:
    made = read_table(table_of(entries), LABEL)
    assert {s for s in made if s.sectors} == {*entries, SliceEntry(2, 0, 100 * CYLINDER, 5, 1)}
    assert changed_label(LABEL, made, None).slices == made


@given(tables())
def test_free_space_is_what_no_slice_has(entries: list[SliceEntry]) -> None:
    label = make_label(GEOMETRY, [*entries, SliceEntry(2, 0, 100 * CYLINDER, 5)])
    taken = sum(e.sectors for e in entries)
    assert sum(count for _, count in free_space(label)) == 100 * CYLINDER - taken


@given(st.binary(max_size=600))
def test_any_table_is_taken_or_refused(text: bytes) -> None:
    try:
        made = read_table(text, LABEL)
    except TableError as e:
        assert e.message
    else:
        assert len(made) == 8


NUMBER = st.integers(-200, 20000)


@given(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER))
def test_any_numbers_are_taken_or_refused(row: tuple[int, ...]) -> None:
    words = b"%d %d %x %d %d\n" % tuple(abs(n) if i == 2 else n for i, n in enumerate(row))
    try:
        made = read_table(words, LABEL)
    except TableError:
        return
    entry = made[row[0]]
    assert entry.sectors % CYLINDER == 0
    assert 0 <= entry.start_cylinder * CYLINDER <= 100 * CYLINDER - entry.sectors


def test_a_long_line_is_split() -> None:
    row = b"0 2 00 0 128 " + b"x" * 241 + b"1 3 00 128 128\n"
    assert len(row) - len(b"1 3 00 128 128\n") == 254
    made = read_table(row, LABEL)
    assert made[0].sectors == made[1].sectors == 128


def test_the_timestamps_become_0() -> None:
    raw = bytearray(LABEL.raw)
    raw[232:264] = b"\1" * 32
    from mkboot.formats.label import parse_label_leniently

    old = parse_label_leniently(bytes(raw))
    assert changed_label(old, None, b"name").raw[232:264] == b"\1" * 32
    assert changed_label(old, old.slices, None).raw[232:264] == bytes(32)


@pytest.mark.parametrize("size", [0, 99, 101])
def test_tag_5_is_the_whole_disk(size: int) -> None:
    with pytest.raises(TableError, match="not full disk"):
        read_table(b"5 5 00 0 %d\n" % (size * CYLINDER), LABEL)
