# SPDX-License-Identifier: Apache-2.0
"""What the linter says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class LintFinding:
    """One place in a script: its line (from 1), the rule's code, what is wrong, what to write.

    ``level`` is "error" where a Sun would do something else than is meant, "warning" where
    it may.
    """

    line: int
    code: str
    message: str
    hint: str
    level: str = "error"
