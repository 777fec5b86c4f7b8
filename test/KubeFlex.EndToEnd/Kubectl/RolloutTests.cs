using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

/// <summary>No controller of a tenant moves workloads (their pods live elsewhere): a patch of the status stands for one.</summary>
public sealed class RolloutTests(SharedServer shared)
{
    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Rollout_and_set_env_work_on_deployments(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlAsync("create", "deployment", "web", "--image=nginx:1")).Ok();
        (await w.KubectlAsync("set", "env", "deploy/web", "A=1", "B=2")).Ok();
        Assert.Contains("A=1", (await w.KubectlAsync("set", "env", "deploy/web", "--list")).Ok(), StringComparison.Ordinal);
        (await w.KubectlAsync("set", "env", "deploy/web", "A-")).Ok();
        (await w.KubectlAsync("set", "resources", "deploy/web", "--limits=cpu=200m,memory=64Mi")).Ok();
        (await w.KubectlAsync("rollout", "restart", "deploy/web")).Ok();
        (await w.KubectlAsync("rollout", "pause", "deploy/web")).Ok();
        var spec = JsonNode.Parse((await w.KubectlAsync("get", "deploy", "web", "-o", "json")).Ok())!["spec"]!;
        Assert.Equal("B", (string?)spec["template"]!["spec"]!["containers"]![0]!["env"]!.AsArray().Single()!["name"]);
        Assert.Equal("200m", (string?)spec["template"]!["spec"]!["containers"]![0]!["resources"]!["limits"]!["cpu"]);
        Assert.NotNull(spec["template"]!["metadata"]!["annotations"]!["kubectl.kubernetes.io/restartedAt"]);
        Assert.True((bool)spec["paused"]!);
        (await w.KubectlAsync("rollout", "resume", "deploy/web")).Ok();

        using var status = w.StartKubectl("rollout", "status", "deploy/web", "--timeout=150s");
        await status.LineAsync(l => l.Contains("Waiting for deployment", StringComparison.Ordinal));
        await CompleteAsync(w.Server, w.Kubeconfig, w.Namespace);
        Assert.Contains("successfully rolled out", (await status.EndAsync(Command.Patience)).Ok(), StringComparison.Ordinal);
    }

    /// <summary>Says what a deployment controller says when all is done.</summary>
    internal static async Task CompleteAsync(TestServer server, string kubeconfig, string ns)
    {
        var generation = (await server.KubectlAsync(kubeconfig, null, "-n", ns, "get", "deploy", "web", "-o", "jsonpath={.metadata.generation}")).Ok();
        (await server.KubectlAsync(kubeconfig, null, "-n", ns, "patch", "deploy", "web", "--subresource=status", "--type=merge", "-p",
            $$"""{"status":{"observedGeneration":{{generation}},"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1} }""")).Ok();
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task A_service_accounts_token_says_who_it_is_and_may_what_it_was_given(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        await Eventually.TrueAsync(async () => (await w.KubectlAsync("get", "serviceaccount", "default")).ExitCode == 0, "the default service account");
        var token = (await w.KubectlAsync("create", "token", "default")).Ok();
        var config = Path.Combine(w.Server.Home, $"{w.Namespace}.token");
        // The token alone: kubectl prefers a certificate where the kubeconfig has one.
        await File.WriteAllLinesAsync(config, (await File.ReadAllLinesAsync(w.Kubeconfig)).Where(l => !l.Contains("client-", StringComparison.Ordinal)));
        Task<CommandResult> AsAsync(params string[] args) => w.Server.KubectlAsync(config, null, [$"--token={token}", "--namespace", w.Namespace, .. args]);
        Assert.Contains($"system:serviceaccount:{w.Namespace}:default", (await AsAsync("auth", "whoami")).Ok(), StringComparison.Ordinal);
        Assert.Contains("Forbidden", (await AsAsync("get", "configmaps")).Fails(), StringComparison.Ordinal);
        Assert.Equal("no", (await AsAsync("auth", "can-i", "list", "configmaps")).Output.Trim());
    }
}
