"""The body of a request that failed, as its event shows it."""

import json
from email import policy
from email.parser import BytesParser
from typing import Any, Final
from urllib.parse import parse_qsl

MAX_BODY: Final = 64 * 1024  # bytes
MAX_FIELDS: Final = 200  # of a form; one of more isn't taken apart
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


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
    if body.count(b"\n--") > MAX_FIELDS:
        raise ValueError("too many parts")
    header = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=policy.compat32).parsebytes(header + body)
    fields = []
    for part in message.walk() if message.is_multipart() else ():
        if part.is_multipart():
            continue
        name = str(part.get_param("name", "", header="content-disposition"))
        content = bytes(part.get_payload(decode=True) or b"")
        is_file = part.get_filename() is not None
        shown = f"<{len(content)} bytes>" if is_file else content.decode("utf-8", "replace")
        fields.append((name, shown))
    return _together(fields)
