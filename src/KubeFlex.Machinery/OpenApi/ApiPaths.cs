using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>The paths of the documents: which there are, and what each holds.</summary>
internal static class ApiPaths
{
    /// <summary>The v3 document of a group and version.</summary>
    public static string DocumentOf(GroupVersion version) => version.Group.Length == 0 ? $"api/{version}" : $"apis/{version}";

    /// <summary>All v3 documents, sorted.</summary>
    public static IEnumerable<string> Documents(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal) { "api", "apis", "version" };
        foreach (var group in catalog.Groups)
        {
            if (group.Name.Length > 0) names.Add($"apis/{group.Name}");
            foreach (var version in group.Versions) names.Add(DocumentOf(new GroupVersion(group.Name, version)));
        }
        foreach (var one in custom) names.Add(DocumentOf(one.Resource.Kind.GroupVersion));
        return names;
    }

    /// <summary>Paths of one v3 document, or null when there is no such document.</summary>
    public static List<ApiPath>? OfDocument(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom, string document)
    {
        if (!Documents(catalog, custom).Contains(document)) return null;
        return document.Split('/') switch
        {
            ["version"] => [Discovery("/version/", "getCodeVersion", "version", "io.k8s.apimachinery.pkg.version.Info")],
            ["api"] => [Discovery("/api/", "getCoreAPIVersions", "core", TypeNames.Meta + "APIVersions")],
            ["apis"] => [Discovery("/apis/", "getAPIVersions", "apis", TypeNames.Meta + "APIGroupList")],
            ["apis", var group] => [OfGroup(group)],
            ["api", var version] => OfVersion(catalog, custom, new GroupVersion("", version)),
            [_, var group, var version] => OfVersion(catalog, custom, new GroupVersion(group, version)),
            _ => null,
        };
    }

    /// <summary>Paths of a group and version.</summary>
    public static List<ApiPath> OfVersion(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom, GroupVersion version)
    {
        var types = new TypeNames(catalog);
        return [.. OfVersion(catalog, types, custom, version).OrderBy(p => p.Template, StringComparer.Ordinal)];
    }

    /// <summary>Every path, sorted: the v2 document.</summary>
    public static List<ApiPath> All(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom)
    {
        var types = new TypeNames(catalog);
        var paths = new List<ApiPath>();
        foreach (var document in new[] { "version", "api", "apis" }) paths.AddRange(OfDocument(catalog, custom, document)!);
        foreach (var group in ServedGroups.Of(catalog, [.. custom.Select(c => c.Resource)]))
        {
            if (catalog.Groups.Any(g => g.Name == group.Name && g.Name.Length > 0)) paths.Add(OfGroup(group.Name));
            foreach (var version in group.Versions) paths.AddRange(OfVersion(catalog, types, custom, version.Name));
        }
        paths.Sort((a, b) => string.CompareOrdinal(a.Template, b.Template));
        return paths;
    }

    private static IEnumerable<ApiPath> OfVersion(ApiCatalog catalog, TypeNames types, IReadOnlyList<PublishedCustomResource> custom, GroupVersion version)
    {
        var builtIn = catalog.ResourcesOf(version);
        if (builtIn.Count > 0)
            yield return Discovery($"/{DocumentOf(version)}/", $"get{ResourcePaths.Prefix(version)}APIResources", ResourcePaths.TagOf(version), TypeNames.Meta + "APIResourceList");
        foreach (var resource in builtIn.Concat(custom.Select(c => c.Resource).Where(r => r.Kind.GroupVersion == version)))
            foreach (var path in new ResourcePaths(resource, types).All())
                yield return path;
    }

    private static ApiPath OfGroup(string group)
    {
        var (prefix, tag) = ResourcePaths.GroupNames(group);
        return Discovery($"/apis/{group}/", $"get{prefix}APIGroup", tag, TypeNames.Meta + "APIGroup");
    }

    private static ApiPath Discovery(string template, string id, string tag, string type) =>
        new(template, [], [new ApiOperation { Method = "get", Id = id, Tag = tag, AnswerType = type }]);
}
