using KubeFlex.Storage.Membership;
using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// A PostgreSQL database. Several servers may use it at once: each store's epoch says whose it is. Everything happens within single transactions,
/// and nothing is kept in a session that a pooler could give to somebody else.
/// </summary>
internal sealed class PostgresDialect : IDialect
{
    private readonly PostgresConnections connections;
    private readonly PostgresTables tables;
    private readonly PostgresWriter writer;

    private PostgresDialect(PostgresConnections connections, PostgresTables tables)
    {
        (this.connections, this.tables) = (connections, tables);
        writer = new(connections, tables);
        Members = new PostgresMembers(connections, tables);
    }

    public IMemberTable? Members { get; }

    /// <summary>Connects, and creates or upgrades the tables.</summary>
    public static PostgresDialect Open(PostgresTarget target)
    {
        var connections = new PostgresConnections(target);
        var tables = new PostgresTables(target.Schema);
        try
        {
            connections.Read(connection =>
            {
                PostgresSchema.Prepare(connection, tables, connections.Where);
                return 0;
            });
            return new(connections, tables);
        }
        catch
        {
            connections.Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Stores() => List($"select name from {tables.Store} where name is not null order by name", reader => reader.GetString(0));

    public IReadOnlyList<long> Dropped() => List($"select id from {tables.Store} where name is null", reader => reader.GetInt64(0));

    public long Size() => List($"select sum(pg_total_relation_size(t::regclass))::bigint from unnest(array['{Text(tables.Log)}', '{Text(tables.Store)}', '{Text(tables.Lease)}']) t",
        reader => reader.GetInt64(0))[0];

    public void Load(long store, Action<KeyValue> row)
    {
        var rows = Rows(store);
        // Ordered here: the server would copy every row once more for that, and begin to send when it has the last.
        rows.Sort((left, right) => left.Sequence.CompareTo(right.Sequence));
        foreach (var one in rows) row(one);
    }

    private List<KeyValue> Rows(long store) => connections.Read(connection =>
    {
        var rows = new List<KeyValue>();
        using var command = new NpgsqlCommand($"select sequence, revision, kind, key, value, create_revision, version, lease from {tables.Log} where store = $1", connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = store } },
        };
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            rows.Add(new()
            {
                Sequence = reader.GetInt64(0),
                ModRevision = reader.GetInt64(1),
                Key = reader.GetFieldValue<byte[]>(3),
                Value = reader.IsDBNull(4) ? [] : reader.GetFieldValue<byte[]>(4),
                CreateRevision = reader.GetInt64(5),
                Version = reader.GetInt64(6),
                Lease = reader.GetInt64(7),
            });
        }
        return rows;
    });

    public void Write(WriteBatch batch) => writer.Write(batch);

    public void Interrupt() => connections.Interrupt();

    public void Dispose() => connections.Dispose();

    private List<T> List<T>(string sql, Func<NpgsqlDataReader, T> item) => connections.Read(connection =>
    {
        var list = new List<T>();
        using var command = new NpgsqlCommand(sql, connection);
        using var reader = command.ExecuteReader();
        while (reader.Read()) list.Add(item(reader));
        return list;
    });

    private static string Text(string literal) => literal.Replace("'", "''", StringComparison.Ordinal);
}
