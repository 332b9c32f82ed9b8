# SPDX-License-Identifier: Apache-2.0
"""Sizes and media as the command line has them."""

from __future__ import annotations

import pytest

from mkboot.errors import CallerError
from mkboot.model.sizes import MEDIA, RUN_OUT, medium_bytes, parse_size, show_size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("650M", 650_000_000), ("650MB", 650_000_000), ("650MiB", 681_574_400),
        ("4.7G", 4_700_000_000), ("0", 0), ("12345", 12345), ("1.5KiB", 1536), ("2T", 2 * 10**12),
        ("1kib", 1024), (" 7 M ", 7_000_000), ("10B", 10), ("0.1G", 100_000_000),
    ],
)  # fmt: skip
def test_sizes(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize(
    "text", ["", "M", "-1", "1e9", "1.5", "650X", "650 M B", "0x10", "1,5G", "1.0001K", "٣M", "1iB"]
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(CallerError):
        parse_size(text)


def test_media() -> None:
    assert dict(MEDIA) == {
        "cd650": 333_000, "cd700": 359_845, "dvd": 2_295_104, "dvd-dl": 4_171_712,
    }  # fmt: skip
    assert RUN_OUT == 150
    assert medium_bytes("cd650") == (333_000 - 150) * 2048
    assert medium_bytes("650M") == 650_000_000
    with pytest.raises(CallerError, match="not a medium: 'cd'") as caught:
        medium_bytes("cd")
    assert "dvd-dl" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1 MB"),
        (4_700_000_000, "4.7 GB"), (5 * 10**15, "5e+03 TB"),
    ],
)  # fmt: skip
def test_shown(count: int, text: str) -> None:
    assert show_size(count) == text
