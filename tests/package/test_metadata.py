"""What the distribution says of itself to package indexes, installers and Airflow."""

from __future__ import annotations

import configparser
import re
from email.message import Message
from pathlib import Path

from package.building import REPOSITORY, wheel_files
from package.promises import EMULATOR, RUN_TIME, required
from trove_classifiers import classifiers as known_classifiers


def test_installs_what_was_promised_and_nothing_else(metadata: Message) -> None:
    assert required(metadata) == RUN_TIME


def test_the_emulator_is_an_extra(metadata: Message) -> None:
    assert set(metadata.get_all("Provides-Extra", [])) == {"browser", "dev", "emulator"}
    assert required(metadata, "emulator") == EMULATOR


def test_every_requirement_has_a_floor_and_no_ceiling(metadata: Message) -> None:
    lines = [line.partition(";")[0] for line in metadata.get_all("Requires-Dist", [])]
    ours = "airflow-provider-imagen[emulator]"

    assert [line for line in lines if line != ours and not re.fullmatch(r"[a-z-]+(\[[a-z]+\])?>=[\d.]+", line)] == []


def test_states_its_licence_and_brings_the_text(metadata: Message, wheel: Path) -> None:
    (licence,) = [text for name, text in wheel_files(wheel).items() if name.endswith("/licenses/LICENSE")]

    assert (metadata["License-Expression"], metadata.get_all("License-File")) == ("Apache-2.0", ["LICENSE"])
    assert licence == (REPOSITORY / "LICENSE").read_bytes()


def test_classifiers_exist_and_name_airflow(metadata: Message) -> None:
    stated = metadata.get_all("Classifier", [])

    assert [each for each in stated if each not in known_classifiers] == []
    assert {"Framework :: Apache Airflow :: Provider", "Typing :: Typed"} <= set(stated)


def test_it_leads_to_its_pages(metadata: Message) -> None:
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL", []))

    assert set(urls) == {"Changelog", "Documentation", "Homepage", "Issues", "Source"}
    assert all(url.startswith("https://") for url in urls.values())


def test_the_changelog_has_a_section_for_this_version_below_the_unreleased_one(metadata: Message) -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", text, re.MULTILINE)

    assert headings[0] == ("Unreleased", "")
    assert next(version for version, day in headings[1:] if day) == metadata["Version"]
    assert all(f"\n[{version}]: https://" in text for version, _ in headings)


def test_the_lowest_python_it_names_is_the_one_it_requires(metadata: Message) -> None:
    minors = [int(each.rpartition(".")[2]) for each in metadata.get_all("Classifier", []) if ":: Python :: 3." in each]

    assert metadata["Requires-Python"] == f">=3.{min(minors)}"


def test_describes_itself_with_the_readme(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_airflow_finds_it_by_its_entry_point(wheel: Path) -> None:
    (text,) = [text for name, text in wheel_files(wheel).items() if name.endswith("/entry_points.txt")]
    entries = configparser.ConfigParser()
    entries.read_string(text.decode())

    assert entries["apache_airflow_provider"]["provider_info"] == (
        "airflow_provider_imagen.provider_info:get_provider_info"
    )
