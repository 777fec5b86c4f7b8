using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Operator.Tenants;

/// <summary>Over the network, as pods of the hosting cluster see it.</summary>
internal sealed class TenantApi : ITenantApi
{
    public KubeClient Connect(string kubeconfig) => KubeconfigClient.ConnectInline(kubeconfig).Client;
}
