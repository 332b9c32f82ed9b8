# SPDX-License-Identifier: Apache-2.0
"""From a SITE to the files of a JumpStart directory, by their names below it.

Profiles become ``NAME.profile``, scripts ``NAME.beg`` and ``NAME.fin`` (``NAME.HOST.fin``
where each host has its own), a host's sysidcfg ``HOST/sysidcfg``; what all hosts share, or
the only host's, is ``sysidcfg``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.jumpstart.site import HostEntry, HostSite, RuleEntry, Script, Site
from mkboot.jumpstart.sitewords import SysidEntry
from mkboot.jumpstart.templating import Templates

#: The line that ends a text in a finish script; no line of it may be the same.
END_OF_LINES = "END_OF_LINES"
_WITHOUT_IPV6 = ("2.6", "7")
_SUFFIX = {"begin": "beg", "finish": "fin", "profile": "profile"}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A line of the rules file, as ``rules.j2`` sees it."""

    match: str
    begin: str
    profile: str
    finish: str


@dataclass(frozen=True, slots=True)
class ScriptView:
    """A script, as its template sees it."""

    name: str
    script: Script

    @property
    def commands(self) -> tuple[str, ...]:
        """Lines of shell."""
        return self.script.commands

    @property
    def copy(self) -> tuple[object, ...]:
        """Files to copy."""
        return self.script.copy

    @property
    def append(self) -> tuple[object, ...]:
        """Lines to put at the ends of files."""
        return self.script.append


def render_site(
    site: Site, templates: Templates, given: Mapping[str, bytes]
) -> Mapping[str, bytes]:
    """All files; ``given`` are those that the user adds as they are.

    Raises ``InputError`` with the line for a profile or script that nobody defines, and for
    templates that want what is not there.
    """
    files = dict(given)
    for name, text in _rendered(site, templates):
        if name in given:
            raise InputError(f"{name} is both rendered and in the folder of files",
                             place=(str(site.path),))  # fmt: skip
        files[name] = text
    _check_references(site, files)
    return files


def _rendered(site: Site, templates: Templates) -> Iterator[tuple[str, bytes]]:
    common = {"source": site.path.name, "site": site.head, "hosts": [h.entry for h in site.hosts]}
    lines = [_rule_line(site, h.entry) for h in site.hosts]
    lines += [_rule_line(site, each) for each in site.rules]
    values = {**common, "values": site.values}
    yield "rules", templates.render("rules.j2", rules=lines, **values)
    for profile in site.profiles:
        text = templates.render("profile.j2", profile=profile, **values)
        yield f"{profile.name}.profile", text
    yield from _sysidcfgs(site, templates, common)
    yield from _scripts(site, templates, common)


def _rule_line(site: Site, entry: HostEntry | RuleEntry) -> RuleLine:
    rule = entry.rule
    host = entry.name if isinstance(entry, HostEntry) else ""
    return RuleLine(
        rule or f"hostname {host}",
        _file_of(site, "begin", entry.begin, host),
        _file_of(site, "profile", entry.profile, host),
        _file_of(site, "finish", entry.finish, host),
    )


def _file_of(site: Site, kind: str, name: str, host: str) -> str:
    """The file behind a name: one that is rendered, else a file of that very name."""
    if kind == "profile":
        known = any(p.name == name for p in site.profiles)
        return f"{name}.profile" if known else name
    script = (site.begin if kind == "begin" else site.finish).get(name)
    if script is None:
        return name
    return script_file(kind, name, host if script.per_host else "")


def script_file(kind: str, name: str, host: str) -> str:
    """``setup.fin``, or ``setup.web01.fin`` where a host has its own."""
    return ".".join(word for word in (name, host, _SUFFIX[kind]) if word)


def _sysidcfgs(
    site: Site, templates: Templates, common: Mapping[str, object]
) -> Iterator[tuple[str, bytes]]:
    alone = len(site.hosts) == 1 and not site.rules
    if site.sysidcfg and not alone:
        yield (
            "sysidcfg",
            templates.render(
                "sysidcfg.j2", sysidcfg=site.sysidcfg, host=None, values=site.values, **common
            ),
        )
    for host in site.hosts:
        entries = host_sysidcfg(site, host)
        if not entries:
            continue
        text = templates.render(
            "sysidcfg.j2", sysidcfg=entries, host=host.entry, values=host.values, **common
        )
        yield f"{host.entry.name}/sysidcfg", text
        if alone:
            yield "sysidcfg", text


