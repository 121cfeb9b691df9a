"""The index of a set: for every block it describes, which set stores it and where (engine.md 2.1, 2.6: 10 to 12).

A set's index covers its own blocks and those of its base's index, so a block is found by going from set to base until
one of them stores it: nothing that was live at the set's snapshot was written after the base's unless the set has it.
"""

from collections.abc import Iterator, Mapping

from pyroaring import BitMap64

from obsim.backup.content import Location
from obsim.backup.set import BackupSet
from obsim.ids import BackupSetId

__all__ = ["chain_of", "holders", "locations", "stored_counts"]


def chain_of(sets: Mapping[BackupSetId, BackupSet], backup_set: BackupSet) -> Iterator[BackupSet]:
    """The set, its base, the base of that, down to a full one: where the blocks it describes may be stored."""
    link: BackupSet | None = backup_set
    while link is not None:
        yield link
        link = sets.get(link.base_id)


def holders(sets: Mapping[BackupSetId, BackupSet], backup_set: BackupSet) -> Iterator[tuple[BackupSet, BitMap64]]:
    """Each set of the chain with the positions, of those that `backup_set` describes, that it stores."""
    if backup_set.content is None:
        return
    left = BitMap64(backup_set.content.live)
    for link in chain_of(sets, backup_set):
        held = link.copied & left
        if held:
            yield link, held
            left -= held


def stored_counts(sets: Mapping[BackupSetId, BackupSet], backup_set: BackupSet) -> dict[BackupSetId, int]:
    """How many of the blocks that `backup_set` describes lie in each set: fit for any size."""
    return {link.backup_set_id: len(held) for link, held in holders(sets, backup_set)}


def locations(
    sets: Mapping[BackupSetId, BackupSet], backup_set: BackupSet, positions: BitMap64 | None = None
) -> dict[int, Location]:
    """Where each position that `backup_set` describes is stored, or of those in `positions`; one entry a block."""
    found: dict[int, Location] = {}
    for link, held in holders(sets, backup_set):
        if link.content is not None:
            found.update(link.content.locate(link.backup_set_id, held if positions is None else held & positions))
    return found
