using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli;

/// <summary>One run of a command: where it reads and writes, and what it has connected to (for messages about failures).</summary>
internal sealed class CliSession
{
    private readonly Action<string>? trace;

    public CliSession(CliHost host, string? kubeconfig, bool chatty, int verbosity)
    {
        Host = host;
        Talk = new Talk(host.Error, host.IsTerminal, chatty, verbosity, host.Time, host.Columns);
        Kubeconfigs = new KubeconfigStore(KubeconfigPaths.Resolve(kubeconfig, host.Variable("KUBECONFIG"), host.Home), host.Time);
        trace = verbosity >= 2 ? Talk.Trace : null;
    }

    public CliHost Host { get; }

    public Talk Talk { get; }

    public KubeconfigStore Kubeconfigs { get; }

    /// <summary>The last server spoken to.</summary>
    public KubeConnection? Connection { get; private set; }

    public async Task<KubeConnection> ConnectAsync(Kubeconfig config, string context, CancellationToken cancellation) =>
        Connection = await KubeconfigClient.ConnectAsync(config, context, Host.Time, cancellation, trace);
}
