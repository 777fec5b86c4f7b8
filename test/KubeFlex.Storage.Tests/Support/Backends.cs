using KubeFlex.Storage.Dialects.Postgres;
using KubeFlex.Storage.Dialects.Sqlite;
using KubeFlex.TestShared.Postgres;
using Npgsql;

[assembly: AssemblyFixture(typeof(KubeFlex.Storage.Tests.Support.PostgresFixture))]

namespace KubeFlex.Storage.Tests.Support;

/// <summary>A kind of database that the contract must hold on.</summary>
public abstract class Backend
{
    /// <summary>A new, empty datastore.</summary>
    internal abstract Task<TestDatastore> OpenAsync(DatastoreOptions? options = null);
}

/// <summary>Files in temporary directories.</summary>
public sealed class SqliteBackend : Backend
{
    internal override Task<TestDatastore> OpenAsync(DatastoreOptions? options = null) => TestDatastore.OpenAsync(options);
}

/// <summary>One server per test run, started by the first test that needs it; each datastore has a schema of its own there.</summary>
public sealed class PostgresFixture : Backend, IAsyncLifetime
{
    private readonly SemaphoreSlim gate = new(1);
    private PostgresServer? server;
    private string? url;
    private int schemas;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>The server that tests share; skips the test when PostgreSQL is not installed.</summary>
    public async Task<PostgresServer> ServerAsync()
    {
        await gate.WaitAsync();
        try
        {
            server ??= await PostgresServer.StartAsync();
            if (server is null) Assert.Skip("PostgreSQL is not installed (Debian: apt-get install postgresql)");
            url ??= await server.CreateDatabaseAsync();
            return server;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>URL of a place for one datastore.</summary>
    public async Task<string> NewUrlAsync()
    {
        await ServerAsync();
        return $"{url}?schema=s{Interlocked.Increment(ref schemas)}";
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null) await server.DisposeAsync();
        gate.Dispose();
    }

    internal override async Task<TestDatastore> OpenAsync(DatastoreOptions? options = null)
    {
        var test = new TestDatastore(DatastoreUrl.Parse(await NewUrlAsync()), options);
        await test.ReopenAsync();
        return test;
    }
}
