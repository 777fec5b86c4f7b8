using System.Text.Json;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>Writes types and all types they refer to, in the dialect of one version of OpenAPI.</summary>
internal sealed class SchemaPublisher(ApiCatalog catalog, Utf8JsonWriter writer, bool v3)
{
    private readonly string references = v3 ? "#/components/schemas/" : "#/definitions/";

    public void Reference(string type) => writer.WriteString("$ref", references + type);

    /// <summary>Writes the members of <c>schemas</c> or <c>definitions</c>: the wanted types and what they need, custom ones among them.</summary>
    public void WriteAll(IEnumerable<string> wanted, CustomSchemas custom)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(wanted);
        while (open.TryPop(out var name))
        {
            if (!names.Add(name)) continue;
            if (catalog.Type(name) is { } type) Collect(type, open);
            else foreach (var need in CustomSchemas.Needs) open.Push(need);
        }
        foreach (var name in names)
        {
            writer.WritePropertyName(name);
            if (catalog.Type(name) is { } type) Write(type.Node!);
            else custom.Write(writer, name, v3);
        }
    }

    private static void Collect(Schema schema, Stack<string> open)
    {
        foreach (var child in schema.Properties.Values.Append(schema.Items).Append(schema.AdditionalProperties))
        {
            if (child is null) continue;
            if (child.TypeName is { } name) open.Push(name);
            else Collect(child, open);
        }
    }

    private void Write(SchemaNode node, bool member = false)
    {
        writer.WriteStartObject();
        if (node.Reference is { } type) Refer(node, type.TypeName!, member);
        else if (node.Format == "quantity") Choice(null, "string", "number");
        else if (node.Format == "int-or-string") Choice(node.Format, "integer", "string");
        else Plain(node);
        Extensions(node);
        writer.WriteEndObject();
    }

    private void Refer(SchemaNode node, string type, bool member)
    {
        // A reference has no siblings in OpenAPI 3.0, so what stands beside it goes around it.
        if (!v3 || !member && node.Default is null)
        {
            Reference(type);
            return;
        }
        Default(node);
        writer.WriteStartArray("allOf");
        writer.WriteStartObject();
        Reference(type);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    // OpenAPI 2 cannot say "one of": there such values are strings.
    private void Choice(string? format, string first, string second)
    {
        if (v3)
        {
            writer.WriteStartArray("oneOf");
            foreach (var type in (string[])[first, second])
            {
                writer.WriteStartObject();
                writer.WriteString("type", type);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("type", "string");
        }
        if (format is not null) writer.WriteString("format", format);
    }

    private void Plain(SchemaNode node)
    {
        if (node.Type != SchemaType.Any) writer.WriteString("type", node.Type.ToString().ToLowerInvariant());
        if (node.Format is not null) writer.WriteString("format", node.Format);
        Strings("required", node.Required);
        Default(node);
        if (node.Items is { Node: { } items })
        {
            writer.WritePropertyName("items");
            Write(items);
        }
        if (node.Additional is { Node: { } additional })
        {
            writer.WritePropertyName("additionalProperties");
            Write(additional);
        }
        var properties = node.MakeProperties();
        if (properties.Count == 0) return;
        writer.WriteStartObject("properties");
        foreach (var (name, schema) in properties)
        {
            writer.WritePropertyName(name);
            Write(schema.Node!, member: true);
        }
        writer.WriteEndObject();
    }

    // A stock server prunes defaults from the v2 document.
    private void Default(SchemaNode node)
    {
        if (!v3 || node.Default is null) return;
        writer.WritePropertyName("default");
        writer.WriteRawValue(node.Default);
    }

    private void Extensions(SchemaNode node)
    {
        if (node.Kinds.Length > 0)
        {
            writer.WriteStartArray("x-kubernetes-group-version-kind");
            foreach (var kind in node.Kinds)
            {
                writer.WriteStartObject();
                writer.WriteString("group", kind.Group);
                writer.WriteString("kind", kind.Kind);
                writer.WriteString("version", kind.Version);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        Strings("x-kubernetes-list-map-keys", node.ListMapKeys);
        Text("x-kubernetes-list-type", node.ListType);
        Text("x-kubernetes-map-type", node.MapType);
        Text("x-kubernetes-patch-merge-key", node.PatchMergeKey);
        Text("x-kubernetes-patch-strategy", node.PatchStrategy);
        if (node.Unions is null) return;
        writer.WritePropertyName("x-kubernetes-unions");
        writer.WriteRawValue(node.Unions);
    }

    private void Text(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) writer.WriteString(name, value);
    }

    private void Strings(string name, string[] values)
    {
        if (values.Length == 0) return;
        writer.WriteStartArray(name);
        foreach (var value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
