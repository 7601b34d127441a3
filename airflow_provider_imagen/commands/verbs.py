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


FORMAT = Argument(
    ("-f", "--format"),
    {"choices": ("text", "json"), "default": "text", "help": "text for people, json for programs (default: text)"},
)
CHECK_FORMAT = Argument(
    ("-f", "--format"),
    {
        "choices": ("text", "json", "github"),
        "default": "text",
        "help": "text for people, json for programs, github for annotations of a pull request (default: text)",
    },
)
STRICT = Argument(("--strict",), {"action": "store_true", "help": "let warnings and unknown models fail as errors do"})
CONNECTIONS = Argument(
    ("--connections",),
    {
        "action": "store_true",
        "help": "read connections wherever Airflow keeps them (default: AIRFLOW_CONN_... variables only)",
    },
)
TODAY = Argument(
    ("--today",),
    {"type": a_day, "metavar": "YYYY-MM-DD", "help": "judge by this day, to look ahead (default: today, UTC)"},
)
DAGS_FOLDER = Argument(
    ("dags_folder",),
    {"metavar": "DAGS_FOLDER", "nargs": "+", "help": "folders with DAG files, or DAG files"},
)


def _optional(name: str, text: str, **options: Any) -> Argument:
    return Argument((f"--{name}",), {"help": text, **options})


JOB = Argument(
    ("--job",),
    {"choices": ("generate", "upscale", "edit"), "help": "only models that do this (default: every model)"},
)
ALL = Argument(("--all",), {"action": "store_true", "help": "retired models too"})
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
        ("-r", "--reference"),
        {
            "action": "append",
            "metavar": "PICTURE",
            "help": "a picture to start from, a gs:// URI or a file; repeatable",
        },
    ),
    _optional("thinking-level", "MINIMAL, MEDIUM or HIGH, where the model has it"),
    _optional("system-instruction", "what holds for every image, apart from the prompt"),
    _optional("google-search", "let the model look things up; billed apart", action="store_true", default=None),
    _optional("service-tier", "flex (half price) or priority"),
    _optional("imagen-conn-id", "Airflow connection (default: imagen_default)", default="imagen_default"),
    _optional("project-id", "project to bill (default: the connection's)"),
    _optional("location", "for example us-central1 (default: the connection's, else the model's)"),
    _optional("show", "open the images in the browser or viewer of this machine", action="store_true"),
)

A_TABLE = (
    Argument(("items",), {"metavar": "ITEMS", "help": "a .csv or .jsonl file (path or URI), or a JSON list"}),
    _optional("prompt", "prompt of rows that bring none, with {column} in it"),
    _optional("item-columns", "names for the values of rows that are lists, with commas", metavar="NAMES"),
    _optional(
        "item-arguments", "columns that override arguments, with commas (default: as the operator)", metavar="NAMES"
    ),
    _optional("if-exists", "reuse, generate or fail (default: reuse)", default="reuse"),
    _optional("max-cost-usd", "fail where the estimate is above it", type=float, metavar="USD"),
    _optional(
        "format", "table for people, json for programs (default: table)", choices=("table", "json"), default="table"
    ),
    *(argument for argument in ONE_REQUEST if argument.flags not in {("prompt",), ("--show",)}),
)

ONE_JOB = (
    Argument(("action",), {"choices": ("list", "show", "cancel", "collect"), "help": "what to do"}),
    Argument(("job",), {"nargs": "?", "metavar": "JOB", "help": "projects/.../batchPredictionJobs/..., as list shows"}),
    _optional("to", f"collect: gs://bucket/folder/ or a folder (default: {FOLDER})", default=FOLDER, metavar="PLACE"),
    Argument(("--all",), {"action": "store_true", "help": "list: also jobs that no task of this provider created"}),
    FORMAT,
    _optional("imagen-conn-id", "Airflow connection (default: imagen_default)", default="imagen_default"),
    _optional("project-id", "project of the jobs (default: the connection's)"),
    _optional("location", "list: Google Cloud location (default: the connection's, else global)"),
)

