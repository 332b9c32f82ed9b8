# SPDX-License-Identifier: Apache-2.0
"""The run book's chapter on a dead NVRAM: typed in, it gives back what was captured."""

from __future__ import annotations

import re
from functools import reduce
from operator import xor

import pytest
from hand_manifests import manifest
from hypothesis import given
from hypothesis import strategies as st
from runbook_reading import FULL, SMALL, Prom, join, text, typed, with_nvram

from mkboot.errors import InputError
from mkboot.model.nvram import Alias, Nvram, Variable


def test_a_dead_nvram_is_typed_in_again() -> None:
    prom = Prom(text(with_nvram(FULL)))
    assert prom.raw == bytes.fromhex("01800800 20abcdef 00000000 abcdefa9".replace(" ", ""))
    assert reduce(xor, prom.raw) == 0
    assert prom.settings == {
        "diag-switch?": "false",
        "boot-device": "mirror disk",
        "ttya-mode": "9600,8,n,1,-",
        "use-nvramrc?": "true",
        "security-mode": "command",
    }
    script = next(v.value for v in FULL.variables if v.name == "nvramrc")
    assert "\n".join(prom.script).encode() == script
    assert prom.aliases == {"spare": FULL.aliases[1].path}


def test_what_cannot_be_typed_at_ok_is_told_otherwise() -> None:
    lines = typed(text(with_nvram(FULL)))
    assert "# eeprom 'test-args= two  blanks before'" in lines
    assert "# eeprom 'diag-file='" in lines
    assert "had no value: keymap, diag-file" in join(text(with_nvram(FULL)))
    assert re.search(r"diag-trigger error-reset\.\.\. _+", text(with_nvram(FULL)))


def test_a_captured_idprom_is_taken_as_it_is() -> None:
    raw = bytes.fromhex("01830003ba12345b0723200512345b3a")
    nvram = Nvram(hostid="8312345b", ether="00:03:ba:12:34:5b", idprom=raw.hex(), karch="sun4u")
    assert Prom(text(with_nvram(nvram))).raw == raw


@given(hostid=st.binary(min_size=4, max_size=4), ether=st.binary(min_size=6, max_size=6))
def test_any_identity_makes_a_whole_idprom(hostid: bytes, ether: bytes) -> None:
    pairs = ":".join(f"{byte:02x}" for byte in ether)
    raw = Prom(text(with_nvram(Nvram(hostid=hostid.hex(), ether=pairs)))).raw
    assert raw[0] == 1
    assert raw[1:2] + raw[12:15] == hostid
    assert raw[2:8] == ether
    assert reduce(xor, raw) == 0


_VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=200)


@given(st.lists(_VALUE.filter(lambda v: v == v.strip()), min_size=1, max_size=4))
def test_any_value_can_be_typed_as_it_stands(values: list[str]) -> None:
    variables = tuple(Variable(f"v{n}-x", v.encode()) for n, v in enumerate(values))
    found = Prom(text(with_nvram(Nvram(variables=variables)))).settings
    assert [found[f"v{n}-x"] for n in range(len(values))] == values


@given(st.lists(_VALUE.map(str.rstrip).filter(bool), min_size=1, max_size=4))
def test_any_script_can_be_typed_as_it_stands(lines: list[str]) -> None:
    variable = Variable("nvramrc", "\n".join(lines).encode())
    assert Prom(text(with_nvram(Nvram(variables=(variable,))))).script == lines


def test_bytes_that_cannot_be_typed_are_shown_and_said() -> None:
    book = text(with_nvram(Nvram(variables=(Variable("nvramrc", b"a \x1b[2J\xff"),))))
    assert "0: a \\x1b[2J\\xff" in book
    assert "one byte that cannot be typed" in join(book)


def test_nothing_captured_leaves_blanks_and_says_how_to_fill_them() -> None:
    book = text(manifest(SMALL))
    for name in ("Host id", "Ethernet address", "boot-device", "nvramrc"):
        assert re.search(rf"^ +{name} _+$", book, re.M), name
    lines = typed(book)
    for line in ("# hostid", "# eeprom", "ok banner", "ok printenv", "ok devalias"):
        assert line in lines
    assert "ok setenv boot-device /pci@1f,0/scsi@1/sd@0,0:a" in lines
    assert "ok __ 5 mkp" in lines
    assert "ok real-machine-type 1 mkp" in lines
    assert "ok 0 f 0 do i idprom@ xor loop f mkp" in lines
    assert "mistyped" not in book
    assert "--nvram" in book


@pytest.mark.parametrize(
    ("nvram", "mkp"),
    [
        (Nvram(prom="OpenBoot 4.20.4", karch="sun4u", hostid="842ba1b2"), False),
        (Nvram(prom="OBP 4.15.6", hostid="842ba1b2"), False),
        (Nvram(karch="sun4v", hostid="842ba1b2"), False),
        (Nvram(karch="i86pc"), False),
        (Nvram(prom="OpenBoot 3.31", karch="sun4u", hostid="80abcdef"), True),
        (Nvram(prom="ROM Rev. 2.4.1", karch="sun4c", hostid="55abcdef"), True),
        (Nvram(karch="sun4m", hostid="72abcdef"), True),
    ],
)
def test_mkp_is_told_where_the_prom_has_it(nvram: Nvram, mkp: bool) -> None:
    book = text(with_nvram(nvram))
    assert any(line.endswith(" mkp") for line in typed(book)) is mkp
    assert nvram.hostid in book


@pytest.mark.parametrize(
    "nvram",
    [
        Nvram(hostid="80abcde"),
        Nvram(hostid="80abcdeg"),
        Nvram(ether="8:0:20:1:2:3"),
        Nvram(idprom="01" * 15),
        Nvram(variables=(Variable("a b", b"c"),)),
        Nvram(variables=(Variable("a\n", b"c"),)),
        Nvram(aliases=(Alias("", "/a"),)),
        Nvram(aliases=(Alias("a", "/b c"),)),
    ],
)
def test_what_no_reader_gives_is_refused(nvram: Nvram) -> None:
    with pytest.raises(InputError, match="nvram: "):
        text(with_nvram(nvram))


def test_sun4d_stores_its_idprom_twice() -> None:
    assert "ok update-system-idprom" in typed(text(with_nvram(Nvram(karch="sun4d"))))
    assert "update-system-idprom" not in text(with_nvram(Nvram(karch="sun4m")))
