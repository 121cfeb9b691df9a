"""Commands of the command line, a family a file; `obsim.cli` puts them together.

What a command needs is imported when it runs: a start of a server waits for none of the others.
"""
