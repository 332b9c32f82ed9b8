# SPDX-License-Identifier: Apache-2.0
"""What the reader noticed, one finding a kind with a count and the first path."""

from __future__ import annotations

from mkboot.formats.iso.structs import RRIP_1991A
from mkboot.model.finding import Finding, error, note, warning
from mkboot.tree.names import show


class Notes:
    """Collects; memory does not grow with the number of things noticed."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._counts: dict[str, tuple[int, bytes]] = {}
        self._findings: list[Finding] = []

    def truncated(self, path: bytes) -> None:
        """A file's data lie past the end of the image."""
        self._count("iso-truncated", path)

    def extents(self, path: bytes) -> None:
        """A file has several extents."""
        self._count("iso-multi-extent", path)

    def date(self, path: bytes) -> None:
        """A date is none; the time was taken as 1970."""
        self._count("iso-bad-date", path)

    def no_device(self, path: bytes) -> None:
        """A device node has no PN entry."""
        self._count("iso-no-device-number", path)

    def older(self, path: bytes) -> None:
        """A name is there twice without Rock Ridge: an older version, or a clash."""
        self._count("iso-same-name", path)

    def short(self, wanted: int, size: int) -> None:
        """The image is shorter than its descriptor says (bytes)."""
        text = f"the volume has {wanted} bytes, the image only {size}"
        self._findings.append(warning("iso-short", self._place, text))

    def rock_ridge(self, there: bool, identifier: bytes) -> None:
        """Whether Solaris will see Rock Ridge."""
        if not there:
            text = "no Rock Ridge: names are mapped, owners, modes and links are missing"
            self._findings.append(note("iso-no-rock-ridge", self._place, text))
        elif identifier != RRIP_1991A:
            shown = show(identifier) or "none"
            text = f"Solaris ignores this Rock Ridge: its identifier is {shown}, not RRIP_1991A"
            self._findings.append(warning("iso-rock-ridge-id", self._place, text))

    def findings(self) -> tuple[Finding, ...]:
        """All of them; errors come first."""
        made = [self._told(code, *seen) for code, seen in self._counts.items()]
        order = {"error": 0, "warning": 1, "note": 2}
        return tuple(sorted((*made, *self._findings), key=lambda f: order[f.severity.value]))

    def _count(self, code: str, path: bytes) -> None:
        count, first = self._counts.get(code, (0, path))
        self._counts[code] = count + 1, first

    def _told(self, code: str, count: int, first: bytes) -> Finding:
        make, text = _TEXTS[code]
        return make(code, self._place, f"{count} {text}; the first is '{show(first)}'")


_TEXTS = {
    "iso-truncated": (error, "file(s) whose data lie past the end of the image"),
    "iso-multi-extent": (warning, "file(s) of several extents, which Solaris cannot read"),
    "iso-bad-date": (note, "date(s) that are none, taken as 1970"),
    "iso-no-device-number": (warning, "device node(s) without a device number"),
    "iso-same-name": (note, "name(s) that are there twice; the first was taken"),
}
