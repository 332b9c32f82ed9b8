# SPDX-License-Identifier: Apache-2.0
"""What keywords of a profile want of each other: the install type, order, exclusions."""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.jumpstart.filesyschecks import check_filesys
from mkboot.jumpstart.model import Problem, Profile, ProfileLine
from mkboot.jumpstart.plain import shown
from mkboot.jumpstart.syntax import match_words
from mkboot.jumpstart.tables import Keyword, tables
from mkboot.jumpstart.telling import Teller

_TYPES = ("initial_install", "upgrade", "flash_install", "flash_update")
_GROUPS = {
    f"sunwc{name.lower()}": f"SUNWC{name}"
    for name in ("req", "user", "prog", "all", "Xall", "rnet", "mreq")
}
_FLASH = ("flash_install", "flash_update")


def check_profile(value: Profile, teller: Teller) -> Iterator[Problem]:
    """The problems of a profile that no single line shows."""
    yield from _install_type(value, teller)
    yield from _types(value, teller)
    yield from _twice(value, teller)
    yield from _excluded(value, teller)
    yield from _flash(value, teller)
    yield from _required(value, teller)
    yield from _releases(value, teller)
    yield from _zfs(value, teller)
    yield from _groups(value, teller)
    yield from check_filesys(value, teller)


def _install_type(value: Profile, teller: Teller) -> Iterator[Problem]:
    types = value.all("install_type")
    if any(line.keyword.lower() == "install_type" != line.keyword for line in value.lines):
        return  # told of as a keyword in capitals
    if not types:
        top = value.lines[0].line if value.lines else 1
        yield teller.error(
            top, "the profile has no install_type", "install_type as the first keyword"
        )
        return
    known = [line for line in value.lines if line.keyword in tables("profile").keywords]
    if known[0].keyword != "install_type":
        message = f"install_type stands behind {known[0].keyword}"
        yield teller.error(types[0].line, message, "install_type as the first keyword")
    for line in types[1:]:
        message = f"a second install_type; the first is in line {types[0].line}"
        if line.values != types[0].values:
            yield teller.error(line.line, message, "one install_type")
        else:
            yield teller.warning(line.line, message)


def _types(value: Profile, teller: Teller) -> Iterator[Problem]:
    """Keywords that the install type does not have."""
    chosen = value.install_type
    known = tables("profile").keywords
    if chosen not in known["install_type"].types:
        return
    for line in value.lines:
        keyword = known.get(line.keyword)
        if keyword is None or chosen in keyword.types:
            continue
        message = f"{line.keyword} does not go with install_type {chosen}"
        if chosen in keyword.doubtful:
            yield teller.warning(line.line, f"{message} in every book")
        else:
            yield teller.error(line.line, message, f"install_type {_names(keyword)}")


def _names(keyword: Keyword) -> str:
    return " or ".join(name for name in _TYPES if name in keyword.types)


def _twice(value: Profile, teller: Teller) -> Iterator[Problem]:
    first: dict[str, ProfileLine] = {}
    seen: dict[tuple[str, ...], int] = {}
    for line in value.lines:
        keyword = tables("profile").keywords.get(line.keyword)
        if keyword is None or line.keyword == "install_type":
            continue
        words = (line.keyword, *line.values)
        if words in seen and line.keyword != "filesys":
            yield teller.warning(line.line, f"the same stands in line {seen[words]}")
        elif not keyword.repeats and line.keyword in first:
            earlier = first[line.keyword]
            yield teller.error(
                line.line, f"a second {line.keyword}; line {earlier.line} has another",
                f"one {line.keyword}",
            )  # fmt: skip
        first.setdefault(line.keyword, line)
        seen.setdefault(words, line.line)


def _excluded(value: Profile, teller: Teller) -> Iterator[Problem]:
    lines = {line.keyword: line.line for line in reversed(value.lines)}
    for line in value.lines:
        keyword = tables("profile").keywords.get(line.keyword)
        for other in keyword.excludes if keyword else ():
            if other in lines and lines[other] < line.line:
                message = f"{line.keyword} does not go with {other} (line {lines[other]})"
                yield teller.error(line.line, message, "one of the two")


def _flash(value: Profile, teller: Teller) -> Iterator[Problem]:
    if value.install_type not in _FLASH:
        return
    line = value.all("install_type")[0].line
    if not value.all("archive_location"):
        message = f"{value.install_type} without an archive"
        yield teller.error(line, message, "archive_location with the place of the archive")
    for part in value.all("partitioning"):
        if part.values == ("default",):
            message = "partitioning default: flash archives want explicit or existing"
            yield teller.warning(part.line, message)
    for pool in value.all("pool"):
        message = "a pool from a flash archive wants Solaris 10 10/09 or patches"
        yield teller.warning(pool.line, message)


def _required(value: Profile, teller: Teller) -> Iterator[Problem]:
    """Keywords that want another line: diskless clients want a server."""
    there = [(line.keyword, *line.values) for line in value.lines]
    for line in value.lines:
        keyword = tables("profile").keywords.get(line.keyword)
        wanted = [tuple(each.split()) for each in keyword.requires] if keyword else []
        if wanted and not any(words[: len(each)] == each for words in there for each in wanted):
            expected = " or ".join(" ".join(each) for each in wanted)
            message = f"{line.keyword} without a line '{expected}'"
            yield teller.error(line.line, message, f"{expected} in the profile")


def _releases(value: Profile, teller: Teller) -> Iterator[Problem]:
    """Lines that no release takes together."""
    left, since = teller.baseline, 0
    for line in value.lines:
        keyword = tables("profile").keywords.get(line.keyword)
        outcome = match_words(line.values, keyword.rows) if keyword else None
        if outcome is None or not outcome.fits:
            continue
        if not left & outcome.releases:
            message = f"no release takes this together with line {since}"
            yield teller.warning(line.line, message)
            return
        if not left <= outcome.releases:
            left, since = left & outcome.releases, line.line


def _zfs(value: Profile, teller: Teller) -> Iterator[Problem]:
    pools = value.all("pool")
    for line in value.all("bootenv"):
        if line.values[:1] == ("installbe",) and not pools:
            yield teller.warning(line.line, "bootenv installbe is for a profile with pool")
    if not pools:
        return
    for line in value.all("partitioning"):
        yield teller.warning(line.line, "partitioning counts for UFS; the profile has a pool")
    for line in value.all("filesys"):
        if line.values and ":" not in line.values[0]:
            message = (
                f"filesys {shown(line.values[0])} does not go with pool (line {pools[0].line})"
            )
            yield teller.error(line.line, message, "pool, or filesys with a UFS root")


def _groups(value: Profile, teller: Teller) -> Iterator[Problem]:
    """Software groups in other letters than theirs: the names of clusters are case sensitive."""
    for line in value.all("cluster"):
        name = line.values[0] if line.values else ""
        meant = _GROUPS.get(name.lower(), name)
        if meant != name:
            message = f"cluster: the software group is called {meant}, not {shown(name)}"
            yield teller.warning(line.line, message)


__all__ = ["check_profile"]
