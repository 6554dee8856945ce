from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "linli.domains.documents"
    label = "documents"
    verbose_name = "文书"
    append_only = ("documents_sealuse",)  # `linli migrate` leaves the application's role no right to change these
