using KubeFlex.Storage.Dialects.Postgres;
using KubeFlex.Storage.Tests.Support;
using Npgsql;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Postgres;

/// <summary>A store changes hands while a batch of its old owner is under way: each of the two is before the other, and never in the middle.</summary>
public sealed class FenceTests(PostgresFixture postgres)
{
    /// <summary>Statements of all sessions wait at a table while the gate is shut.</summary>
    private sealed class Gate(NpgsqlConnection session) : IAsyncDisposable
    {
        private const int Number = 4711;

        public static async Task<Gate> AtAsync(string url, string table, string operation)
        {
            var source = PostgresConnections.Source(new(PostgresUrl.Parse(url, _ => null).Target!.Connection));
            var gate = new Gate(await source.OpenConnectionAsync());
            await gate.RunAsync(
                $"""
                create function pass() returns trigger language plpgsql as $pass$ begin perform pg_advisory_xact_lock_shared({Number}); return new; end $pass$;
                create trigger pass before {operation} on {table} for each row execute function pass();
                """);
            return gate;
        }

        public Task ShutAsync() => RunAsync($"select pg_advisory_lock({Number})");

        public Task OpenAsync() => RunAsync($"select pg_advisory_unlock({Number})");

        /// <summary>Until so many sessions wait for one another or for the gate.</summary>
        public async Task WaitingAsync(int sessions)
        {
            await using var count = new NpgsqlCommand("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'", session);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while ((long)(await count.ExecuteScalarAsync())! < sessions) await Task.Delay(10, patience.Token);
        }

        public ValueTask DisposeAsync() => session.DisposeAsync();

        private async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, session);
            await command.ExecuteNonQueryAsync();
        }
    }

    private async Task<(string Url, Datastore Old, Datastore New, Store Store)> OpenAsync()
    {
        var url = await (await postgres.ServerAsync()).CreateDatabaseAsync();
        var old = await Datastore.OpenPostgresAsync(url, new(), default);
        var store = await old.OpenStoreAsync("s", default);
        await store.PutAsync("k", "1");
        return (url, old, await Datastore.OpenPostgresAsync(url, new(), default), store);
    }

    [Fact]
    public async Task The_new_owner_waits_for_a_batch_under_way_and_sees_it()
    {
        var (url, old, newer, store) = await OpenAsync();
        await using var a = old;
        await using var b = newer;
        var other = await old.OpenStoreAsync("other", default);
        await using var gate = await Gate.AtAsync(url, "kubeflex_log", "insert");
        await gate.ShutAsync();
        var put = store.PutAsync("k", "2");
        await gate.WaitingAsync(1);
        var taking = newer.OpenStoreAsync("s", default);
        await gate.WaitingAsync(2);
        await gate.OpenAsync();
        Assert.Equal(3, await put);
        var taken = await taking;
        Assert.Equal((3, "2"), (taken.Revision, await taken.GetAsync("k")));
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => store.PutAsync("k", "stale")));
        Assert.Equal(4, await taken.PutAsync("k", "3"));
        // What was not taken is still the old one's.
        Assert.Equal(2, await other.PutAsync("k", "1"));
    }

    [Fact]
    public async Task A_batch_that_meets_a_new_owner_changes_nothing()
    {
        var (url, old, newer, store) = await OpenAsync();
        await using var a = old;
        await using var b = newer;
        var other = await old.OpenStoreAsync("other", default);
        await other.PutAsync("k", "1");
        await using var gate = await Gate.AtAsync(url, "kubeflex_store", "update");
        await gate.ShutAsync();
        var taking = newer.OpenStoreAsync("s", default);
        await gate.WaitingAsync(1);
        // Both in one batch: only one of them has a new owner.
        var (stale, good) = (store.PutAsync("k", "stale"), other.PutAsync("k", "2"));
        await gate.WaitingAsync(2);
        await gate.OpenAsync();
        var taken = await taking;
        Assert.Equal(StorageFailure.NotOwner, await FailureAsync(() => stale));
        Assert.Equal(3, await good);
        Assert.Equal((2, "1"), (taken.Revision, await taken.GetAsync("k")));
        Assert.Equal(3, await taken.PutAsync("k", "2"));
    }
}
