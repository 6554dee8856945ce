from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "linli.domains.cases"
    label = "cases"
    verbose_name = "办件"
    append_only = ("cases_decision", "cases_refusal", "cases_delivery", "cases_draw", "cases_extension")

    def ready(self) -> None:
        """The clocks follow the calendar; applicants hear of what they must know."""
        from linli.domains.cases.commands.telling import TELLS
        from linli.domains.cases.lifecycle import Move
        from linli.domains.cases.queries import files_in_use
        from linli.domains.documents.commands import register_uses
        from linli.domains.trace.commands import subscribe

        register_uses(files_in_use)
        subscribe("org.calendar_loaded", "cases.calendar_loaded")
        for act in ("exchange.answered", "exchange.outdated"):
            subscribe(act, "cases.take_in_shared")
        for act in TELLS:
            subscribe(act, "cases.tell", when=lambda noted: "quiet" not in noted)
        for move in (Move.CLOSE, Move.REFUSE, Move.WITHDRAW):
            subscribe(move.act, "cases.archive_tonight")
        for act in ("documents.revoked", "documents.superseded"):
            subscribe(act, "cases.archive_paper")
        subscribe("documents.destroyed", "cases.forget_contents")
        for act in ("cases.issued", "cases.rejected", "cases.grant_taken_back", "cases.not_accepted", "cases.withdrawn"):
            subscribe(act, "cases.hand_on", when=lambda noted: "joint" in noted)
