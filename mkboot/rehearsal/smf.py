# SPDX-License-Identifier: Apache-2.0
"""Service manifests of Solaris 10, read as far as a boot needs: who waits for whom, what is
started, and how long it may take.

Source: smf(5), service_bundle(4) and the DTD that it describes, in own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from mkboot.errors import InputError
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType

#: Where a site's own manifests lie; imported at the next boot.
SITE = b"/var/svc/manifest/site"
#: What the local file systems are mounted by, and what waits for that.
LOCAL = "svc:/system/filesystem/local"
#: The longest manifest that is read, in bytes.
LIMIT = 1 << 18


@dataclass(frozen=True, slots=True)
class Dependency:
    """``services`` are FMRIs that must be up before."""

    grouping: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service with its default instance.

    ``dependents`` are FMRIs that wait for it.  ``timeout`` in seconds, 0 for ever.
    """

    name: str
    enabled: bool
    dependencies: tuple[Dependency, ...]
    dependents: tuple[str, ...]
    start: str
    timeout: int

    @property
    def holds_local(self) -> bool:
        """Whether the local file systems wait for it."""
        return any(fmri.startswith(LOCAL) for fmri in self.dependents)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Everything it waits for."""
        return tuple(s for d in self.dependencies for s in d.services)


def read_manifest(text: bytes, place: tuple[str, ...] = ()) -> tuple[Service, ...]:
    """The services of a manifest.

    Raises ``InputError`` for what svccfg would not import: no XML, or entities of its own,
    which no manifest has.
    """
    if b"<!ENTITY" in text:
        raise InputError("declares entities", place=place)
    try:
        top = ET.fromstring(text)  # noqa: S314 - no entities, and expat bounds the rest
    except ET.ParseError as e:
        raise InputError(f"is no XML: {e}", place=place) from e
    if top.tag != "service_bundle":
        raise InputError(f"is a {top.tag}, no service_bundle", place=place)
    return tuple(_service(node, place) for node in top.findall("service"))


def _service(node: ET.Element, place: tuple[str, ...]) -> Service:
    name = node.get("name", "")
    if not name or node.get("type") != "service":
        raise InputError("has a service without a name or type", place=place)
    start = next((m for m in node.iter("exec_method") if m.get("name") == "start"), None)
    if start is None:
        raise InputError(f"{name} has no start method", place=place)
    instance = node.find("create_default_instance")
    if instance is None:
        instance = node.find("instance")
    return Service(
        name=f"svc:/{name}",
        enabled=instance is not None and instance.get("enabled") == "true",
        dependencies=tuple(
            Dependency(d.get("grouping", ""), _fmris(d)) for d in node.iter("dependency")
        ),
        dependents=tuple(f for d in node.iter("dependent") for f in _fmris(d)),
        start=start.get("exec", ""),
        timeout=_timeout(start.get("timeout_seconds", ""), name, place),
    )


def _fmris(node: ET.Element) -> tuple[str, ...]:
    return tuple(f.get("value", "") for f in node.findall("service_fmri"))


def _timeout(text: str, name: str, place: tuple[str, ...]) -> int:
    """``0`` and ``-1`` both mean for ever (smf_method(5))."""
    if not re.fullmatch(r"-1|[0-9]{1,9}", text):
        raise InputError(f"{name}: timeout_seconds is {text!r}", place=place)
    return max(0, int(text))


def site_services(tree: FileTree) -> Iterator[Service]:
    """The services of the manifests below ``SITE`` of a /var, or of a root that holds it.

    Raises ``InputError`` for one that would not be imported.
    """
    for top in (SITE, SITE.removeprefix(b"/var")):
        folder = tree.find(top)
        if folder is None:
            continue
        for name, number in sorted(tree.children(folder).items()):
            node = tree.nodes[number]
            if name.endswith(b".xml") and node.type is NodeType.FILE:
                place = ((top + b"/" + name).decode("utf-8", "backslashreplace"),)
                if node.content.size > LIMIT:
                    raise InputError("is too long", place=place)
                yield from read_manifest(node.content.read(0, LIMIT), place)
