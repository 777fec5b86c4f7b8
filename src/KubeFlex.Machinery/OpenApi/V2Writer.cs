using System.Globalization;
using System.Text.Json;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>Writes the OpenAPI 2.0 (Swagger) document.</summary>
internal static class V2Writer
{
    private const string DeleteBody = "body-2Y1dVQaQ";
    private const string PatchBody = "body-78PwaGsr";

    public static byte[] Write(ApiCatalog catalog, IReadOnlyList<PublishedCustomResource> custom) => DocumentWriting.ToUtf8(writer =>
    {
        var paths = ApiPaths.All(catalog, custom);
        var schemas = new SchemaPublisher(catalog, writer, v3: false);
        writer.WriteStartObject();
        writer.WriteString("swagger", "2.0");
        writer.Info("Kubernetes", catalog.KubernetesVersion);
        writer.WriteStartObject("paths");
        foreach (var path in paths)
        {
            writer.WriteStartObject(path.Template);
            foreach (var operation in path.Operations) Operation(writer, schemas, operation);
            if (path.Parameters.Count > 0)
            {
                writer.WriteStartArray("parameters");
                foreach (var name in path.Parameters) Parameter(writer, name, ApiParameters.SharedKey(name, patch: false));
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteStartObject("definitions");
        schemas.WriteAll(DocumentWriting.TypesOf(paths), new CustomSchemas(custom));
        writer.WriteEndObject();
        SharedParameters(writer, schemas);
        writer.WriteStartObject("securityDefinitions");
        writer.WriteStartObject("BearerToken");
        writer.WriteString("description", "Bearer Token authentication");
        writer.WriteString("type", "apiKey");
        writer.WriteString("name", "authorization");
        writer.WriteString("in", "header");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteStartArray("security");
        writer.WriteStartObject();
        writer.WriteStartArray("BearerToken");
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static void Operation(Utf8JsonWriter writer, SchemaPublisher schemas, ApiOperation operation)
    {
        writer.WriteStartObject(operation.Method);
        writer.Strings("consumes", operation switch
        {
            { Body: BodyKind.Patch } => DocumentWriting.PatchTypes(operation.Custom),
            { Custom: true } => ["application/json", "application/yaml"],
            _ => ["*/*"],
        });
        writer.Strings("produces", DocumentWriting.AnswerTypes(operation));
        writer.Strings("schemes", ["https"]);
        writer.Strings("tags", [operation.Tag]);
        writer.WriteString("operationId", operation.Id);
        if (operation.Parameters.Count > 0 || operation.Body != BodyKind.None)
        {
            writer.WriteStartArray("parameters");
            Body(writer, schemas, operation);
            foreach (var name in operation.Parameters) Parameter(writer, name, ApiParameters.SharedKey(name, operation.Body == BodyKind.Patch));
            writer.WriteEndArray();
        }
        writer.WriteStartObject("responses");
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("description", ApiOperation.CodeText(code));
            writer.WriteStartObject("schema");
            if (operation.AnswerType is null) writer.WriteString("type", "string");
            else schemas.Reference(operation.AnswerType);
            writer.WriteEndObject();
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
        switch (operation.Body)
        {
            case BodyKind.None: return;
            case BodyKind.DeleteOptions: Parameter(writer, "body", DeleteBody); return;
            case BodyKind.Patch: Parameter(writer, "body", PatchBody); return;
            default: BodyParameter(writer, schemas, operation.BodyType!, required: true); return;
        }
    }

    private static void Parameter(Utf8JsonWriter writer, string name, string? shared)
    {
        writer.WriteStartObject();
        if (shared is not null) writer.WriteString("$ref", "#/parameters/" + shared);
        else Describe(writer, name);
        writer.WriteEndObject();
    }

    private static void Describe(Utf8JsonWriter writer, string name)
    {
        writer.WriteBoolean("uniqueItems", true);
        writer.WriteString("type", ApiParameters.Type(name));
        writer.WriteString("name", name);
        writer.WriteString("in", ApiParameters.InPath(name) ? "path" : "query");
        if (ApiParameters.InPath(name)) writer.WriteBoolean("required", true);
    }

    private static void BodyParameter(Utf8JsonWriter writer, SchemaPublisher schemas, string type, bool required)
    {
        writer.WriteStartObject();
        writer.WriteString("name", "body");
        writer.WriteString("in", "body");
        if (required) writer.WriteBoolean("required", true);
        writer.WriteStartObject("schema");
        schemas.Reference(type);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void SharedParameters(Utf8JsonWriter writer, SchemaPublisher schemas)
    {
        writer.WriteStartObject("parameters");
        writer.WritePropertyName(DeleteBody);
        BodyParameter(writer, schemas, TypeNames.Meta + "DeleteOptions", required: false);
        writer.WritePropertyName(PatchBody);
        BodyParameter(writer, schemas, TypeNames.Meta + "Patch", required: true);
        foreach (var patch in (bool[])[false, true]) Shared("fieldManager", ApiParameters.SharedKey("fieldManager", patch)!);
        foreach (var (name, key) in ApiParameters.Shared) Shared(name, key);
        writer.WriteEndObject();

        void Shared(string name, string key)
        {
            writer.WriteStartObject(key);
            Describe(writer, name);
            writer.WriteEndObject();
        }
    }
}
