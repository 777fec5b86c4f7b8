using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

public sealed class DeletingTests(SharedServer shared)
{
    private static async Task CreateFamilyAsync(Workspace w)
    {
        (await w.KubectlAsync("create", "configmap", "parent")).Ok();
        var uid = (await w.KubectlAsync("get", "cm", "parent", "-o", "jsonpath={.metadata.uid}")).Ok();
        (await w.KubectlWithAsync($$"""
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"child","ownerReferences":[
              {"apiVersion":"v1","kind":"ConfigMap","name":"parent","uid":"{{uid}}","blockOwnerDeletion":true}]} }
            """, "create", "-f", "-")).Ok();
    }

    private static Task<CommandResult> WaitGoneAsync(Workspace w, string what) => w.KubectlAsync("wait", what, "--for=delete", "--timeout=150s");

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Background_takes_the_dependents_afterwards(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        await CreateFamilyAsync(w);
        (await w.KubectlAsync("delete", "cm", "parent", "--wait")).Ok();
        (await WaitGoneAsync(w, "cm/child")).Ok();
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Foreground_takes_the_dependents_first(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        await CreateFamilyAsync(w);
        (await w.KubectlAsync("patch", "cm", "child", "--type=merge", "-p", """{"metadata":{"finalizers":["example.com/hold"]}}""")).Ok();
        (await w.KubectlAsync("delete", "cm", "parent", "--cascade=foreground", "--wait=false")).Ok();
        (await w.KubectlAsync("wait", "cm/child", "--for=jsonpath={.metadata.deletionTimestamp}", "--timeout=150s")).Ok();
        Assert.Contains("foregroundDeletion", (await w.KubectlAsync("get", "cm", "parent", "-o", "jsonpath={.metadata.finalizers}")).Ok(), StringComparison.Ordinal);
        (await w.KubectlAsync("patch", "cm", "child", "--type=merge", "-p", """{"metadata":{"finalizers":null}}""")).Ok();
        (await WaitGoneAsync(w, "cm/parent")).Ok();
        (await w.KubectlAsync("get", "cm", "child")).Fails();
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Orphan_leaves_the_dependents(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        await CreateFamilyAsync(w);
        (await w.KubectlAsync("delete", "cm", "parent", "--cascade=orphan", "--wait")).Ok();
        Assert.Equal("", (await w.KubectlAsync("get", "cm", "child", "-o", "jsonpath={.metadata.ownerReferences}")).Ok());
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task A_namespace_is_emptied_and_gone(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlAsync("create", "configmap", "a")).Ok();
        (await w.KubectlAsync("create", "deployment", "d", "--image=i")).Ok();
        Assert.Contains("default", (await w.KubectlAsync("get", "serviceaccounts", "-o", "name")).Ok(), StringComparison.Ordinal);
        Assert.Contains("kube-root-ca.crt", (await w.KubectlAsync("get", "configmaps", "-o", "name")).Ok(), StringComparison.Ordinal);
        (await w.KubectlAsync("delete", "namespace", w.Namespace, "--wait", "--timeout=150s")).Ok();
        (await w.KubectlAsync("get", "namespace", w.Namespace)).Fails();
        Assert.Contains("forbidden", (await w.KubectlAsync("delete", "namespace", "kube-system")).Fails(), StringComparison.Ordinal);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Several_and_all_by_label(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        foreach (var name in (string[])["a", "b", "c"]) (await w.KubectlAsync("create", "secret", "generic", name)).Ok();
        (await w.KubectlAsync("label", "secret", "a", "b", "x=y")).Ok();
        (await w.KubectlAsync("delete", "secret", "-l", "x=y")).Ok();
        Assert.Equal("secret/c", (await w.KubectlAsync("get", "secret", "-o", "name")).Ok());
        (await w.KubectlAsync("delete", "secret", "--all")).Ok();
        Assert.Contains("NotFound", (await w.KubectlAsync("delete", "secret", "c")).Fails(), StringComparison.Ordinal);
        (await w.KubectlAsync("delete", "secret", "c", "--ignore-not-found")).Ok();
    }
}
