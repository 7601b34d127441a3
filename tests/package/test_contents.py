"""What is in the wheel and in the sdist: everything that belongs there, and nothing else."""

from __future__ import annotations

import shutil
from email.message import Message
from pathlib import Path

from package.building import build, copy_repository, wheel_files

import airflow_provider_imagen

RECORDS = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
INFO = f"airflow_provider_imagen-{airflow_provider_imagen.__version__}.dist-info"


def test_the_wheel_is_the_package_and_its_records(wheel: Path, shipped: set[str]) -> None:
    package = {name for name in shipped if name.startswith("airflow_provider_imagen/")}

    assert set(wheel_files(wheel)) == package | {f"{INFO}/{name}" for name in RECORDS}


def test_the_wheel_carries_the_files_that_are_not_python(wheel: Path) -> None:
    assert {"airflow_provider_imagen/py.typed", "airflow_provider_imagen/core/catalogue/models.toml"} <= set(
        wheel_files(wheel)
    )


def test_the_sdist_is_the_repository_without_its_litter(unpacked: Path, shipped: set[str]) -> None:
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}

    assert files == shipped | {"PKG-INFO"}


def test_the_sdist_carries_examples_tests_and_what_make_installs(unpacked: Path) -> None:
    for name in ("dags_examples/imagen_minimal.py", "tests/conftest.py", ".ci/constraints.txt", "Makefile"):
        assert (unpacked / name).is_file()


def test_the_sdist_builds_the_same_wheel(unpacked: Path, wheel: Path, tmp_path: Path) -> None:
    assert wheel_files(build(unpacked, "wheel", tmp_path)) == wheel_files(wheel)


def test_the_sdist_says_of_itself_what_the_wheel_says(unpacked: Path, wheel: Path) -> None:
    assert (unpacked / "PKG-INFO").read_bytes() == wheel_files(wheel)[f"{INFO}/METADATA"]


def test_two_builds_are_equal_to_the_byte(tmp_path: Path) -> None:
    made = []
    for number, (mode, zone) in enumerate([(0o644, "UTC"), (0o600, "Asia/Tokyo")]):
        source = tmp_path / f"source-{number}"
        for name in copy_repository(source):
            (source / name).chmod(mode)
        both = [
            build(source, kind, tmp_path / f"{kind}-{number}", SOURCE_DATE_EPOCH="1767225600", TZ=zone)
            for kind in ("wheel", "sdist")
        ]
        made.append([path.read_bytes() for path in both])
        shutil.rmtree(source)

    assert made[0] == made[1]


def test_names_agree_with_the_version_of_the_package(wheel: Path, sdist: Path, metadata: Message) -> None:
    version = airflow_provider_imagen.__version__

    assert wheel.name == f"airflow_provider_imagen-{version}-py3-none-any.whl"
    assert sdist.name == f"airflow_provider_imagen-{version}.tar.gz"
    assert metadata["Version"] == version
