"""Wrong keys, types and ranges in params.yaml: pydantic finds them, here they get their words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tasks.common.errors import nearest


def report(found: Collection[str]) -> str:
    """All complaints in one message, one a line."""
    count = f"{len(found)} things are" if len(found) > 1 else "one thing is"
    return f"params.yaml: {count} wrong.\n" + "\n".join(f"  {complaint}" for complaint in found)


def of_types(error: ValidationError, model: type[BaseModel], content: Mapping[str, Any]) -> list[str]:
    """One complaint for each place in the file that pydantic objects to."""
    complaints: dict[str, str] = {}
    for item in error.errors():
        path, value = _place(item["loc"], content, absent=item["type"] == "missing")
        if item["type"] == "extra_forbidden":
            keys = _keys_at(model, item["loc"][:-1])
            parent, key = ".".join(path.split(".")[:-1]) or "the file", str(item["loc"][-1])
            text = f"{parent} has no key '{key}'; known: {', '.join(keys)}.{nearest(key, keys)}"
        elif item["type"] == "missing":
            text = f"{path} is missing."
        elif item["type"] == "union_tag_invalid":
            kind, kinds = item["ctx"]["tag"], sorted(tag.strip("' ") for tag in item["ctx"]["expected_tags"].split(","))
            text = f"{path}.kind is '{kind}'; known: {', '.join(kinds)}.{nearest(kind, kinds)}"
        elif item["type"] == "own":  # of a whole block, which is too long to repeat
            text = f"{path}: {item['msg']}."
        else:
            text = f"{path} is {value!r}: {item['msg'][0].lower()}{item['msg'][1:]}."
        complaints[path] = f"{complaints[path][:-1]}, or {item['msg'].lower()}." if path in complaints else text
    return list(complaints.values())


def _place(location: tuple[int | str, ...], content: Any, *, absent: bool) -> tuple[str, Any]:
    """Dotted path and value, leaving out the names that pydantic adds for members of a union."""
    names: list[str] = []
    for index, part in enumerate(location):
        missing = absent and index == len(location) - 1
        if isinstance(content, Mapping) and (part in content or missing):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int):
            content = content[part]
        else:
            continue
        names.append(str(part))
    return ".".join(names), content


def _is(member: Any, tag: int | str) -> bool:
    """Whether this member of a union is the one that pydantic means by ``tag``: its kind, or without one its name."""
    kind = getattr(member, "model_fields", {}).get("kind")
    return tag in get_args(kind.annotation) if kind else tag == getattr(member, "__name__", None)


def _keys_at(annotation: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys that the model allows at a place."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _keys_at(arguments[0], location)
    if origin in (Union, UnionType):
        members = [member for member in arguments if location and _is(member, location[0])]
        return _keys_at(members[0], location[1:]) if members else []
    if origin in (dict, list):
        return _keys_at(arguments[-1], location[1:])
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return []
    fields = {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
    return _keys_at(fields[str(location[0])], location[1:]) if location else list(fields)
