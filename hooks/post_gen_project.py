"""Finish the generated service: variants, `.env`, where it comes from, how to go on.

Runs with cookiecutter's own interpreter, in the new folder: standard library only.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

# What is there only with some answers. Everything else of the template is in every service.
WANTED = {
    ".github": ANSWERS["ci"] == "github",
    ".gitlab": ANSWERS["ci"] == "gitlab",
    ".gitlab-ci.yml": ANSWERS["ci"] == "gitlab",
    ".dockerignore": ANSWERS["deploy"] != "none",
    "CODEOWNERS": ANSWERS["repository"] != "",
    "Dockerfile": ANSWERS["deploy"] != "none",
    "LICENSE": ANSWERS["license"] != "Proprietary",
    "compose.yaml": ANSWERS["database"] == "postgresql",
    "deploy/kubernetes/base/migration.yaml": ANSWERS["database"] != "none",
    "deploy": ANSWERS["deploy"] == "kubernetes",
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


def complete_state() -> None:
    """Write the exact commit and repository into `.cruft.json`, for updates.

    What is rendered there already is the version's tag and the template's home. It stays where the
    template is no git repository: a zip, or a machine without git.
    """
    file = Path(".cruft.json")
    if "_repo_dir" not in ANSWERS:  # cruft, which writes a state of its own
        file.unlink()
        return
    # Given as `.`, the template lies where the user is, and that is no longer this folder.
    template = Path(os.environ.get("PWD", ""), ANSWERS["_repo_dir"])
    is_one = template.is_absolute() and (template / "cookiecutter.json").is_file()
    commit = git(template, "rev-parse", "HEAD") if is_one and (template / ".git").exists() else ""
    state = json.loads(file.read_text("utf-8"))
    if commit:
        origin = git(template, "config", "--get", "remote.origin.url")
        state |= {"template": public_url(template, origin), "commit": commit}
    file.write_text(json.dumps(state, ensure_ascii=False, indent=2) + "\n", "utf-8")


def public_url(template: Path, origin: str) -> str:
    """Say where others find the template, without whatever opens the door to it."""
    if re.match(r"\w+://|[^/\\]{2,}:", origin):
        return re.sub(r"(?<=^ssh://)([^/@:]*):[^/]*(?=@)|^(https?://)[^/]*@", r"\1\2", origin)
    return (template / origin).resolve().as_uri()


def git(folder: Path, *command: str) -> str:
    """Return what git prints, or nothing if it fails; as if it were run in `folder` by hand."""
    # In a hook of git these lead to another repository.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *command], env=env, capture_output=True, encoding="utf-8"
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def say_how_to_go_on() -> None:
    print("\nYour service is ready. See it run, then fail:\n")
    print(f"    cd {ANSWERS['project_slug']}")
    print("    make run")
    print("    curl --json '{}' http://127.0.0.1:8000/debug/error    # in a second terminal\n")
    if not ANSWERS["sentry_dsn"].strip():
        print("Sentry is off until SENTRY_DSN is in .env. To see errors here: make viewer\n")


keep_chosen_variants()
write_env()
complete_state()
say_how_to_go_on()
