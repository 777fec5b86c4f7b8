namespace KubeFlex.Operator.Hooks;

/// <summary>Where a control plane's hooks are.</summary>
internal sealed record HookProgress
{
    /// <summary>Per hook: applied, or with waiting applied and ready.</summary>
    public required IReadOnlyDictionary<string, bool> Done { get; init; }

    /// <summary>What hooks that follow changes were last applied from.</summary>
    public required IReadOnlyDictionary<string, string> Revisions { get; init; }

    /// <summary>All of them are done.</summary>
    public bool Completed => Done.Values.All(d => d);

    /// <summary>What goes on, in words; null when nothing does.</summary>
    public string? Pending { get; init; }

    public string? Error { get; init; }

    /// <summary>Whether the back-off shall bring the control plane back.</summary>
    public bool Retry { get; init; }

    /// <summary>When to look again at what hooks made, or null.</summary>
    public TimeSpan? RequeueAfter { get; init; }
}
