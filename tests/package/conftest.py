"""Wheel and sdist, built from a copy of the repository in which a checkout's usual litter lies about."""

from __future__ import annotations

import tarfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

import pytest
from package.building import LITTER, build, copy_repository, wheel_files


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("source")


@pytest.fixture(scope="session")
def shipped(source: Path) -> set[str]:
    """Names of the files that belong into an sdist. Litter lies among them."""
    names = copy_repository(source)
    for name in LITTER:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("litter")
    return names


@pytest.fixture(scope="session")
def wheel(source: Path, shipped: set[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(source, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(source: Path, shipped: set[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(source, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that comes out of the sdist."""
    target = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    (folder,) = target.iterdir()
    return folder


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    (name,) = [name for name in wheel_files(wheel) if name.endswith(".dist-info/METADATA")]
    return BytesParser().parsebytes(wheel_files(wheel)[name])
