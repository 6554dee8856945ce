from django.apps import AppConfig


class TraceConfig(AppConfig):
    name = "linli.domains.trace"
    label = "trace"
    verbose_name = "留痕"
    append_only = ("trace_event", "trace_root", "trace_leaf")
