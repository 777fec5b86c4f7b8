using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>A group as discovery shows it: built-in and custom resources together.</summary>
internal sealed record ServedGroup(string Name, IReadOnlyList<ServedVersion> Versions);

/// <summary>A version of a group.</summary>
internal sealed record ServedVersion(GroupVersion Name, IReadOnlyList<ResourceInfo> Resources);

/// <summary>
/// Groups in the order of a stock server: built-in ones by their priority, then those of custom resources by name, since all of these have
/// the same, lowest priority. Within a group, versions best first.
/// </summary>
internal static class ServedGroups
{
    public static List<ServedGroup> Of(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom)
    {
        var byGroup = custom.GroupBy(r => r.Kind.Group).ToDictionary(g => g.Key, g => g.ToList());
        var served = new List<ServedGroup>();
        foreach (var group in catalog.Groups)
        {
            byGroup.Remove(group.Name, out var more);
            served.Add(Group(catalog, group.Name, group.Versions, more ?? []));
        }
        foreach (var (name, resources) in byGroup.OrderBy(g => g.Key, StringComparer.Ordinal)) served.Add(Group(catalog, name, [], resources));
        return served;
    }

    private static ServedGroup Group(ApiCatalog catalog, string name, IReadOnlyList<string> builtIn, List<ResourceInfo> custom)
    {
        var versions = builtIn.Concat(custom.Select(r => r.Kind.Version).Distinct().Except(builtIn).Order(VersionOrder.BestFirst));
        return new ServedGroup(name, [.. versions.Select(version =>
        {
            var gv = new GroupVersion(name, version);
            return new ServedVersion(gv,
                [.. catalog.ResourcesOf(gv), .. custom.Where(r => r.Kind.Version == version).OrderBy(r => r.Resource, StringComparer.Ordinal)]);
        })]);
    }
}
