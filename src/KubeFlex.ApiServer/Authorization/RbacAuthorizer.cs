using System.Runtime.CompilerServices;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Authorization;

/// <summary>
/// Role-based access control over the roles and bindings in the store. What was parsed once hangs on the store's own immutable value:
/// it is dropped with the value, and there is nothing to invalidate.
/// </summary>
internal sealed class RbacAuthorizer(ControlPlane plane) : IAuthorizer
{
    private const string Group = "rbac.authorization.k8s.io";

    private readonly ResourceEntry clusterRoles = plane.BuiltIn(Group, "v1", "clusterroles");
    private readonly ResourceEntry clusterRoleBindings = plane.BuiltIn(Group, "v1", "clusterrolebindings");
    private readonly ResourceEntry roles = plane.BuiltIn(Group, "v1", "roles");
    private readonly ResourceEntry roleBindings = plane.BuiltIn(Group, "v1", "rolebindings");
    private readonly ConditionalWeakTable<KeyValue, Role> parsedRoles = [];
    private readonly ConditionalWeakTable<KeyValue, Binding> parsedBindings = [];

    public async ValueTask<Decision> AuthorizeAsync(Attributes attributes, CancellationToken cancellation)
    {
        if (attributes.User.IsMaster) return new Decision(true, "");
        var view = await plane.Store.ViewAsync(cancellation);
        string? missing = null;
        foreach (var binding in Bindings(view, attributes.User, attributes.Namespace))
        {
            if (RoleOf(view, binding) is not { } role)
            {
                missing ??= binding.RoleKind == "ClusterRole" ? $"clusterrole.{Group} \"{binding.RoleName}\" not found" : $"role.{Group} \"{binding.RoleName}\" not found";
                continue;
            }
            foreach (var rule in role.Rules)
                if (rule.Allows(attributes)) return new Decision(true, Why(binding, attributes.User));
        }
        return new Decision(false, missing is null ? "" : $"RBAC: {missing}");
    }

    public async ValueTask<IReadOnlyList<PolicyRule>> RulesAsync(UserInfo user, string ns, CancellationToken cancellation)
    {
        var view = await plane.Store.ViewAsync(cancellation);
        var rules = new List<PolicyRule>();
        if (user.IsMaster) rules.AddRange([new PolicyRule(["*"], ["*"], ["*"], [], []), new PolicyRule(["*"], [], [], [], ["*"])]);
        foreach (var binding in Bindings(view, user, ns)) rules.AddRange(RoleOf(view, binding)?.Rules ?? []);
        return rules;
    }

    private IEnumerable<Binding> Bindings(StoreView view, UserInfo user, string ns)
    {
        foreach (var b in All(view, clusterRoleBindings, ""))
            if (b.AppliesTo(user)) yield return b;
        if (ns.Length == 0) yield break;
        foreach (var b in All(view, roleBindings, ns))
            if (b.AppliesTo(user)) yield return b;
    }

    private IEnumerable<Binding> All(StoreView view, ResourceEntry entry, string ns)
    {
        var (start, end) = entry.Range(ns);
        foreach (var kv in view.Range(new RangeQuery(start, end)).Items)
            yield return parsedBindings.GetValue(kv, static kv => Binding.Of(ObjectBytes.Parse(kv.Value)));
    }

    private Role? RoleOf(StoreView view, Binding binding)
    {
        var key = binding.RoleKind == "ClusterRole" ? clusterRoles.Key("", binding.RoleName) : roles.Key(binding.Namespace, binding.RoleName);
        return view.Get(key) is { } kv ? parsedRoles.GetValue(kv, static kv => Role.Of(ObjectBytes.Parse(kv.Value))) : null;
    }

    private static string Why(Binding b, UserInfo user)
    {
        var binding = b.Namespace.Length == 0 ? "ClusterRoleBinding" : "RoleBinding";
        return $"RBAC: allowed by {binding} of {b.RoleKind} \"{b.RoleName}\" to {user.Name}";
    }
}
