using Microsoft.Data.Sqlite;

namespace KubeFlex.Storage.Dialects.Sqlite;

/// <summary>What happens to the tables inside a transaction, with prepared statements. One caller at a time.</summary>
internal sealed class SqliteTables : IDisposable
{
    /// <summary>Rows of a deleted store that go in one transaction.</summary>
    private const int PurgeRows = 1_000;

    /// <summary>Pages given back to the file system in one transaction.</summary>
    private const int ReclaimPages = 256;

    private readonly SqliteConnection connection;
    private readonly string path;
    private readonly List<SqliteCommand> commands = [];
    private readonly SqliteStatement epoch, insert, remove, unpack;
    private readonly SqliteCommand begin, commit, rollback, compact, take, last, before, drop, purge, forget, free, pages, named, rename, grant, revoke, leases, revokeAll;

    public SqliteTables(SqliteConnection connection, string path)
    {
        (this.connection, this.path) = (connection, path);
        begin = Prepare("begin immediate");
        commit = Prepare("commit");
        rollback = Prepare("rollback");
        epoch = new(connection, "select epoch from store where id = ?1 and name is not null");
        insert = new(connection, SqliteSchema.Insert("insert"));
        remove = new(connection, $"delete from log where id = ?1 and kind <> {LogPack.Kind}");
        unpack = new(connection, "delete from log where id = ?1");
        compact = Prepare("update store set compacted = $compacted where id = $id", "$compacted", "$id");
        take = Prepare(
            """
            insert into store (name, owner, epoch, compacted, created) values ($name, $owner, 1, 0, $now)
            on conflict (name) do update set owner = excluded.owner, epoch = epoch + 1
            returning id, epoch, compacted
            """,
            "$name", "$owner", "$now");
        last = Prepare($"select case kind when {LogPack.Kind} then version else id end, revision from log where id >= $first and id < $end order by id desc limit 1", "$first", "$end");
        before = Prepare("select id, kind, value from log where id >= $first and id <= $last order by id desc limit 1", "$first", "$last");
        drop = Prepare("update store set name = null, epoch = epoch + 1 where id = $id", "$id");
        purge = Prepare($"delete from log where id in (select id from log where id >= $first and id < $end limit {PurgeRows})", "$first", "$end");
        forget = Prepare("delete from store where id = $id and name is null", "$id");
        named = Prepare("select id from store where name = $name", "$name");
        rename = Prepare("update store set name = $name where id = $id", "$name", "$id");
        free = Prepare("pragma freelist_count");
        pages = Prepare("pragma page_count");
        grant = Prepare("insert or replace into lease (store, id, ttl, expires) values ($store, $id, $ttl, $expires)", "$store", "$id", "$ttl", "$expires");
        revoke = Prepare("delete from lease where store = $store and id = $id", "$store", "$id");
        leases = Prepare("select id, ttl, expires from lease where store = $store", "$store");
        revokeAll = Prepare("delete from lease where store = $store", "$store");
    }

    /// <summary>Runs work as one transaction, which is gone when the work or the commit fails.</summary>
    public void Transact(Action work)
    {
        begin.ExecuteNonQuery();
        try
        {
            work();
            commit.ExecuteNonQuery();
        }
        catch
        {
            Undo();
            throw;
        }
    }

    /// <summary>Writes a store's part of a batch, unless it is fenced; answers whether rows went.</summary>
    public bool Append(StoreWrites store)
    {
        // One statement per store and batch: the fence against a former owner that does not know yet.
        if (EpochOf(store.Store) != store.Epoch)
        {
            store.Fenced = true;
            return false;
        }
        foreach (var change in store.Changes)
        {
            SqliteSchema.Bind(insert, store.Store, change);
            insert.Run();
        }
        Remove(store.Store, store.Removed);
        foreach (var lease in store.Leases) Write(store.Store, lease);
        if (store.Compacted > 0) Execute(compact, store.Compacted, store.Store);
        return store.Removed.Count > 0;
    }

    /// <summary>Takes a store over.</summary>
    public void Claim(StoreClaim claim)
    {
        take.Parameters[0].Value = claim.Name;
        take.Parameters[1].Value = claim.Owner;
        take.Parameters[2].Value = claim.Now;
        long id, taken, compacted;
        using (var reader = take.ExecuteReader())
        {
            reader.Read();
            (id, taken, compacted) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
        }
        last.Parameters[0].Value = SqliteSchema.FirstId(id);
        last.Parameters[1].Value = SqliteSchema.FirstId(id + 1);
        using var end = last.ExecuteReader();
        // A store never written to is at revision 1, as in etcd.
        claim.Row = end.Read()
            ? new(id, taken, compacted, end.GetInt64(1), SqliteSchema.Sequence(end.GetInt64(0)))
            : new(id, taken, compacted, 1, 0);
        leases.Parameters[0].Value = id;
        using var held = leases.ExecuteReader();
        while (held.Read()) claim.Leases.Add(new(held.GetInt64(0), held.GetInt64(1), held.GetInt64(2)));
    }

