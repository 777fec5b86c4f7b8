using System.IO.Compression;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Protobuf;

namespace KubeFlex.CatalogGenerator;

/// <summary>Writes the second data file: the protobuf messages of the published types.</summary>
internal sealed class Messages(JsonObject protobuf, JsonObject schemas)
{
    private readonly Dictionary<string, int> indexes = [];
    private readonly List<string> order = [];

    public byte[] Write()
    {
        foreach (var (name, _) in protobuf)
            if (schemas.ContainsKey(Published(name))) Index(name);
        using var bytes = new MemoryStream();
        using (var compressed = new BrotliStream(bytes, CompressionLevel.SmallestSize))
        using (var writer = new BinaryWriter(compressed))
        {
            // Messages that only others refer to are found while writing.
            using var body = new MemoryStream();
            using var fields = new BinaryWriter(body);
            for (var i = 0; i < order.Count; i++) Write(order[i], fields);
            writer.Write7BitEncodedInt(order.Count);
            writer.Write(body.ToArray());
        }
        return bytes.ToArray();
    }

    private void Write(string name, BinaryWriter writer)
    {
        var fields = protobuf[name]!.AsObject();
        writer.Write(Published(name));
        writer.Write7BitEncodedInt((int)FormOf(name));
        writer.Write7BitEncodedInt(fields.Count);
        foreach (var (field, facts) in fields)
        {
            writer.Write7BitEncodedInt(facts!["n"]!.GetValue<int>());
            writer.Write(JsonName(name, field));
            var type = facts["t"]!.GetValue<string>();
            var form = (FieldForm)0;
            if (facts["repeated"] is not null) form |= FieldForm.Repeated;
            if (type.StartsWith("map<string, ", StringComparison.Ordinal)) (form, type) = (FieldForm.Map, type["map<string, ".Length..^1]);
            form |= type switch
            {
                "string" => FieldForm.Text,
                "bytes" => FieldForm.Bytes,
                "bool" => FieldForm.Bool,
                "int32" or "int64" => FieldForm.Integer,
                "double" => FieldForm.Double,
                _ => FieldForm.Message,
            };
            if (form == FieldForm.Message && IsInline(name, field)) form |= FieldForm.Inline;
            if (KeepsZero(name, field)) form |= FieldForm.Optional;
            writer.Write7BitEncodedInt((int)form);
            if ((form & FieldForm.Mask) == FieldForm.Message) writer.Write7BitEncodedInt(Index(type[0] == '.' ? type[1..] : $"{name[..name.LastIndexOf('.')]}.{type}"));
        }
    }

    private int Index(string name)
    {
        if (indexes.TryGetValue(name, out var index)) return index;
        order.Add(name);
        return indexes[name] = order.Count - 1;
    }

    private JsonObject? Schema(string name) => schemas[Published(name)]?.AsObject();

    // An embedded Go struct is a field of the message and none of the JSON.
    private bool IsInline(string name, string field) =>
        FormOf(name) == MessageForm.Object && Schema(name)?["properties"]?.AsObject() is { } properties && !properties.ContainsKey(JsonName(name, field));

    // Go leaves a zero out where it is marked omitempty; required members and those with a published default are not, pointers are never zero.
    private bool KeepsZero(string name, string field)
    {
        var schema = Schema(name);
        return ProtobufFacts.Pointers.Contains($"{name[(name.LastIndexOf('.') + 1)..]}.{field}")
            || (schema?["required"]?.AsArray().Any(r => r!.GetValue<string>() == field) ?? false)
            || schema?["properties"]?[JsonName(name, field)]?["default"] is not null;
    }

    private string JsonName(string message, string field)
    {
        if (Schema(message)?["properties"]?.AsObject() is not { } properties || properties.ContainsKey(field)) return field;
        // "Expression", "uID", "aPIGroup", "ref", "xKubernetesListType".
        string[] candidates =
        [
            "$" + field, field == "uID" ? "uid" : "", char.ToLowerInvariant(field[0]) + field[1..], field == "aPIGroup" ? "apiGroup" : "",
            string.Concat(field.Select(c => char.IsUpper(c) ? "-" + char.ToLowerInvariant(c) : c.ToString())),
        ];
        return candidates.FirstOrDefault(properties.ContainsKey) ?? field;
    }

    // k8s.io.api.core.v1.Pod is published as io.k8s.api.core.v1.Pod, k8s.io.kube_aggregator.… as io.k8s.kube-aggregator.…
    private static string Published(string message)
    {
        var parts = message.Split('.', 4);
        return $"io.k8s.{parts[2].Replace('_', '-')}.{parts[3]}";
    }

    private static MessageForm FormOf(string message) => message[(message.LastIndexOf('.') + 1)..] switch
    {
        "Time" => MessageForm.Time,
        "MicroTime" => MessageForm.MicroTime,
        "IntOrString" => MessageForm.IntOrString,
        "Quantity" => MessageForm.Quantity,
        "RawExtension" or "FieldsV1" or "JSON" => MessageForm.Json,
        "ExtraValue" or "Verbs" => MessageForm.List,
        "JSONSchemaPropsOrBool" => MessageForm.SchemaOrBool,
        "JSONSchemaPropsOrArray" or "JSONSchemaPropsOrStringArray" => MessageForm.SchemaOrList,
        _ => MessageForm.Object,
    };
}
