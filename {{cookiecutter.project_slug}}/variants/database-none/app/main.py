"""The application: wiring, and nothing else."""

from fastapi import FastAPI

from app.api import debug, health, messages
from app.logs import configure_logging
from app.observability import ANSWERS, PROJECT, init_sentry, install
from app.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application from `settings`, or from the environment.

    Raises:
        SystemExit: if a variable of the environment is wrong.
    """
    settings = settings or Settings.load()
    configure_logging(settings)
    init_sentry(settings)  # before FastAPI is made: errors of its own handlers are lost otherwise

    app = FastAPI(
        title=ANSWERS["project_name"],
        description=PROJECT["description"],
        version=PROJECT["version"],
    )
    app.state.release = settings.sentry_release
    install(app, settings)
    app.include_router(health.router)
    app.include_router(messages.router)
    if settings.environment == "local":
        app.include_router(debug.router)
    return app


app = create_app()
