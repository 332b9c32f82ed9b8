# SPDX-License-Identifier: Apache-2.0
"""What the burning programs say of drives and media, and what is made of it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import CallerError, StoppedError
from mkboot.media.burn.cdrskin import parse_cdrskin
from mkboot.media.burn.loaded import (
    Loaded,
    State,
    refuse_unfit,
    refuse_written,
    run_out,
    warnings_of,
)
from mkboot.media.burn.speeds import choose_speed
from mkboot.media.burn.wodim import parse_wodim
from mkboot.media.burn.xorriso import parse_xorriso

XORRISO_BLANK = """\
Drive current: -outdev '/dev/sr0'
Media current: CD-RW
Media product: 97m17s06f/79m59s71f , (not found in manufacturer list)
Media status : is blank
Media blocks : 0 readable , 359843 writable , 359845 overall
Media summary: 0 sessions, 0 data blocks,     0 data,  702m free
Media space  : 359843s
Write speed  :   1764k , 10.0xC
Write speed  :    706k ,  4.0xC
Write speed L:    706k ,  4.0xC
Write speed H:   1764k , 10.0xC
"""


def test_xorriso_of_a_blank_disc() -> None:
    loaded = parse_xorriso(XORRISO_BLANK)
    assert loaded == Loaded("CD-RW", State.BLANK, True, 359_843, (706.0, 1764.0))


@pytest.mark.parametrize(
    ("status", "state"),
    [("is written , is closed", State.CLOSED), ("is written , is appendable", State.APPENDABLE)],
)
def test_xorriso_of_a_written_disc(status: str, state: State) -> None:
    said = (
        f"Media current: DVD+R\nMedia status : {status}\n"
        "Media blocks : 4000 readable , 0 writable , 2295104 overall\nMedia space  : 0s\n"
    )
    assert parse_xorriso(said) == Loaded("DVD+R", state, False, 2_295_104)


def test_xorriso_of_files() -> None:
    said = "Media current: stdio file, overwriteable\nMedia status : is blank\nMedia space  : 9s\n"
    assert parse_xorriso(said) == Loaded("stdio file", State.BLANK, True, 9)


def test_xorriso_without_a_disc_and_without_a_word() -> None:
    said = "Media current: is not recognizable\nMedia status : is not recognizable\n"
    assert parse_xorriso(said) == Loaded("", State.NONE, False, None)
    assert parse_xorriso("xorriso : FAILURE : Cannot acquire drive\n") is None


CDRSKIN_BLANK = """\
cdrskin: status 1 burn_disc_blank "The drive holds a blank disc"
ATIP info from disk:
  Is not erasable
  ATIP start of lead in:  -11634 (97:26/66)
  ATIP start of lead out: 359846 (79:59/71)
  1T speed low:  8 1T speed high: 48

Mounted media class:      CD
Mounted media type:       CD-R
Disk Is not erasable
disk status:              empty
session status:           empty
"""


def test_cdrskin_of_a_blank_disc() -> None:
    speeds = "Write speed  :   8467k , 48.0xC\nWrite speed  :   1411k ,  8.0xC\n"
    loaded = parse_cdrskin(CDRSKIN_BLANK, "359844\n", speeds)
    assert loaded == Loaded("CD-R", State.BLANK, False, 359_844, (1411.0, 8467.0))
    assert parse_cdrskin(CDRSKIN_BLANK, "", "") == Loaded("CD-R", State.BLANK, False, 359_846)


def test_cdrskin_of_others() -> None:
    used = CDRSKIN_BLANK.replace("empty", "complete").replace("Is not erasable", "Is erasable")
    loaded = parse_cdrskin(used, "0\n", "")
    assert loaded == Loaded("CD-R", State.CLOSED, True, 359_846)
    nothing = 'cdrskin: status 3 BURN_DISC_EMPTY "There is no disc at all in the drive"\n'
    assert parse_cdrskin(nothing, "", "") == Loaded("", State.NONE, False, None)
    assert parse_cdrskin("cdrskin: SORRY : no\n", "", "") is None


WODIM_BLANK = """\
Device type    : Removable CD-ROM
Current: 0x0009 (CD-R)
Profile: 0x000A (CD-RW)
Profile: 0x0009 (CD-R) (current)
ATIP info from disk:
  Is not unrestricted
  Is not erasable
  ATIP start of lead in:  -11634 (97:26/66)
  ATIP start of lead out: 359846 (79:59/71)
  Maximum write speed:  8467 kB/s (CD  48x, DVD  6x)
  Number of supported write speeds: 2
  Write speed # 0:  8467 kB/s CLV/PCAV (CD  48x, DVD  6x)
  Write speed # 1:   706 kB/s CLV/PCAV (CD   4x, DVD  0x)
