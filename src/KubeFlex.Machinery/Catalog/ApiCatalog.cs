using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Catalog;

/// <summary>
/// The facts of one Kubernetes version: groups, resources, schemas, columns, first objects. Loaded once per process from the embedded
/// data file, immutable, shared by every control plane. Schemas are built on first use.
/// </summary>
public sealed class ApiCatalog
{
    private readonly CatalogData data;
    private readonly int typesStart;
    private Dictionary<string, int>? types;

    // By group, then version, resource or kind: dictionaries with string keys are compiled in the runtime already, those with keys of our own
    // types cost milliseconds of every start.
    private readonly Dictionary<string, VersionResources[]> groups;

    private ApiCatalog(CatalogData data)
    {
        this.data = data;
        var reader = data.Body;
        KubernetesVersion = reader.Text();

        typesStart = reader.Block();

        var infos = new GroupInfo[reader.Number()];
        for (var i = 0; i < infos.Length; i++) infos[i] = new GroupInfo(reader.Text(), reader.Texts());
        Groups = infos;

        groups = new Dictionary<string, VersionResources[]>(infos.Length);
        foreach (var group in infos)
        {
            var versions = new VersionResources[group.Versions.Count];
            for (var i = 0; i < versions.Length; i++) versions[i] = new VersionResources(data, new GroupVersion(group.Name, group.Versions[i]), reader.Block());
            groups.Add(group.Name, versions);
        }
    }

    /// <summary>Reads the embedded catalog.</summary>
    public static ApiCatalog Load()
    {
        using var stream = typeof(ApiCatalog).Assembly.GetManifestResourceStream(CatalogFormat.FileName)
            ?? throw new InvalidOperationException($"The embedded resource {CatalogFormat.FileName} is missing.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new ApiCatalog(new CatalogData(bytes));
    }

    /// <summary><c>gitVersion</c> of <c>/version</c>, such as <c>v1.35.0</c>.</summary>
    public string KubernetesVersion { get; }

    /// <summary>Groups that have resources, in discovery's order: the core group first, versions best first.</summary>
    public IReadOnlyList<GroupInfo> Groups { get; }

    /// <summary>Names of the published types, sorted.</summary>
    public IEnumerable<string> TypeNames => Types.Keys;

    /// <summary>All served resources of a group and version, sorted by name; empty when unknown.</summary>
    public IReadOnlyList<ResourceInfo> ResourcesOf(GroupVersion version) => VersionOf(version)?.All ?? [];

    /// <summary>One resource, or null.</summary>
    public ResourceInfo? Find(GroupVersion version, string resource) => VersionOf(version)?.ByName.GetValueOrDefault(resource);

    /// <summary>The resource that serves a kind, or null.</summary>
    public ResourceInfo? FindKind(GroupVersionKind kind) => VersionOf(kind.GroupVersion)?.ByKind.GetValueOrDefault(kind.Kind);

    /// <summary>A published type by its name, such as <c>io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta</c>, or null.</summary>
    public Schema? Type(string name) => Types.TryGetValue(name, out var node) ? data.Schema(node) : null;

    /// <summary>Schema of <c>metadata</c>, shared by custom resources.</summary>
    public Schema ObjectMeta => Type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

    /// <summary>
    /// The objects a fresh control plane holds; fresh copies, without uid and times. Left out is what differs between control planes or what
    /// a controller makes: config maps with certificates, service accounts, leases.
    /// </summary>
    public IEnumerable<JsonObject> InitialObjects()
    {
        // A copy of the tree, not the parsed document: the latter would keep the whole array alive in each object.
        foreach (var node in JsonNode.Parse(data.Objects.Span)!.AsArray()) yield return (JsonObject)node!.DeepClone();
    }

    private Dictionary<string, int> Types
    {
        get
        {
            if (types is not null) return types;
            var reader = new CatalogReader(data, typesStart);
            var count = reader.Number();
            var made = new Dictionary<string, int>(count);
            for (var i = 0; i < count; i++) made.Add(reader.Text(), reader.Number());
            return types = made;
        }
    }

    private VersionResources? VersionOf(GroupVersion wanted)
    {
        if (!groups.TryGetValue(wanted.Group, out var versions)) return null;
        foreach (var version in versions)
        {
            if (version.Version.Version == wanted.Version) return version;
        }
        return null;
    }
}

/// <summary>An API group.</summary>
/// <param name="Name">Name; empty for the core group.</param>
/// <param name="Versions">Served versions, preferred first.</param>
public sealed record GroupInfo(string Name, IReadOnlyList<string> Versions);
