using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Runtimes;

namespace KubeFlex.Operator.Types.K8s;

/// <summary>Type k8s: a Kubernetes API with the controllers that need no nodes, in one of several runtimes.</summary>
internal sealed class K8sType(IReadOnlyDictionary<string, IControlPlaneRuntime> runtimes, string defaultRuntime, HostingCluster hosting, EventRecorder events) : IControlPlaneType
{
    private readonly K8sSecrets secrets = new(hosting, new ManagedSecrets(hosting), events);

    public string? Refusal(ControlPlane cp) => runtimes.TryGetValue(cp.Runtime ?? defaultRuntime, out var runtime)
        ? CaRotation.Refusal(cp) ?? runtime.Refusal(cp)
        : runtimes.Count == 0 ? "spec.type: this operator runs no control planes of type \"k8s\"; it was told to make no pods, and nothing runs in its process"
        : $"spec.runtime: \"{cp.Runtime ?? defaultRuntime}\" is not available in this server yet; use {string.Join(" or ", runtimes.Keys.Select(r => $"\"{r}\""))}, or leave spec.runtime out";

    public async Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        var runtime = RuntimeOf(cp);
        var endpoints = await runtime.EndpointsAsync(cp, foundation, cancellation);
        using var certificates = await secrets.EnsureCertificatesAsync(cp, endpoints, foundation, cancellation);
        if (runtime.ReadsKubeconfigs)
        {
            await secrets.EnsureKubeconfigsAsync(cp, endpoints, certificates, cancellation);
            await runtime.EnsureAsync(cp, cancellation);
        }
        else
        {
            // In this order: the runtime mostly waits, kubeconfigs are mostly work.
            await Task.WhenAll(runtime.EnsureAsync(cp, cancellation), secrets.EnsureKubeconfigsAsync(cp, endpoints, certificates, cancellation));
        }
        return new SecretReference(cp.Namespace, Names.AdminSecret, Names.KubeconfigKey, Names.InClusterKey);
    }

    public Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) => RuntimeOf(cp).CheckAsync(cp, cancellation);

    public DateTimeOffset? RenewAt(ControlPlane cp) => new[] { secrets.RenewAt(cp), RuntimeOf(cp).RenewAt(cp) }.Min();

    public ProgressState? Underway(ControlPlane cp) => secrets.Rotation(cp);

    public IReadOnlyList<CertificateStatus> Certificates(ControlPlane cp) => secrets.Certificates(cp);

    public async Task DeleteAsync(ControlPlane cp, CancellationToken cancellation)
    {
        // In every runtime: the spec may have named another one when the control plane was made.
        foreach (var runtime in runtimes.Values) await runtime.DeleteAsync(cp, cancellation);
    }

    public async Task<string?> RemainsAsync(ControlPlane cp, CancellationToken cancellation)
    {
        foreach (var runtime in runtimes.Values)
        {
            if (await runtime.RemainsAsync(cp, cancellation) is { } remains) return remains;
        }
        return null;
    }

    private IControlPlaneRuntime RuntimeOf(ControlPlane cp) => runtimes[cp.Runtime ?? defaultRuntime];
}
