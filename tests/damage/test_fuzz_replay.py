# SPDX-License-Identifier: Apache-2.0
"""What ``make fuzz`` keeps is run again: seeds, old finds, and some changes of both."""

from __future__ import annotations

import random

import pytest
from damage.bounded import MEMORY, forget_peak, status_kib

from fuzz.bases import FOLDER, load_base, spoil
from fuzz.run import bounded, seeds
from fuzz.targets import TARGETS

CHANGES = 60


def changed(kept: list[bytes], draw: random.Random) -> bytes:
    """A seed with pieces of itself, of another one, or of nothing in it."""
    data = bytearray(draw.choice(kept))
    for _ in range(draw.randrange(1, 5)):
        at = draw.randrange(len(data) + 1)
        other = draw.choice(kept)
        start = draw.randrange(len(other) + 1)
        piece = draw.choice((draw.randbytes(draw.randrange(9)), other[start : start + 40]))
        data[at : at + draw.randrange(len(piece) + 1)] = piece
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_finds(name: str) -> None:
    """Nothing but an answer or an InputError, within 10 s and 1 GiB each."""
    kept = [path.read_bytes() for path in seeds(name)]
    assert kept, "make fuzz keeps seeds with FUZZ_ARGS=--keep"
    draw = random.Random(name)
    before = forget_peak()
    for data in [*kept, *(changed(kept, draw) for _ in range(CHANGES))]:
        bounded(TARGETS[name], data)
    assert status_kib("VmHWM") - before < MEMORY // 1024


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.xz")))
def test_an_empty_program_changes_nothing(name: str) -> None:
    """The images themselves are sound, so that what is spoiled in them counts."""
    base = load_base(name)
    assert spoil(base, b"") == base.data
    assert spoil(base, b"\0" + b"\x80\0\0\0\0\x03abcd") != base.data


def test_a_target_that_hangs_is_a_find(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(data: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr("fuzz.run.SECONDS", 1)
    with pytest.raises(Exception, match="more than 1 s"):
        bounded(hang, b"")
