"""The halt: what a person has stopped, until a person releases it."""

import enum

import msgspec


class Form(enum.StrEnum):
    """How much is stopped; each form stops all that the one before it stops, and more."""

    ENTRIES = "entries"  # no new trades; exits go on
    FLATTEN = "flatten"  # every trade is left, then no new ones
    EVERYTHING = "everything"  # nothing is sent, exits included: decisions are kept


_STRENGTH = {form: strength for strength, form in enumerate(Form)}


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """The halt in force, or the last one's release. Replaced as a whole, version by version."""

    form: Form | None = None  # None: nothing is stopped
    why: str = ""  # the person's words, of the halt or of its release
    at_ns: int = 0
    version: int = 0

    @property
    def takes_trades(self) -> bool:
        """Whether a new trade may be guarded."""
        return self.form is None

    @property
    def leaves_trades(self) -> bool:
        """Whether what has entered is to be left at once."""
        return self.form is not None and self.form is Form.FLATTEN

    @property
    def sends(self) -> bool:
        """Whether anything may be sent to the broker."""
        return self.form is None or self.form is not Form.EVERYTHING

    def gives_way_to(self, form: Form) -> bool:
        """Whether this form is stronger: a milder one would be a release that nobody gave."""
        return self.form is None or _STRENGTH[form] > _STRENGTH[self.form]
