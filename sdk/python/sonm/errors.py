"""What can go wrong. Everything derives from SonmError."""


class SonmError(Exception):
    """Base of all errors of this package."""


class Disconnected(SonmError, ConnectionError):
    """The connection was lost, or never came to be. Calls under way have failed; it is not known whether they took effect."""


class ProtocolError(SonmError):
    """The other side sent something that is no frame, or no message of this channel's state."""


class DeadlineExceeded(SonmError, TimeoutError):
    """No answer in time."""


class ServiceError(SonmError):
    """What the service gave as reason: `category` and `code` as in docs/protocol/slave.md ("Errors"), and a sentence."""

    def __init__(self, category: int, code: int, reason: str):
        super().__init__(f"{reason} [{category}, {code}]")
        self.category, self.code, self.reason = category, code, reason

    @property
    def not_found(self) -> bool:
        """A missing key, node or service."""
        return (self.category, self.code) in {(12, 2), (1, 2), (10, 1), (11, 8), (0x5300, 2)}
