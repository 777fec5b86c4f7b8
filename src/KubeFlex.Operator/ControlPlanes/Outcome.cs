using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>What a pass found out about a control plane.</summary>
internal sealed record Outcome
{
    /// <summary>Why the pass did not do all it should, or null: the Synced condition.</summary>
    public string? Error { get; init; }

    /// <summary>Reason of the Synced condition when there is an <see cref="Error"/>.</summary>
    public string ErrorReason { get; init; } = "ReconcileError";

    /// <summary>The pass changed nothing because its owner wants it so.</summary>
    public bool Paused { get; init; }

    /// <summary>The pass goes on: too early to speak of Synced.</summary>
    public bool Unfinished { get; init; }

    /// <summary>The Ready condition; null leaves it as it was.</summary>
    public ReadyState? Ready { get; init; }

    /// <summary>The Progressing condition.</summary>
    public ProgressState Progress { get; init; } = ProgressState.Complete;

    public SecretReference? SecretRef { get; init; }

    /// <summary>Which hooks are done; null leaves it as it was.</summary>
    public IReadOnlyDictionary<string, bool>? Hooks { get; init; }

    /// <summary>What hooks that follow changes were last applied from; null leaves it as it was.</summary>
    public IReadOnlyDictionary<string, string>? HookRevisions { get; init; }

    public bool? HooksCompleted { get; init; }

    /// <summary>Certificates and tokens and their ends; null leaves it as it was.</summary>
    public IReadOnlyList<CertificateStatus>? Certificates { get; init; }
}

/// <summary>Status, reason and message of the Ready condition.</summary>
internal sealed record ReadyState(bool IsReady, string Reason, string Message)
{
    public static readonly ReadyState Available = new(true, "Available", "");
    public static readonly ReadyState WaitingForHooks = new(false, "WaitingForPostCreateHooks", "Waiting for PostCreateHook completion");

    public static ReadyState Unavailable(string why) => new(false, "Unavailable", why);
}

/// <summary>Status, reason and message of the Progressing condition: the step that a control plane is at.</summary>
internal sealed record ProgressState(bool IsProgressing, string Reason, string Message)
{
    public static readonly ProgressState Complete = new(false, "Complete", "");
    public static readonly ProgressState Paused = new(false, "Paused", "");
    public static readonly ProgressState Blocked = new(false, "Blocked", "goes on when what the condition Synced names is changed");
    public static readonly ProgressState Retrying = new(true, "Retrying", "tries again by itself; the condition Synced says why");

    public static ProgressState Step(string reason, string message) => new(true, reason, message);
}

/// <summary>One entry of <c>status.certificates</c>.</summary>
/// <param name="Name">What it is for.</param>
/// <param name="Secret">The secret that holds it.</param>
/// <param name="NotAfter">Its end.</param>
/// <param name="RenewAt">When it is renewed, or null.</param>
internal sealed record CertificateStatus(string Name, string Secret, DateTimeOffset NotAfter, DateTimeOffset? RenewAt)
{
    public System.Text.Json.Nodes.JsonObject ToJson()
    {
        var o = new System.Text.Json.Nodes.JsonObject { ["name"] = Name, ["secret"] = Secret, ["notAfter"] = HostingCluster.Timestamp(NotAfter) };
        if (RenewAt is { } at) o["renewAt"] = HostingCluster.Timestamp(at);
        return o;
    }
}
