"""The script that plays a new user finds the README's commands, and stops where one breaks its promise."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from package.building import REPOSITORY
from support.scripts import script_in_ci

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
JPEG = r"\377\330\377\340"


@pytest.fixture(scope="module")
def script() -> Any:
    return script_in_ci("new_user")


@pytest.fixture
def user(script: Any, tmp_path: Path) -> Iterator[Any]:
    with script.shell(tmp_path, dict(os.environ)) as opened:
        yield opened


def test_the_readme_is_tried_with_pip_an_emulator_and_one_command(script: Any) -> None:
    pasted = script.commands(README)

    assert "pip install 'airflow-provider-imagen[emulator]'" in pasted[0]
    emulator, generate = (
        next(number for number, command in enumerate(pasted) if f"airflow_provider_imagen{verb}" in command)
        for verb in (".emulator", " generate")
    )
    assert 0 < emulator < generate


def test_a_readme_that_offers_no_first_try_is_refused(script: Any) -> None:
    with pytest.raises(SystemExit, match="no part 'Try it'"):
        script.commands("## Try it\n\n```sh\nmake demo\n```\n\n## Next\n\n```sh\npip install it\n```\n")


def test_lines_that_belong_together_are_pasted_together(script: Any) -> None:
    block = "## Try it now\n\n```console\n$ pip install it\nCollecting it\n$ make \\\n    demo\n```\n"

    assert script.commands(block) == ["pip install it", "make      demo"]


def test_the_built_wheel_takes_the_place_of_the_released_package(script: Any) -> None:
    wheel = Path("/dist/a.whl")

    assert script.from_wheel("pip install 'airflow-provider-imagen[emulator]'", wheel) == (
        "pip install '/dist/a.whl[emulator]'"
    )
    assert script.from_wheel("echo airflow-provider-imagen", wheel) == "echo airflow-provider-imagen"


def test_what_one_command_sets_the_next_one_sees(script: Any, user: Any, tmp_path: Path) -> None:
    script.try_it(user, ["NAME=red.jpg", f"printf '{JPEG}' > $NAME", "echo $NAME"], tmp_path)


def test_a_command_that_fails_is_told_with_what_it_printed(script: Any, user: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"(?s)ended with 3:.*no such place"):
        script.try_it(user, ["echo no such place >&2; (exit 3)", "echo not reached"], tmp_path)


def test_a_command_that_ends_the_shell_did_not_end(script: Any, user: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="did not end"):
        script.try_it(user, ["exec true"], tmp_path)


@pytest.mark.parametrize(
    "command",
    ["echo red.jpg", "echo text > red.jpg; echo red.jpg", f"printf '{JPEG}' > red.jpg", "mkdir red.jpg; echo red.jpg"],
)
def test_a_promised_image_that_is_not_there_is_a_fault(script: Any, user: Any, tmp_path: Path, command: str) -> None:
    with pytest.raises(SystemExit, match="promises images"):
        script.try_it(user, [command], tmp_path)


def test_what_runs_in_the_background_is_ended(script: Any, tmp_path: Path) -> None:
    with script.shell(tmp_path, dict(os.environ)) as opened:
        left = int(opened.paste("tail -f /dev/null & echo $!").output)
        watch = os.pidfd_open(left)

    with os.fdopen(watch) as ended:  # readable once the process has ended
        assert select.select([ended], [], [], 60)[0]


def test_a_command_that_hangs_is_ended_with_its_shell(script: Any, user: Any) -> None:
    assert user.paste("tail -f /dev/null", patience_seconds=0.2).code is None