WRONG_USAGE = 2
"""The exit code after a command line that says nothing to do."""
HELP = "Google's image models and the DAGs that use them"

VERBS = (
    Verb(
        "models",
        "List the image models that answer, with what each can do, until when, and what it costs",
        """\
Lists the models of the catalogue that ships with this package, the default ones first; retired ones
with --all. Nothing is asked of Google.

state: active; deprecated (Google advises against it, and no end within 90 days is known);
retiring (its last day is at most 90 days away); retired (its last day has passed).
Prices are US dollars for one image by list price; texts, thoughts and pictures as input come on top.""",
        "airflow_provider_imagen.commands.models.list_models",
        (FORMAT, JOB, ALL, TODAY),
    ),
    Verb(
        "check",
        "Judge every image task in a DAGs folder by the rules of a run, and say what a run costs",
        """\
Imports the DAG files as Airflow does and judges each task of this provider: its arguments by the
rules of a run, its model by the catalogue, mapped tasks instance by instance. Arguments that only a
run knows (templates, what other tasks return) are left out, and named; so are tables in files that
this machine does not have, which estimate judges. Defaults of DAG params are filled in. Needs no
metadata database, writes to none, and asks Google nothing.

error: a run fails. warning: it runs, and is probably not what is meant: a model that the catalogue
does not know, one whose last day is at most 90 days away, an argument that has no effect.

Exit code:
0  no errors.
1  at least one error; with --strict also: at least one warning. A retired model with a
   fallback_model that lives, does the same job and is served in the task's location is a warning.
2  wrong usage, or a DAG file could not be imported (named with the reason); its tasks are not judged.
   With --strict also: there is no DAG at all, as in a folder that is named wrongly.""",
        "airflow_provider_imagen.commands.check.check_dags",
        (DAGS_FOLDER, CHECK_FORMAT, STRICT, CONNECTIONS, TODAY),
    ),
    Verb(
        "generate",
        "Make images from a prompt, to try it before it becomes a DAG; Google bills them",
        """\
Asks once, as a task of ImagenGenerateOperator does, and does not ask you before: the images are billed.
The URIs go to standard output, one a line, and nothing else does. What is asked, the estimated cost
where a price is known, how long it took, warnings and errors go to standard error.

Exit code:
0  images were made.
1  they were not; the reason is on standard error.
2  wrong usage.
130  stopped with Ctrl-C; what was on its way to Google may be billed.""",
        "airflow_provider_imagen.commands.generate.generate_images",
        ONE_REQUEST,
    ),
    Verb(
        "estimate",
        "Say what a table of prompts would ask for and cost; sends nothing to a model",
        """\
Reads the table and lists the place of the images, as a task of ImagenBatchOperator with dry_run does.
Nothing is made and nothing is billed. Mistakes are named with their rows, at most 50 of them.

Images count as there when they were made from the same words and arguments: name the model if the
task names it. Rows that were filtered before are counted as to ask. The cost is by list price.

Exit code:
0  the table can be asked for.
1  rows or arguments are wrong, or the estimate is above --max-cost-usd.
2  wrong usage.
130  stopped with Ctrl-C; nothing was sent.""",
        "airflow_provider_imagen.commands.estimate.estimate_batch",
        A_TABLE,
    ),
    Verb(
        "jobs",
        "List batch prediction jobs, look at one, cancel it, or collect its images",
        """\
list     the jobs of batch tasks in a location, the newest first.
show     one job: its state, its counts, its error, where its results are.
cancel   ask Google to cancel a job. What it has answered by then is billed.
collect  store the images of a job in a folder and print their URIs, whether or not a task waits for it.
         They are named by the keys of their items where the task kept these. Nothing is billed for it.

Exit code:
0  done.
1  it could not be done; the reason is on standard error.
2  wrong usage.""",
        "airflow_provider_imagen.commands.jobs.handle_jobs",
        ONE_JOB,
    ),
)
