"""Nobody without the right to read a DAG's task instances and XComs gets anything from any route of the gallery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from airflow_provider_imagen.plugins.gallery.routes import app

GALLERY = "/imagen-gallery"
TASK = "/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/{map_index}"
IMAGE, SOURCE = f"{TASK}/images/{{number}}", f"{TASK}/sources/{{number}}"
ITEM = f"{TASK}/items/{{key}}/images/{{number}}"
PRIVATE = [
    *(
        "/dags/{dag_id}/compare",
        "/dags/{dag_id}",
        "/dags/{dag_id}/runs/{run_id}",
        "/dags/{dag_id}/runs/{run_id}/images.zip",
        TASK,
    ),
    *(IMAGE, f"{IMAGE}/thumbnail", f"{IMAGE}/numbered", f"{IMAGE}/file", SOURCE, f"{SOURCE}/thumbnail"),
    *(ITEM, f"{ITEM}/thumbnail", f"{ITEM}/file", f"{TASK}/manifest.jsonl"),
]
PUBLIC = ["/static/{name}"]
RIGHT = {"dag_id": "posters_dag", "run_id": "manual__1", "task_id": "posters", "map_index": "-1", "number": "0"}
RIGHT |= {"key": "sku-1"}
NOWHERE = [
    *("%2e%2e", "%2e", "%2E%2E%2F%2E%2E", "..%2f..%2fetc%2fpasswd", "....//", "~", "%00", "posters%00", "%0d%0aX: y"),
    *("x" * 300, "x" * 20_000, "-2", "999999999999999999999", "1e3", "0x0", "'", "%25", "*", "%FF", "%F0%9F%98%80"),
    *("gs%3A%2F%2Fbucket%2Fmade%2Fsample_0.png", "file%3A%2F%2F%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd"),
]


"""Values of one part of an address, encoded: a client resolves bare dots itself and would ask for another address."""


def address(route: str, **changes: str) -> str:
    tasks = {SOURCE: "edited", ITEM: "table", f"{TASK}/manifest.jsonl": "table"}
    task_id = next((task for start, task in tasks.items() if route.startswith(start)), RIGHT["task_id"])
    return GALLERY + route.format(**RIGHT | {"task_id": task_id} | changes)


def routes_with(name: str) -> list[str]:
    return [route for route in PRIVATE if f"{{{name}}}" in route]


@pytest.fixture
def posters(posters: str, table: str, site: Any, make_record: Callable[..., dict[str, Any]]) -> str:
    """The posters, a task instance that was given one of them, and a batch."""
    parameters = {"prompt": "a red boat", "reference_images": ["gs://bucket/made/sample_0.png"]}
    site.add_task(make_record(parameters=parameters), run=site.runs["manual__1", "posters_dag"], task_id="edited")
    return posters


def parameters() -> Iterator[tuple[str, str]]:
    for route in PRIVATE:
        yield from ((route, name) for name in RIGHT if f"{{{name}}}" in route)


def routes_of(application: Any) -> set[str]:
    return {route.path for route in application.routes if hasattr(route, "endpoint")}


def test_every_route_is_in_these_tests() -> None:
    found = routes_of(app) or {route.path for route in app.router.routes}

    assert found == {*PRIVATE, *PUBLIC}
    assert len(found) == len(app.routes)


@pytest.mark.parametrize("route", PRIVATE)
def test_the_right_user_gets_it(site: Any, posters: str, route: str) -> None:
    assert site.as_user().get(address(route)).status_code == 200


@pytest.mark.parametrize("route", PRIVATE)
def test_the_login_cookie_of_airflows_pages_is_enough(site: Any, posters: str, route: str) -> None:
    reader = site.as_user()
    token = reader.headers.pop("Authorization").removeprefix("Bearer ")
    reader.cookies.set("_token", token)

    assert reader.get(address(route)).status_code == 200


@pytest.mark.parametrize("route", PRIVATE)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Bearer nonsense"}, 403),
        ({"Cookie": "_token=nonsense"}, 403),
        ({"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJhZG1pbiJ9."}, 403),
    ],
)
def test_nobody_without_a_login_gets_anything(
    site: Any, posters: str, route: str, headers: dict[str, str], status: int
) -> None:
    answer = site.as_user(None, **headers).get(address(route))

    assert answer.status_code == status
    assert_tells_nothing(answer)


@pytest.mark.parametrize("route", PRIVATE)
def test_a_user_without_a_role_gets_nothing(site: Any, posters: str, route: str) -> None:
    answer = site.as_user("stranger", role=None).get(address(route))

    assert answer.status_code == 403
    assert_tells_nothing(answer)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[Any, Any]]]:
    """Return a function that lets people read only some parts of some DAGs and notes what Airflow was asked."""

    def allow(dags: set[str], parts: set[DagAccessEntity]) -> list[tuple[Any, Any]]:
        questions: list[tuple[Any, Any]] = []

        def is_authorized(self: Any, *, method: str, user: Any, access_entity: Any = None, details: Any = None) -> bool:
            questions.append((details.id if details else None, access_entity))
            return method == "GET" and details is not None and details.id in dags and access_entity in parts

        monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", is_authorized)
        return questions

    return allow


BOTH = {DagAccessEntity.TASK_INSTANCE, DagAccessEntity.XCOM}


@pytest.mark.parametrize("route", PRIVATE)
@pytest.mark.parametrize(
    ("dags", "parts"),
    [
        (set(), BOTH),
        ({"other_dag"}, BOTH),
        ({"posters_dag"}, {DagAccessEntity.TASK_INSTANCE}),
        ({"posters_dag"}, {DagAccessEntity.XCOM}),
    ],
)
def test_somebody_who_may_read_other_things_gets_nothing(
    site: Any, posters: str, asked: Any, route: str, dags: set[str], parts: set[DagAccessEntity]
) -> None:
    asked(dags, parts)

    answer = site.as_user(role="admin").get(address(route))

    assert answer.status_code == 403
    assert_tells_nothing(answer)


@pytest.mark.parametrize("route", PRIVATE)
def test_airflow_is_asked_about_the_dag_whose_images_are_sent(site: Any, posters: str, asked: Any, route: str) -> None:
    questions = asked({"posters_dag"}, BOTH)

    answer = site.as_user().get(address(route), params={"dag_id": "other_dag", "run_id": "x", "uri": "gs://b/o"})

    assert answer.status_code == 200
    assert set(questions) == {("posters_dag", part) for part in BOTH}


@pytest.mark.parametrize("route", PRIVATE)
def test_the_right_to_one_dag_opens_no_other(site: Any, posters: str, asked: Any, route: str) -> None:
    asked({"mine"}, BOTH)
    reader = site.as_user()

    for query in ({"dag_id": "mine"}, {"dag_id": ["posters_dag", "mine"]}):
        answer = reader.get(address(route), params=query)
        assert answer.status_code == 403
        assert_tells_nothing(answer)


@pytest.mark.parametrize(("route", "name"), list(parameters()))
def test_odd_values_lead_nowhere(site: Any, posters: str, asked: Any, route: str, name: str) -> None:
    questions = asked({"posters_dag"}, BOTH)
    reader = site.as_user()

    for value in NOWHERE:
        answer = reader.get(address(route, **{name: value}))
        assert answer.status_code in {403, 404}, (value, answer.text)
        assert_tells_nothing(answer)
    assert {dag_id for dag_id, _ in questions} <= {"posters_dag", *NOWHERE}  # None is Airflow's word for any DAG


@pytest.mark.parametrize(("route", "name"), list(parameters()))
def test_odd_values_without_a_login_lead_nowhere_either(site: Any, posters: str, route: str, name: str) -> None:
    nobody = site.as_user(None)

    for value in NOWHERE:
        answer = nobody.get(address(route, **{name: value}))
        assert answer.status_code in {401, 404}, (value, answer.text)
        assert_tells_nothing(answer)


@pytest.mark.parametrize("page", ["-1", "x", "999999999999", "%00", "1;drop", ""])
def test_odd_pages_of_runs_lead_nowhere(site: Any, posters: str, page: str) -> None:
    answer = site.as_user().get(f"{address('/dags/{dag_id}')}?page={page}")

    assert answer.status_code == 404
    assert_tells_nothing(answer)


@pytest.mark.parametrize("map_index", ["{MAP_INDEX}", "%7BMAP_INDEX%7D"])
@pytest.mark.parametrize("route", routes_with("map_index"))
def test_the_placeholder_that_airflow_leaves_for_unmapped_tasks_means_unmapped(
    site: Any, posters: str, route: str, map_index: str
) -> None:
    assert site.as_user().get(address(route, map_index=map_index)).status_code == 200


@pytest.mark.parametrize("number", ["2", "3", "199", "200"])
@pytest.mark.parametrize("route", routes_with("number"))
def test_numbers_beyond_the_recorded_images_lead_nowhere(site: Any, posters: str, route: str, number: str) -> None:
    answer = site.as_user().get(address(route, number=number))

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("route", [*PRIVATE, "/static/gallery.css"])
def test_nothing_can_be_changed(site: Any, posters: str, route: str, method: str) -> None:
    assert getattr(site.as_user(role="admin"), method)(address(route)).status_code == 405


@pytest.mark.parametrize(
    "name", ["gallery.css", "gallery.js", "theme.js", "viewer.js", "copying.js", "failures.js", "thumbnails.js"]
)
def test_style_and_script_need_no_login(site: Any, name: str) -> None:
    assert site.as_user(None).get(f"{GALLERY}/static/{name}").status_code == 200


@pytest.mark.parametrize(
    "name", ["%2e%2e", "..%2froutes.py", "%2e%2e/routes.py", "../routes.py", "", "x", "%00", "/etc/passwd"]
)
def test_only_style_and_script_are_static(site: Any, name: str) -> None:
    answer = site.as_user().get(f"{GALLERY}/static/{name}")

    assert answer.status_code == 404
    assert "import" not in answer.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/", "/dags", "/dags/", "/images/0"])
def test_there_is_no_other_page(site: Any, path: str) -> None:
    assert site.as_user().get(GALLERY + path).status_code == 404


@pytest.mark.parametrize("route", [*PRIVATE, "/static/gallery.js", "/nowhere"])
@pytest.mark.parametrize("name", ["reader", None])
def test_every_answer_forbids_what_is_not_the_gallerys_own(
    site: Any, posters: str, route: str, name: str | None
) -> None:
    headers = site.as_user(name).get(address(route)).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == "'none'"
    own = ("script-src", "style-src", "img-src", "frame-ancestors", "form-action")
    assert {policy[name] for name in own} == {"'self'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["cross-origin-resource-policy"] == headers["referrer-policy"] == "same-origin"
    assert {"no-store", "no-cache", "private, no-cache"} >= {headers["cache-control"]}


def assert_tells_nothing(answer: Any) -> None:
    """Neither an image nor anything that the task recorded."""
    assert not answer.headers["content-type"].startswith("image/")
    assert b"PNG" not in answer.content
    assert "red boat" not in answer.text
    assert "gs://bucket" not in answer.text
