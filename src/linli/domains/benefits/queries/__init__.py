"""Benefits, to be asked: what the law's formulas give, and what a policy means for somebody."""

from linli.domains.benefits.calculators import calculate, explained
from linli.domains.benefits.checks import CaseFileWrong, Outcome, run_file, shipped_cases
from linli.domains.benefits.definitions import Policy, policy_of, shipped_policies
from linli.domains.benefits.facts import Fact, vocabulary
from linli.domains.benefits.formulas import FORMULAS, Formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.queries.facts import Hire, facts_of, hires_of, seen_of
from linli.domains.benefits.queries.results import (
    Again,
    Gap,
    Line,
    Lines,
    Rerun,
    RunNotDone,
    book_in_force,
    differences,
    entitled,
    rerun,
    run,
    runs,
    unknown_subjects,
    unknowns,
)
from linli.domains.benefits.runs import Change, RunState
from linli.domains.benefits.scanning import Reason, State, assess
from linli.domains.benefits.snapshots import SnapshotChanged
from linli.domains.benefits.values import ValueWrong

__all__ = [
    "Again", "assess", "book_in_force", "calculate", "CaseFileWrong", "Change", "differences", "entitled", "explained", "Fact", "facts_of",
    "Figures", "Formula", "FORMULAS", "Gap", "Hire", "hires_of", "Line", "Lines", "Outcome", "Policy", "policy_of", "Reason", "Rerun",
    "rerun", "run", "run_file", "RunNotDone", "runs", "RunState", "seen_of", "shipped_cases", "shipped_policies", "SnapshotChanged",
    "State", "unknown_subjects", "unknowns", "ValueWrong", "vocabulary",
]  # fmt: skip
