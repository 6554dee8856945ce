from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "linli.domains.exchange"
    label = "exchange"
    verbose_name = "数据共享"
    append_only = ("exchange_try", "exchange_receipt")
