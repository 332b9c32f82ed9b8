# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses to and from JSON and TOML documents, checked key by key.

A document is dicts, lists, strings, numbers and booleans.  Bytes (names, paths) become
text by ``tree.names.show``.  An unknown key, a missing one without a default, and a value
of the wrong type are an ``InputError`` whose place is the path into the document.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import StrEnum
from types import UnionType
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

from mkboot.errors import BugError, InputError
from mkboot.tree.names import show, unshow

Value = object
T = TypeVar("T")


def to_document(value: object) -> Value:
    """A dataclass (and what is in it) as a document."""
    if isinstance(value, bytes):
        return show(value)
    if isinstance(value, StrEnum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_document(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_document(item) for item in value]
    if value is None or isinstance(value, (str, int, bool, float)):
        return value
    raise BugError(f"{type(value).__name__} cannot stand in a document")


def from_document(kind: type[T], document: Value, place: tuple[str, ...] = ()) -> T:
    """A ``kind`` made from a document; the errors are described at the top."""
    return cast("T", _value(kind, document, place))


def dumps(value: object) -> str:
    """A dataclass as JSON text that ends with a newline; the same value, the same text."""
    return json.dumps(to_document(value), indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def loads(kind: type[T], text: str | bytes, place: tuple[str, ...] = ()) -> T:
    """A ``kind`` from JSON text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise InputError(f"not JSON: {e}", place=place) from e
    return from_document(kind, document, place)


def _short(item: Value) -> str:
    """A value for a message: what a document holds may be long, and nobody's business."""
    text = repr(item)
    return text if len(text) <= 60 else text[:57] + "..."


def _value(kind: object, item: Value, place: tuple[str, ...]) -> object:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = [a for a in get_args(kind) if a is not type(None)]
        return None if item is None else _value(inner[0], item, place)
    if origin is tuple:
        return _tuple(get_args(kind)[0], item, place)
    if origin in (dict, Mapping):
        return _mapping(get_args(kind)[1], item, place)
    if isinstance(kind, type):
        if dataclasses.is_dataclass(kind):
            return _dataclass(kind, item, place)
        return _plain(kind, item, place)
    raise BugError(f"{kind} cannot be read from a document")


def _plain(kind: type, item: Value, place: tuple[str, ...]) -> object:
    if kind is bytes and isinstance(item, str):
        return unshow(item)
    if issubclass(kind, StrEnum) and isinstance(item, str):
        try:
            return kind(item)
        except ValueError:
            wanted = ", ".join(kind)
            raise InputError(f"{_short(item)} is none of {wanted}", place=place) from None
    if isinstance(item, kind) and (kind is bool or not isinstance(item, bool)):
        return item
    names = {str: "a text", int: "a number", bool: "true or false", bytes: "a text"}
    raise InputError(f"wants {names.get(kind, kind.__name__)}, has {_short(item)}", place=place)


def _tuple(kind: object, item: Value, place: tuple[str, ...]) -> tuple[object, ...]:
    if not isinstance(item, list):
        raise InputError(f"wants a list, has {_short(item)}", place=place)
    return tuple(_value(kind, each, (*place, str(n))) for n, each in enumerate(item))


def _mapping(kind: object, item: Value, place: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(item, dict):
        raise InputError(f"wants keys and values, has {_short(item)}", place=place)
    return {str(key): _value(kind, each, (*place, str(key))) for key, each in item.items()}


def _dataclass(kind: type, item: Value, place: tuple[str, ...]) -> object:
    if not isinstance(item, dict):
        raise InputError(f"wants keys and values, has {_short(item)}", place=place)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = [key for key in item if key not in fields]
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r}", place=place)
    hints = get_type_hints(kind)
    values: dict[str, object] = {}
    for name, field in fields.items():
        if name in item:
            values[name] = _value(hints[name], item[name], (*place, name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise InputError(f"key {name!r} is missing", place=place)
    return kind(**values)
