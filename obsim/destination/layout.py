"""Directories and file names of a destination, as each version has them (engine.md 6.1, 6.2).

Three trees differ: the plain one of 4.0 and 4.1 (no suffixes, one info directory for minor and major data), the split
one of 4.2 and 4.3 up to 4.3.1, and the fused one from 4.3.2 on (user data instead of minor and major data). Names are
relative to the destination's root, with `/` between them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from obsim.ids import display_time
from obsim.versions import BackupTree, VersionProfile

__all__ = ["INDEXES", "Layout", "SetName", "time_in_name"]

INDEXES = ("macro_range_index", "meta_index", "sec_meta_index")
"""The three indexes over the data files, of a log stream's directory and of the tenant."""


def time_in_name(time_ns: int) -> str:
    """`YYYYMMDDThhmmss` at +08:00."""
    return display_time(time_ns, digits=0).replace("-", "").replace(":", "").replace(" ", "T")


@dataclass(frozen=True, slots=True)
class SetName:
    """What the name of a set is made of."""

    backup_set_id: int
    full: bool

    @property
    def text(self) -> str:
        """`backup_set_<N>_<full|inc>`: its directory."""
        return f"backup_set_{self.backup_set_id}_{'full' if self.full else 'inc'}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Names by a version's rules."""

    tree: BackupTree
    keeps_parameters: bool
    """Whether a set has a file `tenant_parameter`."""

    @classmethod
    def of(cls, profile: VersionProfile) -> "Layout":
        """The names of a version."""
        return cls(profile.backup_tree, profile.keeps_parameters)

    @property
    def suffix(self) -> str:
        """What ends the name of every file of a data destination."""
        return "" if self.tree is BackupTree.PLAIN else ".obbak"

    @property
    def archive_suffix(self) -> str:
        """What ends the name of a file of an archive destination, but for format and check files."""
        return "" if self.tree is BackupTree.PLAIN else ".obarc"

    # The root.

    @property
    def format_file(self) -> str:
        """The file that says whose destination it is."""
        return f"format{self.suffix}"

    def check_file(self, tenant_id: int, at_ns: int) -> str:
        """A file that was written to find out whether one may."""
        return f"check_file/{tenant_id}_connect_file_{time_in_name(at_ns)}{self.suffix}"

    # Sets.

    def start_placeholder(self, name: SetName) -> str:
        """Says that a set was begun."""
        return f"backup_sets/{name.text}_start{self.suffix}"

    def end_placeholder(self, name: SetName, min_restore_scn: int, *, succeeded: bool) -> str:
        """Says how a set ended, and from which moment on it can be restored to."""
        end = "success" if succeeded else "failed"
        return f"backup_sets/{name.text}_end_{end}_{time_in_name(min_restore_scn)}{self.suffix}"

    def inner_placeholder(self, name: SetName, start_scn: int, end_scn: int) -> str:
        """The moments of a set, for whoever looks into its directory."""
        span = f"{time_in_name(start_scn)}_{time_in_name(end_scn)}"
        return f"{name.text}/{name.text}_{span}{self.suffix}"

    def set_info(self, name: SetName) -> str:
        """The row of a set: written last but for the placeholders, so a set that has it is whole."""
        return f"{name.text}/single_backup_set_info{self.suffix}"

    def tenant_set_infos(self, name: SetName) -> str:
        """The rows of all sets of the tenant up to this one."""
        return f"{name.text}/tenant_backup_set_infos{self.suffix}"

    def content_file(self, name: SetName) -> str:
        """Where a set keeps what a restore needs besides its blocks."""
        return self.info(name, "meta_info/ls_meta_infos")

    def info(self, name: SetName, file: str) -> str:
        """A file of `infos/`."""
        return f"{name.text}/infos/{file}{self.suffix}"

    def general_infos(self, meta_turn_id: int, snapshot_scn: int) -> list[str]:
        """The files of `infos/` that do not go by data, without suffix; besides there is the content file.

        A set that failed has no snapshot (0), and so no list of tables.
        """
        files = ["diagnose_info", "locality_info", f"meta_info/ls_attr_info.{meta_turn_id}"]
        if self.tree is not BackupTree.PLAIN:
            files.append("meta_info/root_key")
        if snapshot_scn and self.tree is not BackupTree.PLAIN:
            files += [f"table_list/table_list_meta_info.{snapshot_scn}", f"table_list/table_list.{snapshot_scn}.1"]
        if self.keeps_parameters:
            files.append("tenant_parameter")
        return files

    def data_infos(self, turns: Iterable[tuple[str, int]]) -> list[str]:
        """The files of `infos/` about data of (type, turn), type minor or major, without suffix; each file once."""
        files: dict[str, None] = {}
        for data_type, turn_id in turns:
            directory = f"{self._info_word(data_type)}_info_turn_{turn_id}"
            files[f"{directory}/tablet_log_stream_info"] = None
            stem = self.data_word(data_type) if self.tree is BackupTree.FUSED else f"{data_type}_data"
            files |= dict.fromkeys(f"{directory}/tenant_{stem}_{index}.0" for index in INDEXES)
        return list(files)

    def _info_word(self, data_type: str) -> str:
        return "data" if self.tree is BackupTree.PLAIN else self.data_word(data_type)

    def data_word(self, data_type: str) -> str:
        """`minor_data`, `major_data`, `sys_data`; where minor and major are fused, `user_data` for both."""
        fused = self.tree is BackupTree.FUSED and data_type in {"minor", "major"}
        return "user_data" if fused else f"{data_type}_data"

    def stream_directory(self, name: SetName, log_stream_id: int, what: str, turn_id: int, retry_id: int) -> str:
        """A directory of a log stream; `what` is `meta_info`, `fused_meta_info` or what `data_word` says."""
        return f"{name.text}/logstream_{log_stream_id}/{what}_turn_{turn_id}_retry_{retry_id}"

    def stream_metas(self, name: SetName, log_stream_id: int, turn_id: int) -> list[str]:
        """The files about a log stream's tablets; where data is fused there is what came of fusing them, too."""
        directory = self.stream_directory(name, log_stream_id, "meta_info", turn_id, 0)
        files = [f"{directory}/ls_meta_info{self.suffix}", f"{directory}/tablet_info.1{self.suffix}"]
        if self.tree is BackupTree.FUSED:
            fused = self.stream_directory(name, log_stream_id, "fused_meta_info", turn_id, 0)
            files.append(f"{fused}/tablet_info.1{self.suffix}")
        return files

    def data_file(self, file_id: int) -> str:
        """A data file of a log stream's directory."""
        return f"macro_block_data.{file_id}{self.suffix}"

    def stream_indexes(self) -> list[str]:
        """The indexes behind the data files of a directory."""
        return [f"{index}{self.suffix}" for index in INDEXES]

    # Archive.

    def round_placeholder(self, dest_id: int, round_id: int, *, start: bool) -> str:
        """Says that a round was begun, or has ended."""
        return f"rounds/round_d{dest_id}r{round_id}_{'start' if start else 'end'}{self.archive_suffix}"

    def piece_name(self, dest_id: int, round_id: int, piece_id: int) -> str:
        """The directory of a piece."""
        return f"piece_d{dest_id}r{round_id}p{piece_id}"

    def piece_placeholder(self, piece: str, scn: int, *, start: bool) -> str:
        """Says that a piece was begun, or is frozen."""
        return f"pieces/{piece}_{'start' if start else 'end'}_{time_in_name(scn)}{self.archive_suffix}"

    def piece_inner_placeholder(self, piece: str, start_scn: int, end_scn: int) -> str:
        """The moments of a frozen piece."""
        return f"{piece}/{piece}_{time_in_name(start_scn)}_{time_in_name(end_scn)}{self.archive_suffix}"

    def piece_file(self, piece: str, file: str) -> str:
        """A file of a piece's directory."""
        return f"{piece}/{file}{self.archive_suffix}"
