"""The operators of one request. What they do with their arguments is in :mod:`.request_operator`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow_provider_imagen.operators.request_operator import (
    MODEL_FIELDS,
    PLACE_FIELDS,
    REQUEST_FIELDS,
    RequestOperator,
)
from airflow_provider_imagen.operators.upscale import ImagenUpscaleOperator

if TYPE_CHECKING:
    from typing import Unpack

    from airflow.providers.common.compat.sdk import XComArg

    from airflow_provider_imagen.core.choices import (
        AspectRatio,
        GenerateModel,
        IfExists,
        ImageSize,
        Language,
        OnFiltered,
        OnLost,
        OutputMimeType,
        PersonGeneration,
        ProminentPeople,
        SafetyFilterLevel,
        SampleImageStyle,
        ServiceTier,
        ThinkingLevel,
    )
    from airflow_provider_imagen.operators.task_arguments import TaskArguments

__all__ = ["ImagenGenerateOperator", "ImagenUpscaleOperator"]


class ImagenGenerateOperator(RequestOperator):
    """Generate images from a text prompt with one of Google's image models, Imagen or Gemini.

    Returns the list of image URIs, ready for ``.expand()``. XCom key ``result`` holds a small JSON document: model,
    parameters, per image its URI, MIME type and rewritten prompt, what was filtered and why. Image bytes never go to
    XCom. With a ``gs://`` ``output_uri`` an Imagen model writes the files itself; a Gemini model sends them to the
    worker, which uploads them.

    Each accepted request is billed. Quota and availability errors are tried again inside the task, because Google
    accepted nothing; wrong arguments, missing rights and filtered images fail the task at once, without retries.
    A small record in ``<output_uri>/_imagen/`` says what was asked, so that a later try finds what was paid for.

    Arguments left None are not sent, so Google's default applies. All arguments are templated. Limits per model:
    https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api

    :param prompt: what the image shows: at most 64 to 480 tokens with Imagen models, tens of thousands with Gemini
        image models. (templated)
    :param output_uri: where the images go: ``gs://bucket/folder/``, an absolute local folder, or any scheme that
        Airflow's ObjectStoragePath can write. (templated)
    :param image_key: says what is made, whichever run, try or map index makes it; the files have this name:
        ``<output_uri>/<image_key>.jpg``, or ``<image_key>/0.jpg`` and so on for several; an Imagen model that writes to
        ``gs://`` itself makes ``<image_key>/<13 digits>/sample_0.png``. 1 to 100 characters of ``A-Z a-z 0-9 . _ -``,
        beginning with a letter or digit. None: a name of task and run. (templated)
    :param reference_images: pictures to start from: a photo to edit, a product to put into a scene, a style to keep.
        One URI or a list: ``gs://`` URIs, which Google reads itself (public, or in the project of the request),
        absolute local paths, or other URIs that Airflow's ObjectStoragePath can read. PNG, JPEG, WebP, and with most
        models HEIC and HEIF; at most 14 (3 with ``gemini-2.5-flash-image``), of 7 MB each, or 30 MB in Cloud Storage.
        They come before the prompt, which may call them image 1, image 2. Without ``aspect_ratio`` the image takes
        after them. Gemini image models only. (templated)
    :param model: model id, for example ``gemini-nano-banana-2.1``. None: the connection's ``default_model``, else
        the catalogue's default. (templated)
    :param fallback_model: model to use when ``model`` is retired or Google answers 404. What the fallback cannot do
        is given up with a warning and recorded in ``result``. None: the connection's ``fallback_model``. (templated)
    :param number_of_images: 1 to 4 with Imagen (8 with ``imagegeneration@002``) in one request; 1 to 8 with Gemini
        image models, which are asked once for each image, side by side. (templated)
    :param negative_prompt: what to keep out of the image. (templated)
    :param aspect_ratio: width to height, for example ``1:1``, ``16:9`` or ``3:4``; which ones a model makes,
        ``python -m airflow_provider_imagen models`` says. (templated)
    :param seed: 1 to 2147483647, for images that can be made again. Gemini image models only try to, and
        ``gemini-nano-banana-2.1`` takes none; Imagen models want ``add_watermark=False`` with it. (templated)
    :param enhance_prompt: let Google rewrite the prompt; Gemini image models have no such switch. (templated)
    :param language: language of the prompt: ``auto``, ``en``, ``es``, ``hi``, ``ja``, ``ko``, ``pt``, ``zh``,
        ``zh-CN`` or ``zh-TW``. (templated)
    :param safety_filter_level: ``block_low_and_above``, ``block_medium_and_above``, ``block_only_high`` or
        ``block_none``; the older ``block_most``, ``block_some``, ``block_few``, ``block_fewest`` work too. (templated)
    :param person_generation: ``dont_allow``, ``allow_adult`` or ``allow_all``. (templated)
    :param add_watermark: put an invisible watermark into the image; Gemini image models always do. (templated)
    :param output_mime_type: ``image/png``, ``image/jpeg`` and, with Imagen, others. None: the model's own choice,
        which is JPEG, and PNG with Imagen models and ``gemini-2.5-flash-image``. (templated)
    :param compression_quality: 0 to 100, for JPEG. (templated)
    :param sample_image_style: for ``imagegeneration@002``: ``photograph``, ``digital_art``, ``landscape``,
        ``sketch``, ``watercolor``, ``cyberpunk`` or ``pop_art``. (templated)
    :param guidance_scale: how closely to follow the prompt, 0 to 100; Imagen models before 4. (templated)
    :param image_size: ``512``, ``1K``, ``2K`` or ``4K``, by model; ``gemini-2.5-flash-image`` has one size. (templated)
    :param thinking_level: how long the model thinks before it draws: ``MINIMAL``, ``MEDIUM`` or ``HIGH``, by model.
        Thinking is billed by tokens. (templated)
    :param system_instruction: what holds for every image, apart from the prompt: a style, a brand. (templated)
    :param google_search: let the model look things up first. Google bills each search, about 0.014 USD, and a request
        may make several. (templated)
    :param prominent_people: ``allow_prominent_people`` or ``block_prominent_people``; ``person_generation`` goes
        before it. (templated)
    :param service_tier: ``flex``, at half price, answered when Google has room, within 20 minutes; or ``priority``, at
        about 1.8 times the price. Only in location ``global``. None: Google's standard. (templated)
    :param include_rai_reason: ask why an image was filtered. (templated)
    :param include_safety_attributes: ask for safety scores; Gemini image models give none. (templated)
    :param labels: billing labels, at most 64. (templated)
    :param on_filtered: what to do when no image passed the filters: ``fail``, ``skip`` or ``warn``, which returns an
        empty list. (templated)
    :param on_lost: what to do when a response is lost and Google may have billed it: ``fail``, or ``resend``, which
        asks at most once more for each image. (templated)
    :param if_exists: what to do when an earlier try, or with ``image_key`` an earlier run, made these images:
        ``generate`` new ones, ``reuse`` them without a request if the request is the same, or ``fail``. ``reuse``
        finds what was made with ``reuse`` or ``fail``: ``generate`` keeps no record. (templated)
    :param imagen_conn_id: Airflow connection of type ``imagen`` or ``google_cloud_platform``. (templated)
    :param project_id: project to bill. None: the connection's, else the credentials' own. (templated)
    :param location: for example ``us-central1``. None: the connection's, else the model's default. (templated)
    :param impersonation_chain: service account to act as, or a chain that ends with it. (templated)
    :raises AirflowFailException: for every error that another try cannot mend.
    :raises airflow_provider_imagen.errors.ImagenError: for the others, see ``errors.py``.
    """

    job = "generate"
    request_fields: tuple[str, ...] = (
        "prompt",
        "number_of_images",
        "negative_prompt",
        "aspect_ratio",
        "seed",
        "enhance_prompt",
        "language",
        "add_watermark",
        "sample_image_style",
        "guidance_scale",
        "image_size",
        "reference_images",
        "thinking_level",
        "system_instruction",
        "google_search",
        "prominent_people",
        "service_tier",
        "include_safety_attributes",
        *REQUEST_FIELDS,
    )
    template_fields: Sequence[str] = (*MODEL_FIELDS, *request_fields, *PLACE_FIELDS)

    def __init__(
        self,
        *,
        prompt: str | XComArg,
        output_uri: str | XComArg,
        image_key: str | XComArg | None = None,
        reference_images: str | Sequence[str] | XComArg | None = None,
        model: GenerateModel | str | XComArg | None = None,
        fallback_model: GenerateModel | str | XComArg | None = None,
        number_of_images: int | str | XComArg = 1,
        negative_prompt: str | XComArg | None = None,
        aspect_ratio: AspectRatio | str | XComArg | None = None,
        seed: int | str | XComArg | None = None,
        enhance_prompt: bool | str | XComArg | None = None,
        language: Language | str | XComArg | None = None,
        safety_filter_level: SafetyFilterLevel | str | XComArg | None = None,
        person_generation: PersonGeneration | str | XComArg | None = None,
        add_watermark: bool | str | XComArg | None = None,
        output_mime_type: OutputMimeType | str | XComArg | None = None,
        compression_quality: int | str | XComArg | None = None,
        sample_image_style: SampleImageStyle | str | XComArg | None = None,
        guidance_scale: float | str | XComArg | None = None,
        image_size: ImageSize | str | XComArg | None = None,
        thinking_level: ThinkingLevel | str | XComArg | None = None,
        system_instruction: str | XComArg | None = None,
        google_search: bool | str | XComArg | None = None,
        prominent_people: ProminentPeople | str | XComArg | None = None,
        service_tier: ServiceTier | str | XComArg | None = None,
        include_rai_reason: bool | str | XComArg | None = True,
        include_safety_attributes: bool | str | XComArg | None = None,
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
        self.prompt = prompt
        self.output_uri = output_uri
        self.image_key = image_key
        self.model = model
        self.fallback_model = fallback_model
        self.number_of_images = number_of_images
        self.negative_prompt = negative_prompt
        self.aspect_ratio = aspect_ratio
        self.seed = seed
        self.enhance_prompt = enhance_prompt
        self.language = language
        self.safety_filter_level = safety_filter_level
        self.person_generation = person_generation
        self.add_watermark = add_watermark
        self.output_mime_type = output_mime_type
        self.compression_quality = compression_quality
        self.sample_image_style = sample_image_style
        self.guidance_scale = guidance_scale
        self.image_size = image_size
        self.reference_images = reference_images
        self.thinking_level = thinking_level
        self.system_instruction = system_instruction
        self.google_search = google_search
        self.prominent_people = prominent_people
        self.service_tier = service_tier
        self.include_rai_reason = include_rai_reason
        self.include_safety_attributes = include_safety_attributes
        self.labels = labels
        self.on_filtered = on_filtered
        self.on_lost = on_lost
        self.if_exists = if_exists
        self.imagen_conn_id = imagen_conn_id
        self.project_id = project_id
        self.location = location
        self.impersonation_chain = impersonation_chain
