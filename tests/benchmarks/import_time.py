"""Prints what it costs a DAG file to import our operators, beside the BashOperator of the standard provider.

Each figure is the median of fresh interpreters in which Airflow's own base classes are already loaded, because a DAG
file always has these. The two imports take turns, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 9
WARM = "from airflow.providers.common.compat.sdk import DAG, BaseOperator; DAG, BaseOperator"
IMPORTS = {
    "airflow.providers.standard.operators.bash": "import airflow.providers.standard.operators.bash",
    "airflow_provider_imagen.operators.imagen": "import airflow_provider_imagen.operators.imagen",
}
GOAL_MILLISECONDS = 15


def milliseconds(statement: str) -> float:
    """Return how long one import takes in a fresh interpreter with Airflow loaded."""
    code = f"{WARM}\nimport time\nstart = time.perf_counter()\n{statement}\nprint((time.perf_counter() - start) * 1000)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    figures: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(ROUNDS):
        for name, statement in IMPORTS.items():
            figures[name].append(milliseconds(statement))
    theirs, ours = (statistics.median(each) for each in figures.values())
    for name, each in figures.items():
        print(f"{name:45} {statistics.median(each):7.1f} ms (from {min(each):.1f} to {max(each):.1f})")
    print(f"ours / theirs: {ours / theirs:.2f}")
    print(f"ours - theirs: {ours - theirs:+.1f} ms (goal: at most +{GOAL_MILLISECONDS} ms)")


if __name__ == "__main__":
    main()
