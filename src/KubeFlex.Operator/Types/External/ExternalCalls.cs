using System.Security.Authentication;
using System.Text.Json;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Operator.Types.External;

/// <summary>A foreign cluster did not do what was asked.</summary>
internal sealed class ExternalFailure : ReconcileFailure
{
    public ExternalFailure(string message, bool mayPass) : base(message) => (MayPass, Unavailable) = (mayPass, true);

    /// <summary>Whether it may help to ask again soon.</summary>
    public bool MayPass { get; }
}

/// <summary>Talks to foreign clusters: limited in time, and with every way to fail put into words for the control plane's owner.</summary>
internal static class ExternalCalls
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Runs calls with a client from the kubeconfig, which <paramref name="source"/> names. Fails with <see cref="ReconcileFailure"/> only.</summary>
    public static async Task<T> RunAsync<T>(ITenantApi clusters, string kubeconfig, string source, TimeProvider time,
        Func<KubeClient, CancellationToken, Task<T>> calls, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var client = clusters.Connect(kubeconfig);
            return await calls(client, both.Token);
        }
        catch (KubeconfigException e)
        {
            throw new ExternalFailure($"{source}: {e.Message}. {e.WayOut}", mayPass: false);
        }
        catch (KubeApiException e) when (e.Code == 401)
        {
            throw new ExternalFailure($"the external cluster refuses the credentials of {source} ({e.Message}); put a valid kubeconfig into the bootstrap secret", mayPass: false);
        }
        catch (KubeApiException e) when (e.Code == 403)
        {
            throw new ExternalFailure($"the credentials of {source} may not do what adopting a cluster needs; they must belong to a cluster administrator: {e.Message}", mayPass: false);
        }
        catch (KubeApiException e)
        {
            throw new ExternalFailure($"the external cluster answers {e.Code}: {e.Message}", mayPass: e.IsTransient || e.IsConflict);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ExternalFailure($"the external cluster does not answer within {Patience.TotalSeconds:0} seconds", mayPass: true);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException tls)
        {
            throw new ExternalFailure($"the external cluster's certificate is not trusted, or does not bear the name in its URL; see certificate-authority-data in {source}: {tls.Message}", mayPass: false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new ExternalFailure($"the external cluster cannot be reached: {e.Message}", mayPass: true);
        }
    }
}
