# SPDX-License-Identifier: Apache-2.0
"""What a capture knows for a JumpStart directory: its record, and files out of its dumps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.ufsdump import read_dump
from mkboot.jumpstart import RELEASES
from mkboot.jumpstart.rendercapture import Known, render_system
from mkboot.model.system import System
from mkboot.system.jobfile import load_job
from mkboot.system.store import CaptureStore
from mkboot.tree.filetree import FileTree, read_text

#: Where the installer notes the software group, from the root and from /var.
_CLUSTER = (b"/var/sadm/system/admin/CLUSTER", b"/sadm/system/admin/CLUSTER")


def capture_files(job: Path) -> tuple[Mapping[str, bytes], str, tuple[str, ...]]:
    """The files of the directory, the host's release, and notes.

    Raises ``CallerError`` for what is no job, ``InputError`` where nothing is captured.
    """
    load_job(job)
    store = CaptureStore(job / "capture")
    system = store.load_system()
    notes: list[str] = []
    known = _known(system, store, notes)
    made = render_system(system, known)
    release = system.release.version
    return made.files, release if release in RELEASES else "", (*notes, *made.notes)


def _known(system: System, store: CaptureStore, notes: list[str]) -> Known:
    texts: dict[bytes, bytes] = {}
    try:
        for tree, paths in _trees(system, store):
            for path in paths:
                text = read_text(tree, path)
                if text is not None:
                    texts.setdefault(path, text)
    except InputError as e:
        notes.append(f"a dump cannot be read, so less is known: {e.message}")
    defaults = texts.get(b"/etc/default/init", b"") + b"\n" + texts.get(b"/etc/TIMEZONE", b"")
    cluster = b"".join(texts.get(path, b"") + b"\n" for path in _CLUSTER)
    return Known(
        timezone=_setting(defaults, "TZ"),
        locale=_setting(defaults, "LANG") or ("C" if defaults.strip() else ""),
        root_password=_password(texts.get(b"/etc/shadow", b"")),
        cluster=_setting(cluster, "CLUSTER"),
    )


def _trees(system: System, store: CaptureStore) -> Iterator[tuple[FileTree, tuple[bytes, ...]]]:
    """The root's and /var's trees, with what is looked for in them."""
    wanted = {
        b"/": (b"/etc/default/init", b"/etc/TIMEZONE", b"/etc/shadow", _CLUSTER[0]),
        b"/var": (_CLUSTER[1],),
    }
    for fs in system.file_systems:
        paths = wanted.get(fs.mount)
        if paths and fs.dumps:
            with store.open_dump(fs.dumps[0]) as source:
                yield read_dump(source, slim=True, place=(fs.slice,)).tree, paths


def _setting(text: bytes, name: str) -> str:
    """``NAME=value`` of a file that a shell reads."""
    found = re.search(rf"^{name}=[\"']?([!-!#-&(-~]+)".encode(), text, re.MULTILINE)
    return found[1].decode("ascii") if found else ""


def _password(shadow: bytes) -> str:
    """The encrypted password of root."""
    found = re.search(rb"^root:([!-9;-~]+):", shadow, re.MULTILINE)
    return found[1].decode("ascii") if found else ""
