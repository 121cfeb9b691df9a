"""What one client may use of the server: sizes, times and counts, in one place."""

from dataclasses import dataclass

__all__ = ["Limits"]

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound the server enforces; the defaults are those of `obsim serve`."""

    connections_max: int = 1000
    """Connections at one time that have logged in; one more is answered with 1040."""
    logins_max: int = 4096
    """Logins under way at one time; for one more the oldest is given up, so that they keep nobody out."""
    connections_per_address_max: int = 5000
    """Of one client address, logins under way included; one more is answered with 1040. A unix socket is no address."""
    connect_timeout_s: float = 10.0
    """For everything up to the answer of the login, TLS included."""
    login_packet_bytes_max: int = 64 * KIB - 1024
    """Of one packet before the login is answered; a longer one is answered with 1153."""
    packet_bytes_max: int = 16 * MIB
    """Of one command (`max_allowed_packet`); a longer one is answered with 1153 and the connection closed."""
    pipeline_bytes_max: int = 256 * KIB
    """Of commands that wait behind a running one before the socket is read no further."""
    write_timeout_s: float = 60.0
    """How long a client may take nothing of an answer that waits for it, before it is cut off."""
    unsent_bytes_max: int = 256 * MIB
    """Of all answers that wait to be read, where there are several; beyond it the client of the largest is cut off."""
    commands_in_a_row: int = 64
    """Of one connection before the others get their turn."""
    statements_max: int = 16_382
    """Prepared statements of one connection; one more is answered with 1461."""
    statement_bytes_max: int = 64 * MIB
    """Text of all prepared statements of one connection."""
    long_data_bytes_max: int = 16 * MIB
    """All parameters a connection has sent ahead in pieces."""
    cursors_bytes_max: int = 64 * MIB
    """Rows that the open cursors of one connection hold, where there are several; one more is answered with 4013."""
    slice_s: float = 0.005
    """How long a jump of the clock may hold the loop at a time: a login takes several turns of the loop meanwhile."""
    settle_s: float = 0.001
    """How long a kept answer is given without a look at the wall clock."""
    linger_s: float = 1.0
    """How long a refused client is listened to, so that it can read why."""
    answers_max: int = 512
    """Entries of the answer cache."""
    answers_bytes_max: int = 16 * MIB
    """Bytes of the answer cache."""
    answer_bytes_max: int = 1 * MIB
    """Of one answer that the cache takes."""
    http_bytes_max: int = 8 * KIB
    """Of the head of an HTTP request; a longer one is answered with 431."""
    http_timeout_s: float = 5.0
    """For an HTTP request to arrive; a slower one is answered with 408."""
    http_requests_max: int = 32
    """HTTP requests at one time; one more is answered with 503, and beyond twice as many the line is cut."""
