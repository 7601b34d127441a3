"""The operator that makes an image larger, and its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_imagen.operators.request_operator import (
    MODEL_FIELDS,
    PLACE_FIELDS,
    REQUEST_FIELDS,
    RequestOperator,
)

if TYPE_CHECKING:
    from typing import Unpack

    from airflow.providers.common.compat.sdk import XComArg

    from airflow_provider_imagen.core.choices import (
        IfExists,
        OnFiltered,
        OnLost,
        OutputMimeType,
        PersonGeneration,
        SafetyFilterLevel,
        UpscaleFactor,
        UpscaleModel,
    )
    from airflow_provider_imagen.operators.task_arguments import TaskArguments


class ImagenUpscaleOperator(RequestOperator):
    """Make one image two, three or four times as wide and high.

    Returns a list with the URI of the larger image; XCom key ``result`` as in :class:`.ImagenGenerateOperator`. Map
    over many images with ``.expand(image=...)``. Billing, retries and failures are those of the generate operator.

    :param image: what to upscale: a ``gs://`` URI, which Google reads itself, or an absolute local path or other URI
        that Airflow's ObjectStoragePath can read (PNG or JPEG, at most 10 MB). A list with one item is taken as that
        item. (templated)
    :param output_uri: where the larger image goes, see :class:`.ImagenGenerateOperator`. (templated)
    :param image_key: names the larger image, on ``gs://`` its folder, see :class:`.ImagenGenerateOperator`.
        (templated)
    :param upscale_factor: ``x2``, ``x4``, and ``x3`` where the model has it. The result of
        ``imagen-4.0-upscale-preview`` has at most 17 megapixels. (templated)
    :param model: None: the connection's ``default_model`` if it upscales, else the catalogue's default. (templated)
    :param fallback_model: see :class:`.ImagenGenerateOperator`; one that does not upscale is passed over. (templated)
    :param output_mime_type: ``image/png`` (Google's default) or ``image/jpeg``. (templated)
    :param compression_quality: 0 to 100, for ``image/jpeg`` only. (templated)
    :param enhance_input_image: improve the image before upscaling. (templated)
    :param image_preservation_factor: 0 to 1, how much of the original is kept. (templated)
    :param safety_filter_level: see :class:`.ImagenGenerateOperator`. (templated)
    :param person_generation: see :class:`.ImagenGenerateOperator`. (templated)
    :param include_rai_reason: ask why an image was filtered. (templated)
    :param labels: billing labels, at most 64. (templated)
    :param on_filtered: ``fail``, ``skip`` or ``warn``. (templated)
    :param on_lost: ``fail`` or ``resend``, see :class:`.ImagenGenerateOperator`. (templated)
    :param if_exists: ``generate``, ``reuse`` or ``fail``, see :class:`.ImagenGenerateOperator`. (templated)
    :param imagen_conn_id: see :class:`.ImagenGenerateOperator`. (templated)
    :param project_id: see :class:`.ImagenGenerateOperator`. (templated)
    :param location: see :class:`.ImagenGenerateOperator`. (templated)
    :param impersonation_chain: see :class:`.ImagenGenerateOperator`. (templated)
    :raises AirflowFailException: for every error that another try cannot mend.
    :raises airflow_provider_imagen.errors.ImagenError: for the others, see ``errors.py``.
    """

    job = "upscale"
    request_fields: tuple[str, ...] = (
        "image",
        "upscale_factor",
        "enhance_input_image",
        "image_preservation_factor",
        *REQUEST_FIELDS,
    )
    template_fields: Sequence[str] = (*MODEL_FIELDS, *request_fields, *PLACE_FIELDS)

    def __init__(
        self,
        *,
        image: str | Sequence[str] | XComArg,
        output_uri: str | XComArg,
        upscale_factor: UpscaleFactor | str | XComArg,
        image_key: str | XComArg | None = None,
        model: UpscaleModel | str | XComArg | None = None,
        fallback_model: UpscaleModel | str | XComArg | None = None,
        output_mime_type: OutputMimeType | str | XComArg | None = None,
        compression_quality: int | str | XComArg | None = None,
        enhance_input_image: bool | str | XComArg | None = None,
        image_preservation_factor: float | str | XComArg | None = None,
        safety_filter_level: SafetyFilterLevel | str | XComArg | None = None,
        person_generation: PersonGeneration | str | XComArg | None = None,
        include_rai_reason: bool | str | XComArg | None = True,
        labels: dict[str, str] | XComArg | None = None,
        on_filtered: OnFiltered = "fail",
        on_lost: OnLost = "fail",
        if_exists: IfExists = "generate",
        imagen_conn_id: str = "imagen_default",
        project_id: str | XComArg | None = None,
        location: str | XComArg | None = None,
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.image = image
        self.output_uri = output_uri
        self.image_key = image_key
        self.upscale_factor = upscale_factor
        self.model = model
        self.fallback_model = fallback_model
        self.output_mime_type = output_mime_type
        self.compression_quality = compression_quality
        self.enhance_input_image = enhance_input_image
        self.image_preservation_factor = image_preservation_factor
        self.safety_filter_level = safety_filter_level
        self.person_generation = person_generation
        self.include_rai_reason = include_rai_reason
        self.labels = labels
        self.on_filtered = on_filtered
        self.on_lost = on_lost
        self.if_exists = if_exists
        self.imagen_conn_id = imagen_conn_id
        self.project_id = project_id
        self.location = location
        self.impersonation_chain = impersonation_chain

    def _arguments(self) -> dict[str, Any]:
        from airflow_provider_imagen.runner.input_pictures import only_item

        return {**super()._arguments(), "image": only_item(self.image)}
