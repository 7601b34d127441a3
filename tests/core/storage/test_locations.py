"""Where images may go and come from."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.storage.locations import name_below, parse_folder, problem_with_source
from airflow_provider_imagen.core.validation.output_paths import problems_with_output_uri


@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [
        ("gs://bucket/cats/", "bucket", "cats/"),
        ("gs://bucket/cats", "bucket", "cats/"),
        ("gs://bucket/cats//", "bucket", "cats/"),
        ("gs://bucket//cats/", "bucket", "/cats/"),
        ("gs://bucket/a/b c/ü", "bucket", "a/b c/ü/"),
        ("gs://bucket", "bucket", ""),
        ("gs://bucket/", "bucket", ""),
        ("gs://my_bucket.example-1.com/x", "my_bucket.example-1.com", "x/"),
        (f"gs://{'b' * 222}/x", "b" * 222, "x/"),
    ],
)
def test_a_folder_is_a_bucket_and_a_prefix_that_ends_in_a_slash(uri: str, bucket: str, prefix: str) -> None:
    assert parse_folder(uri) == (bucket, prefix)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "bucket/x",
        "s3://bucket/x",
        "gs:/bucket/x",
        "gs://",
        "gs:///x",
        "gs://ab/x",
        "gs://Bucket/x",
        "gs://-ab/x",
        "gs://bucket-/x",
        "gs://bu cket/x",
        "gs://bucket\n/x",
        f"gs://{'b' * 223}/x",
        "gs://bu%63ket/x",
        "GS://bucket/x",
    ],
)
def test_anything_else_is_no_folder_in_cloud_storage(uri: str) -> None:
    with pytest.raises(ValueError, match="is not of the form gs://bucket/folder/"):
        parse_folder(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "gs://bucket/cats/",
        "gs://bucket/cats",
        "/data/cats",
        "file:///data/cats",
        "s3://bucket/cats/",
        "gs://bucket/a b",
        "gs://bucket/für/",
        "abfs://container@account/x",
        "/data/a..b",
    ],
)
def test_images_may_go_there(uri: str) -> None:
    assert list(problems_with_output_uri(uri)) == []


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("gs://bucket/a\nb/", "control characters"),
        ("gs://bucket/\x00/", "control characters"),
        ("gs://bucket/cats/ ", "blanks around it"),
        (" /data/cats", "blanks around it"),
        ("gs://bucket/../other/", "'..' are not allowed"),
        ("gs://bucket", "a folder after the bucket"),
        ("gs://bucket/", "a folder after the bucket"),
        ("gs://bucket//", "a folder after the bucket"),
        ("gs://Bucket/x/", "a valid bucket name"),
        ("gs:///x/", "a valid bucket name"),
        ("gs:/bucket/x", "a relative path"),
        ("cats", "a relative path"),
        ("./cats", "'.' and '..' are not allowed"),
        ("~/cats", "a relative path"),
        ("http://example.com/x", "a web address"),
        ("https://storage.googleapis.com/bucket/x", "a web address"),
    ],
)
def test_images_may_not_go_there_and_the_text_says_why_and_what_instead(uri: str, reason: str) -> None:
    (problem,) = problems_with_output_uri(uri)

    assert reason in problem
    assert problem.startswith("output_uri is ")
    assert "Use gs://" in problem or problem.endswith("Correct the bucket.")


@pytest.mark.parametrize(
    "uri", ["gs://bucket/a.png", "gs://bucket/a/b c.jpg", "/data/a.png", "file:///data/a.png", "s3://bucket/a.png"]
)
def test_an_image_may_come_from_there(uri: str) -> None:
    assert problem_with_source(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "a.png",
        "./a.png",
        "gs://",
        "gs://bucket",
        "gs://bucket/",
        "gs://bucket/folder/",
        "http://x.example/a.png",
        "https://x.example/a.png",
        "data:image/png;base64,AAAA",
    ],
)
def test_an_image_may_not_come_from_there(uri: str) -> None:
    problem = problem_with_source(uri)

    assert problem is not None
    assert repr(uri) in problem
    assert "gs://bucket/name.png" in problem


@pytest.mark.parametrize(
    ("uri", "folder", "name"),
    [
        ("gs://bucket/out/sku1.png", "gs://bucket/out", "sku1.png"),
        ("gs://bucket/out/sku1.png", "gs://bucket/out/", "sku1.png"),
        ("gs://bucket/sku1.png", "gs://bucket", "sku1.png"),
        ("gs://bucket/out2/sku1.png", "gs://bucket/out", None),
        ("gs://other/out/sku1.png", "gs://bucket/out", None),
        ("/out/sku1.png", "file:///out", "sku1.png"),
        ("file:///out/a/0.png", "/out/", "a/0.png"),
        ("local:///out//sku1.png", "/out/x/..", "sku1.png"),
        ("/sku1.png", "/", "sku1.png"),
        ("/out2/sku1.png", "file:///out", None),
        ("s3://bucket/out/sku1.png", "s3://aws_default@bucket/out", "sku1.png"),
        ("s3://bucket/a@b/sku1.png", "s3://bucket/a@b", "sku1.png"),
        ("s3://bucket/sku1.png", "abfs://bucket", None),
    ],
)
def test_a_file_lies_in_a_folder_however_both_are_spelled(uri: str, folder: str, name: str | None) -> None:
    assert name_below(uri, folder) == name
