using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Shape of <c>spec.conversion</c>. The internal form has no <c>webhook</c> level, so neither have the fields of errors.</summary>
internal static class ConversionRules
{
    private const string Path = "spec.conversion";

    public static void Check(JsonObject? conversion, FieldErrors errors)
    {
        if (conversion is null) return;
        var strategy = conversion.Str("strategy");
        DefinitionValidator.CheckChoice($"{Path}.strategy", strategy, ["None", "Webhook"], errors);
        var webhook = conversion.Obj("webhook");
        var client = webhook.Obj("clientConfig");
        if (strategy == "Webhook")
        {
            if (client is null) errors.Required($"{Path}.webhookClientConfig", "required when strategy is set to Webhook");
            else CheckClient(client, errors);
            CheckReviewVersions(webhook.Arr("conversionReviewVersions"), errors);
            return;
        }
        if (client is not null) errors.Forbidden($"{Path}.webhookClientConfig", "should not be set when strategy is not set to Webhook");
        if (webhook.Arr("conversionReviewVersions") is { Count: > 0 })
            errors.Forbidden($"{Path}.conversionReviewVersions", "should not be set when strategy is not set to Webhook");
    }

    private static void CheckClient(JsonObject client, FieldErrors errors)
    {
        const string path = $"{Path}.webhookClientConfig";
        var (url, service) = (client.Get("url").AsString(), client.Obj("service"));
        if ((url is null) == (service is null)) errors.Required(path, "exactly one of url or service is required");
        else if (url is not null) CheckUrl(url, $"{path}.url", errors);
        else CheckService(service!, $"{path}.service", errors);
    }

    private static void CheckUrl(string text, string field, FieldErrors errors)
    {
        const string form = "; desired format: https://host[/path]";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            errors.Required(field, "url must be a valid URL" + form);
            return;
        }
        if (url.Scheme != "https") errors.Invalid(field, url.Scheme, "'https' is the only allowed URL scheme" + form);
        if (url.Host.Length == 0) errors.Invalid(field, url.Host, "host must be specified" + form);
        if (url.UserInfo.Length > 0) errors.Invalid(field, url.UserInfo, "user information is not permitted in the URL");
        if (url.Fragment.Length > 0) errors.Invalid(field, url.Fragment.TrimStart('#'), "fragments are not permitted in the URL");
        if (url.Query.Length > 0) errors.Invalid(field, url.Query.TrimStart('?'), "query parameters are not permitted in the URL");
    }

    private static void CheckService(JsonObject service, string path, FieldErrors errors)
    {
        if (service.Str("name").Length == 0) errors.Required($"{path}.name", "service name is required");
        if (service.Str("namespace").Length == 0) errors.Required($"{path}.namespace", "service namespace is required");
        if (service.Long("port") is { } port && port is < 1 or > 65535) errors.Invalid($"{path}.port", service.Long("port"), "port is not valid: must be between 1 and 65535, inclusive");
        if (service.Get("path").AsString() is not { } text) return;
        var field = $"{path}.path";
        if (!text.StartsWith('/')) errors.Invalid(field, text, "must start with a '/'");
        if (text is "/") return;
        var steps = text.TrimStart('/').TrimEnd('/').Split('/');
        for (var i = 0; i < steps.Length; i++)
        {
            if (steps[i].Length == 0) errors.Invalid(field, text, $"segment[{i}] may not be empty");
            else
                foreach (var wrong in Names.DnsSubdomain(steps[i])) errors.Invalid(field, text, $"segment[{i}]: {wrong}");
        }
    }

    private static void CheckReviewVersions(JsonArray? versions, FieldErrors errors)
    {
        const string path = $"{Path}.conversionReviewVersions";
        if (versions is null or { Count: 0 })
        {
            errors.Required(path);
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < versions.Count; i++)
        {
            var version = versions[i].AsString() ?? "";
            if (!seen.Add(version)) errors.Invalid($"{path}[{i}]", version, "duplicate version");
            else if (Names.Dns1035Label(version) is { Count: > 0 } wrong) errors.Invalid($"{path}[{i}]", version, string.Join(",", wrong));
        }
        if (!seen.Contains("v1") && !seen.Contains("v1beta1")) errors.Invalid(path, versions, "must include at least one of v1, v1beta1");
    }
}
