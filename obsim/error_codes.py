"""Codes that work ends with, under their symbols: what RESULT columns hold and what decides about another attempt.

Their numbers stand in `error_table`. An error that a client gets is made by its symbol instead (`errors.error`).
"""

from typing import Final

from obsim.errors import code_of

OB_IO_ERROR: Final = code_of("OB_IO_ERROR")
OB_TIMEOUT: Final = code_of("OB_TIMEOUT")
OB_NOT_MASTER: Final = code_of("OB_NOT_MASTER")
OB_ERR_UNEXPECTED: Final = code_of("OB_ERR_UNEXPECTED")
OB_ENTRY_EXIST: Final = code_of("OB_ENTRY_EXIST")
OB_INVALID_DATA: Final = code_of("OB_INVALID_DATA")
OB_CANCELED: Final = code_of("OB_CANCELED")
OB_CHECKSUM_ERROR: Final = code_of("OB_CHECKSUM_ERROR")
OB_VERSION_NOT_MATCH: Final = code_of("OB_VERSION_NOT_MATCH")
OB_LS_NOT_EXIST: Final = code_of("OB_LS_NOT_EXIST")
OB_TABLE_NOT_EXIST: Final = code_of("OB_TABLE_NOT_EXIST")
OB_TENANT_NOT_EXIST: Final = code_of("OB_TENANT_NOT_EXIST")
OB_BACKUP_FILE_NOT_EXIST: Final = code_of("OB_BACKUP_FILE_NOT_EXIST")
OB_LOG_ARCHIVE_INTERRUPTED: Final = code_of("OB_LOG_ARCHIVE_INTERRUPTED")
OB_LOG_ARCHIVE_NOT_RUNNING: Final = code_of("OB_LOG_ARCHIVE_NOT_RUNNING")
OB_BACKUP_IN_PROGRESS: Final = code_of("OB_BACKUP_IN_PROGRESS")
OB_BACKUP_CAN_NOT_START: Final = code_of("OB_BACKUP_CAN_NOT_START")
OB_BACKUP_DELETE_BACKUP_PIECE_NOT_ALLOWED: Final = code_of("OB_BACKUP_DELETE_BACKUP_PIECE_NOT_ALLOWED")
OB_BACKUP_DEST_NOT_CONNECT: Final = code_of("OB_BACKUP_DEST_NOT_CONNECT")
OB_BACKUP_PERMISSION_DENIED: Final = code_of("OB_BACKUP_PERMISSION_DENIED")
OB_BACKUP_FORMAT_FILE_NOT_EXIST: Final = code_of("OB_BACKUP_FORMAT_FILE_NOT_EXIST")
OB_BACKUP_FORMAT_FILE_NOT_MATCH: Final = code_of("OB_BACKUP_FORMAT_FILE_NOT_MATCH")
OB_BACKUP_DEVICE_OUT_OF_SPACE: Final = code_of("OB_BACKUP_DEVICE_OUT_OF_SPACE")
OB_CLOG_RECYCLE_BEFORE_ARCHIVE: Final = code_of("OB_CLOG_RECYCLE_BEFORE_ARCHIVE")
