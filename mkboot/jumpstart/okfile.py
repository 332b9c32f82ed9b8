# SPDX-License-Identifier: Apache-2.0
"""An existing ``rules.ok`` or ``custom_probes.ok``: is it whole, and is it of this text?"""

from __future__ import annotations

from mkboot.jumpstart.checksum import VERSION, OkFile, read_ok, same_text
from mkboot.jumpstart.model import Problem, Severity


def check_ok(data: bytes, name: str, source: str, stripped: bytes) -> tuple[list[Problem], bool]:
    """The problems of an ``.ok`` file, and whether it is whole but not of this ``source``.

    Such a one was right once and is to be made anew.  One whose checksum is not that of its
    text was changed by somebody, and is an error.
    """
    ok = read_ok(data)
    line = data.count(b"\n") or 1
    damage = _damage(ok)
    if damage:
        return [Problem(name, line, Severity.ERROR, *damage)], False
    if same_text(ok.text, stripped):
        return [], False
    message = f"stale: {source} says something else now"
    return [Problem(name, 1, Severity.WARNING, message)], True


def _damage(ok: OkFile) -> tuple[str, str] | None:
    expected = f"# version={VERSION} checksum={ok.right}"
    if ok.version is None:
        return "no version line: the installer does not take the file", expected
    if ok.version > VERSION:
        return f"version={ok.version} is refused by the installer", expected
    if ok.checksum is None:
        return "the version line has no checksum", expected
    if ok.checksum != ok.right:
        message = f"checksum={ok.checksum} is not that of the text: it was changed afterwards"
        return message, expected
    return None
