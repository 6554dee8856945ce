"""What may be done with a case; the only door for changes."""

from linli.domains.cases.clock import ClockKind
from linli.domains.cases.clockcheck import CaseFileWrong, run_file
from linli.domains.cases.clocks import conventions as clock_conventions
from linli.domains.cases.commands.archive import (
    archive_again,
    archive_case,
    archive_moment,
    file_answers,
    forget_contents,
    take_archive,
)
from linli.domains.cases.commands.attention import attend, attend_next, leave
from linli.domains.cases.commands.clients import answer_correction, patch_draft, submit_draft, supplement
from linli.domains.cases.commands.commitments import (
    ask_for_check,
    bring_pending,
    commit_to,
    conclude_breach,
    confirm_kept,
    find_breach,
    find_checkers,
    give_check,
    hear_applicant,
    keep_sheet,
    lapse_pending,
    remind_pending,
    repair_breach,
    settle_answered,
)
from linli.domains.cases.commands.counter import (
    accept_at_counter,
    make_ready_to_print,
    notify_missing,
    open_draft,
    receive_back,
    receive_draft,
)
from linli.domains.cases.commands.elsewhere import make_hand_over, make_joint_hand_over, take_over
from linli.domains.cases.commands.exofficio import (
    EX_OFFICIO,
    Hand,
    Verdict,
    Wanted,
    add_paper,
    begin_ex_officio,
    decide_ex_officio,
    end_ex_officio,
    finish_ex_officio,
    finish_later,
    finish_many,
    open_ex_officio,
)
from linli.domains.cases.commands.external import ExternalAct, record_external
from linli.domains.cases.commands.intake import (
    Applicant,
    Handed,
    Missing,
    accept_case,
    hand_in,
    receive_case,
    receive_correction,
    refuse_case,
    remember_form,
    remove_file,
    request_correction,
    restore_file,
    save_form,
    start_case,
    submit_case,
    withdraw_case,
)
from linli.domains.cases.commands.issue import (
    Proof,
    check_receipt_code,
    choose_collection,
    close_case,
    deliver_case,
    issue_case,
    prepare_result,
)
from linli.domains.cases.commands.joint import (
    bring_otherwise,
    choose_part,
    hand_in_joint,
    hand_on,
    name_other,
    save_joint,
    start_joint,
    submit_joint,
    withdraw_joint,
    withdraw_part,
)
from linli.domains.cases.commands.joint_online import (
    answer_joint,
    choose_parts,
    collect_joint,
    commit_joint,
    take_back_joint,
    take_off_joint,
)
from linli.domains.cases.commands.online import (
    answer_online,
    collect_online,
    commit_online,
    correct_online,
    hand_in_online,
    note_agent_look,
    read_own_paper,
    save_online,
    start_online,
    submit_online,
    take_back_online,
    take_off_online,
    withdraw_online,
)
from linli.domains.cases.commands.papers import open_joint_receipt, seal_notice
from linli.domains.cases.commands.review import (
    Grounds,
    ask,
    decide_automatically,
    decide_case,
    give_opinion,
    next_step,
    recuse,
    settle_material,
    show_whole,
)
from linli.domains.cases.commands.rosters import (
    RosterFile,
    cancel_roster,
    check_again,
    check_roster,
    forget_rosters,
    roster_file,
    roster_paper,
    run_roster,
    start_roster,
    sweep_rosters,
)
from linli.domains.cases.commands.sharing import ask_departments, fetch_shared, mind_sources, show_shared, take_in_shared
from linli.domains.cases.commands.supervise import (
    draw_waiting,
    extend_case,
    record_export,
    redraw_step,
    release_issue,
    resume_case,
    settle_ask,
    suspend_case,
)
from linli.domains.cases.commands.telling import note_overdue, tell
from linli.domains.cases.commands.upkeep import (
    commit_draws,
    deem_accepted,
    lapse_corrections,
    lapse_drafts,
    publish_draws,
    reproject_open,
    reveal_draws,
)
from linli.domains.cases.errors import CaseChanged, ExtensionNotProvided, SamePerson
from linli.domains.cases.grounds import DeliveryMethod, MaterialState, PauseGround, Received, RefusalGround
from linli.domains.cases.promising import Promise

__all__ = [
    "attend", "attend_next", "leave", "add_paper", "begin_ex_officio", "decide_ex_officio", "end_ex_officio", "EX_OFFICIO",
    "finish_ex_officio", "finish_later", "finish_many", "Hand", "open_ex_officio", "Verdict", "Wanted",
    "patch_draft", "submit_draft",
    "cancel_roster", "check_again", "check_roster", "forget_rosters", "roster_file", "roster_paper", "RosterFile", "run_roster",
    "start_roster", "sweep_rosters",
    "answer_joint", "bring_otherwise", "choose_part", "choose_parts", "collect_joint", "commit_joint", "hand_in_joint", "hand_on",
    "make_joint_hand_over", "name_other",
    "open_joint_receipt", "save_joint", "start_joint", "submit_joint", "take_back_joint", "take_off_joint", "withdraw_joint", "withdraw_part",
    "ask_for_check", "bring_pending", "commit_to", "conclude_breach", "confirm_kept", "find_breach", "find_checkers", "give_check",
    "hear_applicant", "keep_sheet", "lapse_pending", "Promise", "remind_pending", "repair_breach", "settle_answered",
    "ask_departments", "fetch_shared", "mind_sources", "show_shared", "take_in_shared",
    "accept_at_counter", "accept_case", "answer_correction", "answer_online", "Applicant", "archive_again",
    "archive_case", "archive_moment", "file_answers", "forget_contents", "take_archive", "ask", "CaseChanged",
    "CaseFileWrong", "check_receipt_code", "choose_collection", "clock_conventions", "ClockKind", "close_case", "collect_online", "commit_draws",
    "commit_online", "correct_online", "decide_automatically", "decide_case", "deem_accepted", "deliver_case", "DeliveryMethod",
    "draw_waiting", "extend_case", "ExtensionNotProvided", "ExternalAct", "give_opinion", "Grounds", "hand_in",
    "hand_in_online", "Handed", "issue_case", "lapse_corrections", "lapse_drafts", "make_hand_over", "make_ready_to_print", "note_agent_look",
    "MaterialState", "Missing", "next_step", "note_overdue", "notify_missing", "open_draft", "PauseGround", "prepare_result", "Proof",
    "publish_draws", "read_own_paper", "receive_back", "receive_case", "receive_correction", "receive_draft", "Received",
    "record_export", "record_external", "recuse", "redraw_step", "RefusalGround", "refuse_case", "release_issue",
    "remember_form", "remove_file", "reproject_open", "request_correction", "restore_file", "resume_case", "reveal_draws",
    "run_file", "SamePerson", "save_form", "save_online", "seal_notice", "settle_ask", "settle_material", "show_whole",
    "start_case", "start_online", "submit_case", "submit_online", "supplement", "suspend_case", "take_back_online",
    "take_off_online", "take_over", "tell", "withdraw_case", "withdraw_online",
]  # fmt: skip
