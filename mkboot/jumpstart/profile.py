# SPDX-License-Identifier: Apache-2.0
"""Profiles: one keyword with its values on each line, ``install_type`` first.

``#`` begins a comment anywhere; a backslash at the end of a line goes on with the next (so the
books write ``bootenv createbe``).  Keywords and values are case sensitive.  Sources: facts 3.2.
"""

from __future__ import annotations

from mkboot.jumpstart.model import Problem, Profile, ProfileLine, Unread
from mkboot.jumpstart.plain import Line, byte_problems, encode, lines_of, not_text, quotes_off
from mkboot.jumpstart.profilechecks import check_profile
from mkboot.jumpstart.ruleparts import BLANKS_BEHIND, blanks_behind, continues
from mkboot.jumpstart.tables import tables
from mkboot.jumpstart.telling import Teller, in_order


def parse_profile(
    text: bytes, name: str, *, release: str | None = None
) -> tuple[Profile, tuple[Problem, ...]]:
    """Read a profile; everything that is wrong comes along, nothing is raised.

    Lines with an unknown keyword are kept like the others.
    """
    lines = lines_of(text)
    value = Profile(tuple(_items(lines)))
    teller = Teller(name, release)
    problems = [*byte_problems(text, name, lines)]
    if not_text(text):
        return value, tuple(problems)
    problems += [teller.warning(at, BLANKS_BEHIND) for at in blanks_behind(lines)]
    for line in value.lines:
        problems += _judge(line, teller)
    problems += check_profile(value, teller)
    return value, in_order(problems)


def _items(lines: tuple[Line, ...]) -> list[ProfileLine | Unread]:
    items: list[ProfileLine | Unread] = []
    pending: list[Line] = []
    for line in lines:
        pending.append(line)
        if not continues(line):
            items.append(_item(pending))
            pending = []
    if pending:
        items.append(_item(pending))
    return items


def _item(lines: list[Line]) -> ProfileLine | Unread:
    raw = encode("".join(line.raw for line in lines))
    words: list[str] = []
    comment = ""
    number = lines[0].number
    for line in lines:
        code, _, comment = line.plain.partition("#")
        if continues(line):
            code = code.rstrip()[:-1]
        if not words:
            number = line.number
        words += quotes_off(line.raw, code.split())
    if not words:
        return Unread(lines[0].number, raw)
    return ProfileLine(words[0], tuple(words[1:]), number, raw, comment)


def _judge(line: ProfileLine, teller: Teller) -> list[Problem]:
    known = tables("profile").keywords
    if line.keyword in known:
        return [*teller.judge(known[line.keyword], line.values, line.line)]
    if line.keyword.lower() in known:
        message = f"'{line.keyword}': keywords of a profile are written in small letters"
        return [teller.error(line.line, message, line.keyword.lower())]
    return [teller.unknown(line.line, line.keyword, known, "profile keyword", [*line.values])]
