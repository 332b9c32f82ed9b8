# SPDX-License-Identifier: Apache-2.0
"""One node of ``prtconf -pv``: properties, of which the root's, ``options``, ``aliases`` and
``openprom`` tell something of the NVRAM.

Source: facts/inventory (prtconf -pv: ``name:  'string'``, ``xxxxxxxx.xxxxxxxx``, empty).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mkboot.model.nvram import Alias, Variable

_PROPERTY = re.compile(rb"\s+([^\s:]+):\s*(.*)")
_WORDS = re.compile(rb"[0-9a-f]{2,8}(?:\.[0-9a-f]{2,8})*")
_IDPROM_DIGITS = 32

Fact = tuple[int, tuple[str, str] | Variable | Alias]


@dataclass(frozen=True, slots=True)
class _Property:
    line: int
    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """Strings without their quotes, several of them with a blank between; words as bytes."""
        raw = self.raw.strip()
        if raw.startswith(b"'"):
            return raw.strip(b"'").replace(b"' + '", b" ")
        digits = raw.replace(b".", b"")
        if _WORDS.fullmatch(raw) and len(digits) % 2 == 0:
            return bytes.fromhex(digits.decode("ascii")).rstrip(b"\0")
        return raw

    @property
    def text(self) -> str:
        """The same as text."""
        return self.value.decode("ascii", "replace")


def read_node(lines: Sequence[bytes]) -> Iterator[Fact]:
    """What the lines below ``Node 0x…`` tell, each with its index among them."""
    found = list(_properties(lines))
    name = next((p.text for p in found if p.name == "name" and p.raw.startswith(b"'")), "")
    wanted = [p for p in found if p.name != "name"]
    if name == "options":
        yield from ((p.line, Variable(p.name, p.value)) for p in wanted)
    elif name == "aliases":
        yield from ((p.line, Alias(p.name, p.text)) for p in wanted if _is_path(p.value))
    elif name == "openprom":
        yield from ((p.line, ("prom", _version(p.text))) for p in wanted if p.name == "version")
    elif any(p.name == "banner-name" for p in found):
        yield from _root(wanted)


def _root(found: Sequence[_Property]) -> Iterator[Fact]:
    for each in found:
        if each.name == "idprom":
            digits = each.raw.strip().replace(b".", b"").decode("ascii", "replace")
            yield each.line, ("idprom", digits[:_IDPROM_DIGITS])
        elif each.name == "banner-name":
            yield each.line, ("machine", each.text)


def _properties(lines: Sequence[bytes]) -> Iterator[_Property]:
    """A string may run over several lines (nvramrc): up to the one that ends with its quote."""
    at = 0
    while at < len(lines):
        start, match = at, _PROPERTY.fullmatch(lines[at])
        at += 1
        if match is None:
            continue
        raw = match[2]
        if raw.startswith(b"'") and not _is_closed(raw):
            end = next((n for n in range(at, len(lines)) if lines[n].endswith(b"'")), at - 1)
            raw = b"\n".join([raw, *lines[at : end + 1]])
            at = end + 1
        yield _Property(start, match[1].decode("ascii", "replace"), raw)


def _is_closed(raw: bytes) -> bool:
    return len(raw) > 1 and raw.rstrip().endswith(b"'")


def _is_path(value: bytes) -> bool:
    return value.startswith(b"/") and all(0x20 < byte < 0x7F for byte in value)


def _version(text: str) -> str:
    """``OBP 4.15.6 2005/01/06 04:25``: the first two words."""
    return " ".join(text.split()[:2])
