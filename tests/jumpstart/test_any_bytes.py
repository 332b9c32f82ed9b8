# SPDX-License-Identifier: Apache-2.0
"""Any bytes at all: they are read without an error, and come back as they were."""

from __future__ import annotations

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mkboot.jumpstart import parse_profile, parse_rules, parse_sysidcfg, text
from mkboot.jumpstart.checksum import strip_rules, strip_script
from mkboot.jumpstart.rules import custom_of
from mkboot.jumpstart.tables import tables

WORDS = sorted(
    {word for kind in ("rules", "profile", "sysidcfg") for word in tables(kind).keywords}
    | {"&&", "!", "-", "=", "{", "}", "#", "\\", "'", '"', "any", "c0t0d0s0", "all", "free", "/",
       "mirror", "mirror:d1", "existing", "preserve", "explicit", "flash_install", "upgrade",
       "1.2.3.4", ",", "(1.2.3.4)", "auto", "probe", "0:100", "a:/b", "sun4u", "tcx"}
)  # fmt: skip
SPACE = st.sampled_from([" ", "\n", "\t", "=", "", "\r\n", "\\\n", " \\ \n", "{", "}\n", "\0"])
TEXTS = st.lists(st.tuples(st.sampled_from(WORDS), SPACE)).map(
    lambda pairs: "".join(word + space for word, space in pairs).encode()
)
ANY = st.one_of(
    st.binary(max_size=300),
    TEXTS,
    st.text(
        string.printable + "\u2018\u2019\u201c\u201d\u2013\u00a0\ufeff\u00e9", max_size=200
    ).map(str.encode),
    st.tuples(TEXTS, st.binary(max_size=8), TEXTS).map(b"".join),
)
RELEASE = st.sampled_from([None, "2.5.1", "2.6", "10"])


@given(ANY, RELEASE)
@settings(max_examples=400, deadline=None)
def test_rules(data: bytes, release: str | None) -> None:
    custom = custom_of(["cmp_tcx", "probe_tcx"])
    value, problems = parse_rules(data, "rules", custom=custom, release=release)
    assert text(value) == data
    assert all(1 <= p.line <= data.count(b"\n") + 1 and "\n" not in str(p) for p in problems)
    assert all(line.strip() for line in strip_rules(data).split(b"\n")[:-1])


@given(ANY, RELEASE)
@settings(max_examples=400, deadline=None)
def test_profile(data: bytes, release: str | None) -> None:
    value, problems = parse_profile(data, "profile", release=release)
    assert text(value) == data
    assert all(1 <= p.line <= data.count(b"\n") + 1 and "\n" not in str(p) for p in problems)


@given(ANY, RELEASE)
@example(b"\x01={auto_reg\n=", None)
@settings(max_examples=400, deadline=None)
def test_sysidcfg(data: bytes, release: str | None) -> None:
    value, problems = parse_sysidcfg(data, "sysidcfg", release=release)
    assert text(value) == data
    assert all(1 <= p.line <= data.count(b"\n") + 1 and "\n" not in str(p) for p in problems)


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_stripped_scripts_lose_lines_only(data: bytes) -> None:
    left = iter(data.split(b"\n"))
    assert all(line in left for line in strip_script(data).removesuffix(b"\n").split(b"\n") if line)
