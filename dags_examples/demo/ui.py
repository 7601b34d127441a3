"""Serves a real Airflow with an emulator of Google, the example DAGs and a ready connection, until Ctrl-C.

Started by ``make ui``. ``python ui.py FOLDER`` keeps Airflow's files there instead of in ``.airflow-home``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from airflow_site import AirflowSite
from product_photo import put_photos

from airflow_provider_imagen.emulator import Emulator
from airflow_provider_imagen.provider_info import CONNECTION_FIELDS

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent / ".airflow-home"
BUCKET = "my-bucket"
EXAMPLES = ["imagen_daily_campaign", "imagen_catalogue", "imagen_local_folder", "imagen_minimal"]
PRODUCTS = [("chair-001", "armchair", "moss green"), ("lamp-001", "desk lamp", "matt black")]
PORT = 8080
WAKE_SECONDS = 0.5
"""A signal that arrives just before this process goes to sleep is seen when it wakes."""


def main() -> int:
    """Start everything, print where it is, and wait."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    home = Path(sys.argv[1]) if sys.argv[1:] else HOME
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    say("Starting Airflow and an emulator of Google; this takes about half a minute ...")
    with Emulator(buckets=[BUCKET]) as emulator, AirflowSite(home, HERE.parent, preferred_port=PORT) as site:
        put_photos(emulator, BUCKET)
        site.call("POST", "connections", ready_connection(emulator))
        site.call("POST", "connections", shop_connection(home / "shop.db"))
        site.unpause(EXAMPLES)
        say(welcome(site, emulator))
        while True:
            time.sleep(WAKE_SECONDS)


def leave(_number: int, _frame: object) -> None:
    """Stop everything, also in the middle of starting; a second Ctrl-C does not leave half of it behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    say("\nStopping ...")
    raise SystemExit(0)


def ready_connection(emulator: Emulator) -> dict[str, Any]:
    """Return the connection ``imagen_default`` with all fields of the form, set or not: the form shows the stored ones.

    The port is 0, because the Test button of Airflow 3.3 refuses connections that have none.
    """
    known = emulator.connection
    extra = dict.fromkeys(CONNECTION_FIELDS) | known["extra"]
    return {"connection_id": "imagen_default", "conn_type": known["conn_type"], "port": 0, "extra": json.dumps(extra)}


def shop_connection(database: Path) -> dict[str, Any]:
    """Make the database of ``imagen_sql_table``, and return the connection ``shop_db``."""
    with contextlib.closing(sqlite3.connect(database)) as shop, shop:
        shop.execute("CREATE TABLE products (sku TEXT, name TEXT, colour TEXT, is_sold INTEGER)")
        shop.executemany("INSERT INTO products VALUES (?, ?, ?, 1)", PRODUCTS)
    return {"connection_id": "shop_db", "conn_type": "sqlite", "host": str(database)}


def welcome(site: AirflowSite, emulator: Emulator) -> str:
    """Return address, login and the next steps."""
    return f"""
Airflow is ready:  {site.address}
  user             admin
  password         {site.passwords["admin"]}

The example DAGs have begun their first run. Open Dags, imagen_daily_campaign, Images: the pictures are there within
a minute or two, or later on a slow machine; reload until they are.
The connection imagen_default (Admin, Connections) leads to the emulator at {emulator.endpoint}.
What Airflow prints is in {site.log}.

Ctrl-C stops everything."""


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
