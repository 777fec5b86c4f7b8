using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;
using KubeFlex.EndToEnd.Pods;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>Tests that share a <see cref="PodsCluster"/>, one after the other.</summary>
[CollectionDefinition(nameof(PodsCluster))]
public sealed class PodsCollection : ICollectionFixture<PodsCluster>;

/// <summary>
/// A hosting cluster for control planes as pods: a control plane of the shared server, KubeFlex installed into it by Helm, nodes played by
/// <see cref="StandInNodes"/>, and the operator as a process with the token of the chart's service account, and so with the chart's rights only.
/// </summary>
public sealed class PodsCluster(SharedServer shared) : IAsyncLifetime
{
    private const string Name = "pods-hosting";

    private readonly List<RunningCommand> operators = [];
    private StandInNodes? nodes;
    private KubeApi? api;
    private string operatorKubeconfig = "";

    internal TestServer Server => shared.Server;

    /// <summary>Of the hosting cluster's administrator.</summary>
    internal string Kubeconfig { get; private set; } = "";

    internal StandInNodes Nodes => nodes!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Kubeconfig = await Server.CreateControlPlaneAsync(Name);
        (await Command.RunAsync(Tools.Helm, ["--kubeconfig", Kubeconfig, "-n", "kubeflex-system", "install", "kubeflex-operator", Path.Combine(Repository.Root, "deploy", "chart"), "--create-namespace"], Server.Environment)).Ok();
        operatorKubeconfig = await TokenKubeconfigAsync();
        api = new KubeApi(Server, Kubeconfig, Name);
        nodes = new StandInNodes(api, Server);
        await StartOperatorAsync();
    }

    /// <summary>Another operator, which stands by while one works.</summary>
    internal async Task<RunningCommand> StartOperatorAsync()
    {
        var process = Command.Start(Repository.Server, ["operator", "--kubeconfig", operatorKubeconfig, "--leader-elect", "--leader-elect-namespace=kubeflex-system",
            "--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0", "--service-gateway", Nodes.Address], Server.Environment);
        operators.Add(process);
        await process.LineAsync(l => l.Contains("the operator works for", StringComparison.Ordinal));
        return process;
    }

    /// <summary>The operator that was started first and runs.</summary>
    internal RunningCommand Operator => operators.First(o => !o.Process.HasExited);

    internal Task<CommandResult> KubectlAsync(params string[] args) => Server.KubectlAsync(Kubeconfig, null, args);

    internal async Task<string> ApplyAsync(string manifest) => (await Server.KubectlAsync(Kubeconfig, manifest, "apply", "-f", "-")).Ok();

    /// <summary>Creates a control plane.</summary>
    internal Task CreateAsync(string name, string spec) =>
        ApplyAsync($"apiVersion: tenancy.kflex.kubestellar.org/v1alpha1\nkind: ControlPlane\nmetadata: {{name: {name}}}\nspec: {spec}\n");

    internal async Task WaitAsync(string name, string condition = "Ready")
    {
        var result = await KubectlAsync("wait", $"cp/{name}", $"--for=condition={condition}", "--timeout=150s");
        if (result.ExitCode != 0) Assert.Fail($"{result.Error}\n{(await KubectlAsync("get", "cp", name, "-o", "yaml")).Output}\n{Operator.Said}");
    }

    internal async Task<JsonNode> GetAsync(params string[] what) => JsonNode.Parse((await KubectlAsync(["get", .. what, "-o", "json"])).Ok())!;

    internal async Task<string> MessageAsync(string name, string condition) =>
        (await KubectlAsync("get", "cp", name, "-o", $"jsonpath={{.status.conditions[?(@.type==\"{condition}\")].message}}")).Ok();

    /// <summary>kubectl in a control plane, by the kubeconfig that people outside the cluster get, through what stands for the ingress.</summary>
    internal async Task<CommandResult> TenantAsync(string name, string secret, string key, params string[] args)
    {
        var file = Path.Combine(Server.Home, $"tenant-{Guid.NewGuid():N}.kubeconfig");
        await File.WriteAllBytesAsync(file, Convert.FromBase64String((string)(await GetAsync("secret", secret, "-n", $"{name}-system"))["data"]![key]!));
        return await Server.KubectlAsync(file, null, ["--server", $"https://{Nodes.Address}", "--tls-server-name", $"{name}.localtest.me", .. args]);
    }

    /// <summary>Nothing of the control plane is left, in its namespace, in KubeFlex's own, or in the cluster's scope.</summary>
    internal async Task AssertGoneAsync(string name)
    {
        (await KubectlAsync("get", "namespace", $"{name}-system")).Fails();
        Assert.Equal("", (await KubectlAsync("get", "secrets,jobs,configmaps", "-n", "kubeflex-system", "-l", $"kflex.kubestellar.org/control-plane={name}", "-o", "name")).Ok());
        Assert.DoesNotContain($"/{name}", (await KubectlAsync("get", "clusterroles,clusterrolebindings,crds", "-o", "name")).Ok(), StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var said = string.Concat(operators.Select(o => o.Said));
        foreach (var running in operators.Where(o => !o.Process.HasExited)) await TestServer.TerminateAsync(running);
        foreach (var process in operators) process.Dispose();
        if (nodes is not null) await nodes.DisposeAsync();
        api?.Dispose();
        var wrong = said.Split('\n').Where(l => l.Contains("forbidden", StringComparison.OrdinalIgnoreCase) || l.Contains(" fail: ", StringComparison.Ordinal) || l.StartsWith("   at ", StringComparison.Ordinal)).ToList();
        Assert.True(wrong.Count == 0, $"the operator lacks rights or failed:\n{string.Join('\n', wrong.Take(20))}");
    }

    private async Task<string> TokenKubeconfigAsync()
    {
        var token = (await KubectlAsync("create", "token", "kubeflex-controller-manager", "-n", "kubeflex-system", "--duration=1h")).Ok();
        var config = JsonNode.Parse((await KubectlAsync("config", "view", "--raw", "--minify", "-o", "json")).Ok())!;
        config["users"]![0]!["user"] = new JsonObject { ["token"] = token };
        var file = Path.Combine(Server.Home, "operator.kubeconfig");
        await File.WriteAllTextAsync(file, config.ToJsonString());
        return file;
    }
}
