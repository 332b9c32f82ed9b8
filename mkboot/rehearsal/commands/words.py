# SPDX-License-Identifier: Apache-2.0
"""Commands that look at nothing but their words: expr, basename, echo and their like."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.expression import Complaint, Guess, evaluate
from mkboot.rehearsal.matching import Matched

_ESCAPES = {
    b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"\\": b"\\",
}  # fmt: skip


def expr(call: Call, matched: Matched) -> Outcome:
    """Compute; the code is 1 where the result is empty or 0."""
    wide = matched.release == "10"
    if not wide:
        width = matched.command.message("large", matched.release)
        said = (matched.command.sentence(row, matched.release) for row in width)
        call.machine.assumed.update(s for s in said if s is not None)
    words = matched.operands
    try:
        value = evaluate(words[1:] if words[0] == b"--" else words, 64 if wide else 32)
    except Complaint as e:
        return refuse(call, matched, e.name)
    except Guess as e:
        raise not_modelled(call, matched, str(e)) from e
    call.out(value + b"\n")
    return Exit(1 if value in (b"", b"0") else 0)


def basename(call: Call, matched: Matched) -> Outcome:
    """The last part of a path, without a suffix that is not all of it."""
    name, *suffix = matched.operands
    base = posixpath.basename(name.rstrip(b"/")) if name.strip(b"/") else b"/"
    if suffix and suffix[0] and base != suffix[0]:
        base = base.removesuffix(suffix[0])
    call.out(base + b"\n")
    return Exit(0)


def dirname(call: Call, matched: Matched) -> Outcome:
    """All but the last part of a path."""
    name = matched.operands[0].rstrip(b"/")
    above = posixpath.dirname(name) if name else b"/"
    call.out((above or b".") + b"\n")
    return Exit(0)


def echo(call: Call, matched: Matched) -> Outcome:
    """The words with the System V escapes undone."""
    text = b" ".join(matched.operands)
    line, stop = bytearray(), False
    at = 0
    while at < len(text) and not stop:
        found = re.compile(rb"\\(0[0-7]{0,3}|[bcfnrtv\\])").match(text, at)
        if found is None:
            line += text[at : at + 1]
            at += 1
            continue
        at = found.end()
        if found[1] == b"c":
            stop = True
        elif found[1].startswith(b"0"):
            line.append(int(found[1], 8) & 255)
        else:
            line += _ESCAPES[found[1]]
    call.out(bytes(line) + (b"" if stop else b"\n"))
    return Exit(0)


def pwd(call: Call, _matched: Matched) -> Outcome:
    """Where the caller stands."""
    call.out(call.cwd + b"\n")
    return Exit(0)


def true(_call: Call, _matched: Matched) -> Outcome:
    """Nothing, well done."""
    return Exit(0)


def false(_call: Call, _matched: Matched) -> Outcome:
    """Nothing, badly done: 255 on a Sun."""
    return Exit(255)


def clear(call: Call, _matched: Matched) -> Outcome:
    """Clear the screen, on a Sun's console by a form feed."""
    call.out(b"\f")
    return Exit(0)


HANDLERS: Mapping[str, Handler] = {
    "expr": expr,
    "basename": basename,
    "dirname": dirname,
    "echo": echo,
    "pwd": pwd,
    "true": true,
    "false": false,
    "clear": clear,
}
