using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Catalog;

/// <summary>The resources of one group and version, read when first asked for.</summary>
internal sealed class VersionResources(CatalogData data, GroupVersion version, int start)
{
    private Index? index;

    public GroupVersion Version => version;
    public ResourceInfo[] All => Loaded.All;
    public Dictionary<string, ResourceInfo> ByName => Loaded.ByName;
    public Dictionary<string, ResourceInfo> ByKind => Loaded.ByKind;

    // A resource is the same object for everybody, so the first index made stays.
    private Index Loaded => index ?? Interlocked.CompareExchange(ref index, Load(), null) ?? index!;

    private Index Load()
    {
        var reader = new CatalogReader(data, start);
        var all = new ResourceInfo[reader.Number()];
        var byName = new Dictionary<string, ResourceInfo>(all.Length);
        var byKind = new Dictionary<string, ResourceInfo>(all.Length);
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = ResourceOf(ref reader);
            byName.Add(all[i].Resource, all[i]);
            byKind.TryAdd(all[i].Kind.Kind, all[i]);
        }
        return new Index(all, byName, byKind);
    }

    private ResourceInfo ResourceOf(ref CatalogReader reader)
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

    private sealed record Index(ResourceInfo[] All, Dictionary<string, ResourceInfo> ByName, Dictionary<string, ResourceInfo> ByKind);
}
