using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Operator;

/// <summary>The manifests that KubeFlex's user guide teaches (test data in <c>Guide/</c>), on the embedded hosting control plane.</summary>
public sealed class GuideTests
{
    [Fact]
    public async Task What_the_guide_shows_for_type_k8s_works_in_process()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var file in (string[])["hooks", "k8s"]) (await server.HostingAsync("apply", "-f", GuideFile.Path(file))).Ok();
        (await server.HostingAsync("wait", "cp", "cp1", "cp-hello", "cp-vars", "--for=condition=Ready", "--timeout=150s")).Ok();
        (await server.HostingAsync("wait", "cp/cp-missing-hook", "--for=condition=Synced=False", "--timeout=150s")).Ok();
        (await server.HostingAsync("apply", "-f", GuideFile.Path("missing-hook"))).Ok();
        Assert.Equal("Good \"morning\"", (await server.HostingAsync("get", "job", "hello", "-n", "cp-hello-system", "-o", "jsonpath={.spec.template.spec.containers[0].command[1]}")).Ok());
        Assert.Equal("registry.example.com/operator:v1.2.3", (await server.HostingAsync("get", "deploy", "operator", "-n", "cp-vars-system", "-o", "jsonpath={.spec.template.spec.containers[0].image}")).Ok());

        // There are no nodes here: the test does the Jobs' work, and their status alone makes the control planes ready.
        foreach (var (ns, job) in ((string, string)[])[("cp-wait", "openshift-crds"), ("cp-wait", "postgres"), ("cp-missing-hook", "job-cp-missing-hook")])
        {
            (await server.HostingAsync("wait", $"job/{job}", "-n", $"{ns}-system", "--for=create", "--timeout=150s")).Ok();
            Assert.NotEqual("True", (await server.HostingAsync("get", "cp", ns, "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}")).Ok());
            (await server.HostingAsync("patch", "job", job, "-n", $"{ns}-system", "--subresource=status", "--type=merge", "-p", """{"status":{"succeeded":1}}""")).Ok();
        }
        (await server.HostingAsync("wait", "cp", "cp-wait", "cp-missing-hook", "--for=condition=Ready", "--timeout=150s")).Ok();

        (await server.HostingAsync("delete", "cps", "--all", "--timeout=150s")).Ok();
        (await server.HostingAsync("get", "clusterrole", "cp-wait-reader")).Fails();
        Assert.DoesNotContain("-system\n", (await server.HostingAsync("get", "ns", "-o", "name")).Ok().Replace("namespace/kube-system\n", "", StringComparison.Ordinal).Replace("namespace/kubeflex-system\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
