using System.Collections.Concurrent;
using KubeFlex.Storage;

namespace KubeFlex.Server.Sharing;

/// <summary>Which server has a control plane's store, as far as another than this one has it. Believed for a moment; who finds it wrong says so.</summary>
internal sealed class Owners(Datastore datastore, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    // Only stores that somebody has: what clients make up is not kept.
    private readonly ConcurrentDictionary<string, (StoreOwner Owner, long Since)> seen = new(StringComparer.Ordinal);

    /// <summary>The other server that has it; null when nobody or this one has it.</summary>
    public async ValueTask<StoreOwner?> FindOtherAsync(string name, CancellationToken cancellation)
    {
        if (seen.TryGetValue(name, out var known) && time.GetElapsedTime(known.Since) < Fresh) return known.Owner;
        if (await datastore.FindOwnerAsync(name, cancellation) is not { } owner || owner.Url == datastore.Self!.Url)
        {
            seen.TryRemove(name, out _);
            return null;
        }
        Remember(name, owner);
        return owner;
    }

    /// <summary>
    /// The storage told so, which is the only way for a control plane in a database of its own. False when the owner is this server before it was started anew:
    /// then its lease must run out.
    /// </summary>
    public bool Remember(string name, StoreOwner owner)
    {
        if (owner.Url == datastore.Self!.Url) return false;
        seen[name] = (owner, time.GetTimestamp());
        return true;
    }

    /// <summary>It has answered a request, so it has the control plane: as long as it does nobody needs to ask the database.</summary>
    public void Confirm(string name, StoreOwner owner)
    {
        if (seen.TryGetValue(name, out var known) && known.Owner == owner) seen.TryUpdate(name, (owner, time.GetTimestamp()), known);
    }

    public void Forget(string name) => seen.TryRemove(name, out _);
}
