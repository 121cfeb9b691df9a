"""From sqlglot's tree of a MySQL query to SQLite's text of it: names, operators, calls, clauses."""
