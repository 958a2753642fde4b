"""A request as people write it: a curl command, and a test that fails until its error is mended."""

import json
import math
import re
import shlex
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from ion_sentry.git import Failure

from .compare import title
from .model import Event
from .reasons import tables

Json = dict[str, Any]

FOLDER: Final = Path("tests/reproduced")


def curl(request: Json) -> str:
    """Return the request as a command, for a service that runs on this machine."""
    headers = dict(request["headers"])
    body: list[str] = []
    if request["json"] is not None:
        headers.setdefault("content-type", "application/json")
        body = ["--data-raw", json.dumps(request["json"], ensure_ascii=False)]
    elif request["text"] is not None:
        body = ["--data-raw", request["text"]]
    elif request["files"]:
        for name, (file, text) in request["files"].items():
            # Behind a `=` or a `;` curl would look for what to read from this machine.
            name, file = (re.sub(r'[=;,"]', "_", part) for part in (name, file))
            body += ["--form", f"{name}={text};filename={file}"]
        for name, value in request["form"].items():
            for item in value if isinstance(value, list) else [value]:
                body += ["--form-string", f"{name}={item}"]
    elif request["form"]:
        body = ["--data-raw", urlencode(request["form"], doseq=True)]
    words = ["curl", "--include", "--request", request["method"]]
    words += [word for pair in headers.items() for word in ("--header", ": ".join(pair))]
    return shlex.join([*words, *body, f"http://127.0.0.1:8000{url_of(request)}"])


def url_of(request: Json) -> str:
    """Return a request's path and query."""
    query = urlencode([tuple(pair) for pair in request["query"]])
    return f"{request['path']}?{query}" if query else str(request["path"])


def write_test(service: Path, event: Event, result: Json, *, needs_clock: bool) -> Path:
    """Write the test, and return its path below the service's folder.

    Raises:
        Failure: if there is such a file.
    """
    short = re.sub(r"[^0-9a-f]", "", event.event_id.lower())[:8] or "event"
    path = FOLDER / f"test_{short}.py"
    text = _test(event, result, needs_clock=needs_clock)
    (service / FOLDER).mkdir(parents=True, exist_ok=True)
    try:
        with (service / path).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Failure(f"{path} is there already; it stays as it is.") from None
    return path


def _test(event: Event, result: Json, *, needs_clock: bool) -> str:
    request, task = result["request"], event.tag("task")
    made = {one["client"]: one for one in result["outgoing"]}
    imports = ["from typing import Any", "from fastapi.testclient import TestClient"]
    imports += [f"import {name}" for name in made]
    imports += ["import asyncio"] if task else []
    imports += ["import pytest"] if made else []
    imports += ["import time_machine  # uv add --dev time-machine"] if needs_clock else []
    fixtures = ["client: TestClient", "captured_events: list[dict[str, Any]]"]
    fixtures += ["monkeypatch: pytest.MonkeyPatch"] if made else []
    body = [line for one in made.values() for line in _answering(one)]
    if named := tables(event):
        body.append(f"# The event's SQL names {', '.join(named)}: rows that it needs go here.")
    body += [f"# Not in the event: {_plain(line)}" for line in request["filled"]]
    call = f"client.request({', '.join(_arguments(request))})"
    body += [call] * (1 + result["fails_twice"])
    if task:
        body += ["assert client.portal", f"client.portal.call(finished, {task!r})"]
    body.append("assert captured_events == []")
    words = f"{request['method']} {event.transaction}".lower()
    name = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_")[:60]
    at = event.timestamp.isoformat() if event.timestamp else ""
    return "\n".join(
        [
            f'"""{_plain(title(event.model_dump()))[:90]}',
            "",
            f"In {_plain(request['method'])} {_plain(event.transaction)}, {at[:19]} UTC,",
            f"release {_plain(event.release) or 'unknown'}: event {_plain(event.event_id)}.",
            "This fails until it is mended.",
            '"""',
            "",
            *imports,
            "",
            *(_FINISHED if task else []),
            *([f'@time_machine.travel("{at}")'] if needs_clock else []),
            f"def test_{name or 'request'}({', '.join(fixtures)}) -> None:",
            *(f"    {line}" for line in body),
            "",
        ]
    )


_FINISHED: Final = (
    "async def finished(name: str) -> None:",
    "    tasks = [task for task in asyncio.all_tasks() if task.get_name() == name]",
    "    await asyncio.gather(*tasks, return_exceptions=True)",
    "",
    "",
)


def _answering(made: Json) -> list[str]:
    """Return the lines that answer an outgoing request."""
    client = made["client"]
    transport, method = ("HTTPTransport", "handle_request")
    if made["is_async"]:
        transport, method = ("AsyncHTTPTransport", "handle_async_request")
    answer = f"return {client}.Response({made.get('status')}, request=request, json={{}})"
    if "error" in made:
        answer = f'raise {client}.{made["error"]}("refused", request=request)'
    return [
        f"{'async ' * made['is_async']}def answer(_: Any, request: Any) -> {client}.Response:",
        f"    {answer}",
        "",
        f'monkeypatch.setattr({client}.{transport}, "{method}", answer)',
    ]


def _arguments(request: Json) -> list[str]:
    found = [repr(request["method"]), repr(url_of(request))]
    headers = dict(request["headers"])
    body: list[str] = []
    if request["json"] is not None and _is_finite(request["json"]):
        body = [f"json={request['json']!r}"]
    elif request["json"] is not None:
        headers["content-type"] = "application/json"
        body = [f"content={json.dumps(request['json'])!r}"]
    elif request["text"] is not None:
        body = [f"content={request['text']!r}"]
    else:
        files = {name: (file, text.encode()) for name, (file, text) in request["files"].items()}
        body += [f"data={request['form']!r}"] if request["form"] else []
        body += [f"files={files!r}"] if files else []
    return [*found, *([f"headers={headers!r}"] if headers else []), *body]


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _plain(text: str) -> str:
    """Return a line that can stand in a docstring or a comment."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line.replace("\\", "/").replace('"""', "'''").rstrip('"')
