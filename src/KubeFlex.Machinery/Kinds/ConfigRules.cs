using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>What ConfigMaps and Secrets share.</summary>
internal static class KeyedData
{
    internal const int MaxBytes = 1024 * 1024;

    internal static void Immutable(JsonObject obj, JsonObject old, FieldErrors errors, params ReadOnlySpan<string> fields)
    {
        if (!old.Flag("immutable")) return;
        const string detail = "field is immutable when `immutable` is set";
        if (!obj.Flag("immutable")) errors.Forbidden("immutable", detail);
        foreach (var field in fields)
            if (!JsonAccess.Same(obj[field], old[field])) errors.Forbidden(field, detail);
    }
}

/// <summary>ConfigMaps.</summary>
internal sealed class ConfigMapRules : KindRules
{
    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        long total = 0;
        var (data, binary) = (obj.Object("data") ?? [], obj.Object("binaryData") ?? []);
        foreach (var (key, value) in data)
        {
            Rule.Report(Names.ConfigMapKey(key), $"data[{key}]", key, errors);
            if (binary.ContainsKey(key)) errors.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            total += Encoding.UTF8.GetByteCount(value.AsText());
        }
        foreach (var (key, value) in binary)
        {
            Rule.Report(Names.ConfigMapKey(key), $"binaryData[{key}]", key, errors);
            total += value.AsText().Length * 3L / 4;
        }
        if (total > KeyedData.MaxBytes) errors.TooLong("", KeyedData.MaxBytes);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        KeyedData.Immutable(obj, old, errors, "data", "binaryData");
}

/// <summary>Secrets.</summary>
internal sealed class SecretRules : KindRules
{
    public override void Default(JsonObject obj)
    {
        obj.Default("type", "Opaque");
        if (obj.Object("stringData") is not { } text)
        {
            obj.Remove("stringData");
            return;
        }
        // Write-only convenience: plain text over the base64 of the same key.
        foreach (var (key, value) in text) obj.Ensure("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.AsText()));
        obj.Remove("stringData");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var data = obj.Object("data") ?? [];
        long total = 0;
        foreach (var (key, value) in data)
        {
            Rule.Report(Names.ConfigMapKey(key), $"data[{key}]", key, errors);
            total += value.AsText().Length * 3L / 4;
        }
        if (total > KeyedData.MaxBytes) errors.TooLong("data", KeyedData.MaxBytes);
        switch (obj.Text("type"))
        {
            case "kubernetes.io/service-account-token":
                if (obj.Object("metadata").Object("annotations").Text("kubernetes.io/service-account.name").Length == 0)
                    errors.Required("metadata.annotations[kubernetes.io/service-account.name]");
                break;
            case "kubernetes.io/dockercfg":
                DockerConfig(data, ".dockercfg", errors);
                break;
            case "kubernetes.io/dockerconfigjson":
                DockerConfig(data, ".dockerconfigjson", errors);
                break;
            case "kubernetes.io/basic-auth":
                if (!data.ContainsKey("username") && !data.ContainsKey("password"))
                {
                    errors.Required("data[username]");
                    errors.Required("data[password]");
                }
                break;
            case "kubernetes.io/ssh-auth":
                if (data.Text("ssh-privatekey").Length == 0) errors.Required("data[ssh-privatekey]");
                break;
            case "kubernetes.io/tls":
                foreach (var key in (ReadOnlySpan<string>)["tls.crt", "tls.key"])
                    if (!data.ContainsKey(key)) errors.Required($"data[{key}]");
                break;
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        Rule.Unchanged(obj, old, "type", "type", errors);
        KeyedData.Immutable(obj, old, errors, "data");
    }

    private static void DockerConfig(JsonObject data, string key, FieldErrors errors)
    {
        if (!data.ContainsKey(key))
        {
            errors.Required($"data[{key}]");
            return;
        }
        try
        {
            if (JsonNode.Parse(Convert.FromBase64String(data.Text(key))) is JsonObject) return;
            errors.Invalid($"data[{key}]", "<secret contents redacted>", "json: cannot unmarshal into Go value of type map[string]interface {}");
        }
        catch (System.Text.Json.JsonException)
        {
            errors.Invalid($"data[{key}]", "<secret contents redacted>", data.Text(key).Length == 0 ? "unexpected end of JSON input" : "invalid character");
        }
    }
}