def host_sysidcfg(site: Site, host: HostSite) -> tuple[SysidEntry, ...]:
    """What a host's sysidcfg says: its own words, its network, and what all share."""
    own = list(host.sysidcfg)
    network = _network(host.entry, site.head.release)
    if network is not None and not any(e.keyword.lower() == network.keyword for e in own):
        own.append(network)
    if not own and not site.sysidcfg:
        return ()
    said = {entry.keyword.lower() for entry in own}
    return (*own, *(e for e in site.sysidcfg if e.keyword.lower() not in said))


def _network(entry: HostEntry, release: str) -> SysidEntry | None:
    """The interface; before 8 sysidcfg knows neither IPv6 nor a default route."""
    if not entry.address:
        return None
    old = release in _WITHOUT_IPV6
    pairs = [("hostname", entry.name), ("ip_address", entry.address)]
    pairs += [("netmask", entry.netmask)] if entry.netmask else []
    pairs += [("protocol_ipv6", "yes" if entry.ipv6 else "no")] if not old else []
    pairs += [("default_route", entry.router)] if entry.router and not old else []
    dependents = tuple(SysidEntry(key, value) for key, value in pairs)
    return SysidEntry("network_interface", entry.interface or "PRIMARY", dependents)


def _scripts(
    site: Site, templates: Templates, common: Mapping[str, object]
) -> Iterator[tuple[str, bytes]]:
    for kind, scripts in (("begin", site.begin), ("finish", site.finish)):
        for name, script in scripts.items():
            _check_script(site, kind, name, script)
            template = script.template or f"{kind}.j2"
            view = ScriptView(name, script)
            for host in _users(site, kind, name) if script.per_host else (None,):
                text = templates.render(
                    template, script=view, host=None if host is None else host.entry,
                    values=site.values if host is None else host.values, **common,
                )  # fmt: skip
                own = "" if host is None else host.entry.name
                yield script_file(kind, name, own), text


def _users(site: Site, kind: str, name: str) -> Iterator[HostSite]:
    for host in site.hosts:
        used = host.entry.begin if kind == "begin" else host.entry.finish
        if used == name:
            yield host


def _check_script(site: Site, kind: str, name: str, script: Script) -> None:
    where = (kind, name)
    if kind == "begin" and (script.copy or script.append):
        raise site.error(where, f"begin.{name}: copy and append are for finish scripts")
    places = [*(c.to for c in script.copy), *(a.to for a in script.append)]
    for to in places:
        if not to.startswith("/") or "\n" in to or ".." in to.split("/"):
            raise site.error(where, f"{kind}.{name}: {to!r} is no path from the root on")
    for each in script.append:
        if END_OF_LINES in each.lines or any("\n" in line for line in each.lines):
            raise site.error(where, f"{kind}.{name}: a line of append cannot be written")
    if script.per_host and any(
        name == (rule.begin if kind == "begin" else rule.finish) for rule in site.rules
    ):
        raise site.error(where, f"{kind}.{name}: is per_host, but a rule without a host uses it")


def _check_references(site: Site, files: Mapping[str, bytes]) -> None:
    """Every profile, script and copied file must be there."""
    for number, host in enumerate(site.hosts):
        _check_entry(site, ("host", number), host.entry, host.entry.name, files)
    for number, rule in enumerate(site.rules):
        _check_entry(site, ("rule", number), rule, "", files)
    for name, script in site.finish.items():
        for each in script.copy:
            if each.source not in files:
                raise site.error(("finish", name), f"copy: there is no file {each.source}")


def _check_entry(
    site: Site,
    path: tuple[str, int],
    entry: HostEntry | RuleEntry,
    host: str,
    files: Mapping[str, bytes],
) -> None:
    for kind, word in (("profile", entry.profile), ("begin", entry.begin),
                       ("finish", entry.finish)):  # fmt: skip
        if word not in ("-", "=") and _file_of(site, kind, word, host) not in files:
            raise site.error((*path, kind), f"there is no {kind} {word}")
