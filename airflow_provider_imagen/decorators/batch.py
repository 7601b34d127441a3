"""``@task.imagen_batch``: a function returns the rows of a table, and the batch operator does the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from airflow.providers.common.compat.sdk import (
    SET_DURING_EXECUTION,
    DecoratedOperator,
    TaskDecorator,
    context_merge,
    determine_kwargs,
    task_decorator_factory,
)

from airflow_provider_imagen.hooks.airflow_errors import fail_permanently
from airflow_provider_imagen.operators.batch import ImagenBatchOperator


class ImagenBatchDecoratedOperator(DecoratedOperator, ImagenBatchOperator):
    """Asks for the rows that a function returns: a list, a generator, or the URI of a file.

    The function is called once in every try, before anything is asked. What it returns is taken as it is: braces in
    it are no templates, but ``{column}`` in the decorator's ``prompt`` is.

    The arguments of the decorator are those of :class:`.ImagenBatchOperator`, without ``items``, and templated as
    there. What comes back, retries, billing and failures are those of the operator too.

    :param python_callable: the function.
    :param op_args: its positional arguments. (templated)
    :param op_kwargs: its arguments by name. (templated)
    """

    template_fields: Sequence[str] = (
        *DecoratedOperator.template_fields,
        *(name for name in ImagenBatchOperator.template_fields if name != "items"),
    )
    template_fields_renderers: ClassVar[dict[str, str]] = dict(DecoratedOperator.template_fields_renderers)
    custom_operator_name = "@task.imagen_batch"
    items: Any

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # Airflow reads a function annotated "-> dict" as one with several outputs; the task returns one URI.
        kwargs["multiple_outputs"] = False
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            items=SET_DURING_EXECUTION,
            **kwargs,
        )

    def execute(self, context: Any) -> str | None:  # type: ignore[override]
        """Call the function, make the images of all rows, and return the URI of the manifest."""
        with fail_permanently(self):
            context_merge(context, self.op_kwargs)
            kwargs = determine_kwargs(self.python_callable, self.op_args, context)
            self.items = self.python_callable(*self.op_args, **kwargs)
        # Not by way of DecoratedOperator: Airflow 3.0's breaks on the way back, when the images are paid for.
        return ImagenBatchOperator.execute(self, context)


def imagen_batch_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Make a task of a function that returns the rows of a table.

    :param python_callable: the function.
    :param kwargs: arguments of :class:`.ImagenBatchOperator` and of every Airflow task.
    """
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=ImagenBatchDecoratedOperator, **kwargs
    )
