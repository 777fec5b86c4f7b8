using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Catalog;

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

    private System.Text.RegularExpressions.Regex? matcher;

    // Compiled when first needed: a definition may hold hundreds of patterns of which a control plane uses few. Two threads may both compile it.
    internal System.Text.RegularExpressions.Regex? Matcher => Pattern is null ? null : matcher ??= CustomResources.Patterns.Compile(Pattern);

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

    /// <summary>Some schema at or below this one has <see cref="Expressions"/>.</summary>
    public bool ExpressionsBelow { get; init; }
}
