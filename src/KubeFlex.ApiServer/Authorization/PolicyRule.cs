using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;

namespace KubeFlex.ApiServer.Authorization;

/// <summary>A rule of a role (<c>rbac/v1 PolicyRule</c>).</summary>
internal sealed record PolicyRule(string[] Verbs, string[] Groups, string[] Resources, string[] Names, string[] Urls)
{
    public static PolicyRule Of(JsonObject rule) => new([.. rule.List("verbs").Strings()], [.. rule.List("apiGroups").Strings()],
        [.. rule.List("resources").Strings()], [.. rule.List("resourceNames").Strings()], [.. rule.List("nonResourceURLs").Strings()]);

    /// <summary>The rules of <c>rbac.RuleAllows</c>.</summary>
    public bool Allows(Attributes a)
    {
        if (!Matches(Verbs, a.Verb)) return false;
        if (!a.IsResource) return Urls.Any(u => u == "*" || u == a.Path || u.EndsWith('*') && a.Path.StartsWith(u.AsSpan(0, u.Length - 1), StringComparison.Ordinal));
        return Matches(Groups, a.Group) && ResourceMatches(a.Resource, a.Subresource) && (Names.Length == 0 || Names.Contains(a.Name));
    }

    private static bool Matches(string[] allowed, string value)
    {
        foreach (var x in allowed)
            if (x == "*" || x == value) return true;
        return false;
    }

    private bool ResourceMatches(string resource, string subresource)
    {
        foreach (var r in Resources)
        {
            if (r == "*") return true;
            if (subresource.Length == 0 ? r == resource
                : r.Length == resource.Length + 1 + subresource.Length && r.StartsWith(resource, StringComparison.Ordinal) && r[resource.Length] == '/' && r.EndsWith(subresource, StringComparison.Ordinal)
                  || r.StartsWith("*/", StringComparison.Ordinal) && r.AsSpan(2).SequenceEqual(subresource)) return true;
        }
        return false;
    }
}

/// <summary>A role, parsed.</summary>
internal sealed record Role(PolicyRule[] Rules)
{
    public static Role Of(JsonObject role) => new([.. role.List("rules").Objects().Select(PolicyRule.Of)]);
}

/// <summary>A binding, parsed.</summary>
internal sealed record Binding(string RoleKind, string RoleName, string Namespace, (string Kind, string Name, string Namespace)[] Subjects)
{
    public static Binding Of(JsonObject binding) => new(binding.Child("roleRef").Text("kind"), binding.Child("roleRef").Text("name"), Meta.Namespace(binding),
        [.. binding.List("subjects").Objects().Select(s => (s.Text("kind"), s.Text("name"), s.Text("namespace")))]);

    public bool AppliesTo(UserInfo user)
    {
        foreach (var (kind, name, ns) in Subjects)
        {
            if (kind == "User" && name == user.Name) return true;
            if (kind == "Group" && user.Groups.Contains(name)) return true;
            if (kind == "ServiceAccount" && user.Name.StartsWith("system:serviceaccount:", StringComparison.Ordinal)
                && user.Name == $"system:serviceaccount:{(ns.Length > 0 ? ns : Namespace)}:{name}") return true;
        }
        return false;
    }
}
