"""Makes calls with Google's own Python SDK. Run by the python of the SDK's environment, never imported by a test.

Standard input is a JSON object {"endpoint": ..., "calls": [...]}; a call is one of

    {"call": "generate", "model": ..., "prompt": ..., "config": {...}}
    {"call": "generate_content", "model": ..., "prompt": ..., "config": {...}, "headers": {...},
     "pictures": [{"uri": ..., "mime_type": ...} or {"base64": ..., "mime_type": ...}]}
    {"call": "upscale", "model": ..., "image": {"gcs_uri": ...} or {"base64": ..., "mime_type": ...},
     "upscale_factor": ..., "config": {...}}

with the SDK's own names in config, or {"call": name} of OTHER_CALLS. Each request of the former carries the header
x-call with its number. Standard output is a JSON list with one result for each call: {"images": [...],
"positive_prompt": ...}, {"result": what a function of OTHER_CALLS returned} or {"error": {...}}.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

PROJECT = "emulator-project"
LOCATION = "us-central1"
FLASH, PRO = "gemini-2.5-flash-image", "gemini-3-pro-image"
PROMPT = "a red boat"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def main() -> None:
    order = json.load(sys.stdin)
    clients = {place: client_in(place, order["endpoint"]) for place in (LOCATION, "global")}
    results = [
        result_of(clients[LOCATION if call["call"] in {"generate", "upscale"} else "global"], number, call)
        for number, call in enumerate(order["calls"])
    ]
    json.dump(results, sys.stdout)


def client_in(location: str, endpoint: str) -> genai.Client:
    return genai.Client(
        vertexai=True,
        project=PROJECT,
        location=location,
        credentials=Credentials(token="static"),
        http_options=types.HttpOptions(base_url=endpoint),
    )


def result_of(client: genai.Client, number: int, call: dict[str, Any]) -> dict[str, Any]:
    headers = {"x-call": str(number), **call.get("headers", {})}
    config = {**call.get("config", {}), "http_options": {"headers": headers}}
    try:
        if call["call"] in OTHER_CALLS:
            return {"result": OTHER_CALLS[call["call"]](client)}
        if call["call"] == "generate_content":
            return content_of(client, call, config)
        if call["call"] == "generate":
            answer = generated(client, call, config)
        else:
            answer = client.models.upscale_image(
                model=call["model"],
                image=source_of(call["image"]),
                upscale_factor=call["upscale_factor"],
                config=types.UpscaleImageConfig(**config),
            )
    except errors.APIError as failure:
        return {"error": {"code": failure.code, "status": failure.status, "message": failure.message}}
    made = answer.generated_images
    scores = getattr(answer, "positive_prompt_safety_attributes", None)
    return {
        "images": None if made is None else [described(each) for each in made],
        "positive_prompt": None if scores is None else scores.categories,
    }


def generated(client: genai.Client, call: dict[str, Any], config: dict[str, Any]) -> types.GenerateImagesResponse:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The generate_images method is deprecated")
        return client.models.generate_images(
            model=call["model"], prompt=call["prompt"], config=types.GenerateImagesConfig(**config)
        )


def content_of(client: genai.Client, call: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    contents = [*map(picture_part, call.get("pictures", [])), call["prompt"]]
    answer = client.models.generate_content(
        model=call["model"], contents=contents, config=types.GenerateContentConfig(**config)
    )
    parts = [part for part in answer.parts or [] if part.inline_data and not part.thought]
    return {
        "images": [
            {"mime_type": part.inline_data.mime_type, "base64": base64.b64encode(part.inline_data.data).decode()}
            for part in parts
        ],
        "finish_reason": answer.candidates[0].finish_reason if answer.candidates else None,
    }


def picture_part(picture: dict[str, str]) -> types.Part:
    """Return a picture of a call as a part of a request."""
    if "uri" in picture:
        return types.Part.from_uri(file_uri=picture["uri"], mime_type=picture["mime_type"])
    return types.Part.from_bytes(data=base64.b64decode(picture["base64"]), mime_type=picture["mime_type"])


def parts_of(answer: types.GenerateContentResponse) -> list[Any]:
    """Return the parts of a response: text as it is, an image as its type."""
    content = answer.candidates[0].content if answer.candidates else None
    return [part.text or part.inline_data.mime_type for part in (content and content.parts) or []]


def streamed(client: genai.Client) -> list[Any]:
    return [parts_of(piece) for piece in client.models.generate_content_stream(model=FLASH, contents=PROMPT)]


def streamed_with_two_candidates(client: genai.Client) -> list[Any]:
    config = types.GenerateContentConfig(candidate_count=2)
    return list(client.models.generate_content_stream(model=FLASH, contents=PROMPT, config=config))


def asynchronous(client: genai.Client) -> list[Any]:
    async def generate() -> list[Any]:
        whole = await client.aio.models.generate_content(model=FLASH, contents=PROMPT)
        stream = await client.aio.models.generate_content_stream(model=FLASH, contents=PROMPT)
        pieces = [parts_of(piece) async for piece in stream]
        tokens = await client.aio.models.count_tokens(model=FLASH, contents=PROMPT)
        return [parts_of(whole), pieces, tokens.total_tokens]

    return asyncio.run(generate())


def chat(client: genai.Client) -> list[Any]:
    session = client.chats.create(model=FLASH)
    return [parts_of(session.send_message(words)) for words in (PROMPT, "now in blue")]


def counted(client: genai.Client) -> list[Any]:
    answer = client.models.count_tokens(model=FLASH, contents=PROMPT)
    return [answer.total_tokens, answer.cached_content_token_count]


def from_pictures(client: genai.Client) -> list[Any]:
    pictures = [
        types.Part.from_bytes(data=PIXEL, mime_type="image/png"),
        types.Part.from_uri(file_uri="gs://bucket/small/a.png", mime_type="image/png"),
    ]
    return parts_of(client.models.generate_content(model=FLASH, contents=[*pictures, "on a beach"]))


def edited(client: genai.Client) -> Any:
    reference = types.RawReferenceImage(reference_id=1, reference_image=types.Image(image_bytes=PIXEL))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The edit_image method is deprecated")
        return client.models.edit_image(
            model="imagen-3.0-capability-001",
            prompt=PROMPT,
            reference_images=[reference],
            config=types.EditImageConfig(edit_mode=types.EditMode.EDIT_MODE_INPAINT_INSERTION),
        )


def unspecified(client: genai.Client) -> list[Any]:
    """Send every enum's unspecified value, and settings that are switched off."""
    config = types.GenerateContentConfig(
        response_modalities=["MODALITY_UNSPECIFIED"],
        media_resolution="MEDIA_RESOLUTION_UNSPECIFIED",
        thinking_config={"include_thoughts": False, "thinking_level": "THINKING_LEVEL_UNSPECIFIED"},
        safety_settings=[
            {
                "category": category,
                "threshold": "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
                "method": "HARM_BLOCK_METHOD_UNSPECIFIED",
            }
            for category in types.HarmCategory
        ],
        image_config={"prominent_people": "PROMINENT_PEOPLE_UNSPECIFIED"},
    )
    return parts_of(client.models.generate_content(model=PRO, contents=PROMPT, config=config))


