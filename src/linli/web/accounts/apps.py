from django.apps import AppConfig


class AccountsFaceConfig(AppConfig):
    name = "linli.web.accounts"
    label = "web_accounts"
