namespace KubeFlex.CatalogGenerator;

/// <summary>What a stock server does and none of the fact files says. To be looked through for each new Kubernetes version.</summary>
internal static class Conventions
{
    /// <summary>A kind that is stored in another version or under another resource than its own.</summary>
    public static (string Group, string Version, string Resource) Storage(string group, string version, string resource) => (group, resource) switch
    {
        ("events.k8s.io", "events") => ("", "v1", "events"),
        ("autoscaling", "horizontalpodautoscalers") => ("autoscaling", "v2", resource),
        _ => (group, version, resource),
    };

    public static string? DeprecationWarning(string apiVersion, string kind) => (apiVersion, kind) switch
    {
        ("v1", "ComponentStatus") => "v1 ComponentStatus is deprecated in v1.19+",
        ("v1", "Endpoints") => "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        _ => null,
    };

    /// <summary>The printers of webhook configurations are listed under the name of the webhook.</summary>
    public static string ColumnsName(string kind) => kind switch
    {
        "MutatingWebhookConfiguration" => "MutatingWebhook",
        "ValidatingWebhookConfiguration" => "ValidatingWebhook",
        _ => kind,
    };

    private const string NameDescription =
        "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the "
        + "generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. "
        + "Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

    private const string CreatedDescription =
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in "
        + "happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\n"
        + "Populated by the system. Read-only. Null for lists. More info: "
        + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

    /// <summary>Columns of a kind without a printer of its own.</summary>
    public static IReadOnlyList<Column> ColumnsWithoutPrinter(string kind) => kind == "APIService"
        ? [new("Name", "string", "name", 0), new("Service", "string", "", 0), new("Available", "string", "", 0), new("Age", "string", "", 0)]
        : [new("Name", "string", "name", 0), new("Created At", "date", "", 0)];

    public static string ColumnDescription(string kind, string column) => (kind, column) switch
    {
        (_, "Name") => NameDescription,
        (_, "Age" or "Created At") => CreatedDescription,
        ("ConfigMap", "Data") =>
            "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte "
            + "sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is "
            + "enforced during validation process.",
        _ => "",
    };

    /// <summary>Types that hold any JSON: their Go types decode themselves.</summary>
    public static bool HoldsAnything(string type) => type is "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1" or "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
        or "io.k8s.apimachinery.pkg.runtime.RawExtension"
        || type.StartsWith("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", StringComparison.Ordinal)
            && !type.EndsWith(".JSONSchemaProps", StringComparison.Ordinal);

    public const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

    public const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

    /// <summary>Types that documents refer to and no resource does.</summary>
    public static IEnumerable<string> OtherTypes =>
    [
        .. new[] { "APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "DeleteOptions", "Patch", "Status", "WatchEvent" }
            .Select(n => "io.k8s.apimachinery.pkg.apis.meta.v1." + n),
        "io.k8s.apimachinery.pkg.version.Info",
    ];
}

internal sealed record Column(string Name, string Type, string Format, int Priority);