    /// <summary>Gives stores their names, all or none.</summary>
    public void Rename(IReadOnlyList<StoreRename> renames)
    {
        foreach (var one in renames)
        {
            one.Fenced = EpochOf(one.Store) != one.Epoch;
        }
        if (renames.Any(one => one.Fenced)) return;
        foreach (var one in renames)
        {
            named.Parameters[0].Value = one.Name;
            if (named.ExecuteScalar() is long old)
            {
                Execute(drop, old);
                one.Replaced = old;
            }
            rename.Parameters[0].Value = one.Name;
            rename.Parameters[1].Value = one.Store;
            rename.ExecuteNonQuery();
        }
    }

    /// <summary>Takes a store's name away.</summary>
    public void Drop(long store) => Execute(drop, store);

    /// <summary>Removes some rows of a deleted store; answers whether there were any.</summary>
    public bool Purge(StorePurge store)
    {
        purge.Parameters[0].Value = SqliteSchema.FirstId(store.Store);
        purge.Parameters[1].Value = SqliteSchema.FirstId(store.Store + 1);
        var rows = purge.ExecuteNonQuery();
        if (rows < PurgeRows)
        {
            Execute(revokeAll, store.Store);
            Execute(forget, store.Store);
            store.Done = true;
        }
        return rows > 0;
    }

    /// <summary>Gives pages back once a quarter of the file is unused; less stays for what is written next.</summary>
    public void Reclaim()
    {
        var unused = Convert.ToInt64(free.ExecuteScalar(), null);
        if (unused > ReclaimPages && unused * 4 > Convert.ToInt64(pages.ExecuteScalar(), null))
            SqliteSchema.Execute(connection, $"pragma incremental_vacuum({ReclaimPages})");
    }

    /// <summary>Null for a deleted store.</summary>
    public long? EpochOf(long store)
    {
        epoch.Bind(1, store);
        return epoch.Number();
    }

    public void Dispose()
    {
        foreach (var command in commands) command.Dispose();
        epoch.Dispose();
        insert.Dispose();
        remove.Dispose();
        unpack.Dispose();
    }

    private void Remove(long store, List<long> sequences)
    {
        List<long>? packed = null;
        foreach (var sequence in sequences)
        {
            remove.Bind(1, SqliteSchema.Id(store, sequence));
            if (remove.Run() == 0) (packed ??= []).Add(sequence);
        }
        if (packed is null) return;
        packed.Sort();
        // From the end on, each with all others of its pack.
        while (packed.Count > 0)
        {
            var (first, rows) = PackAt(store, packed[^1]);
            var gone = packed.FindAll(sequence => sequence >= first);
            packed.RemoveRange(packed.Count - gone.Count, gone.Count);
            // What is nowhere is gone already.
            if (rows.RemoveAll(row => gone.BinarySearch(row.Sequence) >= 0) == 0) continue;
            unpack.Bind(1, SqliteSchema.Id(store, first));
            unpack.Run();
            LogPack.Write(insert, store, rows);
        }
    }

    /// <summary>The pack that may hold a row: its first sequence number and its rows; the row's own number and none when it is in no pack.</summary>
    private (long First, List<KeyValue> Rows) PackAt(long store, long sequence)
    {
        before.Parameters[0].Value = SqliteSchema.FirstId(store);
        before.Parameters[1].Value = SqliteSchema.Id(store, sequence);
        using var reader = before.ExecuteReader();
        var rows = new List<KeyValue>();
        if (!reader.Read() || reader.GetInt64(1) != LogPack.Kind) return (sequence, rows);
        LogPack.Open(reader.GetFieldValue<byte[]>(2), rows.Add);
        return (SqliteSchema.Sequence(reader.GetInt64(0)), rows);
    }

    private void Write(long store, LeaseRow lease)
    {
        if (lease.Ttl == 0)
        {
            Execute(revoke, store, lease.Id);
            return;
        }
        var p = grant.Parameters;
        (p[0].Value, p[1].Value, p[2].Value, p[3].Value) = (store, lease.Id, lease.Ttl, lease.Expires);
        grant.ExecuteNonQuery();
    }

    private void Undo()
    {
        try
        {
            rollback.ExecuteNonQuery();
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself (full disk, I/O error).
        }
    }

    private static void Execute(SqliteCommand command, long value)
    {
        command.Parameters[0].Value = value;
        command.ExecuteNonQuery();
    }

    private static void Execute(SqliteCommand command, long first, long second)
    {
        command.Parameters[0].Value = first;
        command.Parameters[1].Value = second;
        command.ExecuteNonQuery();
    }

    private SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters) command.Parameters.AddWithValue(name, DBNull.Value);
        try
        {
            command.Prepare();
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Explain(e, path);
        }
        commands.Add(command);
        return command;
    }
}
