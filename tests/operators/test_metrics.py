"""What a request leaves in Airflow's metrics and in the task's log."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.operators import metrics as metering
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

MODEL = "imagen-4.0-generate-001"
TAGS = {"model": MODEL, "job": "generate"}


class Metrics:
    """Plays Airflow's metrics: remembers them by name."""

    def __init__(self) -> None:
        self.counted: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.tags: dict[str, str] = {}

    def incr(self, name: str, count: float, *, tags: dict[str, str]) -> None:
        self.tags = {tag: tags[tag] for tag in ("model", "job")}
        others = {tag: value for tag, value in tags.items() if tag not in self.tags}
        assert set(others) == ({"kind"} if name == "imagen.tokens" else set())
        name = f"{name} of kind {others['kind']}" if others else name
        self.counted[name] = self.counted.get(name, 0) + count

    def timing(self, name: str, duration: Any, *, tags: dict[str, str]) -> None:
        assert tags == self.tags
        self.seconds[name] = duration.total_seconds()


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    played = Metrics()
    monkeypatch.setattr(metering, "Stats", played)
    return played


def operator(**arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "model": MODEL, "prompt": "a red boat", "output_uri": "gs://bucket/made/"}
    return ImagenGenerateOperator(**defaults | arguments)


def test_requests_images_seconds_and_money_are_counted(emulator: Any, ti: Any, metrics: Metrics) -> None:
    operator(number_of_images=3).execute({"ti": ti})

    assert metrics.counted == {
        "imagen.requests": 1,
        "imagen.images": 3,
        "imagen.estimated_cost_usd": pytest.approx(0.12),
    }
    assert metrics.seconds["imagen.request_duration"] > 0
    assert metrics.tags == TAGS


def test_tokens_are_counted_by_kind_and_money_by_tokens(emulator: Any, ti: Any, metrics: Metrics) -> None:
    operator(model="gemini-3.1-flash-image", prompt="a red boat", number_of_images=2).execute({"ti": ti})

    assert metrics.counted["imagen.tokens of kind prompt"] == 6
    assert metrics.counted["imagen.tokens of kind candidates"] == 2 * 1120
    thoughts = metrics.counted["imagen.tokens of kind thoughts"]
    paid = (6 * 0.5 + 2 * 1120 * 60 + thoughts * 3) / 1e6
    assert metrics.counted["imagen.estimated_cost_usd"] == pytest.approx(paid, abs=1e-6)
    assert "imagen.size_differs" not in metrics.counted


def test_images_of_another_size_than_asked_are_counted_and_warned_of(
    emulator: Any, ti: Any, metrics: Metrics, logged: Callable[[], str]
) -> None:
    emulator.order_fault(Fault("generate", served_size=(1200, 896)))
    arguments = {"model": "gemini-3-pro-image", "aspect_ratio": "16:9", "image_size": "4K", "number_of_images": 2}
    uris = operator(**arguments).execute({"ti": ti})

    assert metrics.counted["imagen.size_differs"] == 1
    differences = ti.pushed["result"]["size_differences"]
    assert [(each["argument"], each["asked"], each["delivered"]) for each in differences] == [
        ("aspect_ratio", "16:9", "4:3"),
        ("image_size", "4K", "1K"),
    ]
    assert {each["uri"] for each in differences} < set(uris)
    assert "another size than asked" in logged()
    assert "has image_size 1K; 4K was asked" in logged()


def test_filtered_images_are_counted_and_cost_nothing(emulator: Any, ti: Any, metrics: Metrics) -> None:
    emulator.order_fault(Fault("generate", filtered=1))
    operator(number_of_images=3).execute({"ti": ti})

    assert metrics.counted["imagen.filtered"] == 1
    assert metrics.counted["imagen.estimated_cost_usd"] == pytest.approx(0.08)


