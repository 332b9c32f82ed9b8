# SPDX-License-Identifier: Apache-2.0
"""A captured host's network, from its own files: interfaces, masks, router, name service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from mkboot.model.system import System


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface with its address and mask; ``address`` is empty for DHCP."""

    name: str
    host: str
    address: str
    netmask: str


@dataclass(frozen=True, slots=True)
class Network:
    """``dns`` are domain, servers and search list, empty where hosts are not looked up there;
    ``nis`` is the NIS domain.
    """

    interfaces: tuple[Interface, ...]
    router: str
    dns: tuple[str, tuple[str, ...], tuple[str, ...]] | None
    nis: str


def network_of_host(system: System) -> Network:
    """Read the files that the capture kept."""
    files = {f.path: f.text.decode("utf-8", "replace") for f in system.network}
    hosts = _hosts(files)
    return Network(
        tuple(_interfaces(files, hosts)),
        _router(files, hosts),
        _dns(files),
        _nis(files),
    )


def _lines(text: str) -> Iterator[list[str]]:
    """The words of each line that says something."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            yield words


def _hosts(files: Mapping[bytes, str]) -> dict[str, str]:
    """Names to addresses; the first line of a name counts."""
    found: dict[str, str] = {}
    for path in (b"/etc/inet/hosts", b"/etc/inet/ipnodes"):
        for address, *names in _lines(files.get(path, "")):
            if _is_address(address):
                for name in names:
                    found.setdefault(name, address)
    return found


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _interfaces(files: Mapping[bytes, str], hosts: Mapping[str, str]) -> Iterator[Interface]:
    """One for each ``/etc/hostname.IF`` that is no logical or IPv6 one."""
    for path, text in sorted(files.items()):
        found = re.fullmatch(rb"/etc/hostname\.([a-z][a-z0-9]*[0-9])", path)
        if found is None:
            continue
        name = found[1].decode()
        words = next(_lines(text), [])
        address = next((hosts.get(w, w) for w in words if w in hosts or _is_address(w)), "")
        if b"/etc/dhcp." + found[1] in files:
            address = ""
        elif not address:
            continue
        mask = _mask_word(words) or _netmask(files, address)
        yield Interface(name, words[0] if words else "", address, mask)


def _mask_word(words: list[str]) -> str:
    """``netmask 255.255.255.0`` where ifconfig's words say it; ``+`` asks the file."""
    if "netmask" not in words[:-1]:
        return ""
    word = words[words.index("netmask") + 1]
    if re.fullmatch(r"(?:0x)?[0-9a-fA-F]{8}", word):
        return str(IPv4Address(int(word, 16)))
    return word if _is_address(word) else ""


def _netmask(files: Mapping[bytes, str], address: str) -> str:
    """From /etc/inet/netmasks, else by the class of the address."""
    if not address:
        return ""
    for words in _lines(files.get(b"/etc/inet/netmasks", "")):
        if len(words) < 2 or not (_is_address(words[0]) and _is_address(words[1])):
            continue
        try:
            network = IPv4Network((address, words[1]), strict=False)
        except ValueError:
            continue
        if _in_class(network, words[0]):
            return words[1]
    first = int(address.partition(".")[0])
    return "255.0.0.0" if first < 128 else "255.255.0.0" if first < 192 else "255.255.255.0"


def _in_class(network: IPv4Network, number: str) -> bool:
    """Whether netmasks' number, a network or a whole classful one, covers the address."""
    if str(network.network_address) == number:
        return True
    first = int(number.partition(".")[0])
    length = 8 if first < 128 else 16 if first < 192 else 24
    return network.network_address in IPv4Network((number, length), strict=False)


def _router(files: Mapping[bytes, str], hosts: Mapping[str, str]) -> str:
    words = next(_lines(files.get(b"/etc/defaultrouter", "")), [""])
    address = hosts.get(words[0], words[0])
    return address if _is_address(address) else ""


def _sources(files: Mapping[bytes, str]) -> list[str]:
    """Where hosts are looked up, by nsswitch.conf."""
    for words in _lines(files.get(b"/etc/nsswitch.conf", "").replace(":", " : ")):
        if words[:2] == ["hosts", ":"]:
            return words[2:]
    return []


def _dns(files: Mapping[bytes, str]) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    if "dns" not in _sources(files):
        return None
    domain = ""
    servers: list[str] = []
    search: list[str] = []
    for words in _lines(files.get(b"/etc/resolv.conf", "")):
        if words[0] == "domain" and len(words) > 1:
            domain = words[1]
        elif words[0] == "search":
            search = words[1:]
        elif words[0] == "nameserver" and len(words) > 1 and _is_address(words[1]):
            servers.append(words[1])
    domain = domain or (search[0] if search else "")
    return (domain, tuple(servers[:3]), tuple(search[:6])) if domain and servers else None


def _nis(files: Mapping[bytes, str]) -> str:
    words = next(_lines(files.get(b"/etc/defaultdomain", "")), [""])
    return words[0] if {"nis", "nisplus"} & set(_sources(files)) else ""
