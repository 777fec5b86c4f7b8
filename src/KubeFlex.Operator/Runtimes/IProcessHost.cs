using System.Net;

namespace KubeFlex.Operator.Runtimes;

/// <summary>Where a control plane of child processes has its place.</summary>
/// <param name="Bind">Address and port that its kube-apiserver listens on.</param>
/// <param name="Url">URL for clients.</param>
/// <param name="Directory">Directory that <see cref="ProcessControlPlane.Files"/> are written to.</param>
public sealed record ProcessPlace(IPEndPoint Bind, string Url, string Directory);

/// <summary>What shall run for a control plane. Anything of it that changes restarts the programs.</summary>
/// <param name="Name">Name of the control plane.</param>
/// <param name="Backend">Value of <c>spec.backend</c>.</param>
/// <param name="Files">Text files by path in the place's directory: certificates, keys, kubeconfigs. One is <see cref="AdminKubeconfig"/>.</param>
/// <param name="ApiServer">Arguments of kube-apiserver; those for its store are added by the host.</param>
/// <param name="ControllerManager">Arguments of kube-controller-manager.</param>
public sealed record ProcessControlPlane(string Name, string Backend, IReadOnlyDictionary<string, string> Files, IReadOnlyList<string> ApiServer, IReadOnlyList<string> ControllerManager)
{
    /// <summary>The file with which the host asks whether the API serves.</summary>
    public const string AdminKubeconfig = "admin.kubeconfig";
}

/// <summary>Runs stock binaries as child processes; implemented by the server. Started ones come back with the server, also while they are paused.</summary>
public interface IProcessHost
{
    /// <summary>Why nothing can run (binaries missing, another version than the one asked for), in words for the owner; null when it can.</summary>
    Task<string?> RefusalAsync(string? version, CancellationToken cancellation);

    /// <summary>The place of a control plane, made at the first call and remembered. Its port changes only when somebody else has it.</summary>
    ValueTask<ProcessPlace> PlaceAsync(string name, CancellationToken cancellation);

    /// <summary>Opens the control plane's store (creating it) and keeps the programs running. Running it twice changes nothing.</summary>
    Task EnsureAsync(ProcessControlPlane controlPlane, CancellationToken cancellation);

    /// <summary>Null when the control plane answers <c>/readyz</c> and its programs stay up, else why not.</summary>
    Task<string?> CheckAsync(string name, CancellationToken cancellation);

    /// <summary>Stops the programs, deletes store, files and logs. Nothing happens when there is nothing.</summary>
    Task DeleteAsync(string name, CancellationToken cancellation);

    /// <summary>Tells the name of a control plane whenever <see cref="CheckAsync"/> or <see cref="PlaceAsync"/> may answer otherwise than before.</summary>
    void OnChange(Action<string> told);
}
