"""Secrets of others: used where a request leaves, and shown nowhere."""


class Secret:
    """A text that does not tell itself to logs and tracebacks."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the wire alone."""
        return self._text

    def cleaned(self, text: str) -> str:
        """Return a text of somebody else's without the secret: servers repeat what they get."""
        return text.replace(self._text, "***") if self._text else text

    def __repr__(self) -> str:
        return "***"
