"""The settings of a recipe by name: what `--set optim.lr=3e-4` means, what it may hold, and all of them as text.

A group of settings has the names that it came with, but for a field whose metadata says `{"names": "open"}`: that one
takes new names too, `--set mixture.domains.fashion=2`, or all at once, `--set 'mixture.domains={"fashion": 2}'`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from vitrina.recipes.plain import families, from_plain, hints, nearest, to_plain, type_name

_NOT_SET = object()


@dataclass(frozen=True)
class Setting:
    """One leaf of a recipe: `name` with dots, its `annotation` and present `value`."""

    name: str
    annotation: Any
    value: Any

    @property
    def about(self) -> str:
        return f"{self.name!r} ({type_name(self.annotation)}, {self.now})"

    @property
    def now(self) -> str:
        return "not set" if self.value is _NOT_SET else f"now {show(self.value)}"


def settings(value: object, *, prefix: str = "") -> list[Setting]:
    """Every setting below a dataclass, in the order of its fields."""
    found: list[Setting] = []
    for name, annotation in hints(type(value)).items():
        inner, path = getattr(value, name), f"{prefix}{name}"
        if is_dataclass(inner):
            found += settings(inner, prefix=f"{path}.")
        elif isinstance(inner, Mapping) and inner:
            member = get_args(annotation)[1]
            found += [Setting(f"{path}.{key}", member, each) for key, each in inner.items()]
        else:
            found.append(Setting(path, annotation, inner))
    return found


def changed(value: object, assignments: Iterable[str]) -> Any:
    """`value` with every `NAME=VALUE` of `assignments` set at once; ValueError names the nearest setting and its type.

    >>> changed(Optim(), ["lr=3e-4"]).lr
    0.0003
    """
    known = {each.name: each for each in settings(value)}
    groups = _open_groups(value)
    plain = to_plain(value)
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        name = name.strip()
        if not separator or not name:
            raise ValueError(f"{assignment!r} is not NAME=VALUE; for example {next(iter(known))}=…")
        group = next((each for each in groups if name == each or name.startswith(f"{each}.")), None)
        if group is None and name not in known:
            raise ValueError(_unknown(name, known))
        setting = known[name] if group is None else _in_group(name, group=group, known=known, groups=groups)
        try:
            new = _parse(text.strip(), setting.annotation)
            checked = to_plain(from_plain(setting.annotation, new, where=name))
        except ValueError as error:
            if isinstance(error, json.JSONDecodeError):
                raise ValueError(f"{name} is not JSON: {text.strip()!r}: {error}") from error
            if text.strip()[:1] in ("[", "{"):
                raise
            if name == group:
                raise ValueError(f"{name!r} is a group whose names are yours to choose: {name}.NAME=VALUE") from error
            raise ValueError(f"{name} must be {type_name(setting.annotation)}, not {text!r} ({setting.now})") from error
        _put(plain, name, group=group, value=checked)
    return from_plain(type(value), plain, where=type(value).__name__.lower())


def describe(value: object) -> str:
    """All settings, one per line, aligned."""
    every = settings(value)
    width = max(len(each.name) for each in every)
    return "\n".join(f"{each.name:<{width}}  {show(each.value)}" for each in every)


def show(value: Any) -> str:
    """A value as one would type it after `NAME=`."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return json.dumps(to_plain(value), ensure_ascii=False)
    if isinstance(value, tuple):
        if any(is_dataclass(each) for each in value):
            return json.dumps(to_plain(value))
        return ",".join(show(each) for each in value)
    return str(value)


def _open_groups(value: object, *, prefix: str = "") -> dict[str, Any]:
    """The annotations of the groups below a dataclass that take new names."""
    assert is_dataclass(value)
    annotations, found = hints(type(value)), {}
    for each in fields(value):
        inner = getattr(value, each.name)
        if is_dataclass(inner):
            found |= _open_groups(inner, prefix=f"{prefix}{each.name}.")
        elif each.metadata.get("names") == "open":
            found[f"{prefix}{each.name}"] = annotations[each.name]
    return found


def _in_group(name: str, *, group: str, known: Mapping[str, Setting], groups: Mapping[str, Any]) -> Setting:
    """A name of an open group, there already or new, or the group as a whole."""
    if name == group:
        return Setting(name, groups[group], _NOT_SET)
    return known.get(name) or Setting(name, get_args(groups[group])[1], _NOT_SET)


def _put(plain: Any, name: str, *, group: str | None, value: Any) -> None:
    """Write a setting's plain value into a plain recipe. A name of an open group may hold dots of its own."""
    path = name.split(".") if group is None else group.split(".")
    if group is not None and name != group:
        path.append(name[len(group) + 1 :].strip())
    *parents, last = path
    for parent in parents:
        plain = plain[parent]
    plain[last] = value


def _unknown(name: str, known: Mapping[str, Setting]) -> str:
    inside = [each for each in known if each.startswith(f"{name}.")]
    if inside:
        return f"{name!r} is a group of settings: {', '.join(inside)}"
    close = nearest(name, list(known))
    hint = f"the nearest is {known[close].about}" if close else f"there are {', '.join(known)}"
    return f"there is no setting {name!r}; {hint}"


def _parse(text: str, annotation: Any) -> Any:
    """The plain value that `text` spells for a type; ValueError where it spells none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType) and not families(annotation):
        return _parse_union(text, arguments)
    if origin is Literal:
        return next((each for each in arguments if str(each) == text), text)
    if origin is tuple:
        if text.startswith("["):
            return json.loads(text)
        member = arguments[0]
        return [_parse(each.strip(), member) for each in text.split(",")] if text else []
    if annotation is bool:
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else text
    if annotation is int:
        return _whole(text)
    if annotation is float:
        return float(text)
    return json.loads(text) if text.startswith("{") else text


def _parse_union(text: str, members: tuple[Any, ...]) -> Any:
    if NoneType in members and text.lower() in ("none", "null"):
        return None
    for member in (each for each in members if each is not NoneType):
        try:
            return to_plain(from_plain(member, _parse(text, member), where=""))
        except ValueError:
            continue
    raise ValueError(text)


def _whole(text: str) -> int:
    """`2000`, `2_000` and `2e3` are the same number of steps."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not number.is_integer():
            raise ValueError(text) from None
        return int(number)
