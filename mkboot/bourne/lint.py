# SPDX-License-Identifier: Apache-2.0
"""What a script may not hold if a Sun is to run it: the rules, over the whole text.

The rules' words are data (``words/rules.toml``), and so are the shell's and the userland's.
What no linter finds is a value lost through a function, ``wait``'s status and IFS: for
those, scripts are run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.nodes import Function
from mkboot.bourne.planfile import lint_plan
from mkboot.bourne.rules_command import command_rules
from mkboot.bourne.rules_scope import scope_rules
from mkboot.bourne.rules_token import text_rules, token_rules
from mkboot.bourne.rules_topic import topic_rules
from mkboot.bourne.script import all_nodes, read_script
from mkboot.bourne.words.data import known_releases, topics
from mkboot.bourne.world import World, survey
from mkboot.errors import CallerError, InputError

__all__ = ["functions_of", "lint", "lint_plan"]

#: More than this is no script; some rules look at the whole text for each loop.
MAX_SCRIPT = 1 << 20
_RULES = (token_rules, scope_rules, command_rules, topic_rules)


def lint(
    text: bytes,
    *,
    name: str,
    releases: Sequence[str],
    allowed_commands: Collection[str] | None = None,
    functions: Collection[str] = (),
    trusted: Collection[str] = (),
    forbid: Collection[str] = (),
) -> tuple[LintFinding, ...]:
    """All findings in a script for /bin/sh of Solaris, in the order of its lines.

    ``releases`` are those that it must run on ("2.6", "9", ...).  ``allowed_commands`` are
    the commands of a miniroot, names or absolute paths: then every other command is an
    error, and the table of releases is not asked.  ``functions`` are defined elsewhere (by a
    file that the script reads with ``.``).  ``forbid`` are topics: "nis", "nfs", "floppy",
    "tape".  A command whose presence the script tests (``[ -x /usr/bin/x ]``, ``type x``) is
    taken as looked after, and so is one that is ``trusted`` (it is called only where the
    release has it).  ``name`` stands in the error for a wrong argument.

    Raises :class:`CallerError` for a release or topic that nobody knows, and
    :class:`InputError` for a text of more than 1 MiB.
    """
    if unknown := sorted(set(forbid) - set(topics())):
        raise CallerError(f"{name}: nothing is known of {', '.join(unknown)}")
    if len(text) > MAX_SCRIPT:
        raise InputError(f"a script of {len(text)} bytes is not looked at", place=(name,))
    root = read_script(text)
    chosen = known_releases(releases)
    world = survey(root, chosen, allowed_commands, tuple(sorted(forbid)), functions, trusted)
    return tuple(sorted({*text_rules(text), *_findings(world)}))


def functions_of(text: bytes) -> frozenset[str]:
    """The functions that a script defines, for another that reads it with ``.``."""
    root = read_script(text)
    nodes = [node for script in root.everywhere() for node in all_nodes(script.nodes)]
    names = [node.name for node in nodes if isinstance(node, Function)]
    return frozenset(name.decode("latin-1") for name in names)


def _findings(world: World) -> Iterator[LintFinding]:
    for script in world.root.everywhere():
        for rule in _RULES:
            yield from rule(script, world)
