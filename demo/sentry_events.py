"""Events as Sentry's web API tells them: in entries, in camelCase, with tags to search by."""

from typing import Any

Json = dict[str, Any]

_TAGS = ("environment", "level", "logger", "release", "transaction")
_NONE = ("dist", "location", "nextEventID", "occurrence", "previousEventID", "size", "user")
_EMPTY: Json = {
    **{"_meta": {}, "context": {}, "errors": [], "metadata": {}, "packages": {}},
    **{"resolvedWith": [], "sdkUpdates": [], "userReport": None, "sdk": None},
}


def told(event: Json, project: int) -> Json:
    """Return an event that a service sent as the API tells it."""
    tags = {name: event[name] for name in _TAGS if event.get(name)} | event.get("tags", {})
    request = event.get("request")
    entries = {
        "exception": event.get("exception")
        and {
            "values": [_link(link) for link in event["exception"]["values"]],
            **{"excOmitted": None, "hasSystemFrames": True},
        },
        "message": event.get("logentry"),
        "breadcrumbs": event.get("breadcrumbs"),
        "request": request
        and {
            **{"apiTarget": None, "cookies": [], "env": None, "fragment": None},
            **{"data": request.get("data"), "inferredContentType": None},
            **{"method": request["method"], "url": request["url"]},
            "headers": [list(pair) for pair in request.get("headers", {}).items()],
            "query": _query(request.get("query_string") or ""),
        },
    }
    return {
        **dict.fromkeys(_NONE),
        **_EMPTY,
        **{"id": event["event_id"], "eventID": event["event_id"], "groupID": "1"},
        **{"projectID": str(project), "platform": "python", "type": "error", "title": "an error"},
        **{"contexts": event.get("contexts", {}), "message": ""},
        **{"dateCreated": event["timestamp"], "dateReceived": event["timestamp"]},
        "entries": [{"type": kind, "data": data} for kind, data in entries.items() if data],
        "release": None,
        "tags": [{"key": name, "value": value} for name, value in tags.items()],
    }


def _query(text: str) -> list[list[str]]:
    return [part.split("=", 1) for part in text.split("&") if "=" in part]


def _link(link: Json) -> Json:
    frames = [_frame(frame) for frame in link.get("stacktrace", {}).get("frames", [])]
    stack = {"frames": frames, "framesOmitted": None, "hasSystemFrames": True, "registers": None}
    return {**link, "stacktrace": stack, "rawStacktrace": None, "threadId": None}


def _frame(frame: Json) -> Json:
    line, number = frame.get("context_line"), frame.get("lineno")
    return {
        **{name: frame.get(name) for name in ("filename", "function", "module", "vars")},
        **{"absPath": None, "lineNo": number, "colNo": None, "inApp": frame.get("in_app")},
        "context": [] if line is None else [[number, line]],
    }
