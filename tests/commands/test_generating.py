"""``generate``: one request from the command line, on a connection to the emulator."""

from __future__ import annotations

import json
import os
import socket
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import airflow
import pytest

from airflow_provider_imagen.__main__ import parser
from airflow_provider_imagen.commands import generate as verb
from airflow_provider_imagen.commands.connections import HookOutsideTasks
from airflow_provider_imagen.emulator import Fault

if TYPE_CHECKING:
    from conftest import Run

PYTHON_M = (sys.executable, "-m", "airflow_provider_imagen")


def generate_with(command: tuple[str, ...], run: Run, emulator: Any) -> Run:
    connection = json.dumps({"conn_type": "imagen", "extra": emulator.connection["extra"]})

    def run_generate(*words: str, **environment: str) -> Any:
        return run(*command, "generate", *words, **{"AIRFLOW_CONN_IMAGEN_DEFAULT": connection, **environment})

    return run_generate


@pytest.fixture
def generate(run: Run, emulator: Any) -> Run:
    """Return a function that runs ``generate``; the connection is in the environment."""
    return generate_with(PYTHON_M, run, emulator)


@pytest.fixture
def generate_each_way(run: Run, command: tuple[str, ...], emulator: Any) -> Run:
    """The same, with each command line that this Airflow has."""
    return generate_with(command, run, emulator)


def test_images_go_to_a_folder_below_the_current_one_and_their_paths_to_standard_output(
    generate_each_way: Run, tmp_path: Path
) -> None:
    done = generate_each_way("a red boat", "-n", "2")

    assert done.returncode == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in paths] == ["sample_0.jpg", "sample_1.jpg"]
    assert all(path.is_relative_to(tmp_path / "imagen-images") and path.stat().st_size > 0 for path in paths)
    assert "What is asked (2 images, about 0.0672 USD by list price)" in done.stderr
    assert "group::" not in done.stderr


def test_every_uri_stands_once_and_on_standard_output(generate: Run) -> None:
    done = generate("a red boat", "-n", "2")
    paths = done.stdout.splitlines()

    assert [(path, (done.stdout + done.stderr).count(path)) for path in paths] == [(path, 1) for path in paths]
    assert "2 images after " in done.stderr


def test_show_opens_each_image(generate: Run, tmp_path: Path) -> None:
    opened, viewer = tmp_path / "opened", tmp_path / "viewer"
    viewer.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    viewer.chmod(0o755)
    local = generate("a red boat", "--show", BROWSER=f"{viewer} %s")
    in_cloud = generate("a red boat", "--show", "--output", "gs://bucket/shown/", BROWSER=f"{viewer} %s")

    names = [uri.strip().removeprefix("gs://") for uri in (local.stdout, in_cloud.stdout)]
    assert opened.read_text().splitlines() == [f"file://{names[0]}", f"https://storage.cloud.google.com/{names[1]}"]


def test_pictures_to_start_from_are_sent(generate: Run, emulator: Any, tmp_path: Path) -> None:
    (first,) = generate("a red boat").stdout.splitlines()
    done = generate("at night", "-r", first, "-r", str(Path(first).relative_to(tmp_path)), "--thinking-level", "HIGH")

    assert done.returncode == 0, done.stderr
    sent = [each for each in emulator.requests if each.path.endswith(":generateContent")][-1].json
    assert len([part for part in sent["contents"][0]["parts"] if "inlineData" in part]) == 2


def test_a_second_call_replaces_nothing(generate: Run, tmp_path: Path) -> None:
    first, second = generate("a red boat", "--output", "here"), generate("a red boat", "--output", "here")

    assert first.stdout.startswith(f"{tmp_path}/here/")
    assert set(first.stdout.splitlines()).isdisjoint(second.stdout.splitlines())


