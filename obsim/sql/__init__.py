"""Reading SQL: the tokens, the dialect, and the grammar of OceanBase's own statements."""
