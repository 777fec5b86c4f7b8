using KubeFlex.Operator.Runtimes;
using KubeFlex.Operator.Tests.Fakes;

namespace KubeFlex.Operator.Tests.Processes;

public sealed class ProcessRuntimeTests : IAsyncDisposable
{
    private readonly FakeProcessHost processes = new();
    private readonly Harness h;

    public ProcessRuntimeTests() => h = new Harness(new OperatorOptions { Processes = processes });

    public ValueTask DisposeAsync() => h.DisposeAsync();

    [Fact]
    public async Task The_programs_get_certificates_kubeconfigs_and_the_contracts_arguments()
    {
        h.CreateControlPlane("cp1", more: s => (s["runtime"], s["backend"]) = ("Process", "dedicated"));
        await h.ReconcileAsync("cp1");
        Assert.Equal("True", (string?)h.Condition("cp1", "Ready")["status"]);
        var asked = processes.Running["cp1"];
        Assert.Equal("dedicated", asked.Backend);
        Assert.Equal(h.SecretText("cp1", "k8s-certs", "apiserver.key"), asked.Files["pki/apiserver.key"]);
        Assert.Equal(h.SecretText("cp1", "cm-kubeconfig", "ca.crt"), asked.Files["controller-manager/ca.crt"]);
        Assert.Equal(h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"), asked.Files[ProcessControlPlane.AdminKubeconfig]);
        Assert.Contains("https://127.0.0.1:40001", asked.Files["controller-manager/kubeconfig"], StringComparison.Ordinal);
        string[] expected = ["--secure-port=40001", "--bind-address=127.0.0.1", "--tls-cert-file=/var/kf/cp1/pki/apiserver.crt", "--authorization-mode=Node,RBAC", "--endpoint-reconciler-type=none"];
        Assert.Superset(expected.ToHashSet(), asked.ApiServer.ToHashSet());
        Assert.Superset(new[] { "--kubeconfig=/var/kf/cp1/controller-manager/kubeconfig", "--leader-elect=false", "--secure-port=0" }.ToHashSet(), asked.ControllerManager.ToHashSet());
        Assert.DoesNotContain(asked.ApiServer.Concat(asked.ControllerManager), a => a.Contains("/etc/kubernetes", StringComparison.Ordinal));
        // Every file that an argument names is among those written.
        foreach (var argument in asked.ApiServer.Concat(asked.ControllerManager))
            if (argument.Split('=', 2)[1] is var value && value.StartsWith("/var/kf/cp1/", StringComparison.Ordinal)) Assert.Contains(value["/var/kf/cp1/".Length..], asked.Files.Keys);
    }

    [Fact]
    public async Task Another_port_reaches_kubeconfigs_and_programs()
    {
        h.CreateControlPlane("cp1", more: s => s["runtime"] = "Process");
        await h.ReconcileAsync("cp1");
        var authority = h.SecretText("cp1", "k8s-certs", "ca.crt");
        processes.Port = 40002;
        await h.ReconcileAsync("cp1");
        Assert.Contains("https://127.0.0.1:40002", h.SecretText("cp1", "admin-kubeconfig", "kubeconfig"), StringComparison.Ordinal);
        Assert.Contains("--secure-port=40002", processes.Running["cp1"].ApiServer);
        Assert.Contains("https://127.0.0.1:40002", processes.Running["cp1"].Files["controller-manager/kubeconfig"], StringComparison.Ordinal);
        Assert.Equal(authority, h.SecretText("cp1", "k8s-certs", "ca.crt"));
    }

    [Fact]
    public async Task Missing_binaries_are_told_and_looked_for_again()
    {
        processes.Refusal = "spec.runtime: nothing there";
        h.CreateControlPlane("cp1", more: s => s["runtime"] = "Process");
        Assert.True((await h.ReconcileAsync("cp1")).Retry);
        Assert.Equal("spec.runtime: nothing there", (string?)h.Condition("cp1", "Synced")["message"]);
        Assert.Equal("False", (string?)h.Condition("cp1", "Ready")["status"]);
        processes.Refusal = null;
        await h.ReconcileAsync("cp1");
        Assert.Equal("True", (string?)h.Condition("cp1", "Ready")["status"]);
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
        Assert.Contains("cp1", processes.Deleted);
    }

    [Theory]
    [InlineData("replicas", "2", "spec.replicas: runtime \"Process\" runs one kube-apiserver, not 2")]
    [InlineData("resources", """{"limits":{"cpu":"1"}}""", "spec.resources: runtime \"Process\" has no containers")]
    public async Task What_does_not_apply_is_refused(string field, string value, string expected)
    {
        h.CreateControlPlane("cp1", more: s => (s["runtime"], s[field]) = ("Process", System.Text.Json.Nodes.JsonNode.Parse(value)));
        await h.ReconcileAsync("cp1");
        Assert.StartsWith(expected, (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Empty(processes.Running);
    }
}
