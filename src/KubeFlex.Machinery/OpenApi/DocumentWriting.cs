using System.Text.Encodings.Web;
using System.Text.Json;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>What both writers need.</summary>
internal static class DocumentWriting
{
    public static byte[] ToUtf8(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream(1 << 20);
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
            write(writer);
        return stream.ToArray();
    }

    /// <summary>The title is that of the server that publishes the document: the one of custom resources has its own.</summary>
    public static void Info(this Utf8JsonWriter writer, string title, string version)
    {
        writer.WriteStartObject("info");
        writer.WriteString("title", title);
        writer.WriteString("version", version);
        writer.WriteEndObject();
    }

    public static void ActionAndKind(this Utf8JsonWriter writer, ApiOperation operation)
    {
        if (operation.Action is null) return;
        writer.WriteString("x-kubernetes-action", operation.Action);
        writer.WriteStartObject("x-kubernetes-group-version-kind");
        writer.WriteString("group", operation.Kind.Group);
        writer.WriteString("version", operation.Kind.Version);
        writer.WriteString("kind", operation.Kind.Kind);
        writer.WriteEndObject();
    }

    public static void Strings(this Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    /// <summary>Types that the operations name.</summary>
    public static IEnumerable<string> TypesOf(IEnumerable<ApiPath> paths) => paths.SelectMany(p => p.Operations)
        .SelectMany(o => new[] { o.AnswerType, o.BodyType, o.Body switch { BodyKind.DeleteOptions => "DeleteOptions", BodyKind.Patch => "Patch", _ => null } is { } n ? TypeNames.Meta + n : null })
        .OfType<string>().Distinct();

    public static string[] PatchTypes(bool custom) => custom
        ? ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
        : ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

    public static string[] AnswerTypes(ApiOperation operation) => operation switch
    {
        { Action: "connect" } => ["*/*"],
        { Answer: AnswerKind.Text } => ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml", "text/plain"],
        { Custom: true } => ["application/json", "application/yaml"],
        { Answer: AnswerKind.Stream } =>
        [
            "application/json", "application/json;stream=watch", "application/vnd.kubernetes.protobuf",
            "application/vnd.kubernetes.protobuf;stream=watch", "application/yaml",
        ],
        _ => ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"],
    };
}
