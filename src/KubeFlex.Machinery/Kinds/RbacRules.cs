using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Roles and ClusterRoles.</summary>
internal sealed class RoleRules(bool clusterWide) : KindRules
{
    public override Func<string, IReadOnlyList<string>> NameRule => Names.PathSegment;

    // kubectl auth reconcile and controllers put roles that may not exist yet.
    public override bool AllowCreateOnUpdate => true;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var i = 0;
        foreach (var rule in obj.Objects("rules")) One(rule, $"rules[{i++}]", errors);
        if (!clusterWide || obj.Object("aggregationRule") is not { } aggregation) return;
        if (aggregation.Array("clusterRoleSelectors") is not { Count: > 0 })
            errors.Required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil");
        foreach (var (selector, at) in aggregation.Items("clusterRoleSelectors", "aggregationRule")) LabelSelectorValidation.Validate(selector, at, errors);
    }

    private void One(JsonObject rule, string at, FieldErrors errors)
    {
        bool Any(string name) => rule.Array(name) is { Count: > 0 };
        if (!Any("verbs")) errors.Required($"{at}.verbs", "verbs must contain at least one value");
        if (Any("nonResourceURLs"))
        {
            if (!clusterWide) errors.Invalid($"{at}.nonResourceURLs", rule["nonResourceURLs"], "namespaced rules cannot apply to non-resource URLs");
            if (Any("apiGroups") || Any("resources") || Any("resourceNames"))
                errors.Invalid($"{at}.nonResourceURLs", rule["nonResourceURLs"], "rules cannot apply to both regular resources and non-resource URLs");
            return;
        }
        if (!Any("apiGroups")) errors.Required($"{at}.apiGroups", "resource rules must supply at least one api group");
        if (!Any("resources")) errors.Required($"{at}.resources", "resource rules must supply at least one resource");
    }
}

/// <summary>RoleBindings and ClusterRoleBindings.</summary>
internal sealed class RoleBindingRules(bool clusterWide) : KindRules
{
    private const string Group = "rbac.authorization.k8s.io";

    public override Func<string, IReadOnlyList<string>> NameRule => Names.PathSegment;

    public override bool AllowCreateOnUpdate => true;

    public override void Default(JsonObject obj)
    {
        obj.Ensure("roleRef").Default("apiGroup", Group);
        foreach (var subject in obj.Objects("subjects"))
            if (subject.Text("kind") is "User" or "Group") subject.Default("apiGroup", Group);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var role = obj.Object("roleRef");
        if (role.Text("apiGroup") != Group) errors.NotSupported("roleRef.apiGroup", role.Text("apiGroup"), [Group]);
        string[] kinds = clusterWide ? ["ClusterRole"] : ["Role", "ClusterRole"];
        if (!kinds.Contains(role.Text("kind"))) errors.NotSupported("roleRef.kind", role.Text("kind"), kinds);
        if (role.Text("name").Length == 0) errors.Required("roleRef.name");
        else Rule.Report(Names.PathSegment(role.Text("name")), "roleRef.name", role.Text("name"), errors);
        var i = 0;
        foreach (var subject in obj.Objects("subjects")) Subject(subject, $"subjects[{i++}]", errors);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (JsonAccess.Same(obj["roleRef"], old["roleRef"])) return;
        var role = obj.Object("roleRef");
        // The value is upstream's internal struct.
        errors.Invalid("roleRef", new JsonObject { ["APIGroup"] = role.Text("apiGroup"), ["Kind"] = role.Text("kind"), ["Name"] = role.Text("name") }, "cannot change roleRef");
    }

    private void Subject(JsonObject subject, string at, FieldErrors errors)
    {
        var (kind, name, group) = (subject.Text("kind"), subject.Text("name"), subject.Text("apiGroup"));
        if (name.Length == 0) errors.Required($"{at}.name");
        switch (kind)
        {
            case "ServiceAccount":
                if (name.Length > 0) Rule.Report(Names.DnsSubdomain(name), $"{at}.name", name, errors);
                if (group.Length > 0) errors.NotSupported($"{at}.apiGroup", group, [""]);
                if (subject.Text("namespace").Length == 0) errors.Required($"{at}.namespace");
                break;
            case "User" or "Group":
                if (group != Group) errors.NotSupported($"{at}.apiGroup", group, [Group]);
                break;
            default:
                errors.NotSupported($"{at}.kind", kind, ["ServiceAccount", "User", "Group"]);
                break;
        }
    }
}
