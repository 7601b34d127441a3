"""``@task.imagen``: a function returns what to ask for, and the generate operator does the rest."""

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
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator


class ImagenDecoratedOperator(DecoratedOperator, ImagenGenerateOperator):
    """Asks for what a function returns: a prompt, or a dict with ``prompt`` and other arguments of the operator.

    The function is called once in every try, before anything is asked. What it returns is taken as it is: braces in it
    are no templates, so text from elsewhere cannot reach Airflow's variables and connections. What the function needs
    of a run, it takes as parameters: ``ds``, ``params``, ``ti`` and so on.

    The arguments of the decorator are those of :class:`ImagenGenerateOperator`, without ``prompt``, and templated as
    there. What comes back, retries, billing and failures are those of the operator too.

    :param python_callable: the function.
    :param op_args: its positional arguments. (templated)
    :param op_kwargs: its arguments by name. (templated)
    :raises AirflowFailException: the function returned neither a prompt nor such a dict; nothing was asked.
    """

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *ImagenGenerateOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = dict(DecoratedOperator.template_fields_renderers)
    custom_operator_name = "@task.imagen"
    overwrite_rtif_after_execution = True  # so that Airflow shows the prompt, which is known late

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # Airflow reads a function annotated "-> dict" as one with several outputs. The task returns URIs all the same,
        # and Airflow would find that out when they are paid for.
        kwargs["multiple_outputs"] = False
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            prompt=SET_DURING_EXECUTION,
            **kwargs,
        )

    def execute(self, context: Any) -> list[str]:
        """Call the function, send one request and return the URIs of the images."""
        with fail_permanently(self):
            self._call_function(context)
        # Not by way of DecoratedOperator: Airflow 3.0's breaks on the way back, when the images are paid for.
        return ImagenGenerateOperator.execute(self, context)

    def _call_function(self, context: Any) -> None:
        """Take what the function returns as arguments."""
        from airflow_provider_imagen.core.validation.taskflow_value import arguments_in

        context_merge(context, self.op_kwargs)
        kwargs = determine_kwargs(self.python_callable, self.op_args, context)
        arguments = arguments_in(self.python_callable(*self.op_args, **kwargs), ImagenGenerateOperator.template_fields)
        for name, value in arguments.items():
            setattr(self, name, value)
        if "{{" in arguments["prompt"]:
            self.log.warning("The prompt has braces. What the function returns is taken as it is, not as a template.")


def imagen_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Make a task of a function that returns a prompt.

    :param python_callable: the function.
    :param kwargs: arguments of :class:`.ImagenGenerateOperator` and of every Airflow task.
    """
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=ImagenDecoratedOperator, **kwargs
    )
