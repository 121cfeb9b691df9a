"""What a cluster has been asked to do, kept so that it can be had again.

`record` is one input at its moment, `recorder` notes them as they come, `replay` lets them act on another cluster.
`store` keeps them in a directory, `recovery` makes a cluster of one, `fsck` looks whether it is whole, and `export`
writes and reads them as lines of text.
"""
