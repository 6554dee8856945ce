from django.apps import AppConfig


class VoiceConfig(AppConfig):
    name = "linli.domains.voice"
    label = "voice"
    verbose_name = "民声"
