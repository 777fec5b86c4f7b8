using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Catalog;

/// <summary>JSON types of a schema.</summary>
public enum SchemaType
{
    /// <summary>Anything (no type given).</summary>
    Any,
    /// <summary>Object.</summary>
    Object,
    /// <summary>Array.</summary>
    Array,
    /// <summary>String.</summary>
    String,
    /// <summary>Whole number.</summary>
    Integer,
    /// <summary>Any number.</summary>
    Number,
    /// <summary>true or false.</summary>
    Boolean,
}

/// <summary>How the items of a list belong together (<c>x-kubernetes-list-type</c>).</summary>
public enum ListType
{
    /// <summary>One value, replaced as a whole (also when nothing is stated).</summary>
    Atomic,
    /// <summary>Scalars, each once.</summary>
    Set,
    /// <summary>Objects told apart by <see cref="Schema.ListMapKeys"/>.</summary>
    Map,
}

/// <summary>
/// The shape of a value: one immutable tree for built-in kinds and custom resources alike. Pruning, defaulting, validation, patching and
/// applying are functions of it. Trees of built-in kinds are shared and may be recursive (JSONSchemaProps): never walk a schema without a value.
/// </summary>
public sealed class Schema
{
    /// <summary>A schema that states nothing.</summary>
    public static readonly Schema Anything = new() { PreserveUnknownFields = true };

    private static readonly IReadOnlyDictionary<string, Schema> NoProperties = new Dictionary<string, Schema>();

    private IReadOnlyDictionary<string, Schema>? properties;
    private Schema? additionalProperties;
    private Schema? items;
    private Validation.GoStruct? go;

    /// <summary>Where a built-in schema comes from: its members are made when first asked for, since types are many and recursive.</summary>
    internal SchemaNode? Node { get; init; }

    /// <summary>Name of the published type, such as <c>io.k8s.api.core.v1.Pod</c>; null inside custom resources.</summary>
    public string? TypeName { get; init; }

    /// <summary>JSON type.</summary>
    public SchemaType Type { get; init; }

    /// <summary>
    /// <c>int32</c>, <c>int64</c>, <c>date-time</c>, <c>byte</c>, <c>int-or-string</c>, <c>quantity</c> …, or null.
    /// A quantity is a string or a number, so its <see cref="Type"/> is <see cref="SchemaType.Any"/>, as is that of int-or-string.
    /// </summary>
    public string? Format { get; init; }

    /// <summary>Known members of an object.</summary>
    public IReadOnlyDictionary<string, Schema> Properties
    {
        get => properties ?? Publish(ref properties, Node?.MakeProperties() ?? NoProperties);
        init => properties = value;
    }

    /// <summary>Schema of all other members, or null.</summary>
    public Schema? AdditionalProperties
    {
        get => additionalProperties ?? (Node?.Additional is { } lazy ? Publish(ref additionalProperties, lazy) : null);
        init => additionalProperties = value;
    }

    /// <summary>Schema of an array's items.</summary>
    public Schema? Items
    {
        get => items ?? (Node?.Items is { } lazy ? Publish(ref items, lazy) : null);
        init => items = value;
    }

    /// <summary>Members that must be there.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>
    /// Default; clone before use. For built-in kinds this is a real default of the published schema (such as <c>protocol: TCP</c>), never a
    /// zero value of Go. Their defaulting is the business of the kinds' rules; only custom resources are defaulted from here.
    /// </summary>
    public JsonNode? Default { get; init; }

    /// <summary>
    /// Default as OpenAPI publishes it: also the empty object, string or zero of required members. Never for defaulting; it is what
    /// server-side apply takes for an absent member of <see cref="ListMapKeys"/>. Clone before use.
    /// </summary>
    public JsonNode? PublishedDefault => Default ?? Node?.ZeroDefault();

    /// <summary>Allowed values, or null for all.</summary>
    public IReadOnlyList<JsonNode?>? Enum { get; init; }

    /// <summary>How items of a list belong together.</summary>
    public ListType ListType { get; init; }

    /// <summary>Members that tell the items of a <see cref="ListType.Map"/> apart.</summary>
    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    /// <summary>True when an object is one value for server-side apply (<c>x-kubernetes-map-type: atomic</c>).</summary>
    public bool AtomicMap { get; init; }

    /// <summary>Strategic merge: <c>merge</c>, <c>replace</c>, <c>retainKeys</c>, comma-separated, or null.</summary>
    public string? PatchStrategy { get; init; }

    /// <summary>Strategic merge: member that tells items apart, or null.</summary>
    public string? PatchMergeKey { get; init; }

    /// <summary>Unknown members stay (<c>x-kubernetes-preserve-unknown-fields</c>).</summary>
    public bool PreserveUnknownFields { get; init; }

    /// <summary>A whole number or a string (<c>x-kubernetes-int-or-string</c>).</summary>
    public bool IntOrString { get; init; }

    /// <summary>A whole Kubernetes object (<c>x-kubernetes-embedded-resource</c>).</summary>
    public bool EmbeddedResource { get; init; }

    /// <summary>Null is a value.</summary>
    public bool Nullable { get; init; }

    /// <summary>Value rules of custom resources (bounds, patterns, all/any/one/not); null for built-in kinds.</summary>
    public SchemaRules? Rules { get; init; }

    /// <summary>What Go's encoder does with the members of the struct behind this schema.</summary>
    internal Validation.GoStruct Go => go ?? Publish(ref go, new Validation.GoStruct(this));

    /// <summary>The schema of a member: known, additional, or null when the member is unknown.</summary>
    public Schema? Member(string name) => Properties.TryGetValue(name, out var s) ? s : AdditionalProperties ?? (PreserveUnknownFields ? Anything : null);

    // Two threads may make the same members; all get those that were first.
    private static T Publish<T>(ref T? slot, T made) where T : class => Interlocked.CompareExchange(ref slot, made, null) ?? made;
}
