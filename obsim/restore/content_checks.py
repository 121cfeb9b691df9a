"""Whether what a set keeps for a restore can be what a tenant was: types and sums are right, whoever wrote it."""

from obsim.destination.envelope import Damaged
from obsim.storage.macroblocks import SLOT_BITS
from obsim.storage.picture import Picture
from obsim.storage.stored import ContentRecord
from obsim.storage.tablet import Tablet

__all__ = ["check_content"]


def check_content(record: ContentRecord, earlier_count: int) -> None:
    """Raises Damaged. `earlier_count`: compactions of the set's base."""
    own_count = len(record.compactions)
    if (record.base_epoch, record.epoch) != (earlier_count, earlier_count + own_count):
        raise Damaged("its compactions do not go on where its base's end")
    if record.picture is None:
        raise Damaged("it has no picture of the tenant")
    _check_picture(record.picture)


def _check_picture(picture: Picture) -> None:
    """Tablets lie in log streams there are, and places in their tablets: what nobody looks at again."""
    streams, slots = set(picture.log_stream_ids), [tablet.slot for tablet in picture.tablets]
    if not streams or len(streams) < len(picture.log_stream_ids) or min(streams) < 1:
        raise Damaged("its log streams cannot be those of a tenant")
    if len(set(slots)) < len(slots) or not all(0 <= slot < picture.slot_count <= 1 << SLOT_BITS for slot in slots):
        raise Damaged("its tablets cannot be those of a tenant")
    for tablet in picture.tablets:
        if tablet.log_stream_id not in streams or not _possible(tablet):
            raise Damaged(f"tablet {tablet.tablet_id} is nowhere, or has places or bytes that cannot be")


def _possible(tablet: Tablet) -> bool:
    sizes = (tablet.major_block_count, tablet.minor_bytes, tablet.memory_bytes, *(m.size_bytes for m in tablet.mini))
    return 0 <= tablet.next_place <= 1 << SLOT_BITS and min(sizes) >= 0
