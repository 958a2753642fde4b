"""Options that several commands have."""

import click


def parse_answers(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    if wrong := next((text for text in given if "=" not in text), None):
        raise click.BadParameter(f"{wrong} is not answer=value.")
    return dict(text.split("=", 1) for text in given)


version_option = click.option(
    "--to", metavar="TAG", help="Version; the newest release if not given."
)
answers_option = click.option(
    "--set", "given", multiple=True, metavar="ANSWER=VALUE", callback=parse_answers
)

with_option = click.option(
    "--with",
    "wanted",
    multiple=True,
    metavar="REQUIREMENT",
    help='To try before it is locked: "sentry-sdk==3.0.0b2".',
)
