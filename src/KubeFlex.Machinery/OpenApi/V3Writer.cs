using System.Text.Json;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>Writes an OpenAPI 3.0 document.</summary>
internal static class V3Writer
{
    public static byte[] Write(ApiCatalog catalog, List<ApiPath> paths, IReadOnlyList<PublishedCustomResource> custom) => DocumentWriting.ToUtf8(writer =>
    {
        var schemas = new SchemaPublisher(catalog, writer, v3: true);
        var onlyCustom = paths.Count > 0 && paths.All(p => p.Operations.All(o => o.Custom));
        writer.WriteStartObject();
        writer.WriteString("openapi", "3.0.0");
        if (onlyCustom) writer.Info("Kubernetes CRD Swagger", "v0.1.0");
        else writer.Info("Kubernetes", catalog.KubernetesVersion);
        writer.WriteStartObject("paths");
        foreach (var path in paths) Path(writer, schemas, path);
        writer.WriteEndObject();
        writer.WriteStartObject("components");
        writer.WriteStartObject("schemas");
        schemas.WriteAll(DocumentWriting.TypesOf(paths), new CustomSchemas(custom));
        writer.WriteEndObject();
        if (!onlyCustom)
        {
            writer.WriteStartObject("securitySchemes");
            writer.WriteStartObject("BearerToken");
            writer.WriteString("type", "apiKey");
            writer.WriteString("description", "Bearer Token authentication");
            writer.WriteString("name", "authorization");
            writer.WriteString("in", "header");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    private static void Path(Utf8JsonWriter writer, SchemaPublisher schemas, ApiPath path)
    {
        writer.WriteStartObject(path.Template);
        foreach (var operation in path.Operations) Operation(writer, schemas, operation);
        Parameters(writer, path.Parameters);
        writer.WriteEndObject();
    }

    private static void Operation(Utf8JsonWriter writer, SchemaPublisher schemas, ApiOperation operation)
    {
        writer.WriteStartObject(operation.Method);
        writer.Strings("tags", [operation.Tag]);
        writer.WriteString("operationId", operation.Id);
        Parameters(writer, operation.Parameters);
        Body(writer, schemas, operation);
        writer.WriteStartObject("responses");
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteString("description", ApiOperation.CodeText(code));
            Content(writer, schemas, DocumentWriting.AnswerTypes(operation), operation.AnswerType);
            writer.WriteEndObject();
        }
        writer.WriteStartObject("401");
        writer.WriteString("description", ApiOperation.CodeText(401));
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.ActionAndKind(operation);
        writer.WriteEndObject();
    }

    private static void Body(Utf8JsonWriter writer, SchemaPublisher schemas, ApiOperation operation)
    {
        if (operation.Body == BodyKind.None) return;
        writer.WriteStartObject("requestBody");
        string[] any = operation.Custom ? ["application/json", "application/yaml"] : ["*/*"];
        switch (operation.Body)
        {
            case BodyKind.Patch: Content(writer, schemas, DocumentWriting.PatchTypes(operation.Custom), TypeNames.Meta + "Patch"); break;
            case BodyKind.DeleteOptions: Content(writer, schemas, any, TypeNames.Meta + "DeleteOptions"); break;
            default: Content(writer, schemas, any, operation.BodyType); break;
        }
        if (operation.Body != BodyKind.DeleteOptions) writer.WriteBoolean("required", true);
        writer.WriteEndObject();
    }

    private static void Content(Utf8JsonWriter writer, SchemaPublisher schemas, string[] mediaTypes, string? type)
    {
        writer.WriteStartObject("content");
        foreach (var mediaType in mediaTypes)
        {
            writer.WriteStartObject(mediaType);
            writer.WriteStartObject("schema");
            if (type is null) writer.WriteString("type", "string");
            else schemas.Reference(type);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void Parameters(Utf8JsonWriter writer, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return;
        writer.WriteStartArray("parameters");
        foreach (var name in names)
        {
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("in", ApiParameters.InPath(name) ? "path" : "query");
            if (ApiParameters.InPath(name)) writer.WriteBoolean("required", true);
            writer.WriteStartObject("schema");
            writer.WriteString("type", ApiParameters.Type(name));
            writer.WriteBoolean("uniqueItems", true);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}
