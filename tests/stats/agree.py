"""Whether our statistics agree with reference implementations: PyPI gbstats (GrowthBook's) and ssrm-test (Optimizely's).

Usage: agree.py [--write]

Computes what they make of tests/data/stats/units.csv, and compares it with tests/data/stats/reference.json, with which
`cargo test --test experiment agree` compares ours. So the file that the Rust test reads is what the references say, and not
what somebody once wrote down. Both are installed into a virtual environment of their own under target/.
"""

import json
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACE = ROOT / "target" / "agree"
WANTED = ["gbstats==0.8.0", "ssrm-test==0.1.5", "numpy==1.26.4"]
UNITS = ROOT / "tests/data/stats/units.csv"
REFERENCE = ROOT / "tests/data/stats/reference.json"
ALPHA, HORIZON = 0.05, 500


def ensure():
    """Goes on in the environment that has both."""
    python = PLACE / "bin" / "python"
    if pathlib.Path(sys.prefix).resolve() == PLACE.resolve():
        return
    if not python.exists():
        venv.create(PLACE, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WANTED], check=True)
    raise SystemExit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)


def units():
    """Arm, numerator, denominator, covariate and a flag of each unit."""
    with UNITS.open() as file:
        next(file)
        return [(a, float(y), float(m), float(x), int(flag)) for a, y, m, x, flag in (line.strip().split(",") for line in file)]


def compute():
    from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
    from gbstats.models.statistics import (ProportionStatistic, RatioStatistic, RegressionAdjustedStatistic, SampleMeanStatistic,
                                           compute_theta)
    import numpy as np
    if not hasattr(np, "Inf"):
        np.Inf = np.inf
    from ssrm_test.ssrm_test import sequential_p_values

    rows = units()
    config = SequentialConfig(difference_type="absolute", alpha=ALPHA, sequential_tuning_parameter=HORIZON)
    mean = lambda values: SampleMeanStatistic(n=len(values), sum=sum(values), sum_squares=sum(v * v for v in values))

    def told(a, b):
        result = SequentialTwoSidedTTest(a, b, config).compute_result()
        return {"effect": result.expected, "low": result.ci[0], "high": result.ci[1], "p": result.p_value}

    def arms(make):
        return [make([row[1:] for row in rows if row[0] == arm]) for arm in ("control", "treated")]

    def ratio(part):
        return RatioStatistic(n=len(part), m_statistic=mean([y for y, *_ in part]), d_statistic=mean([m for _, m, *_ in part]),
                              m_d_sum_of_products=sum(y * m for y, m, *_ in part))

    def adjusted(theta):
        return lambda part: RegressionAdjustedStatistic(
            n=len(part), post_statistic=mean([y for y, *_ in part]), pre_statistic=mean([x for _, _, x, _ in part]),
            post_pre_sum_of_products=sum(y * x for y, _, x, _ in part), theta=theta)

    theta = compute_theta(*arms(adjusted(0)))
    splits = [([5000, 5200], [0.5, 0.5]), ([10400, 9600], [0.5, 0.5]), ([1020, 3100, 5880], [0.1, 0.3, 0.6]), ([620, 380], [0.5, 0.5])]
    return {
        "mean": told(*arms(lambda part: mean([y for y, *_ in part]))),
        "ratio": told(*arms(ratio)),
        "adjusted": {"theta": theta, **told(*arms(adjusted(theta)))},
        # Their proportions have the variance p (1 - p) / n; as numbers, 0 and 1, that of any other number.
        "flag": told(*arms(lambda part: mean([float(flag) for *_, flag in part]))),
        "proportion": told(*arms(lambda part: ProportionStatistic(n=len(part), sum=sum(flag for *_, flag in part)))),
        "splits": [{"counts": counts, "weights": weights, "p": float(sequential_p_values(
            np.array([counts]), np.array(weights), dirichlet_concentration=1000)[-1])} for counts, weights in splits],
    }


def differences(path, said, kept):
    """Where the two differ by more than a billionth."""
    if isinstance(said, dict):
        return [d for key in sorted({*said, *kept}) for d in differences(f"{path}.{key}", said.get(key), kept.get(key))]
    if isinstance(said, list):
        if len(said) != len(kept):
            return [f"{path}: {len(said)} and {len(kept)}"]
        return [d for i, (a, b) in enumerate(zip(said, kept)) for d in differences(f"{path}[{i}]", a, b)]
    near = said is not None and kept is not None and abs(said - kept) <= 1e-9 * max(1, abs(said))
    return [] if near else [f"{path}: {said} and {kept}"]


def main():
    ensure()
    said = compute()
    if "--write" in sys.argv[1:]:
        REFERENCE.write_text(json.dumps(said, indent=1) + "\n")
    wrong = differences("", said, json.loads(REFERENCE.read_text()))
    if wrong:
        raise SystemExit("FAILED: the references say something else than tests/data/stats/reference.json:\n" + "\n".join(wrong))
    print("gbstats 0.8.0 and ssrm-test 0.1.5 say what the reference file does")


main()
