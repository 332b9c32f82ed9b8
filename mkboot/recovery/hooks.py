# SPDX-License-Identifier: Apache-2.0
"""What makes the install environment find the restore by itself: files on slice 0.

Seed and wrap: these, and in the miniroot what seeds.py has.  Sun's own files are not changed.
Sources: facts/media-jumpstart 2 (who looks where), 3.1 (rules.ok).
"""

from __future__ import annotations

from collections.abc import Mapping

from mkboot.formats.checksum import digest_source
from mkboot.model.manifest import SetManifest
from mkboot.recovery.paths import (
    BEGIN,
    CONFIG_FOLDER,
    ENGINE_FILES,
    ENGINE_FOLDER,
    FINISH,
    RULES,
    STAGE_1,
    STAGE_2,
    STARTERS,
)
from mkboot.recovery.render_plan import render_plan
from mkboot.recovery.seeds import template
from mkboot.tree.source import BytesSource

#: What no rules.ok may have more of: profind rejects what is above 2.
_VERSION = 2


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


def rules_ok() -> bytes:
    """One rule for any machine, and the line by which rules.ok is known to be one."""
    rules = f"any - {BEGIN} - {FINISH}\n".encode("ascii")
    total = digest_source(BytesSource(rules)).sum
    return rules + f"# version={_VERSION} checksum={total}\n".encode("ascii")
