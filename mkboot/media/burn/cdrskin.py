# SPDX-License-Identifier: Apache-2.0
"""cdrskin: what it tells of a drive, and how it writes an image (cdrskin(1)).

As root it refuses files that play a disc, unless a directory of root's allows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkboot.errors import ProgramError
from mkboot.media.burn.burner import TRACK, Order, last_words, query
from mkboot.media.burn.drives import Drive
from mkboot.media.burn.loaded import Loaded, State

_TYPE = re.compile(r"^Mounted media type: +(.+?) *$", re.MULTILINE)
_DISK = re.compile(r"^disk status: +(\w+)", re.MULTILINE)
_DRIVE = re.compile(r"^cdrskin: status [0-9]+ (\w+)", re.MULTILINE | re.IGNORECASE)
_ERASABLE = re.compile(r"^(?:Disk )? *Is erasable", re.MULTILINE)
_SPEED = re.compile(r"^Write speed  : +([0-9]+)k ,", re.MULTILINE)
_LIMIT = re.compile(r"^Write speed [lLhH]: +([0-9]+)k ,", re.MULTILINE)
_REMAINING = re.compile(r"^Remaining writable size: +([0-9]+)", re.MULTILINE)
_LEAD_OUT = re.compile(r"^ *ATIP start of lead out: +([0-9]+)", re.MULTILINE)
_STATES = {"empty": State.BLANK, "incomplete": State.APPENDABLE, "complete": State.CLOSED}


class Cdrskin:
    """The program ``cdrskin``."""

    name = "cdrskin"
    takes_files = True

    def ask(self, drive: Drive) -> Loaded:
        """What lies in the drive."""
        done = query([*self._start(drive), "-v", "-minfo"])
        said = done.stdout + b"\n" + done.stderr
        space = query([*self._start(drive), "-tao", "--tell_media_space"]).stdout
        speeds = query([*self._start(drive), "--list_speeds"])
        found = parse_cdrskin(
            said.decode("utf-8", "backslashreplace"),
            space.decode("utf-8", "backslashreplace"),
            speeds.stdout.decode("utf-8", "backslashreplace"),
        )
        if found is None:
            hint = "as root cdrskin takes no files: be an ordinary user, or use --program xorriso"
            raise ProgramError(
                f"cdrskin cannot tell what is in its drive: {last_words(said)}",
                hint=hint if drive.is_file else None,
            )
        return found

    def blanking(self, drive: Drive, loaded: Loaded) -> Sequence[str]:
        """Also formats what must be formatted."""
        del loaded
        return [*self._start(drive), "-v", "blank=as_needed"]

    def writing(self, drive: Drive, loaded: Loaded, order: Order) -> Sequence[str]:
        """In one session that is closed; a CD at once, without the run-out of single tracks."""
        return [
            *self._start(drive), "-v",
            *([f"speed={order.speed.factor:g}"] if order.speed else []),
            *(["-sao"] if loaded.family == "CD" else []),
            "stdio_sync=off", f"padsize={order.run_out}s", "-data", TRACK,
        ]  # fmt: skip

    def _start(self, drive: Drive) -> list[str]:
        files = ["--allow_emulated_drives"] if drive.is_file else []
        return [self.name, "--no_rc", *files, f"dev={drive.address}"]


def parse_cdrskin(info: str, space: str, speeds: str) -> Loaded | None:
    """What ``-minfo``, ``--tell_media_space`` and ``--list_speeds`` say; None if nothing."""
    if any(word.upper() == "BURN_DISC_EMPTY" for word in _DRIVE.findall(info)):
        return Loaded("", State.NONE, rewritable=False, blocks=None)
    kind, disk = _TYPE.search(info), _DISK.search(info)
    if kind is None or disk is None or disk[1] not in _STATES:
        return None
    state = _STATES[disk[1]]
    offered = {float(text) for text in _SPEED.findall(speeds) or _LIMIT.findall(speeds)}
    return Loaded(
        kind[1].split(", ")[0],
        state,
        _ERASABLE.search(info) is not None,
        _blocks(info, space) if state is State.BLANK else _lead_out(info),
        tuple(sorted(offered)),
    )


def _blocks(info: str, space: str) -> int | None:
    if space.strip().isdigit() and int(space) > 0:
        return int(space)
    found = _REMAINING.search(info)
    return int(found[1]) if found else _lead_out(info)


def _lead_out(info: str) -> int | None:
    found = _LEAD_OUT.search(info)
    return int(found[1]) if found else None
