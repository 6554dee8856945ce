"""The policies as expressions; importing this registers them all."""

from linli.domains.benefits.policies import employers, injury, people, unemployed
from linli.domains.benefits.policies.base import RULES, Rule, Verdict

__all__ = ["employers", "injury", "people", "Rule", "RULES", "unemployed", "Verdict"]
