# SPDX-License-Identifier: Apache-2.0
"""Identifiers: allowed, unique, in order, and quickly made."""

from __future__ import annotations

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from mkboot.formats.iso.names import DIRECTORY_MAX, FILE_MAX, Identifiers

FILE = re.compile(rb"([A-Z0-9_]*)\.([A-Z0-9_]*);1")
NAME = st.binary(min_size=1, max_size=255) | st.text("aA1._-é", min_size=1, max_size=40).map(
    str.encode
)


def test_plain_names_keep_their_look() -> None:
    names = Identifiers()
    assert names.file(b"README.TXT") == b"README.TXT;1"
    assert names.file(b"readme.txt") == b"README0.TXT;1"
    assert names.file(b"sh") == b"SH.;1"
    assert names.file(b"lib.so.1") == b"LIB_SO_1.;1"
    assert names.file(b".cdtoc") == b"_CDTOC.;1"
    assert names.file(b"x.123") == b"X_123.;1"
    assert names.directory(b"Solaris_9") == b"SOLARIS_9"
    assert names.directory(b"sh") == b"SH0"
    assert names.directory(b"a.b") == b"A_B"


def test_a_reserved_name_is_not_given() -> None:
    names = Identifiers(b"RR_MOVED")
    assert names.directory(b"rr_moved") == b"RR_MOVED0"


@settings(deadline=None)
@given(st.lists(st.tuples(NAME, st.booleans()), max_size=60))
def test_allowed_and_unique(rows: list[tuple[bytes, bool]]) -> None:
    names = Identifiers()
    seen: set[bytes] = set()
    for name, is_directory in rows:
        made = names.directory(name) if is_directory else names.file(name)
        if is_directory:
            assert re.fullmatch(rb"[A-Z0-9_]{1,31}", made)
            assert len(made) <= DIRECTORY_MAX
            shown = made
        else:
            parts = FILE.fullmatch(made)
            assert parts is not None
            assert 0 < len(parts[1]) + len(parts[2]) <= FILE_MAX
            shown = made.removesuffix(b";1").removesuffix(b".")
        assert shown not in seen
        seen.add(shown)


@settings(deadline=None)
@given(st.lists(NAME, unique=True, max_size=40))
def test_the_order_of_bytes_is_the_order_of_the_standard(names: list[bytes]) -> None:
    made = Identifiers()
    identifiers = sorted(made.file(name) for name in names)

    def standard(identifier: bytes) -> tuple[bytes, bytes]:
        parts = FILE.fullmatch(identifier)
        assert parts is not None
        return parts[1].ljust(FILE_MAX), parts[2].ljust(FILE_MAX)

    assert identifiers == sorted(identifiers, key=standard)


def test_many_names_with_one_beginning_are_quick() -> None:
    names = Identifiers()
    begun = time.process_time()
    made = {names.file(b"x" * 100 + b"%d" % number) for number in range(20_000)}
    assert len(made) == 20_000
    assert time.process_time() - begun < 2
