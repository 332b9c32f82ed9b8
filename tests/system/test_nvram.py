# SPDX-License-Identifier: Apache-2.0
"""Outputs of eeprom, prtconf -pv, hostid and the PROM, read into an Nvram.

A case folder holds the files ``input/1``, ``input/2`` …, given in this order, and what
comes of them: ``expected.json``, or the message ``expected.err`` with the folder left out.
"""

from __future__ import annotations

import json
import os
from functools import reduce
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.model import codec
from mkboot.model.nvram import Nvram
from mkboot.system import nvram as module
from mkboot.system.nvram import NOT_KEPT, read_nvram
from mkboot.system.promtext import read_prom_text

CASES = Path(__file__).parent.parent / "cases" / "nvram"
#: A folder of captured outputs by kind (eeprom/, obp/, prtconf-pv/), where there is one.
SAMPLES = Path(os.environ.get("MKBOOT_INVENTORY_SAMPLES", "/nonexistent"))


@pytest.mark.parametrize("name", sorted(p.name for p in CASES.iterdir()))
def test_what_a_case_tells(name: str) -> None:
    folder = CASES / name
    paths = sorted((folder / "input").iterdir())
    expected = folder / "expected.json"
    if expected.exists():
        assert json.loads(codec.dumps(read_nvram(paths))) == json.loads(expected.read_text())
    else:
        with pytest.raises(InputError) as caught:
            read_nvram(paths)
        message = str(caught.value).replace(f"{folder / 'input'}/", "")
        assert message == (folder / "expected.err").read_text().rstrip("\n")


def test_every_case_says_what_is_expected() -> None:
    for folder in CASES.iterdir():
        assert (folder / "expected.json").exists() != (folder / "expected.err").exists(), folder


def test_no_file_tells_nothing() -> None:
    assert read_nvram([]) == Nvram()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone: No such file"):
        read_nvram([tmp_path / "gone"])


def test_a_file_that_is_too_long_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 20)
    (tmp_path / "long").write_text("boot-device=disk net\n")
    with pytest.raises(InputError, match="too long"):
        read_nvram([tmp_path / "long"])


def test_what_is_secret_or_counts_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("".join(f"{name}=7\n" for name in NOT_KEPT) + "auto-boot?=true\n")
    (tmp_path / "two").write_text("".join(f"{name}=8\n" for name in NOT_KEPT) + "auto-boot?=true\n")
    found = read_nvram([tmp_path / "one", tmp_path / "two"])
    assert [v.name for v in found.variables] == ["auto-boot?"]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_passed_over(data: bytes) -> None:
    for told in read_prom_text(data):
        assert 1 <= told.line <= data.count(b"\n") + 1


_LINES = st.sampled_from(
    [
        b"Variable Name   Value    Default Value", b"nvramrc=a", b"boot-device=disk", b"",
        b"a  b  c", b"Node 0xf0", b"    name:  'options'", b"    nvramrc:  'a", b"b'",
        b"ok devalias", b"OpenBoot 3.31, x, Serial #1.", b"808100fe", b"disk \t/a",
        b"Format/Type: 1",
    ]
)  # fmt: skip


@given(st.lists(_LINES, max_size=40))
def test_any_order_of_its_own_lines_comes_to_an_end(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    assert all(told.line <= len(lines) + 1 for told in read_prom_text(data))


_VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@given(st.lists(_VALUES, min_size=1, max_size=5))
def test_eeprom_keeps_every_value_as_it_is(values: list[str]) -> None:
    data = "".join(f"v{n}-x={value}\n" for n, value in enumerate(values)).encode()
    facts = [told.fact for told in read_prom_text(data)]
    assert [getattr(f, "value", b"").decode() for f in facts] == values


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="MKBOOT_INVENTORY_SAMPLES names no folder")
@pytest.mark.parametrize("pattern", ["eeprom/*.txt", "obp/*.txt", "prtconf-pv/*.txt"])
def test_captured_outputs_are_understood(pattern: str) -> None:
    """Identities in the samples are whole: checksums, serial numbers and addresses agree."""
    paths = [p for p in sorted(SAMPLES.glob(pattern)) if "probe-" not in p.name]
    paths = [p for p in paths if "dead-nvram" not in p.name]
    assert paths
    for path in paths:
        found = read_nvram([path])
        assert found != Nvram(), path
        if found.idprom:
            raw = bytes.fromhex(found.idprom)
            assert reduce(xor, raw) == 0
            assert found.hostid == raw[1:2].hex() + raw[12:15].hex()


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="MKBOOT_INVENTORY_SAMPLES names no folder")
def test_a_captured_dead_nvram_is_refused() -> None:
    with pytest.raises(InputError, match="lost its identity"):
        read_nvram([SAMPLES / "obp" / "banner-ss2-dead-nvram.txt"])
