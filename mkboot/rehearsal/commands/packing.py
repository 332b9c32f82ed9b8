# SPDX-License-Identifier: Apache-2.0
"""uncompress, zcat, gunzip: the workstation's gzip undoes compress, zlib undoes gzip."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping

from mkboot.errors import ProgramError
from mkboot.rehearsal.call import Call, Exit, Outcome, write_all
from mkboot.rehearsal.commands.answers import Handler, refuse
from mkboot.rehearsal.commands.inputs import about_output, chunks, opened, reason
from mkboot.rehearsal.commands.outputs import create_file
from mkboot.rehearsal.matching import Matched
from mkboot.run import pour

_COMPRESSED = b"\x1f\x9d"
_GZIP = b"\x1f\x8b"
Take = Callable[[bytes], object]


class _Bad(ValueError):  # noqa: N818  (says which message)
    """The data are not what they should be; the text is a message's id."""


def uncompress(call: Call, matched: Matched) -> Outcome:
    """Files in place of their .Z, or to standard output."""
    if not matched.operands:
        return Exit(_to_output(call, matched, None, _undo_compress))
    code = 0
    for name in matched.operands:
        packed = name if name.endswith(b".Z") else name + b".Z"
        if matched.has("c"):
            code = max(code, _to_output(call, matched, packed, _undo_compress))
        else:
            code = max(code, _in_place(call, matched, packed))
    return Exit(code)


def zcat(call: Call, matched: Matched) -> Outcome:
    """The same to standard output."""
    names: list[bytes | None] = [
        name if name.endswith(b".Z") else name + b".Z" for name in matched.operands
    ]
    return Exit(max(_to_output(call, matched, n, _undo_compress) for n in names or [None]))


def gunzip(call: Call, matched: Matched) -> Outcome:
    """gzip's own format, to standard output."""
    name = (*matched.operands, None)[0]
    return Exit(_to_output(call, matched, name, _undo_gzip))


def _to_output(
    call: Call, matched: Matched, name: bytes | None, undo: Callable[[Iterator[bytes], Take], None]
) -> int:
    try:
        with opened(call, name) as given:
            undo(chunks(call, given), call.out)
    except _Bad as e:
        return refuse(call, matched, str(e), name=name or b"-").code
    except OSError as e:
        if about_output(e):
            raise
        return refuse(call, matched, "cannot open", name=name or b"-", reason=reason(e)).code
    return 0


def _in_place(call: Call, matched: Matched, packed: bytes) -> int:
    target = packed.removesuffix(b".Z")
    try:
        path = call.resolve(packed)
        if call.resolve(target).exists() and not matched.has("f"):
            return refuse(call, matched, "exists", name=target).code
        with opened(call, packed) as given, create_file(call, target) as fd:
            _undo_compress(chunks(call, given), lambda data: write_all(fd, data))
        path.unlink()
    except _Bad as e:
        return refuse(call, matched, str(e), name=packed).code
    except OSError as e:
        if about_output(e):
            raise
        return refuse(call, matched, "cannot open", name=packed, reason=reason(e)).code
    return 0


def _begin(pieces: Iterator[bytes], magic: bytes) -> Iterator[bytes]:
    """The pieces again, after a look at their first two bytes."""
    head = b""
    while len(head) < 2 and (more := next(pieces, b"")):
        head += more
    if head[:2] != magic:
        raise _Bad("format")
    return itertools.chain([head], pieces)


def _undo_compress(pieces: Iterator[bytes], take: Take) -> None:
    whole = _begin(pieces, _COMPRESSED)
    try:
        pour(("gzip", "-dc"), whole, take)
    except ProgramError as e:
        raise _Bad("corrupt") from e


def _undo_gzip(pieces: Iterator[bytes], take: Take) -> None:
    """All members, one after the other."""
    reader = zlib.decompressobj(wbits=31)
    for piece in _begin(pieces, _GZIP):
        data = piece
        while data:
            if reader.eof:
                reader = zlib.decompressobj(wbits=31)
            try:
                made = reader.decompress(data, 1 << 20)
            except zlib.error as e:
                raise _Bad("corrupt") from e
            take(made)
            data = reader.unused_data if reader.eof else reader.unconsumed_tail
    if not reader.eof:
        raise _Bad("corrupt")


HANDLERS: Mapping[str, Handler] = {
    "uncompress": uncompress,
    "zcat": zcat,
    "gunzip": gunzip,
    "gzip": gunzip,
}
