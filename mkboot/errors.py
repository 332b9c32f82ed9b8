# SPDX-License-Identifier: Apache-2.0
"""Whose fault it is: the four kinds of error, and the stop that can be resumed.

Every error has a message (one line, no full stop needed) and, where there is something a
person can do about it, a hint.  The command line prints ``mkboot: MESSAGE`` and
``hint: HINT`` and exits with ``exit_code``; no other room prints or exits.
"""

from __future__ import annotations

import errno


class MkbootError(Exception):
    """The base of all errors that mkboot raises on purpose."""

    exit_code = 70

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CallerError(MkbootError):
    """The arguments cannot be carried out as given."""

    exit_code = 2


class InputError(MkbootError):
    """The input is broken or unsupported.

    ``place`` is a path into it, from the outside inwards, for example
    ``("slice 1", "cylinder group 12")``; it is shown before the message.
    """

    exit_code = 3

    def __init__(
        self, message: str, *, place: tuple[str, ...] = (), hint: str | None = None
    ) -> None:
        super().__init__(": ".join([*place, message]), hint=hint)
        self.bare = message
        self.place = place

    def inside(self, *outer: str) -> InputError:
        """The same error seen from further outside: ``outer`` is put before the place."""
        return type(self)(self.bare, place=(*outer, *self.place), hint=self.hint)


class ProgramError(MkbootError):
    """Another program is missing, or it failed."""

    exit_code = 4


class StoppedError(MkbootError):
    """Interrupted, out of space, or an I/O error: the same command can be run again."""

    exit_code = 5


#: What a person can do about an error of the operating system.
_MENDED = "the same command can be run again when that is mended"
_HINTS = {errno.EFBIG: "files may not grow that large there: write to another file system"}
#: Errors that a person can mend, after which the same command goes on.
RESUMABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


def stopped_by(error: OSError, text: str) -> StoppedError:
    """What the operating system refused, as an error with a hint; ``text`` says where."""
    reason = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, _MENDED)
    return StoppedError(f"{text}: {reason}" if text else reason, hint=hint)


class BugError(MkbootError):
    """mkboot contradicts itself: never the user's fault."""

    exit_code = 70