def test_a_refused_prompt_counts_as_all_its_images_filtered(emulator: Any, ti: Any, metrics: Metrics) -> None:
    emulator.order_fault(Fault("generate", blocked_prompt=True))
    with pytest.raises(AirflowFailException):
        operator(number_of_images=3).execute({"ti": ti})

    assert metrics.counted == {"imagen.requests": 1, "imagen.failed_requests": 1, "imagen.filtered": 3}
    assert "imagen.request_duration" in metrics.seconds


def test_a_failed_request_is_counted(emulator: Any, ti: Any, metrics: Metrics) -> None:
    emulator.order_fault(Fault("generate", status=403))
    with pytest.raises(AirflowFailException):
        operator().execute({"ti": ti})

    assert metrics.counted == {"imagen.requests": 1, "imagen.failed_requests": 1}


def test_a_model_that_makes_one_image_a_request_counts_a_request_for_each_image(
    emulator: Any, ti: Any, metrics: Metrics
) -> None:
    emulator.order_fault(Fault("generate", status=403))
    operator(model="gemini-nano-banana-2.1", number_of_images=3).execute({"ti": ti})

    assert metrics.counted["imagen.requests"] == 3
    assert (metrics.counted["imagen.failed_requests"], metrics.counted["imagen.images"]) == (1, 2)


def test_images_of_a_lost_answer_that_were_found_are_counted_once(emulator: Any, ti: Any, metrics: Metrics) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    operator(number_of_images=2).execute({"ti": ti})

    assert metrics.counted == {
        "imagen.requests": 1,
        "imagen.failed_requests": 1,
        "imagen.images": 2,
        "imagen.estimated_cost_usd": pytest.approx(0.08),
    }


def test_images_that_are_reused_are_not_paid_twice_in_the_metrics_either(
    emulator: Any, ti: Any, metrics: Metrics
) -> None:
    operator(if_exists="reuse").execute({"ti": ti})
    once = dict(metrics.counted)
    operator(if_exists="reuse").execute({"ti": ti})

    assert metrics.counted == once


def test_no_tag_has_a_sign_for_which_airflow_drops_the_metric(emulator: Any, ti: Any, metrics: Metrics) -> None:
    operator(model="imagegeneration@006").execute({"ti": ti})

    assert metrics.tags["model"] == "imagegeneration_006"


