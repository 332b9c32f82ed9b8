# SPDX-License-Identifier: Apache-2.0
"""``job.toml``: read whole, written with comments for the person who edits it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.model.codec import from_document
from mkboot.model.job import (
    SCHEMA,
    SEGMENT_MAX,
    SEGMENT_UNIT,
    STRATEGIES,
    Job,
    JobFileSystem,
)
from mkboot.model.sizes import medium_bytes
from mkboot.output import write_text
from mkboot.tree.names import show

NAME = "job.toml"


def load_job(folder: Path) -> Job:
    """The job in ``folder``; ``CallerError`` without one, ``InputError`` for a broken one."""
    path = folder / NAME
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise CallerError(
            f"{folder} is no job: it has no {NAME}", hint="mkboot prepare makes one"
        ) from None
    except UnicodeDecodeError as e:
        raise InputError("is not UTF-8", place=(str(path),)) from e
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        line = re.search(r" \(at line (\d+), column \d+\)", str(e))
        where = f"{path}:{line[1]}" if line else str(path)
        text = str(e).replace(line[0], "") if line else str(e)
        raise InputError(f"not TOML: {text}", place=(where,)) from e
    except RecursionError as e:
        raise InputError("nests too deep", place=(str(path),)) from e
    job = from_document(Job, document, (str(path),))
    if job.schema != SCHEMA:
        raise InputError(f"is schema {job.schema}, this mkboot reads {SCHEMA}", place=(str(path),))
    problem = _problem(job)
    if problem:
        raise InputError(problem, place=(str(path),))
    return job


def _problem(job: Job) -> str:
    """What a person may have written that cannot be meant; empty if nothing."""
    if job.segment <= 0 or job.segment % SEGMENT_UNIT or job.segment >= SEGMENT_MAX:
        return f"segment: {job.segment} is no multiple of {SEGMENT_UNIT} below 2 GiB"
    if job.strategy not in STRATEGIES:
        return f"strategy: {job.strategy!r} is none of {', '.join(STRATEGIES)}"
    try:
        medium_bytes(job.media)
    except CallerError as e:
        return f"media: {e.message}"
    if not job.name or "/" in job.name or not job.name.isprintable():
        return f"name: {job.name!r} is no name"
    if not job.source:
        return "source: no disk is named"
    if any(b"\0" in file for file in (job.base, *(s.file for s in job.source), *job.nvram)):
        return "base, file, nvram: there is no file with a NUL in its name"
    names = [fs.slice for fs in job.file_system]
    for fs in job.file_system:
        if names.count(fs.slice) > 1:
            return f"file_system: {fs.slice} stands there twice"
        if fs.mount and not fs.mount.startswith(b"/"):
            return f"file_system: {fs.slice}: mount '{show(fs.mount)}' does not begin with /"
    return ""


def save_job(folder: Path, job: Job, *, force: bool) -> None:
    """Write ``job.toml`` with its comments."""
    write_text(folder / NAME, "\n".join(_lines(job)) + "\n", force=force)


def _lines(job: Job) -> Iterator[str]:
    yield "# What mkboot prepare found and decided. Edit it before mkboot capture; unknown keys"
    yield "# are errors. docs/job-toml.md says what everything means."
    yield f"schema = {job.schema}"
    yield f"name = {_text(job.name)}"
    yield "# The install disc that the recovery discs boot from."
    yield f"base = {_text(show(job.base))}"
    yield "# cd650, cd700, dvd, dvd-dl, or a size such as 650M."
    yield f"media = {_text(job.media)}"
    yield "# auto, single, root-first, two-drive."
    yield f"strategy = {_text(job.strategy)}"
    yield "# Bytes in a segment, a multiple of 65536."
    yield f"segment = {job.segment}"
    yield "# How segments are compressed on the discs: none, compress, or (8 and later) gzip."
    yield f"compress = {_text(job.compress.value)}"
    yield "# Outputs of eeprom, prtconf -pv, banner, printenv, devalias, hostid: for the run book."
    yield f"nvram = [{', '.join(_text(show(file)) for file in job.nvram)}]"
    for source in job.source:
        yield ""
        yield "[[source]]"
        yield f"disk = {_text(source.disk)}"
        yield f"file = {_text(show(source.file))}"
    for fs in job.file_system:
        yield ""
        yield from _file_system(fs)


def _file_system(fs: JobFileSystem) -> Iterator[str]:
    yield "[[file_system]]"
    yield f"slice = {_text(fs.slice)}"
    yield f"mount = {_text(show(fs.mount))}"
    yield f"include = {'true' if fs.include else 'false'}"
    yield f"exclude = [{', '.join(_text(show(path)) for path in fs.exclude)}]"


def _text(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
