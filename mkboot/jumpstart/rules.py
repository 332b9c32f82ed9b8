# SPDX-License-Identifier: Apache-2.0
"""The rules file: ``[!]keyword value [&& ...] begin profile finish``, one rule on a line.

A backslash at the end of a line goes on with the next, ``#`` begins a comment anywhere, values
may stand in quotes.  Sources: facts 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mkboot.jumpstart.model import Pair, Probe, Problem, Rule, RulesFile, Unread
from mkboot.jumpstart.plain import byte_problems, encode, is_prose, lines_of, not_text, shown
from mkboot.jumpstart.rulechecks import check_rules
from mkboot.jumpstart.ruleparts import (
    BLANKS_BEHIND,
    NO_OR,
    Cursor,
    Logical,
    Token,
    blanks_behind,
    logical_lines,
    value_count,
)
from mkboot.jumpstart.tables import tables
from mkboot.jumpstart.telling import Teller, in_order

#: Words that people write where only && is known.
_OR = ("||", "or", "OR", "|")
#: A rule with more words than this is none.
_MAX_TOKENS = 1000
_AND = ("&&", "and", "AND", "&", ",", "&amp;&amp;")


@dataclass(frozen=True)
class Custom:
    """What custom_probes defines: keywords for rules (``cmp_x``) and ``probe`` (``probe_x``)."""

    rules: frozenset[str] = frozenset()
    probes: frozenset[str] = frozenset()


NO_CUSTOM = Custom()


def parse_rules(
    text: bytes, name: str = "rules", *, custom: Custom = NO_CUSTOM, release: str | None = None
) -> tuple[RulesFile, tuple[Problem, ...]]:
    """Read a rules file; everything that is wrong comes along, nothing is raised.

    A rule that cannot be read is kept as ``Unread``, so ``model.text`` gives the file back.
    """
    lines = lines_of(text)
    teller = Teller(name, release)
    reader = _Reader(teller, custom)
    items = tuple(reader.item(logical) for logical in logical_lines(lines))
    value = RulesFile(items)
    problems = [*byte_problems(text, name, lines)]
    if not_text(text):
        return value, tuple(problems)
    problems += reader.problems
    problems += [teller.warning(at, BLANKS_BEHIND) for at in blanks_behind(lines)]
    problems += check_rules(value, teller, unreadable=reader.unreadable)
    return value, in_order(problems)


class _Reader:
    def __init__(self, teller: Teller, custom: Custom) -> None:
        self.teller = teller
        self.custom = custom
        self.problems: list[Problem] = []
        self.unreadable = False
        self.known = {*tables("rules").keywords, *custom.rules}

    def item(self, logical: Logical) -> Rule | Probe | Unread:
        raw = encode(logical.raw)
        if logical.open_quote:
            self._open_quote(logical)
            return Unread(logical.number, raw)
        if not logical.tokens:
            return Unread(logical.number, raw)
        words = [token.text for token in logical.tokens]
        if words[0] == "probe" and "&&" not in words and len(words) < 5:
            return self._probe(logical.tokens, raw)
        return self._rule(logical.tokens, raw) or Unread(logical.number, raw)

    def _open_quote(self, logical: Logical) -> None:
        words = logical.raw.split()
        if words[0] not in self.known and is_prose(words):
            known = (words[0], self.known, "rule keyword", words[1:])
            self.problems.append(self.teller.unknown(logical.line, *known))
            self.unreadable = True
            return
        if re.search(r"[A-Za-z]'[a-z]", logical.raw) and (prose := _prose_in(words)):
            self._prose(logical.line, prose)
            return
        message = f"a quote {logical.open_quote} is not closed"
        self.tell(logical.line, message, "the same quote again on the line")

    def _prose(self, line: int, words: list[str]) -> None:
        message = f"prose stands behind the rule: '{shown(' '.join(words))}'"
        self.tell(line, message, "# before it")

    def tell(self, line: int, message: str, expected: str = "") -> None:
        self.problems.append(self.teller.error(line, message, expected))
        self.unreadable = True

    def _probe(self, tokens: tuple[Token, ...], raw: bytes) -> Probe:
        words = tuple(token.text for token in tokens[1:])
        line = tokens[0].line
        self._check_probe(words, line)
        return Probe(words[0] if words else "", words[1:], line, raw)

    def _check_probe(self, words: tuple[str, ...], line: int) -> None:
        names = {*tables("rules").lists["probes"], *self.custom.probes}
        if not words:
            self.tell(line, "probe: a value is missing", f"one of {', '.join(sorted(names))}")
        elif words[0] not in names:
            problem = self.teller.unknown(line, words[0], names, "probe keyword", [])
            self.problems.append(problem)
        elif len(words) > 1 and words[0] not in self.custom.probes:
            self.tell(line, f"probe: '{words[1]}' is too much", "nothing more on the line")

    def _rule(self, tokens: tuple[Token, ...], raw: bytes) -> Rule | None:
        if len(tokens) > _MAX_TOKENS:
            self.tell(tokens[0].line, f"a rule of {len(tokens)} words", "a shorter one")
            return None
        cursor = Cursor(tokens)
        pairs: list[Pair] = []
        while True:
            pair = self._pair(cursor)
            if pair is None:
                self.unreadable = True
                return None
            pairs.append(pair)
            if cursor.peek() != "&&":
                break
            cursor.take()
        ends = [token.text for token in cursor.rest()]
        if len(ends) != 3:
            self._wrong_end(cursor, ends)
            return None
        return Rule(tuple(pairs), ends[0], ends[1], ends[2], tokens[0].line, raw)

    def _pair(self, cursor: Cursor) -> Pair | None:
        """One ``[!]keyword values``; None where it cannot be told what was meant."""
        if cursor.peek() is None:
            self.tell(cursor.line, "the rule ends after &&", "a rule keyword")
            return None
        first = cursor.take()
        negated = first.text.startswith("!") and not first.quoted
        keyword = first.text[1:] if negated else first.text
        if negated and not keyword:
            if cursor.peek() is None:
                self.tell(first.line, "the rule ends after !", "a rule keyword")
                return None
            keyword = cursor.take().text
        if keyword not in self.known:
            rest = [token.text for token in cursor.rest()]
            problem = self.teller.unknown(first.line, keyword, self.known, "rule keyword", rest)
            self.problems.append(problem)
            return None
        values = self._values(cursor, keyword, first.line)
        return None if values is None else Pair(negated, keyword, values, first.line)

    def _values(self, cursor: Cursor, keyword: str, line: int) -> tuple[str, ...] | None:
        if keyword in self.custom.rules:
            return tuple(token.text for token in cursor.until_and())
        row = tables("rules").keywords[keyword]
        taken = cursor.take_values(value_count(row))
        words = tuple(token.text for token in taken)
        if len(words) < value_count(row):
            self.problems += list(self.teller.judge(row, words, line))
            return None
        if keyword == "probe":
            self._check_probe(words, line)
        else:
            self.problems += list(self.teller.judge(row, words, line))
        return words

    def _wrong_end(self, cursor: Cursor, ends: list[str]) -> None:
        line = cursor.line
        if is_prose(ends[3:]):
            self._prose(line, ends[3:])
        elif ends and ends[0] in _OR:
            self.tell(line, f"'{ends[0]}': {NO_OR}", "two rules")
        elif len(ends) > 3 and (ends[0].lstrip("!") in self.known or ends[0] in _AND):
            self.tell(line, f"'{ends[0]}' stands where a rule goes on", "&& between two keywords")
        else:
            count = {0: "nothing stands", 1: "one word stands", 2: "two words stand"}
            told = count.get(len(ends), f"{len(ends)} words stand")
            self.tell(line, f"{told} behind the keywords", "begin, profile and finish")


def _prose_in(words: list[str]) -> list[str]:
    """The prose at the end of a line, none where there is none."""
    starts = (at for at, word in enumerate(words) if word.lstrip("[(").istitle())
    return next((words[at:] for at in starts if is_prose(words[at:])), [])


def custom_of(functions: Collection[str]) -> Custom:
    """The keywords that the functions of a custom_probes file define."""
    return Custom(frozenset(_after("cmp_", functions)), frozenset(_after("probe_", functions)))


def _after(prefix: str, names: Collection[str]) -> Iterator[str]:
    return (name.removeprefix(prefix) for name in names if name.startswith(prefix))
