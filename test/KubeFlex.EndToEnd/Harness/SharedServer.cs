using KubeFlex.EndToEnd.Harness;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace KubeFlex.EndToEnd.Harness;

/// <summary>
/// One server for all tests that do not stop, break or count it; each works in a namespace or control plane of its own. When it ends, its log
/// must hold no error.
/// </summary>
public sealed class SharedServer : IAsyncLifetime
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private TestServer? server;
    private string? tenant;

    internal TestServer Server => server!;

    /// <summary>A kubeconfig for "hosting" or "tenant": what holds for one must hold for the other.</summary>
    internal async Task<string> TargetAsync(string target)
    {
        if (target == "hosting") return Server.AdminKubeconfig;
        await gate.WaitAsync();
        try
        {
            return tenant ??= await Server.CreateControlPlaneAsync("shared-tenant");
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>A namespace of the caller's own on a target, and kubectl in it.</summary>
    internal async Task<Workspace> WorkspaceAsync(string target)
    {
        var kubeconfig = await TargetAsync(target);
        var ns = $"t-{Guid.NewGuid().ToString("N")[..10]}";
        (await Server.KubectlAsync(kubeconfig, null, "create", "namespace", ns)).Ok();
        return new Workspace(Server, kubeconfig, ns);
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var said = Server.Said;
        await Server.DisposeAsync();
        var errors = said.Split('\n').Where(l => l.Contains(" fail: ", StringComparison.Ordinal) || l.Contains(" crit: ", StringComparison.Ordinal)).ToList();
        Assert.True(errors.Count == 0, $"the server logged errors:\n{string.Join('\n', errors.Take(20))}");
    }
}

/// <summary>A namespace on a control plane.</summary>
internal sealed record Workspace(TestServer Server, string Kubeconfig, string Namespace)
{
    /// <summary>kubectl in the namespace.</summary>
    public Task<CommandResult> KubectlAsync(params string[] args) => Server.KubectlAsync(Kubeconfig, null, ["--namespace", Namespace, .. args]);

    /// <summary>kubectl with something on standard input.</summary>
    public Task<CommandResult> KubectlWithAsync(string input, params string[] args) => Server.KubectlAsync(Kubeconfig, input, ["--namespace", Namespace, .. args]);

    /// <summary>Starts kubectl and leaves it running.</summary>
    public RunningCommand StartKubectl(params string[] args) =>
        Command.Start(Tools.Kubectl, ["--kubeconfig", Kubeconfig, "--namespace", Namespace, .. args], Server.Environment);
}
