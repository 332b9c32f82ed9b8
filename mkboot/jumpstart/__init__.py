# SPDX-License-Identifier: Apache-2.0
"""JumpStart: rules, profiles and sysidcfg read as Solaris reads them, and checked."""

from __future__ import annotations

from mkboot.jumpstart.check import CheckReport, check_directory
from mkboot.jumpstart.model import (
    Entry,
    Pair,
    Probe,
    Problem,
    Profile,
    ProfileLine,
    Rule,
    RulesFile,
    Severity,
    Sysidcfg,
    Unread,
    text,
)
from mkboot.jumpstart.profile import parse_profile
from mkboot.jumpstart.rules import parse_rules
from mkboot.jumpstart.sysidcfg import parse_sysidcfg
from mkboot.jumpstart.tables import RELEASES, release_named

__all__ = [
    "RELEASES",
    "CheckReport",
    "Entry",
    "Pair",
    "Probe",
    "Problem",
    "Profile",
    "ProfileLine",
    "Rule",
    "RulesFile",
    "Severity",
    "Sysidcfg",
    "Unread",
    "check_directory",
    "parse_profile",
    "parse_rules",
    "parse_sysidcfg",
    "release_named",
    "text",
]
