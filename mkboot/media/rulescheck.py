# SPDX-License-Identifier: Apache-2.0
"""The JumpStart directory on a disc: ``/.install_config``, its rules.ok, and what that names.

``mkboot check`` looks at the content of rules and profiles; here it is only whether a disc
would find what it looks for.  Sources: Solaris Advanced Installation Guide ("Preparing
Custom JumpStart Installations") for rules, check(1M) for the last line of rules.ok.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mkboot.errors import InputError
from mkboot.formats.checksum import byte_total, sysv_sum
from mkboot.media.codes import advice
from mkboot.model.finding import Finding, error, warning
from mkboot.tree.filetree import TEXT_MAX, FileTree
from mkboot.tree.names import show

CONFIG = b"/.install_config"
RULES = CONFIG + b"/rules.ok"
_LAST_LINE = re.compile(rb"#[ \t]*version=([0-9]{1,9})(?:[ \t]+checksum=([0-9]{1,9}))?[ \t\r]*")
_NEWEST_VERSION = 2
#: Words in place of a file: nothing, the site's own program, a plain interactive install.
_NO_FILE = frozenset((b"-", b"="))
_WHAT = ("begin script", "profile", "finish script")
_MANY = 200


def rules_findings(slice_0: FileTree) -> tuple[Finding, ...]:
    """Every reason why the JumpStart directory of a disc would not be used as it is meant."""
    folder = slice_0.node_at(CONFIG)
    if folder is None:
        return ()
    place = show(RULES)
    node = slice_0.node_at(RULES)
    if node is None:
        text = "there is a JumpStart directory, but no rules.ok in it: the installation asks"
        return (warning("rules-missing", show(CONFIG), text, advice("rules-missing")),)
    if node.is_directory or node.size > TEXT_MAX:
        return (_checksum("is no file of rules"),)
    try:
        text_of_rules = node.content.read(0, TEXT_MAX)
    except InputError as e:
        return (error("iso-damaged", place, e.message, advice("iso-damaged")),)
    return (*_last_line(text_of_rules), *_named(slice_0, text_of_rules))


def _last_line(text: bytes) -> Iterator[Finding]:
    """The line with version and checksum.

    Installations look at the version only; a checksum that does not fit says that somebody
    changed what had been checked.
    """
    lines = text.splitlines(keepends=True)
    found = _LAST_LINE.fullmatch(lines[-1].rstrip(b"\n")) if lines else None
    if found is None:
        yield _checksum("does not end in a line with version and checksum: it is not taken")
    elif int(found[1]) > _NEWEST_VERSION:
        yield _checksum(f"says version={int(found[1])}, which no installation takes")
    elif found[2] is None:
        said = "has no checksum in its last line"
        yield warning("rules-checksum", show(RULES), said, advice("rules-checksum"))
    else:
        right = sysv_sum(byte_total(b"".join(lines[:-1])))
        if int(found[2]) != right:
            said = f"says checksum={int(found[2])}, but its text has {right}: it was changed"
            yield warning("rules-checksum", show(RULES), said, advice("rules-checksum"))


def _named(slice_0: FileTree, text: bytes) -> Iterator[Finding]:
    """Files that the rules name and nobody finds."""
    told: set[bytes] = set()
    for words in _rules(text):
        for what, name in zip(_WHAT, words[-3:], strict=True):
            if name in _NO_FILE or name in told or slice_0.resolve(_path(name)) is not None:
                continue
            told.add(name)
            if len(told) <= _MANY:
                said = f"a rule names the {what} {show(name)}, which is not in the directory"
                yield error("profile-missing", show(RULES), said, advice("profile-missing"))


def _path(name: bytes) -> bytes:
    return name if name.startswith(b"/") else CONFIG + b"/" + name


def _rules(text: bytes) -> Iterator[list[bytes]]:
    """The words of each rule, continued lines joined; lines too short to be one are not told:
    that is for ``mkboot check``.
    """
    for line in text.replace(b"\\\n", b" ").splitlines():
        words = line.split(b"#", 1)[0].split()
        if len(words) > len(_WHAT):
            yield words


def _checksum(text: str) -> Finding:
    return error("rules-checksum", show(RULES), text, advice("rules-checksum"))
