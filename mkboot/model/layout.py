# SPDX-License-Identifier: Apache-2.0
"""How a family of base media is laid out: ``layouts/NAME.toml`` (docs/layouts.md).

Paths on slice 0 are written from its root, with ``*`` for one unknown piece of a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UsrIn(StrEnum):
    """Where ``/usr`` of the install environment lies."""

    SLICE_0 = "slice-0"
    MINIROOT = "miniroot"


@dataclass(frozen=True, slots=True)
class BootSlice:
    """A slice from which one machine architecture boots, and by which kind of boot block."""

    slice: int
    arch: str
    kind: str


@dataclass(frozen=True, slots=True)
class Recognise:
    """What must be found, or must not be, for a medium to fit.

    ``releases`` are values of PRODVERS in ``.cdtoc``; the other lists are paths on slice 0
    and in the miniroot.
    """

    releases: tuple[str, ...]
    slice_0: tuple[str, ...]
    slice_0_absent: tuple[str, ...] = ()
    miniroot: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Where what mkboot changes or needs lies.

    ``usr`` and ``profind`` are paths on slice 0 or in the miniroot, as ``usr_in`` says;
    ``seed`` is the folder of the miniroot that is copied to /tmp at boot.
    """

    usr_in: UsrIn
    usr: str
    profind: str
    seed: str
    sysidcfg: str
    redirect: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole layout.

    ``environment`` are the paths of slice 0 that a recovery disc must carry for the
    install environment to run; ``commands`` are the programs that a restore by hand
    uses, as seen from the booted environment.
    """

    name: str
    title: str
    miniroot_slice: int
    boot_slices: tuple[BootSlice, ...]
    recognise: Recognise
    places: Places
    environment: tuple[str, ...]
    commands: tuple[str, ...]
