using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.OpenApi;

namespace KubeFlex.ApiServer.Discovery;

/// <summary>A rendered document and what it is known by.</summary>
internal sealed record Document(byte[] Body, string Tag)
{
    public static Document Of(byte[] body) => new(body, Convert.ToHexString(SHA512.HashData(body)));

    public static Document Of(JsonObject json) => Of([.. KubeJson.ToUtf8(json), (byte)'\n']);
}

/// <summary>
/// Discovery and OpenAPI of one set of custom resources, rendered when first asked for. What only concerns built-in kinds is rendered
/// once for all control planes. The large OpenAPI v2 document of a control plane of its own is held weakly.
/// </summary>
internal sealed class Documents(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> published, Documents? builtIn = null)
{
    private readonly IReadOnlyList<ResourceInfo> custom = [.. published.Select(p => p.Resource)];
    private readonly ConcurrentDictionary<string, Document> rendered = new();
    private readonly ConcurrentDictionary<string, WeakReference<Document>> large = new();

    public Document Groups => rendered.GetOrAdd("groups", _ => Document.Of(DiscoveryDocuments.Groups(catalog, custom)));

    public Document Aggregated(bool core) => rendered.GetOrAdd(core ? "core" : "all", _ => Document.Of(DiscoveryDocuments.Aggregated(catalog, custom, core)));

    public JsonObject? Group(string group) => DiscoveryDocuments.Group(catalog, custom, group);

    public JsonObject? Resources(GroupVersion version) => DiscoveryDocuments.Resources(catalog, custom, version);

    public bool HasGroup(string group) => catalog.Groups.Any(g => g.Name == group) || custom.Any(c => c.Kind.Group == group);

    public Document OpenApiV2 => Large("v2", () => OpenApiDocuments.V2(catalog, published));

    public Document OpenApiV2Protobuf => Large("v2pb", () => OpenApiDocuments.V2Protobuf(OpenApiV2.Body));

    /// <summary>The v3 document of a path such as <c>apis/apps/v1</c>, or null.</summary>
    public Document? OpenApiV3(string path)
    {
        if (Version(path) is not { } version) return null;
        var own = published.Where(p => p.Resource.Kind.GroupVersion == version).ToList();
        if (own.Count == 0 && builtIn is not null) return builtIn.OpenApiV3(path);
        if (own.Count == 0 && catalog.ResourcesOf(version).Count == 0) return null;
        return Large(path, () => OpenApiDocuments.V3(catalog, version, own));
    }

    /// <summary>The index of v3 documents. Hashes are of what documents are made from, so that the index costs no rendering.</summary>
    public JsonObject OpenApiV3Index(string pathBase)
    {
        var paths = new JsonObject();
        foreach (var version in Versions())
        {
            var path = version.Group.Length == 0 ? $"api/{version.Version}" : $"apis/{version}";
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"{pathBase}/openapi/v3/{path}?hash={Hash(version)}" };
        }
        return new JsonObject { ["paths"] = paths };
    }

    public string Hash(GroupVersion version)
    {
        var source = new StringBuilder(catalog.KubernetesVersion).Append(version);
        foreach (var p in published)
            if (p.Resource.Kind.GroupVersion == version) source.Append(p.Resource.Kind).Append(p.Resource.Resource).Append(p.Schema.ToJsonString());
        return Convert.ToHexString(SHA512.HashData(Encoding.UTF8.GetBytes(source.ToString())));
    }

    public IEnumerable<GroupVersion> Versions() =>
        catalog.Groups.SelectMany(g => g.Versions.Select(v => new GroupVersion(g.Name, v))).Concat(custom.Select(c => c.Kind.GroupVersion)).Distinct();

    public static GroupVersion? Version(string path) => path.Trim('/').Split('/') switch
    {
        ["api", var v] => new GroupVersion("", v),
        ["apis", var g, var v] => new GroupVersion(g, v),
        _ => null,
    };

    private Document Large(string name, Func<byte[]> render)
    {
        if (builtIn is null) return rendered.GetOrAdd(name, _ => Document.Of(render()));
        if (large.TryGetValue(name, out var weak) && weak.TryGetTarget(out var found)) return found;
        var made = Document.Of(render());
        large[name] = new WeakReference<Document>(made);
        return made;
    }
}
