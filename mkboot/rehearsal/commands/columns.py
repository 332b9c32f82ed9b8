# SPDX-License-Identifier: Apache-2.0
"""Commands that go over lines: cut, tr, sort, uniq."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Mapping

from mkboot.rehearsal.call import Call, Exit, Outcome, write_all
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.inputs import Opened, about_output, lines, opened
from mkboot.rehearsal.commands.outputs import create_file
from mkboot.rehearsal.matching import Matched

#: What sort takes into memory, in bytes.
SORT_MAX = 1 << 26
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def cut(call: Call, matched: Matched) -> Outcome:
    """Columns, or fields between delimiters; a line without one is passed on whole."""
    kind = next(n for n in "bcf" if matched.has(n))
    ranges = _ranges(matched.value(kind) or b"")
    delimiter = matched.value("d") or b"\t"

    def work(given: Opened) -> None:
        for line in lines(call, given):
            text = line.removesuffix(b"\n")
            if kind != "f":
                call.out(bytes(c for n, c in enumerate(text, 1) if _within(ranges, n)) + b"\n")
                continue
            fields = text.split(delimiter)
            if len(fields) == 1:
                if not matched.has("s"):
                    call.out(text + b"\n")
                continue
            chosen = [f for n, f in enumerate(fields, 1) if _within(ranges, n)]
            call.out(delimiter.join(chosen) + b"\n")

    return _each_line(call, matched, work)


def _ranges(text: bytes) -> tuple[tuple[int, int], ...]:
    made: list[tuple[int, int]] = []
    for part in text.split(b","):
        first, dash, last = part.partition(b"-")
        low = int(first or 1)
        made.append((low, int(last) if last else 1 << 62 if dash else low))
    return tuple(made)


def _within(ranges: tuple[tuple[int, int], ...], number: int) -> bool:
    return any(low <= number <= high for low, high in ranges)


def _each_line(call: Call, matched: Matched, work: Callable[[Opened], None]) -> Outcome:
    names: tuple[bytes | None, ...] = tuple(matched.operands) or (None,)
    code = 0
    for name in names:
        try:
            with opened(call, None if name == b"-" else name) as given:
                work(given)
        except OSError as e:
            if about_output(e):
                raise
            if e.errno == errno.EOVERFLOW:
                raise not_modelled(call, matched, "a line of more than a megabyte") from e
            code = refuse(call, matched, "cannot open", name=name or b"-").code
    return Exit(code)


def tr(call: Call, matched: Matched) -> Outcome:
    """Translate, delete or squeeze single bytes."""
    first = _characters(call, matched, matched.operands[0])
    if matched.has("c"):
        first = bytes(c for c in range(1, 256) if c not in first)
    if matched.has("d"):
        for data in call.read_stdin():
            call.out(data.translate(None, first))
        return Exit(0)
    second = _characters(call, matched, matched.operands[-1])
    if len(second) != len(first):
        raise not_modelled(call, matched, "strings of different length")
    table = bytes.maketrans(first, second)
    squeezed, last = second if matched.has("s") else b"", b""
    for data in call.read_stdin():
        made = data.translate(table)
        if squeezed:
            made, last = _squeeze(made, squeezed, last)
        call.out(made)
    return Exit(0)


def _squeeze(data: bytes, characters: bytes, last: bytes) -> tuple[bytes, bytes]:
    """Repetitions of ``characters`` made one; ``last`` is the byte before the data."""
    made = bytearray()
    for code in data:
        char = bytes([code])
        if char != last or char not in characters:
            made += char
        last = char
    return bytes(made), last


def _characters(call: Call, matched: Matched, text: bytes) -> bytes:
    """The characters of a string: ``[a-z]``, ``\\012``, ``\\n``, themselves."""
    made = bytearray()
    for found in re.finditer(rb"\[(.)-(.)\]|\\([0-7]{1,3})|\\(.)|(.)", text, re.DOTALL):
        low, high, octal, escape, plain = found.groups()
        if low is not None:
            if low > high:
                raise not_modelled(call, matched, "a range that runs backwards")
            made += bytes(range(low[0], high[0] + 1))
        elif octal is not None:
            made.append(int(octal, 8) & 255)
        elif escape is not None:
            if escape.isalpha():
                # Before 10 a letter behind a backslash stands for itself, says nobody surely.
                raise not_modelled(call, matched, "a backslash before a letter")
            made += _ESCAPES.get(escape, escape)
        else:
            made += plain
    return bytes(made)


def sort(call: Call, matched: Matched) -> Outcome:
    """Whole lines in the order of their bytes, with -n of the number at their beginning."""
    rows: list[bytes] = []
    total = 0

    def work(given: Opened) -> None:
        nonlocal total
        for line in lines(call, given):
            total += len(line)
            if total > SORT_MAX:
                raise not_modelled(call, matched, f"more than {SORT_MAX} bytes")
            rows.append(line.removesuffix(b"\n"))

    outcome = _each_line(call, matched, work)
    if outcome != Exit(0):
        return outcome
    rows.sort(key=_number if matched.has("n") else None, reverse=matched.has("r"))
    made = b"".join(row + b"\n" for row in _unique(rows, matched))
    target = matched.value("o")
    if target is None:
        call.out(made)
        return Exit(0)
    with create_file(call, target) as fd:
        write_all(fd, made)
    return Exit(0)


def _number(row: bytes) -> tuple[int, bytes]:
    found = re.match(rb"[ \t]*(-?[0-9]{1,18})", row)
    return int(found[1]) if found else 0, row


def _unique(rows: list[bytes], matched: Matched) -> Iterator[bytes]:
    last: object = None
    for row in rows:
        key: object = _number(row)[0] if matched.has("n") else row
        if not matched.has("u") or last is None or key != last:
            yield row
        last = key


def uniq(call: Call, matched: Matched) -> Outcome:
    """Lines that repeat one after the other, once."""

    def work(given: Opened) -> None:
        last: bytes | None = None
        count = 0
        for line in lines(call, given):
            text = line.removesuffix(b"\n")
            if text == last:
                count += 1
                continue
            _show_run(call, matched, last, count)
            last, count = text, 1
        _show_run(call, matched, last, count)

    return _each_line(call, matched, work)


def _show_run(call: Call, matched: Matched, line: bytes | None, count: int) -> None:
    if line is None:
        return
    if matched.has("c"):
        call.out(b"%4d " % count + line + b"\n")
    elif (count > 1 and not matched.has("u")) or (count == 1 and not matched.has("d")):
        call.out(line + b"\n")


HANDLERS: Mapping[str, Handler] = {"cut": cut, "tr": tr, "sort": sort, "uniq": uniq}
