"""An application that fails in every way that a service can fail in."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import sentry_sdk
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse, Response, StreamingResponse
from sentry_sdk.traces import start_span
from starlette.background import BackgroundTask
from starlette.middleware.base import RequestResponseEndpoint

from app.observability import (
    SentrySettings,
    Severity,
    capture_error,
    capture_message,
    error_scope,
    install,
    spawn,
)

log = logging.getLogger("tests.failing")
ALWAYS_THE_SAME = RuntimeError("raised again and again")


class DomainError(Exception):
    """Has a handler that answers 503."""


class ClientError(Exception):
    """Has a handler that answers 400."""


def boom() -> None:
    raise ValueError("boom")


async def boom_later() -> None:
    boom()


def failing_app(settings: SentrySettings, **options: Any) -> FastAPI:
    """Make it. The routes' names say how they fail."""
    app = FastAPI(**options)
    install(app, settings)
    app.get("/sync")(boom)
    app.get("/async")(boom_later)
    for name, route in ROUTES.items():
        app.get(f"/{name}")(route)
    for name, socket in SOCKETS.items():
        app.websocket(f"/{name}")(socket)

    @app.exception_handler(DomainError)
    async def domain_error(request: Request, error: Exception) -> Response:
        return JSONResponse({}, 503)

    @app.exception_handler(ClientError)
    def client_error(request: Request, error: Exception) -> Response:
        return JSONResponse({}, 400)

    @app.middleware("http")
    async def middleware(request: Request, call_next: RequestResponseEndpoint) -> Response:
        if request.url.path == "/in_middleware":
            boom()
        try:
            return await call_next(request)
        except Exception:
            answers = {"/middleware_answers_500": 500, "/middleware_answers_404": 404}
            if status := answers.get(request.url.path):
                return JSONResponse({}, status)
            raise

    inner, innermost = FastAPI(), FastAPI()
    inner.get("/fails/{number}")(with_number)
    inner.get("/refuses")(http_503)
    innermost.get("/leaf/{number}")(with_number)
    inner.mount("/deep/{tenant}", innermost)
    app.mount("/mounted", inner)
    return app


class Awkward(Exception):
    """Whatever is asked of it fails."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    @property
    def severity(self) -> object:
        raise RuntimeError("no severity")


class Interrupting:
    """Raises what is no Exception when it is shown, as one that shows a cancelled task's result."""

    def __init__(self, raised: type[BaseException] = asyncio.CancelledError) -> None:
        self.raised = raised

    def __repr__(self) -> str:
        raise self.raised


class WithoutModule(type):
    """A metaclass that does not tell its classes' modules."""

    @property
    def __module__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no module")


class Nameless(Exception, metaclass=WithoutModule):
    """Its class can't be asked where it is from."""


class Model:
    class DoesNotExist(Exception):
        """Nested, as ORMs do it."""


async def with_number(number: int) -> None:
    boom()


async def logs_and_raises() -> None:
    try:
        boom()
    except ValueError:
        log.exception("failed")
        raise


def logs_and_raises_in_a_thread() -> None:
    try:
        boom()
    except ValueError as error:
        log.error("failed: %s", error)
        raise


async def logs_before_it_fails() -> None:
    log.error("about to fail")
    boom()


async def only_logs() -> None:
    log.error("all is lost, but %s goes on", "work")


async def logs_what_it_swallows() -> None:
    try:
        boom()
    except ValueError:
        log.exception("swallowed")


async def captures_and_raises() -> None:
    try:
        boom()
    except ValueError as error:
        capture_error(error)
        raise


async def captures_with_the_sdk_and_raises() -> None:
    try:
        boom()
    except ValueError as error:
        sentry_sdk.capture_exception(error)
        raise


async def captures_the_inner_and_raises_the_outer() -> None:
    try:
        boom()
    except ValueError as error:
        capture_error(error)
        raise RuntimeError("outer") from error


async def captures_the_inner_and_raises_without_from() -> None:
    try:
        boom()
    except ValueError as error:
        capture_error(error)
        raise RuntimeError("outer")  # noqa: B904


async def captures_and_fails_to_clean_up() -> None:
    def clean_up() -> None:
        raise OSError("no clean-up")

    try:
        boom()
    except ValueError as error:
        capture_error(error)
        clean_up()


async def captures_a_handled_one() -> None:
    capture_error(ValueError("handled"))


async def reports_its_clean_up_and_crashes() -> None:
    try:
        boom()
    except ValueError:
        try:
            raise OSError("no clean-up")
        except OSError as error:
            capture_error(error, severity=Severity.P4)
        raise


async def clean_up_of_c_code_fails() -> None:
    try:
        boom()
    except ValueError as error:
        capture_error(error)
        os.rmdir("/not/there")  # noqa: PTH106


async def logs_two_in_a_handler() -> None:
    try:
        dict[str, str]()["cache"]
    except KeyError:
        log.error("replica lags")
        log.error("disk nearly full")


async def logs_many() -> None:
    for number in range(15):
        log.error("number %s", number)


async def only_says() -> None:
    capture_message("all is well")


async def logs_apart() -> None:
    apart = logging.getLogger("tests.apart")
    apart.propagate = False
    apart.error("nobody hears this")


async def awaits_a_cancelled_task() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task


async def exits() -> None:
    raise SystemExit(3)


async def awkward() -> None:
    raise Awkward


