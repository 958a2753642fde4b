"""The request of an event: as it was sent where that is told, else as it may have been."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from .invented import values
from .operation import Operation, plain
from .variables import FILTERED

Json = dict[str, Any]

_CUT: Final = "…"
_ENCODED: Final = quote(FILTERED)
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
# What the client, or the transport, says by itself.
_OWN_HEADERS: Final = frozenset({"host", "content-length", "connection", "user-agent"})


@dataclass
class Rebuilt:
    """A request, and how each of its parts that the event doesn't tell was found."""

    method: str
    path: str = "/"
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None  # the body, in one of these
    form: dict[str, Any] = field(default_factory=dict)
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    text: str | None = None
    filled: list[str] = field(default_factory=list)


class Rebuild:
    """One attempt: where several values may be right, each attempt takes another one."""

    def __init__(self, event: Json, operation: Operation, attempt: int) -> None:
        self._event = event
        self._request: Json = event["request"]
        self._operation = operation
        self._attempt = attempt
        self._made = Rebuilt(self._request["method"])
        self.has_more = False  # another attempt would take other values

    def made(self) -> Rebuilt:
        """Return the request."""
        self._made.path = self._path()
        self._made.query = list(self._query())
        self._headers()
        self._body()
        return self._made

    def _path(self) -> str:
        path = urlsplit(self._request["url"]).path or "/"
        if not _is_unknown(path):
            return path
        given = self._event["contexts"].get("path_params")
        given = given if isinstance(given, dict) else {}
        schemas = {found["name"]: found for found in self._operation.parameters("path")}
        path = plain(self._event["transaction"])
        for name in _names_in(path):
            value = given.get(name)
            if not isinstance(value, str) or _is_unknown(value):
                schema = schemas.get(name, {}).get("schema", {"type": "string"})
                value = str(self._fill("path", name, schema))
            path = path.replace(f"{{{name}}}", quote(value))
        return path

    def _query(self) -> Iterator[tuple[str, str]]:
        told = self._request["query_string"]
        pairs = parse_qsl(told, keep_blank_values=True) if isinstance(told, str) else told
        schemas = {found["name"]: found["schema"] for found in self._operation.parameters("query")}
        for name, value in pairs:
            if _is_unknown(value) or _is_unknown(name):
                schema = self._operation.resolved(schemas.get(name, {"type": "string"}))
                items = schema.get("items", schema) if schema.get("type") == "array" else schema
                value = _as_text(self._fill("query", name, items, value))
            yield name, value

    def _headers(self) -> None:
        headers = self._made.headers
        for name, value in self._request["headers"]:
            is_header = _NAME.fullmatch(name) and value.isprintable() and not _is_unknown(value)
            if is_header and name.lower() not in _OWN_HEADERS:
                headers[name.lower()] = value
        for place in ("header", "cookie"):
            for parameter in self._operation.parameters(place):
                name = parameter["name"]
                is_told = (place, name) in self._operation.arguments
                if name.lower() in headers or not (is_told or parameter.get("required")):
                    continue
                value = _as_text(self._fill(place, name, parameter.get("schema", {})))
                if place == "cookie":
                    cookies = [headers["cookie"]] if "cookie" in headers else []
                    headers["cookie"] = "; ".join([*cookies, f"{name}={value}"])
                else:
                    headers[name.lower()] = value
        for scheme in self._operation.security():
            self._prove(scheme)

    def _prove(self, scheme: Json) -> None:
        """Say who asks: somebody who is invented."""
        headers, secret = self._made.headers, "invented"
        match scheme:
            case {"type": "apiKey", "in": "header", "name": str(name)}:
                headers.setdefault(name.lower(), secret)
            case {"type": "apiKey", "in": "cookie", "name": str(name)}:
                headers.setdefault("cookie", f"{name}={secret}")
            case {"type": "apiKey", "in": "query", "name": str(name)}:
                if name not in dict(self._made.query):
                    self._made.query.append((name, secret))
            case {"type": "http", "scheme": "basic"}:
                pair = b64encode(f"{secret}:{secret}".encode()).decode()
                headers.setdefault("authorization", f"Basic {pair}")
            case {"type": "http" | "oauth2" | "openIdConnect"}:
                headers.setdefault("authorization", f"Bearer {secret}")
            case _:
                return
        self._made.filled.append(f"what proves who asks ({scheme['type']}): invented")

    def _body(self) -> None:
        data = self._request["data"]
        kind, schema = self._operation.body()
        sent = self._made.headers.get("content-type", "").lower()
        if data in (None, "", {}, []) and not sent and not kind:
            return
        is_cut = isinstance(data, str) and data.startswith("(the first ")
        is_missing = data is None and bool(sent or self._operation.needs_body)
        if is_missing or is_cut:
            data = self._known_body(schema)
            self._made.filled.append(
                "the body, which the event "
                + ("has in part" if is_cut else "doesn't have")
                + f": {_shown(data)}"
            )
        sent = sent or kind
        if sent.startswith(_FORMS) and isinstance(data, dict):
            self._form(data, schema, is_multipart=sent.startswith("multipart"))
        elif isinstance(data, str) and "json" not in sent:
            self._made.text = data.replace(FILTERED, "invented")
        elif data is not None or "json" in sent:
            self._made.json = self._whole(data, schema, "body")
        self._made.headers.pop("content-type", None)
        if self._made.text is not None and sent:
            self._made.headers["content-type"] = sent

    def _known_body(self, schema: Json) -> Any:
        """Return the body by what the endpoint was called with, else an invented one."""
        told = {
            name: value for (at, name), value in self._operation.arguments.items() if at == "body"
        }
        fields = self._operation.resolved(schema).get("properties", {})
        if len(told) == 1 and not told.keys() <= fields.keys():
            return next(iter(told.values()))
        return told or self._choose(values(schema, self._operation.root))

    def _form(self, data: Json, schema: Json, *, is_multipart: bool) -> None:
        for name, value in data.items():
            within = self._operation.within(schema, name)
            if isinstance(value, str) and is_multipart and _is_file(value):
                size = int(value[1:].partition(" ")[0])
                self._made.files[name] = (f"{name}.bin", ("invented " * (size // 9 + 1))[:size])
                self._made.filled.append(f"the file {name}: {size} invented bytes")
            else:
                self._made.form[name] = self._whole(value, within, f"body.{name}")

    def _whole(self, value: Any, schema: Json, path: str) -> Any:
        """Return a part of the body with what was filtered of it filled in."""
        if isinstance(value, dict):
            return {
                key.replace(FILTERED, "invented"): self._whole(
                    item, self._operation.within(schema, key), f"{path}.{key}"
                )
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [
                self._whole(item, self._operation.within(schema, place), f"{path}[{place}]")
                for place, item in enumerate(value)
            ]
        if isinstance(value, str) and FILTERED in value:
            place, _, name = path.partition(".")
            return self._fill(place, name, schema or {"type": "string"}, value)
        return value

    def _fill(self, place: str, name: str, schema: Json, shown: str = FILTERED) -> Any:
        """Return a value for what is filtered, and tell it."""
        value = self._operation.arguments.get((place, name))
        how = "as the endpoint got it"
        if value is None:
            value, how = self._choose(values(schema, self._operation.root)), "invented"
        if shown != FILTERED and isinstance(value, str) and how == "invented":
            value = shown.replace(_ENCODED, "invented").replace(FILTERED, "invented")
        told = f"{place} {name}".replace(" .", ".") if place != "body" else f"body.{name}"
        self._made.filled.append(f"{told}: {_shown(value)} ({how})")
        return value

    def _choose(self, options: Iterator[Any]) -> Any:
        value = next(options, None)
        for _ in range(self._attempt):
            if (other := next(options, None)) is None:
                return value
            value = other
        self.has_more = self.has_more or next(options, None) is not None
        return value


def _names_in(template: str) -> list[str]:
    return [part.partition("}")[0] for part in template.split("{")[1:]]


def _is_unknown(text: str) -> bool:
    return FILTERED in text or _ENCODED.lower() in text.lower() or text.endswith(_CUT)


def _is_file(value: str) -> bool:
    return value.startswith("<") and value.endswith(" bytes>") and value[1:-7].isdecimal()


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
