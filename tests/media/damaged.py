# SPDX-License-Identifier: Apache-2.0
"""Media damaged on purpose: one cause each, on bases that different programs made.

A cause has the code and the severity that it must give, and the bases it is tried on.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from discs import Image

from fixtures.sunlabel import without_vtoc

Damage = Callable[[Image], None]

#: genisoimage (layouts sparc-2.6 and sparc-9), xorriso, mkboot's own volume 1.
DISCS = ("two-six", "nine", "xorriso", "volume")
#: Those on which every cause is tried that is not for some only.
USUAL = ("two-six", "xorriso", "volume")
DISK = ("disk", "disk-2")


@dataclass(frozen=True)
class Cause:
    """One way in which an image can be bad."""

    name: str
    code: str
    severity: str
    do: Damage
    bases: tuple[str, ...]


CAUSES: list[Cause] = []


def cause(code: str, severity: str = "error", bases: tuple[str, ...] = USUAL):
    """Register a damage that must give ``code`` and nothing else."""

    def register(function: Damage) -> Damage:
        CAUSES.append(Cause(function.__name__, code, severity, function, bases))
        return function

    return register


@cause("label-magic")
def no_magic(i: Image) -> None:
    i.write(508, b"\0\0")


@cause("label-magic", bases=("two-six", "xorriso"))
def no_label_at_all(i: Image) -> None:
    i.write(0, bytes(512))


@cause("label-magic", bases=DISK)
def no_magic_on_a_disk(i: Image) -> None:
    i.write(508, b"\0\0")


@cause("label-checksum", bases=(*DISCS, *DISK))
def label_text_changed(i: Image) -> None:
    i.write(3, b"#")


@cause("label-no-vtoc", "warning")
def old_label(i: Image) -> None:
    i.write(0, without_vtoc(i.read(0, 512)))


@cause("label-geometry")
def no_heads(i: Image) -> None:
    i.label(lambda s: struct.pack_into(">H", s, 436, 0))


@cause("label-geometry", bases=DISK)
def a_larger_disk_was_labelled(i: Image) -> None:
    i.label(lambda s: struct.pack_into(">H", s, 432, 60_000))


@cause("slice-off-cylinder", "note", ("two-six", "nine", "volume"))
def odd_length(i: Image) -> None:
    i.slice_length(5, -1)


@cause("slice-off-cylinder", "warning", ("disk",))
def odd_length_on_a_disk(i: Image) -> None:
    i.slice_length(7, 3)


@cause("slice-overlap", "warning", ("two-six", "nine", "volume"))
def into_the_next(i: Image) -> None:
    i.slice_length(2, 640)


@cause("slice-overlap", "warning", ("disk",))
def into_the_next_on_a_disk(i: Image) -> None:
    i.slice_length(3, 1008)


@cause("slice-past-end", bases=("two-six", "volume"))
def longer_than_the_image(i: Image) -> None:
    i.cut(i.end(5))
    i.slice_length(5, 640)


@cause("slice-past-end", bases=("two-six", "nine"))
def never_padded(i: Image) -> None:
    i.cut(i.end(5) - 1024)


@cause("image-cut-at-iso", bases=DISCS)
def only_the_iso_was_copied(i: Image) -> None:
    i.cut(i.iso_end())


@cause("image-cut-at-iso", bases=("two-six", "volume"))
def only_the_iso_and_some_padding(i: Image) -> None:
    i.cut(i.iso_end() + 307_200)


@cause("image-truncated", bases=DISCS)
def ends_in_the_iso(i: Image) -> None:
    i.cut(i.iso_end() // 2)


@cause("image-truncated", bases=DISCS)
def ends_in_the_miniroot(i: Image) -> None:
    i.cut(i.start(1) + 5_000_000)


@cause("image-truncated", bases=DISCS)
def ends_before_the_last_slice(i: Image) -> None:
    i.cut(i.start(5))


@cause("image-truncated", bases=DISK)
def half_a_disk(i: Image) -> None:
    i.cut(i.path.stat().st_size // 3)


@cause("trailing-garbage", "warning", DISCS)
def something_behind(i: Image) -> None:
    i.append(bytes(4096) + b"something else")


@cause("iso-missing")
def no_descriptor(i: Image) -> None:
    i.write(32769, b"XX001")


@cause("iso-damaged")
def root_elsewhere(i: Image) -> None:
    i.write(32768 + 156 + 2, struct.pack("<I", 3) + struct.pack(">I", 3))


@cause("iso-slice-mismatch")
def short_slice_0(i: Image) -> None:
    i.label(lambda s: struct.pack_into(">I", s, 448, 640))


@cause("iso-slice-mismatch", bases=("two-six", "volume"))
def slice_0_unused(i: Image) -> None:
    i.label(lambda s: struct.pack_into(">II", s, 444, 0, 0))


@cause("rock-ridge-version", bases=DISCS)
def newer_rock_ridge(i: Image) -> None:
    assert i.replace(b"RRIP_1991A", b"IEEE_P1282", 32768, i.iso_end()) >= 1


@cause("boot-block-missing", bases=DISCS)
def no_boot_block(i: Image) -> None:
    i.write(i.start(5) + 512, bytes(7680))


@cause("boot-block-missing", "warning", ("disk",))
def no_boot_block_on_a_disk(i: Image) -> None:
    i.write(512, bytes(7680))


@cause("boot-block-kind", bases=DISCS)
def the_wrong_kind(i: Image) -> None:
    i.write(i.start(5) + 512, i.read(i.start(3) + 512, 7680))


@cause("boot-block-kind", bases=("two-six", "volume"))
def fcode_for_sun4m(i: Image) -> None:
    i.write(i.start(3) + 512, i.read(i.start(5) + 512, 7680))


@cause("boot-block-kind", bases=(*USUAL, "disk"))
def no_boot_block_of_any_kind(i: Image) -> None:
    at = i.start(5) if i.medium.kind == "disc" else 0
    i.write(at + 512, b"\x7fELF")


@cause("boot-block-too-long", bases=(*USUAL, "disk"))
def endless_boot_block(i: Image) -> None:
    at = i.start(5) if i.medium.kind == "disc" else 0
    i.write(at + 512 + 4, b"\0\1\0\0")


@cause("boot-block-checksum", "warning", (*USUAL, "disk"))
def changed_boot_block(i: Image) -> None:
    at = i.start(5) if i.medium.kind == "disc" else 0
    i.write(at + 512 + 2, b"\xff\xff")


@cause("redirect-missing")
def no_redirect(i: Image) -> None:
    i.replace(b".SUNW-boot-redirect", b".SUNX-boot-redirect", i.start(5) + 8192, i.end(5))


@cause("redirect-bad")
def redirect_to_nowhere(i: Image) -> None:
    i.write(i.file_at(5, b"/.SUNW-boot-redirect"), b"7")


@cause("redirect-bad")
def redirect_to_a_letter(i: Image) -> None:
    i.write(i.file_at(5, b"/.SUNW-boot-redirect"), b"b")


@cause("ufsboot-missing")
def no_loader(i: Image) -> None:
    assert i.replace(b"ufsboot", b"ufsb00t", i.start(1), i.end(1)) >= 2


@cause("ufs-unclean", "warning", (*USUAL, "disk"))
def not_unmounted(i: Image) -> None:
    i.write(i.start(_ufs(i)) + 8192 + 209, b"\0")


@cause("ufs-log-unrolled", "error", (*USUAL, "disk"))
def log_not_rolled(i: Image) -> None:
    i.write(i.start(_ufs(i)) + 8192 + 209, b"\xfd")
    i.write(i.start(_ufs(i)) + 8192 + 4, struct.pack(">I", 2))


@cause("ufs-damaged", bases=(*USUAL, "disk"))
def broken_superblock(i: Image) -> None:
    i.write(i.start(_ufs(i)) + 8192 + 48, struct.pack(">I", 12345))


@cause("ufs-damaged", bases=("two-six", "nine", "volume"))
def broken_group(i: Image) -> None:
    i.replace(struct.pack(">I", 0x090255), bytes(4), i.start(1), i.end(1))


def _ufs(i: Image) -> int:
    return 1 if i.medium.kind == "disc" else 3


@cause("cdtoc-missing")
def no_cdtoc(i: Image) -> None:
    i.rename_in_iso(b".cdtoc", b"xcdtoc")


@cause("cdtoc-missing")
def cdtoc_without_a_version(i: Image) -> None:
    i.in_file(b"/.cdtoc", b"PRODVERS", b"PRODVIRS")


@cause("mbr-over-label", bases=DISCS)
def isohybrid(i: Image) -> None:
    i.write(510, b"\x55\xaa")


@cause("mbr-over-label", bases=DISCS)
def whole_mbr(i: Image) -> None:
    i.write(0, bytes(510) + b"\x55\xaa")


@cause("release-mismatch", "warning", ("two-six",))
def another_release(i: Image) -> None:
    i.in_file(b"/.cdtoc", b"PRODVERS=2.6\n", b"PRODVERS=2.7\n")


@cause("release-mismatch", "warning", ("nine", "xorriso", "volume"))
def another_release_of_the_newer_kind(i: Image) -> None:
    i.in_file(b"/.cdtoc", b"PRODVERS=9\n", b"PRODVERS=8\n")


@cause("rules-checksum", "warning")
def a_rule_was_changed(i: Image) -> None:
    i.in_file(b"/.install_config/rules.ok", b"any -", b"any  ")


@cause("rules-checksum", bases=USUAL)
def rules_of_the_future(i: Image) -> None:
    i.in_file(b"/.install_config/rules.ok", b"version=2", b"version=3")


@cause("rules-checksum")
def rules_without_their_last_line(i: Image) -> None:
    i.in_file(b"/.install_config/rules.ok", b"# version", b"# Version")


@cause("rules-missing", "warning")
def no_rules_ok(i: Image) -> None:
    i.rename_in_iso(b"rules.ok", b"rulez.ok")


@cause("profile-missing")
def a_rule_with_a_misspelt_name(i: Image) -> None:
    """Two letters change places, so that the checksum stays right."""
    at, size = i.iso_file(b"/.install_config/rules.ok")
    text = i.read(at, size)
    word = next(w for w in text.split() if len(w) > 3)
    i.write(at, text.replace(word, word[:1] + word[2:3] + word[1:2] + word[3:], 1))


@cause("dvd-before-8", "warning", ("two-six", "seven"))
def as_large_as_a_dvd(i: Image) -> None:
    i.cut(359_846 * 2048)