async def nameless() -> None:
    raise Nameless


async def nested_class() -> None:
    raise Model.DoesNotExist


async def task_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(boom_later())
        group.create_task(boom_later())


async def gathers() -> None:
    await asyncio.gather(boom_later(), boom_later())


async def in_background(tasks: BackgroundTasks) -> None:
    tasks.add_task(boom)


async def in_background_async(tasks: BackgroundTasks) -> None:
    tasks.add_task(boom_later)


async def spawns() -> None:
    await asyncio.wait([spawn(boom_later(), name="spawned")])


async def spawns_and_awaits() -> None:
    await spawn(boom_later(), name="spawned")


async def streams() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        boom()

    return StreamingResponse(chunks())


def streams_in_a_scope() -> StreamingResponse:
    def chunks() -> Iterator[bytes]:
        with error_scope(tags={"a": "b"}):
            yield b"1"
            yield b"2"

    return StreamingResponse(chunks())


async def streams_and_fails_in_background() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"all of it"

    def fail() -> None:
        raise OSError("disk full")

    return StreamingResponse(chunks(), background=BackgroundTask(fail))


def _scope_around_yield() -> Iterator[None]:
    with error_scope(tags={"dependency": "sync"}):
        yield


def scope_in_a_dependency(given: None = Depends(_scope_around_yield)) -> None:
    return None


def scope_in_a_dependency_of_a_failure(given: None = Depends(_scope_around_yield)) -> None:
    boom()


async def has_a_span() -> None:
    with start_span("work"):
        pass


async def in_background_with_a_span(tasks: BackgroundTasks) -> None:
    tasks.add_task(has_a_span)


def tells_its_thread() -> int:
    return threading.get_ident()


async def tells_its_trace() -> dict[str, str]:
    return dict(sentry_sdk.get_current_scope().iter_trace_propagation_headers())


async def _fails_at_teardown() -> AsyncIterator[None]:
    yield
    boom()


async def dependency_teardown(given: None = Depends(_fails_at_teardown)) -> None:
    return None


async def handler_answers_503() -> None:
    raise DomainError


async def captures_another_one_and_fails() -> None:
    capture_error(ValueError("another one"), severity=Severity.P4)
    raise DomainError


async def handler_answers_400() -> None:
    raise ClientError


async def http_500() -> None:
    raise HTTPException(500)


async def http_503() -> None:
    raise HTTPException(503, "later", {"Retry-After": "7"})


async def http_204() -> None:
    raise HTTPException(204)


async def http_304() -> None:
    raise HTTPException(304, headers={"etag": "7"})


async def http_499() -> None:
    raise HTTPException(499)


async def http_599() -> None:
    raise HTTPException(599)


async def http_404() -> None:
    raise HTTPException(404)


async def logs_its_404() -> None:
    try:
        raise HTTPException(404)
    except HTTPException:
        log.exception("not found")
        raise


async def answers_500() -> JSONResponse:
    return JSONResponse({}, 500)


async def captures_and_answers_500() -> JSONResponse:
    capture_error(ValueError("x"))
    return JSONResponse({}, 500)


async def wants_a_number(number: int) -> None:
    return None


async def breaks_its_promise() -> int:
    return "no number"  # type: ignore[return-value]


async def raises_the_same_again() -> None:
    raise ALWAYS_THE_SAME


async def works() -> dict[str, str]:
    return {"status": "ok"}


async def middleware_answers_500() -> None:
    boom()


async def middleware_answers_404() -> None:
    boom()


async def websocket_fails(socket: WebSocket) -> None:
    await socket.accept()
    boom()


async def websocket_fails_before_it_accepts(socket: WebSocket) -> None:
    boom()


async def websocket_client_leaves(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_text()


def _named(*functions: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    return {function.__name__: function for function in functions}


ROUTES = _named(
    answers_500,
    awaits_a_cancelled_task,
    awkward,
    breaks_its_promise,
    captures_a_handled_one,
    captures_and_answers_500,
    captures_another_one_and_fails,
    captures_and_fails_to_clean_up,
    captures_and_raises,
    captures_the_inner_and_raises_the_outer,
    captures_the_inner_and_raises_without_from,
    captures_with_the_sdk_and_raises,
    clean_up_of_c_code_fails,
    dependency_teardown,
    exits,
    gathers,
    handler_answers_400,
    handler_answers_503,
    has_a_span,
    http_204,
    http_304,
    http_404,
    http_499,
    http_500,
    http_503,
    http_599,
    in_background,
    in_background_async,
    in_background_with_a_span,
    logs_and_raises,
    logs_and_raises_in_a_thread,
    logs_apart,
    logs_before_it_fails,
    logs_its_404,
    logs_many,
    logs_two_in_a_handler,
    logs_what_it_swallows,
    middleware_answers_404,
    middleware_answers_500,
    nameless,
    nested_class,
    only_logs,
    only_says,
    raises_the_same_again,
    reports_its_clean_up_and_crashes,
    scope_in_a_dependency,
    scope_in_a_dependency_of_a_failure,
    spawns,
    spawns_and_awaits,
    streams,
    streams_and_fails_in_background,
    streams_in_a_scope,
    task_group,
    tells_its_thread,
    tells_its_trace,
    wants_a_number,
    works,
)
SOCKETS = _named(websocket_client_leaves, websocket_fails, websocket_fails_before_it_accepts)
