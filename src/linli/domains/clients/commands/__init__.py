"""What may be done about other systems; the only door for changes."""

from linli.domains.clients.commands.registry import (
    Admission,
    admit_client,
    change_client,
    enter,
    must_have,
    revoke_client,
    rotate_key,
)
from linli.domains.clients.commands.webhooks import (
    add_webhook,
    deliver,
    forget_deliveries,
    ping,
    replay,
    resume_deliveries,
    stop_webhook,
    tell_of_act,
)
from linli.domains.clients.errors import (
    AddressRefused,
    ClientStopped,
    ClientWrong,
    KeyNotKnown,
    NameTaken,
    ScopeMissing,
    StillOnItsWay,
    TooManyCalls,
    TooManyWebhooks,
    WebhookWrong,
)

__all__ = [
    "add_webhook", "AddressRefused", "Admission", "admit_client", "change_client", "ClientStopped", "ClientWrong", "deliver", "enter",
    "forget_deliveries", "KeyNotKnown", "must_have", "NameTaken", "ping", "replay", "resume_deliveries", "revoke_client", "rotate_key",
    "ScopeMissing", "StillOnItsWay", "stop_webhook", "tell_of_act", "TooManyCalls", "TooManyWebhooks", "WebhookWrong",
]  # fmt: skip
