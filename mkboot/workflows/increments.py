# SPDX-License-Identifier: Apache-2.0
"""A later level into a capture that is there: what each new dump is relative to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from mkboot.errors import CallerError
from mkboot.formats.ufsdump import Dump as ReadDump
from mkboot.formats.ufsdump import join_dumps, read_dump
from mkboot.model.system import Dump, FileSystem, System
from mkboot.system.levels import base_of, chain
from mkboot.system.store import CaptureStore


@dataclass(frozen=True, slots=True)
class Earlier:
    """The capture as it is before a run that takes ``level``; level 0 begins a new one."""

    store: CaptureStore
    level: int = 0
    file_systems: tuple[FileSystem, ...] = ()

    def dumps(self, slice_: str) -> tuple[Dump, ...]:
        """What is there of a file system, oldest first."""
        return next((fs.dumps for fs in self.file_systems if fs.slice == slice_), ())

    def base(self, slice_: str) -> Dump | None:
        """What its new dump is relative to, or None: then it is a level 0 dump."""
        return base_of(self.dumps(slice_), self.level)

    def level_of(self, slice_: str) -> int:
        """The level of its new dump: 0 where there is nothing that it could be relative to."""
        return self.level if self.base(slice_) is not None else 0

    def kept(self, slice_: str) -> tuple[Dump, ...]:
        """Its dumps that stay when the new one is there."""
        return tuple(d for d in self.dumps(slice_) if d.level != self.level_of(slice_))

    def mark(self, slice_: str) -> tuple[object, ...]:
        """What tells this base from others."""
        base = self.base(slice_)
        return () if base is None else (self.level, base.date, base.segments)

    @contextmanager
    def read_base(self, slice_: str) -> Iterator[ReadDump | None]:
        """The base as one dump, open: everything up to it, put together."""
        base = self.base(slice_)
        if base is None:
            yield None
            return
        dumps = self.dumps(slice_)
        parts: list[ReadDump] = []
        with ExitStack() as stack:
            for dump in chain(dumps[: dumps.index(base) + 1]):
                source = stack.enter_context(self.store.open_dump(dump))
                place = (f"capture: {slice_} level {dump.level}",)
                parts.append(read_dump(source, place=place))
            yield join_dumps(*parts, place=(f"capture: {slice_}",))


def earlier(store: CaptureStore, level: int, *, force: bool) -> Earlier:
    """What a capture of ``level`` (over 0) goes on from.

    Raises ``CallerError`` where no capture is complete, and where the level is there
    already, unless ``force``: then it is taken out of ``system.json`` first.
    """
    if not store.is_complete():
        raise CallerError(
            f"{store.path} holds no complete capture for level {level} to be relative to",
            hint="mkboot capture without --level first",
        )
    system = store.load_system()
    without = _without(system, level)
    if without != system:
        if not force:
            raise CallerError(
                f"{store.path} holds level {level} already", hint="--force captures it again"
            )
        store.save_system(without)
    return Earlier(store, level, without.file_systems)


def has_level(store: CaptureStore, level: int) -> bool:
    """Whether a complete capture has ``level`` of any file system."""
    return store.is_complete() and _without(system := store.load_system(), level) != system


def _without(system: System, level: int) -> System:
    file_systems = tuple(
        replace(fs, dumps=tuple(d for d in fs.dumps if d.level != level))
        for fs in system.file_systems
    )
    return replace(system, file_systems=file_systems)
