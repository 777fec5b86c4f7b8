using System.Text.Json;

namespace KubeFlex.Machinery.OpenApi;

/// <summary>
/// A Swagger document as the message <c>openapi.v2.Document</c> (gnostic's OpenAPIv2.proto, which gives the field numbers). Covers what our
/// documents hold: no forms, headers, OAuth or XML.
/// </summary>
internal static class SwaggerProtobuf
{
    public static byte[] Encode(JsonElement document)
    {
        var writer = new ProtobufWriter();
        foreach (var member in document.EnumerateObject())
        {
            var value = member.Value;
            switch (member.Name)
            {
                case "swagger": writer.String(1, value.GetString()); break;
                case "info": writer.Message(2, w => Info(w, value)); break;
                case "paths": writer.Message(8, w => Named(w, 2, value, PathItem)); break;
                case "definitions": writer.Message(9, w => Named(w, 1, value, Schema)); break;
                case "parameters": writer.Message(10, w => Named(w, 1, value, Parameter)); break;
                case "security":
                    foreach (var requirement in value.EnumerateArray()) writer.Message(12, w => Named(w, 1, requirement, (list, scopes) => Strings(list, 1, scopes)));
                    break;
                case "securityDefinitions": writer.Message(13, w => Named(w, 1, value, (item, key) => item.Message(2, m => ApiKey(m, key)))); break;
            }
        }
        return writer.Written.ToArray();
    }

    private static void Info(ProtobufWriter writer, JsonElement info)
    {
        writer.String(1, Text(info, "title"));
        writer.String(2, Text(info, "version"));
    }

    private static void ApiKey(ProtobufWriter writer, JsonElement key)
    {
        writer.String(1, Text(key, "type"));
        writer.String(2, Text(key, "name"));
        writer.String(3, Text(key, "in"));
        writer.String(4, Text(key, "description"));
    }

    private static void PathItem(ProtobufWriter writer, JsonElement path)
    {
        foreach (var member in path.EnumerateObject())
        {
            var value = member.Value;
            var field = member.Name switch { "get" => 2, "put" => 3, "post" => 4, "delete" => 5, "options" => 6, "head" => 7, "patch" => 8, _ => 0 };
            if (field > 0) writer.Message(field, w => Operation(w, value));
            else if (member.Name == "parameters") Parameters(writer, 9, value);
        }
    }

    private static void Operation(ProtobufWriter writer, JsonElement operation)
    {
        foreach (var member in operation.EnumerateObject())
        {
            var value = member.Value;
            switch (member.Name)
            {
                case "tags": Strings(writer, 1, value); break;
                case "description": writer.String(3, value.GetString()); break;
                case "operationId": writer.String(5, value.GetString()); break;
                case "produces": Strings(writer, 6, value); break;
                case "consumes": Strings(writer, 7, value); break;
                case "parameters": Parameters(writer, 8, value); break;
                case "responses": writer.Message(9, w => Named(w, 1, value, (item, response) => item.Message(1, r => Response(r, response)))); break;
                case "schemes": Strings(writer, 10, value); break;
                default: Extension(writer, 13, member); break;
            }
        }
    }

    private static void Response(ProtobufWriter writer, JsonElement response)
    {
        writer.String(1, Text(response, "description"));
        if (response.TryGetProperty("schema", out var schema)) writer.Message(2, item => item.Message(1, w => Schema(w, schema)));
    }

    private static void Parameters(ProtobufWriter writer, int field, JsonElement parameters)
    {
        foreach (var parameter in parameters.EnumerateArray())
        {
            writer.Message(field, item =>
            {
                if (parameter.TryGetProperty("$ref", out var reference)) item.Message(2, w => w.String(1, reference.GetString()));
                else item.Message(1, w => Parameter(w, parameter));
            });
        }
    }

