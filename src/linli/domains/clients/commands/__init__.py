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
from linli.domains.clients.commands.uploads import forget_uploads, note_upload
from linli.domains.clients.commands.webhooks import (
    add_webhook,
    deliver,
    forget_deliveries,
    forget_secrets,
    ping,
    replay,
    resume_deliveries,
    rotate_secret,
    stop_webhook,
    tell_of_act,
)
from linli.domains.clients.errors import (
    AddressRefused,
    ClientStopped,
    ClientWrong,
    KeyNotKnown,
    NameTaken,
    OverlapWrong,
    ScopeMissing,
    StillOnItsWay,
    TooManyCalls,
    TooManyWebhooks,
    WebhookWrong,
)

__all__ = [
    "add_webhook", "AddressRefused", "Admission", "admit_client", "change_client", "ClientStopped", "ClientWrong", "deliver", "enter",
    "forget_deliveries", "forget_secrets", "forget_uploads", "KeyNotKnown", "must_have", "NameTaken", "note_upload", "OverlapWrong",
    "ping", "replay", "resume_deliveries", "revoke_client", "rotate_key", "rotate_secret",
    "ScopeMissing", "StillOnItsWay", "stop_webhook", "tell_of_act", "TooManyCalls", "TooManyWebhooks", "WebhookWrong",
]  # fmt: skip
