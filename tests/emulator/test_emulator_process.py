"""Starting and stopping: as a context manager, and as a command that leaves nothing running."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_imagen.emulator import Emulator

PATIENCE_SECONDS = 300
Start = Callable[..., subprocess.Popen[str]]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel about child processes")


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that runs the command; what still runs in the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "airflow_provider_imagen.emulator", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield run
    for process in running:
        kill(process)


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE_SECONDS)
    assert ready, "nothing was printed"
    return dict(json.loads(process.stdout.readline()))


def pasted(line: str) -> dict[str, Any]:
    """Return the connection that a shell has after a line was pasted into it."""
    command = f"{line}\n{sys.executable} -c 'import os; print(os.environ[\"AIRFLOW_CONN_IMAGEN_DEFAULT\"])'"
    shell = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    return dict(json.loads(shell.stdout))


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and let go of its pipes, which a child that outlives it would keep open."""
    process.kill()
    process.wait(PATIENCE_SECONDS)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def children_of(process: subprocess.Popen[str]) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    return [int(pid) for pid in listed.stdout.split()]


def is_served(url: str) -> bool:
    place = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((place.hostname, place.port)) == 0


def dies_with(process: subprocess.Popen[str]) -> bool:
    """Kill a process and return whether its only child ends too; one that does not is killed."""
    (child,) = children_of(process)
    descriptor = os.pidfd_open(child)
    try:
        kill(process)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if poll.poll(1000 * PATIENCE_SECONDS):
            return True
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        return False
    finally:
        os.close(descriptor)


def test_the_command_prints_where_it_serves_as_json_and_for_a_shell(start: Start, make_client: Any) -> None:
    process = start("--bucket", "one", "--bucket", "two")

    ready = first_line(process)
    google = make_client(ready["endpoint"])
    assert ready["buckets"] == ["one", "two"]
    assert ready["airflow_connection"]["conn_type"] == "imagen"
    assert ready["airflow_connection"]["extra"]["endpoint"] == ready["endpoint"]
    assert ready["airflow_connection"]["extra"]["storage_endpoint"] == ready["storage_endpoint"]
    assert google.generate(storageUri="gs://two/x/").predictions[0]["gcsUri"].startswith("gs://two/x/")
    assert len(make_client(ready["storage_endpoint"]).objects("two").json["items"]) == 1
    assert process.stdout
    assert pasted(process.stdout.readline()) == ready["airflow_connection"]
    process.terminate()
    rest, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (rest, errors) == ("", "")


def test_the_line_for_a_shell_can_be_had_alone(start: Start) -> None:
    process = start("--print-env")
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE_SECONDS)
    assert ready, "nothing was printed"
    line = process.stdout.readline()

    connection = pasted(line)
    assert line.startswith("export AIRFLOW_CONN_IMAGEN_DEFAULT=")
    assert connection["conn_type"] == "imagen"
    assert is_served(connection["extra"]["endpoint"])
    process.terminate()
    rest, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (rest, errors) == ("", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_command_and_its_storage_server(start: Start, number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        storage = f"http://127.0.0.1:{taken.getsockname()[1]}"
    process = start("--storage-port", storage.rpartition(":")[2])
    ready = first_line(process)
    assert ready["buckets"] == ["my-bucket"]
    assert is_served(ready["endpoint"])
    assert is_served(storage)

    process.send_signal(number)

    assert process.wait(PATIENCE_SECONDS) == 0
    assert not is_served(ready["endpoint"])
    assert not is_served(storage)


def test_a_client_that_stays_connected_does_not_hold_the_command_up(start: Start) -> None:
    process = start()
    place = urlsplit(first_line(process)["endpoint"])

    with socket.create_connection((place.hostname, place.port)) as idle:
        idle.sendall(b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0


@on_linux
def test_when_the_command_is_killed_its_storage_server_ends_too(start: Start) -> None:
    process = start()
    first_line(process)

    assert dies_with(process)


@on_linux
def test_when_a_program_that_embeds_the_emulator_is_killed_the_storage_server_ends_too() -> None:
    program = "from airflow_provider_imagen.emulator import Emulator\nwith Emulator(): print('{}', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        first_line(process)
        assert dies_with(process)
    finally:
        kill(process)


def test_objects_in_a_folder_outlive_the_emulator_and_a_new_one_overwrites_none(
    tmp_path: Path, make_client: Any
) -> None:
    for count in (1, 2):
        with Emulator(["bucket"], storage_folder=tmp_path) as emulator:
            make_client(emulator.endpoint).generate(storageUri="gs://bucket/x/")
            assert len(emulator.list_objects("bucket")) == count


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.com", ""])
def test_an_address_that_others_reach_needs_permission(start: Start, host: str) -> None:
    with pytest.raises(ValueError, match="reachable from other machines. Use 127.0.0.1, or say --allow-remote"):
        Emulator(host=host)
    process = start("--host", host)
    said, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (2, ""), errors
    assert "--allow-remote" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_a_loopback_address_needs_none(host: str) -> None:
    with Emulator(host=host) as emulator, urllib.request.urlopen(f"{emulator.endpoint}/emulator/requests") as answer:
        assert answer.read() == b"[]"


def test_with_permission_it_listens_everywhere() -> None:
    with Emulator(host="0.0.0.0", allow_remote=True) as emulator:
        port = urlsplit(emulator.endpoint).port
        with urllib.request.urlopen(f"http://127.0.0.2:{port}/emulator/requests") as answer:
            assert answer.status == 200


def test_a_taken_port_is_an_error_and_leaves_nothing_running() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OSError, match="in use"):
            Emulator(port=taken.getsockname()[1]).__enter__()
        with pytest.raises(RuntimeError, match="Is the port taken?"):
            Emulator(storage_port=taken.getsockname()[1]).__enter__()


def test_the_storage_server_of_another_emulator_is_not_taken_for_its_own() -> None:
    with Emulator(["bucket"]) as other, pytest.raises(RuntimeError, match="Is the port taken?"):
        Emulator(["mine"], storage_port=other._storage.port).__enter__()


def test_two_emulators_share_nothing(make_client: Any) -> None:
    with Emulator(["bucket"]) as one, Emulator(["bucket"]) as two:
        one.retire("imagen-4.0-generate-001")
        assert make_client(one.endpoint).generate().status == 404
        assert make_client(two.endpoint).generate(storageUri="gs://bucket/x/").status == 200
        assert (one.list_objects("bucket"), len(two.list_objects("bucket"))) == ([], 1)
        assert (len(one.requests), len(two.requests)) == (1, 1)


def test_an_emulator_that_was_not_started_says_so() -> None:
    with pytest.raises(RuntimeError, match="with statement"):
        _ = Emulator().endpoint
