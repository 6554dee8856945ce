"""Benefits, what may be done: one module for each subject."""

from linli.domains.benefits.commands.audits import SampleWrong, SeedMissing, ask_audit, fail_audit, perform_audit
from linli.domains.benefits.commands.certification import (
    GESTURES,
    NotReceiving,
    PhotoWaits,
    PhotoWrong,
    SignWrong,
    Told,
    certification_subject,
    compare_photo,
    confirm,
    enrol,
    forget_signs,
    gesture,
    load_evidence,
    measure,
    picture,
    say_abroad,
    take_in_signs,
    take_photo,
    weigh_news,
    witness,
)
from linli.domains.benefits.commands.due import open_due
from linli.domains.benefits.commands.facts import SourceWrong, learn
from linli.domains.benefits.commands.looks import (
    MOST_WHOLE,
    PurposeMissing,
    TooManyWhole,
    audit_in_run,
    export_list,
    open_in_run,
    whole_numbers,
)
from linli.domains.benefits.commands.population import AlreadyThere, load_facts, make_population
from linli.domains.benefits.commands.projection import (
    project_answers,
    project_case,
    project_everything,
    project_on,
    project_person,
)
from linli.domains.benefits.commands.reaching import (
    InquiryNeeded,
    InquiryOpen,
    NotReached,
    NotSuspended,
    OutcomeWrong,
    ReasonNeeded,
    SaidAlready,
    StepsOpen,
    StillCertified,
    SuspendedAlready,
    TooEarly,
    ask_visit,
    climb,
    conclude_inquiry,
    note_reach,
    open_inquiry,
    resume,
    suspend,
)
from linli.domains.benefits.commands.runs import (
    NotFailed,
    NothingInForce,
    PolicyOver,
    fail_run,
    finish_run,
    freeze_run,
    only_here,
    repeat_run,
    scan_run,
    start_run,
)

__all__ = [
    "ask_audit", "audit_in_run", "export_list", "fail_audit", "MOST_WHOLE", "NotFailed", "open_in_run", "perform_audit", "PurposeMissing",
    "repeat_run", "SampleWrong", "SeedMissing", "TooManyWhole", "whole_numbers",
    "AlreadyThere", "ask_visit", "certification_subject", "climb", "compare_photo", "conclude_inquiry", "confirm", "enrol",
    "fail_run", "finish_run", "forget_signs", "freeze_run", "gesture", "GESTURES", "InquiryNeeded", "InquiryOpen", "learn",
    "load_evidence", "load_facts", "make_population", "measure", "note_reach", "NothingInForce", "NotReached", "NotReceiving",
    "NotSuspended", "only_here", "open_due", "open_inquiry", "OutcomeWrong", "PhotoWaits", "PhotoWrong", "picture", "PolicyOver",
    "project_answers", "project_case", "project_everything", "project_on", "project_person", "ReasonNeeded", "resume",
    "SaidAlready", "say_abroad", "scan_run", "SignWrong", "SourceWrong", "start_run", "StepsOpen", "StillCertified", "suspend",
    "SuspendedAlready", "take_in_signs", "take_photo", "Told", "TooEarly", "weigh_news", "witness",
]  # fmt: skip
