namespace KubeFlex.Operator.Runtimes;

/// <summary>Where an in-process control plane answers.</summary>
/// <param name="Url">URL for clients on this machine, <c>https://127.0.0.1:9443/controlplanes/&lt;name&gt;</c>.</param>
/// <param name="TlsServerName">Name to send in the TLS handshake, <c>&lt;name&gt;.&lt;domain&gt;</c>: with it the control plane's own certificate is served and paths need no prefix.</param>
/// <param name="ServerCaPem">CA of the server's default certificate, which answers when a client sends no such name. Kubeconfigs trust it beside the control plane's own CA.</param>
public sealed record InProcessEndpoint(string Url, string TlsServerName, string ServerCaPem);

/// <summary>
/// Runs control planes inside the server's process; implemented by the server. It takes certificates and keys from the Secret
/// <c>k8s-certs</c> in <c>&lt;name&gt;-system</c> of the hosting API, which must exist before <see cref="EnsureAsync"/>, and reads them
/// again when the secret's data changes and Ensure is called.
/// </summary>
public interface IInProcessHost
{
    /// <summary>Where a control plane of that name answers (whether or not it exists yet).</summary>
    InProcessEndpoint Endpoint(string name);

    /// <summary>Opens the control plane's store (creating it), and serves it. Running it twice changes nothing.</summary>
    Task EnsureAsync(string name, string backend, CancellationToken cancellation);

    /// <summary>Null when the control plane answers <c>/readyz</c>, else why not.</summary>
    Task<string?> CheckAsync(string name, CancellationToken cancellation);

    /// <summary>Stops it and deletes its store. Nothing happens when there is none.</summary>
    Task DeleteAsync(string name, CancellationToken cancellation);
}
