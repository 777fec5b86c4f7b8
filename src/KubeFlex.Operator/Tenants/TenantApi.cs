using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Operator.Tenants;

/// <summary>Over the network, as pods of the hosting cluster see it; or through a gateway (<see cref="PodsOptions.ServiceGateway"/>) where they cannot be seen.</summary>
internal sealed class TenantApi(string? serviceGateway = null) : ITenantApi
{
    public KubeClient Connect(string kubeconfig) =>
        KubeconfigClient.ConnectInline(serviceGateway is null ? kubeconfig : ServiceGateway.Lead(kubeconfig, serviceGateway)).Client;
}
