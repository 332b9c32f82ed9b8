# SPDX-License-Identifier: Apache-2.0
"""SVR4 Bourne shell: quoting, a tokeniser, a linter, the words that Solaris has."""

from __future__ import annotations

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.lint import functions_of, lint, lint_plan
from mkboot.bourne.quote import (
    JINJA_FILTERS,
    operand,
    operand_text,
    quote,
    quote_text,
    script_bytes,
)
from mkboot.bourne.tokenise import scan, tokenise
from mkboot.bourne.tokens import HereDocument, Kind, Part, PartKind, Quote, Scanned, Token, Trouble

__all__ = [
    "JINJA_FILTERS",
    "HereDocument",
    "Kind",
    "LintFinding",
    "Part",
    "PartKind",
    "Quote",
    "Scanned",
    "Token",
    "Trouble",
    "functions_of",
    "lint",
    "lint_plan",
    "operand",
    "operand_text",
    "quote",
    "quote_text",
    "scan",
    "script_bytes",
    "tokenise",
]
