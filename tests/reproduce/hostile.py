"""Files that hold no event that can be reproduced, and a word of what has to be said of each."""

import copy
import json
from collections.abc import Callable
from typing import Any, Final

Json = dict[str, Any]


def changed(event: Json, **parts: Any) -> bytes:
    return json.dumps({**event, **parts}).encode()


def of_request(event: Json, **parts: Any) -> bytes:
    return changed(event, request={**event["request"], **parts})


def of_frames(event: Json, **parts: Any) -> bytes:
    event = copy.deepcopy(event)
    for link in event["exception"]["values"]:
        for frame in link.get("stacktrace", {}).get("frames", ()):
            frame.update(parts)
    return json.dumps(event).encode()


def envelope(item: str, payload: str, length: int | None = None) -> bytes:
    header = {"type": item} if length is None else {"type": item, "length": length}
    return "\n".join(["{}", json.dumps(header), payload]).encode()


# No event at all, or none that can be used: exit code 3, and this in the one line.
REFUSED: Final[dict[str, tuple[Callable[[Json], bytes], str]]] = {
    "nothing": (lambda event: b"", "neither an event as JSON nor an envelope"),
    "no JSON": (lambda event: b"\x89PNG\r\n", "neither an event as JSON nor an envelope"),
    "not UTF-8": (lambda event: b'{"event_id": "\xff\xfe"}', "neither an event as JSON"),
    "a list": (lambda event: b"[1, 2]", "no event"),
    "another object": (lambda event: b'{"name": "someone"}', "no event"),
    "12 MB": (lambda event: changed(event, extra={"x": "y" * 12_000_000}), "larger than 5 MB"),
    "deep": (lambda event: b'{"event_id":' + b"[" * 200_000, "nested deeper"),
    "deep contexts": (
        lambda event: changed(event, contexts=json.loads('{"a":' * 300 + "1" + "}" * 300)),
        "The event can't be read: Maximum serialization depth",
    ),
    "keys of surrogates": (
        lambda event: of_request(event, data={"\ud800": 1}),
        "The event can't be read: ",
    ),
    "an envelope cut in two": (
        lambda event: envelope("event", json.dumps(event)[:200]),
        "neither an event as JSON nor an envelope",
    ),
    "an envelope of a session": (lambda event: envelope("session", "{}"), "no event in the"),
    "an envelope of a wrong length": (
        lambda event: envelope("event", json.dumps(event), 5),
        "neither an event as JSON nor an envelope",
    ),
    "a message": (
        lambda event: changed(event, exception=None, logentry={"message": "Hello"}, logger=None),
        "a message without an error",
    ),
    "a websocket": (lambda event: of_request(event, url="ws://example.com/x"), "a websocket"),
    "another service's": (
        lambda event: changed(event, release="billing@1.0+abc"),
        "which is not of ion-mentoring",
    ),
    "a transaction": (lambda event: changed(event, type="transaction"), "a transaction"),
    "no time": (lambda event: changed(event, timestamp=None), "doesn't say when"),
    "no number of a time": (lambda event: changed(event, timestamp=float("nan")), "when"),
    "the year 99999": (lambda event: changed(event, timestamp=3.1e12), "when it happened"),
    "errors that are text": (lambda event: changed(event, exception="ValueError"), "message"),
    "no route": (
        lambda event: (
            changed(event, transaction="/nowhere/{id}")
            and of_request(event, url="http://example.com/nowhere/1")
        ),
        "has no route",
    ),
    "no method": (lambda event: of_request(event, method="X Y\r\nZ: 1"), "has no route"),
    "a path out of the folder": (
        lambda event: of_request(event, url="http://example.com/../../etc/passwd"),
        "has no route",
    ),
}

# Parts of another type or of a stranger's making: the rest is used, or it is said why not. Never a
# traceback, never more than a few lines, nothing run or written.
ODD: Final[dict[str, Callable[[Json], bytes]]] = {
    "wrong types": lambda event: changed(
        event, tags=5, contexts=[], breadcrumbs="x", logentry=[1], level={}, environment=[7]
    ),
    "a request of numbers": lambda event: of_request(
        event, headers=[1, [2], {"a": 3}], query_string=17, data=[[[{}]]]
    ),
    "no request": lambda event: changed(event, request=None),
    "no frames": lambda event: of_frames(event, in_app=False),
    "frames of numbers": lambda event: of_frames(
        event, filename=5, function=None, lineno="x", vars=[1], context_line={}
    ),
    "files elsewhere": lambda event: of_frames(event, filename="../../../../etc/shadow"),
    "code in variables": lambda event: of_frames(
        event, vars={"wanted": "__import__('os').system('touch pwned')", "cart": "exit()" * 900}
    ),
    "deep variables": lambda event: of_frames(event, vars={"wanted": "[" * 3000}),
    "surrogates": lambda event: changed(event, transaction="/\udce4\x00", release="\ud800@\0"),
    "an id that is a path": lambda event: changed(event, event_id="../../../../tmp/x"),
    "headers that break lines": lambda event: of_request(
        event, headers={"Accept": "a\r\nX-Injected: 1", "Content-Type": "application/json\0"}
    ),
    "a huge number": lambda event: of_request(event, data={"topics": 10**400}),
    "odd breadcrumbs": lambda event: changed(
        event,
        breadcrumbs={
            "values": [1, None, {"category": "query", "message": ["x"]}, {"data": {"url": [1]}}]
        },
    ),
}
