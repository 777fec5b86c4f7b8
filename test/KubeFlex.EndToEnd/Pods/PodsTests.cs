using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>Control planes as pods of a hosting cluster, from creation to the last trace.</summary>
[Collection(nameof(PodsCluster))]
public sealed class PodsTests(PodsCluster cluster)
{
    [Fact]
    public async Task K8s_with_the_shared_database_lives_changes_and_goes()
    {
        await cluster.CreateAsync("shared", "{type: k8s, backend: shared}");
        await cluster.WaitAsync("shared");
        await AssertOwnedAsync("shared", "deploy/kube-apiserver", "deploy/kube-controller-manager", "service/shared", "ingress/shared", "secret/k8s-certs", "secret/admin-kubeconfig",
            "secret/cm-kubeconfig", "secret/postgres-credentials");
        Assert.Equal("shared-database", (await cluster.KubectlAsync("get", "secrets", "-n", "kubeflex-system", "-l", "kflex.kubestellar.org/control-plane=shared", "-o", "jsonpath={.items[*].metadata.name}")).Ok());
        (await cluster.KubectlAsync("get", "job", "shared-db", "-n", "kubeflex-system")).Fails();
        Assert.StartsWith("shared ", (await cluster.KubectlAsync("get", "cp", "shared", "--no-headers")).Ok(), StringComparison.Ordinal);
        (await cluster.TenantAsync("shared", "admin-kubeconfig", "kubeconfig", "create", "configmap", "mine")).Ok();
        Assert.Equal("configmap/mine", (await cluster.TenantAsync("shared", "admin-kubeconfig", "kubeconfig", "get", "configmap", "mine", "-o", "name")).Ok());

        // What others added stays, what was changed in the spec arrives.
        (await cluster.KubectlAsync("annotate", "deploy/kube-apiserver", "example.com/mine=kept", "-n", "shared-system")).Ok();
        (await cluster.KubectlAsync("label", "service/shared", "team=blue", "-n", "shared-system")).Ok();
        (await cluster.KubectlAsync("patch", "cp", "shared", "--type=merge", "-p", """{"spec":{"version":"1.34.2","replicas":2,"resources":{"requests":{"cpu":"2"}},"extraSANs":["api.example.com"]}}""")).Ok();
        (await cluster.KubectlAsync("wait", "deploy/kube-apiserver", "-n", "shared-system", "--for=jsonpath={.spec.replicas}=2", "--timeout=150s")).Ok();
        // The pass that saw the change has ended, and the nodes have said all that they have to say about it: from here on nothing moves by itself.
        var generation = (await cluster.KubectlAsync("get", "cp", "shared", "-o", "jsonpath={.metadata.generation}")).Ok();
        (await cluster.KubectlAsync("wait", "cp/shared", $"--for=jsonpath={{.status.observedGeneration}}={generation}", "--timeout=150s")).Ok();
        await cluster.WaitAsync("shared", "Progressing=False");
        foreach (var deploy in (string[])["kube-apiserver", "kube-controller-manager"])
            (await cluster.KubectlAsync("rollout", "status", $"deploy/{deploy}", "-n", "shared-system", "--timeout=150s")).Ok();
        await cluster.WaitAsync("shared");
        var deployment = await cluster.GetAsync("deploy", "kube-apiserver", "-n", "shared-system", "--show-managed-fields");
        var container = deployment["spec"]!["template"]!["spec"]!["containers"]![0]!;
        Assert.Equal(("registry.k8s.io/kube-apiserver:v1.34.2", "2", "kept"),
            ((string?)container["image"], (string?)container["resources"]!["requests"]!["cpu"], (string?)deployment["metadata"]!["annotations"]!["example.com/mine"]));
        Assert.Contains(deployment["metadata"]!["managedFields"]!.AsArray(), f => (string?)f!["manager"] == "kubeflex" && (string?)f["operation"] == "Apply");
        Assert.Equal("blue", (string?)(await cluster.GetAsync("service", "shared", "-n", "shared-system"))["metadata"]!["labels"]!["team"]);
        Assert.Contains("api.example.com", System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(await SecretAsync("shared", "k8s-certs", "apiserver.crt"))
            .Extensions.OfType<System.Security.Cryptography.X509Certificates.X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
        // What others break is mended, and a pass that finds all in order writes nothing. The second time tells that the first pass has ended.
        var before = await VersionsAsync();
        for (var i = 0; i < 2; i++)
        {
            (await cluster.KubectlAsync("delete", "ingress", "shared", "-n", "shared-system")).Ok();
            await Eventually.TrueAsync(async () => (await cluster.KubectlAsync("get", "ingress", "shared", "-n", "shared-system")).ExitCode == 0, "the Ingress");
        }
        Assert.Equal(before, await VersionsAsync());

        (await cluster.KubectlAsync("delete", "cp", "shared", "--timeout=150s")).Ok();
        await cluster.AssertGoneAsync("shared");

        async Task<string> VersionsAsync() => (await cluster.KubectlAsync("get", "deploy,service,secret", "-n", "shared-system", "-o", "jsonpath={range .items[*]}{.kind}/{.metadata.name}@{.metadata.resourceVersion} {end}")).Ok();
    }

    [Fact]
    public async Task K8s_with_a_dedicated_etcd_lives_renews_its_certificates_and_goes()
    {
        await cluster.CreateAsync("dedicated", "{type: k8s, runtime: Pods, backend: dedicated}");
        await cluster.WaitAsync("dedicated");
        await AssertOwnedAsync("dedicated", "deploy/kube-apiserver", "deploy/kube-controller-manager", "sts/etcd", "service/etcd", "service/dedicated", "ingress/dedicated", "secret/etcd-certs");
        Assert.Contains("--etcd-servers=https://etcd.dedicated-system.svc:2379", (await cluster.GetAsync("deploy", "kube-apiserver", "-n", "dedicated-system")).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("Bound", (await cluster.KubectlAsync("get", "pvc", "data-etcd-0", "-n", "dedicated-system", "-o", "jsonpath={.status.phase}")).Ok());

        string[] workloads = ["deploy/kube-apiserver", "deploy/kube-controller-manager", "sts/etcd"];
        async Task<string[]> InputsAsync() => await Task.WhenAll(workloads.Select(async w => (string)(await cluster.GetAsync(w, "-n", "dedicated-system"))["spec"]!["template"]!["metadata"]!["annotations"]!["kflex.kubestellar.org/inputs"]!));
        var (before, authority) = (await InputsAsync(), await SecretAsync("dedicated", "k8s-certs", "ca.crt"));
        (await cluster.KubectlAsync("annotate", "cp", "dedicated", "kflex.kubestellar.org/rotate-certs=now")).Ok();
        await Eventually.TrueAsync(async () => (await InputsAsync()).Zip(before).All(i => i.First != i.Second), "new pod templates");
        await cluster.WaitAsync("dedicated");
        Assert.Equal(authority, await SecretAsync("dedicated", "k8s-certs", "ca.crt"));
        (await cluster.TenantAsync("dedicated", "admin-kubeconfig", "kubeconfig", "get", "namespaces")).Ok();

        (await cluster.KubectlAsync("delete", "cp", "dedicated", "--timeout=150s")).Ok();
        await cluster.AssertGoneAsync("dedicated");
    }

    [Fact]
    public async Task A_vcluster_lives_and_goes()
    {
        await cluster.CreateAsync("virtual", "{type: vcluster}");
        await cluster.WaitAsync("virtual");
        await AssertOwnedAsync("virtual", "sts/vcluster", "service/vcluster", "service/vcluster-headless", "service/vcluster-nodeport", "ingress/virtual", "serviceaccount/vc-vcluster",
            "role/vc-vcluster", "rolebinding/vc-vcluster", "secret/vc-config-vcluster");
        Assert.Contains("server: https://vcluster.virtual-system\n", await SecretAsync("virtual", "vc-vcluster", "config-incluster"), StringComparison.Ordinal);
        var port = (await cluster.KubectlAsync("get", "service", "vcluster-nodeport", "-n", "virtual-system", "-o", "jsonpath={.spec.ports[0].nodePort}")).Ok();
        Assert.Contains($"https://kubeflex-control-plane:{port}",
            (await cluster.TenantAsync("virtual", "vc-vcluster", "config", "get", "configmap", "cluster-info", "-n", "kube-public", "-o", "jsonpath={.data.kubeconfig}")).Ok(), StringComparison.Ordinal);

        (await cluster.KubectlAsync("patch", "cp", "virtual", "--type=merge", "-p", """{"spec":{"version":"1.34.1","extraSANs":["v.example.com"]}}""")).Ok();
        await Eventually.TrueAsync(async () => (await cluster.GetAsync("sts", "vcluster", "-n", "virtual-system"))["spec"]!.ToJsonString().Contains("ghcr.io/loft-sh/kubernetes:v1.34.1", StringComparison.Ordinal), "the new version");
        Assert.Contains("v.example.com", await SecretAsync("virtual", "vc-config-vcluster", "config.yaml"), StringComparison.Ordinal);
        await cluster.WaitAsync("virtual");

        (await cluster.KubectlAsync("delete", "cp", "virtual", "--timeout=150s")).Ok();
        await cluster.AssertGoneAsync("virtual");
    }

    [Fact]
    public async Task A_k3s_lives_and_goes()
    {
        await cluster.CreateAsync("small", "{type: k3s, resources: {limits: {memory: 2Gi}}}");
        await cluster.WaitAsync("small");
        await AssertOwnedAsync("small", "sts/k3s-server", "service/k3s", "ingress/small", "pvc/k3s-data", "pvc/k3s-config", "secret/k3s-certs", "secret/k3s-config");
        Assert.Contains("server: https://k3s.small-system.svc\n", await SecretAsync("small", "k3s-config", "config-incluster"), StringComparison.Ordinal);
        (await cluster.TenantAsync("small", "k3s-config", "config", "get", "namespaces")).Ok();
        Assert.Equal("2Gi", (await cluster.KubectlAsync("get", "sts", "k3s-server", "-n", "small-system", "-o", "jsonpath={.spec.template.spec.containers[0].resources.limits.memory}")).Ok());
        (await cluster.KubectlAsync("delete", "cp", "small", "--timeout=150s")).Ok();
        await cluster.AssertGoneAsync("small");
    }

    [Fact]
    public async Task Ready_follows_the_pods()
    {
        await cluster.CreateAsync("followed", "{type: k3s}");
        await cluster.WaitAsync("followed");
        await cluster.Nodes.SetStuckAsync("statefulsets", "followed-system", "k3s-server", stuck: true);
        await cluster.WaitAsync("followed", "Ready=False");
        Assert.Equal("StatefulSet \"k3s-server\": 0 of 1 replicas are ready", await cluster.MessageAsync("followed", "Ready"));
        await cluster.Nodes.SetStuckAsync("statefulsets", "followed-system", "k3s-server", stuck: false);
        await cluster.WaitAsync("followed");
        (await cluster.KubectlAsync("delete", "cp", "followed", "--timeout=150s")).Ok();
    }

    [Fact]
    public async Task What_is_half_made_goes_as_well()
    {
        cluster.Nodes.Stuck["kubeflex-system/half-db"] = true;
        cluster.Nodes.Failing["kubeflex-system/broken-db"] = "database \"broken\" belongs to another role";
        cluster.Nodes.Stuck["half2-system/vcluster"] = true;
        await cluster.CreateAsync("half", "{type: k8s}");
        await cluster.CreateAsync("broken", "{type: k8s}");
        await cluster.CreateAsync("half2", "{type: vcluster}");
        await cluster.WaitAsync("half", "Progressing");
        await Eventually.TrueAsync(async () => (await cluster.MessageAsync("half", "Ready")).StartsWith("waiting for Job \"half-db\"", StringComparison.Ordinal), "the message about the Job");
        await cluster.WaitAsync("broken", "Synced=False");
        Assert.Contains("BackoffLimitExceeded: database \"broken\" belongs to another role", await cluster.MessageAsync("broken", "Synced"), StringComparison.Ordinal);
        (await cluster.KubectlAsync("wait", "cp/half2", "--for=condition=Ready=False", "--timeout=150s")).Ok();
        cluster.Nodes.Failing.Clear();
        (await cluster.KubectlAsync("delete", "cp", "half", "broken", "half2", "--timeout=150s")).Ok();
        foreach (var name in (string[])["half", "broken", "half2"]) await cluster.AssertGoneAsync(name);
    }

    [Fact]
    public async Task When_the_leader_is_killed_the_other_operator_goes_on()
    {
        await cluster.CreateAsync("before", "{type: k3s}");
        await cluster.WaitAsync("before");
        var leader = cluster.Operator;
        var other = await cluster.StartOperatorAsync();
        leader.Process.Kill();
        await cluster.CreateAsync("after", "{type: k3s}");
        await other.LineAsync(l => l.Contains(" leads: ", StringComparison.Ordinal));
        await cluster.WaitAsync("after");
        (await cluster.KubectlAsync("delete", "cp", "before", "after", "--timeout=150s")).Ok();
        await cluster.AssertGoneAsync("before");
    }

    private async Task AssertOwnedAsync(string name, params string[] objects)
    {
        var uid = (string?)(await cluster.GetAsync("cp", name))["metadata"]!["uid"];
        foreach (var obj in objects)
        {
            var there = await cluster.GetAsync(obj, "-n", $"{name}-system");
            Assert.True(there["metadata"]!["ownerReferences"]!.AsArray().Any(o => (string?)o!["uid"] == uid && (string?)o["kind"] == "ControlPlane" && (bool)o["controller"]!), obj);
            Assert.Equal("kubeflex", (string?)there["metadata"]!["labels"]!["app.kubernetes.io/managed-by"]);
        }
    }

    private async Task<string> SecretAsync(string name, string secret, string key) =>
        System.Text.Encoding.UTF8.GetString(Convert.FromBase64String((string)(await cluster.GetAsync("secret", secret, "-n", $"{name}-system"))["data"]![key]!));
}
