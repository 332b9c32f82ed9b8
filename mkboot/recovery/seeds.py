# SPDX-License-Identifier: Apache-2.0
"""What stands in a miniroot so that nothing is asked: seeds, and the script in profind's place.

Sources: facts/media-jumpstart 2 (who looks where), 3.3 (sysidcfg).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mkboot.errors import InputError
from mkboot.model.layout import Layout
from mkboot.recovery.paths import HANDS_FREE
from mkboot.resources import resource

if TYPE_CHECKING:
    from mkboot.model.manifest import SetManifest

#: Thirteen characters that no password gives; it is never stored anywhere.
_NOBODY = "mkbootnowhere"
#: Without it the sysid tools of 10 ask for a domain of NFS 4 (facts/media-jumpstart 4.4).
NFS4_STATE = "root/etc/.NFS4inst_state.domain"


def miniroot_files(manifest: SetManifest, layout: Layout) -> Mapping[str, bytes]:
    """Path and content of the seeds in the miniroot of volume 1."""
    places = layout.places
    release = manifest.base_release or layout.recognise.releases[0]
    files = {f"{places.seed}/{HANDS_FREE}": b"", places.sysidcfg: sysidcfg(release)}
    if _number(release) >= 10:
        files[f"{places.seed}/{NFS4_STATE}"] = b""
    return files


def profind_wrapper() -> bytes:
    """The script that stands in profind's place; what stood there is ``profind.sun``."""
    return template("profind")


def template(name: str) -> bytes:
    """A file of templates/jumpstart, as it is."""
    return (resource("templates") / "jumpstart" / name).read_bytes()


def sysidcfg(release: str) -> bytes:
    """Answers to all that the sysid tools of ``release`` would ask; nothing is configured.

    A keyword that a release does not know would make it ignore the whole file, so each
    stands from the release on that has it.
    """
    version = _number(release)
    lines = [
        "system_locale=C",
        "timezone=GMT",
        "terminal=vt100",
        "timeserver=localhost",
        "name_service=NONE",
        "network_interface=NONE",
        f"root_password={_NOBODY}",
    ]
    if version >= 8:
        lines.append("security_policy=NONE")
    if version >= 10:
        lines.append("nfs4_domain=dynamic")
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _number(release: str) -> int:
    """6, 7, 8, 9, 10: Solaris 2.6 counts as 6, and ``2.7`` is 7's older spelling."""
    text = release.removeprefix("2.").partition(".")[0]
    if not text.isdecimal():
        raise InputError(f"not a release of Solaris: {release!r}")
    return int(text)
