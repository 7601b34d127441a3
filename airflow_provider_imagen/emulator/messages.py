"""Messages of Vertex AI's requests: fields with their kinds, oneofs, and enums with their numbers.

Source: the protocol buffers in google-cloud-aiplatform 2.7.0 (v1 and v1beta1), and google-genai 3.4.0 for what is
newer. An enum value without a number there is -1. ``VisionGenerativeModel...`` are the types that the service reads
the instances and parameters of a ``:predict`` as.
"""

from __future__ import annotations

Message = dict[str, str]
"""Kind by field. An empty kind is any JSON, a star marks a list, braces mark a map with text keys."""


def _numbered(prefix: str, words: str) -> dict[str, int]:
    return {f"{prefix}{word}": number for number, word in enumerate(words.split())}


def _unnumbered(prefix: str, words: str) -> dict[str, int]:
    return {f"{prefix}{word}": -1 for word in words.split()}


def _fields(**names_by_kind: str) -> Message:
    return {name: kind for kind, names in names_by_kind.items() for name in names.split()}


def _any(names: str) -> Message:
    return dict.fromkeys(names.split(), "")


ENUMS: dict[str, dict[str, int]] = {
    "HarmCategory": _numbered(
        "HARM_CATEGORY_",
        "UNSPECIFIED HATE_SPEECH DANGEROUS_CONTENT HARASSMENT SEXUALLY_EXPLICIT CIVIC_INTEGRITY JAILBREAK",
    )
    | _unnumbered("HARM_CATEGORY_IMAGE_", "HATE DANGEROUS_CONTENT HARASSMENT SEXUALLY_EXPLICIT"),
    "SafetySetting.HarmBlockThreshold": _numbered(
        "", "HARM_BLOCK_THRESHOLD_UNSPECIFIED BLOCK_LOW_AND_ABOVE BLOCK_MEDIUM_AND_ABOVE BLOCK_ONLY_HIGH BLOCK_NONE OFF"
    ),
    "SafetySetting.HarmBlockMethod": _numbered("", "HARM_BLOCK_METHOD_UNSPECIFIED SEVERITY PROBABILITY"),
    "GenerationConfig.Modality": _numbered("", "MODALITY_UNSPECIFIED TEXT IMAGE AUDIO") | _unnumbered("", "VIDEO"),
    "GenerationConfig.MediaResolution": _numbered("MEDIA_RESOLUTION_", "UNSPECIFIED LOW MEDIUM HIGH"),
    "GenerationConfig.ThinkingConfig.ThinkingLevel": _numbered("THINKING_LEVEL_", "UNSPECIFIED")
    | _unnumbered("", "MINIMAL LOW MEDIUM HIGH XHIGH"),
    "Part.MediaResolution.Level": _numbered("MEDIA_RESOLUTION_", "UNSPECIFIED LOW MEDIUM HIGH ULTRA_HIGH"),
    "ImageConfig.PersonGeneration": _numbered("", "PERSON_GENERATION_UNSPECIFIED ALLOW_ALL ALLOW_ADULT ALLOW_NONE"),
    "ImageConfig.ProminentPeople": _numbered(
        "", "PROMINENT_PEOPLE_UNSPECIFIED ALLOW_PROMINENT_PEOPLE BLOCK_PROMINENT_PEOPLE"
    ),
    "Tool.PhishBlockThreshold": _numbered("PHISH_BLOCK_THRESHOLD_", "UNSPECIFIED")
    | _unnumbered(
        "BLOCK_",
        "LOW_AND_ABOVE MEDIUM_AND_ABOVE HIGH_AND_ABOVE HIGHER_AND_ABOVE VERY_HIGH_AND_ABOVE ONLY_EXTREMELY_HIGH",
    ),
}

