"""E-mail over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from linli.domains.notices.adapters.base import Parcel, Refused
from linli.kernel.calendar import SHANGHAI

TIMEOUT = 20


class Mail:
    at_once = False

    def __init__(self, *, host: str, port: int, security: str, user: str, password: str, sender: str) -> None:
        self.host, self.port, self.security = host, port, security
        self.user, self.password, self.sender = user, password, sender

    def send(self, parcel: Parcel) -> str:
        """Hand it to the mail server under an id that is the same at every try, so that a repeat can be told."""
        message_id = f"<{parcel.id}@{self.sender.rpartition('@')[2]}>"
        try:
            letter = EmailMessage(policy=SMTP)
            letter["From"], letter["To"], letter["Subject"] = self.sender, parcel.address, parcel.content["subject"]
            letter["Message-ID"], letter["Date"] = message_id, format_datetime(parcel.at.astimezone(SHANGHAI))
            letter["Auto-Submitted"] = "auto-generated"  # nobody's absence notice answers it
            letter.set_content(parcel.content["text"])
        except (MessageError, ValueError) as error:  # a line break in an address, an address that is none
            raise Refused("address_wrong", again=False) from error
        try:
            with self._server() as server:
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            code = max((code for code, _ in error.recipients.values()), default=550)
            raise Refused(f"smtp_{code}", again=code < 500) from error
        except smtplib.SMTPResponseException as error:
            # What is wrong with the server or our account, not with the letter, is mended by people: worth another try.
            ours = isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused | smtplib.SMTPConnectError)
            raise Refused(f"smtp_{error.smtp_code}", again=ours or error.smtp_code < 500) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Refused("unreachable", again=True) from error
        return message_id

    def _server(self) -> smtplib.SMTP:
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        if self.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if self.user:
            server.login(self.user, self.password)
        return server
