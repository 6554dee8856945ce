"""What may be asked about cases; every answer goes through ``permissions``, so a list never shows what a page would refuse."""

from __future__ import annotations

from linli.domains.cases.clock import ClockKind, Colour
from linli.domains.cases.deciding import DecisionText
from linli.domains.cases.draw import Exclusion
from linli.domains.cases.grounds import DeliveryMethod, ExternalAct, MaterialState, PauseGround, Received, RefusalGround
from linli.domains.cases.lifecycle import FINAL, IN_HAND, Move, State, moves_from, state_after
from linli.domains.cases.models import (
    Ask,
    Case,
    Breach,
    CaseMaterial,
    Correction,
    Commitment,
    Decision,
    Delivery,
    Draw,
    DrawDay,
    MaterialFile,
    Refusal,
    Step,
    StepKind,
    StepState,
)
from linli.domains.cases.online import CODE_DIGITS, SIGNED_ONLINE, asked_fields, why_not_online
from linli.domains.cases.oversight import (
    Outlook,
    ask_for,
    cases_touched,
    extendable,
    outlook,
    supervisor_acts,
    waiting_steps,
    why_waiting,
)
from linli.domains.cases.permissions import (
    counter_cases,
    delivery_cases,
    issue_cases,
    own_cases,
    step_cases,
    supervised_cases,
    visible_cases,
)
from linli.domains.cases.queries.clients import (
    TOLD_NAMES,
from linli.domains.cases.promising import Promise, PromiseNotice, PromiseState, Signed
    ClientSheet,
    ToldState,
    client_paper,
    client_papers,
    client_sheet,
    client_timeline,
    followed_cases,
    told_name,
    told_state,
    told_words,
)
from linli.domains.cases.queries.counter import (
    CounterAct,
from linli.domains.cases.queries.commitments import (
    SHELVES,
    CheckLine,
    CheckSheet,
    PromiseOverview,
    Provisional,
    Terms,
    check_lines,
    check_paper,
    check_sheet,
    checkers_for,
    commitment_notice,
    on_shelf,
    own_checks,
    pending_at_counter,
    promise_overview,
    promises_of,
    provisional_standing,
    seen_promises,
    shelf_counts,
    signature_of,
    supervised_promises,
)
    CounterSheet,
    cases_of,
    counter_acts,
    counter_file,
    counter_paper,
    counter_sheet,
    counter_today,
    items_here,
    known_fields,
    prefill,
)
from linli.domains.cases.queries.draws import (
    DayReplay,
    DrawReplay,
    committed_line,
    draw_counts,
    draw_days,
    draw_ledger,
    draws_of,
    draws_on,
    published_draws,
    replay_day,
    replay_draws,
    revealed_line,
)
from linli.domains.cases.queries.elsewhere import ExternalLine, ExternalSheet, external_sheet, external_waiting
from linli.domains.cases.queries.issue import (
    HandoverSheet,
    IssueSheet,
    PaperAccess,
    find_issued,
    handover_sheet,
    issue_queue,
    issue_sheet,
    next_to_issue,
    paper_for,
    to_deliver,
)
from linli.domains.cases.queries.looking import (
    Board,
    ClockView,
    asks,
    board,
    case_colour,
    case_for,
    case_numbers,
    clock_outcomes,
    clock_views,
    days_left,
    find,
    id_of_number,
    open_cases,
)
from linli.domains.cases.queries.online import (
    LiveCode,
    Offer,
    OwnMaterial,
    OwnSheet,
    applicants_for,
    handed_over,
    live_code,
    next_online,
    offer_online,
    online_waiting,
    own_commitment,
    own_file,
    own_list,
    own_paper,
    own_sheet,
    own_timeline,
    receipt_code,
)
from linli.domains.cases.queries.review import (
    Opinion,
    Pile,
    ReviewSheet,
    alias_of,
    my_pile,
    my_steps,
    pile_counts,
    preview_decision,
    review_file,
    review_sheet,
)
from linli.domains.cases.queries.supervision import (
    TOLD_ACTS,
    SupervisorSheet,
    full_timeline,
    plain_timeline,
    proof_of,
    supervised_paper,
    supervisor_sheet,
)
from linli.domains.cases.reading import Answer, answers

__all__ = [
    "Breach", "check_lines", "check_paper", "check_sheet", "checkers_for", "CheckLine", "CheckSheet", "Commitment",
    "commitment_notice", "on_shelf", "own_checks", "pending_at_counter", "Promise", "promise_overview", "PromiseNotice",
    "PromiseOverview", "promises_of", "PromiseState", "Provisional", "provisional_standing", "seen_promises", "shelf_counts", "SHELVES",
    "Signed", "signature_of", "supervised_promises", "Terms",
    "Board", "Case", "case_colour", "case_for", "case_numbers", "CaseMaterial", "cases_of", "cases_touched", "client_paper",
    "client_papers", "client_sheet", "client_timeline", "ClientSheet", "clock_outcomes", "clock_views", "ClockKind",
    "ClockView", "CODE_DIGITS", "Colour", "committed_line", "Correction", "counter_acts", "counter_cases", "counter_file",
    "counter_paper", "counter_sheet", "counter_today", "CounterAct", "CounterSheet", "DayReplay", "days_left", "Decision",
    "DecisionText", "Delivery", "delivery_cases", "DeliveryMethod", "Draw", "draw_counts", "draw_days", "draw_ledger",
    "DrawDay", "DrawReplay", "draws_of", "draws_on", "Exclusion", "extendable", "external_sheet", "external_waiting",
    "ExternalAct", "ExternalLine", "ExternalSheet", "FINAL", "find", "find_issued", "followed_cases", "full_timeline",
    "handed_over", "handover_sheet", "HandoverSheet", "id_of_number", "IN_HAND", "issue_cases", "issue_queue", "issue_sheet",
    "IssueSheet", "items_here", "known_fields", "live_code", "LiveCode", "MaterialFile", "MaterialState", "Move", "moves_from",
    "my_pile", "my_steps", "next_online", "next_to_issue", "Offer", "offer_online", "online_waiting", "open_cases", "Opinion",
    "outlook", "Outlook", "own_cases", "own_commitment", "own_file", "own_list", "own_paper", "own_sheet", "own_timeline",
    "OwnMaterial", "OwnSheet", "paper_for", "PaperAccess", "PauseGround", "Pile", "pile_counts", "plain_timeline", "prefill",
    "preview_decision", "proof_of", "published_draws", "receipt_code", "Received", "Refusal", "RefusalGround", "replay_day",
    "replay_draws", "revealed_line", "review_file", "review_sheet", "ReviewSheet", "SIGNED_ONLINE", "State", "state_after",
    "Step", "step_cases", "StepKind", "StepState", "supervised_cases", "supervised_paper", "supervisor_acts",
    "supervisor_sheet", "SupervisorSheet", "to_deliver", "TOLD_ACTS", "told_name", "TOLD_NAMES", "told_state", "told_words", "ToldState", "visible_cases", "waiting_steps", "why_not_online",
    "why_waiting",
]  # fmt: skip
