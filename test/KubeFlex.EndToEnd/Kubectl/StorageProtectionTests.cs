using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

public sealed class StorageProtectionTests(SharedServer shared)
{
    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task A_claim_goes_when_no_pod_uses_it(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        foreach (var name in (string[])["used", "unused"])
        {
            (await w.KubectlWithAsync($$$"""
                {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"{{{name}}}"},
                 "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }
                """, "create", "-f", "-")).Ok();
        }
        (await w.KubectlWithAsync("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"user"},"spec":{"nodeName":"some-node","containers":[{"name":"c","image":"i"}],
             "volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"used"}}]}}
            """, "create", "-f", "-")).Ok();

        (await w.KubectlAsync("delete", "pvc", "used", "--wait=false")).Ok();
        // Deleted after it and gone: the controller has looked at both.
        (await w.KubectlAsync("delete", "pvc", "unused", "--timeout=20s")).Ok();
        Assert.Contains("kubernetes.io/pvc-protection", (await w.KubectlAsync("get", "pvc", "used", "-o", "jsonpath={.metadata.finalizers}")).Ok(), StringComparison.Ordinal);

        (await w.KubectlAsync("delete", "pod", "user", "--force", "--grace-period=0")).Ok();
        (await w.KubectlAsync("wait", "pvc/used", "--for=delete", "--timeout=20s")).Ok();
    }

    [Fact]
    public async Task A_volume_goes_when_it_is_not_bound()
    {
        var w = await shared.WorkspaceAsync("tenant");
        var name = $"volume-{Guid.NewGuid():N}";
        (await w.KubectlWithAsync($$$"""
            {"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"{{{name}}}"},
             "spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/data"} }}
            """, "create", "-f", "-")).Ok();
        (await w.KubectlAsync("patch", "pv", name, "--subresource=status", "--type=merge", "-p", """{"status":{"phase":"Bound"}}""")).Ok();
        (await w.KubectlAsync("delete", "pv", name, "--wait=false")).Ok();
        Assert.Contains("kubernetes.io/pv-protection", (await w.KubectlAsync("get", "pv", name, "-o", "jsonpath={.metadata.finalizers}")).Ok(), StringComparison.Ordinal);
        (await w.KubectlAsync("patch", "pv", name, "--subresource=status", "--type=merge", "-p", """{"status":{"phase":"Released"}}""")).Ok();
        (await w.KubectlAsync("wait", $"pv/{name}", "--for=delete", "--timeout=20s")).Ok();
    }

    [Fact]
    public async Task A_finalizer_that_was_taken_off_comes_back()
    {
        var w = await shared.WorkspaceAsync("tenant");
        (await w.KubectlWithAsync("""
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"bare"},
             "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
            """, "create", "-f", "-")).Ok();
        (await w.KubectlAsync("patch", "pvc", "bare", "--type=merge", "-p", """{"metadata":{"finalizers":null}}""")).Ok();
        (await w.KubectlAsync("wait", "pvc/bare", "--for=jsonpath={.metadata.finalizers[0]}=kubernetes.io/pvc-protection", "--timeout=20s")).Ok();
    }
}
