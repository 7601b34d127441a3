"""What a repository tells people who want to use, report or change something, and the hooks it offers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from package.building import REPOSITORY

FOR_PEOPLE = REPOSITORY / ".github"
pytestmark = pytest.mark.skipif(not FOR_PEOPLE.exists(), reason="an sdist does not carry these files")


def forms() -> list[Path]:
    return sorted(FOR_PEOPLE.glob("ISSUE_TEMPLATE/*.yml"))


def test_there_are_ways_to_contribute_to_report_and_to_tell_of_a_vulnerability() -> None:
    assert {path.name for path in FOR_PEOPLE.rglob("*") if path.is_file()} >= {
        "CONTRIBUTING.md",
        "SECURITY.md",
        "pull_request_template.md",
        "config.yml",
        "bug.yml",
        "feature.yml",
        "model.yml",
    }


def test_no_page_names_an_address_of_mail() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in FOR_PEOPLE.rglob("*") if path.is_file()}

    assert [path for path, text in texts.items() if re.search(r"[\w.]+@[\w.]+\.\w", text)] == []


@pytest.mark.parametrize("path", [path for path in forms() if path.name != "config.yml"], ids=lambda path: path.stem)
def test_a_form_has_what_github_wants_of_it(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    ids = [field["id"] for field in form["body"]]

    assert form["name"]
    assert form["description"]
    assert len(ids) == len(set(ids))
    assert all(field["attributes"]["label"] for field in form["body"])


def test_the_links_of_these_pages_lead_to_files() -> None:
    for page in FOR_PEOPLE.glob("*.md"):
        targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


def test_the_hooks_we_offer_and_use_call_what_is_there() -> None:
    (offered,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    used = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]

    assert (offered["id"], offered["entry"]) == ("imagen-check", "python -m airflow_provider_imagen check")
    files = [word for hook in used for word in hook["entry"].split() if word.startswith(("tests/", "dags_examples"))]
    assert [name for name in files if not (REPOSITORY / name).exists()] == []
