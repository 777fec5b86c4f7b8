using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>CertificateSigningRequests. Who asks is filled in by the API server.</summary>
internal sealed class CertificateSigningRequestRules : SpecStatusRules
{
    public override bool HasGeneration => false;

    public override Func<string, IReadOnlyList<string>> NameRule => Names.PathSegment;

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        obj.CopyFrom(old, "spec");
        switch (subresource)
        {
            case "":
                obj.CopyFrom(old, "status");
                break;
            case "approval":
                var conditions = obj.Object("status")?["conditions"]?.DeepClone();
                obj.CopyFrom(old, "status");
                if (conditions is not null) obj.Ensure("status")["conditions"] = conditions;
                break;
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        if (RequestError(spec.Text("request")) is { } problem) errors.Invalid("spec.request", spec.Text("request"), problem);
        if (spec.Array("usages") is not { Count: > 0 }) errors.Required("spec.usages");
        var signer = spec.Text("signerName");
        if (signer.Length == 0) errors.Required("spec.signerName");
        else
        {
            var parts = signer.Split('/');
            if (parts.Length != 2) errors.Invalid("spec.signerName", signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            else
            {
                Rule.Report(Names.DnsSubdomain(parts[0]), "spec.signerName", signer, errors);
                if (!parts[0].Contains('.', StringComparison.Ordinal))
                    errors.Invalid("spec.signerName", signer, "should be a domain with at least two segments separated by dots");
            }
        }
        if (spec.Number("expirationSeconds") is < 600 and var seconds) errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)");
        Conditions(obj.Object("status"), errors);
    }

    private static void Conditions(JsonObject? status, FieldErrors errors)
    {
        var (approved, denied) = (false, false);
        foreach (var (condition, at) in status.Items("conditions", "status"))
        {
            var type = condition.Text("type");
            (approved, denied) = (approved || type == "Approved", denied || type == "Denied");
            if (type.Length == 0) errors.Required($"{at}.type");
            if (condition.Text("status").Length == 0) errors.Required($"{at}.status");
            else if (type is "Approved" or "Denied" or "Failed" && condition.Text("status") != "True")
                errors.NotSupported($"{at}.status", condition.Text("status"), ["True"]);
            if (approved && denied) errors.Invalid($"{at}.type", type, "Approved and Denied conditions are mutually exclusive");
        }
    }

    private static string? RequestError(string request)
    {
        try
        {
            var text = Encoding.UTF8.GetString(Convert.FromBase64String(request));
            if (!PemEncoding.TryFind(text, out var block) || text[block.Label] is not ("CERTIFICATE REQUEST")) return "PEM block type must be CERTIFICATE REQUEST";
            return null;
        }
        catch (FormatException)
        {
            return "PEM block type must be CERTIFICATE REQUEST";
        }
    }
}

/// <summary>APIServices.</summary>
internal sealed class ApiServiceRules : SpecStatusRules
{
    public override bool HasGeneration => false;

    public override Func<string, IReadOnlyList<string>> NameRule => Names.PathSegment;

    public override void Default(JsonObject obj) => obj.Ensure("spec").Object("service")?.Default("port", 443);

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var (spec, name) = (obj.Object("spec"), obj.Object("metadata").Text("name"));
        var (group, version) = (spec.Text("group"), spec.Text("version"));
        var wanted = $"{version}.{group}";
        if (name != wanted) errors.Invalid("metadata.name", name, $"must be `spec.version+\".\"+spec.group`: \"{wanted}\"");
        if (group.Length == 0 && version != "v1") errors.Required("spec.group", "only v1 may have an empty group and it better be legacy kube");
        if (group.Length > 0) Rule.Report(Names.DnsSubdomain(group), "spec.group", group, errors);
        Rule.Report(Names.Dns1035Label(version), "spec.version", version, errors);
        if (spec.Number("groupPriorityMinimum") is null or <= 0 or > 20000)
            errors.Invalid("spec.groupPriorityMinimum", spec.Number("groupPriorityMinimum") ?? 0, "must be positive and less than 20000");
        if (spec.Number("versionPriority") is null or <= 0 or > 1000)
            errors.Invalid("spec.versionPriority", spec.Number("versionPriority") ?? 0, "must be positive and less than 1000");
        if (spec.Object("service") is not { } service)
        {
            if (spec.Text("caBundle").Length > 0) errors.Invalid("spec.caBundle", $"{spec.Text("caBundle").Length} bytes", "local APIServices may not have a caBundle");
            if (spec.Flag("insecureSkipTLSVerify")) errors.Invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify");
            return;
        }
        foreach (var member in (ReadOnlySpan<string>)["namespace", "name"]) Rule.Required(service, member, "spec.service", errors);
        Rule.Port(service.Number("port"), "spec.service.port", errors);
        if (spec.Flag("insecureSkipTLSVerify") && spec.Text("caBundle").Length > 0)
            errors.Invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present");
    }
}
