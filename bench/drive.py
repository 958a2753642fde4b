"""One process of the benchmark: serves requests in-process and prints the CPU they took, as JSON.

python drive.py VARIANT SCENARIO COUNT      # SENTRY_DSN says where events go
"""

import asyncio
import gc
import json
import logging
import os
import sys
import time
import warnings
from typing import Any

uvicorn = logging.getLogger("uvicorn.error")
PACE = 50  # requests between two looks at the queue, which drops what is over 100


def make_app(variant: str, scenario: str) -> Any:
    """Make a small application, watched by nothing, by the snippet, or by the template."""
    dsn = os.environ["SENTRY_DSN"]
    release = "bench@1"
    if variant == "snippet":
        import sentry_sdk

        warnings.simplefilter("ignore", DeprecationWarning)  # the snippet's profiling is old
        sentry_sdk.init(dsn, traces_sample_rate=0.1, profiles_sample_rate=0.1, release=release)
    if variant == "template":
        from app.observability import SentrySettings, init_sentry, install

        settings = SentrySettings(
            sentry_dsn=dsn,
            sentry_release=release,
            sentry_environment="production",
            sentry_traces_sample_rate=0.1,
            sentry_profile_session_sample_rate=0.1,
            sentry_max_errors_per_minute=5 if scenario == "storm" else 1_000_000,
        )
        init_sentry(settings)
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Message(BaseModel):
        persona: str
        text: str

    app = FastAPI()
    if variant == "template":
        install(app, settings)

    @app.get("/ok")
    async def ok() -> dict[str, str]:
        return {"status": "ok"}

    def store(message: Message) -> None:
        raise KeyError(message.persona)

    @app.post("/fails")
    async def fails(message: Message) -> None:
        store(message)

    return app


def scope_of(scenario: str, body: bytes) -> dict[str, Any]:
    path, method = ("/ok", "GET") if scenario == "request" else ("/fails", "POST")
    headers = [(b"host", b"bench"), (b"user-agent", b"bench/1"), (b"accept", b"*/*")]
    if method == "POST":
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }


async def serve(app: Any, scenario: str, count: int) -> None:
    body = json.dumps({"persona": "mentor", "text": "How do I give feedback?"}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        pass

    for number in range(count):
        try:
            await app(scope_of(scenario, body), receive, send)
        except Exception:  # as uvicorn does
            uvicorn.error("Exception in ASGI application\n", exc_info=True)
        if scenario != "storm" and number % (PACE if scenario == "request" else 5) == 0:
            await asyncio.to_thread(drain)


def drain() -> None:
    import sentry_sdk

    if sentry_sdk.is_initialized():
        sentry_sdk.flush(20)


def main() -> None:
    variant, scenario, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    logging.basicConfig(level=logging.INFO, stream=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    app = make_app(variant, scenario)
    asyncio.run(serve(app, scenario, max(20, count // 10)))  # warm
    drain()
    gc.collect()  # what starting up left is not the requests' to pay for
    before = time.process_time(), time.perf_counter()
    asyncio.run(serve(app, scenario, count))
    drain()
    cpu = (time.process_time() - before[0]) / count
    print(json.dumps({"cpu": cpu, "seconds": time.perf_counter() - before[1]}))


if __name__ == "__main__":
    main()
