using KubeFlex.Storage.Dialects.Postgres;
using KubeFlex.Storage.Tests.Support;
using KubeFlex.TestShared.Postgres;
using Npgsql;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Postgres;

/// <summary>Statements are prepared where a session lasts, and nowhere else.</summary>
public sealed class SessionTests(PostgresFixture postgres)
{
    private const string Prepared = "select count(*) from pg_prepared_statements";

    private static async Task<NpgsqlConnection> ConnectAsync(string url)
    {
        var source = PostgresConnections.Source(new(PostgresUrl.Parse(url, _ => null).Target!.Connection));
        return await source.OpenConnectionAsync();
    }

    [Fact]
    public async Task The_servers_own_session_lasts_and_a_poolers_does_not()
    {
        var server = await postgres.ServerAsync();
        var url = await server.CreateDatabaseAsync();
        await using (var direct = await ConnectAsync(url))
        {
            var sessions = new PostgresSessions();
            Assert.True(sessions.Last(direct));
            Assert.True(sessions.Last(direct));
            await using var setting = new NpgsqlCommand("show tcp_keepalives_idle", direct);
            Assert.Equal("10", await setting.ExecuteScalarAsync());
        }
        await using var bouncer = await PgBouncer.StartAsync(server);
        if (bouncer is null) Assert.Skip("PgBouncer is not installed (Debian: apt-get install pgbouncer)");
        await using var pooled = await ConnectAsync(bouncer.Url(new Uri(url).AbsolutePath[1..]));
        Assert.False(new PostgresSessions().Last(pooled));
    }

    /// <summary>What a trigger sees in the writer's session: the statements of all batches, prepared once.</summary>
    [Fact]
    public async Task A_writer_prepares_each_statement_once()
    {
        var server = await postgres.ServerAsync();
        var url = await server.CreateDatabaseAsync();
        await using var datastore = await Datastore.OpenPostgresAsync(url, new(), default);
        var store = await datastore.OpenStoreAsync("one", default);
        await using var observer = await ConnectAsync(url);
        async Task<long> NumberAsync(string sql) => (long)(await new NpgsqlCommand(sql, observer).ExecuteScalarAsync())!;
        await new NpgsqlCommand(
            $"""
            create table seen (prepared bigint);
            create function see() returns trigger language plpgsql as $see$ begin insert into seen {Prepared}; return new; end $see$;
            create trigger see before insert on kubeflex_log for each row execute function see();
            """, observer).ExecuteNonQueryAsync();
        for (var i = 0; i < 20; i++) await store.PutAsync("k", $"{i}");
        Assert.Equal(20, await NumberAsync("select count(*) from seen"));
        Assert.True(await NumberAsync("select min(prepared) from seen") > 0, "nothing is prepared");
        Assert.Equal(1, await NumberAsync("select count(distinct prepared) from seen"));
    }

    /// <summary>A pooler that hands the server's number on and changes sessions all the same: here the session forgets, once, in the middle of a batch.</summary>
    [Fact]
    public async Task A_session_that_forgets_costs_no_write()
    {
        var server = await postgres.ServerAsync();
        var url = await server.CreateDatabaseAsync();
        await using var datastore = await Datastore.OpenPostgresAsync(url, new(), default);
        var store = await datastore.OpenStoreAsync("one", default);
        for (var i = 0; i < 3; i++) await store.PutAsync("k", $"before {i}");
        await using var observer = await ConnectAsync(url);
        await new NpgsqlCommand(
            """
            create sequence forgotten;
            create function forget() returns trigger language plpgsql as $forget$ begin perform nextval('forgotten'); deallocate all; return new; end $forget$;
            create trigger forget before update on kubeflex_writer for each row execute function forget();
            """, observer).ExecuteNonQueryAsync();
        var before = store.Revision;
        for (var i = 0; i < 5; i++) Assert.Equal(before + i + 1, await store.PutAsync("k", $"after {i}"));
        Assert.Equal("after 4", await store.GetAsync("k"));
        // The batch that met it was sent twice.
        Assert.Equal(6L, await new NpgsqlCommand("select last_value from forgotten", observer).ExecuteScalarAsync());
    }
}