def listed(client: genai.Client) -> list[Any]:
    return [model.name for model in client.models.list(config={"page_size": 4})]


def nowhere(client: genai.Client) -> Any:
    elsewhere = client_in("nowhere", client._api_client._http_options.base_url or "")
    return elsewhere.models.generate_content(model=FLASH, contents=PROMPT)


OTHER_CALLS: dict[str, Callable[[genai.Client], Any]] = {
    "stream": streamed,
    "stream with two candidates": streamed_with_two_candidates,
    "asynchronous": asynchronous,
    "chat": chat,
    "count": counted,
    "pictures": from_pictures,
    "edit": edited,
    "unspecified": unspecified,
    "list": listed,
    "list own": lambda client: [model.name for model in client.models.list(config={"query_base": False})],
    "get": lambda client: client.models.get(model=FLASH).name,
    "get an unknown model": lambda client: client.models.get(model="gemini-9-image"),
    "compute": lambda client: client.models.compute_tokens(model=FLASH, contents=PROMPT),
    "nowhere": nowhere,
}


def source_of(image: dict[str, str]) -> types.Image:
    if "gcs_uri" in image:
        return types.Image(gcs_uri=image["gcs_uri"])
    return types.Image(image_bytes=base64.b64decode(image["base64"]), mime_type=image["mime_type"])


def described(made: types.GeneratedImage) -> dict[str, Any]:
    image = made.image or types.Image()
    data = image.image_bytes
    return {
        "uri": image.gcs_uri,
        "mime_type": image.mime_type,
        "base64": None if data is None else base64.b64encode(data).decode(),
        "rai_reason": made.rai_filtered_reason,
        "enhanced_prompt": made.enhanced_prompt,
        "safety_categories": made.safety_attributes.categories if made.safety_attributes else None,
    }


if __name__ == "__main__":
    main()
