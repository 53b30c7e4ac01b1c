"""Typed frozen dataclasses to and from plain JSON values, checked against their annotations.

What may stand in a field: int, float, bool, str, None, Literal, tuples, `Mapping[str, float]`, dataclasses, unions of
these, and closed unions of dataclasses, told apart by a `"family"` tag. Nothing is ever imported by a name that a file
holds.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

FAMILY = "family"


def to_plain(value: object) -> Any:
    """Dataclasses become dictionaries, tuples become lists; members of the closed union carry their tag."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _tagged(value, name, annotation) for name, annotation in hints(type(value)).items()}
    if isinstance(value, Mapping):
        return {str(name): to_plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    assert value is None or isinstance(value, bool | int | float | str), f"{type(value).__name__} has no plain form"
    return value


def from_plain(annotation: Any, plain: Any, *, where: str) -> Any:
    """The value of type `annotation` that `plain` describes; ValueError names the place `where` it does not fit."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _union(annotation, plain, where=where)
    if is_dataclass(annotation):
        return _dataclass(annotation, plain, where=where)  # type: ignore[arg-type]  # a class, checked above
    if origin is Literal:
        if any(plain == each and type(plain) is type(each) for each in arguments):
            return plain
        raise ValueError(f"{where} must be {type_name(annotation)}, not {plain!r}")
    if origin is tuple:
        return _tuple(annotation, plain, where=where)
    if origin in (Mapping, dict):
        return _mapping(annotation, plain, where=where)
    return _scalar(annotation, plain, where=where)


def hints(cls: type) -> dict[str, Any]:
    """The resolved annotations of a dataclass's fields, in their order."""
    resolved = get_type_hints(cls)
    return {each.name: resolved[each.name] for each in fields(cls)}  # type: ignore[arg-type]  # dataclasses only


def family_of(cls: type) -> str:
    """`ClipConfig` is tagged `clip`; `GroupViTConfig` is `groupvit`, one word as its authors write it."""
    name = cls.__name__.removesuffix("Config").replace("ViT", "vit")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def type_name(annotation: Any) -> str:
    """An annotation in a user's words: `float`, `int or none`, `one of random, spread`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " or ".join(type_name(each) for each in arguments)
    if origin is Literal:
        return "one of " + ", ".join(str(each) for each in arguments)
    if origin is tuple:
        inner = type_name(arguments[0])
        return f"a list of {inner}" if arguments[-1] is Ellipsis else f"a list of {len(arguments)} × {inner}"
    if origin in (Mapping, dict):
        return "a group of settings"
    if annotation is NoneType or annotation is None:
        return "none"
    return "true or false" if annotation is bool else annotation.__name__


def nearest(name: str, names: Sequence[str]) -> str | None:
    """The valid name that a misspelt one most likely meant: close as a whole, or in its last part."""
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return close[0]
    by_end = {each.rpartition(".")[2]: each for each in reversed(names)}
    close = get_close_matches(name.rpartition(".")[2], list(by_end), n=1, cutoff=0.6)
    return by_end[close[0]] if close else None


def families(annotation: Any) -> dict[str, type]:
    """The members of a closed union of dataclasses by tag; empty where `annotation` is no such union."""
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()
    tagged = {family_of(each): each for each in members if isinstance(each, type) and is_dataclass(each)}
    return tagged if len(tagged) > 1 else {}


def _tagged(value: object, name: str, annotation: Any) -> Any:
    inner = getattr(value, name)
    plain = to_plain(inner)
    return {FAMILY: family_of(type(inner))} | plain if families(annotation) and inner is not None else plain


def _union(annotation: Any, plain: Any, *, where: str) -> Any:
    members, known = get_args(annotation), families(annotation)
    if plain is None and NoneType in members:
        return None
    if known and isinstance(plain, Mapping):
        tag = plain.get(FAMILY)
        if tag not in known:
            raise ValueError(f"{where}.{FAMILY} must be one of {', '.join(sorted(known))}, not {tag!r}")
        return from_plain(known[tag], {name: each for name, each in plain.items() if name != FAMILY}, where=where)
    reasons: list[ValueError] = []
    for member in (each for each in members if each is not NoneType):
        try:
            return from_plain(member, plain, where=where)
        except ValueError as reason:
            reasons.append(reason)
    if len(reasons) == 1 and isinstance(plain, Mapping):
        raise reasons[0]
    raise ValueError(f"{where} must be {type_name(annotation)}, not {plain!r}")


def _dataclass(cls: type, plain: Any, *, where: str) -> Any:
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where} must be a group of settings, not {plain!r}")
    known = hints(cls)
    unknown = [name for name in plain if name not in known]
    if unknown:
        close = nearest(unknown[0], list(known))
        hint = f"; the nearest known one is {close!r}" if close else ""
        raise ValueError(f"{where} has a field {unknown[0]!r} that this version does not know{hint}")
    missing = [
        each.name
        for each in fields(cls)  # type: ignore[arg-type]  # a dataclass by the caller's check
        if each.name not in plain and each.default is MISSING and each.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"{where} lacks {missing[0]!r}")
    values = {name: from_plain(known[name], plain[name], where=f"{where}.{name}") for name in known if name in plain}
    return cls(**values)


def _tuple(annotation: Any, plain: Any, *, where: str) -> tuple[Any, ...]:
    arguments = get_args(annotation)
    if not isinstance(plain, list | tuple):
        raise ValueError(f"{where} must be {type_name(annotation)}, not {plain!r}")
    members = arguments[:1] * len(plain) if arguments[-1] is Ellipsis else arguments
    if len(members) != len(plain):
        raise ValueError(f"{where} must be {type_name(annotation)}, not {len(plain)} values")
    pairs = zip(members, plain, strict=True)
    return tuple(from_plain(member, each, where=f"{where}[{at}]") for at, (member, each) in enumerate(pairs))


def _mapping(annotation: Any, plain: Any, *, where: str) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where} must be a group of settings, not {plain!r}")
    member = get_args(annotation)[1]
    return MappingProxyType(
        {str(name): from_plain(member, each, where=f"{where}.{name}") for name, each in plain.items()}
    )


def _scalar(annotation: Any, plain: Any, *, where: str) -> Any:
    is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
    if annotation is float and is_number and math.isfinite(plain):
        return float(plain)
    if annotation in (NoneType, None) and plain is None:
        return None
    if annotation in (int, bool, str) and type(plain) is annotation:
        return plain
    raise ValueError(f"{where} must be {type_name(annotation)}, not {plain!r}")
