"""What all statements of OceanBase's own grammar have in common."""

from obsim.statements.text import masked

__all__ = ["AlterSystem", "BackupStatement"]


class BackupStatement:
    """A statement that our own grammar produces; SELECT, SHOW and SET of variables are in `obsim.client_statements`."""

    __slots__ = ()

    def sql(self) -> str:
        """The statement as SQL; parsing it gives the statement again."""
        raise NotImplementedError

    def masked_sql(self) -> str:
        """The statement for logs and reports: passwords and access keys are `***`."""
        return masked(self.sql())


class AlterSystem(BackupStatement):
    """An ALTER SYSTEM statement that obsim models: the cluster carries it out, and a stepping clock counts it."""

    __slots__ = ()
