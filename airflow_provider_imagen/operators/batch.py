"""The operator for a table of prompts, and how the next task reads what it made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_imagen.hooks.airflow_errors import fail_permanently
from airflow_provider_imagen.links.imagen import BatchFolderLink, JobLink, ManifestLink
from airflow_provider_imagen.operators.batch_jobs import SETTINGS_FIELDS, JobOperator
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator
from airflow_provider_imagen.operators.request_operator import MODEL_FIELDS, PLACE_FIELDS

if TYPE_CHECKING:
    from typing import Unpack

    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_imagen.core.choices import (
        AspectRatio,
        BatchMode,
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

TABLE_FIELDS = ("items", "item_columns", "item_arguments")
CHUNK_BYTES = 1 << 16
NOT_FOR_ALL = ("prompt", "image_key")
"""Arguments of the generate operator that are not the same for all items."""


class ImagenBatchOperator(JobOperator):
    """Generate images for a table of prompts in one task, side by side.

    Returns the URI of a manifest: a JSONL file with a line for each item, in the items' order: ``row`` (of a CSV
    file as a spreadsheet counts, of JSONL the line, of a list the position from 1), ``key``, ``status`` (``made``,
    ``reused``, ``filtered``, ``failed``, ``lost``, ``not_sent``), ``uris``, ``reason``, ``model``, ``fingerprint``,
    ``estimated_cost_usd``, ``duration_seconds``, ``is_final`` (asking again with the same words cannot help);
    :func:`read_manifest` reads it. XCom key ``result`` holds the counts, the cost and the first failures. Image bytes
    never go to XCom.

    All items are checked before the first request. A retry, a clear or tomorrow's run asks only for what is missing or
    changed: an item whose image is there under its key, made from the same words, is not asked for again. A single
    task with the same ``image_key`` finds the image of an item with ``if_exists="reuse"``, and an item finds that of
    such a task; with ``if_exists="generate"`` a task leaves no record, so its image is made anew.

    Every argument of :class:`.ImagenGenerateOperator` but ``image_key`` is a default for all items. All arguments but
    ``deferrable`` are templated.

    :param items: what to make: a list of prompts, of dicts, or of tuples with ``item_columns``; the same as JSON text;
        or the URI of a ``.jsonl`` or ``.csv`` file in any storage that Airflow's ObjectStoragePath reads. (templated)
    :param output_uri: where the images go: ``<output_uri>/<key>.jpg``, see :class:`.ImagenGenerateOperator`.
        (templated)
    :param mode: ``online``: requests side by side; ``batch``: Google's batch prediction jobs, at half price, within
        hours. That needs a ``gs://`` ``output_uri`` and a Gemini image model, and makes images of 1K. (templated)
    :param prompt: the prompt of items that bring none; ``{column}`` stands for the item's value in that column, any
        other brace for itself. (templated)
    :param item_columns: the names of the values of rows that are tuples or lists, as SQL operators return them: a
        list, or one text with commas. (templated)
    :param item_arguments: all columns that override arguments, listed in the same way. None: ``prompt``, ``key``,
        ``reference_images``, ``negative_prompt``, ``aspect_ratio``, ``number_of_images``, ``seed`` and ``image_size``.
        A list replaces these: name ``prompt`` and ``key`` in it too. (templated)
    :param max_concurrency: in ``mode="online"``: the most requests under way, 1 to 64. (templated)
    :param requests_per_minute: in ``mode="online"``: the most requests in a minute. None: as fast as Google answers.
        (templated)
    :param max_cost_usd: the most that the batch may cost in US dollars by list price, with all its retries. None: no
        limit. (templated)
    :param max_failed_items: how many items may have no images without failing the task: a number, or a share such as
        ``0.05`` or ``"5%"``. (templated)
    :param retry_filtered: ask again for items that were filtered or refused with the same words before. (templated)
    :param first_job_items: in ``mode="batch"``: submit a first job for so many items, and the rest only when its result
        could be read: Google finds out after a job has run that it may not write the bucket. 1 to 200,000. (templated)
    :param keep_job_files: in ``mode="batch"``: keep requests and results below ``<output_uri>/_imagen/jobs/``, which
        are removed once every image is stored. (templated)
    :param cancel_on_kill: in ``mode="batch"``: cancel the jobs when the task is stopped; while it is deferred, Airflow
        says so from 3.3. By default they go on, and the next try finds them again. (templated)
    :param cancel_on_timeout: in ``mode="batch"``: cancel the jobs when the wait for them is over. (templated)
    :param job_timeout_seconds: in ``mode="batch"``: how long jobs are waited for, 60 to 2,592,000; never longer than
        ``execution_timeout`` allows. The default is 98 hours. (templated)
    :param poll_interval: in ``mode="batch"``: seconds between two looks at the jobs, 1 to 3600. (templated)
    :param deferrable: in ``mode="batch"``: wait in the triggerer instead of a worker slot.
    :param dry_run: only check the items and say what would be asked for and what it costs; returns None. (templated)
    :param model: model id of all items. None: the connection's ``default_model``, else the catalogue's. (templated)
    :param fallback_model: see :class:`.ImagenGenerateOperator`. (templated)
    :param number_of_images: how many images an item has. (templated)
    :param negative_prompt: see :class:`.ImagenGenerateOperator`. (templated)
    :param aspect_ratio: see :class:`.ImagenGenerateOperator`. (templated)
    :param seed: see :class:`.ImagenGenerateOperator`. (templated)
    :param enhance_prompt: see :class:`.ImagenGenerateOperator`. (templated)
    :param language: see :class:`.ImagenGenerateOperator`. (templated)
    :param safety_filter_level: see :class:`.ImagenGenerateOperator`. (templated)
    :param person_generation: see :class:`.ImagenGenerateOperator`. (templated)
    :param add_watermark: see :class:`.ImagenGenerateOperator`. (templated)
    :param output_mime_type: see :class:`.ImagenGenerateOperator`. (templated)
    :param compression_quality: see :class:`.ImagenGenerateOperator`. (templated)
    :param sample_image_style: see :class:`.ImagenGenerateOperator`. (templated)
    :param guidance_scale: see :class:`.ImagenGenerateOperator`. (templated)
    :param image_size: see :class:`.ImagenGenerateOperator`. (templated)
    :param reference_images: pictures to start from, see :class:`.ImagenGenerateOperator`. (templated)
    :param thinking_level: see :class:`.ImagenGenerateOperator`. (templated)
    :param system_instruction: see :class:`.ImagenGenerateOperator`. (templated)
    :param google_search: see :class:`.ImagenGenerateOperator`. (templated)
    :param prominent_people: see :class:`.ImagenGenerateOperator`. (templated)
    :param service_tier: see :class:`.ImagenGenerateOperator`. (templated)
    :param include_rai_reason: ask why an image was filtered. (templated)
    :param include_safety_attributes: see :class:`.ImagenGenerateOperator`. (templated)
    :param labels: billing labels, at most 64. (templated)
    :param on_filtered: ``fail``: filtered items count as failed; ``skip`` and ``warn``: they do not. (templated)
    :param on_lost: what to do with an item whose response is lost: ``fail``, after which a clear or another run asks
        for it once more, or ``resend``, which does so at once. (templated)
    :param if_exists: ``reuse`` images that are there, ``generate`` new ones, or ``fail`` these items. (templated)
    :param imagen_conn_id: Airflow connection of type ``imagen`` or ``google_cloud_platform``. (templated)
    :param project_id: project to bill. None: the connection's, else the credentials' own. (templated)
    :param location: for example ``us-central1``. None: the connection's, else the model's default. (templated)
    :param impersonation_chain: service account to act as, or a chain that ends with it. (templated)
    :raises AirflowFailException: arguments or rows are wrong, or a retry would help none of the items that failed.
    :raises airflow_provider_imagen.errors.BatchFailedError: more items failed than may; Airflow may retry.
    """

    job = "generate"
    operator_extra_links: tuple[Any, ...] = (BatchFolderLink(), ManifestLink(), JobLink())
    items: Any
    batch_document: dict[str, Any] | None = None
    """The ``result`` document, known once the task ran."""
    request_fields: tuple[str, ...] = tuple(
        name for name in ImagenGenerateOperator.request_fields if name not in NOT_FOR_ALL
    )
    template_fields: Sequence[str] = (
        *TABLE_FIELDS,
        "prompt",
        *SETTINGS_FIELDS,
        "is_dry_run",
        *MODEL_FIELDS,
        *request_fields,
        *PLACE_FIELDS,
    )

    def __init__(  # noqa: PLR0915  # one statement for each argument
        self,
        *,
        items: Iterable[Any] | str | XComArg,
        output_uri: str | XComArg,
        mode: BatchMode = "online",
        prompt: str | None = None,
        item_columns: Sequence[str] | None = None,
        item_arguments: Sequence[str] | None = None,
        max_concurrency: int | str = 8,
        requests_per_minute: float | str | XComArg | None = None,
        max_cost_usd: float | str | XComArg | None = None,
        max_failed_items: float | str = 0,
        retry_filtered: bool | str = False,
        first_job_items: int | str | None = None,
        keep_job_files: bool | str = False,
        cancel_on_kill: bool | str = False,
        cancel_on_timeout: bool | str = False,
        job_timeout_seconds: float | str = (72 + 24 + 2) * 3600,
        poll_interval: float | str = 60,
        deferrable: bool = True,
        dry_run: bool | str = False,
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
        reference_images: str | Sequence[str] | XComArg | None = None,
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
        if_exists: IfExists = "reuse",
        imagen_conn_id: str = "imagen_default",
        project_id: str | XComArg | None = None,
        location: str | XComArg | None = None,
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.items = items
        self.output_uri = output_uri
        self.mode = mode
        self.prompt = prompt
        self.item_columns = item_columns
        self.item_arguments = item_arguments
        self.max_concurrency = max_concurrency
        self.requests_per_minute = requests_per_minute
        self.max_cost_usd = max_cost_usd
        self.max_failed_items = max_failed_items
        self.retry_filtered = retry_filtered
        self.first_job_items = first_job_items
        self.keep_job_files = keep_job_files
        self.cancel_on_kill = cancel_on_kill
        self.cancel_on_timeout = cancel_on_timeout
        self.job_timeout_seconds = job_timeout_seconds
        self.poll_interval = poll_interval
        self.deferrable = deferrable
        self.is_dry_run = dry_run  # Airflow's operators have a method dry_run
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

    def execute(self, context: Context) -> str | None:  # type: ignore[override]
        """Make the images of all items, and return the URI of the manifest."""
        from airflow_provider_imagen.operators.batch_report import report_batch
        from airflow_provider_imagen.operators.metrics import ItemMetrics
        from airflow_provider_imagen.operators.task_context import warn_of_local_folder
        from airflow_provider_imagen.runner.batch_run import BatchRun

        with fail_permanently(self), self._stoppable() as stop:
            self.batch_document = None  # of an earlier try of this object
            settings = self._settings(context, stop)
            warn_of_local_folder(getattr(self, "output_uri", None))
            if settings.mode == "batch":
                return self._execute_jobs(context, stop, settings)
            hook = self.hook
            client = hook.batch_client(settings.max_concurrency)
            run_context = self._run_context(context, client, stop, ItemMetrics())
            run = BatchRun(self._batch(run_context, settings), run_context, self._pushed_to(context["ti"]))
            return report_batch(run.run(), self, context, hook)


def read_manifest(uri: str, imagen_conn_id: str = "imagen_default") -> Iterator[dict[str, Any]]:
    """Yield the lines of a manifest, for a task that goes on with the images of a batch.

    :param uri: what the batch task returned.
    :param imagen_conn_id: the Airflow connection that reaches ``gs://``.
    :raises RecordUnreadableError: a line cannot be read; the error names its number.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_imagen.core.batch.manifest import read_lines
    from airflow_provider_imagen.hooks.imagen import ImagenHook
    from airflow_provider_imagen.runner.batch_rows import opened

    client = ImagenHook(imagen_conn_id).client
    with opened("uri", uri, client.storage, ObjectStoragePath) as stream:
        # Airflow 2's files cannot be iterated over.
        chunks = iter(lambda: stream.read(CHUNK_BYTES), b"")
        yield from (line.model_dump(mode="json") for line in read_lines(chunks))
