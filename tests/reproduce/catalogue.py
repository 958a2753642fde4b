"""Bugs that services really have: each a module of routes, how to see it, and how it is mended.

In `bugs/` the lines that end in `# BUG` are wrong; those that begin with `# FIX` are right instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "bugs"


@dataclass(frozen=True)
class Request:
    """A request to a service: a body of one of the kinds."""

    method: str
    path: str
    json: Any = None
    content: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    data: Mapping[str, str] | None = None  # a form's
    files: Mapping[str, bytes] | None = None


@dataclass(frozen=True)
class Bug:
    """A module in `bugs/`. The last request fails; the others set the stage for it."""

    name: str
    requests: tuple[Request, ...]
    # The partner at PARTNER_URL can't be reached.
    is_partner_down: bool = False
    mounted: str = ""  # where, if its routes are an application's

    @property
    def source(self) -> str:
        return (FOLDER / f"{self.name}.py").read_text("utf-8")


def fixed(source: str) -> str:
    """Return a module with its bug mended."""
    lines = [line for line in source.splitlines() if not line.endswith("# BUG")]
    return "\n".join(re.sub(r"^( *)# FIX ", r"\1", line) for line in lines) + "\n"


def bug(name: str, *requests: Request) -> Bug:
    return Bug(name, requests)


def get(path: str, **more: Any) -> Request:
    return Request("GET", path, **more)


def post(path: str, json: Any = None, **more: Any) -> Request:
    return Request("POST", path, json, **more)


_SIGN_UP = {
    "email": "someone@example.com",
    "password": "correct horse battery staple",
    "pin": "271828",
    "referrer": "spring",
}
_TREE = {"levels": 5000}

BUGS: Final = (
    bug("none_value", post("/mentors/search", {"topics": ["python"]})),
    bug("missing_key", post("/webhooks/payments", {"data": {"object": {"currency": "eur"}}})),
    bug("wrong_type", post("/carts/total", {"lines": [{"article": "a", "quantity": "two"}]})),
    bug("division", get("/ratings/average?stars=1&stars=2&least=3")),
    bug("aware_time", post("/bookings", {"starts_at": "2026-03-01T10:00:00"})),
    bug("unicode_name", get("/reports/%EB%B3%B4%EA%B3%A0%EC%84%9C/download")),
    bug("not_null", post("/drafts", {"persona": "mentor"})),
    bug("duplicate_in_one", post("/imports", [{"id": 1, "text": "a"}, {"id": 1, "text": "b"}])),
    bug("page_end", get("/catalogue?page=2")),
    bug("unhandled_enum", get("/plans/school/price")),
    bug("decimals", post("/invoices/tax", {"net": "123456789012345678901234567890"})),
    bug("response_validation", get("/profiles/7")),
    bug("infinite", get("/loans/rate?principal=inf&factor=2")),
    bug("dependency_raises", get("/quotas", headers=(("X-Tenant", "acme"),))),
    bug("yield_dependency", Request("PUT", "/leases/printer")),
    bug("task_group", post("/quizzes/score", {"answers": {"a": "one", "b": "2", "c": "three"}})),
    bug("background", post("/invitations", {"email": "someone@example.com", "language": "de"})),
    bug("spawned", post("/digests", {"readers": ["r1"], "pages": 2})),
    bug("chained", Request("PUT", "/settings", {"owner": "team", "settings": "a=1; b=2"})),
    bug("context", post("/addresses/format", {"street": "Main Street"})),
    bug("captured", post("/thumbnails", {"width": 640, "height": 0})),
    bug("logged_exception", post("/translations/size", {"text": "€ 5", "encoding": "latin-1"})),
    bug("logged_error", post("/stock/order", {"article": "chair", "quantity": 6})),
    bug("answered_503", get("/exports/xml")),
    bug("http_exception", get("/licences/4711")),
    bug("outgoing_503", get("/rates/eur")),
    bug("outgoing_refused", post("/shipments", {"order": 12})),
    bug("endless", get("/queues/mail/next")),
    bug("no_library", get("/weather/seoul")),
    bug("filtered_body", post("/accounts", _SIGN_UP)),
    bug(
        "filtered_query",
        get("/statements?access_token=0a1b2c3d4e5f6a7b8c9d0e1f&since=2026-11-30&months=3"),
    ),
    bug("form_fields", post("/feedback", data={"course": "python", "mark": "splendid"})),
    bug("upload", post("/uploads", data={"columns": "4"}, files={"table": b"a,b,c\n1,2,3\n"})),
    bug(
        "nested_list",
        post(
            "/timetables/rooms",
            [{"slots": [{"hour": 9, "rooms": ["A"]}]}, {"slots": [{"hour": 10}]}],
        ),
    ),
    bug("recursion", post("/trees/depth", _TREE)),
    bug("helpers", post("/matches", {"topic": "writing", "level": 2})),
    bug("uuid_path", get("/documents/7d444840-9dc0-41d1-b245-5ffdce74fad2/ko/age")),
    bug("cookie", get("/themes", headers=(("Cookie", "layout=wide"),))),
    bug("stream", get("/feeds?names=ann,,ben")),
    bug("month_end", get("/renewals/team/due")),  # on a 29th of February
    bug(
        "row_must_exist",
        post("/api/messages", {"persona": "mentor", "text": " "}),
        get("/summaries/1"),
    ),
    bug(
        "state_in_memory",
        Request("PUT", "/rooms/attic", {"seats": 0}),
        post("/rooms/attic/share?people=3"),
    ),
    Bug(
        "shared_pages",
        (
            get(
                "/shops/12/passcodes/817345/flyers/spring",
                headers=(("Cookie", "layout=letter"),),
            ),
        ),
        mounted="/shops/{shop:int}",
    ),
    bug("second_equal", post("/orders", {"number": 7}), post("/orders", {"number": 7})),
)