    private static void Parameter(ProtobufWriter writer, JsonElement parameter)
    {
        var place = Text(parameter, "in");
        if (place == "body")
            writer.Message(1, w =>
            {
                w.String(1, Text(parameter, "description"));
                w.String(2, Text(parameter, "name"));
                w.String(3, place);
                w.Bool(4, True(parameter, "required"));
                if (parameter.TryGetProperty("schema", out var schema)) w.Message(5, s => Schema(s, schema));
            });
        else
            // Query and path parameters differ from the fifth field on: only the former may be empty.
            writer.Message(2, w => w.Message(place == "query" ? 3 : 4, p =>
            {
                var shift = place == "query" ? 1 : 0;
                p.Bool(1, True(parameter, "required"));
                p.String(2, place);
                p.String(3, Text(parameter, "description"));
                p.String(4, Text(parameter, "name"));
                p.String(5 + shift, Text(parameter, "type"));
                p.String(6 + shift, Text(parameter, "format"));
                p.Bool(19 + shift, True(parameter, "uniqueItems"));
            }));
    }

    private static void Schema(ProtobufWriter writer, JsonElement schema)
    {
        foreach (var member in schema.EnumerateObject())
        {
            var value = member.Value;
            switch (member.Name)
            {
                case "$ref": writer.String(1, value.GetString()); break;
                case "format": writer.String(2, value.GetString()); break;
                case "title": writer.String(3, value.GetString()); break;
                case "description": writer.String(4, value.GetString()); break;
                case "default": writer.Message(5, w => Any(w, value)); break;
                case "multipleOf": writer.Double(6, value.GetDouble()); break;
                case "maximum": writer.Double(7, value.GetDouble()); break;
                case "exclusiveMaximum": writer.Bool(8, value.GetBoolean()); break;
                case "minimum": writer.Double(9, value.GetDouble()); break;
                case "exclusiveMinimum": writer.Bool(10, value.GetBoolean()); break;
                case "maxLength": writer.Int64(11, (long)value.GetDouble()); break;
                case "minLength": writer.Int64(12, (long)value.GetDouble()); break;
                case "pattern": writer.String(13, value.GetString()); break;
                case "maxItems": writer.Int64(14, (long)value.GetDouble()); break;
                case "minItems": writer.Int64(15, (long)value.GetDouble()); break;
                case "uniqueItems": writer.Bool(16, value.GetBoolean()); break;
                case "maxProperties": writer.Int64(17, (long)value.GetDouble()); break;
                case "minProperties": writer.Int64(18, (long)value.GetDouble()); break;
                case "required": Strings(writer, 19, value); break;
                case "enum":
                    foreach (var one in value.EnumerateArray()) writer.Message(20, w => Any(w, one));
                    break;
                case "additionalProperties":
                    writer.Message(21, w =>
                    {
                        if (value.ValueKind == JsonValueKind.Object) w.Message(1, s => Schema(s, value));
                        else w.OneOfBool(2, value.ValueKind == JsonValueKind.True);
                    });
                    break;
                case "type": writer.Message(22, w => w.String(1, value.GetString())); break;
                case "items": writer.Message(23, w => w.Message(1, s => Schema(s, value))); break;
                case "properties": writer.Message(25, w => Named(w, 1, value, Schema)); break;
                case "example": writer.Message(30, w => Any(w, value)); break;
                default: Extension(writer, 31, member); break;
            }
        }
    }

    private static void Extension(ProtobufWriter writer, int field, JsonProperty member)
    {
        if (!member.Name.StartsWith("x-", StringComparison.Ordinal)) return;
        writer.Message(field, named =>
        {
            named.String(1, member.Name);
            named.Message(2, w => Any(w, member.Value));
        });
    }

    // Any value travels as YAML text, and JSON is YAML.
    private static void Any(ProtobufWriter writer, JsonElement value) => writer.String(2, value.GetRawText());

    private static void Named(ProtobufWriter writer, int field, JsonElement map, Action<ProtobufWriter, JsonElement> write)
    {
        foreach (var member in map.EnumerateObject())
        {
            writer.Message(field, named =>
            {
                named.String(1, member.Name);
                named.Message(2, w => write(w, member.Value));
            });
        }
    }

    private static void Strings(ProtobufWriter writer, int field, JsonElement values)
    {
        foreach (var value in values.EnumerateArray()) writer.String(field, value.GetString());
    }

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static bool True(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
