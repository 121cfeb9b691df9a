"""From a statement's text to its answer.

`SessionHost` is one cluster with everything that is open on it; `Session` is one login. The server and the in-process
interface both speak to these two and to nothing below.
"""

from obsim.session.control_access import ControlAccess
from obsim.session.host import SessionHost
from obsim.session.pending import Pending
from obsim.session.prepared import Prepared
from obsim.session.session import Session

__all__ = ["ControlAccess", "Pending", "Prepared", "Session", "SessionHost"]
