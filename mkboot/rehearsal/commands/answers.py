# SPDX-License-Identifier: Apache-2.0
"""How handlers say what a command's file says: messages and refusals, word for word."""

from __future__ import annotations

import errno
from collections.abc import Callable

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.matching import Matched, Refused, refusal
from mkboot.rehearsal.notmodelled import NotModelled

Handler = Callable[[Call, Matched], Outcome]


def answer(call: Call, refused: Refused) -> Exit:
    """Write a refusal's parts to their streams; its exit code is the command's."""
    _write(call, refused)
    return Exit(refused.exit)


def refuse(call: Call, matched: Matched, message: str, /, **words: bytes) -> Exit:
    """The message ``message`` of the command's file, which ends the command.

    ``words`` fill its ``{places}``; ``{command}`` is always there.
    """
    return answer(call, _message(call, matched, message, words))


def tell(call: Call, matched: Matched, message: str, /, **words: bytes) -> None:
    """The message ``message`` of the command's file; the command goes on."""
    _write(call, _message(call, matched, message, words))


def not_modelled(call: Call, matched: Matched, why: str) -> NotModelled:
    """To be raised by a handler for what it cannot do as the real command would."""
    return NotModelled(matched.command.name, call.argv, matched.release, why)


def _message(call: Call, matched: Matched, name: str, words: dict[str, bytes]) -> Refused:
    words = {"command": call.argv[0], **words}
    return refusal(matched.command, name, matched.release, words)


def _write(call: Call, refused: Refused) -> None:
    call.machine.assumed.update(refused.assumed)
    for part in refused.parts:
        write = call.out if part.stream == "out" else call.err
        try:
            write(part.fill(refused.words))
        except OSError as e:
            # Where there is no room a message is lost; the code is not.
            if e.errno != errno.ENOSPC:
                raise
