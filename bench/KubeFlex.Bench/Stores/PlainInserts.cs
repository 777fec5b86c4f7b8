using System.Text;
using Npgsql;

namespace KubeFlex.Bench.Stores;

/// <summary>The peer on PostgreSQL: plain connections without TLS, each inserting one row of 1 KiB per commit with a prepared statement.</summary>
internal sealed class PlainInserts : IAsyncDisposable
{
    private static readonly byte[] Value = Encoding.ASCII.GetBytes(new string('x', 1024));

    private readonly NpgsqlDataSource source;

    private PlainInserts(NpgsqlDataSource source) => this.source = source;

    /// <summary>A table of its own in a database of the same server.</summary>
    public static async Task<PlainInserts> CreateAsync(string url, int connections)
    {
        var source = NpgsqlDataSource.Create(Connection(url, connections));
        await using var create = source.CreateCommand("create table plain (key bytea primary key, value bytea not null)");
        await create.ExecuteNonQueryAsync();
        return new(source);
    }

    /// <summary>Inserts for a while.</summary>
    public async Task<LoadResult> RunAsync(int connections, TimeSpan duration, string prefix)
    {
        var open = await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ => await source.OpenConnectionAsync()));
        var commands = await Task.WhenAll(open.Select(PrepareAsync));
        var result = await Load.RunAsync(connections, duration, c =>
        {
            var n = 0;
            return async () =>
            {
                ((NpgsqlParameter<byte[]>)commands[c].Parameters[0]).TypedValue = Encoding.ASCII.GetBytes($"put/{prefix}/{c}/{n++}");
                await commands[c].ExecuteNonQueryAsync();
            };
        });
        foreach (var command in commands) await command.DisposeAsync();
        foreach (var connection in open) await connection.DisposeAsync();
        return result;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    /// <summary>A URL of the form that <see cref="TestShared.Postgres.PostgresServer"/> gives, as the driver wants it.</summary>
    public static string Connection(string url, int connections)
    {
        var uri = new Uri(url);
        var user = uri.UserInfo.Split(':');
        return new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port,
            Database = uri.AbsolutePath.TrimStart('/'),
            Username = user[0],
            Password = Uri.UnescapeDataString(user[1]),
            MaxPoolSize = connections,
            NoResetOnClose = true,
            SslMode = SslMode.Disable,
        }.ToString();
    }

    /// <summary>Nobody encrypts what goes over loopback, neither we nor the peer.</summary>
    public static string WithoutTls(string url) => url + "?sslmode=disable";

    private static async Task<NpgsqlCommand> PrepareAsync(NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand("insert into plain (key, value) values ($1, $2)", connection)
        {
            Parameters = { new NpgsqlParameter<byte[]> { TypedValue = Value }, new NpgsqlParameter<byte[]> { TypedValue = Value } },
        };
        await command.PrepareAsync();
        return command;
    }
}
