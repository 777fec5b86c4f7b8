using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.OpenApi;

namespace KubeFlex.ApiServer.CustomResources;

/// <summary>What a definition serves, compiled. Shared by all control planes that have the same definition.</summary>
/// <param name="Hash">Hash of the definition's spec.</param>
/// <param name="Entries">One per served version.</param>
/// <param name="Published">The same with their schemas as written, for OpenAPI.</param>
internal sealed record CompiledDefinition(string Hash, IReadOnlyList<ResourceEntry> Entries, IReadOnlyList<PublishedCustomResource> Published);

/// <summary>
/// Compiled definitions of the process, by the hash of their spec: a thousand tenants with the same operator hold its schemas once.
/// Held weakly, so that the last control plane that drops a definition frees it.
/// </summary>
internal sealed class DefinitionCache(ApiCatalog catalog)
{
    private readonly ConcurrentDictionary<string, WeakReference<CompiledDefinition>> compiled = new();

    public CompiledDefinition Get(JsonObject crd)
    {
        var hash = Convert.ToHexString(SHA256.HashData(KubeJson.ToUtf8(crd["spec"])));
        if (compiled.TryGetValue(hash, out var weak) && weak.TryGetTarget(out var found)) return found;
        var resources = CustomResourceDefinitions.Compile(crd, catalog.ObjectMeta);
        var entries = resources.Select(r => new ResourceEntry(r, null)).ToList();
        var versions = crd.Child("spec").List("versions").Objects().ToDictionary(v => v.Text("name"), v => v.Child("schema").Child("openAPIV3Schema"));
        var published = resources.Select(r => new PublishedCustomResource(r, (JsonObject?)versions.GetValueOrDefault(r.Kind.Version)?.DeepClone() ?? [])).ToList();
        var definition = new CompiledDefinition(hash, entries, published);
        compiled[hash] = new WeakReference<CompiledDefinition>(definition);
        foreach (var (key, reference) in compiled)
            if (!reference.TryGetTarget(out _)) compiled.TryRemove(key, out _);
        return definition;
    }
}
