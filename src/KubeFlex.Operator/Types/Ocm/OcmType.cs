using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Types.Ocm;

/// <summary>Type ocm, which KubeFlex deprecated: the object is accepted and told where OCM lives now; nothing is made.</summary>
internal sealed class OcmType : IControlPlaneType
{
    private const string Message = "spec.type: \"ocm\" is deprecated and nothing is made for it; OCM runs inside a control plane of type \"vcluster\": create one, and install OCM's hub there";

    public string? Refusal(ControlPlane cp) => Message;

    public string RefusalReason => "Deprecated";

    public Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation) => throw new InvalidOperationException(Message);

    public Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) => Task.FromResult<string?>(Message);

    public DateTimeOffset? RenewAt(ControlPlane cp) => null;

    public Task DeleteAsync(ControlPlane cp, CancellationToken cancellation) => Task.CompletedTask;
}
