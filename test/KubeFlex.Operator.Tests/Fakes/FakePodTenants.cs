using System.Collections.Concurrent;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>APIs of control planes in memory: one for all of them, which answers or does not.</summary>
internal sealed class FakePodTenants : ITenantApi
{
    public FakeApi Api { get; } = new();

    public ConcurrentQueue<string> Kubeconfigs { get; } = new();

    public bool Serves { get; set; } = true;

    public FakePodTenants() => Api.Put(Resources.Namespaces.Named("kube-public"), []);

    public KubeClient Connect(string kubeconfig)
    {
        Kubeconfigs.Enqueue(kubeconfig);
        Api.Intercept = Serves ? null : _ => FakeApi.Failure(503, "ServiceUnavailable", "the API server is starting");
        return Api.Client();
    }
}
