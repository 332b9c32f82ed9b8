# SPDX-License-Identifier: Apache-2.0
"""A SITE file: the hosts of a site and what they are installed with (TOML, docs/site-toml.md).

Unknown keys are errors with their line; keywords of profiles and of sysidcfg are those of the
tables of ``check``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.jumpstart.sitelines import KeyLines
from mkboot.jumpstart.sitewords import SysidEntry, profile_lines, sysid_entries
from mkboot.model.codec import from_document

#: Names that become names of files.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}")
#: A file that a rule names, perhaps in a folder of the directory.
_FILE = re.compile(rf"{_NAME.pattern}(?:/{_NAME.pattern})?")
_ABSENT = ("-", "=")
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Head:
    """``[site]``: ``templates`` and ``files`` are folders beside the SITE file, empty: none.

    ``release`` narrows the check of what comes out.
    """

    release: str = ""
    templates: str = ""
    files: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of the JumpStart directory that a finish script copies into the new system."""

    source: str
    to: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Append:
    """Lines that a finish script puts at the end of a file of the new system."""

    to: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A begin or finish script: ``template`` empty: the usual one.

    ``per_host`` makes one for each host that uses it, whose values it then sees.
    """

    template: str = ""
    per_host: bool = False
    commands: tuple[str, ...] = ()
    copy: tuple[Copy, ...] = ()
    append: tuple[Append, ...] = ()


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A host.  ``rule`` empty: it is found by its name."""

    name: str
    profile: str
    rule: str = ""
    begin: str = "-"
    finish: str = "-"
    interface: str = ""
    address: str = ""
    netmask: str = ""
    router: str = ""
    ipv6: bool = False


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule that is no host's own; such rules stand behind the hosts'."""

    rule: str
    profile: str
    begin: str = "-"
    finish: str = "-"


@dataclass(frozen=True, slots=True)
class _Document:
    """What can be read key by key; the free tables are taken out before."""

    site: Head = Head()
    begin: Mapping[str, Script] | None = None
    finish: Mapping[str, Script] | None = None
    host: tuple[HostEntry, ...] = ()
    rule: tuple[RuleEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """A profile: keywords with their values, in order."""

    name: str
    lines: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class HostSite:
    """A host with its own values and its own words for sysidcfg."""

    entry: HostEntry
    values: Values
    sysidcfg: tuple[SysidEntry, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """The whole file; ``lines`` finds the line of a key."""

    path: Path
    head: Head
    values: Values
    sysidcfg: tuple[SysidEntry, ...]
    profiles: tuple[ProfileEntry, ...]
    begin: Mapping[str, Script]
    finish: Mapping[str, Script]
    hosts: tuple[HostSite, ...]
    rules: tuple[RuleEntry, ...]
    lines: KeyLines

    def error(self, path: Sequence[str | int], message: str) -> InputError:
        """An error at a key."""
        return InputError(message, place=(f"{self.path}:{self.lines.line(path)}",))


def load_site(path: Path) -> Site:
    """Read a SITE file.

    Raises ``CallerError`` where it cannot be read, ``InputError`` with the line for what
    cannot be meant.
    """
    text, document = _read(path)
    lines = KeyLines(text)

    def fault(where: Sequence[str | int], message: str) -> InputError:
        return InputError(message, place=(f"{path}:{lines.line(where)}",))

    site = _site(path, document, lines, fault)
    _check_names(site)
    return site


def _read(path: Path) -> tuple[str, dict[str, object]]:
    try:
        text = path.read_text("utf-8")
        document: dict[str, object] = tomllib.loads(text)
    except OSError as e:
        raise CallerError(f"{path}: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise InputError("is not UTF-8", place=(str(path),)) from e
    except tomllib.TOMLDecodeError as e:
        line = re.search(r" \(at line (\d+), column \d+\)", str(e))
        where = f"{path}:{line[1]}" if line else str(path)
        told = str(e).replace(line[0], "") if line else str(e)
        raise InputError(f"not TOML: {told}", place=(where,)) from e
    except RecursionError as e:
        raise InputError("nests too deep", place=(str(path),)) from e
    return text, document


Fault = Callable[[Sequence[str | int], str], InputError]


def _site(path: Path, document: dict[str, object], lines: KeyLines, fault: Fault) -> Site:
    values = _table(document.pop("values", {}), ("values",), fault)
    sysidcfg = _table(document.pop("sysidcfg", {}), ("sysidcfg",), fault)
    profiles = _table(document.pop("profile", {}), ("profile",), fault)
    own = _own_tables(document.get("host", []), fault)
    plain = _plain(document, fault)
    shared = sysid_entries(sysidcfg, ("sysidcfg",), fault)
    hosts = [
        HostSite(entry, {**values, **mine}, sysid_entries(words, ("host", n, "sysidcfg"), fault))
        for n, (entry, (mine, words)) in enumerate(zip(plain.host, own, strict=True))
    ]
    made = [
        ProfileEntry(n, profile_lines(_table(t, ("profile", n), fault), ("profile", n), fault))
        for n, t in profiles.items()
    ]
    return Site(
        path, plain.site, values, shared, tuple(made), plain.begin or {}, plain.finish or {},
        tuple(hosts), plain.rule, lines,
    )  # fmt: skip


def _table(item: object, path: Sequence[str | int], fault: Fault) -> dict[str, object]:
    if not isinstance(item, dict):
        raise fault(path, f"{path[-1]} wants keys and values")
    return dict(item)


def _own_tables(hosts: object, fault: Fault) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Take ``values`` and ``sysidcfg`` out of each host."""
    found = []
    for number, host in enumerate(hosts if isinstance(hosts, list) else []):
        if isinstance(host, dict):
            tables = [
                _table(host.pop(key, {}), ("host", number, key), fault)
                for key in ("values", "sysidcfg")
            ]
            found.append((tables[0], tables[1]))
        else:
            found.append(({}, {}))
    return found


