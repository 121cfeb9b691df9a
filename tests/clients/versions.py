"""Which versions of the clients are installed, printed as fixtures/clients/versions.tsv.

    python -m tests.clients.versions > fixtures/clients/versions.tsv
"""

from tests.clients.kinds import CLIENTS

COMMAND = "python -m tests.clients.versions > fixtures/clients/versions.tsv"


def lines() -> list[str]:
    """The file's lines, one a client; a client under two names counts once."""
    found = {
        kind.listed: f"{kind.listed}\t{kind.language}\t{kind.version()}\t{'yes' if kind.tls else 'no'}"
        for kind in CLIENTS.values()
    }
    return ["# name\tlanguage\tversion it was run with\tTLS", *found.values()]


if __name__ == "__main__":
    print("\n".join(lines()))
