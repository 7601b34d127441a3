"""Builds the wheel, and pastes the README's commands for a first try into a shell with a fresh environment.

``new_user.py TOOLS``: the Python that builds. Prints the time of each step; stops at the first that fails.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
CONSTRAINTS = REPOSITORY / ".ci" / "constraints.txt"
PATIENCE_SECONDS = 900.0  # for one command, so that one which hangs is told of
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class Done(NamedTuple):
    """What became of one command."""

    code: int | None
    output: str
    seconds: float


class Shell:
    """A shell that keeps its variables and background processes from command to command, as a terminal does."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def paste(self, command: str, patience_seconds: float = PATIENCE_SECONDS) -> Done:
        """Run a command and return its exit code, ``None`` if it did not end, and what was printed meanwhile."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        begun, mark, output = time.monotonic(), secrets.token_hex(8), []
        self._process.stdin.write(f"{command}\nprintf '\\n%s %s\\n' {mark} $?\n")
        self._process.stdin.flush()
        guard = Timer(patience_seconds, self._signal)
        guard.start()
        code = None
        for line in self._process.stdout:
            if line.startswith(mark):
                code = int(line.split()[1])
                break
            output.append(line)
        guard.cancel()
        return Done(code, "".join(output).strip("\n"), time.monotonic() - begun)

    def end(self) -> str:
        """End every process that the commands left running, and return what these printed last."""
        self._signal()
        rest, _ = self._process.communicate()
        return rest

    def _signal(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
        except ProcessLookupError:
            return


@contextmanager
def shell(folder: Path, environment: dict[str, str]) -> Iterator[Shell]:
    """Open a shell whose processes are ended with the block."""
    opened = Shell(folder, environment)
    try:
        yield opened
    finally:
        opened.end()


def commands(readme: str) -> list[str]:
    """Return the shell commands of the README's part that offers to try the package, in order."""
    parts = re.findall(r"^## Try it\b.*?(?=^## |\Z)", readme, re.DOTALL | re.MULTILINE)
    blocks = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", "".join(parts[:1]), re.DOTALL | re.MULTILINE)
    for block in blocks:
        lines = block.replace("\\\n", " ").splitlines()
        asked = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or lines
        if any("pip install" in line for line in asked):
            return [line for line in asked if line.strip() and not line.startswith("#")]
    sys.exit("README.md has no part 'Try it' with a block of shell commands that begins with pip.")


def new_images(folder: Path) -> list[Path]:
    """Return the images below a folder, judged by their first bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "_imagen" not in path.parts)
    return [path for path in files if path.read_bytes()[:8].startswith(SIGNATURES)]


def try_it(shell: Shell, pasted: list[str], folder: Path) -> None:
    """Paste the commands, print the time of each, and expect images that they name."""
    printed = ""
    for command in pasted:
        done = shell.paste(command)
        print(f"{done.seconds:6.1f} s  {command}", flush=True)
        if done.code != 0:
            ending = "did not end" if done.code is None else f"ended with {done.code}"
            sys.exit(f"The README's command\n  {command}\n{ending}:\n{done.output}")
        printed += done.output
    images = new_images(folder)
    unnamed = [image for image in images if image.name not in printed]
    if not images or unnamed:
        sys.exit(f"The README promises images; found {images}, not named {unnamed}:\n{printed}")
    print(f"{'':8}  images: {', '.join(str(image.relative_to(folder)) for image in images)}")


def from_wheel(command: str, wheel: Path) -> str:
    """Let a command with pip install the built wheel in place of the released package."""
    return re.sub(r"airflow-provider-imagen\b", str(wheel), command) if "pip install" in command else command


def user_environment(commands: Path, home: Path) -> dict[str, str]:
    """Return the variables of a user who activated an environment and set nothing for Airflow."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "PYTHON", "GOOGLE_", "VIRTUAL_ENV", "MAKE"))
    }
    return {
        **inherited,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(CONSTRAINTS),
        "AIRFLOW_HOME": str(home / "airflow"),
    }


def main(tools: str) -> None:
    """Build the wheel, make an environment, and try the README in it."""
    from package import build  # noqa: PLC0415  (beside this file, where only a script looks)

    pasted = commands((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        folder = home / "project"
        folder.mkdir()
        wheel, _ = build(tools)
        setup = f"{shlex.quote(sys.executable)} -m venv {shlex.quote(str(home / 'venv'))}"
        with shell(folder, user_environment(home / "venv" / "bin", home)) as user:
            begun = time.monotonic()
            try_it(user, [setup, *(from_wheel(command, wheel) for command in pasted)], folder)
            print(f"{time.monotonic() - begun:6.1f} s  in all: the README's first try works")


if __name__ == "__main__":
    main(*(str(Path(python).absolute()) for python in sys.argv[1:]))
