using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Runtime.Discovery;

/// <summary>How a kind is reached.</summary>
/// <param name="Collection">Its collection, without a namespace.</param>
/// <param name="Namespaced">Whether its objects live in namespaces.</param>
public sealed record ResourceMapping(ResourceRef Collection, bool Namespaced);

/// <summary>
/// Finds the resource behind a kind, as client-go's RESTMapper does, by asking for the one group version that the object names. A kind that
/// is not known is asked for again each time, so that one which arrives later is found at once. Safe for concurrent use.
/// </summary>
public sealed class ApiDiscovery(KubeClient client)
{
    private readonly ConcurrentDictionary<GroupVersion, IReadOnlyDictionary<string, ResourceMapping>> known = new();

    /// <summary>The resource, or null when the server does not serve the kind.</summary>
    public async Task<ResourceMapping?> FindAsync(GroupVersionKind kind, CancellationToken cancellation)
    {
        if (known.TryGetValue(kind.GroupVersion, out var kinds) && kinds.TryGetValue(kind.Kind, out var mapping)) return mapping;
        kinds = await LoadAsync(kind.GroupVersion, cancellation);
        known[kind.GroupVersion] = kinds;
        return kinds.GetValueOrDefault(kind.Kind);
    }

    /// <summary>Forgets a group version, after its resource turned out to be gone.</summary>
    public void Invalidate(GroupVersion version) => known.TryRemove(version, out _);

    private async Task<IReadOnlyDictionary<string, ResourceMapping>> LoadAsync(GroupVersion version, CancellationToken cancellation)
    {
        var kinds = new Dictionary<string, ResourceMapping>();
        JsonObject list;
        try
        {
            list = await client.GetDocumentAsync(version.Group.Length == 0 ? $"api/{version.Version}" : $"apis/{version.Group}/{version.Version}", cancellation);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return kinds;
        }
        foreach (var resource in (list["resources"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var (name, kind) = ((string?)resource["name"] ?? "", (string?)resource["kind"] ?? "");
            // Subresources are listed too; a kind may stand for several resources, the first is its own.
            if (name.Contains('/', StringComparison.Ordinal)) continue;
            kinds.TryAdd(kind, new ResourceMapping(new ResourceRef(version.Group, version.Version, name), (bool?)resource["namespaced"] ?? false));
        }
        return kinds;
    }
}
