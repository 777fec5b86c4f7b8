using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>A real server on a free port, with a home of its own (data directory, kubeconfig, kubectl's cache), and real clients for it.</summary>
internal sealed partial class TestServer : IAsyncDisposable
{
    private RunningCommand? process;

    public TestServer(string? data = null) => Data = data ?? Path.Combine(Home, "data");

    public string Home { get; } = Directory.CreateTempSubdirectory("kubeflex-test-").FullName;
    public string Data { get; }
    public string AdminKubeconfig => Path.Combine(Data, "admin.kubeconfig");
    public string Kubeconfig => Path.Combine(Home, "kubeconfig");
    public int Pid => process!.Process.Id;
    public string Said => process?.Said ?? "";
    public string Url => (string)JsonNode.Parse(File.ReadAllText(Path.Combine(Data, "server.json")))!["url"]!;

    /// <summary>The environment of every client: nothing of the machine's own configuration shines through.</summary>
    public Dictionary<string, string?> Environment => new()
    {
        ["HOME"] = Home,
        ["KUBEFLEX_HOME"] = Data,
        ["KUBEFLEX_SERVER"] = Repository.Server,
        ["KUBECONFIG"] = Kubeconfig,
        ["KUBEBUILDER_ASSETS"] = Assets,
        ["KUBEFLEX_DATASTORE"] = Datastore,
    };

    /// <summary>URL of the datastore; a file in the data directory unless a test brings its own.</summary>
    public string? Datastore { get; init; }

    /// <summary>Directory of stock binaries; none unless a test brings its own.</summary>
    public string? Assets { get; init; }

    public static async Task<TestServer> StartAsync(string? data = null)
    {
        var server = new TestServer(data);
        await server.StartProcessAsync();
        return server;
    }

    public async Task StartProcessAsync(string listen = "127.0.0.1:0")
    {
        process = Command.Start(Repository.Server, ["--data-dir", Data, "--listen", listen], Environment);
        await process.LineAsync(l => l.StartsWith("KubeFlex serves ", StringComparison.Ordinal));
        if (!File.Exists(Kubeconfig)) File.Copy(AdminKubeconfig, Kubeconfig);
    }

    /// <summary>As a power cut would: no chance to finish anything.</summary>
    public async Task KillAsync()
    {
        process!.Process.Kill();
        await process.Process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>SIGSTOP: it does not know that time passes.</summary>
    public void Stop() => _ = Kill(Pid, 19);

    /// <summary>SIGCONT.</summary>
    public void Continue() => _ = Kill(Pid, 18);

    /// <summary>SIGTERM; the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        var code = await TerminateAsync(process!);
        process!.Dispose();
        process = null;
        return code;
    }

    /// <summary>SIGTERM to any process of a test; its exit code.</summary>
    public static async Task<int> TerminateAsync(RunningCommand command)
    {
        _ = Kill(command.Process.Id, 15);
        return (await command.EndAsync(Command.Patience)).ExitCode;
    }

    public Task<CommandResult> KflexAsync(params string[] args) => Command.RunAsync(Repository.Cli, args, Environment);

    /// <summary>kubectl against a kubeconfig's current context.</summary>
    public Task<CommandResult> KubectlAsync(string kubeconfig, string? input, params string[] args) =>
        Command.RunAsync(Tools.Kubectl, ["--kubeconfig", kubeconfig, .. args], Environment, input);

    /// <summary>Creates a control plane and returns the path of a kubeconfig of its own.</summary>
    public async Task<string> CreateControlPlaneAsync(string name, params string[] more)
    {
        var file = Path.Combine(Home, $"{name}.kubeconfig");
        File.Copy(AdminKubeconfig, file, overwrite: true);
        (await Command.RunAsync(Repository.Cli, ["--kubeconfig", file, "create", name, .. more], Environment)).Ok();
        return file;
    }

    /// <summary>kubectl with the hosting control plane.</summary>
    public Task<CommandResult> HostingAsync(params string[] args) => KubectlAsync(AdminKubeconfig, null, args);

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            if (!process.Process.HasExited)
            {
                Continue();
                await TerminateAsync();
            }
            process?.Dispose();
        }
        Directory.Delete(Home, recursive: true);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int pid, int signal);
}
