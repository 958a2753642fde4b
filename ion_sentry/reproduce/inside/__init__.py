"""What runs in the service's own environment: the request of an event, made to happen.

order.json   the event, where the clock stands, which database, what fills it
result.json  what was asked, what was answered, and what the standard reported
late         where it stood when its time was up, if it was
"""

import faulthandler
import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def main() -> None:
    """Carry out the order in the folder that is the last argument, and write the result there."""
    scratch = Path(sys.argv[-1])
    order = json.loads((scratch / "order.json").read_text("utf-8"))
    sys.path.insert(0, "")
    from .replay import Unusable, replay

    # Whatever hangs, the process ends: no code that is stuck can hold up, or take back, this.
    late = (scratch / "late").open("wb")
    faulthandler.dump_traceback_later(order["seconds"], exit=True, file=late)
    try:
        result = replay(order, scratch)
    except Unusable as error:
        result = {"unusable": str(error)}
    (scratch / "result.json").write_text(json.dumps(result, default=str), "utf-8")
