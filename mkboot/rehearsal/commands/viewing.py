# SPDX-License-Identifier: Apache-2.0
"""Commands that show a part of what they read: head, tail, cmp; and tee."""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from mkboot.rehearsal.call import Call, Exit, Outcome, write_all
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.inputs import (
    Opened,
    about_output,
    chunks,
    device_at_path,
    lines,
    opened,
    reason,
)
from mkboot.rehearsal.commands.outputs import create_file
from mkboot.rehearsal.matching import Matched


def head(call: Call, matched: Matched) -> Outcome:
    """The first lines: ten, or as many as were asked for."""
    if matched.form.id.startswith("head -n"):
        count = int(matched.group("NUMBER")[0])
    else:
        given_count = matched.group("COUNT")
        count = int(given_count[0][1:]) if given_count else 10

    def some(given: Opened) -> None:
        for line in itertools.islice(lines(call, given), count):
            call.out(line)

    return _one(call, matched, some)


def tail(call: Call, matched: Matched) -> Outcome:
    """The last lines, or all from a line on."""
    word = (*matched.group("COUNT"), b"-10")[0].rstrip(b"l")
    count = int(word[1:])

    def some(given: Opened) -> None:
        rows = lines(call, given)
        kept: Iterator[bytes] = (
            itertools.islice(rows, max(count - 1, 0), None)
            if word.startswith(b"+")
            else iter(deque(rows, maxlen=count))
        )
        for line in kept:
            call.out(line)

    return _one(call, matched, some)


def _one(call: Call, matched: Matched, work: Callable[[Opened], None]) -> Outcome:
    name = (*matched.group("NAME"), None)[0]
    try:
        with opened(call, name) as given:
            work(given)
    except OSError as e:
        if about_output(e):
            raise
        if e.errno == errno.EOVERFLOW:
            raise not_modelled(call, matched, reason(e).decode()) from e
        return refuse(call, matched, "cannot", name=name or b"-", reason=reason(e))
    return Exit(0)


def cmp(call: Call, matched: Matched) -> Outcome:
    """Where two files differ first: byte and line, counted from 1."""
    first, second = matched.operands
    failing = first
    try:
        with opened(call, None if first == b"-" else first) as a:
            failing = second
            with opened(call, second) as b:
                return _compare(call, matched, a, b)
    except OSError as e:
        if about_output(e):
            raise
        if matched.has("s"):
            return Exit(2)
        return refuse(call, matched, "cannot open", name=failing)


def _compare(call: Call, matched: Matched, a: Opened, b: Opened) -> Outcome:
    left, right = _even(chunks(call, a)), _even(chunks(call, b))
    at, line = 0, 1
    for x, y in itertools.zip_longest(left, right, fillvalue=b""):
        if x == y:
            at, line = at + len(x), line + x.count(b"\n")
            continue
        if matched.has("s"):
            return Exit(1)
        same = next((n for n, (p, q) in enumerate(zip(x, y, strict=False)) if p != q), -1)
        same = min(len(x), len(y)) if same < 0 else same
        if same == min(len(x), len(y)):
            shorter = a if len(x) < len(y) else b
            return refuse(call, matched, "eof", name=shorter.name or b"-")
        if matched.has("l"):
            raise not_modelled(call, matched, "-l of files that differ")
        place = f"differ: char {at + same + 1}, line {line + x[:same].count(bytes([10]))}\n"
        call.out(b" ".join([a.name or b"-", b.name, place.encode()]))
        return Exit(1)
    return Exit(0)


def _even(pieces: Iterator[bytes], size: int = 1 << 16) -> Iterator[bytes]:
    """The same bytes in pieces of one size, the last one shorter."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        while len(rest) >= size:
            yield bytes(rest[:size])
            del rest[:size]
    if rest:
        yield bytes(rest)


def tee(call: Call, matched: Matched) -> Outcome:
    """Standard input to standard output and into files."""
    code = 0
    with contextlib.ExitStack() as stack:
        targets = [call.stdout]
        for name in matched.operands:
            try:
                if device_at_path(call, call.resolve(name)) is not None:
                    raise not_modelled(call, matched, "a device")
                made = create_file(call, name, append=matched.has("a"))
                targets.append(stack.enter_context(made))
            except OSError as e:
                code = refuse(call, matched, "cannot open", name=name, reason=reason(e)).code
        for data in call.read_stdin():
            for fd in targets:
                write_all(fd, data)
    return Exit(code)


HANDLERS: Mapping[str, Handler] = {"head": head, "tail": tail, "cmp": cmp, "tee": tee}
