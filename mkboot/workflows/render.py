# SPDX-License-Identifier: Apache-2.0
"""A JumpStart directory out of a SITE file or a capture: made aside, checked, then named."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.jumpstart import Problem, Severity, check_directory, release_named
from mkboot.jumpstart.reading import MAX_FILE, MAX_NAMES
from mkboot.jumpstart.render import render_site
from mkboot.jumpstart.site import load_site
from mkboot.jumpstart.templating import Templates
from mkboot.output import PARTIAL, complete_files, sync_file
from mkboot.workflows.rendercapture import capture_files

#: Ends of names that are scripts.
_SCRIPTS = (".beg", ".fin")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was written, by name, and what the check had to say (warnings)."""

    files: tuple[str, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


class RefusedError(InputError):
    """What was rendered does not pass the check; ``problems`` say why."""

    problems: tuple[Problem, ...] = ()


def _refused(errors: tuple[Problem, ...]) -> RefusedError:
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    text = f"what comes out does not pass the check: {errors[0]}{more}"
    refused = RefusedError(text, hint="nothing was written")
    refused.problems = errors
    return refused


def render(
    site_file: Path, out: Path, *, templates: Path | None = None, force: bool = False
) -> Rendered:
    """A directory from a SITE file.

    ``templates`` is a folder that stands over mkboot's own, else the one that the SITE file
    names.  Raises ``InputError`` for a SITE file that cannot be meant and, as
    ``RefusedError``, for a directory that does not pass the check; then nothing is written.
    """
    site = load_site(site_file)
    release = site.head.release
    if release:
        try:
            release = release_named(release)
        except CallerError as e:
            raise site.error(("site", "release"), f"release: {e.message}") from e
    beside = site_file.parent
    folder = templates or (beside / site.head.templates if site.head.templates else None)
    given = _given(beside / site.head.files) if site.head.files else {}
    files = render_site(site, Templates(folder), given)
    return _write(out, files, release or None, force=force)


def render_capture(job: Path, out: Path, *, force: bool = False) -> Rendered:
    """A directory that lays a captured system's disks out again."""
    files, release, notes = capture_files(job)
    done = _write(out, files, release or None, force=force)
    return Rendered(done.files, done.warnings, notes)


def _given(folder: Path) -> dict[str, bytes]:
    """The files that a user adds as they are, those one folder down, too (``Drivers/x``)."""
    if not folder.is_dir():
        raise CallerError(f"{folder} is no folder of files")
    found: dict[str, bytes] = {}
    for path in sorted([*folder.glob("*"), *folder.glob("*/*")]):
        name = path.relative_to(folder).as_posix()
        if name.startswith(".") or "/." in name or not path.is_file():
            continue
        if path.stat().st_size > MAX_FILE or len(found) >= MAX_NAMES:
            raise CallerError(f"{path} is too much for a JumpStart directory")
        found[name] = path.read_bytes()
    return found


def _write(out: Path, files: Mapping[str, bytes], release: str | None, *, force: bool) -> Rendered:
    """Make the directory beside its place, check it there, give it its name."""
    there = _refuse(out, force=force)
    for name in files:
        _check_name(name)
    parent = out.absolute().parent
    if not parent.is_dir():
        raise CallerError(f"{parent} is no directory")
    with _aside(parent, out.name) as stage:
        _fill(stage, files)
        warnings, made = _checked(stage, release)
        whole = {**files, **made}
        if there:
            _replace(out, whole)
        else:
            _fill(stage, made)
            _name(stage, out)
    return Rendered(tuple(sorted(whole)), warnings)


def _refuse(out: Path, *, force: bool) -> bool:
    """Whether there is a directory already whose files are to be overwritten."""
    if not os.path.lexists(out):
        return False
    if not out.is_dir():
        raise CallerError(f"{out} is no directory", hint="give another name")
    if not any(out.iterdir()):
        return False
    if not force:
        raise CallerError(f"{out} is not empty", hint="--force overwrites its files")
    return True


def _check_name(name: str) -> None:
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or len(parts) > 2 or "\0" in name:
        raise CallerError(f"{name!r} cannot be a name in a JumpStart directory")


@contextmanager
def _aside(parent: Path, name: str) -> Iterator[Path]:
    """A directory that is gone when the block ends, unless it was given a name."""
    stage = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=PARTIAL, dir=parent))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
        path.chmod(_mode(name))
        sync_file(path)


def _mode(name: str) -> int:
    """Scripts may be run; what the umask forbids stays forbidden."""
    wanted = 0o777 if name.endswith(_SCRIPTS) else 0o666
    mask = os.umask(0)
    os.umask(mask)
    return wanted & ~mask


def _checked(stage: Path, release: str | None) -> tuple[tuple[Problem, ...], Mapping[str, bytes]]:
    """The warnings, and the .ok files; ``RefusedError`` where the check finds an error."""
    report = check_directory(stage, "rules", release, trust_ok=True)
    if not report.fine:
        raise _refused(tuple(p for p in report.problems if p.severity is Severity.ERROR))
    made = {"rules.ok": report.rules_ok, "custom_probes.ok": report.custom_probes_ok}
    return report.problems, {name: text for name, text in made.items() if text is not None}


def _replace(out: Path, files: Mapping[str, bytes]) -> None:
    """Overwrite in a directory that is there: all files get their names at the end."""
    paths = [out / name for name in files]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
    with complete_files(paths, force=True) as partials:
        for (name, text), partial in zip(files.items(), partials, strict=True):
            partial.write_bytes(text)
            partial.chmod(_mode(name))


def _name(stage: Path, out: Path) -> None:
    """The directory's name, with the permissions of any new one."""
    mask = os.umask(0)
    os.umask(mask)
    stage.chmod(0o777 & ~mask)
    stage.rename(out)
    sync_file(out.absolute().parent)
