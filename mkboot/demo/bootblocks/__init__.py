# SPDX-License-Identifier: Apache-2.0
"""Boot blocks of mkboot's own, for the demo and the tests: nothing of Sun's is in them.

Their sources lie beside them; ``fixtures/bootblocks.py`` makes the bytes again.  What they
print begins with ``MKBOOT-``.
"""

from __future__ import annotations

from importlib.resources import files


def fcode_redirect() -> bytes:
    """The FCode boot block for sun4u: follows the redirect, shows files, starts ufsboot."""
    return _bytes("redirect.fc")


def ufsboot() -> bytes:
    """An a.out that stands in for ``/platform/sun4u/ufsboot``: says so and powers off."""
    return _bytes("ufsboot.aout")


def aout_sun4m() -> bytes:
    """The a.out boot block for sun4m: names the slice, says whether it has a UFS, halts."""
    return _bytes("sun4m.aout")


def _bytes(name: str) -> bytes:
    return (files(__name__) / name).read_bytes()
