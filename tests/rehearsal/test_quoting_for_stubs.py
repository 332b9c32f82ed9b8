# SPDX-License-Identifier: Apache-2.0
"""Words quoted for the shell that stubs run in."""

from __future__ import annotations

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from mkboot.rehearsal.stub import quoted

_WORDS = st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\0", b"")), max_size=5)


@settings(max_examples=100, deadline=None)
@given(_WORDS)
def test_any_word_comes_through(words: list[bytes]) -> None:
    line = b" ".join([b"printf", b"'%s\\0'", *map(quoted, words)])
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout == b"".join(w + b"\0" for w in words or [b""])
