"""Benefits, to be asked: what the law's formulas give, and what a policy means for somebody."""

from linli.domains.benefits.calculators import calculate, explained
from linli.domains.benefits.checks import CaseFileWrong, Outcome, run_file, shipped_cases
from linli.domains.benefits.definitions import Policy, policy_of, shipped_policies
from linli.domains.benefits.formulas import FORMULAS, Formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.scanning import Reason, State, assess
from linli.domains.benefits.values import ValueWrong

__all__ = [
    "assess", "calculate", "CaseFileWrong", "explained", "Figures", "Formula", "FORMULAS", "Outcome", "Policy", "policy_of", "Reason", "run_file",
    "shipped_cases", "shipped_policies", "State", "ValueWrong",
]  # fmt: skip
