"""Prints, as one line of JSON, every image that the runs of a DAG recorded in XCom.

Runs inside Airflow, in a process of its own: ``python read_results.py DAG_ID``.
"""

from __future__ import annotations

import json
import sys

from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select


def main(dag_id: str) -> None:
    """Print the images in the order of tasks and map indexes."""
    with create_session() as session:
        asked = select(XComModel).where(XComModel.dag_id == dag_id, XComModel.key == "result")
        rows = session.scalars(asked).all()
        found = [
            {"task_id": row.task_id, "uri": image["uri"], "mime_type": image["mime_type"]}
            for row in sorted(rows, key=lambda row: (row.task_id != "posters", row.map_index))
            for image in (json.loads(row.value) if isinstance(row.value, str) else row.value)["images"]
        ]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
