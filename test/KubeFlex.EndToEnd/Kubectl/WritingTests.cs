using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

public sealed class WritingTests(SharedServer shared)
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          labels: {set: mine}
        spec:
          replicas: 1
          selector:
            matchLabels: {app: web}
          template:
            metadata:
              labels: {app: web}
            spec:
              containers:
              - name: main
                image: nginx:1
                env:
                - {name: A, value: "1"}
              - name: side
                image: busybox:1
        """;

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Apply_creates_changes_and_says_unchanged(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        Assert.Equal("deployment.apps/web created", (await w.KubectlWithAsync(Deployment, "apply", "-f", "-")).Ok());
        Assert.Equal("deployment.apps/web unchanged", (await w.KubectlWithAsync(Deployment, "apply", "-f", "-")).Ok());
        var changed = Deployment.Replace("nginx:1", "nginx:2", StringComparison.Ordinal).Replace("- {name: A, value: \"1\"}", "- {name: B, value: \"2\"}", StringComparison.Ordinal);
        var diff = await w.KubectlWithAsync(changed, "diff", "-f", "-");
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("+        image: nginx:2", diff.Output, StringComparison.Ordinal);
        Assert.Equal("deployment.apps/web configured", (await w.KubectlWithAsync(changed, "apply", "-f", "-")).Ok());
        Assert.Equal("nginx:2 B", (await w.KubectlAsync("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[*].name}")).Ok());
        Assert.Equal("", (await w.KubectlWithAsync(changed, "diff", "-f", "-")).Ok());
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Server_side_apply_keeps_owners_apart(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        static string Map(string value) => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: \"{value}\"}}\n";
        Assert.Equal("configmap/c serverside-applied", (await w.KubectlWithAsync(Map("1"), "apply", "--server-side", "--field-manager=one", "-f", "-")).Ok());
        var conflict = (await w.KubectlWithAsync(Map("2"), "apply", "--server-side", "--field-manager=two", "-f", "-")).Fails();
        Assert.Contains("conflict with \"one\"", conflict, StringComparison.Ordinal);
        Assert.Contains(".data.a", conflict, StringComparison.Ordinal);
        (await w.KubectlWithAsync(Map("2"), "apply", "--server-side", "--field-manager=two", "--force-conflicts", "-f", "-")).Ok();
        var managed = (await w.KubectlAsync("get", "cm", "c", "-o", "jsonpath={.data.a} {.metadata.managedFields[*].manager}", "--show-managed-fields")).Ok();
        Assert.StartsWith("2 ", managed, StringComparison.Ordinal);
        Assert.Contains("two", managed, StringComparison.Ordinal);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Apply_prune_removes_what_left_the_set(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        static string Map(string name) => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{set: mine}}}}\n---\n";
        (await w.KubectlWithAsync(Map("keep") + Map("drop"), "apply", "-f", "-")).Ok();
        var pruned = (await w.KubectlWithAsync(Map("keep"), "apply", "-f", "-", "--prune", "-l", "set=mine", "--prune-allowlist=core/v1/ConfigMap")).Ok();
        Assert.Contains("configmap/drop pruned", pruned, StringComparison.Ordinal);
        Assert.Equal("configmap/keep", (await w.KubectlAsync("get", "cm", "-l", "set=mine", "-o", "name")).Ok());
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Strict_validation_names_the_unknown_field(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        var refused = (await w.KubectlWithAsync(Deployment.Replace("replicas: 1", "replica: 1", StringComparison.Ordinal), "apply", "--validate=strict", "-f", "-")).Fails();
        Assert.Contains("unknown field \"spec.replica\"", refused, StringComparison.Ordinal);
        Assert.Contains("AlreadyExists", (await w.KubectlWithAsync("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}}""", "create", "-f", "-")).Fails(), StringComparison.Ordinal);
        Assert.Contains("metadata.name: Invalid value", (await w.KubectlAsync("create", "configmap", "Not_A_Name")).Fails(), StringComparison.Ordinal);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Edit_saves_what_the_editor_wrote(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlAsync("create", "configmap", "c", "--from-literal=colour=red")).Ok();
        var environment = w.Server.Environment;
        environment["KUBE_EDITOR"] = "sed -i s/red/green/";
        var edited = await Command.RunAsync(Tools.Kubectl, ["--kubeconfig", w.Kubeconfig, "-n", w.Namespace, "edit", "configmap", "c"], environment);
        Assert.Contains("configmap/c edited", edited.Ok(), StringComparison.Ordinal);
        Assert.Equal("green", (await w.KubectlAsync("get", "cm", "c", "-o", "jsonpath={.data.colour}")).Ok());
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Patch_of_every_type(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlWithAsync(Deployment, "create", "-f", "-")).Ok();
        (await w.KubectlAsync("patch", "deploy", "web", "-p", """{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox:2"}]}}}}""")).Ok();
        Assert.Equal("nginx:1 busybox:2", (await w.KubectlAsync("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[*].image}")).Ok());
        (await w.KubectlAsync("patch", "deploy", "web", "--type=merge", "-p", """{"metadata":{"labels":{"set":null,"new":"yes"}}}""")).Ok();
        (await w.KubectlAsync("patch", "deploy", "web", "--type=json", "-p", """[{"op":"replace","path":"/spec/replicas","value":5}]""")).Ok();
        Assert.Equal("""{"new":"yes"} 5""", (await w.KubectlAsync("get", "deploy", "web", "-o", "jsonpath={.metadata.labels} {.spec.replicas}")).Ok());
        (await w.KubectlAsync("patch", "deploy", "web", "--subresource=status", "--type=merge", "-p", """{"status":{"readyReplicas":3,"replicas":3}}""")).Ok();
        Assert.Contains("3/5", (await w.KubectlAsync("get", "deploy", "web")).Ok(), StringComparison.Ordinal);
        (await w.KubectlAsync("patch", "deploy", "web", "--type=json", "-p", """[{"op":"test","path":"/spec/replicas","value":1}]""")).Fails();
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Replace_label_annotate_scale_and_set(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlWithAsync(Deployment, "create", "-f", "-")).Ok();
        (await w.KubectlWithAsync(Deployment.Replace("replicas: 1", "replicas: 4", StringComparison.Ordinal), "replace", "-f", "-")).Ok();
        (await w.KubectlAsync("scale", "deploy", "web", "--replicas=7", "--current-replicas=4")).Ok();
        (await w.KubectlAsync("label", "deploy", "web", "a=b", "set-")).Ok();
        Assert.Contains("--overwrite is false", (await w.KubectlAsync("label", "deploy", "web", "a=c")).Fails(), StringComparison.Ordinal);
        (await w.KubectlAsync("annotate", "deploy", "web", "note=hello world")).Ok();
        (await w.KubectlAsync("set", "image", "deploy/web", "main=nginx:9")).Ok();
        Assert.Equal("""7 {"a":"b"} hello world nginx:9""", (await w.KubectlAsync("get", "deploy", "web", "-o",
            "jsonpath={.spec.replicas} {.metadata.labels} {.metadata.annotations.note} {.spec.template.spec.containers[0].image}")).Ok());
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Wait_sees_conditions_and_json_paths(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlWithAsync(Deployment, "create", "-f", "-")).Ok();
        using var condition = w.StartKubectl("wait", "deploy/web", "--for=condition=Available", "--timeout=150s");
        using var path = w.StartKubectl("wait", "deploy/web", "--for=jsonpath={.status.readyReplicas}=1", "--timeout=150s");
        (await w.KubectlAsync("patch", "deploy", "web", "--subresource=status", "--type=merge", "-p",
            """{"status":{"readyReplicas":1,"replicas":1,"conditions":[{"type":"Available","status":"True","reason":"Tested","message":"","lastTransitionTime":"2026-01-01T00:00:00Z","lastUpdateTime":"2026-01-01T00:00:00Z"}]}}""")).Ok();
        Assert.Contains("condition met", (await condition.EndAsync(Command.Patience)).Ok(), StringComparison.Ordinal);
        Assert.Contains("condition met", (await path.EndAsync(Command.Patience)).Ok(), StringComparison.Ordinal);
        (await w.KubectlAsync("wait", "deploy/web", "--for=condition=Progressing", "--timeout=1s")).Fails();
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task A_service_gets_an_address_and_ports(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlAsync("create", "service", "nodeport", "s", "--tcp=80:8080")).Ok();
        var service = JsonNode.Parse((await w.KubectlAsync("get", "svc", "s", "-o", "json")).Ok())!["spec"]!;
        Assert.StartsWith("10.", (string?)service["clusterIP"], StringComparison.Ordinal);
        Assert.InRange((int)service["ports"]![0]!["nodePort"]!, 30000, 32767);
    }
}
