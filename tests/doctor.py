"""The doctor, and what it says."""

from tests.services import Service


def check(service: Service, *options: str, **env: str) -> tuple[int, str]:
    done = service.run("python", "-m", "app.observability", "check", *options, **env)
    return done.returncode, done.stdout


def line_of(output: str, about: str) -> str:
    """Return the last line about something, and what to do if it says that."""
    lines = output.splitlines()
    found = [number for number, line in enumerate(lines) if f"  {about} " in f"{line[:30]} "]
    [*_, last] = found
    advice = lines[last + 1 : last + 2]
    return "\n".join([lines[last], *(line for line in advice if "->" in line)])
