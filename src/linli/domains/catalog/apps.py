from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "linli.domains.catalog"
    label = "catalog"
    verbose_name = "事项"
