using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Kinds;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Registry;

/// <summary>Finds resources by <c>group/version/resource</c>; immutable, replaced as a whole when definitions change.</summary>
internal sealed class ResourceTable
{
    private readonly Dictionary<string, ResourceEntry> entries = [];
    private readonly Dictionary<GroupVersionKind, ResourceEntry> kinds = [];
    private readonly HashSet<string> groups = [];

    public ResourceTable(IEnumerable<ResourceEntry> resources)
    {
        foreach (var r in resources)
        {
            entries[$"{r.Info.Kind.Group}/{r.Info.Kind.Version}/{r.Info.Resource}"] = r;
            kinds.TryAdd(r.Info.Kind, r);
            groups.Add(r.Info.Kind.Group);
        }
    }

    public static readonly ResourceTable Empty = new([]);

    public static ResourceTable BuiltIn(ApiCatalog catalog) =>
        new(from g in catalog.Groups
            from v in g.Versions
            from r in catalog.ResourcesOf(new GroupVersion(g.Name, v))
            select new ResourceEntry(r, BuiltInKinds.Rules(r.Kind.GroupKind)));

    public IEnumerable<ResourceEntry> All => entries.Values;

    public bool HasGroup(string group) => groups.Contains(group);

    public ResourceEntry? FindKind(GroupVersionKind kind) => kinds.GetValueOrDefault(kind);

    public ResourceEntry? Find(ReadOnlySpan<char> group, ReadOnlySpan<char> version, ReadOnlySpan<char> resource)
    {
        Span<char> key = stackalloc char[256];
        var length = group.Length + version.Length + resource.Length + 2;
        if (length > key.Length) return null;
        group.CopyTo(key);
        key[group.Length] = '/';
        version.CopyTo(key[(group.Length + 1)..]);
        key[group.Length + version.Length + 1] = '/';
        resource.CopyTo(key[(group.Length + version.Length + 2)..]);
        return entries.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key[..length], out var entry) ? entry : null;
    }
}
