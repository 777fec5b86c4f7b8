using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Catalog;

/// <summary>
/// One schema of the data file, as written: a type, or a member that may refer to a type. <see cref="Schema"/> is what it means (a reference
/// resolved, the member's own statements on top); OpenAPI publishes the node.
/// </summary>
internal sealed class SchemaNode
{
    private static readonly string[] ListTypes = ["", "atomic", "set", "map"];
    private static readonly string[] MapTypes = ["", "atomic", "granular"];

    private readonly CatalogData data;
    private readonly NodeFlags flags;
    private readonly int reference = -1;
    private readonly int items = -1;
    private readonly int additional = -1;
    private readonly (string Name, int Node)[] properties = [];

    public SchemaNode(CatalogData data, CatalogReader reader)
    {
        this.data = data;
        flags = (NodeFlags)reader.Number();
        if (Has(NodeFlags.TypeName)) TypeName = reader.Text();
        if (Has(NodeFlags.Format)) Format = reader.Text();
        if (Has(NodeFlags.Reference)) reference = reader.Number();
        if (Has(NodeFlags.Default)) Default = reader.Text();
        if (Has(NodeFlags.Required)) Required = reader.Texts();
        if (Has(NodeFlags.ListMapKeys)) ListMapKeys = reader.Texts();
        if (Has(NodeFlags.PatchStrategy)) PatchStrategy = reader.Text();
        if (Has(NodeFlags.PatchMergeKey)) PatchMergeKey = reader.Text();
        if (Has(NodeFlags.Items)) items = reader.Number();
        if (Has(NodeFlags.Additional)) additional = reader.Number();
        if (Has(NodeFlags.Properties))
        {
            properties = new (string, int)[reader.Number()];
            for (var i = 0; i < properties.Length; i++) properties[i] = (reader.Text(), reader.Number());
        }
        if (Has(NodeFlags.Kinds))
        {
            Kinds = new GroupVersionKind[reader.Number()];
            for (var i = 0; i < Kinds.Length; i++) Kinds[i] = reader.Kind();
        }
        if (Has(NodeFlags.Unions)) Unions = reader.Text();
    }

    public SchemaType Type => (SchemaType)(flags & NodeFlags.TypeMask);
    public string? TypeName { get; }
    public string? Format { get; }
    public string? Default { get; }
    public string[] Required { get; } = [];
    public string[] ListMapKeys { get; } = [];
    public string? PatchStrategy { get; }
    public string? PatchMergeKey { get; }
    public GroupVersionKind[] Kinds { get; } = [];
    public string? Unions { get; }
    public string ListType => ListTypes[(int)(flags & NodeFlags.ListTypeMask) >> 3];
    public string MapType => MapTypes[(int)(flags & NodeFlags.MapTypeMask) >> 5];

    /// <summary>The type this member refers to, or null.</summary>
    public Schema? Reference => reference < 0 ? null : data.Schema(reference);

    public Schema? Items => reference < 0 ? items < 0 ? null : data.Schema(items) : Reference!.Items;

    public Schema? Additional => reference < 0 ? additional < 0 ? null : data.Schema(additional) : Reference!.AdditionalProperties;

    public IReadOnlyDictionary<string, Schema> MakeProperties()
    {
        if (reference >= 0) return Reference!.Properties;
        var made = new Dictionary<string, Schema>(properties.Length);
        foreach (var (name, node) in properties) made.Add(name, data.Schema(node));
        return made;
    }

    /// <summary>The default, when it is but the zero value that Go's types give to required members.</summary>
    public JsonNode? ZeroDefault() => IsZero(Default) ? JsonNode.Parse(Default!) : null;

    public Schema ToSchema()
    {
        var type = Reference;
        return new Schema
        {
            Node = this,
            TypeName = TypeName ?? type?.TypeName,
            Type = type?.Type ?? Type,
            Format = Format ?? type?.Format,
            Required = Required.Length > 0 || type is null ? Required : type.Required,
            Default = Default is null || IsZero(Default) ? null : JsonNode.Parse(Default),
            ListType = ListType switch { "set" => Catalog.ListType.Set, "map" => Catalog.ListType.Map, _ => Catalog.ListType.Atomic },
            ListMapKeys = ListMapKeys,
            AtomicMap = MapType.Length > 0 ? MapType == "atomic" : type?.AtomicMap ?? false,
            PatchStrategy = PatchStrategy,
            PatchMergeKey = PatchMergeKey,
            PreserveUnknownFields = Has(NodeFlags.PreserveUnknown) || type?.PreserveUnknownFields == true,
            IntOrString = Has(NodeFlags.IntOrString) || type?.IntOrString == true,
        };
    }

    private bool Has(NodeFlags flag) => (flags & flag) != 0;

    private static bool IsZero(string? json) => json is "{}" or "\"\"" or "0" or "false";
}
