"""Benefits, to be asked: what the law's formulas give, and what a policy means for somebody."""

from linli.domains.benefits.asking import AnswerWrong, Question, Way
from linli.domains.benefits.bankfile import AnswerState
from linli.domains.benefits.calculators import calculate, explained
from linli.domains.benefits.certifying import OUTCOMES as REACH_OUTCOMES
from linli.domains.benefits.certifying import Finding, LifeStanding, ReachOutcome, ReachWay, Settled, rung_day, rungs_for
from linli.domains.benefits.certifying import book as certification_book
from linli.domains.benefits.changing import ChangeState
from linli.domains.benefits.checks import CaseFileWrong, Outcome, run_file, shipped_cases
from linli.domains.benefits.definitions import Policy, policy_of, shipped_policies
from linli.domains.benefits.due import MOST_ASKED, NONE, UNSURE, Due, Standing, may_be_due, once_said, read_answer
from linli.domains.benefits.facts import Fact, vocabulary
from linli.domains.benefits.formulas import FORMULAS, Formula
from linli.domains.benefits.granting import (
    FUNDS,
    OWED,
    BatchState,
    Book,
    ClawBackState,
    EntryKind,
    FilePurpose,
    GrantState,
    How,
    LineState,
    ListState,
    ObjectionState,
    Told,
    Waits,
    period_said,
)
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.queries.answers import answer_progress, bank_answer, bank_answers, money_files_in_use
from linli.domains.benefits.queries.audits import Audited, AuditState, audits_of
from linli.domains.benefits.queries.book import book_in_force
from linli.domains.benefits.queries.certification import (
    TOWN,
    Mine,
    Overview,
    Receiver,
    Sheet,
    Town,
    by_town,
    certification,
    certification_lines,
    certifications,
    due_by_month,
    my_certifications,
    newest_check,
    open_calls,
    overview,
    photo,
    photos_waiting,
    reach,
    receivings_of,
    sheet,
    suspensions_waiting,
    visits,
)
from linli.domains.benefits.queries.due import (
    Given,
    Group,
    HireLine,
    Reader,
    Roster,
    due_by_word,
    due_to,
    given_now,
    hire_lines,
    hires_in,
    question_for,
    reader_of,
    rosters_due,
    whose,
)
from linli.domains.benefits.queries.facts import Hire, facts_of, hires_of, seen_of
from linli.domains.benefits.queries.figures import (
    ChangeSheet,
    Effect,
    Held,
    ParameterSheet,
    PolicyLine,
    PolicySheet,
    change,
    change_sheet,
    changes,
    effects,
    in_force,
    moved_at,
    parameter_sheet,
    parameter_sheets,
    place_names,
    policy_lines,
    policy_sheet,
    recently_published,
    scan_of,
    scans_in_use,
    settable_places,
    what_if,
)
from linli.domains.benefits.queries.grants import (
    GrantLine,
    GrantOrigin,
    ListSums,
    MyMoney,
    Notices,
    Progress,
    PublishedLine,
    PublishedList,
    Work,
    fund_name,
    grant,
    grant_lines,
    grant_list,
    grant_lists,
    grant_objection,
    grant_objections,
    grant_origin,
    granting,
    grants_of,
    list_notices,
    list_progress,
    list_sums,
    my_grant_objections,
    my_grants,
    my_money,
    published_lines,
    published_list,
    published_lists,
)
from linli.domains.benefits.queries.payments import (
    Account,
    Balance,
    ClawBackSheet,
    Difference,
    Hold,
    Taking,
    WaitingLine,
    WaitingSum,
    accounts_of,
    balance,
    batch_progress,
    batch_sums,
    claw_back,
    claw_backs,
    file_takings,
    holds,
    kept_account,
    ledger,
    ledger_differences,
    ledger_places,
    opens,
    owed_grants,
    pay_batch,
    pay_batches,
    pay_lines,
    payments_of,
    returned_lines,
    waiting_lines,
    waiting_sums,
)
from linli.domains.benefits.queries.results import (
    Again,
    Gap,
    Line,
    Lines,
    Rerun,
    RunNotDone,
    differences,
    entitled,
    rerun,
    run,
    runs,
    unknown_subjects,
    unknowns,
    whole_list,
)
from linli.domains.benefits.queries.scanned import (
    MOST_FOUND,
    Found,
    Named,
    SubjectInRun,
    Who,
    figures_of,
    person_behind,
    places_to_scan,
    subject_in_run,
    subjects_named,
    subjects_numbered,
    who_are,
)
from linli.domains.benefits.queries.trials import Target, Trial, cases_of, policy_case, target_of
from linli.domains.benefits.queries.turns import (
    batches_to_agree,
    changes_to_agree,
    claw_backs_to_agree,
    lists_to_agree,
    objections_to_answer,
    suspensions_to_agree,
)
from linli.domains.benefits.runs import Change, RunState
from linli.domains.benefits.scanning import Reason, State, assess
from linli.domains.benefits.shapes import Entry as FigureEntry
from linli.domains.benefits.shapes import Part as FigurePart
from linli.domains.benefits.shapes import like as figure_like
from linli.domains.benefits.shapes import parts as figure_parts
from linli.domains.benefits.shapes import typed as figure_typed
from linli.domains.benefits.snapshots import SnapshotChanged
from linli.domains.benefits.values import ValueWrong
from linli.domains.benefits.worksheets import (
    Part,
    Source,
    Worked,
    Worksheet,
    caution,
    sources_in,
    work_out,
    worksheet,
    worksheets,
    worksheets_for,
)

