using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Mutating and validating webhook configurations.</summary>
internal sealed class WebhookConfigurationRules(bool mutating) : KindRules
{
    public override bool HasGeneration => true;

    public override void Default(JsonObject obj)
    {
        foreach (var webhook in obj.Objects("webhooks"))
        {
            webhook.Default("failurePolicy", "Fail").Default("matchPolicy", "Equivalent").Default("timeoutSeconds", 10);
            webhook.Ensure("namespaceSelector");
            webhook.Ensure("objectSelector");
            if (mutating) webhook.Default("reinvocationPolicy", "Never");
            webhook.Object("clientConfig").Object("service")?.Default("port", 443);
            foreach (var rule in webhook.Objects("rules")) rule.Default("scope", "*");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var i = 0;
        foreach (var webhook in obj.Objects("webhooks"))
        {
            var at = $"webhooks[{i++}]";
            Webhook(webhook, at, errors);
            if (!names.Add(webhook.Text("name"))) errors.Duplicate($"{at}.name", webhook.Text("name"));
        }
    }

    private void Webhook(JsonObject webhook, string at, FieldErrors errors)
    {
        var name = webhook.Text("name");
        if (name.Length == 0) errors.Required($"{at}.name");
        else
        {
            Rule.Report(Names.DnsSubdomain(name), $"{at}.name", name, errors);
            if (name.Split('.').Length < 3) errors.Invalid($"{at}.name", name, "should be a domain with at least three segments separated by dots");
        }
        if (webhook.Array("admissionReviewVersions") is not { Count: > 0 })
            errors.Required($"{at}.admissionReviewVersions", "must specify one of v1, v1beta1");
        else if (!webhook.Texts("admissionReviewVersions").Any(v => v is "v1" or "v1beta1"))
            errors.Invalid($"{at}.admissionReviewVersions", webhook["admissionReviewVersions"], "must include at least one of v1, v1beta1");
        foreach (var (rule, where) in webhook.Items("rules", at)) AdmissionRuleValidation.Rule(rule, where, errors);
        Rule.OneOfIfSet(webhook, "failurePolicy", at, errors, "Fail", "Ignore");
        Rule.OneOfIfSet(webhook, "matchPolicy", at, errors, "Equivalent", "Exact");
        if (webhook.Text("sideEffects") is var effects && effects.Length == 0) errors.Required($"{at}.sideEffects", "must specify one of None, NoneOnDryRun");
        else if (effects is not ("None" or "NoneOnDryRun")) errors.NotSupported($"{at}.sideEffects", effects, ["None", "NoneOnDryRun"]);
        if (webhook.Number("timeoutSeconds") is (< 1 or > 30) and var seconds)
            errors.Invalid($"{at}.timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds");
        LabelSelectorValidation.Validate(webhook.Object("namespaceSelector"), $"{at}.namespaceSelector", errors);
        LabelSelectorValidation.Validate(webhook.Object("objectSelector"), $"{at}.objectSelector", errors);
        Client(webhook.Object("clientConfig"), $"{at}.clientConfig", errors);
        if (mutating) Rule.OneOfIfSet(webhook, "reinvocationPolicy", at, errors, "IfNeeded", "Never");
    }

    private static void Client(JsonObject? client, string at, FieldErrors errors)
    {
        var (url, service) = (client.Has("url"), client.Object("service"));
        if (url == (service is not null))
        {
            errors.Required(at, "exactly one of url or service is required");
            return;
        }
        if (url)
        {
            var text = client.Text("url");
            const string form = "; desired format: https://host[/path]";
            if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)) errors.Required($"{at}.url", "url must be a valid URL: " + text + form);
            else if (uri.Scheme != "https") errors.Invalid($"{at}.url", uri.Scheme, "'https' is the only allowed URL scheme" + form);
            return;
        }
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace"])
            if (service.Text(name).Length == 0) errors.Required($"{at}.service.{name}", $"service {name} is required");
        if (service.Number("port") is { } port and (< 1 or > 65535)) errors.Invalid($"{at}.service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
        if (service.Text("path") is { Length: > 0 } path && !path.StartsWith('/')) errors.Invalid($"{at}.service.path", path, "must start with a '/'");
    }
}

