from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "linli.domains.clients"
    label = "clients"
    verbose_name = "接入系统"

    def ready(self) -> None:
        """Hear of what an applicant may be told, of cases that another system brought."""
        from linli.domains.cases.queries import TOLD_ACTS
        from linli.domains.clients.queries import uploads_in_use
        from linli.domains.documents.commands import register_uses
        from linli.domains.trace.commands import subscribe

        register_uses(uploads_in_use)
        for act in sorted(TOLD_ACTS):
            subscribe(act, "clients.case_act", when=lambda data: bool(data.get("client")))
