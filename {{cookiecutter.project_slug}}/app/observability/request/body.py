"""The body of a request that failed, as its event shows it."""

import json
import re
from typing import Any, Final
from urllib.parse import parse_qsl

MAX_BODY: Final = 64 * 1024  # bytes
MAX_FIELDS: Final = 200  # of a form; one of more isn't taken apart
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(r"boundary=\"?([^\";,\s]{1,70})", re.IGNORECASE)
_MAX_HEAD: Final = 1024  # bytes of a part's headers
_NAME: Final = re.compile(
    rb"form-data;[^\r\n]*?(?<![\w*-])name=(\")?((?(1)(?:[^\"\\\r\n]|\\.)*|[^\s;]*))",
    re.IGNORECASE,
)
_FILE: Final = re.compile(rb"(?<![\w-])filename\*?=", re.IGNORECASE)


def is_readable(content_type: str) -> bool:
    """Tell whether a body of this type says anything to a reader."""
    return content_type.lower().startswith((_JSON, _FORM, _MULTIPART, "text/"))


def readable(body: bytes, content_type: str, length: int) -> Any:
    """Return the first bytes of a body of `length` bytes as data where they can be read as such.

    Names can be told from values in data only, so that secrets are found by their names.
    """
    kind = content_type.lower()
    try:
        if kind.startswith(_MULTIPART):
            return _parts(body, content_type)
        if kind.startswith(_FORM):
            text = body.decode("utf-8", "replace")
            return _together(parse_qsl(text, True, max_num_fields=MAX_FIELDS))
        if kind.startswith(_JSON) and length == len(body):
            return json.loads(body)  # UTF-16 and UTF-32, too
    except (ValueError, RecursionError):
        pass
    text = body.decode("utf-8", "replace")
    return text if length == len(body) else f"(the first {len(body)} of {length} bytes) {text}"


def _together(fields: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return a form's fields: a name that comes again has a list."""
    told: dict[str, list[str]] = {}
    for name, value in fields:
        told.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in told.items()}


def _parts(body: bytes, content_type: str) -> dict[str, str | list[str]]:
    boundary = _BOUNDARY.search(content_type)
    if not boundary or body.count(b"\n--") > MAX_FIELDS:
        raise ValueError("no parts, or too many")
    fields = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode("latin-1"))[1:]:
        head, blank_line, content = part.partition(b"\r\n\r\n")
        if not blank_line:  # what comes after the last one
            continue
        name = _NAME.search(head[:_MAX_HEAD])
        is_file = _FILE.search(head[:_MAX_HEAD])
        shown = f"<{len(content)} bytes>" if is_file else content.decode("utf-8", "replace")
        fields.append((name[2].decode("utf-8", "replace") if name else "", shown))
    return _together(fields)
