using System.ComponentModel;
using System.Diagnostics;

namespace KubeFlex.Cli.Installation;

/// <summary>A cluster of kind (Kubernetes in Docker), whose port 9443 leads to its ingress.</summary>
internal sealed class KindCluster(CliSession session)
{
    public const string StandardName = "kubeflex";

    /// <summary>Fails when there is no kind to drive.</summary>
    public void Require() => Find();

    /// <summary>Makes the cluster unless there is one of that name; answers its context.</summary>
    public async Task<string> EnsureAsync(string name, int externalPort, CancellationToken cancellation)
    {
        var kind = Find();
        var (code, listed, error) = await RunAsync(kind, ["get", "clusters"], null, echo: false, cancellation);
        if (code != 0) throw new CliException($"kind does not work: {Last(error)}", ExitCodes.Failed, "It needs Docker or Podman: check that it runs, and that you may use it.");
        var kubeconfig = session.Kubeconfigs.Paths.WriteTarget;
        if (listed.Split('\n', StringSplitOptions.TrimEntries).Contains(name))
        {
            session.Talk.Say($"There is a kind cluster {name} already; it is used.");
            await MustAsync(kind, ["export", "kubeconfig", "--name", name, "--kubeconfig", kubeconfig], null, name, cancellation);
        }
        else
        {
            await MustAsync(kind, ["create", "cluster", "--name", name, "--kubeconfig", kubeconfig, "--config", "-"], Configuration(externalPort), name, cancellation);
            session.Talk.Done($"The kind cluster {name} is made");
        }
        return $"kind-{name}";
    }

    // As KubeFlex has it: both IP families, and the ingress at two ports of this machine.
    public static string Configuration(int externalPort) => $$"""
        kind: Cluster
        apiVersion: kind.x-k8s.io/v1alpha4
        networking:
          ipFamily: dual
        nodes:
        - role: control-plane
          kubeadmConfigPatches:
          - |
            kind: InitConfiguration
            nodeRegistration:
              kubeletExtraArgs:
                node-labels: "ingress-ready=true"
          extraPortMappings:
          - {containerPort: 80, hostPort: 9080, protocol: TCP}
          - {containerPort: 443, hostPort: {{externalPort}}, protocol: TCP}

        """;

    private string Find()
    {
        string[] names = OperatingSystem.IsWindows() ? ["kind.exe"] : ["kind"];
        return (session.Host.Variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(directory => names.Select(name => Path.Combine(directory, name))).FirstOrDefault(File.Exists)
            ?? throw new CliException("kind is not on PATH", ExitCodes.NotFound,
                "Install it: https://kind.sigs.k8s.io/docs/user/quick-start/#installation. Or do without a cluster: kflex init --embedded");
    }

    private async Task MustAsync(string kind, IReadOnlyList<string> arguments, string? input, string name, CancellationToken cancellation)
    {
        var (code, _, error) = await RunAsync(kind, arguments, input, echo: true, cancellation);
        if (code != 0) throw new CliException($"kind {string.Join(' ', arguments.Take(2))} failed: {Last(error)}", ExitCodes.Failed, $"What it may have left: kind delete cluster --name {name}");
    }

    private async Task<(int Code, string Out, string Error)> RunAsync(string kind, IReadOnlyList<string> arguments, string? input, bool echo, CancellationToken cancellation)
    {
        session.Talk.Explain($"{kind} {string.Join(' ', arguments)}");
        var start = new ProcessStartInfo(kind, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
                process.StandardInput.Close();
                var output = process.StandardOutput.ReadToEndAsync(cancellation);
                var error = ReadAsync(process.StandardError, echo, cancellation);
                await process.WaitForExitAsync(cancellation);
                return (process.ExitCode, await output, await error);
            }
            catch (OperationCanceledException)
            {
                // kind removes a half-made cluster when it is interrupted, not when it is killed; the terminal's Ctrl-C has reached it too.
                throw new CliException("interrupted", ExitCodes.Interrupted, "kind cleans up after itself; check with: kind get clusters");
            }
        }
        catch (Win32Exception e)
        {
            throw new CliException($"cannot run {kind}: {e.Message}", ExitCodes.Failed);
        }
    }

    private async Task<string> ReadAsync(StreamReader reader, bool echo, CancellationToken cancellation)
    {
        var all = new System.Text.StringBuilder();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            all.AppendLine(line);
            if (echo) session.Talk.Say(line);
        }
        return all.ToString();
    }

    private static string Last(string error) => error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it said nothing";
}
