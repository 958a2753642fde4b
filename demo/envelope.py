"""The envelope: what a Sentry SDK sends.

One line of JSON about the envelope, then for each item one line of JSON about it and its payload:
https://develop.sentry.dev/sdk/foundations/transport/envelopes/
"""

import io
import json
import zlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Item:
    """One item of an envelope; `payload` is what the SDK wrote, byte for byte."""

    type: str
    headers: dict[str, Any]
    payload: bytes
    envelope_headers: dict[str, Any]


def decompress(wire: bytes, encoding: str | None) -> bytes:
    """Undo a request's Content-Encoding (None: it has none). Raises ValueError if impossible."""
    if encoding in (None, "identity"):
        return wire
    if encoding not in ("gzip", "deflate"):
        raise ValueError(f"unknown encoding {encoding}")
    try:
        return zlib.decompress(wire, wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by its header
    except zlib.error as error:
        raise ValueError(f"not {encoding}: {error}") from error


def parse(body: bytes) -> list[Item]:
    """Split an uncompressed envelope into its items. Raises ValueError if it is malformed."""
    stream = io.BytesIO(body)
    envelope_headers = _headers(stream.readline())
    items = []
    while line := stream.readline():
        headers = _headers(line)
        if not isinstance(kind := headers.get("type"), str):
            raise ValueError(f"an item without a type: {line[:80]!r}")
        match headers.get("length"):
            case None:
                payload = stream.readline().removesuffix(b"\n")
            case int(length):
                payload = stream.read(length)
                if len(payload) != length or stream.read(1) not in (b"\n", b""):
                    raise ValueError(f"{kind}: not {length} bytes long")
            case length:
                raise ValueError(f"{kind}: {length!r} is no length")
        items.append(Item(kind, headers, payload, envelope_headers))
    return items


def _headers(line: bytes) -> dict[str, Any]:
    headers = json.loads(line)
    if not isinstance(headers, dict):
        raise ValueError(f"headers that are no object: {line[:80]!r}")
    return headers
