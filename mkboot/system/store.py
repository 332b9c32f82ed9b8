# SPDX-License-Identifier: Apache-2.0
"""The capture store: ``JOB/capture`` with ``system.json``, dumps and boot blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import RESUMABLE, InputError, stopped_by
from mkboot.model import codec
from mkboot.model.system import SCHEMA, Dump, System
from mkboot.output import write_text
from mkboot.tree.source import FileSource


def dump_name(slice_: str, level: int) -> str:
    """The file of one level of one file system."""
    return f"{slice_}.{level}.dump"


@dataclass(frozen=True, slots=True)
class DumpNote:
    """What is kept of a dump while its capture is not complete."""

    made_of: str
    dump: Dump


@dataclass(frozen=True, slots=True)
class CaptureStore:
    """The directory; every file in it is complete under its name."""

    path: Path

    @property
    def system_file(self) -> Path:
        """``system.json``: there when the capture is complete."""
        return self.path / "system.json"

    def is_complete(self) -> bool:
        """Whether a whole capture is there."""
        return self.system_file.is_file()

    def save_system(self, system: System) -> None:
        """Write ``system.json``, the last act of a capture."""
        write_text(self.system_file, codec.dumps(system), force=True)

    def load_system(self) -> System:
        """Read ``system.json``; ``InputError`` if it is missing, broken or too new."""
        try:
            text = self.system_file.read_bytes()
        except FileNotFoundError:
            raise InputError(
                f"{self.path} holds no complete capture", hint="mkboot capture makes it"
            ) from None
        return load_system(text, str(self.system_file))

    def save_dump(self, slice_: str, dump: Dump, made_of: str) -> None:
        """Note that a dump is complete, so that an interrupted capture can go on after it.

        ``made_of`` tells the source and the choices apart that the dump was made of.
        """
        note = DumpNote(made_of, dump)
        write_text(self._note(slice_, dump.level), codec.dumps(note), force=True)

    def load_dump(self, slice_: str, level: int, made_of: str) -> Dump | None:
        """What was noted of a complete dump that was made of the same, or None."""
        path = self._note(slice_, level)
        if not path.is_file():
            return None
        note = codec.loads(DumpNote, path.read_bytes(), (str(path),))
        file = self.path / dump_name(slice_, level)
        whole = file.is_file() and file.stat().st_size == note.dump.size
        return note.dump if whole and note.made_of == made_of else None

    def forget_notes(self) -> None:
        """Remove the notes of single dumps: ``system.json`` has it all."""
        for note in self.path.glob("*.dump.json"):
            note.unlink()

    def open_dump(self, dump: Dump) -> FileSource:
        """The stream; ``InputError`` when its length is not what was recorded."""
        path = self.path / dump.file
        if not path.is_file() or path.stat().st_size != dump.size:
            raise InputError(
                f"{path} is missing or not {dump.size} bytes long",
                hint="mkboot capture JOB --force captures again",
            )
        return FileSource(path)

    def read_small(self, name: str) -> bytes:
        """A small file of the capture, a boot block say."""
        try:
            return (self.path / name).read_bytes()
        except OSError as e:
            if e.errno in RESUMABLE:
                raise stopped_by(e, str(self.path / name)) from e
            raise InputError(
                f"{self.path / name}: {e.strerror}",
                hint="mkboot capture JOB --force captures again",
            ) from e

    def _note(self, slice_: str, level: int) -> Path:
        return self.path / (dump_name(slice_, level) + ".json")


def load_system(text: bytes, name: str) -> System:
    """A System from JSON; a newer schema is refused by name."""
    system = codec.loads(System, text, (name,))
    if system.schema != SCHEMA:
        raise InputError(f"is schema {system.schema}, this mkboot reads {SCHEMA}", place=(name,))
    return system
