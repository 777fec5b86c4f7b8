using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// A batch as SQL: one statement per table however many stores and rows there are, all of them sent at once with BEGIN and COMMIT around, so that
/// the wait is one round trip and one sync of the server's log. Rows of a store count only while its epoch is ours: each batch holds its writer's row
/// until the commit, and a new owner, who changes the epoch, holds the old one's writer's row when it does. So it sees either all or nothing of the old one's last batch, and
/// that one's next batch sees the new epoch. (To lock the rows of all stores of a batch instead took half of the time of one with a thousand.)
/// </summary>
internal sealed class PostgresStatements(PostgresTables tables, PostgresSessions sessions, string writer)
{
    /// <summary>Rows of a deleted store that go in one transaction.</summary>
    private const int PurgeRows = 1_000;

    // Marks the transaction in pg_locks: that is how it is found and ended from another connection, also behind a pooler.
    private readonly long mark = BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.ASCII.GetBytes(writer)));

    // 1/0 undoes a transaction that comes after the fence was raised. Synchronous whatever the role's default is. One statement, since behind a pooler each is parsed and
    // planned anew for every batch.
    private readonly string begin = Begin(tables, "");

    private readonly string beginAnywhere = Begin(tables, ", " + PostgresSessions.Settings("true"));

    private readonly string raise =
        $"""
        insert into {tables.Writer} as w (id, fence, batch, at) values ($1, $2, 0, now())
        on conflict (id) do update set fence = greatest(w.fence, excluded.fence) + 1, at = excluded.at returning fence, batch
        """;

    private readonly string create =
        $"insert into {tables.Store} (name, owner, epoch, compacted, created) select c.name, '', 0, 0, c.now from unnest($1, $2) as c(name, now) order by c.name on conflict (name) do nothing";

    private readonly string claimLock = $"select id from {tables.Store} where name = any($1) or id = any($2) order by id for no key update";

    // Whose stores are taken learns of it by the missing row. One that is giving a sign of life right now holds the row, and we wait and look again.
    private readonly string bury =
        $"delete from {tables.Member} m using {tables.Store} s where s.name = any($1) and m.id = s.owner and m.expires <= clock_timestamp()";

    // Those from whom something may be taken: their batches are over, and their next ones wait for us. What is taken is only theirs.
    private readonly string quiet =
        $"""
        select set_config('kubeflex.quiet', coalesce(string_agg(id, ','), ''), true) from (
            select w.id from {tables.Writer} w where w.id <> $3 and w.id in (
                select s.writer from {tables.Store} s where s.id = any($2)
                or s.name = any($1) and ($4 or s.owner = any($5) or not exists (select from {tables.Member} m where m.id = s.owner))
            ) order by w.id for no key update of w
        ) waited
        """;

    private readonly string claim =
        $"""
        update {tables.Store} s set owner = c.owner, epoch = s.epoch + 1, writer = $4 from unnest($1, $2) as c(name, owner) where s.name = c.name
        and ($3 or s.owner = c.owner or not exists (select from {tables.Member} m where m.id = s.owner))
        and (s.writer is null or s.writer = $4 or s.writer = any(string_to_array(current_setting('kubeflex.quiet'), ',')) or not exists (select from {tables.Writer} w where w.id = s.writer))
        """;

    private readonly string claimed =
        $"""
        select s.name, s.id, s.epoch, s.compacted, l.revision, l.sequence, s.owner, m.url from {tables.Store} s
        left join {tables.Member} m on m.id = s.owner
        left join lateral (select revision, sequence from {tables.Log} where store = s.id order by sequence desc limit 1) l on true where s.name = any($1)
        """;

    private readonly string claimedLeases = $"select s.name, l.id, l.ttl, l.expires from {tables.Store} s join {tables.Lease} l on l.store = s.id where s.name = any($1)";

    private readonly string fenceOnly = $"select s.id from unnest($1, $2) as f(id, epoch) join {tables.Store} s on s.id = f.id and s.epoch = f.epoch where s.name is not null";

    // Keys and values come as one string of bytes, cut up here: an array of them is copied three times over before a row is made of it. For the same reason the
    // arrays are taken apart in the list of columns, where they are not gathered into a table first, and what is not ours is left out by a condition, not a join.
    private readonly string append =
        $"""
        with mine as materialized (
            select s.id from unnest($1, $2) as f(id, epoch) join {tables.Store} s on s.id = f.id and s.epoch = f.epoch where s.name is not null
        ), added as (
            insert into {tables.Log} (store, sequence, revision, create_revision, version, lease, kind, key, value)
            select u.store, u.sequence, u.revision, u.created, u.version, u.lease, u.kind,
                substr($11, u.at, u.key), case when u.kind = 0 then substr($11, u.at + u.key, u.value) end
            from (select unnest($3) as store, unnest($4) as sequence, unnest($5) as revision, unnest($6) as created, unnest($7) as version, unnest($8) as lease,
                unnest($9) as kind, unnest($10) as at, unnest($12) as key, unnest($13) as value) u
            where u.store in (select id from mine)
        )
        select id from mine
        """;

    // The epochs of our stores do not move while we hold our writer's row.
    private readonly string remove =
        $"""
        delete from {tables.Log} l using unnest($1, $2, $3) as r(store, epoch, sequence), {tables.Store} s
        where l.store = r.store and l.sequence = r.sequence and s.id = r.store and s.epoch = r.epoch and s.name is not null
        """;

    private readonly string revoke =
        $"""
        delete from {tables.Lease} l using unnest($1, $2, $3) as r(store, epoch, id), {tables.Store} s
        where l.store = r.store and l.id = r.id and s.id = r.store and s.epoch = r.epoch and s.name is not null
        """;

    private readonly string grant =
        $"""
        insert into {tables.Lease} (store, id, ttl, expires) select g.store, g.id, g.ttl, g.expires from unnest($1, $2, $3, $4, $5) as g(store, epoch, id, ttl, expires)
        join {tables.Store} s on s.id = g.store and s.epoch = g.epoch and s.name is not null
        on conflict (store, id) do update set ttl = excluded.ttl, expires = excluded.expires
        """;

    private readonly string compact =
        $"update {tables.Store} s set compacted = c.compacted from unnest($1, $2, $3) as c(id, epoch, compacted) where s.id = c.id and s.epoch = c.epoch and s.name is not null";

    // Only if all of a list are still ours. Two statements, since the name must be free before it is given.
    private readonly string vacate =
        $"""
        update {tables.Store} s set name = null, epoch = s.epoch + 1 from unnest($1, $2, $3) as r(id, epoch, name) where s.name = r.name and s.id <> r.id
        and (select count(*) from unnest($1, $2) as f(id, epoch) join {tables.Store} t on t.id = f.id and t.epoch = f.epoch where t.name is not null) = cardinality($1)
        returning r.id, s.id
        """;

    private readonly string rename =
        $"""
        update {tables.Store} s set name = r.name from unnest($1, $2, $3) as r(id, epoch, name) where s.id = r.id
        and (select count(*) from unnest($1, $2) as f(id, epoch) join {tables.Store} t on t.id = f.id and t.epoch = f.epoch where t.name is not null) = cardinality($1)
        returning s.id
        """;

    private readonly string drop = $"update {tables.Store} set name = null, epoch = epoch + 1 where id = any($1) and name is not null";

    private readonly string purge =
        $"delete from {tables.Log} where store = $1 and sequence <= (select max(sequence) from (select sequence from {tables.Log} where store = $1 order by sequence limit {PurgeRows}) first)";

    private readonly string purgeLeases = $"delete from {tables.Lease} l where l.store = $1 and not exists (select from {tables.Log} where store = $1)";

    private readonly string forget = $"delete from {tables.Store} where id = $1 and name is null and not exists (select from {tables.Log} where store = $1)";

    private readonly string remains = $"select id from {tables.Store} where id = any($1)";

    private static string Begin(PostgresTables tables, string settings) =>
        $"""
        with mine as (
            insert into {tables.Writer} as w (id, fence, batch, at) values ($1, $2, $3, now())
            on conflict (id) do update set batch = excluded.batch, at = excluded.at where w.fence = $2
            returning 1
        )
        select 1 / (select count(*) from mine), case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', true) end, pg_advisory_xact_lock($4){settings}
        """;

    /// <summary>Runs the batch as one transaction and fills in its outcomes.</summary>
    public void Execute(NpgsqlConnection connection, WriteBatch batch, long fence, long number)
    {
        using var sql = new NpgsqlBatch(connection);
        // In the order of the statements that answer with rows.
        var answers = new List<Action<NpgsqlDataReader>?>();
        void Add(string text, params ReadOnlySpan<NpgsqlParameter> parameters)
        {
            var command = new NpgsqlBatchCommand(text);
            foreach (var parameter in parameters) command.Parameters.Add(parameter);
            sql.BatchCommands.Add(command);
        }
        void Ask(Action<NpgsqlDataReader>? answer, string text, params ReadOnlySpan<NpgsqlParameter> parameters)
        {
            Add(text, parameters);
            answers.Add(answer);
        }

        // The role's default may be another level, at which a taken-over store's last rows would not be seen.
        Add("begin isolation level read committed");
        var lasting = sessions.Last(connection);
        Ask(null, lasting ? begin : beginAnywhere, Value(writer), Value(fence), Value(number), Value(mark));
        var owned = new HashSet<long>();
        var renames = batch.Renames.SelectMany(list => list).ToList();
        if (batch.Claims.Count > 0 || batch.Drops.Count > 0 || renames.Count > 0)
        {
            if (batch.Claims.Count > 0)
            {
                var first = batch.Claims.DistinctBy(store => store.Name, StringComparer.Ordinal).ToList();
                Add(create, Value(first.Select(store => store.Name).ToArray()), Value(first.Select(store => store.Now).ToArray()));
            }
            var names = Value(Names(batch).Concat(renames.Select(one => one.Name)).ToArray());
            var ids = Value(batch.Drops.Concat(renames.Select(one => one.Store)).ToArray());
            Ask(null, claimLock, names, ids);
            if (batch.Claims is [{ Force: false }, ..]) Add(bury, Value(Names(batch)));
            Ask(null, quiet, names.Clone(), ids.Clone(), Value(writer), Value(renames.Count > 0 || batch.Claims.Exists(store => store.Force)), Value(batch.Claims.Select(store => store.Owner).Distinct(StringComparer.Ordinal).ToArray()));
        }
        if (batch.Claims.Count > 0) Claim(batch, Add, Ask);
        if (batch.Stores.Count > 0) Append(batch, reader => owned.Add(reader.GetInt64(0)), Add, Ask);
        var renamed = new HashSet<long>();
        foreach (var list in batch.Renames)
        {
            NpgsqlParameter[] Columns() => [Value(list.Select(one => one.Store).ToArray()), Value(list.Select(one => one.Epoch).ToArray()), Value(list.Select(one => one.Name).ToArray())];
            Ask(reader =>
            {
                var (id, old) = (reader.GetInt64(0), reader.GetInt64(1));
                list.First(one => one.Store == id).Replaced = old;
            }, vacate, Columns());
            Ask(reader => renamed.Add(reader.GetInt64(0)), rename, Columns());
        }
        if (batch.Drops.Count > 0) Add(drop, Value(batch.Drops.ToArray()));
        var left = new HashSet<long>();
        if (batch.Purges.Count > 0)
        {
            foreach (var store in batch.Purges)
            {
                Add(purge, Value(store.Store));
                Add(purgeLeases, Value(store.Store));
                Add(forget, Value(store.Store));
            }
            Ask(reader => left.Add(reader.GetInt64(0)), remains, Value(batch.Purges.Select(store => store.Store).ToArray()));
        }
        Add("commit");

        if (lasting) sql.Prepare();
        using (var reader = sql.ExecuteReader())
        {
            foreach (var answer in answers)
            {
                while (reader.Read()) answer?.Invoke(reader);
                reader.NextResult();
            }
        }
        foreach (var store in batch.Stores) store.Fenced = !owned.Contains(store.Store);
        foreach (var one in renames) one.Fenced = !renamed.Contains(one.Store);
        foreach (var store in batch.Purges) store.Done = !left.Contains(store.Store);
    }

    /// <summary>Ends what is still running of an earlier connection and raises the fence; answers the new one and the last batch that happened.</summary>
    public (long Fence, long Batch) Fence(NpgsqlConnection connection, long fence)
    {
        using (var end = new NpgsqlCommand(
            """
            select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1 and granted and pid <> pg_backend_pid()
            and database = (select oid from pg_database where datname = current_database()) and classid::bigint << 32 | objid::bigint = $1
            """, connection) { Parameters = { Value(mark) } })
        {
            end.ExecuteNonQuery();
        }
        using var command = new NpgsqlCommand(raise, connection) { Parameters = { Value(writer), Value(fence) } };
        using var reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private delegate void Statement(string text, params ReadOnlySpan<NpgsqlParameter> parameters);

    private delegate void Question(Action<NpgsqlDataReader>? answer, string text, params ReadOnlySpan<NpgsqlParameter> parameters);

    private void Claim(WriteBatch batch, Statement add, Question ask)
    {
        // A name twice, whose first caller gave up: one taking over is enough for both.
        var claims = batch.Claims.GroupBy(store => store.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToList(), StringComparer.Ordinal);
        var last = claims.Values.Select(group => group[^1]).ToList();
        var force = last[0].Force;
        add(claim, Value(last.Select(store => store.Name).ToArray()), Value(last.Select(store => store.Owner).ToArray()), Value(force), Value(writer));
        // Statements of their own: they must see what a former owner committed while we waited for the row.
        ask(reader =>
        {
            // A store never written to is at revision 1, as in etcd.
            var row = new StoreRow(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.IsDBNull(4) ? 1 : reader.GetInt64(4), reader.IsDBNull(5) ? 0 : reader.GetInt64(5));
            var owner = new StoreOwner(reader.GetString(6), reader.IsDBNull(7) ? "" : reader.GetString(7));
            foreach (var store in claims[reader.GetString(0)])
            {
                if (owner.Id == store.Owner) store.Row = row;
                else store.HeldBy = owner;
            }
        }, claimed, Value(Names(batch)));
        ask(reader =>
        {
            var lease = new LeaseRow(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
            foreach (var store in claims[reader.GetString(0)]) store.Leases.Add(lease);
        }, claimedLeases, Value(Names(batch)));
    }

    private void Append(WriteBatch batch, Action<NpgsqlDataReader> mine, Statement add, Question ask)
    {
        var stores = batch.Stores;
        var (ids, epochs) = (Value(stores.Select(store => store.Store).ToArray()), Value(stores.Select(store => store.Epoch).ToArray()));
        if (stores.Exists(store => store.Changes.Count > 0))
        {
            var rows = new LogColumns(stores);
            ask(mine, append, [ids, epochs, .. rows.Parameters()]);
        }
        else ask(mine, fenceOnly, ids, epochs);
        if (Rows(stores, store => store.Removed) is { Count: > 0 } removed)
            add(remove, Column(removed, row => row.Store.Store), Column(removed, row => row.Store.Epoch), Column(removed, row => row.Item));
        if (Rows(stores, store => Last(store.Leases)) is { Count: > 0 } leases)
        {
            if (leases.FindAll(row => row.Item.Ttl == 0) is { Count: > 0 } gone)
                add(revoke, Column(gone, row => row.Store.Store), Column(gone, row => row.Store.Epoch), Column(gone, row => row.Item.Id));
            if (leases.FindAll(row => row.Item.Ttl != 0) is { Count: > 0 } held)
            {
                add(grant, Column(held, row => row.Store.Store), Column(held, row => row.Store.Epoch), Column(held, row => row.Item.Id),
                    Column(held, row => row.Item.Ttl), Column(held, row => row.Item.Expires));
            }
        }
        if (stores.FindAll(store => store.Compacted > 0) is { Count: > 0 } moved)
            add(compact, Value(moved.Select(store => store.Store).ToArray()), Value(moved.Select(store => store.Epoch).ToArray()), Value(moved.Select(store => store.Compacted).ToArray()));
    }

    private static List<(StoreWrites Store, T Item)> Rows<T>(List<StoreWrites> stores, Func<StoreWrites, IReadOnlyCollection<T>> items)
    {
        var rows = new List<(StoreWrites, T)>();
        foreach (var store in stores)
        {
            foreach (var item in items(store)) rows.Add((store, item));
        }
        return rows;
    }

    /// <summary>What is left of a lease that was granted and revoked within one batch is the last word.</summary>
    private static List<LeaseRow> Last(List<LeaseRow> leases) => leases.Count < 2 ? leases : leases.GroupBy(lease => lease.Id).Select(group => group.Last()).ToList();

    private static NpgsqlParameter<long[]> Column<T>(List<T> rows, Func<T, long> value) => Value(rows.Select(value).ToArray());

    private static string[] Names(WriteBatch batch) => batch.Claims.Select(store => store.Name).Distinct(StringComparer.Ordinal).ToArray();

    private static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };

    /// <summary>The new rows: one array per column, and the bytes of all keys and values.</summary>
    private sealed class LogColumns
    {
        private readonly long[] store, sequence, revision, created, version, lease;
        private readonly short[] kind;
        private readonly int[] at, key, value;
        private readonly byte[] bytes;

        public LogColumns(List<StoreWrites> stores)
        {
            var count = stores.Sum(writes => writes.Changes.Count);
            (store, sequence, revision, created, version, lease) = (new long[count], new long[count], new long[count], new long[count], new long[count], new long[count]);
            (kind, at, key, value) = (new short[count], new int[count], new int[count], new int[count]);
            bytes = GC.AllocateUninitializedArray<byte>(stores.Sum(writes => writes.Changes.Sum(change => change.Key.Length + change.Value.Length)));
            var (row, used) = (0, 0);
            foreach (var writes in stores)
            {
                foreach (var change in writes.Changes)
                {
                    (store[row], sequence[row], revision[row], created[row]) = (writes.Store, change.Sequence, change.ModRevision, change.CreateRevision);
                    (version[row], lease[row], kind[row]) = (change.Version, change.Lease, (short)(change.Deleted ? 1 : 0));
                    // SQL counts from one.
                    (at[row], key[row], value[row]) = (used + 1, change.Key.Length, change.Value.Length);
                    change.Key.CopyTo(bytes, used);
                    change.Value.CopyTo(bytes, used + change.Key.Length);
                    used += change.Key.Length + change.Value.Length;
                    row++;
                }
            }
        }

        public NpgsqlParameter[] Parameters() =>
            [Value(store), Value(sequence), Value(revision), Value(created), Value(version), Value(lease), Value(kind), Value(at), Value(bytes), Value(key), Value(value)];
    }
}
