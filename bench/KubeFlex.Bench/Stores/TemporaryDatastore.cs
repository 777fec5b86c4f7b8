using KubeFlex.Storage;
using KubeFlex.TestShared.Postgres;

namespace KubeFlex.Bench.Stores;

/// <summary>A datastore in this process, gone with its file when disposed.</summary>
internal sealed class TemporaryDatastore : IAsyncDisposable
{
    private readonly string? directory;

    private TemporaryDatastore(Datastore open, string url, string? directory) => (Open, Url, this.directory) = (open, url, directory);

    public Datastore Open { get; }

    public string Url { get; }

    public static async Task<TemporaryDatastore> SqliteAsync()
    {
        var directory = Peer.NewDirectory();
        var file = Path.Combine(directory, "data.db");
        return new(await Datastore.OpenSqliteAsync(file, new(), default), "sqlite:" + file, directory);
    }

    public static async Task<TemporaryDatastore> PostgresAsync(PostgresServer server)
    {
        var url = await server.CreateDatabaseAsync();
        return new(await Datastore.OpenPostgresAsync(PlainInserts.WithoutTls(url), new(), default), url, null);
    }

    public async ValueTask DisposeAsync()
    {
        await Open.DisposeAsync();
        if (directory is not null) Directory.Delete(directory, recursive: true);
    }
}
