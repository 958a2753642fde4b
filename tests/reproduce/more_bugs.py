"""More bugs, by somebody who had never seen the tool that has to make them happen again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tests.reproduce.catalogue import Bug, Request

# Path: status and JSON.
PARTNER: Final[Mapping[str, tuple[int, Any]]] = {
    "/rates/CHF": (503, {"detail": "Rates are being updated."}),
    "/geocode": (200, {"results": []}),
}


def _prices() -> bytes:
    parts = {
        'name="supplier"': b"Example Tools",
        'name="prices"; filename="prices.csv"\r\nContent-Type: text/csv': (
            "part;price\r\nKreissäge;129,00\r\nFräser;18,50\r\n".encode("cp1252")
        ),
    }
    told = b"".join(
        b"--7d1c\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (head.encode(), content)
        for head, content in parts.items()
    )
    return told + b"--7d1c--\r\n"


_ORDER: Final = "6f0a1c52-93d4-4d0f-8a57-0a6a4f0b7e21"
_EVENT: Final = "c81d4e2e-bcf2-41e6-869b-7df92533d2db"
_TICKET: Final = Request("PUT", "/api/tickets/900417", {"queue": "returns", "summary": "Too small"})

MORE_BUGS: Final = (
    Bug(
        "account_signup",
        (
            Request(
                "POST",
                "/api/clubs",
                {
                    "email": "board@example.com",
                    "password": "four knights opening",
                    "club": "Łódź Chess Club 🦊",
                },
            ),
        ),
    ),
    Bug(
        "address_sync",
        (
            Request(
                "POST", "/api/messages", {"persona": "customer-81", "text": "Example Street 12a"}
            ),
            Request("POST", "/api/addresses/customer-81/sync"),
        ),
    ),
    Bug("audit_trail", (Request("PUT", "/api/workspaces/atelier/preferences", {}),)),
    Bug(
        "bank_callback",
        (
            Request(
                "POST",
                "/api/transfers",
                data={"invoice": "R-2026-118", "amount": "1.249,00", "purpose": "Möbel & Lampen"},
            ),
        ),
    ),
    Bug(
        "card_payment",
        (
            Request(
                "POST",
                "/api/card-payments",
                {
                    "card_number": "4242424242424242",
                    "cvc": "123",
                    "cents": 12_900,
                    "instalments": 0,
                },
            ),
        ),
    ),
    Bug(
        "category_tree",
        (
            Request(
                "POST",
                "/api/catalogues/paths",
                {
                    "shop": "outdoor",
                    "categories": [
                        {"name": "camping"},
                        {"name": "tents", "parent": "shelter"},
                        {"name": "shelter", "parent": "tents"},
                    ],
                },
            ),
        ),
    ),
    Bug("city_lookup", (Request("GET", "/api/stations?city=Zu%CC%88rich"),)),
    Bug(
        "course_rating",
        (
            Request("POST", "/api/courses/pottery/rating", {"stars": [5, 4]}),
            Request("POST", "/api/courses/pottery/rating", {"stars": [], "comment": "Rained off"}),
        ),
    ),
    Bug(
        "csv_upload",
        (
            Request(
                "POST",
                "/api/price-lists",
                content=_prices(),
                headers=(("Content-Type", "multipart/form-data; boundary=7d1c"),),
            ),
        ),
    ),
    Bug(
        "device_events",
        (
            Request(
                "POST",
                "/api/devices/boiler-3/events",
                {"firmware": "2.0.1", "payload": "{'celsius': 61.5, 'pump': 'on'}"},
            ),
        ),
    ),
    Bug(
        "draft_import",
        (
            Request(
                "POST",
                "/api/drafts",
                [
                    {"persona": "mentor", "text": "Ask before you advise."},
                    {"persona": "coach"},
                    {"persona": "mentor", "text": "Praise in public."},
                ],
            ),
        ),
    ),
    Bug("exchange_rate", (Request("GET", "/api/exchange/CHF?amount=250"),)),
    Bug("geocoder", (Request("GET", "/api/places?address=Nowhere+Lane+1%2C+Exampletown"),)),
    Bug(
        "import_queue",
        (
            Request("POST", "/api/imports", {"name": "fair", "contacts": []}),
            Request("POST", "/api/imports", {"name": "newsletter", "contacts": []}),
            Request("POST", "/api/imports", {"name": "shop", "contacts": ["c-1", "c-2"]}),
        ),
    ),
    # The day is that of the import: a run over midnight asks for a day that is over.
    Bug(
        "last_minute",
        (Request("GET", f"/api/stays/{datetime.now(UTC).date()}/discount?price=180.5"),),
    ),
    Bug(
        "letter_template",
        (
            Request(
                "POST",
                "/api/letters",
                {
                    "template": "Dear %(company)s,\nyou have a 50% discount on order %(order)s.",
                    "company": "Example Ltd",
                    "order": 4711,
                },
            ),
        ),
    ),
    Bug("loan_quote", (Request("GET", "/api/loans/quote?amount=20000&percent=inf&months=24"),)),
    Bug("mentor_activity", (Request("GET", "/api/mentors/gardener/activity"),)),
    Bug(
        "occupancy",
        (Request("GET", "/api/rooms/occupancy?from=2026-07-01T15:00:00&to=2026-07-08T10:00:00Z"),),
    ),
    Bug(
        "order_changes",
        (
            Request(
                "POST",
                f"/api/orders/{_ORDER}/preview",
                {
                    "lines": [{"sku": "tent-2", "quantity": 1}, {"sku": "mat", "quantity": 2}],
                    "changes": [{"line": 2, "quantity": 3, "reason": "one more guest"}],
                },
            ),
        ),
    ),
    Bug(
        "payment_webhook",
        (
            Request(
                "POST",
                "/api/payments/events",
                {
                    "id": "evt_20417",
                    "type": "charge.refunded",
                    "data": {"refund": {"id": "re_1042", "amount": -1_990, "reason": None}},
                },
            ),
        ),
    ),
    Bug(
        "payout_batch",
        (
            Request(
                "POST",
                "/api/payouts",
                [
                    {"mentor": 7, "cents": 45_000, "method": "transfer"},
                    {"mentor": 12, "cents": 2_500, "method": "gift"},
                    {"mentor": 15, "cents": 9_000, "method": "card"},
                ],
            ),
        ),
    ),
    Bug("plan_limits", (Request("GET", "/api/limits", headers=(("X-Plan", "Enterprise"),)),)),
    Bug(
        "price_comparison",
        (
            Request(
                "POST",
                "/api/offers/compare",
                [
                    {"supplier": "north", "price": "12.90"},
                    {"supplier": "south", "price": "on request"},
                    {"supplier": "east", "price": "118", "currency": "SEK"},
                ],
            ),
        ),
    ),
    Bug(
        "readings_export",
        (
            Request(
                "POST",
                "/api/readings/export",
                {
                    "meter": "M-204",
                    "readings": [
                        {"day": "2026-03-01", "kwh": 8.4},
                        {"day": "2026-03-02", "kwh": "n/a"},
                        {"day": "2026-03-03", "kwh": 7.9},
                    ],
                },
            ),
        ),
    ),
    Bug("release_order", (Request("GET", "/api/versions/newest?version=1.9&version=1.x"),)),
    Bug("seat_hold", (Request("POST", f"/api/events/{_EVENT}/holds?seats=60"),)),
    Bug("slot_pages", (Request("GET", "/api/slots?offset=12&limit=4"),)),
    Bug("slow_report", (Request("POST", "/api/reports", {"account": "A-19", "months": 60}),)),
    Bug(
        "stock_level",
        (Request("POST", "/api/stock/reservations", {"part": "washer-m8", "quantity": 40}),),
    ),
    Bug(
        "storage_region",
        (Request("GET", "/api/files/contract.pdf/link", headers=(("Cookie", "region=ap"),)),),
    ),
    Bug(
        "text_messages",
        (Request("POST", "/api/reminders", {"booking": 3107, "text": "See you at ten!"}),),
        is_partner_down=True,
    ),
    Bug("ticket_notes", (Request("POST", "/api/notes", {"ticket": 58, "text": " \n"}),)),
    Bug("ticket_numbers", (_TICKET, _TICKET)),
    Bug(
        "ticket_routing",
        (
            Request(
                "POST",
                "/api/support/requests",
                {"topic": "cancellation", "text": "We are moving away.", "is_urgent": True},
            ),
        ),
    ),
    Bug("wallet", (Request("POST", "/api/wallets/311/top-ups", {"voucher": "GIFT-2026-25A"}),)),
)
