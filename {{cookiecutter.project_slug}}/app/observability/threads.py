"""Threads of the standard's own: they keep nothing of the request that happens to start them."""

import threading
from contextvars import Context


def start(thread: threading.Thread) -> bool:
    """Start a daemon thread in a context of its own; return False if there can be no more threads.

    In the context at hand it would keep the scope of the request, with all that this knows.
    """
    thread.daemon = True
    try:
        Context().run(thread.start)
    except RuntimeError:  # no more threads, or the interpreter is about to end
        return False
    return True
