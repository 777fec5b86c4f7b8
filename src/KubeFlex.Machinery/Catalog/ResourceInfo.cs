using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Catalog;

/// <summary>One column of <c>kubectl get</c>.</summary>
/// <param name="Name">Heading.</param>
/// <param name="Type">OpenAPI type.</param>
/// <param name="Format">OpenAPI format; <c>name</c> marks the object's name.</param>
/// <param name="Priority">0 always, 1 only with <c>-o wide</c>.</param>
/// <param name="Description">What it shows.</param>
/// <param name="JsonPath">Where a custom resource's value stands; null for built-in kinds.</param>
public sealed record TableColumn(string Name, string Type, string Format, int Priority, string Description, string? JsonPath = null)
{
    // Read once per column, not once per row.
    internal Tables.JsonPath? Path { get; } = JsonPath is null ? null : Tables.JsonPath.Parse(JsonPath, out _);
}

/// <summary>A subresource.</summary>
/// <param name="Name">Path segment, such as <c>status</c>.</param>
/// <param name="Kind">The kind it takes and gives.</param>
/// <param name="Verbs">Supported verbs, sorted.</param>
public sealed record SubresourceInfo(string Name, GroupVersionKind Kind, IReadOnlyList<string> Verbs);

/// <summary>Where the <c>scale</c> subresource finds its values, as dotted JSON paths with a leading dot.</summary>
/// <param name="SpecReplicas">Wanted replicas.</param>
/// <param name="StatusReplicas">Seen replicas.</param>
/// <param name="LabelSelector">Selector (a string, or a LabelSelector for built-in kinds), or null.</param>
public sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? LabelSelector);

/// <summary>One resource in one version: all that the generic request path needs to know about it. Immutable, shared by all control planes.</summary>
public sealed class ResourceInfo
{
    /// <summary>Group, version and kind.</summary>
    public required GroupVersionKind Kind { get; init; }

    /// <summary>Plural name in URLs.</summary>
    public required string Resource { get; init; }

    /// <summary>Singular name; may be empty.</summary>
    public string Singular { get; init; } = "";

    /// <summary>Kind of lists.</summary>
    public required string ListKind { get; init; }

    /// <summary>Objects live in namespaces.</summary>
    public required bool Namespaced { get; init; }

    /// <summary>Verbs of the resource itself, sorted.</summary>
    public required IReadOnlyList<string> Verbs { get; init; }

    /// <summary>Short names of kubectl.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Categories such as <c>all</c>.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Subresources.</summary>
    public IReadOnlyList<SubresourceInfo> Subresources { get; init; } = [];

    /// <summary>Shape of the objects.</summary>
    public required Schema Schema { get; init; }

    /// <summary>Columns of <c>kubectl get</c>.</summary>
    public IReadOnlyList<TableColumn> Columns { get; init; } = [];

    /// <summary>Fields beyond name and namespace that field selectors may name (dotted, no leading dot).</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    /// <summary>The version objects are stored in (for example core/v1 for both kinds of Event).</summary>
    public required GroupVersionKind StorageKind { get; init; }

    /// <summary>Group and resource that name the objects in the store (equal for all versions of a resource).</summary>
    public required GroupResource StorageResource { get; init; }

    /// <summary>Where scale finds its values, or null without the subresource.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>True for a resource that a CustomResourceDefinition defines.</summary>
    public bool Custom { get; init; }

    /// <summary><c>storageVersionHash</c> of discovery, or empty.</summary>
    public string StorageVersionHash { get; init; } = "";

    /// <summary>A deprecation warning to send with each answer, or null.</summary>
    public string? DeprecationWarning { get; init; }

    /// <summary>Group and resource as error messages name them.</summary>
    public GroupResource GroupResource => new(Kind.Group, Resource);

    /// <summary>The subresource of that name, or null.</summary>
    public SubresourceInfo? Subresource(string name) => Subresources.FirstOrDefault(s => s.Name == name);
}
