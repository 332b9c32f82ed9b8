# SPDX-License-Identifier: Apache-2.0
"""Reads a sed script: the part of the language that both an old sed and a new one know.

Commands: ``{ } = a b c d D g G h H i n N p P q s t x y :``, with ``!``.  Everything else, and
every escape of which a Sun's sed may think otherwise, is an ``UnknownPattern``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mkboot.rehearsal.commands.bre import UnknownPattern, compile_bre

#: Limits: the real program has some (200 commands is told of), so stay far below.
COMMANDS_MAX = 100
_ENDS = b";\n"
_PLAIN = frozenset(b"=dDgGhHnNpPqx")
_TEXT = frozenset(b"aci")

Address = int | re.Pattern[bytes] | None
#: The address ``$``.
LAST = -1
Part = bytes | int


@dataclass(eq=False, slots=True)
class Step:
    """One command.  ``first`` and ``last`` are its addresses (None: none), ``target`` the step
    that follows when it jumps (``b``, ``t``, and ``{`` whose lines are not meant).
    """

    name: str
    first: Address = None
    last: Address = None
    negated: bool = False
    pattern: re.Pattern[bytes] | None = None
    replacement: tuple[Part, ...] = ()
    everywhere: bool = False
    printing: bool = False
    text: bytes = b""
    label: bytes = b""
    target: int = 0
    inside: bool = field(default=False)


def parse_script(text: bytes) -> tuple[Step, ...]:
    """The steps in order.  Raises ``UnknownPattern`` for what is not in the known part."""
    return _Reader(text).run()


class _Reader:
    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._steps: list[Step] = []
        self._open: list[int] = []

    def run(self) -> tuple[Step, ...]:
        while self._skip(b" \t;\n"):
            self._steps.append(self._step())
            if len(self._steps) > COMMANDS_MAX:
                raise UnknownPattern(f"more than {COMMANDS_MAX} commands")
        if self._open:
            raise UnknownPattern("{ without }")
        return self._linked()

    def _linked(self) -> tuple[Step, ...]:
        labels = {s.label: n for n, s in enumerate(self._steps) if s.name == ":"}
        for step in self._steps:
            if step.name in "bt":
                if step.label and step.label not in labels:
                    raise UnknownPattern("a jump to nowhere")
                step.target = labels[step.label] if step.label else len(self._steps)
        return tuple(self._steps)

    def _peek(self) -> bytes:
        return self._text[self._at : self._at + 1]

    def _take(self) -> bytes:
        self._at += 1
        return self._text[self._at - 1 : self._at]

    def _skip(self, characters: bytes) -> bool:
        """Skip some characters; whether anything is left."""
        while self._peek() and self._peek() in characters:
            self._at += 1
        return bool(self._peek())

    def _step(self) -> Step:
        first, last = self._address(), None
        if first is not None and self._peek() == b",":
            self._at += 1
            last = self._address()
            if last is None:
                raise UnknownPattern("an address that is missing")
        self._skip(b" \t")
        negated = self._peek() == b"!"
        if negated:
            self._at += 1
            self._skip(b" \t")
        name = self._take().decode("latin-1")
        step = Step(name, first, last, negated)
        self._arguments(step, name.encode("latin-1"))
        return step

    def _arguments(self, step: Step, name: bytes) -> None:
        if name == b"{":
            self._open.append(len(self._steps))
        elif name == b"}":
            if not self._open or step.first is not None:
                raise UnknownPattern("}")
            self._steps[self._open.pop()].target = len(self._steps)
        elif name == b"s":
            self._substitute(step)
        elif name == b"y":
            self._transliterate(step)
        elif name in (b"b", b"t", b":"):
            self._skip(b" ")
            end = re.compile(rb"[^;\n} ]*").match(self._text, self._at)
            step.label = end[0] if end else b""
            self._at += len(step.label)
            if len(step.label) > 7 or (name == b":" and not step.label):
                raise UnknownPattern("a label")
        elif name and name[0] in _TEXT:
            self._append_text(step)
        elif not name or name[0] not in _PLAIN:
            raise UnknownPattern(f"the command {step.name or 'that is missing'}")
        if name in (b"{", b"a", b"c", b"i"):
            return
        if self._skip(b" \t") and self._peek() not in _ENDS:
            raise UnknownPattern("something behind a command")

    def _address(self) -> Address:
        char = self._peek()
        if char.isdigit():
            digits = re.compile(rb"[0-9]{1,9}").match(self._text, self._at)
            word = digits[0] if digits else b""
            self._at += len(word)
            if int(word) == 0:
                raise UnknownPattern("line 0")
            return int(word)
        if char == b"$":
            self._at += 1
            return LAST
        if char == b"/":
            self._at += 1
            return self._compile(self._until(b"/"))
        if char == b"\\":
            raise UnknownPattern("an address in other marks than /")
        return None

    def _until(self, mark: bytes) -> bytes:
        """The text up to a mark that is neither escaped nor in brackets; the mark is taken."""
        made = bytearray()
        inside = False
        while True:
            char = self._take()
            if not char or char == b"\n":
                raise UnknownPattern("a mark that is missing")
            if char == b"\\" and not inside:
                after = self._take()
                made += after if after == mark and mark not in b".*[]^$" else char + after
                continue
            if char == mark:
                if inside:
                    raise UnknownPattern("a mark in brackets")
                return bytes(made)
            if char == b"[" and not inside:
                inside = True
                made += char
                if self._peek() == b"^":
                    made += self._take()
                if self._peek() == b"]":
                    made += self._take()
                continue
            inside = inside and char != b"]"
            made += char

    def _compile(self, pattern: bytes) -> re.Pattern[bytes]:
        if not pattern:
            raise UnknownPattern("an empty pattern")
        # \n is a newline in the pattern space; it is no escape of the expression itself.
        pieces = re.findall(rb"\\.|[^\\]+", pattern, re.DOTALL)
        return compile_bre(b"".join(b"\n" if p == b"\\n" else p for p in pieces))

    def _substitute(self, step: Step) -> None:
        mark = self._take()
        if not mark or mark in b"\\\n ;" or mark.isalnum():
            raise UnknownPattern("the mark of s")
        step.pattern = self._compile(self._until(mark))
        step.replacement = self._replacement(mark, step.pattern.groups)
        while self._peek() in (b"g", b"p"):
            flag = self._take()
            step.everywhere = step.everywhere or flag == b"g"
            step.printing = step.printing or flag == b"p"

    def _replacement(self, mark: bytes, groups: int) -> tuple[Part, ...]:
        parts: list[Part] = []
        while True:
            char = self._take()
            if char == mark:
                return tuple(parts)
            if not char or char == b"\n":
                raise UnknownPattern("a mark that is missing")
            if char == b"&":
                parts.append(0)
            elif char != b"\\":
                parts.append(char)
            else:
                parts.append(self._escaped(mark, groups))

    def _escaped(self, mark: bytes, groups: int) -> Part:
        char = self._take()
        if char.isdigit() and char != b"0":
            if int(char) > groups:
                raise UnknownPattern("a number without its group")
            return int(char)
        if char == mark or (char and char in b"\\&/\n.*[]$^ \"'"):
            return char
        raise UnknownPattern(f"\\{char.decode('latin-1')} in a replacement")

    def _transliterate(self, step: Step) -> None:
        mark = self._take()
        first, second = self._until(mark), self._until(mark)
        if len(first) != len(second) or b"\\" in first + second or not first:
            raise UnknownPattern("y")
        step.text = bytes.maketrans(first, second)

    def _append_text(self, step: Step) -> None:
        """``a\\`` and the text on the lines that follow, all but the last ending in ``\\``."""
        if self._text[self._at : self._at + 2] != b"\\\n":
            raise UnknownPattern("text that does not begin on a line of its own")
        self._at += 2
        made = bytearray()
        while char := self._take():
            if char == b"\\":
                char = self._take()
                if char not in (b"\n", b"\\"):
                    raise UnknownPattern("a backslash in a text")
            elif char == b"\n":
                break
            made += char
        if made.startswith((b" ", b"\t")):
            raise UnknownPattern("blanks at the beginning of a text")
        step.text = bytes(made) + b"\n"
