using KubeFlex.TestShared.Postgres;

namespace KubeFlex.History.Driving;

/// <summary>PostgreSQL crashes and comes back.</summary>
internal sealed class PostgresCrashFault(PostgresServer postgres) : IFault
{
    public string Name => "postgres-crash";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        await postgres.StopAsync("immediate");
        await Task.Delay(random.Next(500), cancellation);
        await postgres.StartAgainAsync();
    }
}

/// <summary>All connections to the database are cut, in the middle of whatever they do.</summary>
internal sealed class CutConnectionsFault(PostgresServer postgres) : IFault
{
    public string Name => "cut-connections";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            await postgres.SqlAsync("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kubeflex'");
            await Task.Delay(random.Next(50), cancellation);
        }
    }
}

/// <summary>
/// A second server stands by and takes the data over when the first is gone: killed, or (every second time) only stopped. The stopped one goes on
/// afterwards as if nothing had happened, and clients ask both: it may refuse, but neither write nor show what is no longer so.
/// </summary>
internal sealed class TakeoverFault : IFault
{
    private int times;

    public string Name => "takeover";

    public async Task InjectAsync(FaultRun run, Random random, CancellationToken cancellation)
    {
        var stopped = times++ % 2 == 0;
        var next = run.AddServerAsync(cancellation);
        await Task.Delay(random.Next(1_000), cancellation);
        if (stopped) await run.Server.PauseAsync();
        else await run.Server.KillAsync();
        await next;
        if (stopped)
        {
            await run.Server.ContinueAsync();
            await Task.Delay(random.Next(500, 2_000), cancellation);
        }
        await run.ReplaceAsync(await next);
    }
}
