"""Dataclasses from stored JSON, checked against their annotations."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from catalog.errors import CatalogError

T = TypeVar("T")


class StoredJsonError(CatalogError):
    """Stored JSON does not match the dataclass that reads it."""


def from_json(kind: type[T], value: Any) -> T:
    """An instance of the dataclass `kind` from what `dataclasses.asdict` wrote, after a round trip through JSON.

    Fields may be numbers, strings, booleans, literals, dataclasses, tuples of one type, and optional. Values annotated
    as anything else (mappings, `Any`) are taken as they are. Raises StoredJsonError for a missing or an unknown key and
    for a value of another type.
    """
    if not isinstance(value, Mapping):
        raise StoredJsonError(f"{kind.__name__}: expected an object, not {type(value).__name__}")
    declared = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(value.keys() - declared.keys()):
        raise StoredJsonError(f"{kind.__name__}: unknown key {unknown[0]!r}")
    hints = _hints(kind)  # type: ignore[arg-type]
    values = {}
    for name, field in declared.items():
        if name in value:
            values[name] = _convert(hints[name], value[name], f"{kind.__name__}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise StoredJsonError(f"{kind.__name__}: {name!r} is missing")
    return kind(**values)


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _convert(hint: Any, value: Any, place: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        [inner] = [one for one in arguments if one is not type(None)]
        return None if value is None else _convert(inner, value, place)
    if is_dataclass(hint):
        return from_json(hint, value)  # type: ignore[arg-type]
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_convert(arguments[0], item, place) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    is_valid = value in arguments if origin is Literal else True
    if hint in (int, float, str, bool):
        is_valid = type(value) is hint
    if origin is tuple or not is_valid:
        raise StoredJsonError(f"{place}: unexpected value {value!r:.80}")
    return value
