"""What one try leaves behind when it fails: neither money nor images are lost in the next one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from operators.earlier_tries import images_in, leave_receipt, operator, questions

from airflow_provider_imagen.emulator import Fault

CLOUD = "gs://bucket/made/"


@pytest.mark.parametrize("fault", [{"status": 403}, {"reset": True}], ids=str)
def test_a_failure_does_not_forget_what_an_earlier_try_stored(
    emulator: Any, ti: Any, tmp_path: Path, fault: dict[str, Any]
) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=4)
    for number in (0, 1):
        (folder / f"sample_{number}.png").write_bytes(b"paid for")
    emulator.order_fault(Fault("generate", **fault))
    with pytest.raises(AirflowFailException):
        operator(str(tmp_path), number_of_images=4).execute({"ti": ti})

    operator(str(tmp_path), number_of_images=4).execute({"ti": ti})

    assert emulator.requests[-1].json["parameters"]["sampleCount"] == 2


def test_a_look_that_failed_is_made_again_by_the_next_try(emulator: Any, ti: Any) -> None:
    leave_receipt(CLOUD, ti, emulator)
    emulator.put_object("bucket", "made/1733000000000/sample_0.png", b"paid for", "image/png")
    emulator.order_fault(Fault("list", skip=0, status=403))
    with pytest.raises(AirflowFailException, match=r"storage\.objects\.list"):
        operator(CLOUD).execute({"ti": ti})

    assert operator(CLOUD).execute({"ti": ti}) == ["gs://bucket/made/1733000000000/sample_0.png"]
    assert questions(emulator) == 0


def test_an_image_that_somebody_gave_up_is_not_taken_by_a_sibling(emulator: Any, make_ti: Any) -> None:
    first, second = make_ti(map_index=0), make_ti(map_index=1)
    leave_receipt(CLOUD, first, emulator)  # it waits for its answer, which will never come
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    with pytest.raises(AirflowFailException, match="may belong to this task or to another one"):
        operator(CLOUD).execute({"ti": second})

    with pytest.raises(AirflowFailException, match="may belong to this task or to another one"):
        operator(CLOUD).execute({"ti": first})
    assert len(images_in(CLOUD, emulator)) == questions(emulator) == 1


@pytest.mark.parametrize("images", [[{"uri": "/etc/hostname"}], [{}], ["x"], None], ids=str)
def test_a_receipt_that_somebody_else_wrote_leads_nowhere(emulator: Any, ti: Any, tmp_path: Path, images: Any) -> None:
    operator(str(tmp_path)).execute({"ti": ti})
    (note,) = tmp_path.rglob("request.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "result": {"images": images}}))

    (uri,) = operator(str(tmp_path)).execute({"ti": ti})

    assert uri.startswith(str(tmp_path))
    assert questions(emulator) == 2


def test_a_full_disk_is_told_and_no_retry_pays_again(
    emulator: Any, ti: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("airflow_provider_imagen.operators.files.write_whole", full)
    monkeypatch.setattr("airflow_provider_imagen.operators.files.tempfile.mkdtemp", full)

    with pytest.raises(AirflowFailException, match="OutputError: .*1 of them are lost .*No space left"):
        operator(str(tmp_path), if_exists="generate").execute({"ti": ti})


def test_an_image_of_any_format_is_kept_and_not_replaced(emulator: Any, ti: Any, tmp_path: Path) -> None:
    (first,) = operator(str(tmp_path), output_mime_type="image/webp").execute({"ti": ti})
    (second,) = operator(str(tmp_path), output_mime_type="image/webp", prompt="another").execute({"ti": ti})

    assert first != second
    assert Path(first).exists()
