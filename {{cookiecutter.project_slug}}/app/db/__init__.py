"""The database: SQLAlchemy 2, async. Import from here."""

from .models import Base, Message
from .session import Session, connect

__all__ = ["Base", "Message", "Session", "connect"]
