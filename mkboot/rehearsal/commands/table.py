# SPDX-License-Identifier: Apache-2.0
"""All handlers in one table, and the one way by which a command is carried out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache

from mkboot.errors import BugError
from mkboot.rehearsal.call import Call, Exec, NotModelled, Outcome
from mkboot.rehearsal.command import Place
from mkboot.rehearsal.commands import general, storage
from mkboot.rehearsal.commands.answers import Handler, answer
from mkboot.rehearsal.commands.inputs import FULL
from mkboot.rehearsal.forms import load_commands
from mkboot.rehearsal.matching import Refused, match

#: Handlers by the name of their command.  Each module of handlers adds its own table.
HANDLERS: Mapping[str, Handler] = {**general.HANDLERS, **storage.HANDLERS}


#: Where a disc carries commands of its own, taken from the captured host.
_CARRIED = "/mkboot/bin/"


@cache
def places(release: str) -> Mapping[str, tuple[str, Place]]:
    """Every path at which a command lies in ``release``: the command's name and the row."""
    return {
        place.id: (command.name, place)
        for command in load_commands().values()
        for place in command.places
        if release in place.releases
    }


def command_at(path: str, release: str) -> str | None:
    """The name of the command that a path leads to (links followed), or None.

    A root that is mounted somewhere has its commands below (``/a/usr/sbin/newfs``), and a
    disc may carry some (``/cdrom/mkboot/bin/cksum``): they are the same programs.
    """
    known = places(release)
    parts = path.split("/")
    for first in range(1, len(parts)):
        found = known.get("/" + "/".join(parts[first:]))
        if found is not None:
            return found[0]
    if _CARRIED in path:
        return parts[-1] if parts[-1] in load_commands() else None
    return None


def is_modelled(release: str) -> Callable[[bytes], bool]:
    """Whether a command is known at a path of a tree: what ``Machine`` wants."""
    return lambda path: command_at("/" + os.fsdecode(path).lstrip("/"), release) is not None


def dispatch(call: Call) -> Outcome:
    """Carry out whatever command was called.  Raises ``NotModelled`` for an unknown one."""
    try:
        path = os.fsdecode(call.inside(os.fsencode(call.path)))
    except OSError:
        path = call.path
    name = command_at(path, call.machine.release)
    if name is None:
        raise NotModelled(call.path, call.argv, call.machine.release, "no file tells of it")
    return run_command(call, name)


def run_command(call: Call, name: str) -> Outcome:
    """Carry out the command ``name`` as its file says.

    Raises ``NotModelled`` where no form of the file fits.
    """
    command = load_commands()[name]
    machine = call.machine
    facts = {"stdin is a terminal" if os.isatty(call.stdin) else "stdin is not a terminal"}
    matched = match(command, call.argv, machine.release, facts)
    if isinstance(matched, Refused):
        return answer(call, matched)
    machine.assumed.update(matched.assumed)
    if command.program:
        return Exec(command.program)
    handler = HANDLERS.get(name)
    if handler is None:
        raise BugError(f"{name}.toml has neither a program nor a handler")
    try:
        return handler(call, matched)
    except OSError as e:
        if e.errno not in FULL:
            raise
        why = f"what it says then: {e.strerror}"
        raise NotModelled(name, call.argv, machine.release, why) from e
