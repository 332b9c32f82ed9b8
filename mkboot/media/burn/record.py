# SPDX-License-Identifier: Apache-2.0
"""``burnt.toml``: which discs were written, read back and found the same.

It lies in the job, or beside the images of a set that is in none, and is what lets an
interrupted set go on with the next disc.  A disc counts while its image is still the one
that was burnt.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from mkboot.errors import InputError
from mkboot.media.burn.drives import STDIO
from mkboot.model.codec import from_document
from mkboot.output import locked_folder, write_text
from mkboot.tree.names import show

NAME = "burnt.toml"
_JOB, _SET, _SUMS = "job.toml", "set", "SHA256SUMS"
_LIMIT = 1 << 20
_SCHEMA = 1
_HEAD = """\
# Written by mkboot burn: the discs that were written, read back and found the same to the
# last byte.  Take a [[disc]] out, or give --force, to have it burnt again.
schema = 1
"""


@dataclass(frozen=True, slots=True)
class BurntDisc:
    """A proved disc: the name, bytes and SHA-256 of its image, and where it was written."""

    file: bytes
    size: int
    sha256: str
    drive: bytes
    program: str
    medium: str
    inscription: str
    burnt: str


@dataclass(frozen=True, slots=True)
class _Document:
    schema: int
    disc: tuple[BurntDisc, ...] = ()


def record_of(image: Path) -> Path:
    """Where it is written down that ``image`` was burnt."""
    folder = image.absolute().parent
    inside_job = folder.name == _SET and (folder.parent / _JOB).is_file()
    return (folder.parent if inside_job else folder) / NAME


def load_record(path: Path) -> tuple[BurntDisc, ...]:
    """What was burnt; ``InputError`` for a file that is broken."""
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except FileNotFoundError:
        return ()
    hint = "remove it: then all discs are burnt again"
    try:
        if len(data) > _LIMIT:
            raise InputError("is too large", place=(str(path),), hint=hint)
        document = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as e:
        raise InputError(f"not TOML: {e}", place=(str(path),), hint=hint) from e
    found = from_document(_Document, document, (str(path),))
    if found.schema != _SCHEMA:
        text = f"is schema {found.schema}, this mkboot reads {_SCHEMA}"
        raise InputError(text, place=(str(path),), hint=hint)
    return found.disc


def add_record(path: Path, disc: BurntDisc) -> None:
    """Write down one more disc; what was known of the same image and place is replaced."""
    with locked_folder(path.parent):
        others = [d for d in load_record(path) if not _same_place(d, disc)]
        text = _HEAD + "".join(_part(each) for each in (*others, disc))
        write_text(path, text, force=True)


def find_burnt(
    known: tuple[BurntDisc, ...], file: bytes, size: int, sha256: str, drive: bytes
) -> BurntDisc | None:
    """The proved disc of exactly this image: a real one, or the file ``drive``."""
    for disc in known:
        if (disc.file, disc.size, disc.sha256) != (file, size, sha256):
            continue
        if _is_file(disc.drive) or _is_file(drive):
            if disc.drive == drive and _still_there(drive, size):
                return disc
        else:
            return disc
    return None


def recorded_sum(image: Path) -> str | None:
    """The SHA-256 that ``SHA256SUMS`` beside an image tells of it, or None."""
    sums = image.with_name(_SUMS)
    if not sums.is_file() or sums.stat().st_size > _LIMIT:
        return None
    text = sums.read_text(encoding="utf-8", errors="surrogateescape")
    match = re.search(rf"^([0-9a-f]{{64}}) [ *]{re.escape(image.name)}$", text, re.MULTILINE)
    return match[1] if match else None


def _same_place(one: BurntDisc, other: BurntDisc) -> bool:
    files = _is_file(one.drive), _is_file(other.drive)
    return one.file == other.file and (one.drive == other.drive if any(files) else True)


def _is_file(drive: bytes) -> bool:
    return drive.startswith(STDIO.encode())


def _still_there(drive: bytes, size: int) -> bool:
    path = Path(drive.removeprefix(STDIO.encode()).decode("utf-8", "surrogateescape"))
    return path.is_file() and path.stat().st_size >= size


def _part(disc: BurntDisc) -> str:
    lines = ["\n[[disc]]"]
    for key, value in asdict(disc).items():
        shown = show(value) if isinstance(value, bytes) else value
        text = json.dumps(shown, ensure_ascii=False).replace("\x7f", "\\u007f")
        lines.append(f"{key} = {text}")
    return "\n".join(lines) + "\n"
