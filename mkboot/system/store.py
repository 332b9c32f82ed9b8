# SPDX-License-Identifier: Apache-2.0
"""The capture store: ``JOB/capture`` with ``system.json``, dumps and boot blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import InputError
from mkboot.model import codec
from mkboot.model.system import SCHEMA, Dump, System
from mkboot.output import write_text
from mkboot.tree.source import FileSource


def dump_name(slice_: str, level: int) -> str:
    """The file of one level of one file system."""
    return f"{slice_}.{level}.dump"


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

    def save_dump(self, slice_: str, dump: Dump) -> None:
        """Note that a dump is complete, so that an interrupted capture can go on after it."""
        write_text(self._note(slice_, dump.level), codec.dumps(dump), force=True)

    def load_dump(self, slice_: str, level: int) -> Dump | None:
        """What was noted of a dump that is complete, or None."""
        note = self._note(slice_, level)
        if not note.is_file() or not (self.path / dump_name(slice_, level)).is_file():
            return None
        return codec.loads(Dump, note.read_bytes(), (str(note),))

    def forget_notes(self) -> None:
        """Remove the notes of single dumps: ``system.json`` has it all."""
        for note in self.path.glob("*.dump.json"):
            note.unlink()

    def open_dump(self, dump: Dump) -> FileSource:
        """The stream; ``InputError`` when its length is not what was recorded."""
        path = self.path / dump.file
        if not path.is_file() or path.stat().st_size != dump.size:
            raise InputError(
                f"{path} is missing or not {dump.size} bytes long", hint="capture again"
            )
        return FileSource(path)

    def read_small(self, name: str) -> bytes:
        """A small file of the capture, a boot block say."""
        try:
            return (self.path / name).read_bytes()
        except OSError as e:
            raise InputError(f"{self.path / name}: {e.strerror}", hint="capture again") from e

    def _note(self, slice_: str, level: int) -> Path:
        return self.path / (dump_name(slice_, level) + ".json")


def load_system(text: bytes, name: str) -> System:
    """A System from JSON; a newer schema is refused by name."""
    system = codec.loads(System, text, (name,))
    if system.schema != SCHEMA:
        raise InputError(f"is schema {system.schema}, this mkboot reads {SCHEMA}", place=(name,))
    return system
