"""Which ways this installation has."""

from __future__ import annotations

from django.conf import settings

from linli.domains.notices.adapters.base import Adapter
from linli.domains.notices.adapters.email import Mail
from linli.domains.notices.adapters.post_office import PostOffice
from linli.domains.notices.adapters.sms import SmsGateway
from linli.domains.notices.adapters.wechat import OfficialAccount
from linli.domains.notices.rules import Way


def adapters() -> dict[Way, Adapter]:
    """The provider of each way that is set up; in a demonstration the post office for all of them."""
    env = settings.ENV
    if env.demonstration:
        return dict.fromkeys(Way, PostOffice())
    ways: dict[Way, Adapter] = {}
    if env.sms_url:
        ways[Way.SMS] = SmsGateway(url=env.sms_url, key=env.sms_key, secret=env.sms_secret)
    if env.wechat_app_id:
        ways[Way.WECHAT] = OfficialAccount(
            api=env.wechat_api, app_id=env.wechat_app_id, secret=env.wechat_secret, templates=env.wechat_templates
        )
    if env.smtp_host:
        ways[Way.EMAIL] = Mail(
            host=env.smtp_host, port=env.smtp_port, security=env.smtp_security, user=env.smtp_user, password=env.smtp_password,
            sender=env.mail_from,
        )  # fmt: skip
    return ways
