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

    /// <summary>Name of the published type, such as <c>io.k8s.api.core.v1.Pod</c>; null inside custom resources.</summary>
    public string? TypeName { get; init; }

    /// <summary>JSON type.</summary>
    public SchemaType Type { get; init; }

    /// <summary><c>int32</c>, <c>int64</c>, <c>date-time</c>, <c>byte</c>, <c>int-or-string</c>, <c>quantity</c> …, or null.</summary>
    public string? Format { get; init; }

    /// <summary>Known members of an object.</summary>
    public IReadOnlyDictionary<string, Schema> Properties { get; init; } = System.Collections.Frozen.FrozenDictionary<string, Schema>.Empty;

    /// <summary>Schema of all other members, or null.</summary>
    public Schema? AdditionalProperties { get; init; }

    /// <summary>Schema of an array's items.</summary>
    public Schema? Items { get; init; }

    /// <summary>Members that must be there.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>Default; clone before use.</summary>
    public JsonNode? Default { get; init; }

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

    /// <summary>The schema of a member: known, additional, or null when the member is unknown.</summary>
    public Schema? Member(string name) => Properties.TryGetValue(name, out var s) ? s : AdditionalProperties ?? (PreserveUnknownFields ? Anything : null);
}

/// <summary>Value rules of a custom resource's schema (OpenAPI v3 validations). Absent ones are null.</summary>
public sealed class SchemaRules
{
    /// <summary>Lower bound.</summary>
    public double? Minimum { get; init; }

    /// <summary>Whether <see cref="Minimum"/> itself is out.</summary>
    public bool ExclusiveMinimum { get; init; }

    /// <summary>Upper bound.</summary>
    public double? Maximum { get; init; }

    /// <summary>Whether <see cref="Maximum"/> itself is out.</summary>
    public bool ExclusiveMaximum { get; init; }

    /// <summary>The value is a multiple of this.</summary>
    public double? MultipleOf { get; init; }

    /// <summary>Shortest string, in code points.</summary>
    public long? MinLength { get; init; }

    /// <summary>Longest string, in code points.</summary>
    public long? MaxLength { get; init; }

    /// <summary>RE2 pattern a string contains.</summary>
    public string? Pattern { get; init; }

    /// <summary>Fewest items.</summary>
    public long? MinItems { get; init; }

    /// <summary>Most items.</summary>
    public long? MaxItems { get; init; }

    /// <summary>Items differ from one another.</summary>
    public bool UniqueItems { get; init; }

    /// <summary>Fewest members.</summary>
    public long? MinProperties { get; init; }

    /// <summary>Most members.</summary>
    public long? MaxProperties { get; init; }

    /// <summary>All must hold.</summary>
    public IReadOnlyList<Schema> AllOf { get; init; } = [];

    /// <summary>At least one must hold.</summary>
    public IReadOnlyList<Schema> AnyOf { get; init; } = [];

    /// <summary>Exactly one must hold.</summary>
    public IReadOnlyList<Schema> OneOf { get; init; } = [];

    /// <summary>Must not hold.</summary>
    public Schema? Not { get; init; }

    /// <summary><c>x-kubernetes-validations</c> as written, for the CEL that comes later.</summary>
    public JsonArray? Expressions { get; init; }
}
