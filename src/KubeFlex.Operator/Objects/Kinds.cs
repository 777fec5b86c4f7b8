using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Objects;

/// <summary>Kinds of objects that control planes on a hosting cluster are made of.</summary>
internal static class Kinds
{
    public static readonly ResourceRef Deployments = new("apps", "v1", "deployments");
    public static readonly ResourceRef StatefulSets = new("apps", "v1", "statefulsets");
    public static readonly ResourceRef Jobs = new("batch", "v1", "jobs");
    public static readonly ResourceRef Ingresses = new("networking.k8s.io", "v1", "ingresses");
    public static readonly ResourceRef Roles = new("rbac.authorization.k8s.io", "v1", "roles");
    public static readonly ResourceRef RoleBindings = new("rbac.authorization.k8s.io", "v1", "rolebindings");
    public static readonly ResourceRef Claims = new("", "v1", "persistentvolumeclaims");

    /// <summary>Kinds whose changes bring a control plane back: their loss is mended, their status says how far it is.</summary>
    public static readonly IReadOnlyList<ResourceRef> Watched =
        [Deployments, StatefulSets, Jobs, Resources.Services, Ingresses, Resources.ServiceAccounts, Roles, RoleBindings, Claims];
}
