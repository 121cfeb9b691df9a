"""The views: what they look like in each version, who sees them, and their rows (views.json, samples.md)."""

from obsim.catalog.catalog import Catalog
from obsim.catalog.model import ColumnDef, Row, Scope, ViewDef
from obsim.catalog.names import KNOWN_BUT_NOT_MODELLED
from obsim.catalog.parameter_views import parameter_columns, parameter_rows

__all__ = [
    "KNOWN_BUT_NOT_MODELLED", "Catalog", "ColumnDef", "Row", "Scope", "ViewDef", "parameter_columns", "parameter_rows",
]
