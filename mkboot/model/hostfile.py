# SPDX-License-Identifier: Apache-2.0
"""A HOST file: a machine as a person describes it (TOML, docs/host-toml.md).

``rehearse --machine`` plays such a machine; ``dryrun --host`` asks which JumpStart rule it
would match.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.model.codec import from_document

#: Machine architectures that JumpStart knows (facts/media-jumpstart 3.1: karch).
KARCHS = ("sun4c", "sun4m", "sun4d", "sun4u", "sun4us", "sun4v", "i86pc")
RELEASES = ("2.5.1", "2.6", "7", "8", "9", "10")
_DISK = re.compile(r"c\d{1,4}(?:t[0-9A-F]{1,16})?d\d{1,4}")
_ETHER = re.compile(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}")
_HOSTID = re.compile(r"[0-9a-fA-F]{1,8}")
_HOSTNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
#: The largest disk and memory that anybody means: what a Sun label counts, in bytes; in MB.
_BYTES_MAX, _MEMORY_MAX = 1 << 41, 1 << 20
_DRIVES_MAX = 8


@dataclass(frozen=True, slots=True)
class HostSlice:
    """A slice that is on a disk now, in cylinders; ``mount`` is where its file system was
    last mounted, ``swap``, or empty.
    """

    number: int
    start: int
    cylinders: int
    mount: str = ""


@dataclass(frozen=True, slots=True)
class HostDisk:
    """A disk: ``name`` as Solaris has it, ``path`` below /devices (without slice, may be
    empty), ``bytes`` long, with the geometry that its drive reports.

    ``installed`` is the release that is on it, empty if none; ``slices`` are what is there
    now, empty where nobody said.
    """

    name: str
    bytes: int
    path: str = ""
    heads: int = 16
    sectors: int = 63
    installed: str = ""
    slices: tuple[HostSlice, ...] = ()


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address of an interface."""

    interface: str
    address: str
    netmask: str


@dataclass(frozen=True, slots=True)
class HostFile:
    """The machine.  ``memory_mb`` in MiB; ``ether`` and ``hostid`` as its PROM prints them.

    ``model`` is what ``uname -i`` says, ``karch`` what ``uname -m`` says; ``drives`` is how
    many CD drives there are; ``domain`` is what ``domainname`` says.
    """

    disks: tuple[HostDisk, ...]
    hostname: str = ""
    model: str = ""
    karch: str = "sun4u"
    memory_mb: int = 256
    ether: str = ""
    hostid: str = ""
    release: str = ""
    addresses: tuple[HostAddress, ...] = ()
    drives: int = 1
    domain: str = ""


def load_host_file(path: Path) -> HostFile:
    """The machine in ``path``.

    Raises ``CallerError`` where the file cannot be read, ``InputError`` where it says what
    cannot be meant; unknown keys are errors.
    """
    try:
        document: Mapping[str, object] = tomllib.loads(path.read_text("utf-8"))
    except OSError as e:
        raise CallerError(f"{path}: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise InputError("is not UTF-8", place=(str(path),)) from e
    except tomllib.TOMLDecodeError as e:
        line = re.search(r" \(at line (\d+), column \d+\)", str(e))
        where = f"{path}:{line[1]}" if line else str(path)
        text = str(e).replace(line[0], "") if line else str(e)
        raise InputError(f"not TOML: {text}", place=(where,)) from e
    except RecursionError as e:
        raise InputError("nests too deep", place=(str(path),)) from e
    host = from_document(HostFile, document, (str(path),))
    fault = _fault(host) or next((f for d in host.disks if (f := _disk_fault(d))), "")
    if fault:
        raise InputError(fault, place=(str(path),))
    return host


def _fault(host: HostFile) -> str:
    """What a person may have written that cannot be meant; empty if nothing."""
    if host.karch not in KARCHS:
        return f"karch: {host.karch!r} is none of {', '.join(KARCHS)}"
    if host.release and host.release not in RELEASES:
        return f"release: {host.release!r} is none of {', '.join(RELEASES)}"
    texts = (
        ("hostname", host.hostname, _HOSTNAME),
        ("ether", host.ether, _ETHER),
        ("hostid", host.hostid, _HOSTID),
    )
    for name, text, pattern in texts:
        if text and not pattern.fullmatch(text):
            return f"{name}: {text!r} is no {name}"
    if not 1 <= host.memory_mb <= _MEMORY_MAX:
        return f"memory_mb: {host.memory_mb} MB is no memory of a Sun"
    if not 0 <= host.drives <= _DRIVES_MAX:
        return f"drives: {host.drives} drives"
    names = [d.name for d in host.disks]
    twice = next((n for n in names if names.count(n) > 1), None)
    return f"disks: {twice} stands there twice" if twice else ""


def _disk_fault(disk: HostDisk) -> str:
    if not _DISK.fullmatch(disk.name):
        return f"disks: {disk.name!r} is no name of a disk, such as c0t0d0"
    if disk.path and not re.fullmatch(r"/[!-9;-~]+@[0-9a-zA-Z,]+", disk.path):
        return f"disks: {disk.name}: path {disk.path!r} is no path below /devices"
    if not (1 <= disk.heads <= 255 and 1 <= disk.sectors <= 1023):
        return f"disks: {disk.name}: {disk.heads} heads and {disk.sectors} sectors"
    least = disk.heads * disk.sectors * 4 * 512
    if not least <= disk.bytes <= _BYTES_MAX:
        return f"disks: {disk.name}: {disk.bytes} bytes"
    return _slices_fault(disk)


def _slices_fault(disk: HostDisk) -> str:
    have = disk.bytes // (disk.heads * disk.sectors * 512)
    numbers = [s.number for s in disk.slices]
    for each in disk.slices:
        where = f"disks: {disk.name}: slices: {each.number}"
        if not 0 <= each.number <= 15:
            return f"{where} is no number of a slice"
        if numbers.count(each.number) > 1:
            return f"{where} stands there twice"
        if each.start < 0 or each.cylinders < 0 or each.start + each.cylinders > have:
            return f"{where} is not on the disk, which has {have} cylinders"
    return ""
