"""An address leads to the images of exactly one task instance, also where all but one part of it is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress
from airflow_provider_imagen.plugins.gallery.instances import Instance
from airflow_provider_imagen.plugins.gallery.recorded_images import results_of

Record = Callable[..., dict[str, Any]]
MINE = {"dag_id": "posters_dag", "run_id": "mine", "task_id": "posters", "map_index": 0}
OTHERS = [{"dag_id": "other_posters_dag"}, {"run_id": "theirs"}, {"task_id": "banners"}, {"map_index": 1}]
MOMENT = datetime(2026, 11, 22, tzinfo=UTC)
URI = "gs://bucket/made/sample_0.png"


def image(parts: dict[str, Any]) -> str:
    return "/imagen-gallery/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/{map_index}/images/0".format(**parts)


@pytest.mark.parametrize("changed", OTHERS)
@pytest.mark.parametrize("what", ["", "/thumbnail"])
@pytest.mark.parametrize("mine_is_first", [True, False])
@pytest.mark.usefixtures("posters")
def test_an_image_is_that_of_the_task_instance_in_the_address(
    site: Any, make_record: Record, changed: dict[str, Any], what: str, mine_is_first: bool
) -> None:
    theirs = MINE | changed
    runs = {(each["run_id"], each["dag_id"]): 0 for each in (MINE, theirs)}
    runs = {names: site.add_run(*names) for names in runs}
    tasks = [(MINE, "gs://bucket/made/gone.png"), (theirs, URI)]
    for parts, uri in tasks if mine_is_first else reversed(tasks):
        site.add_task(make_record(uri), run=runs[parts["run_id"], parts["dag_id"]], **parts)

    assert site.as_user().get(image(theirs) + what).status_code == 200
    assert site.as_user().get(image(MINE) + what).status_code == 404


def test_all_instances_of_a_mapped_task_together_have_no_image_of_their_own(site: Any, make_record: Record) -> None:
    site.add_task(make_record(URI), run=site.add_run("mine"), **MINE)

    assert site.as_user().get(image(MINE | {"map_index": -1})).status_code == 404


@pytest.mark.parametrize("changed", [*OTHERS, {"at": MOMENT + timedelta(microseconds=1)}, {"uri": "gs://bucket/y"}])
def test_a_thumbnail_is_kept_for_one_image_of_one_try_of_one_task_instance(
    make_record: Record, changed: dict[str, Any]
) -> None:
    def key(uri: str = URI, at: datetime = MOMENT, **parts: Any) -> str:
        document = ResultDocument.read(make_record(uri))
        assert document is not None
        instance = Instance(TaskInstanceAddress(**MINE | parts), "success", 1, at, document)
        return next(results_of(instance)).cache_key

    assert key() == key()
    assert key() != key(**changed)
