# SPDX-License-Identifier: Apache-2.0
"""What makes the install environment find the restore by itself, asking nothing.

Seed and wrap (docs/design.md): files on slice 0 and in the miniroot's seed folder, and a small
script in profind's place.  Sun's own files are not changed.  Sources: facts/media-jumpstart
2 (who looks where), 3.1 (rules.ok), 3.3 (sysidcfg).
"""

from __future__ import annotations

from collections.abc import Mapping

from mkboot.errors import InputError
from mkboot.formats.checksum import digest_source
from mkboot.model.layout import Layout
from mkboot.model.manifest import SetManifest
from mkboot.recovery.paths import (
    BEGIN,
    CONFIG_FOLDER,
    ENGINE_FILES,
    ENGINE_FOLDER,
    FINISH,
    HANDS_FREE,
    RULES,
    STAGE_1,
    STAGE_2,
    STARTERS,
)
from mkboot.recovery.render_plan import render_plan
from mkboot.resources import resource
from mkboot.tree.source import BytesSource

#: What no rules.ok may have more of: profind rejects what is above 2.
_VERSION = 2
#: Thirteen characters that no password gives; it is never stored anywhere.
_NOBODY = "mkbootnowhere"
#: Without it the sysid tools of 10 ask for a domain of NFS 4 (facts/media-jumpstart 4.4).
NFS4_STATE = "root/etc/.NFS4inst_state.domain"


def jumpstart_files(manifest: SetManifest) -> Mapping[str, bytes]:
    """Path and content of everything on slice 0 of volume 1 by which it restores itself.

    Raises ``InputError`` for a manifest whose names cannot be ours.
    """
    plan = render_plan(manifest)
    files = {f"{ENGINE_FOLDER}/{name}": template(name) for name in (*ENGINE_FILES, *STARTERS)}
    files[STAGE_1] = plan.stage1
    if plan.stage2 is not None:
        files[STAGE_2] = plan.stage2
    files[RULES] = rules_ok()
    for name in (BEGIN, FINISH):
        files[f"{CONFIG_FOLDER}/{name}"] = template(name)
    return files


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


def rules_ok() -> bytes:
    """One rule for any machine, and the line by which rules.ok is known to be one."""
    rules = f"any - {BEGIN} - {FINISH}\n".encode("ascii")
    total = digest_source(BytesSource(rules)).sum
    return rules + f"# version={_VERSION} checksum={total}\n".encode("ascii")


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
