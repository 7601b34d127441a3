"""Makes calls with google-cloud-aiplatform. Run by the python of that environment, never imported by a test.

Standard input is a JSON object {"endpoint": ..., "image": base64 of a PNG}. Standard output is a JSON object with a
result for each call by its name: what the library returned, or {"error": class, "message": ...}.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import sys
import tempfile
import urllib.request
import warnings
from collections.abc import Callable
from typing import Any

ORDER = json.load(sys.stdin)
ENDPOINT: str = ORDER["endpoint"]
IMAGE = base64.b64decode(ORDER["image"])
os.environ["STORAGE_EMULATOR_HOST"] = ENDPOINT
warnings.filterwarnings("ignore", "This feature is deprecated")
logging.disable(logging.INFO)  # the library says what it does on standard output

import vertexai  # noqa: E402  # reads the environment above
from google.cloud import aiplatform  # noqa: E402
from google.oauth2.credentials import Credentials  # noqa: E402
from vertexai import generative_models as gm  # noqa: E402
from vertexai import vision_models as vm  # noqa: E402
from vertexai.preview import generative_models as preview_gm  # noqa: E402

FOUR, OLDEST, UPSCALER = "imagen-4.0-generate-001", "imagegeneration@002", "imagen-4.0-upscale-preview"
FLASH, PRO = "gemini-2.5-flash-image", "gemini-3-pro-image"
PROMPT = "a red boat"
RESULTS: dict[str, Any] = {}


def init(location: str) -> None:
    vertexai.init(
        project="emulator-project",
        location=location,
        credentials=Credentials(token="static"),
        api_endpoint=ENDPOINT,
        api_transport="rest",
    )


def call(name: str, work: Callable[[], Any], **fault: Any) -> None:
    """Make a call, with a fault that is ordered right before it."""
    if fault:
        body = json.dumps({"operation": "generate", **fault}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/emulator/faults", body, headers)).close()
    try:
        RESULTS[name] = work()
    except Exception as failure:  # noqa: BLE001  # whatever the library raises is the result
        RESULTS[name] = {"error": type(failure).__name__, "message": str(failure)}


def described(*images: Any) -> list[dict[str, Any]]:
    return [{"uri": each._gcs_uri, "size": list(each._size), "mime_type": each._mime_type} for each in images]


def parts_of(response: Any) -> list[Any]:
    """Return the parts of a response: text as it is, an image as its type and size."""
    found: list[Any] = []
    for part in response.candidates[0].content.parts:
        raw = part.to_dict()
        if "text" in raw:
            found.append(raw["text"])
        else:
            with vm.Image(part.inline_data.data)._pil_image as picture:
                found.append([part.inline_data.mime_type, *picture.size])
    return found


def imagen() -> None:
    """Make the calls of ``vertexai.vision_models``."""
    load = vm.ImageGenerationModel.from_pretrained
    call("load", lambda: load(FOUR)._endpoint_name)
    call("load by alias", lambda: load("imagegeneration")._endpoint_name)
    call("load by resource name", lambda: load(f"publishers/google/models/{FOUR}")._endpoint_name)
    call("load an unknown model", lambda: load("imagen-9.0-generate-001"))
    call("load a model of another class", lambda: vm.ImageCaptioningModel.from_pretrained(FOUR))
    model, oldest, upscaler = load(FOUR), load(OLDEST), load(UPSCALER)

    call("generate", lambda: described(*model.generate_images(PROMPT)))
    call("generate three", lambda: described(*model.generate_images(PROMPT, number_of_images=3, aspect_ratio="16:9")))
    everything = {
        "negative_prompt": "dogs",
        "guidance_scale": 7,
        "language": "en",
        "seed": 7,
        "add_watermark": False,
        "safety_filter_level": "block_few",
        "person_generation": "allow_adult",
    }
    call("generate with everything", lambda: described(*model.generate_images(PROMPT, **everything)))
    call(
        "generate into a bucket", lambda: described(*model.generate_images(PROMPT, output_gcs_uri="gs://bucket/made/"))
    )
    call("generate and save", lambda: saved(model.generate_images(PROMPT).images[0]))
    call("generate, all filtered", lambda: len(model.generate_images(PROMPT).images), filtered=1)
    call("generate, blocked", lambda: model.generate_images(PROMPT), blocked_prompt=True)
    call("generate, no quota", lambda: model.generate_images(PROMPT), status=429, message="Quota exceeded")
    call("generate, wrong aspect ratio", lambda: model.generate_images(PROMPT, aspect_ratio="7:4"))
    edited = {"base_image": vm.Image(IMAGE), "edit_mode": "inpainting-insert", "mask_mode": "background"}
    call("edit", lambda: load("imagegeneration@006").edit_image(prompt=PROMPT, **edited))
    call("edit with a capability model", lambda: load("imagen-3.0-capability-001").edit_image(prompt=PROMPT, **edited))

    bytes_, stored = vm.Image(IMAGE), vm.Image(gcs_uri="gs://bucket/small/a.png")
    call("upscale x2", lambda: described(upscaler.upscale_image(bytes_, upscale_factor="x2")))
    jpeg = {"output_mime_type": "image/jpeg", "output_compression_quality": 90}
    call("upscale x4", lambda: described(upscaler.upscale_image(bytes_, upscale_factor="x4", **jpeg)))
    call("upscale by reference", lambda: described(upscaler.upscale_image(stored, upscale_factor="x2")))
    into = {"upscale_factor": "x2", "output_gcs_uri": "gs://bucket/large/"}
    call("upscale into a bucket", lambda: described(upscaler.upscale_image(bytes_, **into)))
    call("upscale a generated image", lambda: upscaled_to(oldest, 2048))
    call("upscale to 4096", lambda: upscaled_to(oldest, 4096))
    call("load a stored image", lambda: described(vm.Image.load_from_file("gs://bucket/small/a.png")))


def saved(image: Any) -> list[Any]:
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        image.save(file.name)
        loaded = vm.Image.load_from_file(file.name)
        return [loaded._image_bytes[:4].hex(), sorted(image.generation_parameters)]


def upscaled_to(model: Any, size: int) -> list[dict[str, Any]]:
    (image,) = model.generate_images(PROMPT, number_of_images=1).images
    return described(model.upscale_image(image, new_size=size))


def gemini(module: Any, mark: str) -> None:
    """Make the calls of ``generative_models``, of the v1 or of the v1beta1 API."""
    model = module.GenerativeModel(FLASH)
    call(f"{mark}content", lambda: parts_of(model.generate_content(PROMPT)))
    call(f"{mark}content in a stream", lambda: [parts_of(each) for each in model.generate_content(PROMPT, stream=True)])
    call(f"{mark}count", lambda: model.count_tokens(PROMPT).total_tokens)
    call(f"{mark}chat", lambda: chat(model))
    config = module.GenerationConfig(seed=7, temperature=0.5, top_p=0.9, top_k=5, candidate_count=1)
    safety = dict.fromkeys(list(module.HarmCategory), module.HarmBlockThreshold.BLOCK_ONLY_HIGH)
    settings = {"generation_config": config, "safety_settings": safety, "labels": {"team": "ads"}}
    call(f"{mark}content with settings", lambda: usage_of(model.generate_content(PROMPT, **settings)))
    system = module.GenerativeModel(FLASH, system_instruction="You paint.")
    call(f"{mark}content with instruction", lambda: parts_of(system.generate_content(PROMPT)))
    pictures = [
        module.Part.from_data(IMAGE, mime_type="image/png"),
        module.Part.from_uri("gs://bucket/small/a.png", mime_type="image/png"),
        "put these on a beach",
    ]
    call(f"{mark}content from pictures", lambda: parts_of(model.generate_content(pictures)))
    call(f"{mark}content, blocked", lambda: blocked(model), block_reason="PROHIBITED_CONTENT")
    call(f"{mark}content, filtered", lambda: finished(model), finish_reason="IMAGE_SAFETY")
    call(f"{mark}content, no quota", lambda: model.generate_content(PROMPT), status=429)
    call(f"{mark}stream, no quota", lambda: list(model.generate_content(PROMPT, stream=True)), status=429)
    two = module.GenerationConfig(candidate_count=2)
    call(f"{mark}content, two candidates", lambda: model.generate_content(PROMPT, generation_config=two))
    streamed = {"generation_config": two, "stream": True}
    call(f"{mark}stream, two candidates", lambda: list(model.generate_content(PROMPT, **streamed)))
    call(f"{mark}content in a location without it", lambda: module.GenerativeModel(PRO).generate_content(PROMPT))


def chat(model: Any) -> list[Any]:
    session = model.start_chat()
    return [parts_of(session.send_message(words)) for words in (PROMPT, "now in blue")]


def usage_of(response: Any) -> list[int]:
    usage = response.usage_metadata
    return [usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count]


def blocked(model: Any) -> str:
    return str(model.generate_content(PROMPT).prompt_feedback.block_reason.name)


def finished(model: Any) -> list[Any]:
    (candidate,) = model.generate_content(PROMPT).candidates
    return [candidate.finish_reason, candidate.finish_message, len(candidate.content.parts)]


def batches() -> None:
    """Make the calls of ``aiplatform.BatchPredictionJob``, whose labels go through."""
    call("batch job", lambda: ended(submitted("finished", team="ads")))
    call("batch job, cancelled and deleted", cancelled_and_deleted)
    find = aiplatform.BatchPredictionJob.list
    call("batch jobs by label", lambda: [job.display_name for job in find(filter='labels.team="ads"')])
    call("batch job, wrong label", lambda: submitted("wrong", Team="ads"))


def submitted(name: str, **labels: str) -> aiplatform.BatchPredictionJob:
    return aiplatform.BatchPredictionJob.submit(
        job_display_name=name,
        model_name="publishers/google/models/gemini-3.1-flash-image",
        gcs_source="gs://bucket/in/requests.jsonl",
        gcs_destination_prefix="gs://bucket/out",
        labels=labels,
    )


def ended(job: aiplatform.BatchPredictionJob) -> list[Any]:
    states = [job.state.name for _ in range(3)]
    return [*states, job.labels, job.completion_stats.successful_count, job.error.message]


def cancelled_and_deleted() -> list[str]:
    job = submitted("cancelled")
    job.cancel()
    states = [job.state.name for _ in range(2)]
    job.delete()
    return states


def main() -> None:
    with io.StringIO() as quiet, warnings.catch_warnings():
        sys.stdout, stdout = quiet, sys.stdout
        init("us-central1")
        imagen()
        call("own models", lambda: len(aiplatform.Model.list()))
        gemini(gm, "v1 ")
        gemini(preview_gm, "v1beta1 ")
        init("global")
        call("content in global", lambda: parts_of(gm.GenerativeModel(PRO).generate_content(PROMPT)))
        system = gm.GenerativeModel(PRO, system_instruction="You paint.")
        call("content in global with instruction", lambda: parts_of(system.generate_content(PROMPT)))
        batches()
        sys.stdout = stdout
    json.dump(RESULTS, sys.stdout)


if __name__ == "__main__":
    main()
