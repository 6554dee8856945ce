"""Benefits, what may be done: one module for each subject."""

from linli.domains.benefits.commands.facts import SourceWrong, learn
from linli.domains.benefits.commands.population import AlreadyThere, load_facts, make_population
from linli.domains.benefits.commands.projection import (
    project_answers,
    project_case,
    project_everything,
    project_on,
    project_person,
)
from linli.domains.benefits.commands.runs import (
    NothingInForce,
    PolicyOver,
    fail_run,
    finish_run,
    freeze_run,
    only_here,
    scan_run,
    start_run,
)

__all__ = [
    "AlreadyThere", "fail_run", "finish_run", "freeze_run", "learn", "load_facts", "make_population", "NothingInForce",
    "only_here", "PolicyOver", "project_answers", "project_case",
    "project_everything", "project_on", "project_person", "scan_run", "SourceWrong", "start_run",
]  # fmt: skip
