"""Makes calls with Google's own Python SDK. Run by the python of the SDK's environment, never imported by a test.

Standard input is a JSON object {"endpoint": ..., "calls": [...]}; a call is one of

    {"call": "generate", "model": ..., "prompt": ..., "config": {...}}
    {"call": "generate_content", "model": ..., "prompt": ..., "config": {...}}
    {"call": "upscale", "model": ..., "image": {"gcs_uri": ...} or {"base64": ..., "mime_type": ...},
     "upscale_factor": ..., "config": {...}}

with the SDK's own names in config. Each request carries the header x-call with its number. Standard output is a JSON
list with one result for each call: {"images": [...], "positive_prompt": ...} or {"error": {...}}.
"""

from __future__ import annotations

import base64
import json
import sys
import warnings
from typing import Any

from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

PROJECT = "emulator-project"
LOCATION = "us-central1"


def main() -> None:
    order = json.load(sys.stdin)
    clients = {place: client_in(place, order["endpoint"]) for place in (LOCATION, "global")}
    results = [
        result_of(clients["global" if call["call"] == "generate_content" else LOCATION], number, call)
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
    config = {**call.get("config", {}), "http_options": {"headers": {"x-call": str(number)}}}
    try:
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
    answer = client.models.generate_content(
        model=call["model"], contents=call["prompt"], config=types.GenerateContentConfig(**config)
    )
    parts = [part for part in answer.parts or [] if part.inline_data and not part.thought]
    return {
        "images": [
            {"mime_type": part.inline_data.mime_type, "base64": base64.b64encode(part.inline_data.data).decode()}
            for part in parts
        ],
        "finish_reason": answer.candidates[0].finish_reason if answer.candidates else None,
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
