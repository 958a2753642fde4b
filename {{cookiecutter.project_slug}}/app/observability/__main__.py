"""`python -m app.observability release` prints the release, as the SDK and the image tell it."""

import argparse

from .settings import SentrySettings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.observability", description=__doc__)
    parser.add_argument("command", choices=["release"])
    parser.parse_args()
    print(SentrySettings.load().sentry_release)


if __name__ == "__main__":
    main()