wodim: Input/output error. read toc: scsi sendcmd: no error
"""


def test_wodim_of_a_blank_disc() -> None:
    loaded = parse_wodim(WODIM_BLANK)
    assert loaded == Loaded("CD-R", State.BLANK, False, 359_846, (706.0, 8467.0))


def test_wodim_of_others() -> None:
    written = WODIM_BLANK + "track:   1 lba:         0 (        0) 00:02:00 adr: 1 control: 4\n"
    found = parse_wodim(written.replace("Is not erasable", "Is erasable"))
    assert found is not None
    assert (found.state, found.rewritable) == (State.CLOSED, True)
    by_number = parse_wodim("Current: 0x001B\n")
    assert by_number == Loaded("DVD+R", State.BLANK, False, None)
    assert by_number.capacity() == 2_295_104
    assert parse_wodim("Current: 0x0000\n") == Loaded("", State.NONE, False, None)
    assert parse_wodim("wodim: No disk / Wrong disk!\n") == Loaded("", State.NONE, False, None)
    assert parse_wodim("wodim: Cannot open SCSI driver!\n") is None


@given(st.text())
def test_nonsense_is_taken_by_all(text: str) -> None:
    parse_xorriso(text)
    parse_cdrskin(text, text, text)
    parse_wodim(text)


@pytest.mark.parametrize(
    ("kind", "offered", "factor"),
    [
        ("CD-R", (706, 1764, 8467), 4),
        ("CD-R", (176, 353, 1411, 8467), 8),
        ("CD-R", (176, 353), 2),
        ("CD-R", (8467, 2822), 16),
        ("CD-R", (), 4),
        ("DVD+R", (3324, 5540, 11080), 2.4),
        ("DVD-R", (1385, 2770), 2),
        ("BD-R", (8992, 17984), 2),
    ],
)
def test_the_slowest_sensible_speed(kind: str, offered: tuple[int, ...], factor: float) -> None:
    speeds = tuple(float(each) for each in offered)
    speed = choose_speed(Loaded(kind, State.BLANK, False, 1000, speeds))
    assert speed is not None
    assert speed.factor == factor
    assert "old drives read slowly burnt discs best" in speed.why


def test_the_wanted_speed_and_files() -> None:
    disc = Loaded("CD-R", State.BLANK, False, 1000, (706.0,))
    file = Loaded("stdio file", State.BLANK, True, 1000)
    wanted = choose_speed(disc, 16)
    assert wanted is not None
    assert (wanted.factor, round(wanted.kilobytes)) == (16, 2822)
    assert choose_speed(file) is None
    assert choose_speed(file, 2) is not None
    for nonsense in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(CallerError):
            choose_speed(disc, nonsense)


def test_what_does_not_fit_is_refused_in_words() -> None:
    disc = Loaded("CD-R", State.BLANK, False, 1000)
    refuse_unfit(disc, 1000 * 2048, "here")
    with pytest.raises(StoppedError, match=r"CD-R in here is too small: it takes 1000 blocks"):
        refuse_unfit(disc, 1000 * 2048 + 1, "here")
    unknown = Loaded("CD-R", State.BLANK, False, None)
    refuse_unfit(unknown, 10**9, "here")


@pytest.mark.parametrize("state", [State.APPENDABLE, State.CLOSED, State.NONE])
@pytest.mark.parametrize("rewritable", [False, True])
def test_what_is_not_blank_is_refused(state: State, rewritable: bool) -> None:
    with pytest.raises(StoppedError) as told:
        refuse_written(Loaded("CD-RW", state, rewritable, 1000), "here")
    hint = told.value.hint or ""
    assert ("--blank" in hint) is (rewritable and state is not State.NONE)


@pytest.mark.parametrize(
    ("kind", "blocks", "size", "wanted"),
    [
        ("CD-R", 1000, 100 * 2048, 150), ("CD-R", 1000, 900 * 2048, 100),
        ("CD-R", 1000, 899 * 2048 + 1, 100), ("CD-R", 1000, 1000 * 2048, 0),
        ("CD-RW", None, 100, 150), ("DVD-R", 10_000, 2048, 0), ("stdio file", 10_000, 2048, 0),
    ],
)  # fmt: skip
def test_run_out(kind: str, blocks: int | None, size: int, wanted: int) -> None:
    assert run_out(Loaded(kind, State.BLANK, False, blocks), size) == wanted


def test_what_old_drives_make_of_it() -> None:
    def told(kind: str, blocks: int = 333_000) -> str:
        return " ".join(warnings_of(Loaded(kind, State.BLANK, False, blocks)))

    assert told("CD-R") == ""
    assert "80-minute" in told("CD-R", 359_845)
    assert "cannot read it at all" in told("DVD-R")
    assert "CD-R is safer" in told("CD-RW")
    assert told("stdio file") == ""
