from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "linli.domains.org"
    label = "org"
    verbose_name = "机构与岗位"
