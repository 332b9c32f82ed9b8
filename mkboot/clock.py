# SPDX-License-Identifier: Apache-2.0
"""The time that goes into what is written: reproducible where the caller wants it."""

from __future__ import annotations

import os
import time

from mkboot.errors import CallerError


def build_time(default: int | None = None) -> int:
    """Seconds since 1970: ``SOURCE_DATE_EPOCH`` where it is set, else ``default``, else now.

    Source: the SOURCE_DATE_EPOCH specification of reproducible-builds.org.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return int(time.time()) if default is None else default
    if not text.isdigit() or int(text) >= 1 << 31:
        raise CallerError(f"SOURCE_DATE_EPOCH is not a number of seconds below 2^31: {text!r}")
    return int(text)


def build_seed() -> int | None:
    """What to draw random numbers from: None, or the one seed of a reproducible build."""
    return None if os.environ.get("SOURCE_DATE_EPOCH") is None else build_time()
