"""No secret of a connection is left anywhere by a run at DEBUG, and the hunt for it finds one that was leaked."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_imagen.emulator import Emulator, Fault

HAS_GALLERY = tuple(map(int, version("apache-airflow").split(".")[:2])) >= (3, 1)
HAS_OPENLINEAGE = find_spec("airflow.providers.openlineage") is not None
"""Its own events are looked through where it is installed; ``lineage_listener`` writes the like of them."""

SOURCE = (Path(__file__).parent / "hunted_dag.py").read_text(encoding="utf-8")
PROMPT = "a confidential lighthouse of 2031 with a red stripe and a dog that nobody has heard of"
FAILING = {"unauthorised", "forbidden", "lost", "broken_key", "odd_extra"}


def connection(**extra: Any) -> str:
    return json.dumps({"conn_type": "imagen", "extra": extra})


@pytest.fixture(scope="module")
def clean(run_hunted: Any, hunt: Any, token_server: Any, service_account: Any, tmp_path_factory: Any) -> Any:
    """The hunted DAG after its run, with secrets in three connections."""
    config = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": service_account["token_uri"],
        "client_id": "painter",
        "client_secret": secrets.token_urlsafe(60),
        "credential_source": {"file": str(tmp_path_factory.mktemp("subject") / "token")},
    }
    subject = secrets.token_urlsafe(60)
    Path(config["credential_source"]["file"]).write_text(subject)  # type: ignore[index]
    broken = base64.b64encode(secrets.token_bytes(1200)).decode()
    hunt.planted |= {"client secret": config["client_secret"], "subject token": subject, "broken key": broken}
    broken_pem = f"-----BEGIN PRIVATE KEY-----\n{broken}\n-----END PRIVATE KEY-----\n"
    with Emulator(buckets=["bucket"]) as emulator:
        common = {**emulator.connection["extra"], "send_credentials_to_endpoint": True}
        key = service_account["private_key"].splitlines()[5]
        echo = f"Request had invalid authentication credentials: Bearer {token_server.token}, key {key}"
        emulator.order_fault(Fault("generate", skip=1, times=2, status=401, message=echo))
        emulator.order_fault(Fault("generate", skip=3, status=403, message=echo))
        emulator.order_fault(Fault("generate", skip=4, reset=True))
        run = run_hunted(
            SOURCE,
            HUNTED_FOLDER=str(tmp_path_factory.mktemp("large")),
            HUNTED_PROMPT=PROMPT,
            AIRFLOW_CONN_IMAGEN_DEFAULT=connection(**common, keyfile_dict=json.dumps(service_account)),
            AIRFLOW_CONN_FEDERATED=connection(**common, credential_config_file=json.dumps(config)),
            AIRFLOW_CONN_BROKEN_KEY=connection(
                **common, keyfile_dict=json.dumps({**service_account, "private_key": broken_pem})
            ),
            AIRFLOW_CONN_ODD_EXTRA=connection(
                **common, keyfile_dict=f'{{"private_key": "{broken}"', timeout_seconds="x"
            ),
        )
        run.received = emulator.requests
        run.unfired = emulator.unfired_faults()
    return run


def test_the_run_did_what_could_have_leaked(clean: Any, token_server: Any) -> None:
    states = clean.states()

    assert {task for task, state in states.items() if state == "failed"} == FAILING, clean.output[-3000:]
    assert {state for task, state in states.items() if task not in FAILING} == {"success"}
    assert not clean.unfired
    sent = [call for call in clean.received if call.headers.get("authorization") == f"Bearer {token_server.token}"]
    assert len(sent) == len(clean.received) > 8


def test_it_was_looked_for_where_secrets_would_be(clean: Any) -> None:
    places = dict(clean.places())

    assert "DEBUG" in clean.output.upper()
    assert "gs://bucket/hunted/" in places["xcom"]
    assert "gs://bucket/hunted/" in places["rendered_task_instance_fields"]
    assert "hunted" in places["task_instance"]
    assert "imagen.requests,model=" in places["metrics.txt"]
    assert "storage/browser/bucket/hunted" in places["links.txt"]
    assert "gs://bucket/hunted/" in places["lineage.json"]
    for event in ("lineage.json", *(["openlineage.json"] if HAS_OPENLINEAGE else [])):
        assert places[event].count('"FAIL"') >= len(FAILING)
        assert "PermissionDeniedError" in places[event]
    assert not HAS_GALLERY or PROMPT in places["gallery.html"]
    for error in ("PermissionDeniedError", "ResponseLostError", "CredentialsError", "InvalidConnectionError"):
        assert error in clean.output


def test_no_secret_is_left_anywhere(clean: Any, hunt: Any) -> None:
    assert len(hunt.planted) == 5
    assert hunt.found_after(clean) == {}


def test_no_prompt_is_in_any_log(clean: Any) -> None:
    """Airflow's own places for it, the rendered fields and our result document, hold it by design."""
    tables = {place for place, text in clean.tables() if PROMPT in text}

    assert tables <= {"rendered_task_instance_fields", "xcom", "task_instance", "serialized_dag", "dag_code"}
    assert {"rendered_task_instance_fields", "xcom"} <= tables
    lines = [line for line in clean.output.splitlines() if PROMPT in line]
    assert [line for line in lines if "debug" not in line.lower()] == []


