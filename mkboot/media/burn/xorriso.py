# SPDX-License-Identifier: Apache-2.0
"""xorriso: what it tells of a drive, and how it writes an image (xorriso(1), xorrecord(1))."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkboot.errors import ProgramError
from mkboot.media.burn.burner import TRACK, Order, last_words, query
from mkboot.media.burn.drives import Drive
from mkboot.media.burn.loaded import STDIO_KIND, Loaded, State

_UNKNOWN = "is not recognizable"
_REWRITABLE = ("CD-RW", "DVD-RW", "DVD+RW", "DVD-RAM", "BD-RE", STDIO_KIND)
_CURRENT = re.compile(r"^Media current: (.+)$", re.MULTILINE)
_STATUS = re.compile(r"^Media status : (.+)$", re.MULTILINE)
_BLOCKS = re.compile(
    r"^Media blocks : ([0-9]+) readable , ([0-9]+) \w+ , ([0-9]+) overall", re.MULTILINE
)
_SPACE = re.compile(r"^Media space  : ([0-9]+)s", re.MULTILINE)
_SPEED = re.compile(r"^Write speed  : +([0-9]+)k ,", re.MULTILINE)
_LOWEST = re.compile(r"^Write speed [lLhH]: +([0-9]+)k ,", re.MULTILINE)


class Xorriso:
    """The program ``xorriso``."""

    name = "xorriso"
    takes_files = True

    def ask(self, drive: Drive) -> Loaded:
        """What lies in the drive."""
        done = query(
            [self.name, "-no_rc", "-outdev", drive.address,
             "-toc", "-tell_media_space", "-list_speeds"]
        )  # fmt: skip
        said = done.stdout + b"\n" + done.stderr
        found = parse_xorriso(said.decode("utf-8", "backslashreplace"))
        if found is None:
            raise ProgramError(f"xorriso cannot tell what is in its drive: {last_words(said)}")
        return found

    def blanking(self, drive: Drive, loaded: Loaded) -> Sequence[str]:
        """Also formats what must be formatted."""
        del loaded
        return [self.name, "-no_rc", "-as", "cdrecord", "-v",
                f"dev={drive.address}", "blank=as_needed"]  # fmt: skip

    def writing(self, drive: Drive, loaded: Loaded, order: Order) -> Sequence[str]:
        """In one session that is closed; a CD at once, without the run-out of single tracks."""
        return [
            self.name, "-no_rc", "-stdio_sync", "off", "-as", "cdrecord", "-v",
            f"dev={drive.address}",
            *([f"speed={order.speed.kilobytes:.0f}k"] if order.speed else []),
            *(["-sao"] if loaded.family == "CD" else []),
            f"padsize={order.run_out}s", "-data", TRACK,
        ]  # fmt: skip


def parse_xorriso(said: str) -> Loaded | None:
    """What ``-toc -tell_media_space -list_speeds`` say; None without a word of a medium."""
    kinds, states = _CURRENT.findall(said), _STATUS.findall(said)
    if not kinds and not states:
        return None
    kind = kinds[-1].split(" , ")[0].split(", ")[0].strip() if kinds else ""
    state = _state(states[-1] if states else "")
    if state is State.NONE or kind == _UNKNOWN:
        return Loaded("", State.NONE, rewritable=False, blocks=None)
    speeds = {float(text) for text in _SPEED.findall(said) or _LOWEST.findall(said)}
    rewritable = kind.startswith(_REWRITABLE)
    return Loaded(kind, state, rewritable, _blocks(said, state), tuple(sorted(speeds)))


def _state(text: str) -> State:
    if "is blank" in text:
        return State.BLANK
    if "is appendable" in text:
        return State.APPENDABLE
    return State.CLOSED if "is written" in text or "is closed" in text else State.NONE


def _blocks(said: str, state: State) -> int | None:
    """Of a blank disc what is writable; the space on a written one is what would be left."""
    found = _BLOCKS.findall(said)
    space = _SPACE.findall(said)
    if state is State.BLANK and space:
        return int(space[-1])
    if not found:
        return None
    return int(found[-1][1] if state is State.BLANK else found[-1][2])
