namespace KubeFlex.Storage;

/// <summary>A server that shares a datastore with others, as they see it.</summary>
/// <param name="Id">Made anew at every start, and whenever it had to give its stores up.</param>
/// <param name="Url">Where it says it can be reached; empty when it does not say.</param>
public sealed record StoreOwner(string Id, string Url);

/// <summary>Being one of several servers on a datastore.</summary>
public sealed record MembershipOptions
{
    /// <summary>Where the others reach this server; they read it, the storage does not.</summary>
    public string Url { get; init; } = "";

    /// <summary>
    /// How long a server's stores stay its own after the last sign of life; so long they are unavailable when it dies without a word. Renewed five times
    /// as often, so that a database that stumbles costs nobody anything.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Told of a store that another server has taken over: it refuses everything from now on, and its watches have ended. Called by the storage's own
    /// threads: must be quick, and must not throw or wait.
    /// </summary>
    public Action<Store>? Lost { get; init; }
}
