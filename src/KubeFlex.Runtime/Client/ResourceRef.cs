namespace KubeFlex.Runtime.Client;

/// <summary>Names a collection, an object or a subresource in the API.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version.</param>
/// <param name="Resource">Plural name.</param>
/// <param name="Namespace">Namespace; null for cluster-scoped resources and for all namespaces.</param>
/// <param name="Name">Object; null for the collection.</param>
/// <param name="Subresource">Subresource, or null.</param>
public sealed record ResourceRef(string Group, string Version, string Resource, string? Namespace = null, string? Name = null, string? Subresource = null)
{
    /// <summary>Server-relative path, without a leading slash so that it may follow a server's path prefix.</summary>
    public string Path
    {
        get
        {
            var path = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
            if (Namespace is not null) path += $"/namespaces/{Uri.EscapeDataString(Namespace)}";
            path += $"/{Resource}";
            if (Name is not null) path += $"/{Uri.EscapeDataString(Name)}";
            return Subresource is null ? path : $"{path}/{Subresource}";
        }
    }

    /// <summary>The same resource in a namespace.</summary>
    public ResourceRef In(string? ns) => this with { Namespace = ns };

    /// <summary>An object of this collection.</summary>
    public ResourceRef Named(string name) => this with { Name = name };

    /// <summary>A subresource of this object.</summary>
    public ResourceRef Sub(string subresource) => this with { Subresource = subresource };
}

/// <summary>Resources that KubeFlex itself works with.</summary>
public static class Resources
{
    /// <summary>core/v1 namespaces.</summary>
    public static readonly ResourceRef Namespaces = new("", "v1", "namespaces");
    /// <summary>core/v1 secrets.</summary>
    public static readonly ResourceRef Secrets = new("", "v1", "secrets");
    /// <summary>core/v1 configmaps.</summary>
    public static readonly ResourceRef ConfigMaps = new("", "v1", "configmaps");
    /// <summary>core/v1 services.</summary>
    public static readonly ResourceRef Services = new("", "v1", "services");
    /// <summary>core/v1 serviceaccounts.</summary>
    public static readonly ResourceRef ServiceAccounts = new("", "v1", "serviceaccounts");
    /// <summary>core/v1 pods.</summary>
    public static readonly ResourceRef Pods = new("", "v1", "pods");
    /// <summary>core/v1 persistentvolumeclaims.</summary>
    public static readonly ResourceRef PersistentVolumeClaims = new("", "v1", "persistentvolumeclaims");
    /// <summary>core/v1 persistentvolumes.</summary>
    public static readonly ResourceRef PersistentVolumes = new("", "v1", "persistentvolumes");
    /// <summary>core/v1 events.</summary>
    public static readonly ResourceRef Events = new("", "v1", "events");
    /// <summary>coordination.k8s.io/v1 leases.</summary>
    public static readonly ResourceRef Leases = new("coordination.k8s.io", "v1", "leases");
    /// <summary>CustomResourceDefinitions.</summary>
    public static readonly ResourceRef CustomResourceDefinitions = new("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    /// <summary>ClusterRoleBindings.</summary>
    public static readonly ResourceRef ClusterRoleBindings = new("rbac.authorization.k8s.io", "v1", "clusterrolebindings");
    /// <summary>KubeFlex's control planes.</summary>
    public static readonly ResourceRef ControlPlanes = new("tenancy.kflex.kubestellar.org", "v1alpha1", "controlplanes");
    /// <summary>KubeFlex's post-create hooks.</summary>
    public static readonly ResourceRef PostCreateHooks = new("tenancy.kflex.kubestellar.org", "v1alpha1", "postcreatehooks");
}
