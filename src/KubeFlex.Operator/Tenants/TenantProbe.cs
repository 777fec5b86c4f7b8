using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Operator.Tenants;

/// <summary>Phase 2: a control plane serves when it answers a discovery request with the kubeconfig that pods are given.</summary>
internal sealed class TenantProbe(HostingCluster hosting, ITenantApi tenants)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Null when it answers, else why not. <paramref name="whenServing"/> may use the client; it must not throw.</summary>
    public async Task<string?> CheckAsync(ControlPlane cp, string secret, string key, CancellationToken cancellation, Func<KubeClient, Task>? whenServing = null)
    {
        if (await KubeconfigAsync(cp, secret, key, cancellation) is not { } kubeconfig) return $"secret \"{secret}\" has no key \"{key}\" yet";
        using var limit = new CancellationTokenSource(Patience, hosting.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var client = tenants.Connect(kubeconfig);
            await client.GetDocumentAsync("api/v1", both.Token);
            if (whenServing is not null) await whenServing(client);
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"its API does not answer within {Patience.TotalSeconds:0} seconds";
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or KubeconfigException or System.Text.Json.JsonException or IOException)
        {
            return $"its API does not answer: {e.Message}";
        }
    }

    private async Task<string?> KubeconfigAsync(ControlPlane cp, string secret, string key, CancellationToken cancellation)
    {
        var found = await hosting.Client.FindAsync(Resources.Secrets.In(cp.Namespace).Named(secret), cancellation);
        return (string?)(found?["data"] as JsonObject)?[key] is { Length: > 0 } base64 && TryDecode(base64) is { } text ? text : null;
    }

    private static string? TryDecode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }
}
