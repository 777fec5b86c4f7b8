using KubeFlex.Storage.Membership;
using Npgsql;

namespace KubeFlex.Storage.Dialects.Postgres;

/// <summary>
/// The servers that share the database. A claim of a dead server's store deletes that server's row in the claim's transaction, so that a row that is
/// there means that nothing was taken.
/// </summary>
internal sealed class PostgresMembers(PostgresConnections connections, PostgresTables tables) : IMemberTable
{
    /// <summary>Rows of servers that are gone for good.</summary>
    private const string Stale = "interval '1 hour'";

    public void Join(StoreOwner member, TimeSpan lease) => Execute(lease,
        $"""
        with gone as (delete from {tables.Member} where expires < clock_timestamp() - {Stale} and id <> $1)
        insert into {tables.Member} as m (id, url, expires) values ($1, $2, clock_timestamp() + $3)
        on conflict (id) do update set url = excluded.url, expires = excluded.expires
        """, member.Id, member.Url, lease);

    public bool Renew(string id, TimeSpan lease) =>
        Execute(lease, $"update {tables.Member} set expires = clock_timestamp() + $2 where id = $1", id, lease) > 0;

    public void Leave(string id) => Execute(TimeSpan.FromSeconds(2), $"delete from {tables.Member} where id = $1", id);

    public IReadOnlyList<StoreOwner> Members() => List($"select id, url from {tables.Member} where expires > clock_timestamp() order by id");

    public StoreOwner? OwnerOf(string store) => List(
        $"select m.id, m.url from {tables.Store} s join {tables.Member} m on m.id = s.owner where s.name = $1 and m.expires > clock_timestamp()", store) is [var owner] ? owner : null;

    public IReadOnlyList<string> Owned() => Rows(
        $"select s.name from {tables.Store} s join {tables.Member} m on m.id = s.owner where s.name is not null and m.expires > clock_timestamp()", reader => reader.GetString(0));

    public void Release(long store, long epoch) => connections.Read(connection =>
    {
        using var command = Command(connection, $"update {tables.Store} set owner = '' where id = $1 and epoch = $2", [store, epoch]);
        return command.ExecuteNonQuery();
    });

    public string GetOrAddSetting(string key, string value) => connections.Read(connection =>
    {
        using var add = Command(connection, $"insert into {tables.Setting} (key, value) values ($1, $2) on conflict (key) do nothing", [key, value]);
        add.ExecuteNonQuery();
        using var get = Command(connection, $"select value from {tables.Setting} where key = $1", [key]);
        return (string)get.ExecuteScalar()!;
    });

    private List<StoreOwner> List(string sql, params object[] parameters) => Rows(sql, reader => new StoreOwner(reader.GetString(0), reader.GetString(1)), parameters);

    private List<T> Rows<T>(string sql, Func<NpgsqlDataReader, T> item, params object[] parameters) => connections.Read(connection =>
    {
        using var command = Command(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var list = new List<T>();
        while (reader.Read()) list.Add(item(reader));
        return list;
    });

    /// <summary>Not by the readers' gate: a sign of life must not wait behind a store that is being read back. It is worth nothing after half its lease.</summary>
    private int Execute(TimeSpan lease, string sql, params object[] parameters)
    {
        try
        {
            using var connection = connections.Open();
            using var command = Command(connection, sql, parameters);
            command.CommandTimeout = Math.Max(1, (int)(lease.TotalSeconds / 2));
            return command.ExecuteNonQuery();
        }
        catch (Exception e) when (PostgresErrors.Concerns(e))
        {
            throw PostgresErrors.Explain(e, connections.Where);
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        return command;
    }
}