/// <summary>Rules about operations and resources, shared by webhooks and policies.</summary>
internal static class AdmissionRuleValidation
{
    internal static void Rule(JsonObject rule, string at, FieldErrors errors)
    {
        if (rule.Array("operations") is not { Count: > 0 }) errors.Required($"{at}.operations");
        var i = 0;
        foreach (var operation in rule.Texts("operations"))
        {
            if (operation is not ("*" or "CREATE" or "UPDATE" or "DELETE" or "CONNECT"))
                errors.NotSupported($"{at}.operations[{i}]", operation, ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]);
            i++;
        }
        foreach (var list in (ReadOnlySpan<string>)["apiGroups", "apiVersions", "resources"])
        {
            if (rule.Array(list) is not { Count: > 0 } values) errors.Required($"{at}.{list}");
            else if (list != "resources" && values.Count > 1 && values.Any(v => v.AsText() == "*"))
                errors.Invalid($"{at}.{list}", values, $"if '*' is present, must not specify other {(list == "apiGroups" ? "API groups" : "API versions")}");
        }
        Kinds.Rule.OneOfIfSet(rule, "scope", at, errors, "*", "Cluster", "Namespaced");
    }
}

/// <summary>Admission policies, validating and mutating; expressions are compiled elsewhere.</summary>
internal sealed class AdmissionPolicyRules(bool validating) : KindRules
{
    public override bool HasGeneration => true;

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec").Default("failurePolicy", "Fail");
        if (spec.Object("matchConstraints") is { } match) Match(match);
    }

    // Only validating policies have a status.
    public override void PrepareForCreate(JsonObject obj)
    {
        if (validating) obj["status"] = new JsonObject();
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        if (!validating) return;
        if (subresource.Length == 0) obj.CopyFrom(old, "status");
        else if (subresource == "status") obj.CopyFrom(old, "spec");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        Rule.OneOfIfSet(spec, "failurePolicy", "spec", errors, "Fail", "Ignore");
        if (spec.Object("matchConstraints") is not { } match) errors.Required("spec.matchConstraints");
        else
        {
            if (match.Array("resourceRules") is not { Count: > 0 }) errors.Required("spec.matchConstraints.resourceRules");
            foreach (var (rule, at) in match.Items("resourceRules", "spec.matchConstraints")) AdmissionRuleValidation.Rule(rule, at, errors);
        }
        if (!validating)
        {
            if (spec.Array("mutations") is not { Count: > 0 }) errors.Required("spec.mutations", "mutations must contain at least one item");
            return;
        }
        if (spec.Array("validations") is not { Count: > 0 } && spec.Array("auditAnnotations") is not { Count: > 0 })
        {
            errors.Required("spec.validations", "validations or auditAnnotations must contain at least one item");
            errors.Required("spec.auditAnnotations", "validations or auditAnnotations must contain at least one item");
        }
        foreach (var (validation, at) in spec.Items("validations", "spec"))
            if (validation.Text("expression").Trim().Length == 0) errors.Required($"{at}.expression", "expression is not specified");
    }

    internal static void Match(JsonObject match)
    {
        match.Default("matchPolicy", "Equivalent");
        match.Ensure("namespaceSelector");
        match.Ensure("objectSelector");
        foreach (var list in (ReadOnlySpan<string>)["resourceRules", "excludeResourceRules"])
            foreach (var rule in match.Objects(list)) rule.Default("scope", "*");
    }
}

/// <summary>Bindings of admission policies.</summary>
internal sealed class AdmissionPolicyBindingRules(bool validating) : KindRules
{
    public override bool HasGeneration => true;

    public override void Default(JsonObject obj)
    {
        if (obj.Object("spec").Object("matchResources") is { } match) AdmissionPolicyRules.Match(match);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        Rule.Required(spec, "policyName", "spec", errors);
        if (spec.Object("paramRef") is { } param)
        {
            var (name, selector) = (param.Text("name").Length > 0, param.Has("selector"));
            if (!name && !selector) errors.Required("spec.paramRef", "one of name or selector must be specified");
            else if (name && selector) errors.Forbidden("spec.paramRef.name", "name and selector are mutually exclusive");
            if (param.Text("parameterNotFoundAction").Length == 0) errors.Required("spec.paramRef.parameterNotFoundAction");
        }
        if (!validating) return;
        if (spec.Array("validationActions") is not { Count: > 0 }) errors.Required("spec.validationActions", "at least one validation action is required");
        var i = 0;
        foreach (var action in spec.Texts("validationActions"))
        {
            if (action is not ("Deny" or "Warn" or "Audit")) errors.NotSupported($"spec.validationActions[{i}]", action, ["Audit", "Deny", "Warn"]);
            i++;
        }
    }
}
