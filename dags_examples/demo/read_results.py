"""Prints, as one line of JSON, every image that the runs of a DAG recorded in XCom, with the photos it was made from.

Runs inside Airflow, in a process of its own: ``python read_results.py DAG_ID``.
"""

from __future__ import annotations

import json
import sys

from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_provider_imagen.core.result_document import RESULT_KEY, ResultDocument


def main(dag_id: str) -> None:
    """Print the images in the order of tasks and map indexes."""
    with create_session() as session:
        query = select(XComModel).where(XComModel.dag_id == dag_id, XComModel.key == RESULT_KEY)
        rows = sorted(session.scalars(query), key=lambda row: (row.task_id != "posters", row.map_index))
        documents = [(row.task_id, ResultDocument.read(row.value)) for row in rows]
    found = [
        {
            "task_id": task_id,
            "uri": image.uri,
            "mime_type": image.mime_type,
            "photos": list((document.parameters if document else {}).get("reference_images", ())),
        }
        for task_id, document in documents
        for image in (document.images if document else ())
    ]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