def test_every_option_reaches_the_request(generate: Run, emulator: Any) -> None:
    options = {
        "--model": "imagen-3.0-generate-001",
        "--output": "gs://bucket/tried/",
        "--number-of-images": "3",
        "--negative-prompt": "dogs",
        "--aspect-ratio": "16:9",
        "--output-mime-type": "image/jpeg",
        "--location": "europe-west4",
        "--project-id": "another-project",
    }
    done = generate("a red boat", *(word for option in options.items() for word in option))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"gs://bucket/{name}" for name in emulator.list_objects("bucket", "tried/")]
    (request,) = [each for each in emulator.requests if each.path.endswith(":predict")]
    assert "/projects/another-project/locations/europe-west4/" in request.path
    sent = request.json["parameters"]
    assert (sent["sampleCount"], sent["negativePrompt"], sent["aspectRatio"]) == (3, "dogs", "16:9")
    assert sent["outputOptions"] == {"mimeType": "image/jpeg"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a boat", "--aspect-ratio", "9:99"), "InvalidInputError: No request was sent, 1 to correct:"),
        (("a boat", "--location", "mars1"), "InvalidInputError"),
    ],
)
def test_wrong_input_ends_with_1_and_its_text(generate: Run, emulator: Any, words: tuple[str, ...], told: str) -> None:
    done = generate(*words)

    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert emulator.requests == []


def test_filtered_images_end_with_1_and_the_reason(generate: Run, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=1))
    done = generate("a red boat", "--model", "imagen-4.0-generate-001")

    assert (done.returncode, done.stdout) == (1, "")
    assert "ImagesFilteredError: The image was filtered." in done.stderr
    assert "Traceback" not in done.stderr


def test_whoever_stops_it_is_told_that_it_may_be_billed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "_prepared", lambda arguments, options: interrupted)
    options = Namespace(output="here", reference=None, **dict.fromkeys(verb.ARGUMENTS))

    assert verb.generate_images(options) == 130
    assert "may have been accepted, and then it is billed" in capfd.readouterr().err


def test_without_a_prompt_it_is_wrong_usage(generate: Run, emulator: Any) -> None:
    assert generate().returncode == 2
    assert emulator.requests == []


def test_a_connection_in_airflows_database_is_found(
    run: Run, command: tuple[str, ...], emulator: Any, airflow_database: None
) -> None:
    """Airflow 3 itself looks into its database only for a running task."""
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]}
    executable = Path(sys.executable).with_name("airflow")
    name = f"stored_by_{command[-1]}"
    extra = json.dumps(emulator.connection["extra"])
    added = run(str(executable), "connections", "add", name, "--conn-type", "imagen", "--conn-extra", extra, **database)

    done = run(*command, "generate", "a red boat", "--imagen-conn-id", name, **database)

    assert added.returncode == 0, added.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("sample_0.jpg\n")


def test_a_fresh_airflow_home_brings_no_warnings_of_airflow(generate_each_way: Run) -> None:
    done = generate_each_way("a red boat", AIRFLOW__CORE__FERNET_KEY="")

    assert "empty cryptography key" not in done.stderr
    if not airflow.__version__.startswith(("3.0.", "3.1.", "3.2.")):  # which tell of their own imports
        assert done.stderr.splitlines()[0].startswith("Model gemini-")


@pytest.mark.parametrize(("place", "name"), [("here", "endpoint"), ("gs://bucket/made/", "storage_endpoint")])
def test_an_endpoint_where_nothing_listens_is_named_at_once_and_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    closed_port: int,
    place: str,
    name: str,
) -> None:
    pauses: list[float] = []
    address = f"http://127.0.0.1:{closed_port}"
    extra = {"endpoint": address, "storage_endpoint": address, "project": "p", "is_anonymous": True}
    monkeypatch.setenv("AIRFLOW_CONN_IMAGEN_DEFAULT", json.dumps({"conn_type": "imagen", "extra": extra}))
    options = {**HookOutsideTasks.client_options, "sleep": pauses.append}
    monkeypatch.setattr(HookOutsideTasks, "client_options", options)
    monkeypatch.chdir(tmp_path)

    status = verb.generate_images(parser().parse_args(["generate", "a red boat", "--output", place]))

    printed = capfd.readouterr()
    told = [line for line in printed.err.splitlines() if "Trying again" in line]
    assert status == 1
    assert "sample_" not in printed.out  # Airflow 3.0 writes a warning of its own there
    assert told[0].startswith(
        f"Nothing listens at {address}, the connection's {name} (connection refused). Nothing was"
    )
    assert f"or correct {name}. Trying again in " in told[0]
    assert told[0].endswith("(try 2), for 10 s at most.")
    assert printed.err.count(f"NotSentError: Nothing listens at {address}, the connection's {name}") == 1
    assert 0 < sum(pauses) <= 10


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nothing else takes while the test runs, and where nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
