from django.apps import AppConfig


class TraceConfig(AppConfig):
    name = "linli.domains.trace"
    label = "trace"
    verbose_name = "留痕"
