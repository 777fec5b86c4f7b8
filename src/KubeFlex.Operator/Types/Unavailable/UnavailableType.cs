using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Types.Unavailable;

/// <summary>A type that the schema allows and this server does not have yet: it says so, and nothing is made.</summary>
internal sealed class UnavailableType(string type, string hint) : IControlPlaneType
{
    public string? Refusal(ControlPlane cp) =>
        $"spec.type: \"{type}\" is not available in this server yet{(hint.Length > 0 ? $" ({hint})" : "")}; use \"k8s\" or \"host\"";

    public Task<SecretReference> EnsureAsync(ControlPlane cp, Task foundation, CancellationToken cancellation) => throw new InvalidOperationException(Refusal(cp));

    public Task<string?> CheckAsync(ControlPlane cp, CancellationToken cancellation) => Task.FromResult(Refusal(cp));

    public DateTimeOffset? RenewAt(ControlPlane cp) => null;

    public Task DeleteAsync(ControlPlane cp, CancellationToken cancellation) => Task.CompletedTask;
}
