"""The grammar of OceanBase's own statements, one family a file, and of what clients say to any MySQL server."""
