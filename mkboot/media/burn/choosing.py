# SPDX-License-Identifier: Apache-2.0
"""Which burning program is taken: the one asked for, or the first that is there.

xorriso comes first, since it tells most of a medium and also writes to files as root;
wodim last, since nobody looks after it any more and it knows DVDs by halves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mkboot.errors import CallerError, ProgramError
from mkboot.media.burn.burner import Burner
from mkboot.media.burn.cdrskin import Cdrskin
from mkboot.media.burn.wodim import Wodim
from mkboot.media.burn.xorriso import Xorriso
from mkboot.run import find_program, require_program

BURNERS: Mapping[str, Callable[[], Burner]] = {
    "xorriso": Xorriso,
    "cdrskin": Cdrskin,
    "wodim": Wodim,
}


def choose_burner(name: str | None, *, to_file: bool) -> Burner:
    """The program to write with; ``to_file``: a plain file is to play the disc.

    Raises ``ProgramError`` that names Debian's package when none is installed,
    ``CallerError`` when the one asked for writes to drives only.
    """
    if name is not None:
        chosen = BURNERS[name]()
        if to_file and not chosen.takes_files:
            raise CallerError(f"{name} writes to drives only", hint="--program xorriso")
        require_program(name)
        return chosen
    fit = [each for make in BURNERS.values() if (each := make()).takes_files or not to_file]
    for each in fit:
        if find_program(each.name) is not None:
            return each
    names = " or ".join(each.name for each in fit)
    raise ProgramError(f"{names} is not installed", hint=f"apt-get install {fit[0].name}")
