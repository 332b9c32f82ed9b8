# SPDX-License-Identifier: Apache-2.0
"""Booting an image under QEMU, and reading what its firmware says."""

from mkboot.firmware.qemu import DEFAULT_TIMEOUT, LETTERS, Kind, boot, default_slice, kind_of
from mkboot.firmware.verdict import Machine, Verdict, Word, clean_lines, judge

__all__ = [
    "DEFAULT_TIMEOUT",
    "LETTERS",
    "Kind",
    "Machine",
    "Verdict",
    "Word",
    "boot",
    "clean_lines",
    "default_slice",
    "judge",
    "kind_of",
]
