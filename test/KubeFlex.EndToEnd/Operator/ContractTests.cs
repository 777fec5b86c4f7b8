using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Operator;

/// <summary>The names that people's scripts rest on: secrets and their keys, conditions, events, finalizer.</summary>
public sealed class ContractTests(SharedServer shared)
{
    private TestServer Server => shared.Server;

    private async Task<JsonNode> GetAsync(params string[] what) => JsonNode.Parse((await Server.HostingAsync(["get", .. what, "-o", "json"])).Ok())!;

    private static string[] Keys(JsonNode secret) => [.. secret["data"]!.AsObject().Select(d => d.Key).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task A_control_plane_has_its_namespace_secrets_conditions_and_events()
    {
        await Server.CreateControlPlaneAsync("contract");
        var cp = await GetAsync("controlplane", "contract");
        Assert.Equal("kflex.kubestellar.org/finalizer", (string?)cp["metadata"]!["finalizers"]![0]);
        var status = cp["status"]!;
        Assert.Equal("""{"namespace":"contract-system","name":"admin-kubeconfig","key":"kubeconfig","inClusterKey":"kubeconfig-incluster"}""", status["secretRef"]!.ToJsonString(), Same);
        Assert.Equal((long)cp["metadata"]!["generation"]!, (long)status["observedGeneration"]!);
        var conditions = status["conditions"]!.AsArray().ToDictionary(c => (string)c!["type"]!, c => $"{c!["status"]} {c["reason"]}");
        Assert.Equal(("True Available", "True ReconcileSuccess"), (conditions["Ready"], conditions["Synced"]));
        Assert.Equal(["apiserver-kubelet-client.crt", "apiserver-kubelet-client.key", "apiserver.crt", "apiserver.key", "ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-client.crt",
            "front-proxy-client.key", "sa.key", "sa.pub"], Keys(await GetAsync("secret", "k8s-certs", "-n", "contract-system")));
        Assert.Superset(new HashSet<string> { "kubeconfig", "kubeconfig-incluster" }, Keys(await GetAsync("secret", "admin-kubeconfig", "-n", "contract-system")).ToHashSet());
        Assert.Superset(new HashSet<string> { "kubeconfig" }, Keys(await GetAsync("secret", "cm-kubeconfig", "-n", "contract-system")).ToHashSet());
        await Eventually.TrueAsync(async () => (await Server.HostingAsync("get", "events", "-A", "--field-selector=involvedObject.name=contract,reason=SyncSuccess", "-o", "name")).Ok().Length > 0, "the event SyncSuccess");
        foreach (var name in (string[])["controlplanes", "cp", "cps"])
            Assert.Equal(["NAME", "SYNCED", "READY", "TYPE", "AGE"], (await Server.HostingAsync("get", name)).Ok().Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Secrets_that_are_lost_are_made_again_and_the_tenant_goes_on()
    {
        var tenant = await Server.CreateControlPlaneAsync("lossy");
        (await Server.KubectlAsync(tenant, null, "create", "configmap", "kept")).Ok();
        (await Server.HostingAsync("delete", "secret", "admin-kubeconfig", "-n", "lossy-system")).Ok();
        await Eventually.TrueAsync(async () => (await Server.HostingAsync("get", "secret", "admin-kubeconfig", "-n", "lossy-system")).ExitCode == 0, "the kubeconfig secret");
        var config = Path.Combine(Server.Home, "lossy-again.kubeconfig");
        var data = (string)(await GetAsync("secret", "admin-kubeconfig", "-n", "lossy-system"))["data"]!["kubeconfig"]!;
        await File.WriteAllTextAsync(config, Encoding.UTF8.GetString(Convert.FromBase64String(data)));
        Assert.Equal("configmap/kept", (await Server.KubectlAsync(config, null, "get", "configmap", "kept", "-o", "name")).Ok());
        Assert.Equal("configmap/kept", (await Server.KubectlAsync(tenant, null, "get", "configmap", "kept", "-o", "name")).Ok());
    }

    [Fact]
    public async Task A_control_plane_waits_for_its_hooks_when_told_and_says_what_is_missing()
    {
        (await Server.KubectlAsync(Server.AdminKubeconfig, """
            apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
            kind: ControlPlane
            metadata: {name: patient}
            spec:
              type: k8s
              waitForPostCreateHooks: true
              postCreateHooks: [{hookName: slow, vars: {IMAGE: busybox}}]
            """, "apply", "-f", "-")).Ok();
        // The hook is missing: the control plane says which.
        (await Server.HostingAsync("wait", "controlplane/patient", "--for=condition=Synced=False", "--timeout=150s")).Ok();
        Assert.Contains("slow", (await Server.HostingAsync("get", "controlplane", "patient", "-o", "jsonpath={.status.conditions[?(@.type==\"Synced\")].message}")).Ok(), StringComparison.Ordinal);
        (await Server.KubectlAsync(Server.AdminKubeconfig, """
            apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
            kind: PostCreateHook
            metadata: {name: slow, labels: {flavour: "sweet"}}
            spec:
              templates:
              - apiVersion: batch/v1
                kind: Job
                metadata: {name: work}
                spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "{{.IMAGE}}"}]}}}
            """, "apply", "-f", "-")).Ok();
        // That was the reason without the hook already; the Job tells that the hook was seen.
        (await Server.HostingAsync("wait", "job/work", "-n", "patient-system", "--for=create", "--timeout=150s")).Ok();
        Assert.Equal("WaitingForPostCreateHooks", (await Server.HostingAsync("get", "controlplane", "patient", "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}")).Ok());
        Assert.Equal("busybox", (await Server.HostingAsync("get", "job", "work", "-n", "patient-system", "-o", "jsonpath={.spec.template.spec.containers[0].image}")).Ok());
        (await Server.HostingAsync("patch", "job", "work", "-n", "patient-system", "--subresource=status", "--type=merge", "-p", """{"status":{"succeeded":1}}""")).Ok();
        (await Server.HostingAsync("wait", "controlplane/patient", "--for=condition=Ready", "--timeout=150s")).Ok();
        Assert.Equal("sweet true", (await Server.HostingAsync("get", "controlplane", "patient", "-o", "jsonpath={.metadata.labels.flavour} {.status.postCreateHookCompleted}")).Ok());
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_the_api_or_said_in_the_status()
    {
        Task<CommandResult> ApplyAsync(string name, string spec) => Server.KubectlAsync(Server.AdminKubeconfig,
            $"apiVersion: tenancy.kflex.kubestellar.org/v1alpha1\nkind: ControlPlane\nmetadata: {{name: {name}}}\nspec: {spec}\n", "apply", "-f", "-");
        Assert.Contains("spec.type", (await ApplyAsync("wrong-type", "{type: k9s}")).Fails(), StringComparison.Ordinal);
        Assert.Contains("spec.type", (await ApplyAsync("no-type", "{}")).Fails(), StringComparison.Ordinal);
        Assert.Contains("spec.backend", (await ApplyAsync("wrong-backend", "{type: k8s, backend: cloud}")).Fails(), StringComparison.Ordinal);
        Assert.Contains("tpye", (await ApplyAsync("unknown-field", "{tpye: k8s}")).Fails(), StringComparison.Ordinal);

        // A namespace of somebody else is not taken over, and lives on when the control plane goes.
        (await Server.HostingAsync("create", "namespace", "foreign-system")).Ok();
        (await ApplyAsync("foreign", "{type: k8s}")).Ok();
        (await Server.HostingAsync("wait", "controlplane/foreign", "--for=condition=Synced=False", "--timeout=150s")).Ok();
        Assert.Contains("foreign-system", (await Server.HostingAsync("get", "controlplane", "foreign", "-o", "jsonpath={.status.conditions[?(@.type==\"Synced\")].message}")).Ok(), StringComparison.Ordinal);
        (await Server.HostingAsync("delete", "controlplane", "foreign", "--timeout=150s")).Ok();
        (await Server.HostingAsync("get", "namespace", "foreign-system")).Ok();
    }

    private static readonly IEqualityComparer<string> Same = EqualityComparer<string>.Create((a, b) => JsonNode.DeepEquals(JsonNode.Parse(a!), JsonNode.Parse(b!)), _ => 0);
}
