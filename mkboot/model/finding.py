# SPDX-License-Identifier: Apache-2.0
"""A finding: something that was noticed, with its severity, place and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` is a fixed word (see docs/findings.md); ``place`` says where, from outside in."""

    severity: Severity
    code: str
    place: str
    message: str
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """The finding as ``inspect --json`` prints it."""
        return {key: str(value) for key, value in asdict(self).items()}


def error(code: str, place: str, message: str, hint: str = "") -> Finding:
    """A finding that makes the thing bad."""
    return Finding(Severity.ERROR, code, place, message, hint)


def warning(code: str, place: str, message: str, hint: str = "") -> Finding:
    """A finding that may hurt somebody."""
    return Finding(Severity.WARNING, code, place, message, hint)


def note(code: str, place: str, message: str, hint: str = "") -> Finding:
    """A finding that is worth knowing."""
    return Finding(Severity.NOTE, code, place, message, hint)


def worst(findings: tuple[Finding, ...]) -> Severity | None:
    """The gravest severity among findings, or None."""
    for severity in Severity:
        if any(f.severity is severity for f in findings):
            return severity
    return None
