from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "linli.domains.accounts"
    label = "accounts"
    verbose_name = "账号"
