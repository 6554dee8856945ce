from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "linli.domains.notices"
    label = "notices"
    verbose_name = "通知"