__all__ = [
    "FUNDS", "OWED", "Progress", "Work",
    "batches_to_agree", "changes_to_agree", "claw_backs_to_agree", "lists_to_agree", "objections_to_answer", "suspensions_to_agree",
    "Account", "accounts_of", "Balance", "balance", "batch_progress", "batch_sums", "BatchState", "Book", "claw_back", "claw_backs", "ClawBackSheet",
    "ClawBackState", "Difference", "EntryKind", "fund_name", "grant", "grant_lines", "grant_list", "grant_lists", "grant_objection",
    "grant_objections", "grant_origin", "granting", "GrantLine", "GrantOrigin", "grants_of", "GrantState", "How", "ledger",
    "ledger_differences", "ledger_places", "opens",
    "file_takings", "kept_account", "Told", "waiting_sums", "WaitingSum",
    "my_money", "MyMoney", "FilePurpose", "Taking", "LineState", "list_notices", "list_progress",
    "Notices", "list_sums", "ListState", "ListSums", "my_grant_objections",
    "my_grants", "ObjectionState",
    "owed_grants", "pay_batch", "pay_batches", "pay_lines", "period_said", "payments_of", "published_lines", "published_list", "published_lists", "PublishedLine",
    "answer_progress", "AnswerState", "bank_answer", "bank_answers", "money_files_in_use",
    "Hold", "holds", "PublishedList", "returned_lines", "waiting_lines", "WaitingLine", "Waits",
    "cases_of", "change", "change_sheet", "in_force", "changes", "ChangeSheet", "ChangeState", "Effect", "effects", "figure_like", "figure_parts",
    "figure_typed", "moved_at", "FigureEntry", "FigurePart", "Held", "parameter_sheet", "parameter_sheets", "ParameterSheet", "place_names",
    "policy_case", "policy_lines", "policy_sheet", "PolicyLine", "PolicySheet", "recently_published", "scan_of", "scans_in_use", "settable_places",
    "Target", "target_of", "Trial", "what_if",
    "Audited", "audits_of", "AuditState", "figures_of", "Found", "MOST_FOUND", "Named", "person_behind", "places_to_scan",
    "subject_in_run", "SubjectInRun", "subjects_named", "subjects_numbered", "Who", "who_are",
    "whole_list",
    "Again", "AnswerWrong", "assess", "book_in_force", "by_town", "calculate", "CaseFileWrong", "caution", "certification",
    "certification_book", "certification_lines", "certifications", "Change", "differences", "Due", "due_by_month", "due_by_word",
    "due_to", "entitled", "explained", "Fact", "facts_of", "Figures", "Finding", "Formula", "FORMULAS", "Gap", "Group",
    "Given", "given_now", "sources_in",
    "Hire", "hire_lines", "HireLine", "hires_in", "hires_of", "LifeStanding", "Line", "Lines", "may_be_due", "Mine",
    "Settled", "suspensions_waiting",
    "MOST_ASKED", "my_certifications", "newest_check", "NONE", "once_said", "open_calls", "Outcome", "Overview", "overview",
    "Part", "photo", "photos_waiting", "Policy", "policy_of", "Question", "question_for", "reach", "REACH_OUTCOMES",
    "ReachOutcome", "ReachWay", "read_answer", "Reader", "reader_of", "Reason", "Receiver", "receivings_of", "Rerun", "rerun",
    "Roster", "rosters_due", "run", "run_file", "rung_day", "rungs_for", "RunNotDone", "runs", "RunState", "seen_of", "Sheet",
    "sheet", "shipped_cases", "shipped_policies", "SnapshotChanged", "Source", "Standing", "State", "TOWN", "Town",
    "unknown_subjects", "unknowns", "UNSURE", "ValueWrong", "visits", "vocabulary", "Way", "whose", "work_out", "Worked",
    "Worksheet", "worksheet", "worksheets", "worksheets_for",
]  # fmt: skip
