"""The verbs and their arguments, described once for Airflow's command line and for ours.

Airflow reads this on each of its commands, so it imports next to nothing; what a verb does is named by its path.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from typing import Any, NamedTuple


class Argument(NamedTuple):
    """One argument, in argparse's words."""

    flags: tuple[str, ...]
    options: dict[str, Any]


class Verb(NamedTuple):
    """One verb. ``function`` is the path of what takes the parsed arguments and returns the exit code."""

    name: str
    help: str
    description: str
    function: str
    arguments: tuple[Argument, ...]


def a_day(text: str) -> date:
    """Read a day from the command line.

    :param text: ``YYYY-MM-DD``.
    :raises ArgumentTypeError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD, for example 2027-03-16") from None


OUTPUT = Argument(
    ("-o", "--output"),
    {"choices": ("table", "json"), "default": "table", "help": "table for people, json for programs (default: table)"},
)
TODAY = Argument(
    ("--today",),
    {"type": a_day, "metavar": "YYYY-MM-DD", "help": "judge by this day, to look ahead (default: today, UTC)"},
)
DAGS_FOLDER = Argument(("dags_folder",), {"metavar": "DAGS_FOLDER", "help": "a folder with DAG files, or one DAG file"})


def _optional(name: str, text: str, **options: Any) -> Argument:
    return Argument((f"--{name}",), {"help": text, **options})


FOLDER = "imagen-images"
ONE_REQUEST = (
    Argument(("prompt",), {"metavar": "PROMPT", "help": "what the images show"}),
    _optional("model", "model id (default: the connection's default_model, else the catalogue's default)"),
    _optional("fallback-model", "model to use when that one is retired or not found"),
    _optional("output", f"gs://bucket/folder/ or a folder (default: {FOLDER})", default=FOLDER, metavar="PLACE"),
    Argument(("-n", "--number-of-images"), {"type": int, "default": 1, "metavar": "N", "help": "default: 1"}),
    _optional("negative-prompt", "what to keep out of the images"),
    _optional("aspect-ratio", "for example 16:9"),
    _optional("image-size", "for example 2K"),
    _optional("seed", "same seed, same images, where the model has it", type=int),
    _optional("output-mime-type", "for example image/jpeg"),
    Argument(
        ("--reference",),
        {
            "action": "append",
            "metavar": "PICTURE",
            "help": "a picture to start from, a gs:// URI or a file; repeatable",
        },
    ),
    _optional("thinking-level", "MINIMAL, MEDIUM or HIGH, where the model has it"),
    _optional("system-instruction", "what holds for every image, apart from the prompt"),
    Argument(("--google-search",), {"action": "store_true", "help": "let the model look things up; billed apart"}),
    _optional("service-tier", "flex (half price) or priority"),
    _optional("imagen-conn-id", "Airflow connection (default: imagen_default)", default="imagen_default"),
    _optional("project-id", "project to bill (default: the connection's)"),
    _optional("location", "for example us-central1 (default: the connection's, else the model's)"),
)

HELP = "Google's image models and the DAGs that use them"

VERBS = (
    Verb(
        "models",
        "List the image models we know, with state, retirement date, replacement and price",
        """\
Lists the catalogue of image models that ships with this package. Nothing is asked of Google.

state: active; deprecated (Google advises against it, and no end within 90 days is known);
retiring (its last day is at most 90 days away); retired (its last day has passed).
Prices are US dollars for one image.""",
        "airflow_provider_imagen.commands.models.list_models",
        (OUTPUT, TODAY),
    ),
    Verb(
        "check",
        "List every image task in a DAGs folder and fail if one names a retired model",
        """\
Imports the DAG files as Airflow does and lists each task of this provider with its model.
Needs no metadata database, writes to none, and asks Google nothing.

state: retired, retiring (its last day is at most 90 days away), deprecated, healthy;
unknown: the catalogue does not know this model;
default: the task names no model, so the catalogue's default is shown (a default_model of the
connection, which comes before it, is not looked up);
templated: known only when the task runs. Defaults of DAG params are filled in.

Exit code:
0  no task breaks. A retired model with a fallback_model that is not retired itself, does the
   same job and is served in the task's location breaks nothing; the row still says retired.
1  a task uses a retired model and has no such fallback_model.
2  wrong usage, or a DAG file could not be imported (named on standard error with the reason);
   the rows then show the other files only.""",
        "airflow_provider_imagen.commands.check.check_dags",
        (DAGS_FOLDER, OUTPUT, TODAY),
    ),
    Verb(
        "generate",
        "Make images from a prompt, to try it before it becomes a DAG; Google bills them",
        """\
Asks once, as a task of ImagenGenerateOperator does, and does not ask you before: the images are billed.
The URIs go to standard output, one a line. What is asked, the estimated cost where a price is known,
warnings and errors go to standard error.

Exit code:
0  images were made.
1  they were not; the reason is on standard error.
2  wrong usage.
130  stopped with Ctrl-C; what was on its way to Google may be billed.""",
        "airflow_provider_imagen.commands.generate.generate_images",
        ONE_REQUEST,
    ),
)
