# SPDX-License-Identifier: Apache-2.0
"""What is found wrong with a label: one cause, one finding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from label_samples import DISK, SLICES, disk, sealed

from mkboot.formats.label import Label, SliceEntry, check_label, disc_label, make_label
from mkboot.model.finding import Severity

SECTORS = 42 * 1008
SOUND_DISC = (
    SliceEntry(0, 0, 6400, 4, 0x10),
    SliceEntry(1, 10, 1280, 2, 0x10),
    SliceEntry(5, 12, 640, 2, 0x10),
)
DISC_SECTORS = 13 * 640


def found(sector: bytes, sectors: int = SECTORS, *, on_disc: bool = False) -> list[tuple[str, str]]:
    return [(f.code, f.place) for f in check_label(sector, sectors, disc=on_disc)]


def disc(*slices: SliceEntry) -> bytes:
    return disc_label(slices, b"a disc").raw


def changed(*slices: SliceEntry) -> bytes:
    kept = [s for s in SLICES if s.number not in {c.number for c in slices}]
    return make_label(DISK, [*kept, *slices]).raw


def test_sound_labels_have_no_findings() -> None:
    assert found(disk().raw) == []
    assert found(disc(*SOUND_DISC), DISC_SECTORS, on_disc=True) == []


@pytest.mark.parametrize("sector", [bytes(512), b"", disk().raw[:511], b"\xff" * 512])
def test_no_label(sector: bytes) -> None:
    assert found(sector) == [("label-magic", "label")]


def test_a_wrong_checksum() -> None:
    raw = bytearray(disk().raw)
    raw[5] ^= 1
    assert found(bytes(raw)) == [("label-checksum", "label")]


def test_no_vtoc() -> None:
    raw = bytearray(disk().raw)
    raw[128:420] = bytes(292)
    assert found(sealed(raw)) == [("label-no-vtoc", "label")]


def without_capacity() -> bytes:
    raw = bytearray(disk().raw)
    raw[438:440] = b"\0\0"
    return sealed(raw)


def test_no_capacity() -> None:
    assert found(without_capacity()) == [("label-geometry", "label")]


def larger(label: Label) -> bytes:
    return make_label(replace(label.geometry, ncyl=42), [s for s in SLICES if s.number < 2]).raw


def test_a_geometry_larger_than_the_disk() -> None:
    """One alternate cylinder counts, as the kernel has it; of a disc nothing does."""
    assert found(larger(disk())) == [("label-geometry", "label")]
    assert found(larger(disk()), SECTORS + 1007) == [("label-geometry", "label")]
    assert found(larger(disk()), SECTORS + 1008) == []
    assert found(larger(disk()), on_disc=True) == []


def test_a_disc_whose_cylinders_are_no_whole_blocks() -> None:
    raw = make_label(replace(DISK, nhead=1), [SliceEntry(0, 0, 63)]).raw
    assert found(raw, 630, on_disc=True) == [("label-geometry", "label")]


def test_a_slice_that_is_no_whole_cylinders() -> None:
    raw = changed(SliceEntry(1, 10, 2015, 3, 1))
    assert found(raw) == [("slice-off-cylinder", "slice 1")]


def test_slices_that_overlap() -> None:
    assert found(changed(SliceEntry(1, 9, 3024, 3, 1))) == [("slice-overlap", "slice 0")]
    assert found(changed(SliceEntry(1, 10, 3024, 3, 1))) == [("slice-overlap", "slice 1")]


def test_a_backup_slice_is_no_overlap_however_long() -> None:
    assert found(changed(SliceEntry(2, 0, 39 * 1008, 5, 0))) == []
    assert len(found(changed(SliceEntry(2, 0, 39 * 1008, 2, 0)))) == 3


def test_a_whole_disk_slice_without_its_tag_is_no_overlap() -> None:
    assert found(changed(SliceEntry(2, 0, 40320, 0, 0))) == []


def test_slices_of_discs_that_are_the_same_or_contain_all() -> None:
    copies = [SliceEntry(n, 0, 6400, 4, 0x10) for n in range(8)]
    assert found(disc(*copies), 6400, on_disc=True) == []
    everything = [SliceEntry(0, 0, DISC_SECTORS, 4, 0x10), *SOUND_DISC[1:]]
    assert found(disc(*everything), DISC_SECTORS, on_disc=True) == []
    cut_into = [SliceEntry(0, 0, 7040, 4, 0x10), *SOUND_DISC[1:]]
    assert found(disc(*cut_into), DISC_SECTORS, on_disc=True) == [("slice-overlap", "slice 0")]


def test_a_slice_past_the_end() -> None:
    short = found(disc(*SOUND_DISC), DISC_SECTORS - 1, on_disc=True)
    assert short == [("slice-past-end", "slice 5")]
    assert found(changed(SliceEntry(7, 12, 31 * 1008, 8, 0))) == [("slice-past-end", "slice 7")]


def test_spare_cylinders_are_a_warning_and_the_end_an_error() -> None:
    spare = check_label(changed(SliceEntry(7, 12, 29 * 1008, 8, 0)), SECTORS, disc=False)
    assert [(f.code, f.severity) for f in spare] == [("slice-past-end", Severity.WARNING)]
    end = check_label(changed(SliceEntry(7, 12, 31 * 1008, 8, 0)), SECTORS, disc=False)
    assert [(f.code, f.severity) for f in end] == [("slice-past-end", Severity.ERROR)]


def test_huge_numbers_are_only_numbers() -> None:
    raw = changed(SliceEntry(1, 0xFFFFFFFF, 0xFFFFFFFF, 3, 1))
    assert [code for code, _ in found(raw)] == ["slice-off-cylinder", "slice-past-end"]
