# SPDX-License-Identifier: Apache-2.0
"""grep, egrep, fgrep: lines that match."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.bre import UnknownPattern, compile_bre, compile_ere
from mkboot.rehearsal.commands.inputs import Opened, about_output, lines, opened
from mkboot.rehearsal.matching import Matched

Test = Callable[[bytes], bool]


def grep(call: Call, matched: Matched) -> Outcome:
    """Lines that match: 0, none: 1, a file that cannot be opened: 2."""
    given = [v for n, v in matched.options if n == "e" and v is not None]
    words = matched.operands
    pattern, files = (given[0], words) if given else (words[0], words[1:])
    if len(given) > 1:
        raise not_modelled(call, matched, "several patterns")
    test = _test_of(call, matched, pattern)
    searching = _Grep(call, matched, test, len(files) > 1)
    names: tuple[bytes | None, ...] = tuple(files) or (None,)
    failed = False
    for name in names:
        try:
            with opened(call, name) as source:
                searching.search(source)
        except OSError as e:
            if about_output(e):
                raise
            if e.errno == errno.EOVERFLOW:
                raise not_modelled(call, matched, "a line of more than a megabyte") from e
            if not matched.has("s"):
                refuse(call, matched, "cannot open", name=name or b"-")
            failed = True
    return Exit(2 if failed else 0 if searching.found else 1)


def _test_of(call: Call, matched: Matched, pattern: bytes) -> Test:
    ignore_case = matched.has("i")
    if matched.command.name == "fgrep":
        return _fixed_test(pattern, ignore_case, whole=matched.has("x"))
    if b"\n" in pattern:
        raise not_modelled(call, matched, "several patterns")
    try:
        if matched.command.name == "egrep":
            compiled = compile_ere(pattern, ignore_case=ignore_case)
        else:
            compiled = compile_bre(pattern, ignore_case=ignore_case)
    except UnknownPattern as e:
        raise not_modelled(call, matched, f"the pattern: {e}") from e
    return lambda line: compiled.search(line) is not None


def _fixed_test(pattern: bytes, ignore_case: bool, *, whole: bool) -> Test:
    wanted = [p.lower() if ignore_case else p for p in pattern.split(b"\n")]

    def test(line: bytes) -> bool:
        line = line.lower() if ignore_case else line
        return any(p == line if whole else p in line for p in wanted)

    return test


class _Grep:
    def __init__(self, call: Call, matched: Matched, test: Test, many: bool) -> None:
        self._call = call
        self._matched = matched
        self._test = test
        self._prefixed = many and not matched.has("h")
        self.found = False

    def search(self, given: Opened) -> None:
        has = self._matched.has
        prefix = given.name + b":" if self._prefixed else b""
        inverse, count, seen = has("v"), 0, False
        for number, line in enumerate(lines(self._call, given), 1):
            text = line.removesuffix(b"\n")
            if self._test(text) == inverse:
                continue
            count, seen = count + 1, True
            if has("l"):
                self._call.out(given.name + b"\n")
                break
            if not has("c"):
                at = b"%d:" % number if has("n") else b""
                self._call.out(prefix + at + text + b"\n")
        if has("c") and not has("l"):
            self._call.out(prefix + b"%d\n" % count)
        self.found = self.found or seen


HANDLERS: Mapping[str, Handler] = {"grep": grep, "egrep": grep, "fgrep": grep}
