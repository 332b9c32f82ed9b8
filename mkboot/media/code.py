# SPDX-License-Identifier: Apache-2.0
"""One row of the table of codes."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """A code: how bad it is, where it is told of, what it means, what a person can do.

    ``severity`` begins with the severity that it has as a rule; behind a semicolon stands
    another one, and when.
    """

    code: str
    severity: str
    where: str
    means: str
    do: str
