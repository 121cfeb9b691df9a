"""The server: MySQL's protocol over a simulated cluster.

`Server` runs one in a thread of its own; `serve` starts one on the running loop. mysql-mimic is the base for types,
packets, result encoding and authentication; the loop is ours, one `asyncio.Protocol` a client (stack.md 5 and 10).
"""

from obsim.server.limits import Limits
from obsim.server.listener import Listener, ListenOptions, serve
from obsim.server.threaded import Server, ThreadedServer, new_event_loop

__all__ = ["Limits", "ListenOptions", "Listener", "Server", "ThreadedServer", "new_event_loop", "serve"]
