"""Backup destinations: URIs, trees and names, records and payloads, and what the core asks of them (engine.md 6).

    uri, archive_setting    what a statement says
    layout                  directories and file names of each version
    records, envelope       what stands in a file, and the checksummed form it has on a medium
    intents, outside        what the core wants done there; outcomes come back as inputs

Everything here is data and arithmetic: whoever touches a medium is `obsim.destination_io`.
"""

from obsim.destination.archive_setting import ArchiveDestination, parse_archive_destination, parse_restore_source
from obsim.destination.uri import HIDDEN_OPTIONS, BackupUri, parse_uri

__all__ = [
    "HIDDEN_OPTIONS", "ArchiveDestination", "BackupUri", "parse_archive_destination", "parse_restore_source",
    "parse_uri",
]  # fmt: skip
