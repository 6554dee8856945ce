from pathlib import Path

from django.apps import AppConfig


class BenefitsConfig(AppConfig):
    name = "linli.domains.benefits"
    label = "benefits"
    verbose_name = "惠民政策"
    append_only = ("benefits_ledger_entry", "benefits_ledger_line", "benefits_repayment")

    def ready(self) -> None:
        """Facts follow what the rooms below learn; the bureau's own policies stand beside those that ship."""
        from django.conf import settings

        from linli.domains.benefits import definitions, granting, own
        from linli.domains.benefits.queries import money_files_in_use, scans_in_use
        from linli.domains.cases.queries import Move
        from linli.domains.documents.commands import register_uses
        from linli.domains.people.queries import ConsentPurpose
        from linli.domains.trace.commands import subscribe

        register_uses(scans_in_use)
        register_uses(money_files_in_use)
        for act in ("people.registered", "people.corrected", "people.account_bound"):
            subscribe(act, "benefits.project_person")
        subscribe(
            "people.consent_withdrawn",
            "benefits.forget_accounts",
            when=lambda noted: noted.get("purpose") == ConsentPurpose.PAY_BENEFITS,
        )
        subscribe("exchange.answered", "benefits.project_answers")
        subscribe(Move.CLOSE.act, "benefits.project_case")
        if settings.ENV.policies:
            own.use(Path(settings.ENV.policies))
            definitions.check_own()
            granting.check_own()
