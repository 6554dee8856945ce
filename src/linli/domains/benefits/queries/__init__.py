"""Benefits, to be asked: what the law's formulas give, and what a policy means for somebody."""

from linli.domains.benefits.asking import Question, Way
from linli.domains.benefits.calculators import calculate, explained
from linli.domains.benefits.checks import CaseFileWrong, Outcome, run_file, shipped_cases
from linli.domains.benefits.definitions import Policy, policy_of, shipped_policies
from linli.domains.benefits.due import MOST_ASKED, NONE, UNSURE, Due, Standing, once_said, read_answer
from linli.domains.benefits.facts import Fact, vocabulary
from linli.domains.benefits.formulas import FORMULAS, Formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.queries.due import (
    Group,
    HireLine,
    Reader,
    Roster,
    due_by_word,
    due_to,
    hire_lines,
    hires_in,
    question_for,
    reader_of,
    rosters_due,
    whose,
)
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
from linli.domains.benefits.worksheets import Part, Source, Worked, Worksheet, caution, work_out, worksheet, worksheets

__all__ = [
    "Again", "assess", "book_in_force", "calculate", "CaseFileWrong", "caution", "Change", "differences", "Due", "due_by_word",
    "due_to", "entitled", "explained", "Fact", "facts_of", "Figures", "Formula", "FORMULAS", "Gap", "Group", "Hire", "hire_lines",
    "HireLine", "hires_in", "hires_of", "Line", "Lines", "MOST_ASKED", "NONE", "once_said", "Outcome", "Part", "Policy",
    "policy_of", "Question", "question_for", "read_answer", "Reader", "reader_of", "Reason", "Rerun", "rerun", "Roster",
    "rosters_due", "run", "run_file", "RunNotDone", "runs", "RunState", "seen_of", "shipped_cases", "shipped_policies",
    "SnapshotChanged", "Source", "Standing", "State", "unknown_subjects", "unknowns", "UNSURE", "ValueWrong", "vocabulary", "Way",
    "whose", "work_out", "Worked", "Worksheet", "worksheet", "worksheets",
]  # fmt: skip
