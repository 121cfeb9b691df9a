"""The forms of every statement family in the language of `obsim.sql.grammar.forms`: what the long campaign draws from.

Families that obsim knows by shape bring their forms along; those with a reader of their own have theirs here, and
`test_campaign.py` checks that no reader of the tables is without one.
"""

from obsim.sql.grammar.known import ALTER_SYSTEM_FORMS, TOP_FORMS

_RESTORED = "[FROM text] [until] WITH text keys"
_ACTION = (
    "ha_low_thread_score = { string | integer } [COMMENT string] [SCOPE = { MEMORY | SPFILE | BOTH }] [zone] "
    "[one_tenant]"
)

READER_FORMS: dict[str, tuple[str, ...]] = {
    "ACTIVATE STANDBY": ("ACTIVATE STANDBY [one_tenant] [VERIFY]",),
    "ADD DELETE": (
        "ADD DELETE BACKUP POLICY [=] string [RECOVERY_WINDOW [=] string] [REDUNDANCY [=] integer] [copies] [tenants]",
    ),
    "ADD RESTORE": ("ADD RESTORE SOURCE text",),
    "ARCHIVELOG": ("ARCHIVELOG [tenants] [description]",),
    "BACKUP": ("BACKUP [INCREMENTAL] { DATABASE | [tenants] } [TO [=] string] [PLUS ARCHIVELOG] [description]",),
    "BACKUP KEY": ("BACKUP KEY [tenants] [TO [=] string] [ENCRYPTED BY string]",),
    "CANCEL BACKUP": ("CANCEL BACKUP [tenants]",),
    "CANCEL DELETE": ("CANCEL DELETE BACKUP [tenants] [description]",),
    "CANCEL RECOVER": ("CANCEL RECOVER TABLE name",),
    "CANCEL RESTORE": ("CANCEL RESTORE name",),
    "CHANGE EXTERNAL_STORAGE_DEST": (
        "CHANGE EXTERNAL_STORAGE_DEST PATH [=] string [SET] [ACCESS_INFO [=] string] [ATTRIBUTE [=] string]",
    ),
    "CLEAR RESTORE": ("CLEAR RESTORE SOURCE",),
    "DELETE BACKUPPIECE": ("DELETE BACKUPPIECE integer [COPY integer] [tenants] [description]",),
    "DELETE BACKUPSET": ("DELETE BACKUPSET integer [COPY integer] [tenants] [description]",),
    "DELETE OBSOLETE": ("DELETE OBSOLETE BACKUP [tenants] [description]",),
    "DROP DELETE": ("DROP DELETE BACKUP POLICY [=] string [tenants]",),
    "MAJOR": ("MAJOR FREEZE [tenants] [TABLET_ID = integer]",),
    "MINOR": ("MINOR FREEZE [tenants] [LS [=] integer] [TABLET_ID = integer] [SERVER [=] ( servers )] [zone]",),
    "NOARCHIVELOG": ("NOARCHIVELOG [tenants] [description]",),
    "RECOVER STANDBY": (
        "RECOVER STANDBY [one_tenant] [UNTIL { TIME = string | SCN = integer | UNLIMITED } | CANCEL]",
    ),
    "RECOVER TABLE": (f"RECOVER TABLE any_table,.. TO one_tenant {_RESTORED} [remap..] [DESCRIPTION [=] text]",),
    "RESET": ("RESET ha_low_thread_score [SCOPE = { MEMORY | SPFILE | BOTH }] [one_tenant]",),
    "RESTORE": (
        f"RESTORE name {_RESTORED} [DESCRIPTION [=] text] [PREVIEW]",
        "RESTORE FROM text [until] PREVIEW",
        f"RESTORE any_table,.. FOR name {_RESTORED} [DESCRIPTION [=] text]",
    ),
    "SET": (f"SET {_ACTION}", f"SET {_ACTION} , {_ACTION}"),
    "SWITCHOVER TO": ("SWITCHOVER TO { PRIMARY | STANDBY } [one_tenant] [VERIFY]",),
}
"""Words of the table of readers -> the forms of that family, without ALTER SYSTEM."""

TOP_READER_FORMS = (
    "SET ENCRYPTION ON IDENTIFIED BY string ONLY",
    "SET DECRYPTION IDENTIFIED BY string,..",
    "SHOW PARAMETERS [LIKE string [ESCAPE string]] [one_tenant]",
    "SHOW TENANT [STATUS]",
)


def all_forms() -> tuple[str, ...]:
    """Every form with its leading words, each once and in a fixed order."""
    known = [f"ALTER SYSTEM {form}" for entries in ALTER_SYSTEM_FORMS.values() for _, form, _ in entries]
    known += [form for entries in TOP_FORMS.values() for _, form, _ in entries]
    own = [f"ALTER SYSTEM {form}" for forms in READER_FORMS.values() for form in forms]
    return tuple(dict.fromkeys([*known, *own, *TOP_READER_FORMS]))
