# SPDX-License-Identifier: Apache-2.0
"""Findings about drives and what was read from them: a part of the table."""

from __future__ import annotations

from mkboot.media.code import Code

DRIVES: tuple[Code, ...] = (
    Code(
        "drive-size-short",
        "warning",
        "drive",
        "The drive says that the disc is smaller than it is. Programs that believe it leave the "
        "end of the disc out: the boot slices of a Solaris disc.",
        "mkboot copy reads on past what the drive says. Where it gives no more, try another drive.",
    ),
    Code(
        "run-out-unreadable",
        "note",
        "disc",
        "The very last blocks cannot be read, and belong to nothing: burning programs write such "
        "blocks behind the disc's content, and drives often fail on them.",
        "Nothing: the copy is whole without them.",
    ),
    Code(
        "copy-holes",
        "error",
        "copy",
        "A copy has places that could not be read. It is not whole and does not get its name.",
        "Clean the disc and run the same command again: it tries only what is missing. Another "
        "drive often reads what one cannot; the map beside the copy goes with it.",
    ),
    Code(
        "copy-unstable",
        "error",
        "copy",
        "Places of a disc read differently each time, so that nobody knows what is on them.",
        "Clean the disc, or use another drive, and run the same command again.",
    ),
    Code(
        "copy-unexpected",
        "error",
        "copy",
        "A copy was read without an error, but is not what was expected of it.",
        "See where the expected value comes from: it may be of another edition, or of the ISO "
        "alone. Without --expect the same command gives the copy its name.",
    ),
    Code(
        "copy-mended",
        "warning",
        "copy",
        "Parts of an image were made up, because its source does not have them.",
        "Boot it before you rely on it, and look for a whole copy of the disc.",
    ),
)
