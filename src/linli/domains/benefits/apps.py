from django.apps import AppConfig


class BenefitsConfig(AppConfig):
    name = "linli.domains.benefits"
    label = "benefits"
    verbose_name = "惠民政策"
