using KubeFlex.ApiServer.Requests;

namespace KubeFlex.ApiServer.Fairness;

/// <summary>
/// Whose turn is it? Clients' requests of all control planes of the process share two levels of seats, one for reads and one for writes, so that a flood of one tenant
/// takes neither the processors nor the disk from the others. Exempt are callers inside the process (the operator, the controllers: their work must go on, or what the
/// flood asks for would never be done), streams, which last, and all that is no resource: health, discovery, metrics.
/// </summary>
internal sealed class RequestFairness(TimeProvider time)
{
    // Upstream's: a quarter of a minute, and 50 in each of the 6 queues that a flow is spread over.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private const int FlowWaits = 300;

    private static readonly TimeSpan PacePatience = TimeSpan.FromSeconds(10);

    /// <summary>Reads need the processors alone.</summary>
    public PriorityLevel Reads { get; } = new(new(32 * Environment.ProcessorCount, FlowWaits, Patience), time);

    /// <summary>Writes wait for the disk most of the time, which they share: many together are cheaper than one after another.</summary>
    public PriorityLevel Writes { get; } = new(new(64 * Environment.ProcessorCount, FlowWaits, Patience), time);

    /// <summary>Creates that make work in this process keep step with it. A few at a time pass the gate, so that what they lead to is counted before the next.</summary>
    public PriorityLevel Pace(Backlog backlog)
    {
        var level = new PriorityLevel(new(2 * Environment.ProcessorCount, FlowWaits, PacePatience) { AdmitsTheImpatient = true }, time);
        level.HoldWhile(() => backlog.IsFull);
        backlog.Drained = level.Look;
        return level;
    }

    /// <summary>Where the request takes a seat; null when it needs none.</summary>
    public PriorityLevel? LevelOf(ControlPlane plane, RequestInfo info)
    {
        if (!info.IsResource || info.Verb is "watch" or "" || info.Subresource is "exec" or "attach" or "portforward" or "proxy" or "log") return null;
        if (info.Verb is "get" or "list") return Reads;
        return info.Verb == "create" && plane.Pace is { } pace && plane.Options.Backlog!.Resource is var paced
            && info.Resource == paced.Resource && info.Group == paced.Group && info.Subresource.Length == 0 ? pace : Writes;
    }
}
