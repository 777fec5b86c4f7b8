using Npgsql;

namespace KubeFlex.Bench.Stores;

/// <summary>Counts, again and again, the connections that a PostgreSQL server has to one of its databases (<c>pg_stat_activity</c>), its own left out.</summary>
internal sealed class ConnectionCount : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource stop = new();
    private readonly Task counting;

    public ConnectionCount(string url) => counting = CountAsync(PlainInserts.Connection(url, 1));

    /// <summary>The most that were seen at once.</summary>
    public int Most { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await counting;
        stop.Dispose();
    }

    private async Task CountAsync(string connection)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var count = source.CreateCommand("select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()");
        while (!stop.IsCancellationRequested)
        {
            Most = Math.Max(Most, (int)(long)(await count.ExecuteScalarAsync())!);
            await Task.Delay(Pause);
        }
    }
}
