using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>The manifests that KubeFlex's user guide teaches (test data in <c>Guide/</c>), on a hosting cluster with nodes.</summary>
[Collection(nameof(PodsCluster))]
public sealed class GuideTests(PodsCluster cluster)
{
    [Fact]
    public async Task Everything_that_the_guide_shows_works_with_pods()
    {
        var adopted = await cluster.Server.CreateControlPlaneAsync("guide-adopted");
        var bootstrap = (await cluster.Server.KubectlAsync(adopted, null, "config", "view", "--raw", "--minify")).Ok();
        (await cluster.Server.KubectlAsync(cluster.Kubeconfig, bootstrap, "create", "secret", "generic", "ext1-bootstrap", "-n", "kubeflex-system", "--from-file=kubeconfig-incluster=/dev/stdin")).Ok();
        foreach (var file in (string[])["hooks", "k8s", "types"]) (await cluster.KubectlAsync("apply", "-f", GuideFile.Path(file))).Ok();

        foreach (var name in (string[])["cp1", "cp-hello", "cp-vars", "cp-wait", "cp2", "cp-k3s", "its", "ext1"]) await cluster.WaitAsync(name);
        await cluster.WaitAsync("cp-missing-hook", "Synced=False");
        Assert.Contains("PostCreateHook \"missing-hook\" not found", await cluster.MessageAsync("cp-missing-hook", "Synced"), StringComparison.Ordinal);
        Assert.Contains("vcluster", await cluster.MessageAsync("cp3", "Synced"), StringComparison.Ordinal);
        (await cluster.KubectlAsync("apply", "-f", GuideFile.Path("missing-hook"))).Ok();
        await cluster.WaitAsync("cp-missing-hook");

        Assert.Equal(["echo", "Good \"morning\"", "from cp-hello"], (await cluster.GetAsync("job", "hello", "-n", "cp-hello-system"))["spec"]!["template"]!["spec"]!["containers"]![0]!["command"]!.AsArray().Select(c => (string?)c));
        Assert.Equal("echo,Greetings by default,from cp-k3s", string.Join(',', (await cluster.GetAsync("job", "hello", "-n", "cp-k3s-system"))["spec"]!["template"]!["spec"]!["containers"]![0]!["command"]!.AsArray().Select(c => (string?)c)));
        Assert.Equal("""{"environment":"production in us-west-2 on production","target":"my-app"}""", GuideFile.Sorted((await cluster.GetAsync("cm", "settings", "-n", "cp-vars-system"))["data"]!));
        Assert.Equal("mylabelvalue", (await cluster.KubectlAsync("get", "cp", "cp-hello", "-o", "jsonpath={.metadata.labels.mylabelkey}")).Ok());
        Assert.Equal("""{"configure-rbac":true,"openshift-crds":true,"postgres":true}""", GuideFile.Sorted((await cluster.GetAsync("cp", "cp-wait"))["status"]!["postCreateHooks"]!));
        (await cluster.KubectlAsync("get", "clusterrole", "cp-wait-reader")).Ok();

        (await cluster.KubectlAsync("delete", "cps", "--all", "--timeout=150s")).Ok();
        foreach (var name in (string[])["cp1", "cp-hello", "cp-vars", "cp-wait", "cp2", "cp-k3s", "ext1"]) await cluster.AssertGoneAsync(name);
        (await cluster.KubectlAsync("delete", "pch", "--all")).Ok();
    }
}
