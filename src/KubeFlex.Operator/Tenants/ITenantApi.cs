using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tenants;

/// <summary>Reaches the APIs of control planes.</summary>
internal interface ITenantApi
{
    /// <summary>
    /// A client from a kubeconfig that a secret of the control plane holds; it is trusted for data only: nothing in it makes us read files or run programs.
    /// Fails with <see cref="Runtime.Kubeconfigs.KubeconfigException"/>.
    /// </summary>
    KubeClient Connect(string kubeconfig);
}
