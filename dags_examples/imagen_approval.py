"""A photo in four scenes: a person looks at them in Airflow's UI and says which to enlarge. Airflow 3.1 and later."""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import DAG, AirflowOptionalProviderFeatureException, task

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

try:
    from airflow.providers.standard.operators.hitl import HITLOperator
except (ImportError, AirflowOptionalProviderFeatureException):
    pass  # before Airflow 3.1 nobody can be asked, and there is no such DAG
else:
    CANDIDATES = 4
    NONE = "none of them"  # Airflow takes no answer without an option
    # The provider's gallery serves the images of a task to those who may see its DAG. Without a slash in front the
    # address is right behind any path of Airflow's own address, such as https://example.com/airflow.
    GALLERY = "imagen-gallery/dags/{{ dag.dag_id }}/runs/{{ run_id | urlencode }}/tasks/candidates/-1"

    def cell(number: int) -> str:
        """Return an image with its number on it, as Markdown; a click opens it in full size."""
        shown, opened = f"{GALLERY}/images/{number - 1}/numbered", f"{GALLERY}#image-{number - 1}"
        return f"[![image {number}]({shown})]({opened})"

    # The options stand below the body, wherever Airflow puts them: in a grid all images are seen beside them.
    CELLS = [cell(n + 1) for n in range(CANDIDATES)]
    ROWS = [f"| {' | '.join(CELLS[n : n + 2])} |" for n in range(0, CANDIDATES, 2)]

    with DAG(
        "imagen_approval",
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1),
        catchup=False,
        params={
            "bucket": "my-bucket",
            "photo": "gs://my-bucket/photos/mug.png",
            "scene": "on a wooden table in a mountain hut, watercolour",
        },
    ) as dag:
        candidates = ImagenGenerateOperator(
            task_id="candidates",
            reference_images="{{ params.photo }}",
            prompt="Put the product of the photo {{ params.scene }}",
            aspect_ratio="1:1",
            number_of_images=CANDIDATES,
            output_uri="gs://{{ params.bucket }}/approval/candidates/{{ dag_run.run_after | ds_nodash }}/",
        )

        ask = HITLOperator(
            task_id="ask",
            subject="Which of these images are worth enlarging?",
            body="\n".join([ROWS[0], "|---|---|", *ROWS[1:]]),
            options=[*(str(n + 1) for n in range(CANDIDATES)), NONE],
            multiple=True,
        )

        @task
        def chosen(answer: dict[str, Any], uris: list[str]) -> list[str]:
            """Return the images that were chosen; a candidate that Google filtered is not there to be enlarged."""
            numbers = [int(option) for option in answer["chosen_options"] if option != NONE]
            return [uris[number - 1] for number in numbers if number <= len(uris)]

        candidates >> ask
        ImagenUpscaleOperator.partial(
            task_id="large",
            upscale_factor="x2",
            output_uri="gs://{{ params.bucket }}/approval/large/{{ dag_run.run_after | ds_nodash }}/",
        ).expand(image=chosen(ask.output, candidates.output))  # type: ignore[arg-type]  # values, when it runs
