using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>Names of published types.</summary>
internal sealed class TypeNames
{
    public const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    private readonly Dictionary<GroupVersionKind, string> builtIn = [];

    public TypeNames(ApiCatalog catalog)
    {
        // Options and status are kinds of every group; they are asked for by name.
        foreach (var name in catalog.TypeNames.Where(n => !n.StartsWith(Meta, StringComparison.Ordinal)))
            foreach (var kind in catalog.Type(name)!.Node!.Kinds)
                builtIn[kind] = name;
    }

    /// <summary>The type of a kind, or null when it has none (the options of connections).</summary>
    public string? Of(GroupVersionKind kind, bool custom = false) => custom ? Custom(kind) : builtIn.GetValueOrDefault(kind);

    /// <summary>A custom kind: the group's labels backwards, version and kind.</summary>
    public static string Custom(GroupVersionKind kind) => string.Join('.', [.. kind.Group.Split('.').Reverse(), kind.Version, kind.Kind]);
}