MESSAGES: dict[str, Message] = {
    "GenerateContentRequest": {
        "model": "STRING",
        "contents": "Content*",
        "systemInstruction": "Content",
        "safetySettings": "SafetySetting*",
        "generationConfig": "GenerationConfig",
        "labels": "STRING{}",
        "cachedContent": "STRING",
        "modelArmorConfig": "ModelArmorConfig",
        "tools": "Tool*",
        "serviceTier": "STRING",
        **_any("outputConfig toolConfig"),
    },
    "CountTokensRequest": {
        "endpoint": "STRING",
        "model": "STRING",
        "instances": "",
        "contents": "Content*",
        "systemInstruction": "Content",
        "tools": "Tool*",
        "generationConfig": "GenerationConfig",
    },
    "PredictRequest": {"endpoint": "STRING", "instances": "*", "parameters": "", "labels": "STRING{}"},
    "Content": {"role": "STRING", "parts": "Part*"},
    "Part": {
        "text": "STRING",
        "inlineData": "Blob",
        "fileData": "FileData",
        **_any("functionCall functionResponse executableCode codeExecutionResult"),
        "thought": "BOOL",
        "thoughtSignature": "BYTES",
        "videoMetadata": "VideoMetadata",
        "mediaResolution": "Part.MediaResolution",
    },
    "Part.MediaResolution": {"level": "Part.MediaResolution.Level"},
    "Blob": _fields(STRING="mimeType displayName", BYTES="data"),
    "FileData": _fields(STRING="mimeType fileUri displayName"),
    "VideoMetadata": _fields(STRING="startOffset endOffset", DOUBLE="fps"),
    "SafetySetting": {
        "category": "HarmCategory",
        "threshold": "SafetySetting.HarmBlockThreshold",
        "method": "SafetySetting.HarmBlockMethod",
    },
    "ModelArmorConfig": _fields(STRING="promptTemplateName responseTemplateName"),
    "Tool": {
        "googleSearch": "Tool.GoogleSearch",
        **_any("codeExecution computerUse enterpriseWebSearch exaAiSearch fileSearch functionDeclarations googleMaps"),
        **_any("googleSearchRetrieval parallelAiSearch retrieval urlContext"),
    },
    "Tool.GoogleSearch": {
        "excludeDomains": "STRING*",
        "blockingConfidence": "Tool.PhishBlockThreshold",
        **_any("searchTypes timeRangeFilter"),
    },
    "GenerationConfig": {
        **_fields(
            INT32="candidateCount logprobs maxOutputTokens seed",
            FLOAT="frequencyPenalty presencePenalty temperature topK topP",
            BOOL="audioTimestamp enableAffectiveDialog responseLogprobs",
            STRING="responseMimeType",
        ),
        "stopSequences": "STRING*",
        "responseModalities": "GenerationConfig.Modality*",
        "mediaResolution": "GenerationConfig.MediaResolution",
        "thinkingConfig": "GenerationConfig.ThinkingConfig",
        "imageConfig": "ImageConfig",
        **_any("modelConfig modelSelectionConfig responseFormat responseJsonSchema responseSchema routingConfig"),
        **_any("speechConfig"),
    },
    "GenerationConfig.ThinkingConfig": {
        "thinkingLevel": "GenerationConfig.ThinkingConfig.ThinkingLevel",
        **_fields(INT32="thinkingBudget", BOOL="includeThoughts"),
    },
    "ImageConfig": {
        **_fields(STRING="aspectRatio imageSize"),
        "personGeneration": "ImageConfig.PersonGeneration",
        "prominentPeople": "ImageConfig.ProminentPeople",
        "imageOutputOptions": "ImageConfig.ImageOutputOptions",
    },
    "ImageConfig.ImageOutputOptions": _fields(STRING="mimeType", INT32="compressionQuality"),
    "BatchPredictionJob": {
        **_fields(
            STRING="name displayName model modelVersionId serviceAccount createTime startTime endTime updateTime",
            BOOL="generateExplanation disableContainerLogging satisfiesPzs satisfiesPzi",
        ),
        "inputConfig": "BatchPredictionJob.InputConfig",
        "instanceConfig": "BatchPredictionJob.InstanceConfig",
        "outputConfig": "BatchPredictionJob.OutputConfig",
        "labels": "STRING{}",
        **_any("modelParameters dedicatedResources manualBatchTuningParameters explanationSpec outputInfo state error"),
        **_any("partialFailures resourcesConsumed completionStats encryptionSpec unmanagedContainerModel"),
        **_any("modelMonitoringConfig modelMonitoringStatsAnomalies modelMonitoringStatus"),
    },
    "BatchPredictionJob.InputConfig": {
        "instancesFormat": "STRING",
        "gcsSource": "GcsSource",
        "bigquerySource": "BigQuerySource",
        "vertexMultimodalDatasetSource": "",
    },
    "BatchPredictionJob.InstanceConfig": _fields(
        STRING="instanceType keyField", **{"STRING*": "includedFields excludedFields"}
    ),
    "BatchPredictionJob.OutputConfig": {
        "predictionsFormat": "STRING",
        "gcsDestination": "GcsDestination",
        "bigqueryDestination": "BigQueryDestination",
        "vertexMultimodalDatasetDestination": "",
    },
    "GcsSource": {"uris": "STRING*"},
    "GcsDestination": {"outputUriPrefix": "STRING"},
    "BigQuerySource": {"inputUri": "STRING"},
    "BigQueryDestination": {"outputUri": "STRING"},
    "VisionGenerativeModelInstance": {
        "prompt": "STRING",
        "image": "VisionGenerativeModelInstance.Image",
        **_any("mask referenceImages"),
    },
    "VisionGenerativeModelInstance.Image": _fields(STRING="bytesBase64Encoded gcsUri mimeType"),
    "VisionGenerativeModelParams": {
        **_fields(
            INT32="sampleCount",
            UINT32="seed",
            FLOAT="guidanceScale",
            BOOL="addWatermark enhancePrompt includeRaiReason includeSafetyAttributes",
            STRING="aspectRatio language mode negativePrompt personGeneration safetySetting sampleImageSize "
            "sampleImageStyle storageUri",
        ),
        "outputOptions": "VisionGenerativeModelParams.OutputOptions",
        "upscaleConfig": "VisionGenerativeModelParams.UpscaleConfig",
        **_any("editConfig editMode"),
    },
    "VisionGenerativeModelParams.OutputOptions": _fields(STRING="mimeType", INT32="compressionQuality"),
    "VisionGenerativeModelParams.UpscaleConfig": _fields(
        STRING="upscaleFactor", BOOL="enhanceInputImage", FLOAT="imagePreservationFactor"
    ),
}

ONEOFS: dict[str, tuple[str, ...]] = {
    "Part": (
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
    ),
}
"""Fields of which a message holds one at most; all of Vertex AI's requests name it ``data``."""