def test_metrics_that_fail_fail_no_task(
    emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise OSError("no StatsD today")

    monkeypatch.setattr(metering, "Stats", Broken())

    assert len(operator().execute({"ti": ti})) == 1
    assert "no StatsD today" in logged()


def test_airflow_takes_the_metrics_as_they_are_sent() -> None:
    """On every supported version, with the metrics that are built in, and without a warning."""
    from airflow.providers.common.compat.sdk import Stats

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Stats.incr("imagen.images", 2, tags=TAGS)
        Stats.incr("imagen.tokens", 1120, tags=TAGS | {"kind": "candidates"})
        Stats.incr("imagen.estimated_cost_usd", 0.04, tags=TAGS)
        Stats.timing("imagen.request_duration", metering.timedelta(seconds=1), tags=TAGS)


def test_the_log_folds_away_what_was_asked_and_says_how_many_for_how_much(
    emulator: Any, ti: Any, logged: Callable[[], str]
) -> None:
    operator(number_of_images=2, aspect_ratio="16:9").execute({"ti": ti})

    log = logged()
    asked = log[log.index("::group::What is asked (2 images, about 0.08 USD by list price)") : log.index("::endgroup")]
    assert "prompt: 10 characters" in asked
    assert 'aspect_ratio: "16:9"' in asked
    assert "2 images after" in log[log.index("::endgroup") :]


def test_the_result_document_says_what_its_images_cost(ti: Any) -> None:
    operator(number_of_images=2).execute({"ti": ti})

    assert ti.pushed["result"]["estimated_cost_usd"] == pytest.approx(0.08)


def test_the_result_document_has_width_and_height_tokens_and_how_google_served_the_request(
    emulator: Any, ti: Any
) -> None:
    emulator.order_fault(Fault("generate", traffic_type="ON_DEMAND_FLEX"))
    operator(model="gemini-2.5-flash-image", aspect_ratio="16:9", number_of_images=1).execute({"ti": ti})

    document = ti.pushed["result"]
    (image,) = document["images"]
    assert image["width"] / image["height"] == pytest.approx(16 / 9, rel=0.01)
    assert document["usage"] == {
        "prompt_token_count": 3,
        "candidates_token_count": 1290,
        "total_token_count": 1293,
        "prompt_tokens_details": {"TEXT": 3},
        "candidates_tokens_details": {"IMAGE": 1290},
    }
    assert document["traffic_type"] == "ON_DEMAND_FLEX"
    assert document["cost_basis"] == "usage"
    assert document["estimated_cost_usd"] == pytest.approx((3 * 0.3 + 1290 * 30) / 1e6 / 2, abs=1e-6)


def test_an_imagen_model_s_image_is_compared_too_where_its_bytes_come_to_the_worker(
    emulator: Any, ti: Any, tmp_path: Path, logged: Callable[[], str]
) -> None:
    emulator.order_fault(Fault("generate", served_size=(1408, 768)))
    operator(aspect_ratio="16:9", image_size="2K", output_uri=str(tmp_path)).execute({"ti": ti})

    document = ti.pushed["result"]
    assert [(each["argument"], each["delivered"]) for each in document["size_differences"]] == [("image_size", "1K")]
    assert (document["images"][0]["width"], document["images"][0]["height"]) == (1408, 768)


def test_the_log_says_what_was_paid_and_what_that_counts(ti: Any, logged: Callable[[], str]) -> None:
    operator(model="gemini-2.5-flash-image").execute({"ti": ti})

    assert "about 0.0387 USD by list price of the tokens that Google counted:" in logged()


def test_the_tokens_of_an_answer_without_an_image_are_counted_too(emulator: Any, ti: Any, metrics: Metrics) -> None:
    emulator.order_fault(Fault("generate", finish_reason="NO_IMAGE"))
    operator(model="gemini-2.5-flash-image").execute({"ti": ti})

    assert metrics.counted["imagen.tokens of kind prompt"] == 6
    document = ti.pushed["result"]
    assert document["usage"]["prompt_token_count"] == 6
    assert document["cost_basis"] == "usage"
    assert document["estimated_cost_usd"] == pytest.approx((6 * 0.3 + 1290 * 30) / 1e6, abs=2e-6)


def test_images_that_google_stored_have_no_size_and_differ_from_nothing(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", served_size=(300, 20)))
    operator(aspect_ratio="16:9", image_size="2K").execute({"ti": ti})

    document = ti.pushed["result"]
    assert not {"width", "height"} & set(document["images"][0])
    assert not {"size_differences", "usage", "traffic_type"} & set(document)
    assert document["cost_basis"] == "images"


def test_filtered_images_cost_nothing_in_the_result_document_either(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=2))
    operator(number_of_images=3).execute({"ti": ti})

    assert ti.pushed["result"]["estimated_cost_usd"] == pytest.approx(0.04)


def test_the_log_has_no_word_of_what_was_to_be_shown_and_not_shown(ti: Any, logged: Callable[[], str]) -> None:
    arguments = {"prompt": "a crimson boat", "negative_prompt": "seagulls", "model": "imagen-3.0-generate-001"}
    operator(**arguments).execute({"ti": ti})

    log = logged()
    assert "negative_prompt: 8 characters" in log
    assert not any(word in log for word in ("crimson", "seagulls"))


def test_the_result_document_has_no_number_where_no_price_is_known(ti: Any) -> None:
    operator(model="imagegeneration@002").execute({"ti": ti})

    assert "estimated_cost_usd" not in ti.pushed["result"]
