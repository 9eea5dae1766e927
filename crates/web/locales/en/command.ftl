# What the administrator's commands say
file-missing = { $file } is not there
file-denied = { $file } may not be read or written by this user: run the command as the county's user
file-full = { $file } could not be written: no room is left on that disk. Clear some or choose another place, then run it again
file-fault = { $file }: { $why }
system-full = no room is left on the disk: clear some, then run it again ({ $why })
system-fault = the system says: { $why }
data-needed = give --data DIR too: the files and the master key lie in a directory, not in the database

# What stands in a directory
place-nothing = { $dir } holds no county; load one first, or run the demo
place-restoring = a restore (or move) into { $dir } was cut off, no county is there yet: run it again with the same backup; it begins from the start
place-taken = { $dir } is being rebuilt, restored or given a new key: wait until that has ended
place-served = a server runs on { $dir } or a backup is being made of it: stop it first
place-emptied = the database of the county in { $dir } is empty, its content is gone: restore the newest backup (gongzhi restore --data { $dir }). Nothing was changed
place-lost = the database of the county in { $dir } is gone ({ $left } is still there): restore the newest backup (gongzhi restore --data { $dir }). If another county is meant, take another directory. Nothing was changed
place-held = { $dir } holds a county already: nothing was changed; choose another directory
place-left = { $dir } holds { $left } of another database: move it aside, then run it again
database-empty = the database holds no county; load one first
database-lost = the database holds no county { $county }, although { $dir } holds { $left } of one: look whether the address is right; else the county is gone: restore the newest backup. If another county is meant, take another directory. Nothing was changed
database-other = the database holds no county { $county }; it holds { $held }
database-several = the database holds several counties: choose one with --county ({ $held })

# What goes wrong in a database
store-full = no room is left for the database: clear some or add room, then run it again; nothing was changed
store-conflict = another writer came first: run it again
store-corrupt = the database is damaged: { $why }. Look with gongzhi doctor --deep; if only lists, figures or search are concerned, gongzhi rebuild writes them anew, otherwise restore the newest backup (gongzhi restore)
store-rotating = the county's keys are being changed: wait until that has ended, then start again
store-held = others are connected to the county: { $by }
store-held-others = others are connected to the county: { $by }: stop these first; what no longer answers is cut off with --cut-off and then has to be started again
store-cut-off = the county's keys were changed while this server was away, so that it was cut off: start it again
store-away = PostgreSQL cannot be reached: { $why }. Look whether it runs and whether the address is right, then run it again
store-engine = the database failed: { $why }

# The master key
key-unreadable = the master key cannot be read from { $at }: { $why }; put your copy of it back, or give it as { $variable }
key-none = { $at } holds no master key (64 hexadecimal digits)
key-unwritten = the master key cannot be written to { $at }: { $why }
key-foreign = the master key is not the one of this county: nothing was changed; use the key kept when it was loaded
key-other = { $file } holds another master key: move it aside and restore again
rotate-variable = the master key comes from { $variable }: write it into { $file } in the data directory, unset the variable, and rotate
rotate-old = the old key is kept in { $file }: backups made before open only with it
rotated = { $keys } keys and { $secrets } secrets are wrapped by the new master key
rotate-copy = put a copy of { $file } where the backups are not

