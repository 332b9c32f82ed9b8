# SPDX-License-Identifier: Apache-2.0
"""Flash archives of a custom install disc: whole, for this medium, and where profiles say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mkboot.errors import InputError
from mkboot.formats.flar import Flar, read_flar
from mkboot.jumpstart import Profile
from mkboot.media.base import BaseMedium
from mkboot.media.flash import flash_tree, stored_findings
from mkboot.model.hostfile import HostFile
from mkboot.progress import Progress
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import NodeType
from mkboot.tree.source import FileSource

#: Where the disc's slice 0 is mounted in the install environment.
CDROM = "/cdrom"
#: Where an archive goes that no profile asks for by its name.
FOLDER = "/flash"
_FIRST_RELEASE = 8
_VERSION = re.compile(r"5\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Flash:
    """An archive that is fine; ``path`` is where it goes on slice 0."""

    file: Path
    path: str
    notes: tuple[str, ...]


def check_flash(
    file: Path, base: BaseMedium, host: HostFile | None, path: str, progress: Progress
) -> Flash:
    """Read an archive from end to end, and hold it against the medium.

    Raises ``InputError`` for one that the medium could not install.
    """
    place = (str(file),)
    if _number(base.release) < _FIRST_RELEASE:
        raise InputError(f"Solaris {base.release} does not install flash archives", place=place)
    with FileSource(file) as source:
        flar = read_flar(source, place=place)
        faults = [t for t in flar.problems() if not t.startswith("content_name")]
        if faults:
            raise InputError("; ".join(faults), place=place)
        with progress.step(f"read {file.name}", flar.payload.size, "bytes") as step:
            for finding in stored_findings(flar, step.advance):
                raise InputError(finding.message, place=place)
            flash_tree(flar, place=place, check=True)
    _refuse_machine(flar, base, host, place)
    return Flash(file, path, tuple(_told(flar, base, file)))


def _refuse_machine(
    flar: Flar, base: BaseMedium, host: HostFile | None, place: tuple[str, ...]
) -> None:
    names = (flar.value("content_architectures") or b"").decode("ascii", "replace")
    archs = {word.strip() for word in names.split(",") if word.strip()}
    boots = {each.arch for each in base.slices}
    if not archs:
        return
    if not archs & boots:
        have = ", ".join(sorted(boots))
        raise InputError(f"is for {names}; the medium boots {have}", place=place)
    if host is not None and host.karch not in archs:
        raise InputError(f"is for {names}; the machine is {host.karch}", place=place)


def _told(flar: Flar, base: BaseMedium, file: Path) -> Iterator[str]:
    """What is not sure to work.  Raises ``InputError`` for what surely does not."""
    version = _version(flar)
    release = _number(base.release)
    if version is not None and int(version[1]) != release:
        words = f"is of Solaris {_named(int(version[1]))}; the medium is Solaris {base.release}"
        if release >= 10:  # facts/media-jumpstart 3.2
            raise InputError(words, place=(str(file),))
        yield f"{file}: {words}"
    if version is None:
        yield f"{file}: does not say of which release it is"
    if flar.value("content_architectures") is None:
        yield f"{file}: does not say for which machines it is"


def _version(flar: Flar) -> re.Match[str] | None:
    """SunOS' number: ``uname -r`` in creation_release; some write it where ``uname -v`` goes."""
    for keyword in ("creation_release", "creation_os_version"):
        text = (flar.value(keyword) or b"").decode("ascii", "replace").strip()
        found = _VERSION.fullmatch(text)
        if found:
            return found
    return None


def _number(release: str) -> int:
    return int(release.removeprefix("2.").partition(".")[0])


def _named(number: int) -> str:
    return f"2.{number}" if number < 7 else str(number)


def place_of(file: Path, profiles: Mapping[str, Profile]) -> str:
    """Where an archive goes on slice 0: where a profile looks for one of its name."""
    for _, _, path in local_files(profiles):
        if PurePosixPath(path).name == file.name and path.startswith(CDROM + "/"):
            return path.removeprefix(CDROM)
    return f"{FOLDER}/{file.name}"


def local_files(profiles: Mapping[str, Profile]) -> Iterator[tuple[str, int, str]]:
    """Profile, line and path of every ``archive_location local_file``."""
    for name, profile in profiles.items():
        for line in profile.all("archive_location"):
            if len(line.values) >= 2 and line.values[0].lower() == "local_file":
                yield name, line.line, line.values[1]


def check_locations(profiles: Mapping[str, Profile], slice_0: FileTree) -> tuple[str, ...]:
    """Whether profiles find their archives on the disc; what is not sure, as sentences.

    Raises ``InputError`` for an archive that should be on the disc and is not.
    """
    notes = [*_far(profiles)]
    for name, line, path in local_files(profiles):
        where = f"{name}:{line}"
        if "$" in path:
            notes.append(f"{where}: {path} is another for each host: not looked at")
            continue
        if not path.startswith(CDROM + "/"):
            notes.append(f"{where}: {path} is not on the disc, which is at {CDROM}")
            continue
        number = slice_0.resolve(path.removeprefix(CDROM).encode("utf-8", "surrogateescape"))
        if number is None or slice_0.nodes[number].type is not NodeType.FILE:
            raise InputError(
                f"archive_location: the disc has no {path}",
                place=(where,),
                hint="--flash FILE puts an archive where the profile asks for its name",
            )
    return tuple(notes)


def _far(profiles: Mapping[str, Profile]) -> Iterator[str]:
    for name, profile in profiles.items():
        for line in profile.all("archive_location"):
            kind = line.values[0].lower() if line.values else ""
            if kind.startswith(("nfs", "http", "ftp")):
                location = show(" ".join(line.values).encode("utf-8", "surrogateescape"))
                yield f"{name}:{line.line}: archive_location {location} needs a network"
