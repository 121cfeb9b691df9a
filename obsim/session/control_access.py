"""Who may use the control procedures and the schema `obsim` (design: `--control PASSWORD|off`, `--show-control`)."""

from hashlib import sha256
from hmac import compare_digest

__all__ = ["ControlAccess"]


class ControlAccess:
    """Open to every session of the sys tenant, closed, or open to those that gave a password.

    `shown` lists the schema `obsim` in SHOW DATABASES and information_schema; without it the schema is usable but
    hidden. The password is kept as a digest only.
    """

    def __init__(self, setting: str | None = None, *, shown: bool = False) -> None:
        """`setting` is None for open, `off` for closed, anything else the password."""
        self.enabled = setting != "off"
        self.shown = shown and self.enabled
        self._digest = None if setting in {None, "off"} else _digest(setting or "")

    @property
    def needs_password(self) -> bool:
        """Whether a session has to unlock before it may do anything."""
        return self._digest is not None

    def accepts(self, password: str) -> bool:
        """Whether this is the password; takes equally long for every wrong one."""
        return self._digest is None or compare_digest(self._digest, _digest(password))


def _digest(password: str) -> bytes:
    return sha256(b"obsim control\0" + password.encode("utf-8", "surrogatepass")).digest()
