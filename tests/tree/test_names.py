# SPDX-License-Identifier: Apache-2.0
"""Names are bytes, and survive being shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.tree.names import check_name, show, split_path, unshow


@given(st.binary(max_size=300))
def test_every_name_comes_back(name: bytes) -> None:
    text = show(name)
    assert unshow(text) == name
    assert json.loads(json.dumps(text)) == text
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"plain", "plain"),
        (b"a\nb", "a\\x0ab"),
        (b"back\\slash", "back\\\\slash"),
        (b"\xe4", "\\xe4"),
        ("ä".encode(), "ä"),
        (b"\\x41", "\\\\x41"),
    ],
)
def test_how_names_are_shown(name: bytes, text: str) -> None:
    assert show(name) == text


def test_a_lone_backslash_is_refused() -> None:
    with pytest.raises(InputError):
        unshow("a\\b")


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"a\0", b"x" * 256])
def test_names_that_may_not_be(name: bytes) -> None:
    with pytest.raises(InputError):
        check_name(name)


def test_paths_never_climb() -> None:
    assert split_path(b"//a/./b/") == (b"a", b"b")
    with pytest.raises(InputError):
        split_path(b"a/../b")
