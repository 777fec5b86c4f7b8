using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>The paths of one resource, with operation ids as a stock server forms them.</summary>
internal sealed class ResourcePaths(ResourceInfo resource, TypeNames types)
{
    private readonly string root = "/" + ApiPaths.DocumentOf(resource.Kind.GroupVersion);
    private readonly string prefix = Prefix(resource.Kind.GroupVersion);
    private readonly string tag = TagOf(resource.Kind.GroupVersion);
    private readonly string scope = resource.Namespaced ? "Namespaced" : "";
    private readonly string? type = types.Of(resource.Kind, resource.Custom);
    private readonly string? listType = types.Of(resource.Kind with { Kind = resource.ListKind }, resource.Custom);

    /// <summary><c>AppsV1</c>, <c>RbacAuthorizationV1</c>, <c>CoreV1</c>.</summary>
    public static string Prefix(GroupVersion version) => GroupNames(version.Group).Prefix + Capital(version.Version);

    /// <summary><c>apps_v1</c>, <c>rbacAuthorization_v1</c>, <c>core_v1</c>.</summary>
    public static string TagOf(GroupVersion version) => $"{GroupNames(version.Group).Tag}_{version.Version}";

    public static (string Prefix, string Tag) GroupNames(string group)
    {
        if (group.Length == 0) return ("Core", "core");
        var name = group.EndsWith(".k8s.io", StringComparison.Ordinal) ? group[..^".k8s.io".Length] : group;
        var prefix = string.Concat(name.Split('.', '-').Select(Capital));
        return (prefix, prefix.Length == 0 ? "" : char.ToLowerInvariant(prefix[0]) + prefix[1..]);
    }

    public IEnumerable<ApiPath> All()
    {
        var names = resource.Namespaced ? new[] { "namespace" } : [];
        var collection = resource.Namespaced ? $"{root}/namespaces/{{namespace}}/{resource.Resource}" : $"{root}/{resource.Resource}";
        var kind = resource.Kind.Kind;
        var lists = Can("list");

        if (resource.Namespaced && lists)
            yield return new ApiPath($"{root}/{resource.Resource}", Sorted(ApiParameters.List, ["pretty"]), [List($"list{prefix}{kind}ForAllNamespaces", [])]);

        var operations = new List<ApiOperation>();
        if (lists) operations.Add(List($"list{prefix}{scope}{kind}", ApiParameters.List));
        if (Can("create")) operations.Add(Create($"create{prefix}{scope}{kind}", resource.Kind, type));
        if (Can("deletecollection"))
            operations.Add(Operation("delete", $"delete{prefix}Collection{scope}{kind}", "deletecollection", resource.Kind, TypeNames.Meta + "Status") with
            {
                Parameters = ApiParameters.DeleteCollection,
                Body = BodyKind.DeleteOptions,
            });
        if (operations.Count > 0) yield return new ApiPath(collection, [.. names, "pretty"], operations);

        operations = [.. Item($"{scope}{kind}", resource.Kind, type, resource.Verbs)];
        if (operations.Count > 0) yield return new ApiPath(collection + "/{name}", ["name", .. names, "pretty"], operations);

        foreach (var sub in resource.Subresources)
        {
            operations = [.. Subresource(sub)];
            if (operations.Count > 0) yield return new ApiPath($"{collection}/{{name}}/{sub.Name}", ["name", .. names, "pretty"], operations);
        }

        // The handler of custom resources publishes no watch paths.
        if (resource.Custom || !Can("watch")) yield break;
        if (resource.Namespaced)
            yield return Watch($"{root}/watch/{resource.Resource}", $"watch{prefix}{kind}ListForAllNamespaces", "watchlist", []);
        var watched = collection.Insert(root.Length, "/watch");
        yield return Watch(watched, $"watch{prefix}{scope}{kind}List", "watchlist", names);
        yield return Watch(watched + "/{name}", $"watch{prefix}{scope}{kind}", "watch", ["name", .. names]);
    }

    private IEnumerable<ApiOperation> Item(string name, GroupVersionKind kind, string? body, IReadOnlyList<string> verbs)
    {
        if (verbs.Contains("get")) yield return Operation("get", $"read{prefix}{name}", "get", kind, body);
        if (verbs.Contains("update"))
            yield return Operation("put", $"replace{prefix}{name}", "put", kind, body) with
            {
                Parameters = ApiParameters.Write, Body = BodyKind.Object, BodyType = body, Codes = [200, 201],
            };
        if (verbs.Contains("delete"))
            // Some kinds answer with the object that is gone, most with a status.
            yield return Operation("delete", $"delete{prefix}{name}", "delete", kind, TypeNames.Meta + "Status") with
            {
                Parameters = ApiParameters.Delete, Body = BodyKind.DeleteOptions, Codes = [200, 202],
            };
        if (verbs.Contains("patch"))
            yield return Operation("patch", $"patch{prefix}{name}", "patch", kind, body) with
            {
                Parameters = ApiParameters.Patch, Body = BodyKind.Patch, Codes = resource.Custom ? [200] : [200, 201],
            };
    }

    private IEnumerable<ApiOperation> Subresource(SubresourceInfo sub)
    {
        var name = $"{scope}{resource.Kind.Kind}{Capital(sub.Name)}";
        if (sub.Name == "log")
            return [Text("get", $"read{prefix}{name}", "get", sub.Kind, ApiParameters.Connect(sub.Name))];
        if (sub.Kind.Kind.EndsWith("Options", StringComparison.Ordinal))
            return sub.Verbs.Select(verb => verb switch { "create" => "post", "update" => "put", _ => verb }).Select(method =>
                Text(method, $"connect{prefix}{Capital(method)}{name}", "connect", sub.Kind, ApiParameters.Connect(sub.Name)));
        var subType = types.Of(sub.Kind, resource.Custom && sub.Kind.GroupVersion == resource.Kind.GroupVersion);
        var operations = Item(name, sub.Kind, subType, sub.Verbs);
        return sub.Verbs.Contains("create") ? operations.Append(Create($"create{prefix}{name}", sub.Kind, subType)) : operations;
    }

    private ApiOperation List(string id, string[] parameters) =>
        Operation("get", id, "list", resource.Kind, listType) with { Parameters = parameters, Answer = resource.Custom ? AnswerKind.Object : AnswerKind.Stream };

    private ApiOperation Create(string id, GroupVersionKind kind, string? body) =>
        Operation("post", id, "post", kind, body) with { Parameters = ApiParameters.Write, Body = BodyKind.Object, BodyType = body, Codes = [200, 201, 202] };

    private ApiPath Watch(string template, string id, string action, string[] names) =>
        new(template, Sorted(ApiParameters.List, [.. names, "pretty"]),
            [Operation("get", id, action, resource.Kind, TypeNames.Meta + "WatchEvent") with { Answer = AnswerKind.Stream }]);

    private ApiOperation Text(string method, string id, string action, GroupVersionKind kind, string[] parameters) =>
        Operation(method, id, action, kind, null) with { Parameters = parameters, Answer = AnswerKind.Text };

    private ApiOperation Operation(string method, string id, string action, GroupVersionKind kind, string? answer) =>
        new() { Method = method, Id = id, Tag = tag, Action = action, Kind = kind, AnswerType = answer, Custom = resource.Custom };

    private bool Can(string verb) => resource.Verbs.Contains(verb);

    private static string[] Sorted(string[] parameters, string[] more) => [.. parameters.Concat(more).Order(StringComparer.Ordinal)];

    private static string Capital(string text) => text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..];
}
