# SPDX-License-Identifier: Apache-2.0
"""sysidcfg: ``keyword=value {dependents}``, in any order, any case, on any number of lines.

Values may stand in quotes; one syntax error and Solaris ignores the whole file.  Sources:
facts 3.3, sysidcfg(4).
"""

from __future__ import annotations

from mkboot.jumpstart.model import Entry, Problem, Sysidcfg
from mkboot.jumpstart.plain import byte_problems, lines_of, not_text
from mkboot.jumpstart.sysidchecks import check_sysidcfg
from mkboot.jumpstart.sysidparts import read_items
from mkboot.jumpstart.tables import RELEASES
from mkboot.jumpstart.telling import Teller, in_order

#: The releases that read such a file.
BASELINE = frozenset(RELEASES) - {"2.5.1"}


def parse_sysidcfg(
    text: bytes, name: str = "sysidcfg", *, release: str | None = None
) -> tuple[Sysidcfg, tuple[Problem, ...]]:
    """Read a sysidcfg; everything that is wrong comes along, nothing is raised."""
    lines = lines_of(text)
    teller = Teller(name, release, BASELINE)
    items, syntax = read_items(lines, teller)
    value = Sysidcfg(items)
    problems = [*byte_problems(text, name, lines)]
    if not_text(text):
        return value, tuple(problems)
    problems += syntax
    if release is not None and release not in BASELINE:
        problems.append(teller.warning(1, f"Solaris {release} does not read a sysidcfg"))
    else:
        problems += check_sysidcfg(value, teller)
    return value, in_order(problems)


__all__ = ["BASELINE", "Entry", "parse_sysidcfg"]
