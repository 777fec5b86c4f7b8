using System.Collections.Concurrent;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>Leads kubeconfigs to APIs in memory, by their servers' URLs; what a kubeconfig may hold is checked as in earnest.</summary>
internal sealed class FakeTenants : ITenantApi
{
    /// <summary>The API behind a URL.</summary>
    public ConcurrentDictionary<string, FakeApi> Servers { get; } = new();

    /// <summary>The kubeconfigs that were used.</summary>
    public ConcurrentQueue<string> Used { get; } = new();

    public KubeClient Connect(string kubeconfig)
    {
        using var real = KubeconfigClient.ConnectInline(kubeconfig);
        Used.Enqueue(kubeconfig);
        return Servers.TryGetValue(real.Server.AbsoluteUri, out var api)
            ? api.Client()
            : new KubeClient(new HttpClient(new Unreachable()) { BaseAddress = real.Server });
    }

    private sealed class Unreachable : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new HttpRequestException($"Connection refused ({request.RequestUri!.Authority})");
    }
}
