# SPDX-License-Identifier: Apache-2.0
"""sed: a script gone through for every line, see sedscript.py for what is known of it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping, Sequence

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.bre import UnknownPattern
from mkboot.rehearsal.commands.inputs import about_output, lines, opened
from mkboot.rehearsal.commands.sedscript import LAST, Address, Step, parse_script
from mkboot.rehearsal.matching import Matched

#: Longer lines are not modelled, in bytes: what the real program takes is not established.
LINE_MAX = 2048
#: A script that goes round for ever is stopped after so many steps for one line.
_STEPS_MAX = 100_000


def sed(call: Call, matched: Matched) -> Outcome:
    """Edit a stream."""
    given = [v for n, v in matched.options if n == "e" and v is not None]
    words = matched.operands
    script, files = (b"\n".join(given), words) if given else (words[0], words[1:])
    try:
        steps = parse_script(script)
    except UnknownPattern as e:
        raise not_modelled(call, matched, f"the script: {e}") from e
    return _Editor(call, matched, steps, files).run()


class _Quit(Exception):  # noqa: N818  (the command q)
    """No further line is read."""


class _Editor:
    def __init__(
        self, call: Call, matched: Matched, steps: Sequence[Step], files: Sequence[bytes]
    ) -> None:
        self._call = call
        self._matched = matched
        self._steps = steps
        self._silent = matched.has("n")
        self._code = 0
        self._number = 0
        self._space = b""
        self._hold = b""
        self._after: list[bytes] = []
        self._rows = self._read(files)
        self._next: bytes | None = next(self._rows, None)

    def run(self) -> Exit:
        try:
            while self._advance():
                again = True
                while again:
                    again = self._cycle()
        except _Quit:
            pass
        return Exit(self._code)

    def _read(self, files: Sequence[bytes]) -> Iterator[bytes]:
        for name in tuple(files) or (None,):
            try:
                with opened(self._call, name) as given:
                    for line in lines(self._call, given):
                        yield self._checked(line)
            except OSError as e:
                if about_output(e):
                    raise
                if e.errno == errno.EOVERFLOW:
                    raise self._unknown("a line of more than a megabyte") from e
                words = {"name": name or b"-"}
                self._code = refuse(self._call, self._matched, "cannot open", **words).code

    def _checked(self, line: bytes) -> bytes:
        if not line.endswith(b"\n"):
            raise self._unknown("a last line without its newline")
        if len(line) > LINE_MAX:
            raise self._unknown(f"a line of more than {LINE_MAX} bytes")
        return line[:-1]

    def _unknown(self, why: str) -> Exception:
        return not_modelled(self._call, self._matched, why)

    def _advance(self) -> bool:
        """Take the next line into the pattern space; False at the end."""
        if self._next is None:
            return False
        self._space = self._next
        self._next = next(self._rows, None)
        self._number += 1
        return True

    def _cycle(self) -> bool:
        """Go through the script once; whether it begins anew without reading (D)."""
        again = self._steps_through()
        self._flush()
        return again

    def _steps_through(self) -> bool:
        at, done, replaced = 0, 0, False
        while at < len(self._steps):
            step = self._steps[at]
            at += 1
            done += 1
            if done > _STEPS_MAX:
                raise self._unknown("a script that does not end")
            if self._selects(step) == step.negated:
                at = step.target if step.name == "{" else at
                continue
            if step.name == "s":
                replaced = self._substitute(step) or replaced
            elif step.name == "b" or (step.name == "t" and replaced):
                at, replaced = step.target, replaced and step.name == "b"
            elif step.name == "D":
                _, newline, rest = self._space.partition(b"\n")
                self._space = rest
                return bool(newline)
            elif not self._simple(step):
                return False
        self._print()
        return False

    def _print(self) -> None:
        if not self._silent:
            self._call.out(self._space + b"\n")

    def _flush(self) -> None:
        for text in self._after:
            self._call.out(text)
        self._after.clear()

    def _simple(self, step: Step) -> bool:
        """Everything that is no jump; False where the cycle ends without printing."""
        match step.name:
            case "p":
                self._call.out(self._space + b"\n")
            case "P":
                self._call.out(self._space.partition(b"\n")[0] + b"\n")
            case "=":
                self._call.out(b"%d\n" % self._number)
            case "g" | "G" | "h" | "H" | "x":
                self._holding(step.name)
            case "y":
                self._space = self._space.translate(step.text)
            case "i":
                self._call.out(step.text)
            case "a":
                self._after.append(step.text)
            case "n" | "N" | "q" | "c" | "d":
                return self._reading(step)
        if len(self._space) + len(self._hold) > 2 * LINE_MAX:
            raise self._unknown(f"a space of more than {LINE_MAX} bytes")
        return True

    def _holding(self, name: str) -> None:
        space, hold = self._space, self._hold
        match name:
            case "g":
                self._space = hold
            case "G":
                self._space = space + b"\n" + hold
            case "h":
                self._hold = space
            case "H":
                self._hold = hold + b"\n" + space
            case "x":
                self._space, self._hold = hold, space

    def _reading(self, step: Step) -> bool:
        if step.name == "d":
            return False
        if step.name == "c":
            if step.last is None or not step.inside:
                self._call.out(step.text)
            return False
        if step.name == "q":
            self._print()
            self._flush()
            raise _Quit
        if self._next is None:
            # At the end an old sed and a new one differ in whether N still prints.
            raise self._unknown(f"{step.name} on the last line")
        before = self._space
        if step.name == "n":
            self._print()
        self._flush()
        self._advance()
        if step.name == "N":
            self._space = before + b"\n" + self._space
        return True

    def _selects(self, step: Step) -> bool:
        if step.first is None:
            return True
        if step.last is None:
            return self._meets(step.first)
        if step.inside and isinstance(step.last, int) and 0 < step.last < self._number:
            # Its end was passed by n or N: the range is over, and this line is not of it.
            step.inside = False
            if self._meets(step.first):
                raise self._unknown("a range that begins where it was passed")
            return False
        if step.inside:
            step.inside = not self._ends(step.last)
            return True
        if not self._meets(step.first):
            return False
        step.inside = not (isinstance(step.last, int) and 0 < step.last <= self._number)
        if step.last == LAST:
            step.inside = self._next is not None
        return True

    def _ends(self, last: Address) -> bool:
        if isinstance(last, int) and last != LAST:
            return self._number >= last
        return self._meets(last)

    def _meets(self, address: Address) -> bool:
        if address == LAST:
            return self._next is None
        if isinstance(address, re.Pattern):
            return address.search(self._space) is not None
        return address == self._number

    def _substitute(self, step: Step) -> bool:
        """Replace the first match, or all; whether there was one."""
        text, made, at, end = self._space, bytearray(), 0, -1
        found_one = False
        while step.pattern is not None and at <= len(text):
            found = step.pattern.search(text, at)
            if found is None:
                break
            made += text[at : found.start()]
            if found.start() == found.end() == end:
                # Nothing, right behind what was replaced: it does not count.
                made += text[end : end + 1]
                at, end = end + 1, -1
                continue
            for part in step.replacement:
                made += part if isinstance(part, bytes) else found[part] or b""
            found_one = True
            at = end = found.end()
            if not step.everywhere:
                break
            if found.start() == found.end():
                made += text[at : at + 1]
                at += 1
        if found_one:
            self._space = bytes(made) + text[at:]
            if step.printing:
                self._call.out(self._space + b"\n")
        return found_one


HANDLERS: Mapping[str, Handler] = {"sed": sed}
