using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.CatalogGenerator;

/// <summary>Writes schemas as nodes. Equal nodes are written once, so the thousands of plain strings and numbers are one node each.</summary>
internal sealed class SchemaNodes(JsonObject schemas, StringTable strings)
{
    private static readonly string[] Types = ["", "object", "array", "string", "integer", "number", "boolean"];
    private static readonly string[] ListTypes = ["", "atomic", "set", "map"];
    private static readonly string[] MapTypes = ["", "atomic", "granular"];

    private readonly List<byte[]> nodes = [];
    private readonly Dictionary<string, int> known = [];
    private readonly Dictionary<string, int> types = [];

    public IReadOnlyList<byte[]> Nodes => nodes;

    /// <summary>Every type written, by name.</summary>
    public IReadOnlyDictionary<string, int> Named => types;

    /// <summary>The node of a type; writes it, and all it refers to, when first asked.</summary>
    public int Type(string name)
    {
        if (types.TryGetValue(name, out var index)) return index;
        // Types may refer to themselves: the place is taken before the members are written.
        types[name] = index = nodes.Count;
        nodes.Add([]);
        var schema = schemas[name]?.AsObject() ?? throw new InvalidDataException($"schemas.json has no type {name}.");
        nodes[index] = Encode(schema, name);
        return index;
    }

    private int Member(JsonObject schema)
    {
        var key = schema.ToJsonString();
        if (known.TryGetValue(key, out var index)) return index;
        var bytes = Encode(schema, null);
        known[key] = nodes.Count;
        nodes.Add(bytes);
        return nodes.Count - 1;
    }

    private byte[] Encode(JsonObject schema, string? typeName)
    {
        string Text(string name) => Facts.Text(schema, name);
        var flags = (NodeFlags)(Index(Types, Text("type")) | Index(ListTypes, Text("listType")) << 3 | Index(MapTypes, Text("mapType")) << 5);
        var fields = new ByteWriter();
        void Field(NodeFlags flag, bool present, Action write)
        {
            if (!present) return;
            flags |= flag;
            write();
        }
        void String(NodeFlags flag, string? value) => Field(flag, !string.IsNullOrEmpty(value), () => fields.Number(strings.Index(value!)));
        void Strings(NodeFlags flag, string[] values) => Field(flag, values.Length > 0, () => fields.Numbers(values.Select(strings.Index)));

        if (typeName is not null && Conventions.HoldsAnything(typeName)) flags |= NodeFlags.PreserveUnknown;
        if (typeName == Conventions.IntOrString) flags |= NodeFlags.IntOrString;
        String(NodeFlags.TypeName, typeName);
        String(NodeFlags.Format, typeName == Conventions.Quantity ? "quantity" : Text("format"));
        Field(NodeFlags.Reference, schema.ContainsKey("ref"), () => fields.Number(Type(Text("ref"))));
        String(NodeFlags.Default, schema["default"]?.ToJsonString());
        Strings(NodeFlags.Required, Facts.Texts(schema, "required"));
        Strings(NodeFlags.ListMapKeys, Facts.Texts(schema, "listMapKeys"));
        String(NodeFlags.PatchStrategy, Text("patchStrategy"));
        String(NodeFlags.PatchMergeKey, Text("patchMergeKey"));
        Field(NodeFlags.Items, schema.ContainsKey("items"), () => fields.Number(Member(schema["items"]!.AsObject())));
        Field(NodeFlags.Additional, schema.ContainsKey("additionalProperties"), () => fields.Number(Member(schema["additionalProperties"]!.AsObject())));
        Field(NodeFlags.Properties, schema.ContainsKey("properties"), () =>
            fields.Pairs(schema["properties"]!.AsObject().Select(p => (strings.Index(p.Key), Member(p.Value!.AsObject())))));
        Field(NodeFlags.Kinds, schema.ContainsKey("gvk"), () => fields.Kinds(Facts.Texts(schema, "gvk"), strings));
        String(NodeFlags.Unions, schema["unions"]?.ToJsonString());

        var node = new ByteWriter();
        node.Number((int)flags);
        node.Bytes(fields.ToArray());
        return node.ToArray();
    }

    private static int Index(string[] names, string name) =>
        Array.IndexOf(names, name) is >= 0 and var i ? i : throw new InvalidDataException($"Unknown value {name} in schemas.json.");
}
