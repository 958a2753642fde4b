"""A receiver in a process of its own: takes envelopes at little cost, and counts them at the end.

python -m bench.sink PORT SECONDS-PER-ANSWER     # SIGTERM: prints what arrived, as JSON
"""

import json
import signal
import sys
import threading
import time
from collections import Counter
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

from demo.envelope import decompress, parse
from demo.receiver import LoopbackServer

KEY = "0123456789abcdef0123456789abcdef"
Taken = list[tuple[str | None, bytes]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, taken: Taken, pause: float, *args: Any) -> None:
        self._taken, self._pause = taken, pause
        super().__init__(*args)

    def do_POST(self) -> None:
        wire = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._taken.append((self.headers.get("Content-Encoding"), wire))
        if self._pause:
            time.sleep(self._pause)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def counted(taken: Taken) -> dict[str, float]:
    """Return how many envelopes, bytes, and items of each kind; traces, and what sessions say."""
    found: Counter[str] = Counter()
    sizes: list[int] = []
    for encoding, wire in taken:
        found["envelopes"] += 1
        found["wire bytes"] += len(wire)
        for item in parse(decompress(wire, encoding)):
            payload = json.loads(item.payload) if item.type != "attachment" else {}
            match item.type:
                case "event":
                    found["errors" if "exception" in payload else "messages"] += 1
                    sizes.append(len(item.payload))
                case "transaction":  # the old form of a trace, its spans inside
                    found["traces"] += 1
                    found["spans"] += 1 + len(payload.get("spans", []))
                case "span":
                    found["spans"] += len(payload["items"])
                    found["traces"] += sum(span["is_segment"] for span in payload["items"])
                case "log":
                    found["logs"] += len(payload["items"])
                case "session" | "sessions":
                    found["sessions"] += 1
                case kind:
                    found[kind] += 1
    return {**found, "event bytes": sum(sizes) / len(sizes) if sizes else 0.0}


def main(port: int, pause: float) -> None:
    taken: Taken = []
    server = LoopbackServer(("127.0.0.1", port), partial(_Handler, taken, pause))
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(server.server_address[1], flush=True)
    done.wait()
    print(json.dumps(counted(taken)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
