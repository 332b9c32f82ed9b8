# SPDX-License-Identifier: Apache-2.0
"""At which speed a disc is written, and why.

Old CD-ROM drives are what these discs are for, and they read slowly burnt discs best: that
is what owners of Suns report when a disc does not boot, with "Can't read disk label" as the
only symptom.  But today's blanks are not made for single speed any more, so that there is a
least sensible speed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mkboot.errors import CallerError
from mkboot.media.burn.loaded import SINGLE, Loaded

#: The slowest speed that blanks of a kind are made for.
LEAST: Mapping[str, float] = {"CD": 4, "DVD": 2, "BD": 2}
#: How far a speed in kB/s may be off a round number, and still be it.
_ROUND = 0.06


@dataclass(frozen=True, slots=True)
class Speed:
    """A speed, as a factor of the medium's single speed and in kB/s; ``why`` is for people."""

    factor: float
    kilobytes: float
    why: str


def choose_speed(loaded: Loaded, wanted: float | None = None) -> Speed | None:
    """The speed to ask for; None where nothing turns (a file) or the medium is unknown.

    ``wanted`` is what a person asked for, as a factor; the program gets it in any case.
    """
    single = SINGLE.get(loaded.family)
    if wanted is not None and not 0 < wanted < math.inf:
        raise CallerError(f"--speed is a number above 0, not {wanted:g}")
    if wanted is not None:
        return Speed(wanted, wanted * (single or SINGLE["CD"]), "as asked for")
    if single is None:
        return None
    least = LEAST[loaded.family]
    offered = sorted({_factor(kilobytes, single) for kilobytes in loaded.speeds})
    if not offered:
        return Speed(least, least * single, "the drive tells no speeds, and old drives read "
                     "slowly burnt discs best")  # fmt: skip
    fit = [each for each in offered if each >= least]
    factor = fit[0] if fit else offered[-1]
    listed = ", ".join(f"{each:g}x" for each in offered)
    why = f"the slowest from {least:g}x on that the drive offers for this disc ({listed})"
    if not fit:
        why = f"the fastest that the drive offers for this disc ({listed})"
    return Speed(factor, factor * single, f"{why}: old drives read slowly burnt discs best")


def _factor(kilobytes: float, single: float) -> float:
    """As a factor with one digit; drives round, and count user data or raw sectors."""
    factor = kilobytes / single
    whole = round(factor)
    if whole and abs(factor - whole) / whole < _ROUND:
        return float(whole)
    return round(factor, 1)
