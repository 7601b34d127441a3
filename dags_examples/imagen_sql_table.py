"""Every night: a picture for each row that a query returns.

The query runs on the connection ``shop_db``, which may be any database that Airflow knows. Its rows are tuples; what
their values are called, ``item_columns`` says.
"""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_provider_imagen.operators.batch import ImagenBatchOperator

with DAG(
    "imagen_sql_table",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"bucket": "my-bucket"},
) as dag:
    products = SQLExecuteQueryOperator(
        task_id="products",
        conn_id="shop_db",
        sql="SELECT sku, name, colour FROM products WHERE is_sold ORDER BY sku",
    )

    ImagenBatchOperator(
        task_id="pictures",
        items=products.output,
        item_columns=["key", "name", "colour"],
        prompt="Studio photo of {name}, {colour}, on a plain light background, no text",
        output_uri="gs://{{ params.bucket }}/products/",
    )