def _plain(document: Mapping[str, object], fault: Fault) -> _Document:
    """The rest, key by key; the codec's place becomes a line."""
    try:
        return from_document(_Document, document)
    except InputError as e:
        path = [int(part) if part.isdigit() else part for part in e.place]
        unknown = re.fullmatch(r"unknown key '(.*)'", e.bare)
        where = ".".join(str(part) for part in path if isinstance(part, str))
        told = f"{where}: {e.bare}" if where else e.bare
        raise fault([*path, *([unknown[1]] if unknown else [])], told) from e


def _check_names(site: Site) -> None:
    """Names become files and words of rules, so they must be able to."""
    for kind, names in (
        ("profile", [p.name for p in site.profiles]), ("begin", list(site.begin)),
        ("finish", list(site.finish)),
    ):  # fmt: skip
        for name in names:
            if not _NAME.fullmatch(name):
                raise site.error((kind, name), f"{name!r} cannot be the name of a file")
    seen: set[str] = set()
    for number, host in enumerate(site.hosts):
        entry = host.entry
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", entry.name):
            raise site.error(("host", number, "name"), f"{entry.name!r} is no host name")
        if entry.name in seen:
            raise site.error(("host", number, "name"), f"host {entry.name} stands there twice")
        seen.add(entry.name)
        _check_words(site, ("host", number), entry)
    for number, rule in enumerate(site.rules):
        _check_words(site, ("rule", number), rule)
    if not site.hosts and not site.rules:
        raise InputError("has neither a host nor a rule", place=(str(site.path),))


def _check_words(site: Site, path: tuple[str, int], entry: HostEntry | RuleEntry) -> None:
    for key, word in (("profile", entry.profile), ("begin", entry.begin),
                      ("finish", entry.finish)):  # fmt: skip
        if word not in _ABSENT and not _FILE.fullmatch(word):
            raise site.error((*path, key), f"{key}: {word!r} cannot be the name of a file")
        if word == "=" and key != "profile":
            raise site.error((*path, key), f"{key}: = stands for a profile only")
    if re.search(r"[\n\r#\\]", entry.rule):
        raise site.error((*path, "rule"), "rule: is not one line of pairs joined by &&")
