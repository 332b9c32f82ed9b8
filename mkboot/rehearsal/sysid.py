# SPDX-License-Identifier: Apache-2.0
"""What the install environment would ask: a sysidcfg held against what a release wants to know.

Sources: the keyword tables of the Solaris 9 and 10 installation books, sysidcfg(4); which
release asks for what is partly assumed, and every keyword that is missing counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mkboot.errors import InputError

#: Keyword to the release that first asks for it.
WANTED: Mapping[str, str] = {
    "network_interface": "2.6",
    "name_service": "2.6",
    "system_locale": "2.6",
    "terminal": "2.6",
    "timezone": "2.6",
    "timeserver": "2.6",
    "root_password": "2.6",
    "security_policy": "8",
    "nfs4_domain": "10",
}
#: What sysidnet asks of an interface that is to be configured, unless DHCP tells it, and the
#: release that first asks for it.
INTERFACE: Mapping[str, str] = {
    "hostname": "2.6",
    "ip_address": "2.6",
    "netmask": "2.6",
    "protocol_ipv6": "8",
}
#: What a name service is asked of when there is no network to find it by.
_WITHOUT_NETWORK = "none"
_ORDER = ("2.5.1", "2.6", "7", "8", "9", "10")
#: The longest file that is taken for one, in bytes.
LIMIT = 65536

_TOKEN = re.compile(
    r"""\s*(?:(?P<comment>\#[^\n]*)|(?P<open>\{)|(?P<close>\})"""
    r"""|(?P<key>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""(?P<is>\s*=[ \t]*(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s{}"'#]+)?)?)"""
)
#: What else may stand in braces: a further value of a list.
_MORE = re.compile(r"\s*[^\s{}]+")
_BRACE = re.compile(r"\s*\{")


@dataclass(frozen=True, slots=True)
class Answer:
    """The value of a keyword, and what stands in braces behind it."""

    value: str
    inner: Mapping[str, str]


def parse_sysidcfg(text: bytes) -> dict[str, Answer]:
    """Keywords, in small letters, with their first value.

    Raises ``InputError`` with the line for a syntax error, on which Solaris ignores the
    whole file.
    """
    words = text.decode("latin-1")
    found: dict[str, Answer] = {}
    at = 0
    last: tuple[str, str] | None = None
    while words[at:].strip():
        token = _TOKEN.match(words, at)
        if token is None or token["close"]:
            raise _error(words, at, "is no keyword")
        at = token.end()
        if token["comment"] is not None:
            continue
        if token["open"]:
            if last is None:
                raise _error(words, at, "braces behind no keyword")
            inner, at = _braces(words, at)
            if found[last[0]].value == last[1]:
                found[last[0]] = Answer(last[1], inner)
            last = None
            continue
        name, value = token["key"].lower(), token["value"] or ""
        if not token["is"]:
            if not _BRACE.match(words, at):
                raise _error(words, at, f"{name} has no value")
            if name == "primary":  # 10 takes it without its keyword
                name, value = "network_interface", name
        last = (name, value.strip("\"'"))
        found.setdefault(name, Answer(last[1], {}))
    return found


def _braces(words: str, at: int) -> tuple[dict[str, str], int]:
    """What stands in braces, and where it goes on."""
    inner: dict[str, str] = {}
    while True:
        token = _TOKEN.match(words, at)
        more = _MORE.match(words, at) if token is None else None
        if more is not None:
            at = more.end()
            continue
        if token is None or token["open"]:
            raise _error(words, at, "a brace is not closed")
        at = token.end()
        if token["close"]:
            return inner, at
        if token["key"]:
            inner.setdefault(token["key"].lower(), (token["value"] or "").strip("\"'"))


def _error(words: str, at: int, what: str) -> InputError:
    return InputError(what, place=(f"line {words.count(chr(10), 0, at) + 1}",))


def questions(text: bytes | None, release: str) -> tuple[str, ...]:
    """What sysidnet, sysidnis and sysidsys would ask, one line for each question.

    ``text`` is the sysidcfg at /etc, None where there is none.
    """
    if release not in _ORDER:
        raise InputError(f"nothing is known of what Solaris {release} asks")
    if release == "2.5.1":
        return ("all (this release knows no sysidcfg)",)
    wanted = [k for k, since in WANTED.items() if _ORDER.index(since) <= _ORDER.index(release)]
    if text is None:
        return tuple(f"{k} (there is no sysidcfg)" for k in wanted)
    try:
        found = parse_sysidcfg(text)
    except InputError as e:
        return tuple(f"{k} (sysidcfg is ignored: {e.message})" for k in wanted)
    asked = [k for k in wanted if not _answered(k, found.get(k))]
    asked += _interface(found.get("network_interface"), release)
    service = found.get("name_service")
    if service is not None and service.value.lower() != _WITHOUT_NETWORK:
        asked.append(f"name_service ({service.value} is not to be found without a network)")
    return tuple(asked)


def _answered(keyword: str, answer: Answer | None) -> bool:
    """``network_interface {primary ...}`` of 10 has no value, only braces."""
    if answer is None:
        return False
    return bool(answer.value) or (keyword == "network_interface" and bool(answer.inner))


def _interface(answer: Answer | None, release: str) -> list[str]:
    """What is missing of an interface that a sysidcfg wants configured."""
    if answer is None or answer.value.lower() == _WITHOUT_NETWORK:
        return []
    if "dhcp" in answer.inner:
        return []
    asking = (k for k, since in INTERFACE.items() if _ORDER.index(since) <= _ORDER.index(release))
    return [f"network_interface: {k}" for k in asking if not answer.inner.get(k)]