LEAKING = """
import logging, os
import pendulum
from airflow.providers.common.compat.sdk import DAG, BaseOperator, BaseOperatorLink, Stats
from airflow_provider_imagen.core.result_document import RESULT_KEY, ResultDocument

class LeakingLink(BaseOperatorLink):
    name = "leak"

    def get_link(self, operator, *, ti_key):
        return "https://example.com/?key=" + os.environ["LEAKED_LINK"]

class Leaking(BaseOperator):
    template_fields = ("note",)
    operator_extra_links = (LeakingLink(),)

    def __init__(self, *, note, **arguments):
        super().__init__(**arguments)
        self.note = note

    def execute(self, context):
        logging.getLogger("some.library").debug("sent %s", os.environ["LEAKED_LOG"])
        context["ti"].xcom_push(key="leak", value={"deep": [os.environ["LEAKED_XCOM"]]})
        Stats.incr("leak", tags={"key": os.environ["LEAKED_METRIC"]})
        result = ResultDocument(
            model="m", location="global", parameters={"prompt": os.environ["LEAKED_GALLERY"]}, images=(), filtered=1,
            filter_reasons=(),
        )
        context["ti"].xcom_push(key=RESULT_KEY, value=result.to_json())
        raise RuntimeError("refused: " + os.environ["LEAKED_EXCEPTION"])

with DAG("hunted", schedule=None, start_date=pendulum.datetime(2026, 1, 1)) as dag:
    Leaking(task_id="leaking", note=f"key={os.environ['LEAKED_FIELD']}")

if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    dag.test()
"""
DISGUISES: dict[str, Callable[[str], str]] = {
    "LOG": lambda secret: base64.b64encode(f"x{secret}".encode()).decode(),
    "XCOM": lambda secret: secret[7:60],
    "EXCEPTION": lambda secret: secret,
    "FIELD": lambda secret: quote(secret, safe=""),
    "LINK": lambda secret: quote(secret, safe=""),
    "METRIC": lambda secret: secret,
    "GALLERY": lambda secret: secret,
}
needs_gallery = pytest.mark.skipif(not HAS_GALLERY, reason="this Airflow has no views of plugins")
needs_openlineage = pytest.mark.skipif(not HAS_OPENLINEAGE, reason="OpenLineage is not installed")


@pytest.fixture(scope="module")
def leaky(run_hunted: Any, hunt: Any) -> tuple[dict[str, set[str]], Any]:
    """What the hunt finds, by the place where it is, after a run that leaks one secret in each way; and the run."""
    planted = {name: secrets.token_urlsafe(60) for name in DISGUISES}
    run = run_hunted(LEAKING, **{f"LEAKED_{name}": hide(planted[name]) for name, hide in DISGUISES.items()})
    return type(hunt)(planted).found_after(run), run


@pytest.mark.parametrize(
    ("place", "secret"),
    [
        ("output", "LOG"),
        ("output", "EXCEPTION"),
        ("xcom", "XCOM"),
        ("rendered_task_instance_fields", "FIELD"),
        ("airflow.db", "XCOM"),
        ("airflow.db", "FIELD"),
        ("links.txt", "LINK"),
        ("metrics.txt", "METRIC"),
        ("lineage.json", "EXCEPTION"),
        pytest.param("openlineage.json", "EXCEPTION", marks=needs_openlineage),
        pytest.param("gallery.html", "GALLERY", marks=needs_gallery),
    ],
)
def test_the_hunt_finds_a_leaked_secret(leaky: tuple[dict[str, set[str]], Any], place: str, secret: str) -> None:
    found, run = leaky

    assert secret in found.get(place, set()), run.output[-3000:]


@pytest.mark.parametrize(
    "hide",
    [
        lambda secret: secret[13:60],
        lambda secret: json.dumps(json.dumps({"key": secret})),
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.b64encode(b"ab" + secret.encode()).decode(),
        lambda secret: quote(secret, safe=""),
        lambda secret: secret.encode().hex(),
        repr,
    ],
    ids=["part", "json twice", "base64", "base64 inside more", "url", "hex", "repr"],
)
def test_the_hunt_knows_every_disguise(hunt: Any, hide: Callable[[str], str]) -> None:
    for name, secret in hunt.planted.items():
        assert name in hunt.found_in(f"x {hide(secret)} y")
    assert hunt.found_in("x" * 1000) == set()
