using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Runtime.Leases;

/// <summary>
/// One process of several leads: the one that holds a <c>coordination.k8s.io/v1</c> Lease. Only this process's clock counts: a lease is stale when it
/// has not changed for its duration <em>since we first saw it so</em>, whatever times others wrote into it. Two that take a stale lease at once are told
/// apart by the resource version.
/// </summary>
public sealed partial class LeaderElector(KubeClient client, LeaderElectionOptions options, TimeProvider time, ILogger log)
{
    private string? seenVersion;
    private long seenAt;
    private bool taken;
    private string lastTrouble = "";

    /// <summary>
    /// Waits for the lease and runs <paramref name="lead"/> while it is held; its token ends with the lease. Returns when lead does or the token is
    /// cancelled. Fails with <see cref="LeadershipLostException"/> when the lease is lost. The lease is released only after lead has ended.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellation)
    {
        try
        {
            while (!await TryAsync(options.RenewDeadline, cancellation)) await Task.Delay(options.RetryPeriod, time, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
        Leading(options.Identity, options.Lease.Namespace ?? "", options.Lease.Name ?? "");
        using var held = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var renewing = RenewAsync(held.Token);
        var leading = StartAsync(lead, held.Token);
        var lost = await Task.WhenAny(leading, renewing) == renewing && !cancellation.IsCancellationRequested;
        await held.CancelAsync();
        try
        {
            await leading;
        }
        catch (OperationCanceledException) when (held.IsCancellationRequested)
        {
        }
        finally
        {
            await renewing;
            if (!lost) await ReleaseAsync();
        }
        if (lost) throw new LeadershipLostException($"the lease \"{options.Lease.Namespace}/{options.Lease.Name}\" was lost: {(lastTrouble.Length > 0 ? lastTrouble : "another process holds it")}");
    }

    // What fails before it first waits must release the lease like what fails later.
    private static async Task StartAsync(Func<CancellationToken, Task> lead, CancellationToken cancellation) => await lead(cancellation);

    /// <summary>Ends when the lease is lost, or cancelled.</summary>
    private async Task RenewAsync(CancellationToken cancellation)
    {
        var renewed = time.GetTimestamp();
        try
        {
            while (time.GetElapsedTime(renewed) is var age && age < options.RenewDeadline && !taken)
            {
                await Task.Delay(options.RetryPeriod, time, cancellation);
                var start = time.GetTimestamp();
                var left = options.RenewDeadline - time.GetElapsedTime(renewed);
                if (left > TimeSpan.Zero && await TryAsync(left, cancellation)) renewed = start;
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    /// <summary>Takes or renews the lease; false when another holds it or the API does not answer in time.</summary>
    private async Task<bool> TryAsync(TimeSpan limit, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            var held = await TakeAsync(either.Token);
            lastTrouble = "";
            return held;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            var trouble = e is OperationCanceledException ? "the API does not answer" : e.Message;
            // Losing a race is the ordinary course; anything else is told once, not every two seconds.
            if (e is not KubeApiException { Code: 409 } && trouble != lastTrouble) Trouble(options.Lease.Name ?? "", trouble);
            lastTrouble = trouble;
            return false;
        }
    }

    private async Task<bool> TakeAsync(CancellationToken cancellation)
    {
        var lease = await client.FindAsync(options.Lease, cancellation);
        if (lease is null)
        {
            See(await client.CreateAsync(options.Lease, new JsonObject
            {
                ["apiVersion"] = "coordination.k8s.io/v1",
                ["kind"] = "Lease",
                ["metadata"] = new JsonObject { ["name"] = options.Lease.Name, ["namespace"] = options.Lease.Namespace },
                ["spec"] = Spec(null),
            }, cancellation));
            return true;
        }
        See(lease);
        var holder = (string?)lease["spec"]?["holderIdentity"] ?? "";
        taken = holder.Length > 0 && holder != options.Identity;
        if (taken && time.GetElapsedTime(seenAt) < DurationOf(lease)) return false;
        lease["spec"] = Spec(lease["spec"] as JsonObject);
        See(await client.UpdateAsync(options.Lease, lease, cancellation));
        taken = false;
        return true;
    }

    private void See(JsonObject lease)
    {
        var version = (string?)lease["metadata"]?["resourceVersion"];
        if (version == seenVersion) return;
        (seenVersion, seenAt) = (version, time.GetTimestamp());
    }

    private static TimeSpan DurationOf(JsonObject lease) => TimeSpan.FromSeconds(Number(lease["spec"]?["leaseDurationSeconds"], 1));

    private JsonObject Spec(JsonObject? old)
    {
        var mine = (string?)old?["holderIdentity"] == options.Identity;
        return new JsonObject
        {
            ["holderIdentity"] = options.Identity,
            ["leaseDurationSeconds"] = (long)options.LeaseDuration.TotalSeconds,
            ["acquireTime"] = mine ? (string?)old!["acquireTime"] : Now(),
            ["renewTime"] = Now(),
            ["leaseTransitions"] = Number(old?["leaseTransitions"], 0) + (old is null || mine ? 0 : 1),
        };
    }

    /// <summary>An empty holder lets the next one start at once. A failure costs others only the lease's duration.</summary>
    private async Task ReleaseAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        try
        {
            if (await client.FindAsync(options.Lease, limit.Token) is not { } lease || (string?)lease["spec"]?["holderIdentity"] != options.Identity) return;
            lease["spec"]!["holderIdentity"] = "";
            lease["spec"]!["leaseDurationSeconds"] = 1;
            lease["spec"]!["renewTime"] = Now();
            await client.UpdateAsync(options.Lease, lease, limit.Token);
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or OperationCanceledException)
        {
            Trouble(options.Lease.Name ?? "", e.Message);
        }
    }

    private static long Number(JsonNode? node, long otherwise) => long.TryParse(node?.ToString(), CultureInfo.InvariantCulture, out var n) ? n : otherwise;

    // MicroTime of the API conventions.
    private string Now() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    [LoggerMessage(110, LogLevel.Information, "{Identity} leads: it holds the lease {Namespace}/{Name}")]
    private partial void Leading(string identity, string @namespace, string name);

    [LoggerMessage(111, LogLevel.Warning, "the lease {Name} cannot be taken, renewed or released: {Why}")]
    private partial void Trouble(string name, string why);
}
