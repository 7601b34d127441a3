"""Assets and lineage: who is told of the images that were made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Asset, AssetAlias
from PIL import Image

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

POSTERS, CARDS = Asset("imagen://posters"), Asset("imagen://cards")


class Events:
    """Plays Airflow's accessor: an entry appears when it is asked for."""

    def __init__(self) -> None:
        self.extras: dict[str, dict[str, Any]] = {}

    def __getitem__(self, outlet: Any) -> Any:
        return SimpleNamespace(extra=self.extras.setdefault(outlet.uri, {}))


class Collector:
    """Plays Airflow's collector of lineage."""

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.outputs: list[str] = []

    def add_input_asset(self, context: Any, uri: str) -> None:
        self.inputs.append(uri)

    def add_output_asset(self, context: Any, uri: str) -> None:
        assert type(context).__name__ == "ImagenHook"
        self.outputs.append(uri)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Collector:
    played = Collector()
    monkeypatch.setattr("airflow.providers.common.compat.lineage.hook.get_hook_lineage_collector", lambda: played)
    return played


def generate(**arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "prompt": "a boat", "output_uri": "gs://bucket/made/", "number_of_images": 2}
    return ImagenGenerateOperator(**defaults | arguments)


def test_the_event_of_each_asset_carries_the_uris(ti: Any) -> None:
    events = Events()
    uris = generate(outlets=[POSTERS, CARDS]).execute({"ti": ti, "outlet_events": events})

    told = {"uris": uris, "model": "gemini-nano-banana-2.1", "output_uri": "gs://bucket/made/"}
    assert events.extras == {POSTERS.uri: told, CARDS.uri: told}
    assert len(uris) == 2


def test_what_is_in_an_events_extra_already_stays(ti: Any) -> None:
    events = Events()
    events[POSTERS].extra["campaign"] = "spring"
    generate(outlets=[POSTERS]).execute({"ti": ti, "outlet_events": events})

    assert set(events.extras[POSTERS.uri]) == {"campaign", "uris", "model", "output_uri"}


def test_an_outlet_that_is_no_asset_is_left_alone(ti: Any) -> None:
    events = Events()
    generate(outlets=[AssetAlias("posters")]).execute({"ti": ti, "outlet_events": events})

    assert events.extras == {}


def test_an_asset_whose_event_cannot_be_written_keeps_no_other_from_its_own(ti: Any) -> None:
    class HalfBroken(Events):
        def __getitem__(self, outlet: Any) -> Any:
            if outlet == POSTERS:
                raise RuntimeError("this one is not known")
            return super().__getitem__(outlet)

    events = HalfBroken()
    uris = generate(outlets=[POSTERS, CARDS]).execute({"ti": ti, "outlet_events": events})

    assert events.extras[CARDS.uri]["uris"] == uris


def test_an_asset_that_is_named_by_a_reference_has_its_event_too(ti: Any) -> None:
    if not hasattr(Asset, "ref"):
        pytest.skip("Airflow 2 has no references")
    events = Events()
    uris = generate(outlets=[Asset.ref(uri=CARDS.uri)]).execute({"ti": ti, "outlet_events": events})

    assert events.extras[CARDS.uri]["uris"] == uris


def test_photos_that_an_image_starts_from_are_inputs(
    emulator: Any, ti: Any, collector: Collector, tmp_path: Path
) -> None:
    photo = tmp_path / "mug.png"
    Image.new("RGB", (80, 60), "red").save(photo)
    emulator.put_object("bucket", "photos/mug.png", photo.read_bytes(), "image/png")

    uris = generate(reference_images=["gs://bucket/photos/mug.png", str(photo)]).execute({"ti": ti})

    assert collector.inputs == ["gs://bucket/photos/mug.png", f"file://{photo}"]
    assert collector.outputs == uris


def test_images_that_nobody_can_be_told_of_are_returned_all_the_same(
    ti: Any, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    class Broken(Events):
        def __getitem__(self, outlet: Any) -> Any:
            raise RuntimeError("no events today")

    def broken_collector() -> Any:
        raise RuntimeError("no collector today")

    monkeypatch.setattr("airflow.providers.common.compat.lineage.hook.get_hook_lineage_collector", broken_collector)

    uris = generate(outlets=[POSTERS]).execute({"ti": ti, "outlet_events": Broken()})

    assert len(uris) == 2
    log = logged()
    assert "no events today" in log
    assert "no collector today" in log


def test_the_hook_lineage_names_what_was_read_and_what_was_made(
    ti: Any, collector: Collector, emulator: Any, tmp_path: Any
) -> None:
    (small,) = generate(number_of_images=1, output_uri=str(tmp_path)).execute({"ti": ti})
    large = ImagenUpscaleOperator(task_id="large", image=[small], upscale_factor="x2", output_uri="gs://bucket/large/")
    (enlarged,) = large.execute({"ti": ti})

    assert collector.inputs == [f"file://{small}"]
    assert collector.outputs == [f"file://{small}", enlarged]


def test_openlineage_gets_each_image_as_a_dataset(ti: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    extractors, facet = ModuleType("extractors"), ModuleType("facet")
    extractors.__dict__["OperatorLineage"] = SimpleNamespace
    facet.__dict__["Dataset"] = lambda namespace, name: (namespace, name)
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage", ModuleType("openlineage"))
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage.extractors", extractors)
    monkeypatch.setitem(sys.modules, "airflow.providers.common.compat.openlineage.facet", facet)
    task = generate()
    uris = task.execute({"ti": ti})
    large = ImagenUpscaleOperator(task_id="large", image=uris[0], upscale_factor="x2", output_uri="gs://bucket/large/")
    (enlarged,) = large.execute({"ti": ti})

    made = task.get_openlineage_facets_on_complete(ti)
    read = large.get_openlineage_facets_on_complete(ti)

    names = [uri.removeprefix("gs://bucket/") for uri in uris]
    assert (made.inputs, made.outputs) == ([], [("gs://bucket", name) for name in names])
    assert read.inputs == [("gs://bucket", names[0])]
    assert read.outputs == [("gs://bucket", enlarged.removeprefix("gs://bucket/"))]


def test_a_task_that_has_not_run_has_no_lineage() -> None:
    assert generate().lineage == ([], [])
