"""What the bodies about alerts look like, for the description of the API."""

from typing import Annotated

from msgspec import Meta, Struct

from tradebot.api.schema import ApiKey, Time
from tradebot.core.alerting.alerts import Category, Severity

AlertId = Annotated[str, Meta(pattern="^[Aa][0-9]{1,18}$", examples=["A17"])]


class Alert(Struct, kw_only=True):
    """What a person should know of."""

    id: AlertId
    category: Category
    severity: Severity
    text: str
    trade_id: str | None
    first_at: Time
    last_at: Time
    count: Annotated[int, Meta(ge=1, description="how often it came")]
    holds: Annotated[bool, Meta(description="it lasts, and is not over")]
    over_at: Time | None
    acknowledged_at: Time | None
    acknowledged_by: Annotated[str | None, Meta(description="the name of a key, or of a chat")]


class Alerts(Struct, kw_only=True):
    """A page of alerts, newest first."""

    alerts: list[Alert]
    next: AlertId | None


class AcknowledgeAlert(Struct, kw_only=True, forbid_unknown_fields=True):
    """Nothing more needs to be said."""

    apikey: ApiKey = None


class AcknowledgeThrough(Struct, kw_only=True, forbid_unknown_fields=True):
    """All alerts up to this one, the newest that was seen."""

    through: AlertId
    apikey: ApiKey = None


class Acknowledged(Struct, kw_only=True):
    """How many nobody had seen before."""

    acknowledged: Annotated[int, Meta(ge=0)]
