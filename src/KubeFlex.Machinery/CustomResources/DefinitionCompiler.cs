using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Makes the resources that a definition serves.</summary>
internal static class DefinitionCompiler
{
    // The order of kube-apiserver's discovery (customresource_discovery_controller).
    private static readonly string[] Verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    private static readonly string[] SubresourceVerbs = ["get", "patch", "update"];

    public static IReadOnlyList<ResourceInfo> Compile(JsonObject crd, Schema objectMeta)
    {
        if (crd.Obj("spec") is not { } spec) return [];
        var versions = spec.Items("versions").OfType<JsonObject>().ToList();
        var storage = versions.FirstOrDefault(v => v.Bool("storage")).Str("name");
        var schemas = new List<(JsonObject Source, Schema Compiled)>();
        return [.. versions.Where(v => v.Bool("served")).OrderByDescending(v => v.Str("name"), KubeVersions.Order).Select(v => Resource(crd, spec, v, storage, Schema(v)))];

        // Versions with equal schemas share one tree.
        Schema Schema(JsonObject version)
        {
            var source = version.Obj("schema").Obj("openAPIV3Schema") ?? [];
            if (spec.Bool("preserveUnknownFields") && !source.Bool("x-kubernetes-preserve-unknown-fields"))
            {
                source = (JsonObject)source.DeepClone();
                source["x-kubernetes-preserve-unknown-fields"] = true;
            }
            foreach (var (known, compiled) in schemas)
                if (JsonReading.Same(known, source)) return compiled;
            var made = new SchemaCompiler(objectMeta).CompileRoot(source);
            schemas.Add((source, made));
            return made;
        }
    }

    private static ResourceInfo Resource(JsonObject crd, JsonObject spec, JsonObject version, string storage, Schema schema)
    {
        var group = spec.Str("group");
        var names = spec.Obj("names") ?? [];
        // Short names and categories count once they are accepted; a definition not seen by its controller yet has its own.
        var accepted = crd.Obj("status").Obj("acceptedNames") is { } a && a.Str("plural").Length > 0 ? a : names;
        var kind = new GroupVersionKind(group, version.Str("name"), names.Str("kind"));
        var subresources = version.Obj("subresources");
        var scale = subresources.Obj("scale");
        var subs = new List<SubresourceInfo>();
        if (subresources?.ContainsKey("status") == true) subs.Add(new("status", kind, SubresourceVerbs));
        if (scale is not null) subs.Add(new("scale", new GroupVersionKind("autoscaling", "v1", "Scale"), SubresourceVerbs));
        return new ResourceInfo
        {
            Kind = kind,
            Resource = names.Str("plural"),
            Singular = names.Str("singular") is { Length: > 0 } singular ? singular : kind.Kind.ToLowerInvariant(),
            ListKind = names.Str("listKind") is { Length: > 0 } list ? list : kind.Kind + "List",
            Namespaced = spec.Str("scope") == "Namespaced",
            Verbs = Verbs,
            ShortNames = Strings(accepted, "shortNames"),
            Categories = Strings(accepted, "categories"),
            Subresources = subs,
            Schema = schema,
            Columns = Columns(version),
            SelectableFields = [.. version.Items("selectableFields").Select(f => f.Str("jsonPath").TrimStart('.'))],
            StorageKind = kind with { Version = storage },
            StorageResource = new GroupResource(group, names.Str("plural")),
            Scale = scale is null ? null
                : new ScalePaths(scale.Str("specReplicasPath"), scale.Str("statusReplicasPath"), scale.Str("labelSelectorPath") is { Length: > 0 } path ? path : null),
            Custom = true,
            StorageVersionHash = Hash($"{group}/{storage}/{kind.Kind}"),
            DeprecationWarning = version.Bool("deprecated") ? version.Get("deprecationWarning").AsString() ?? DefaultWarning(spec, kind) : null,
        };
    }

    private static IReadOnlyList<TableColumn> Columns(JsonObject version)
    {
        var name = new TableColumn("Name", "string", "name", 0, Tables.ColumnTexts.Name);
        if (version.Arr("additionalPrinterColumns") is not { Count: > 0 } columns)
            return [name, new TableColumn("Age", "date", "", 0, Tables.ColumnTexts.CreationTimestamp, ".metadata.creationTimestamp")];
        return
        [
            name, .. columns.Select(c => new TableColumn(c.Str("name"), c.Str("type"), c.Str("format"), (int)(c.Long("priority") ?? 0),
                c.Str("description") is { Length: > 0 } text ? text : $"Custom resource definition column (in JSONPath format): {c.Str("jsonPath")}", c.Str("jsonPath"))),
        ];
    }

    private static string DefaultWarning(JsonObject spec, GroupVersionKind kind)
    {
        var text = $"{kind.GroupVersion} {kind.Kind} is deprecated";
        var better = spec.Items("versions").Where(v => v.Bool("served") && !v.Bool("deprecated") && KubeVersions.Order.Compare(v.Str("name"), kind.Version) > 0)
            .Select(v => v.Str("name")).OrderDescending(KubeVersions.Order).FirstOrDefault();
        return better is null ? text : $"{text}; use {kind.Group}/{better} {kind.Kind}";
    }

    private static string Hash(string storage) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(storage)).AsSpan(0, 8));

    private static string[] Strings(JsonNode? node, string name) => [.. node.Items(name).Select(v => v.AsString()).OfType<string>()];
}
