"""Finish the generated service: keep the chosen variants, write `.env`, say how to go on.

Runs with cookiecutter's own interpreter, in the new folder: standard library only.
"""

import json
import os
import shutil
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

# What is there only with some answers. Everything else of the template is in every service.
WANTED = {
    ".github": ANSWERS["ci"] == "github",
    ".gitlab": ANSWERS["ci"] == "gitlab",
    ".gitlab-ci.yml": ANSWERS["ci"] == "gitlab",
    ".dockerignore": ANSWERS["deploy"] != "none",
    "Dockerfile": ANSWERS["deploy"] != "none",
    "LICENSE": ANSWERS["license"] != "Proprietary",
    "compose.yaml": ANSWERS["database"] == "postgresql",
    "app/db": ANSWERS["database"] != "none",
    "tests/database.py": ANSWERS["database"] != "none",
    "tests/test_database.py": ANSWERS["database"] != "none",
    "tests/test_migrations.py": ANSWERS["database"] != "none",
}


def keep_chosen_variants() -> None:
    """Remove what isn't wanted, and lay `variants/<answer>-<value>` over the rest."""
    for path in (Path(name) for name, wanted in WANTED.items() if not wanted):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for variant in sorted(Path("variants").iterdir()):
        answer, _, value = variant.name.partition("-")
        if ANSWERS[answer] == value:
            shutil.copytree(variant, ".", dirs_exist_ok=True)
    shutil.rmtree("variants")


def write_env() -> None:
    """Put the DSN where git doesn't see it and nobody else may read it."""
    file = os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as env:
        env.write("# All variables: .env.example\n")
        env.write(f"SENTRY_DSN={ANSWERS['sentry_dsn'].strip()}\n")


def say_how_to_go_on() -> None:
    print("\nYour service is ready. See it run, then fail:\n")
    print(f"    cd {ANSWERS['project_slug']}")
    print("    make run")
    print("    curl --json '{}' http://127.0.0.1:8000/debug/error    # in a second terminal\n")
    if not ANSWERS["sentry_dsn"].strip():
        print("Sentry is off until SENTRY_DSN is in .env.\n")


keep_chosen_variants()
write_env()
say_how_to_go_on()
