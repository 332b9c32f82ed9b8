# SPDX-License-Identifier: Apache-2.0
"""Dump levels, as /etc/dumpdates has them: which dump another is relative to, and which are
needed to bring back the newest state.

The dumps of a file system stand in the order in which they were taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mkboot.model.system import Dump, System


def base_of(dumps: Sequence[Dump], level: int) -> Dump | None:
    """What a new dump of ``level`` is relative to: the youngest of a lower level, or None."""
    return next((d for d in reversed(dumps) if d.level < level), None)


def chain(dumps: Sequence[Dump]) -> tuple[Dump, ...]:
    """The dumps that lead to the newest state, level 0 first: each relative to the one before.

    A dump that a later one of a lower level has made superfluous is none of them.
    """
    found = [dumps[-1]]
    for dump in reversed(dumps[:-1]):
        if dump.level < found[-1].level:
            found.append(dump)
    return tuple(reversed(found))


def with_chains(system: System) -> System:
    """The host with no dumps but those that are needed."""
    file_systems = tuple(replace(fs, dumps=chain(fs.dumps)) for fs in system.file_systems)
    return replace(system, file_systems=file_systems)
