"""What stands in two places says the same in both."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import Generate
from tests.monitoring.conftest import copy_of
from tests.services import BIN, ROOT, Service, clean_environment

DATABASES = ["sqlite", "postgresql", "none"]


def requirements(folder: Path) -> dict[str, str]:
    """Every package that a service declares, with its bounds."""
    pyproject = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    declared = pyproject["project"]["dependencies"] + pyproject["dependency-groups"]["ion-sentry"]
    return {re.split(r"[<>=]", text)[0]: text for text in declared}


def test_one_environment_has_what_all_variants_declare(generate: Generate) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    declared: dict[str, str] = {}
    for database in DATABASES:
        declared |= requirements(generate(database=database).folder)
    of_the_tests = (ROOT / "tests/standard/requirements.txt").read_text("utf-8").splitlines()
    declared |= {line: line for line in of_the_tests if line[0] != "#"}
    assert sorted(declared.values()) == sorted(groups["service"])


@pytest.mark.parametrize("database", DATABASES)
def test_every_variable_is_explained(generate: Generate, database: str) -> None:
    service = generate(database=database)
    explained = re.findall(
        r"^([A-Z_]+)=", (service.folder / ".env.example").read_text("utf-8"), re.M
    )
    code = "from app.settings import Settings; print(*Settings.model_fields)"
    fields = service.run("python", "-c", code).stdout.split()
    assert sorted(explained) == sorted(field.upper() for field in fields)


def test_the_example_environment_is_the_default(generate: Generate, tmp_path: Path) -> None:
    service = generate()
    code = "from app.settings import Settings; print(Settings(_env_file={}).model_dump_json())"
    defaults, example = (
        service.run("python", "-c", code.format(file)).stdout for file in ("None", "'.env.example'")
    )
    assert json.loads(example) == json.loads(defaults)


def test_the_image_is_small_in_rights_and_knows_its_release(generate: Generate) -> None:
    lines = (generate().folder / "Dockerfile").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.startswith("FROM ")]) == 2
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001"]
    assert lines.index("USER 10001") > max(
        number for number, line in enumerate(lines) if line.startswith(("RUN ", "COPY "))
    )
    assert "ARG SENTRY_RELEASE" in lines and "ENV SENTRY_RELEASE=$SENTRY_RELEASE" in lines


def test_the_images_health_check_tells_alive_from_dead(generate: Generate) -> None:
    service = generate()
    dockerfile = (service.folder / "Dockerfile").read_text("utf-8")
    found = re.search(r"HEALTHCHECK .*?\n\s+CMD (\[.*\])", dockerfile)
    assert found
    with service.serving() as running:
        port = running.url.rpartition(":")[2]
        check = [word.replace("8000", port) for word in json.loads(found[1])]
        assert service.run(*check).returncode == 0
    assert service.run(*check).returncode != 0


def test_the_image_installs_without_the_tools_of_developers(
    generate: Generate, tmp_path: Path
) -> None:
    dockerfile = (generate().folder / "Dockerfile").read_text("utf-8")
    found = re.search(r"^RUN (uv sync .*)$", dockerfile, re.MULTILINE)
    assert found
    (tmp_path / "pyproject.toml").write_bytes((generate().folder / "pyproject.toml").read_bytes())
    assert Service(tmp_path).run("uv", "lock", "--quiet").returncode == 0
    [env] = re.findall(r"^ENV (.*UV_.*)$", dockerfile, re.MULTILINE)
    image = Service(
        tmp_path,
        dict(pair.split("=") for pair in env.split()) | {"UV_PYTHON": str(BIN / "python")},
    )
    installed = image.run(*found[1].split())
    assert installed.returncode == 0, installed.stdout
    names = {path.name for path in (tmp_path / ".venv/bin").iterdir()}
    assert {"uvicorn", "alembic"} <= names
    assert not {"pytest", "mypy", "ruff", "uv"} & names


def test_uv_takes_the_certificates_of_the_system(generate: Generate) -> None:
    # Else nothing can be installed behind the proxies of companies, where pip works.
    env = {name: text for name, text in clean_environment().items() if name[:3] != "UV_"}
    for folder in (ROOT, generate().folder):
        shown = subprocess.run(
            ["make", "--silent", "--eval=shown: ; @echo $$UV_SYSTEM_CERTS", "shown"],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout == "1\n"
    assert "UV_SYSTEM_CERTS=1" in (generate().folder / "Dockerfile").read_text("utf-8")


def test_lint_refuses_the_sdk_outside_of_the_standard(generate: Generate, tmp_path: Path) -> None:
    service = Service(copy_of(generate(), tmp_path / "service"))
    assert service.run("ruff", "check", ".").returncode == 0
    for line in ("import sentry_sdk", "from sentry_sdk.integrations.redis import RedisIntegration"):
        (service.folder / "app/api/mine.py").write_text(f"{line}\n")
        done = service.run("ruff", "check", ".")
        assert done.returncode == 1
        assert "TID251" in done.stdout and "the one door to Sentry" in done.stdout, done.stdout


TABLE = """
from app.observability import SentrySettings
for name, field in SentrySettings.model_fields.items():
    print(name.upper(), field.description, sep="\\t")
"""


def test_every_setting_is_in_the_readme_and_the_example_as_the_code_says(
    generate: Generate,
) -> None:
    service = generate()
    told = dict(line.split("\t") for line in service.run("python", "-c", TABLE).stdout.splitlines())
    readme = (service.folder / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`.*`|empty) \| (.+) \|$", readme, re.M))
    assert {name: rows.get(name) for name in told} == told
    defaults = dict(re.findall(r"^\| `([A-Z_]+)` \| (`.*`|empty) \|", readme, re.M))
    example = (service.folder / ".env.example").read_text("utf-8")
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.M))
    shown = {name: default.strip("`").replace("empty", "") for name, default in defaults.items()}
    assert {name: values.get(name) for name in told} == {name: shown[name] for name in told}
