"""What can be restored from a tenant's backups, and the restore itself (engine.md 7).

Between what destinations hold and a restore stands one frozen value, `catalogue.Catalogue`: of one tenant, the sets of
one data destination, the pieces of one archive destination, and the log in them. Where it comes from is nobody's
business here: from the tenants of this cluster (`obsim.cluster.backup_sources`), or from files that another cluster
wrote. Who reads files has to make

- `sets`: rows as `BackupSet`, each usable one with a `SetContent`. Of that a restore reads `picture` (tablets, rows in
  memory, mini and minor blocks at the snapshot), `facts` (accounts, variables) and `compactions`: a set stores those of
  `blocks.compactions[base_epoch:epoch]`, so the list of a set is the list of its base (`base_id`) and its own after it;
- `pieces`: rows as `ArchivePiece`, None where no archive destination is named;
- `log`: the `LogEntry` values of those pieces in order; a piece holds the entries with start_scn <= scn < end_scn.

`plan.plan_restore` chooses sets and pieces, `rebuild.rebuild` makes storage of them, `job` takes its time over it.
"""
