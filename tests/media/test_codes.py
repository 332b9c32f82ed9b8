# SPDX-License-Identifier: Apache-2.0
"""The table of codes, its page, and the codes that the sources use."""

from __future__ import annotations

import re
from pathlib import Path

from mkboot.media.codes import CODES, advice, findings_page

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACT = [
    "label-magic",
    "label-checksum",
    "label-no-vtoc",
    "label-geometry",
    "slice-off-cylinder",
    "slice-overlap",
    "slice-past-end",
    "image-cut-at-iso",
    "image-truncated",
    "trailing-garbage",
    "iso-missing",
    "iso-damaged",
    "iso-slice-mismatch",
    "rock-ridge-version",
    "boot-block-missing",
    "boot-block-kind",
    "boot-block-too-long",
    "redirect-missing",
    "redirect-bad",
    "ufsboot-missing",
    "ufs-unclean",
    "ufs-log-unrolled",
    "ufs-damaged",
    "cdtoc-missing",
    "rules-checksum",
    "rules-missing",
    "profile-missing",
    "image-byte-swapped",
    "image-raw-sectors",
    "image-compressed",
    "image-container",
    "mbr-over-label",
    "name-hostile-to-emulators",
    "media-too-new",
    "dvd-before-8",
    "release-mismatch",
    "segment-checksum",
    "volume-missing",
    "volume-foreign",
    "dump-damaged",
]
#: Codes of the ISO reader that are told under a wider name.
RENAMED = {"iso-short", "iso-truncated", "iso-no-rock-ridge", "iso-rock-ridge-id"}


def test_the_page_is_made_from_the_table() -> None:
    page = ROOT / "docs" / "findings.md"
    assert page.read_text(encoding="utf-8") == findings_page(), "write findings_page() to it"


def test_every_code_once_in_the_same_form() -> None:
    names = [c.code for c in CODES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", n) for n in names)
    assert set(CONTRACT) <= set(names)
    for code in CODES:
        assert code.means.endswith(".")
        assert code.do.endswith((".", ")"))
        assert "|" not in code.means + code.do
        assert code.severity.split(";")[0] in ("error", "warning", "note")
        assert code.where
    assert advice("label-magic").startswith("Read the disc again")


def test_every_code_in_the_sources_is_in_the_table() -> None:
    known = {c.code for c in CODES} | RENAMED
    makers = re.compile(
        r"\b(?:error|warning|note|tell|make|advice\w*)\(\s*\"([a-z0-9]+-[a-z0-9-]+)\""
    )
    used: set[str] = set()
    for path in (ROOT / "mkboot").rglob("*.py"):
        used |= set(makers.findall(path.read_text(encoding="utf-8")))
    assert len(used) > 30
    assert used <= known, used - known
    text = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "mkboot").rglob("*.py"))
    for code in known - RENAMED:
        assert text.count(f'"{code}"') > 1, f"nothing looks for {code}"
