# SPDX-License-Identifier: Apache-2.0
"""The verdict on consoles as QEMU's OpenBIOS wrote them, cut short or damaged."""

from __future__ import annotations

import pytest

from mkboot.firmware.verdict import BACK, clean_lines, judge, started

BANNER = (
    "Welcome to OpenBIOS v1.1 built on Dec 16 2025 06:10",
    "  Type 'help' for detailed information",
)
NOT_OTHERS = ("Not a bootable ELF image", "Not a bootable a.out image")
FCODE_START = (
    *NOT_OTHERS,
    "Loading FCode image...",
    "Loaded 2065 bytes",
    "entry point is 0x4000",
    "Evaluating FCode...",
)
SUN4M_START = (
    "Loading a.out image...",
    "Loaded 7680 bytes",
    "entry point is 0x4000",
    "bootpath: /iommu/sbus/espdma/esp/sd@2,0:d",
    "switching to new context:",
)
NO_STATE = "No valid state has been set by load or init-program"
CRASH = (
    "Unhandled Exception 0x0000000000000030",
    "PC = 0x00000000ffd0f24c NPC = 0x00000000ffd0f250",
    "Stopping execution",
)

CASES = [
    ("booted", True, (*FCODE_START, "MKBOOT-SLICE /pci/cdrom@0:f", "MKBOOT-END")),
    ("booted", False, (*FCODE_START, "Loading: /platform/sun4u/ufsboot")),
    ("booted", True, (*SUN4M_START, "MKBOOT-SUN4M /sd:d", "halt, power off")),
    ("booted", True, SUN4M_START),
    ("booted", False, (*SUN4M_START, "SunOS Release 5.8", *CRASH)),
    ("booted", True, (*FCODE_START, "hello", BACK)),
    ("refused", True, (NO_STATE, BACK)),
    ("refused", False, (NO_STATE, "0 > ")),
    ("refused", False, ("File not found", NO_STATE)),
    ("refused", True, (*NOT_OTHERS, "Not a bootable FCode image", NO_STATE, BACK)),
    ("refused", True, (BACK,)),
    ("refused", False, (*FCODE_START, *CRASH)),
    ("refused", False, (*SUN4M_START, *CRASH)),
    ("refused", True, (*FCODE_START, BACK)),
    ("refused", True, (*FCODE_START, "byte-load: exception caught!", BACK)),
    ("refused", True, (*FCODE_START, "MKBOOT-SLICE x", "MKBOOT-ERROR no UFS in the slice")),
    ("silent", False, FCODE_START),
    ("silent", False, SUN4M_START),
    ("silent", False, NOT_OTHERS),
    ("silent", True, NOT_OTHERS),
    ("silent", False, ()),
]


@pytest.mark.parametrize(("word", "ended", "lines"), CASES)
def test_the_verdict(word: str, ended: bool, lines: tuple[str, ...]) -> None:
    assert judge((*BANNER, *lines), ended=ended) == word


@pytest.mark.parametrize("ended", [True, False])
def test_without_the_firmware_nothing_is_believed(ended: bool) -> None:
    assert judge((), ended=ended) == "silent"
    assert judge((*FCODE_START, "MKBOOT-SLICE x"), ended=ended) == "silent"


@pytest.mark.parametrize("case", [c for c in CASES if c[0] == "booted"])
def test_no_beginning_of_a_console_is_booted_too_early(case) -> None:
    """Cut after any line, a boot that was not yet proved is not called one."""
    lines = (*BANNER, *case[2])
    start = max(i for i, x in enumerate(lines) if x.startswith(("Evaluating", "switching")))
    for length in range(start + 2):
        assert judge(lines[:length], ended=False) == "silent"


def test_consoles_are_cleaned() -> None:
    raw = b"\x1b[2J\x1b[1;32mone\x1b[0m\r\n\r\n\x07two \r\nthr\xffee\r\x1b]0;title\x07four\x00"
    assert clean_lines(raw) == ("one", "two", r"thr\xffee", "four")


def test_whether_anything_was_started() -> None:
    assert started((*BANNER, *FCODE_START, "x"))
    assert started((*BANNER, *FCODE_START))
    assert not started((*BANNER, NO_STATE, BACK))
    assert not started((*BANNER, "File not found", NO_STATE, BACK))
    assert not started((*BANNER, *NOT_OTHERS, NO_STATE, BACK))
    assert not started(())
