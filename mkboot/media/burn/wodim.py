# SPDX-License-Identifier: Apache-2.0
"""wodim: what it tells of a drive, and how it writes an image (wodim(1)).

It tells less than the others: whether a written disc can be appended to, and how much goes
on a DVD, it does not say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkboot.errors import ProgramError
from mkboot.media.burn.burner import TRACK, Order, last_words, query
from mkboot.media.burn.drives import Drive
from mkboot.media.burn.loaded import Loaded, State

_PROFILE = re.compile(r"^Profile: 0x[0-9A-F]{4} \((.+)\) \(current\)", re.MULTILINE)
_CURRENT = re.compile(r"^Current: 0x([0-9A-F]{4})", re.MULTILINE)
_NO_DISC = re.compile(r"No disk / Wrong disk!|^Current: 0x0000", re.MULTILINE)
_LEAD_OUT = re.compile(r"^ *ATIP start of lead out: +([0-9]+)", re.MULTILINE)
_ERASABLE = re.compile(r"^ *(?:Disk )?Is erasable", re.MULTILINE)
_SPEED = re.compile(r"^ *Write speed # *[0-9]+: +([0-9]+) kB/s", re.MULTILINE)
_TRACKS = re.compile(r"^track: *[0-9]+ ", re.MULTILINE)
#: Profiles of MMC-5, table 93, for versions that print only their numbers.
_PROFILES = {
    "0009": "CD-R", "000A": "CD-RW", "0011": "DVD-R sequential recording",
    "0013": "DVD-RW restricted overwrite", "0014": "DVD-RW sequential recording",
    "0015": "DVD-R/DL", "001A": "DVD+RW", "001B": "DVD+R", "002B": "DVD+R/DL",
    "0008": "CD-ROM", "0010": "DVD-ROM", "0012": "DVD-RAM",
}  # fmt: skip


class Wodim:
    """The program ``wodim``."""

    name = "wodim"
    takes_files = False

    def ask(self, drive: Drive) -> Loaded:
        """What lies in the drive."""
        start = [self.name, f"dev={drive.address}"]
        said = b""
        for option in ("-atip", "-prcap", "-toc"):
            done = query([*start, option])
            said += done.stdout + b"\n" + done.stderr + b"\n"
        found = parse_wodim(said.decode("utf-8", "backslashreplace"))
        if found is None:
            raise ProgramError(f"wodim cannot tell what is in its drive: {last_words(said)}")
        return found

    def blanking(self, drive: Drive, loaded: Loaded) -> Sequence[str]:
        """A DVD+RW is formatted, all others are blanked as far as they must."""
        how = "-format" if loaded.kind.startswith("DVD+RW") else "blank=fast"
        return [self.name, "-v", "gracetime=2", f"dev={drive.address}", how]

    def writing(self, drive: Drive, loaded: Loaded, order: Order) -> Sequence[str]:
        """Disc at once, closed; its speeds are whole numbers, and it rounds no other way."""
        del loaded
        speed = [f"speed={max(1, int(order.speed.factor))}"] if order.speed else []
        return [
            self.name, "-v", "gracetime=2", f"dev={drive.address}", *speed,
            "driveropts=burnfree", "-sao", f"padsize={order.run_out}s", "-data", TRACK,
        ]  # fmt: skip


def parse_wodim(said: str) -> Loaded | None:
    """What ``-atip``, ``-prcap`` and ``-toc`` say together; None if nothing of a medium."""
    kind = _kind(said)
    if _NO_DISC.search(said):
        return Loaded("", State.NONE, rewritable=False, blocks=None)
    lead_out = _LEAD_OUT.search(said)
    if not kind and lead_out is None:
        return None
    erasable = _ERASABLE.search(said) is not None
    if not kind:
        kind = "CD-RW" if erasable else "CD-R"
    return Loaded(
        kind,
        State.CLOSED if _TRACKS.search(said) or kind.endswith("ROM") else State.BLANK,
        erasable or kind.startswith(("CD-RW", "DVD-RW", "DVD+RW", "DVD-RAM")),
        int(lead_out[1]) if lead_out else None,
        tuple(sorted({float(text) for text in _SPEED.findall(said)})),
    )


def _kind(said: str) -> str:
    found = _PROFILE.search(said)
    if found:
        return found[1]
    number = _CURRENT.search(said)
    return _PROFILES.get(number[1], "") if number else ""
