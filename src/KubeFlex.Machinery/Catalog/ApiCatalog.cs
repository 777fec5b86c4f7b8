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
    private readonly Dictionary<string, int> types;
    private readonly Dictionary<GroupVersion, ResourceInfo[]> resources = [];
    private readonly Dictionary<(GroupVersion, string), ResourceInfo> byName = [];
    private readonly Dictionary<GroupVersionKind, ResourceInfo> byKind = [];

    private ApiCatalog(CatalogData data)
    {
        this.data = data;
        var reader = data.Body;
        KubernetesVersion = reader.Text();

        var typeCount = reader.Number();
        types = new Dictionary<string, int>(typeCount);
        for (var i = 0; i < typeCount; i++) types.Add(reader.Text(), reader.Number());

        var groups = new GroupInfo[reader.Number()];
        for (var i = 0; i < groups.Length; i++) groups[i] = new GroupInfo(reader.Text(), reader.Texts());
        Groups = groups;

        foreach (var group in groups)
        {
            foreach (var version in group.Versions)
            {
                var list = new ResourceInfo[reader.Number()];
                for (var i = 0; i < list.Length; i++)
                {
                    var resource = list[i] = ResourceOf(ref reader, data, new GroupVersion(group.Name, version));
                    byName.Add((resource.Kind.GroupVersion, resource.Resource), resource);
                    byKind.TryAdd(resource.Kind, resource);
                }
                resources.Add(new GroupVersion(group.Name, version), list);
            }
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
    public IEnumerable<string> TypeNames => types.Keys;

    /// <summary>All served resources of a group and version, sorted by name; empty when unknown.</summary>
    public IReadOnlyList<ResourceInfo> ResourcesOf(GroupVersion version) => resources.TryGetValue(version, out var list) ? list : [];

    /// <summary>One resource, or null.</summary>
    public ResourceInfo? Find(GroupVersion version, string resource) => byName.GetValueOrDefault((version, resource));

    /// <summary>The resource that serves a kind, or null.</summary>
    public ResourceInfo? FindKind(GroupVersionKind kind) => byKind.GetValueOrDefault(kind);

    /// <summary>A published type by its name, such as <c>io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta</c>, or null.</summary>
    public Schema? Type(string name) => types.TryGetValue(name, out var node) ? data.Schema(node) : null;

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

    private static ResourceInfo ResourceOf(ref CatalogReader reader, CatalogData data, GroupVersion version)
    {
        var flags = (ResourceFlags)reader.Number();
        return new ResourceInfo
        {
            Resource = reader.Text(),
            Singular = reader.Text(),
            Kind = new GroupVersionKind(version.Group, version.Version, reader.Text()),
            ListKind = reader.Text(),
            Namespaced = (flags & ResourceFlags.Namespaced) != 0,
            Verbs = reader.Texts(),
            ShortNames = reader.Texts(),
            Categories = reader.Texts(),
            Subresources = Subresources(ref reader),
            Schema = data.Schema(reader.Number()),
            Columns = Columns(ref reader),
            SelectableFields = reader.Texts(),
            StorageKind = reader.Kind(),
            StorageResource = new GroupResource(reader.Text(), reader.Text()),
            StorageVersionHash = reader.Text(),
            Scale = (flags & ResourceFlags.Scale) != 0 ? new ScalePaths(reader.Text(), reader.Text(), reader.Text() is { Length: > 0 } path ? path : null) : null,
            DeprecationWarning = (flags & ResourceFlags.Deprecated) != 0 ? reader.Text() : null,
        };
    }

    private static SubresourceInfo[] Subresources(ref CatalogReader reader)
    {
        var list = new SubresourceInfo[reader.Number()];
        for (var i = 0; i < list.Length; i++) list[i] = new SubresourceInfo(reader.Text(), reader.Kind(), reader.Texts());
        return list;
    }

    private static TableColumn[] Columns(ref CatalogReader reader)
    {
        var list = new TableColumn[reader.Number()];
        for (var i = 0; i < list.Length; i++) list[i] = new TableColumn(reader.Text(), reader.Text(), reader.Text(), reader.Number(), reader.Text());
        return list;
    }
}

/// <summary>An API group.</summary>
/// <param name="Name">Name; empty for the core group.</param>
/// <param name="Versions">Served versions, preferred first.</param>
public sealed record GroupInfo(string Name, IReadOnlyList<string> Versions);
