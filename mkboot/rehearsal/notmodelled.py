# SPDX-License-Identifier: Apache-2.0
"""The verdict that ends a rehearsal at once: something that no file says is known."""

from __future__ import annotations

from collections.abc import Sequence

from mkboot.errors import MkbootError
from mkboot.tree.names import show


class NotModelled(MkbootError):  # noqa: N818  (a verdict, not an error)
    """A form of a command that no file of ``commands`` accepts, or that a handler lacks.

    ``form`` is the command line as it was called, ``why`` what of it is not known.
    """

    exit_code = 1

    def __init__(
        self, command: str, form: Sequence[bytes] = (), release: str = "", why: str = ""
    ) -> None:
        self.command = command
        self.form = tuple(form)
        line = " ".join(show(word) for word in form) or command
        text = f"not modelled: {line}" + (f" on Solaris {release}" if release else "")
        super().__init__(f"{text}: {why}" if why else text)
