# SPDX-License-Identifier: Apache-2.0
"""What a fixture was made as, as the rows of ``judge``."""

from __future__ import annotations

import os
from collections.abc import Mapping

from judge import Row, Rows

from fixtures.stage import Fact


def fact_rows(manifest: Mapping[bytes, Fact]) -> Rows:
    """The rows of a manifest."""
    return {
        path: Row(
            fact.type,
            fact.mode,
            fact.uid,
            fact.gid,
            0 if fact.type == "dir" else fact.size,
            fact.nlink,
            fact.mtime,
            fact.target or b"",
            fact.device,
            fact.sha256 or "",
        )
        for path, fact in manifest.items()
    }


#: Who does not stage as root cannot give files on the ISO other owners.
OWNERS_IGNORED = frozenset() if os.geteuid() == 0 else frozenset({"uid", "gid"})
