"""What a task instance knows of its earlier tries, and what it leaves for the next one.

Kept in two places: Airflow's task state store (3.3), and a receipt in the task's own folder when ``if_exists`` is
``reuse`` or ``fail``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_imagen.client.vertex import ImagenClient
from airflow_provider_imagen.core.recovery.request_record import Receipt, fingerprint_of, new_receipt, read_receipt
from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.storage.object_names import next_number
from airflow_provider_imagen.operators.task_folder import TaskFolder

log = logging.getLogger("airflow.task")
STATE_KEY = "imagen_request"


class Memory:
    """Remembers one task instance's request across its tries.

    :param request: what the task asks for, by its first plan.
    :param folder: the task's own folder.
    :param client: who asks.
    :param context: Airflow's task context.
    """

    def __init__(
        self,
        request: ImageRequest,
        folder: TaskFolder,
        client: ImagenClient,
        context: Mapping[str, Any],
    ) -> None:
        self.keeps_receipts = request.if_exists != "generate"
        self.folder = folder
        self._client = client
        self._fingerprint = fingerprint_of(request)
        self._store = _StateStore(context.get("task_state_store"))
        self._receipt: Receipt | None = None
        self._output_uri = request.output_uri
        self.next_number = 0
        self.is_unsure = False

    def earlier(self) -> Receipt | None:
        """Return what an earlier try of this task instance left about the same request, None when there is nothing."""
        receipts = [read_receipt(self._store.get())]
        if self.keeps_receipts:
            receipts.append(read_receipt(self.folder.read_note()))
        known = [receipt for receipt in receipts if receipt]
        same = [receipt for receipt in known if receipt.fingerprint == self._fingerprint]
        if known and not same:
            log.warning("An earlier try of this task instance asked for something else, so its images are not reused.")
        found = max(same, key=lambda receipt: receipt.result is not None, default=None)
        return None if found is None or found.given_up else found

    def images_of(self, earlier: Receipt) -> list[str]:
        """Return the images of an earlier request that are still there."""
        # A receipt is a file that others may have written: it names nothing outside the task's own output_uri.
        named = [uri for uri in earlier.uris if uri.startswith(f"{self._output_uri.rstrip('/')}/") and ".." not in uri]
        there = [uri for uri in named if self.folder.has(uri)]
        if gone := [uri for uri in named if uri not in there]:
            log.warning("Images of an earlier try are no longer there: %s.", ", ".join(gone))
        return there

    def images(self) -> tuple[str, ...]:
        """Return the images in the task's own folder, none where later tries replace them."""
        return self.folder.images() if self.keeps_receipts else ()

    def asking(self, before: tuple[str, ...] | None = None) -> Receipt:
        """Leave word that a request is about to be sent.

        :param before: images in the task's folder that are none of this request's; None: all that are there.
        :raises ImagenError: the task's folder cannot be written; nothing was sent.
        """
        there = self.images()
        # Files are only replaced where nothing is kept. Asked now: once images are paid for, nothing may go wrong.
        self.next_number = next_number(there)
        self._receipt = new_receipt(self._fingerprint, self._client.now(), there if before is None else before)
        self._leave(self._receipt)
        return self._receipt

    def stored(self, document: dict[str, Any]) -> None:
        """Leave word that the images are stored. What goes wrong here costs the next try, not this one."""
        receipt = self._receipt or new_receipt(self._fingerprint, self._client.now())
        try:
            self._leave(receipt.with_result(document))
        except Exception:  # the images are made and paid; they are returned whatever becomes of the receipt
            log.warning("No receipt could be kept; a later try of this task will ask Google again.", exc_info=True)

    def give_up(self) -> None:
        """Leave word that a person decides: nobody takes these images, and the next try asks anew."""
        self.is_unsure = True
        receipt = self._receipt or new_receipt(self._fingerprint, self._client.now())
        try:
            self._leave(receipt.model_copy(update={"given_up": True}))
        except Exception:  # the error that is about to be raised says more than this one
            log.warning("The receipt could not be replaced.", exc_info=True)

    def now(self) -> datetime:
        """Return the time of this machine."""
        return self._client.now()

    def nothing_came(self) -> None:
        """Leave word that there is nothing to look for."""
        self.stored({"images": []})
        self.returned()

    def returned(self) -> None:
        """Take the word back where the next try shall make new images: these ones are about to be returned."""
        if not self.keeps_receipts:
            self._store.delete()

    def _leave(self, receipt: Receipt) -> None:
        self._store.set(receipt.encode().decode())
        if self.keeps_receipts:
            self.folder.write_note(receipt.encode())


class _StateStore:
    """Airflow's task state store where there is one (3.3). What it cannot do is logged and fails no task.

    :param store: the store as Airflow hands it to the task, None where Airflow has none.
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    def get(self) -> str | None:
        value = self._try("read", lambda store: store.get(STATE_KEY))
        return value if isinstance(value, str) else None

    def set(self, value: str) -> None:
        self._try("written", lambda store: store.set(STATE_KEY, value))

    def delete(self) -> None:
        self._try("cleared", lambda store: store.delete(STATE_KEY))

    def _try(self, what: str, action: Callable[[Any], Any]) -> Any:
        if self._store is None:
            return None
        try:
            return action(self._store)
        except Exception:  # whatever a store raises, the images of this try matter more
            log.warning("Airflow's task state store could not be %s.", what, exc_info=True)
            return None
