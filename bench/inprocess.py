"""One process of the benchmark: serves requests in process, and prints what they took, as JSON.

python -m bench.inprocess SCENARIO COUNT [GROWTH]     # GROWTH: what bench.app.make takes, as JSON

CPU is that of the whole process, sending included. SENTRY_DSN and BENCH_… say the rest.
"""

import asyncio
import gc
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

uvicorn = logging.getLogger("uvicorn.error")
BODY: Final = json.dumps({"persona": "mentor", "text": "How do I give feedback?"}).encode()
# Method, path, and after how many requests the queue, which holds a hundred, may empty.
SCENARIOS: Final = {
    "request": ("GET", "/ok", 50),
    "read": ("GET", "/messages/1", 50),
    "write": ("POST", "/messages", 50),
    "error": ("POST", "/fails", 5),
    "log": ("POST", "/logs", 5),
    "storm": ("POST", "/fails", 0),
    "websocket": ("WS", "/socket", 50),
    "route": ("GET", "/route-0/7", 50),
    "flood": ("POST", "/fails", 0),  # each error among twenty requests that are traced and logged
}


def make_app(**growth: int) -> Any:
    """Make the application, in the service that this runs in."""
    from app.bench import make

    return make(**growth)


def scope_of(method: str, path: str) -> dict[str, Any]:
    headers = [(b"host", b"bench"), (b"user-agent", b"bench/1"), (b"accept", b"*/*")]
    if method == "POST":
        headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", str(len(BODY)).encode()))
    common = {
        **{"asgi": {"version": "3.0"}, "http_version": "1.1", "path": path, "headers": headers},
        **{"raw_path": path.encode(), "query_string": b"", "root_path": ""},
        **{"client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000)},
    }
    if method == "WS":
        return {"type": "websocket", "scheme": "ws", "subprotocols": [], **common}
    return {"type": "http", "method": method, "scheme": "http", **common}


async def ask(app: Any, method: str, path: str) -> None:
    """Make one request, as uvicorn does: what is raised is logged with its traceback."""
    told = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]

    async def receive() -> dict[str, Any]:
        if method == "WS":
            return told.pop(0) if told else {"type": "websocket.disconnect", "code": 1000}
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        pass

    try:
        await app(scope_of(method, path), receive, send)
    except Exception:
        uvicorn.error("Exception in ASGI application\n", exc_info=True)


def drain() -> None:
    import sentry_sdk

    if sentry_sdk.is_initialized():
        sentry_sdk.flush(20)


async def serve(app: Any, scenario: str, count: int, at_once: int) -> None:
    """Serve so many, `at_once` at a time."""
    method, path, pace = SCENARIOS[scenario]
    for number in range(0, count, at_once):
        if scenario == "flood":
            for _ in range(10):
                await ask(app, "GET", "/ok")
                await ask(app, "GET", "/tells")
        if at_once == 1:
            await ask(app, method, path)
        else:
            await asyncio.gather(*(ask(app, method, path) for _ in range(at_once)))
        if pace and number % pace < at_once:
            await asyncio.to_thread(drain)


async def longest_stall(work: Callable[[], Awaitable[None]]) -> float:
    """Return for how long the event loop stood still at most while that was done, in seconds."""
    longest, done = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not done:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    longest = 0.0
    await work()
    done = True
    await watching
    return longest


async def run(app: Any, scenario: str, count: int, at_once: int) -> dict[str, float]:
    started: list[int] = []
    ready, end = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        if started:
            await end.wait()
            return {"type": "lifespan.shutdown"}
        started.append(1)
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, Any]) -> None:
        ready.set()

    lifespan = asyncio.create_task(app({"type": "lifespan", "asgi": {}}, receive, send))
    await ready.wait()
    await serve(app, scenario, max(20, count // 10), at_once)  # warm
    await asyncio.to_thread(drain)
    gc.collect()
    before = time.process_time(), time.perf_counter()
    await serve(app, scenario, count, at_once)
    await asyncio.to_thread(drain)
    told = {
        "cpu": (time.process_time() - before[0]) / count,
        "seconds": (time.perf_counter() - before[1]) / count,
    }
    method, path, _pace = SCENARIOS[scenario]
    told["stall"] = await longest_stall(lambda: ask(app, method, path))
    told["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    end.set()
    await lifespan
    return told


def main() -> None:
    scenario, count = sys.argv[1], int(sys.argv[2])
    growth = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    at_once = growth.pop("at_once", 1)
    logging.basicConfig(level=logging.INFO, stream=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    began = time.perf_counter()
    app = make_app(**growth)
    start = time.perf_counter() - began
    print(json.dumps({"start": start, **asyncio.run(run(app, scenario, count, at_once))}))


if __name__ == "__main__":
    main()