# Backup, restore, move
archive-damaged = the archive is damaged: { $why }; use another backup
archive-list = the list of erasures { $why }: write it again (gongzhi erasures export) or take another copy of it; nothing is wrong with the backup, and nothing was changed
archive-other-list = the list of erasures is of county { $list }, this county is { $held }: give its own list; nothing was changed
archive-newer = the archive was written by a newer version (format { $format }): install that version
archive-not-empty = the target holds a county with { $n } entries already: nothing was changed; choose another one
archive-no-recipient = `{ $given }` is no recipient (age1…): gongzhi backup keygen makes one
archive-no-identity = the file holds no identity (AGE-SECRET-KEY-1…): give the one that gongzhi backup keygen wrote
archive-locked = the archive is encrypted to other recipients: give the identity of one
archive-no-key = the archive holds no master key: give the county's with --master-key FILE
archive-moved = the source went on while it was moved: stop its server and move it again
backup-where = say where to: --to FILE
backup-rotating = the master key is being changed: let that end, then back up
backup-no-files = without --data DIR the archive holds no attachments
backup-there = { $file } is there already: choose another name
backup-damaged = the attachment { $file } is damaged on the disk and not in the archive
backup-missing = the attachment { $file }, which an entry names, is not on the disk and not in the archive
backed-up = { $entries } entries, { $answers } answers, { $keys } keys, { $files } files; root { $root }
restored = { $entries } entries verified and restored, { $answers } answers, { $keys } keys, { $files } files; root { $root }
restored-erased = { $n } keys stayed destroyed, as the list of erasures says
restored-no-list = no list of erasures was given: what was erased after this backup was made can be read again; see gongzhi erasures
moved = { $entries } entries moved, { $answers } answers, { $keys } keys, { $files } files; root { $root } unchanged
move-missing = the attachment { $file }, which an entry names, is not in the source
move-damaged = the attachment { $file } is damaged in the source and was not moved
move-left = { $waiting } messages that wait to be sent and { $dead } dead letters stay in the source: serve it until they are sent, then move, if people must have them
move-source = the source is as it was; serve only one of the two
erasures-listed = { $n } erasures up to entry { $size }
erasures-applied = { $n } keys destroyed
seen-older = the ledger holds { $held } entries, but { $size } were seen here: an older state was put in its place; restore a newer backup, or, if it is meant, move { $file } aside
seen-other = the ledger's first { $size } entries are not those that were seen here: it was exchanged or changed; run gongzhi doctor and gongzhi verify, or, if it is meant, move { $file } aside

# Load, rebuild, recount and the rest
loaded = county { $county } is loaded: { $documents } mechanism documents, { $entries } entries in the ledger
load-file = { $file } cannot be read: { $why }
load-row = { $file }, line { $line }: { $why }
load-documents = the documents have faults:
    { $faults }
demo-no-counties = no county's files lie under counties/ here: run the demo in the program's repository, or name them with --county DIR and --mechanisms DIR
clock-behind = this machine's clock is { $minutes } minutes before the last entry: set it right (NTP); if it is right and the entry is dated ahead, run gongzhi log resume
progress = { $what }: { $done } of { $of } ({ $share } %), { $rate } a second
progress-rebuild = rebuilding
progress-restore = restoring
progress-recount = recounting
progress-entries = entries
progress-answers = answers
progress-keys = keys
progress-files = attachments
rebuilt = { $entries } entries, { $records } records, { $figures } figures rebuilt, { $rate } entries a second
rebuild-cannot = lists and figures cannot be written anew, the database itself is damaged: { $why }. Restore the newest backup (gongzhi restore)
recounted = { $entries } entries, { $records } records, { $figures } figures compared, { $differ } differ; { $others } differ of the rest
recount-figure = kept { $kept }, counted { $counted }
recount-strange = kept otherwise than its entries say
recount-no-key = without the master key (--data DIR) receipt codes are not compared
recount-moved = entries came while it counted: stop the server and count again before you rebuild
recount-rebuild = gongzhi rebuild writes anew what the entries say
serve-address = { $at } cannot be listened on: { $why }
no-record = there is no record { $record }
no-account = there is no account { $login }
not-checkpoint = { $file } is no checkpoint
not-keys = { $file } is no list of keys, one a line
burden-no-files = { $dir } holds neither volumes.toml nor budget.toml
outgoing-host = `{ $host }` is no name of a host: write it without http:// and path
outgoing-not-allowed = `{ $host }` was not allowed
outgoing-no-mail = no mail server is set: use gongzhi outgoing mail
