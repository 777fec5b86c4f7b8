using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>Discovery documents of built-in and custom resources.</summary>
public static class DiscoveryDocuments
{
    // The handler of custom resources lists its verbs in this order.
    private static readonly string[] CustomVerbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

    /// <summary><c>APIVersions</c> of <c>/api</c>.</summary>
    /// <param name="serverAddress">Host and port that clients should use.</param>
    public static JsonObject Versions(string serverAddress) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = serverAddress }),
    };

    /// <summary><c>APIGroupList</c> of <c>/apis</c>.</summary>
    public static JsonObject Groups(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom) => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = List(ServedGroups.Of(catalog, custom).Where(g => g.Name.Length > 0), g => Describe([], g)),
    };

    /// <summary><c>APIGroup</c> of <c>/apis/&lt;group&gt;</c>, or null.</summary>
    public static JsonObject? Group(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom, string group) =>
        group.Length > 0 && ServedGroups.Of(catalog, custom).Find(g => g.Name == group) is { } served
            ? Describe(new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" }, served)
            : null;

    /// <summary><c>APIResourceList</c> of a group and version, or null.</summary>
    public static JsonObject? Resources(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom, GroupVersion version)
    {
        var served = ServedGroups.Of(catalog, custom).Find(g => g.Name == version.Group)?.Versions.FirstOrDefault(v => v.Name == version);
        if (served is null) return null;
        var list = new JsonObject { ["kind"] = "APIResourceList" };
        // The core group's list is older than the field.
        if (version.Group.Length > 0) list["apiVersion"] = "v1";
        list["groupVersion"] = version.ToString();
        var resources = new JsonArray();
        foreach (var resource in served.Resources)
        {
            resources.Add((JsonNode)Legacy(resource));
            foreach (var sub in Subresources(resource)) resources.Add((JsonNode)Legacy(resource, sub));
        }
        list["resources"] = resources;
        return list;
    }

    /// <summary>Aggregated discovery v2 of <c>/api</c> (<paramref name="core"/>) or <c>/apis</c>.</summary>
    public static JsonObject Aggregated(ApiCatalog catalog, IReadOnlyList<ResourceInfo> custom, bool core) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = "apidiscovery.k8s.io/v2",
        ["metadata"] = new JsonObject(),
        ["items"] = List(ServedGroups.Of(catalog, custom).Where(g => g.Name.Length == 0 == core), group => new JsonObject
        {
            ["metadata"] = core ? [] : new JsonObject { ["name"] = group.Name },
            ["versions"] = List(group.Versions, version => new JsonObject
            {
                ["version"] = version.Name.Version,
                ["resources"] = List(version.Resources, Aggregated),
                ["freshness"] = "Current",
            }),
        }),
    };

    private static JsonObject Describe(JsonObject into, ServedGroup group)
    {
        static JsonObject Version(ServedVersion v) => new() { ["groupVersion"] = v.Name.ToString(), ["version"] = v.Name.Version };
        into["name"] = group.Name;
        into["versions"] = List(group.Versions, Version);
        into["preferredVersion"] = Version(group.Versions[0]);
        return into;
    }

    private static JsonObject Legacy(ResourceInfo resource)
    {
        var entry = new JsonObject
        {
            ["name"] = resource.Resource,
            ["singularName"] = resource.Singular,
            ["namespaced"] = resource.Namespaced,
            ["kind"] = resource.Kind.Kind,
            ["verbs"] = Texts(Verbs(resource)),
        };
        Names(entry, resource);
        var hash = resource.StorageVersionHash;
        if (resource.Custom && hash.Length == 0) hash = StorageVersionHash.Of(resource.StorageKind.Group, resource.StorageKind.Version, resource.StorageKind.Kind);
        if (hash.Length > 0) entry["storageVersionHash"] = hash;
        return entry;
    }

    private static JsonObject Legacy(ResourceInfo resource, SubresourceInfo sub)
    {
        var entry = new JsonObject { ["name"] = $"{resource.Resource}/{sub.Name}", ["singularName"] = "", ["namespaced"] = resource.Namespaced };
        if (sub.Kind.GroupVersion != resource.Kind.GroupVersion)
        {
            entry["group"] = sub.Kind.Group;
            entry["version"] = sub.Kind.Version;
        }
        entry["kind"] = sub.Kind.Kind;
        entry["verbs"] = Texts(sub.Verbs);
        return entry;
    }

    private static JsonObject Aggregated(ResourceInfo resource)
    {
        var entry = new JsonObject
        {
            ["resource"] = resource.Resource,
            ["responseKind"] = ResponseKind(resource, resource.Kind),
            ["scope"] = resource.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.Singular,
            ["verbs"] = Texts(Verbs(resource)),
        };
        Names(entry, resource);
        if (resource.Subresources.Count > 0)
            entry["subresources"] = List(Subresources(resource), sub => new JsonObject
            {
                ["subresource"] = sub.Name,
                ["responseKind"] = ResponseKind(resource, sub.Kind),
                ["verbs"] = Texts(sub.Verbs),
            });
        return entry;
    }

    // Built-in handlers leave out what equals the group and version of the list, the handler of custom resources does not.
    private static JsonObject ResponseKind(ResourceInfo resource, GroupVersionKind kind)
    {
        var same = !resource.Custom && kind.GroupVersion == resource.Kind.GroupVersion;
        return new JsonObject { ["group"] = same ? "" : kind.Group, ["version"] = same ? "" : kind.Version, ["kind"] = kind.Kind };
    }

    private static void Names(JsonObject entry, ResourceInfo resource)
    {
        if (resource.ShortNames.Count > 0) entry["shortNames"] = Texts(resource.ShortNames);
        if (resource.Categories.Count > 0) entry["categories"] = Texts(resource.Categories);
    }

    private static IReadOnlyList<string> Verbs(ResourceInfo resource) =>
        resource.Custom ? [.. CustomVerbs.Where(resource.Verbs.Contains)] : resource.Verbs;

    // Custom resources name status before scale; built-in ones go by the alphabet.
    private static IEnumerable<SubresourceInfo> Subresources(ResourceInfo resource) =>
        resource.Custom ? resource.Subresources.OrderByDescending(s => s.Name, StringComparer.Ordinal) : resource.Subresources;

    private static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonObject> describe) => new([.. items.Select(describe)]);

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);
}
