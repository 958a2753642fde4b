"""OpenTelemetry's instrumentation of FastAPI works beside the standard, in whatever order."""

from collections.abc import Iterator
from typing import Any

import fastapi
import pytest
from fastapi.testclient import TestClient

from app.observability import SentrySettings, install
from app.observability.testing import RecordingTransport

instrumentation = pytest.importorskip("opentelemetry.instrumentation.fastapi")
trace = pytest.importorskip("opentelemetry.sdk.trace")
exporting = pytest.importorskip("opentelemetry.sdk.trace.export")
in_memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def exported() -> Iterator[tuple[Any, Any]]:
    """A provider of OpenTelemetry's, and what it exports."""
    exporter, provider = in_memory.InMemorySpanExporter(), trace.TracerProvider()
    provider.add_span_processor(exporting.SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()
    if instrumentation.FastAPIInstrumentor().is_instrumented_by_opentelemetry:
        instrumentation.FastAPIInstrumentor().uninstrument()


@pytest.mark.parametrize("order", ["all apps", "before install", "after install"])
def test_each_request_is_counted_once_by_both(
    sentry_transport: RecordingTransport,
    sentry_settings: SentrySettings,
    exported: tuple[Any, Any],
    order: str,
) -> None:
    provider, exporter = exported
    instrumentor = instrumentation.FastAPIInstrumentor
    if order == "all apps":
        instrumentor().instrument(tracer_provider=provider)
    app = fastapi.FastAPI()
    if order == "before install":
        instrumentor.instrument_app(app, tracer_provider=provider)
    install(app, sentry_settings)
    if order == "after install":
        instrumentor.instrument_app(app, tracer_provider=provider)

    @app.get("/works")
    async def works() -> None: ...

    @app.get("/fails")
    async def fails() -> None:
        raise ValueError("no")

    client = TestClient(app, raise_server_exceptions=False)
    assert [client.get(path).status_code for path in ("/works", "/fails")] == [200, 500]
    servers = [told.name for told in exporter.get_finished_spans() if told.kind.name == "SERVER"]
    assert servers == ["GET /works", "GET /fails"]
    assert [told["name"] for told in sentry_transport.requests()] == ["/works", "/fails"]
    [event] = sentry_transport.events
    assert event["exception"]["values"][0]["value"] == "no"
