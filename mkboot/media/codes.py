# SPDX-License-Identifier: Apache-2.0
"""Every code that a finding can have: what it means, and what to do.

The one table; docs/findings.md is made from it, and a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.media.code import Code as Code
from mkboot.media.codes_drives import DRIVES
from mkboot.media.codes_media import MEDIA
from mkboot.media.codes_sets import SETS

CODES: tuple[Code, ...] = MEDIA + DRIVES + SETS

_BY_NAME = {c.code: c for c in CODES}

_HEAD = """# Findings

What `mkboot inspect` and `mkboot verify` can find. An *error* means that something will not
boot or is not whole, a *warning* that it may hurt somebody, a *note* that it is worth knowing.
Each finding says where it is: the label (sector 0 of the image), a slice of it, the ISO 9660
file system, a file, or the image as a whole. `mkboot/media/codes.py` is where this page is
made from.
"""

_COLUMNS = """
| code | how bad | where | what it means | what to do |
|---|---|---|---|---|
"""


def findings_page() -> str:
    """docs/findings.md."""
    parts = (
        ("Discs, disks and images", MEDIA),
        ("Drives and copies", DRIVES),
        ("Sets, captures and hosts", SETS),
    )
    return _HEAD + "".join(text for title, codes in parts for text in _part(title, codes))


def _part(title: str, codes: tuple[Code, ...]) -> Iterator[str]:
    yield f"\n## {title}\n{_COLUMNS}"
    for c in codes:
        yield f"| `{c.code}` | {c.severity} | {c.where} | {c.means} | {c.do} |\n"


def advice(code: str) -> str:
    """What to do about a code, for findings that have no closer hint."""
    found = _BY_NAME.get(code)
    return found.do if found is not None else ""
