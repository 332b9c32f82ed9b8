# SPDX-License-Identifier: Apache-2.0
"""Which lines of the scripts a play carries out: what it does not reach cannot change its end.

Before every line that surely begins a command another is put that notes the line's number.
Lines of which that is not sure count as reached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Where the scripts note it: the machine's own directory.
NOTES = "/.mk/reached"
_NO_COMMAND = re.compile(
    rb"\s*(then|else|elif|fi|do|done|esac|case|in|;;|\}|\)|#|[^ ]*\)( |$)|'|-|\")"
    rb"|.*\(\)\s*\{|.*\$\?"
)
_GOES_ON = re.compile(rb".*(\\|\||&&|\bin|\()$")
_HERE = re.compile(rb".*<<(\w+)")
#: Scripts of Bourne shell among what lies on volume 1.
_SCRIPTS = re.compile(r"/mkboot/(engine.*|start)|/\.install_config/restore\.(beg|fin)")


def instrumented(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The scripts with notes in them."""
    return {p: _noting(p, text) for p, text in files.items() if _SCRIPTS.fullmatch(p)}


def is_noted(path: str, content: bytes, number: int) -> bool:
    """Whether a line would be noted if it were reached."""
    return _SCRIPTS.fullmatch(path) is not None and number in _places(content)


def _noting(path: str, content: bytes) -> bytes:
    name = path.rpartition("/")[2].encode()
    places = _places(content)
    lines = []
    for n, line in enumerate(content.splitlines(keepends=True), 1):
        if n in places:
            lines.append(b"echo %s:%d >>%s\n" % (name, n, NOTES.encode()))
        lines.append(line)
    return b"".join(lines)


def _places(content: bytes) -> frozenset[int]:
    """Numbers of the lines before which a command may be put."""
    found: set[int] = set()
    end, quotes, goes_on, depth = b"", 0, False, 0
    for n, line in enumerate(content.splitlines(), 1):
        if end:
            end = b"" if line == end else end
            continue
        begins = not (goes_on or quotes % 2 or depth)
        text = line.strip()
        if begins and text and not _NO_COMMAND.match(line):
            found.add(n)
        if not text.startswith(b"#"):
            quotes += re.sub(rb"\\.|\"[^\"]*\"", b"", line).count(b"'")
            goes_on = _GOES_ON.fullmatch(text) is not None
            here = _HERE.match(line)
            end = here[1] if here else b""
        if text.startswith(b"case ") and not text.endswith(b"esac"):
            depth += 1  # a pattern looks like a command
        elif text == b"esac":
            depth -= 1
    return frozenset(found)
