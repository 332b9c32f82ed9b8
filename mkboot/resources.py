# SPDX-License-Identifier: Apache-2.0
"""Files that come with mkboot: layouts and templates, from a wheel or from a checkout."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from mkboot.errors import BugError


def resource(name: str) -> Traversable:
    """The folder ``layouts`` or ``templates``.

    A wheel carries them under ``mkboot/data``; in a checkout they stand beside the
    package.
    """
    packed = files("mkboot") / "data" / name
    if packed.is_dir():
        return packed
    beside = Path(__file__).resolve().parent.parent / name
    if beside.is_dir():
        return beside
    raise BugError(f"this installation of mkboot lacks its folder {name}")
