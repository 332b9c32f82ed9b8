# SPDX-License-Identifier: Apache-2.0
"""Layouts: read from ``layouts/*.toml``, and found for a medium by what is on it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from mkboot.errors import InputError
from mkboot.media.paths import expand
from mkboot.model.codec import from_document
from mkboot.model.layout import Layout
from mkboot.resources import resource
from mkboot.tree.filetree import FileTree, read_text

CDTOC = b"/.cdtoc"
SLICEMAP = b"/.slicemapfile"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A medium that mkboot knows by name and does not build from; ``code`` is a finding's."""

    code: str
    what: str


@cache
def load_layouts() -> tuple[Layout, ...]:
    """All layouts that come with mkboot, by name.  A broken file is an ``InputError``."""
    files = [f for f in resource("layouts").iterdir() if f.name.endswith(".toml")]
    files.sort(key=lambda f: f.name)
    return tuple(parse_layout(f.read_text(encoding="utf-8"), f.name) for f in files)


def parse_layout(text: str, name: str) -> Layout:
    """A layout from TOML; ``name`` is the place of errors.  Unknown keys are errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise InputError(f"not TOML: {e}", place=(name,)) from e
    return from_document(Layout, document, (name,))


def parse_cdtoc(text: bytes) -> dict[str, str]:
    """The first product that ``.cdtoc`` names: PRODNAME, PRODVERS, PRODDIR, where given.

    Source: cdtoc(4): one ``PARAM=value`` a line, ``#`` comments, PRODNAME begins a product.
    """
    found: dict[str, str] = {}
    for line in text.decode("utf-8", "backslashreplace").splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        if key == "PRODNAME" and key in found:
            break
        found.setdefault(key, value.strip())
    return found


def plain_release(version: str) -> str:
    """A release as people call it: ``2.7`` becomes ``7``; up to 2.6 nothing changes."""
    match = re.fullmatch(r"2\.(7|8|9|10)", version)
    return match[1] if match else version


def product_version(slice_0: FileTree) -> str | None:
    """PRODVERS as ``.cdtoc`` has it; None without one, or where it cannot be read."""
    text = _legible(slice_0, CDTOC)
    return parse_cdtoc(text).get("PRODVERS") if text is not None else None


def missed(layout: Layout, slice_0: FileTree, miniroot: FileTree | None) -> tuple[str, ...]:
    """What a medium lacks, or has, that keeps it from fitting ``layout``: sentences, or none."""
    wants = layout.recognise
    version = product_version(slice_0)
    said: list[str] = []
    if version is None:
        said.append("/.cdtoc gives no PRODVERS")
    elif version not in wants.releases:
        said.append(f"PRODVERS is {version}, not {', '.join(wants.releases)}")
    said += [f"{path} is not on slice 0" for path in wants.slice_0 if not expand(slice_0, path)]
    said += [f"{path} is on slice 0" for path in wants.slice_0_absent if expand(slice_0, path)]
    if miniroot is None:
        said.append(f"slice {layout.miniroot_slice} holds no UFS to be the miniroot")
    else:
        said += [
            f"{path} is not in the miniroot"
            for path in wants.miniroot
            if not _there(miniroot, path)
        ]
    return tuple(said)


def find_layout(slice_0: FileTree, miniroot_in: Callable[[int], FileTree | None]) -> Layout | None:
    """The layout that a medium fits, or None.

    ``miniroot_in`` gives the tree of the UFS in a slice, or None; it is not asked where
    slice 0 already says no.
    """
    version = product_version(slice_0)
    for layout in load_layouts():
        if version in layout.recognise.releases and not missed(
            layout, slice_0, miniroot_in(layout.miniroot_slice)
        ):
            return layout
    return None


def know_stranger(slice_0: FileTree) -> Stranger | None:
    """Whether a medium is one of those that are refused by name."""
    if expand(slice_0, "/boot/sparc.miniroot"):
        return Stranger("media-too-new", "Solaris 10 10/08 or later for SPARC (boot archive)")
    if expand(slice_0, "/boot/x86.miniroot") or expand(slice_0, "/boot/amd64/x86.miniroot"):
        return Stranger("media-x86", "Solaris for x86 (boot archive)")
    if _only_x86(slice_0):
        return Stranger("media-x86", "Solaris for x86")
    old = [p for p in expand(slice_0, "/Solaris_2.*") if re.match(rb"/Solaris_2\.[0-5]\b", p)]
    version = product_version(slice_0) or ""
    if old or re.match(r"2\.[0-5]\b", version):
        return Stranger("media-too-old", "Solaris 2.5.1 or earlier (no redirecting boot slices)")
    return None


def _only_x86(slice_0: FileTree) -> bool:
    """Whether the slice map names PCs and no SPARC."""
    text = _legible(slice_0, SLICEMAP) or b""
    lines = [line.split() for line in text.splitlines()]
    machines = {w[-1] for w in lines if w and not w[0].startswith(b"#")}
    return bool(machines) and not any(m.startswith((b"sun4", b"SUNW")) for m in machines)


def _legible(tree: FileTree, path: bytes) -> bytes | None:
    """The text of a file; None where there is none, or the image ends before it."""
    try:
        return read_text(tree, path)
    except InputError:
        return None


def _there(tree: FileTree, pattern: str) -> bool:
    """Like ``expand``, but a plain path may also pass through symbolic links."""
    return bool(expand(tree, pattern)) or tree.resolve(pattern.encode()) is not None
