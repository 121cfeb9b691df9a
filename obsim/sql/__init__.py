"""Reading SQL: the tokens, the grammar of OceanBase's own statements, and the evaluator of queries."""
