using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Runtimes;

namespace KubeFlex.Operator.Types.K8s;

/// <summary>Type k8s: a Kubernetes API with the controllers that need no nodes, in one of several runtimes.</summary>
internal sealed class K8sType(IReadOnlyDictionary<string, IControlPlaneRuntime> runtimes, string defaultRuntime, HostingCluster hosting, EventRecorder events) : IControlPlaneType
{
    private readonly K8sSecrets secrets = new(hosting, new ManagedSecrets(hosting), events);

    public string? Refusal(ControlPlane cp) => runtimes.ContainsKey(cp.Runtime ?? defaultRuntime)
        ? CaRotation.Refusal(cp) ?? (cp.ExtraSans.FirstOrDefault(n => !K8sCertificates.IsServerName(n)) is { } name ? $"spec.extraSANs: \"{name}\" is neither a DNS name nor an IP address" : null)
        : $"spec.runtime: \"{cp.Runtime ?? defaultRuntime}\" is not available in this server yet; use {string.Join(" or ", runtimes.Keys.Select(r => $"\"{r}\""))}, or leave spec.runtime out";

    public async Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation)
    {
        var runtime = RuntimeOf(cp);
        var endpoints = runtime.Endpoints(cp);
        using var certificates = await secrets.EnsureCertificatesAsync(cp, endpoints, foundation, cancellation);
        // In this order: the runtime mostly waits, kubeconfigs are mostly work.
        await Task.WhenAll(runtime.EnsureAsync(cp, cancellation), secrets.EnsureKubeconfigsAsync(cp, endpoints, certificates, cancellation));
        return new SecretReference(cp.Namespace, Names.AdminSecret, Names.KubeconfigKey, Names.InClusterKey);
    }

    public Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) => RuntimeOf(cp).CheckAsync(cp, cancellation);

    public DateTimeOffset? RenewAt(ControlPlane cp) => secrets.RenewAt(cp);

    public ProgressState? Underway(ControlPlane cp) => secrets.Rotation(cp);

    public IReadOnlyList<CertificateStatus> Certificates(ControlPlane cp) => secrets.Certificates(cp);

    public async Task DeleteAsync(ControlPlane cp, CancellationToken cancellation)
    {
        // In every runtime: the spec may have named another one when the control plane was made.
        foreach (var runtime in runtimes.Values) await runtime.DeleteAsync(cp, cancellation);
    }

    private IControlPlaneRuntime RuntimeOf(ControlPlane cp) => runtimes[cp.Runtime ?? defaultRuntime];
}
