using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

public sealed class ReadingTests(SharedServer shared)
{
    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Get_shows_tables_wide_tables_yaml_json_and_names(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlAsync("create", "configmap", "settings", "--from-literal=a=1", "--from-literal=b=2")).Ok();
        (await w.KubectlAsync("create", "deployment", "web", "--image=nginx", "--replicas=2")).Ok();

        var table = (await w.KubectlAsync("get", "configmap", "settings")).Ok().Split('\n');
        Assert.Equal(["NAME", "DATA", "AGE"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["settings", "2"], table[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..2]);
        var wide = (await w.KubectlAsync("get", "deployments", "-o", "wide")).Ok();
        Assert.Contains("CONTAINERS", wide, StringComparison.Ordinal);
        Assert.Contains("nginx", wide, StringComparison.Ordinal);
        Assert.Contains("0/2", wide, StringComparison.Ordinal);
        Assert.Contains("\n  a: \"1\"\n", (await w.KubectlAsync("get", "cm", "settings", "-o", "yaml")).Ok(), StringComparison.Ordinal);
        Assert.Equal("2", (string?)JsonNode.Parse((await w.KubectlAsync("get", "cm/settings", "-o", "json")).Ok())!["data"]!["b"]);
        Assert.Equal("deployment.apps/web", (await w.KubectlAsync("get", "deploy", "-o", "name")).Ok());
        Assert.Equal("nginx", (await w.KubectlAsync("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")).Ok());
        Assert.Contains("NotFound", (await w.KubectlAsync("get", "cm", "nope")).Fails(), StringComparison.Ordinal);
        Assert.Contains("No resources found", (await w.KubectlAsync("get", "secrets")).Error, StringComparison.Ordinal);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Get_selects_by_label_and_field_and_across_namespaces(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        foreach (var name in (string[])["one", "two", "three"]) (await w.KubectlAsync("create", "configmap", name)).Ok();
        (await w.KubectlAsync("label", "configmap", "one", "two", "side=left")).Ok();
        Assert.Equal(["configmap/one", "configmap/two"], (await w.KubectlAsync("get", "cm", "-l", "side=left", "-o", "name")).Ok().Split('\n'));
        Assert.Equal("configmap/two", (await w.KubectlAsync("get", "cm", "-l", "side in (left,right)", "--field-selector", "metadata.name!=one", "-o", "name")).Ok());
        Assert.Contains(w.Namespace, (await w.KubectlAsync("get", "cm", "-A")).Ok(), StringComparison.Ordinal);
        Assert.Equal(4, (await w.KubectlAsync("get", "cm", "--chunk-size=1", "-o", "name")).Ok().Split('\n').Length);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Watch_shows_changes_as_they_happen(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        using var watch = w.StartKubectl("get", "configmaps", "-l", "watched", "-w", "--output-watch-events");
        // The watch is up when it shows an object made after it began; create until it does.
        for (var i = 0; !watch.Said.Contains(" first-", StringComparison.Ordinal) && i < 50; i++)
        {
            await w.KubectlWithAsync($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"first-{{i}}","labels":{"watched":"yes"} } }""", "create", "-f", "-");
        }
        (await w.KubectlWithAsync("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"second","labels":{"watched":"yes"}}}""", "create", "-f", "-")).Ok();
        (await w.KubectlAsync("annotate", "configmap", "second", "x=y")).Ok();
        (await w.KubectlAsync("delete", "configmap", "second")).Ok();
        await watch.LineAsync(l => l.StartsWith("DELETED", StringComparison.Ordinal) && l.Contains("second", StringComparison.Ordinal));
        var second = watch.Said.Split('\n').Where(l => l.Contains(" second ", StringComparison.Ordinal)).Select(l => l.Split(' ')[0]);
        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], second);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Explain_knows_built_in_and_custom_kinds(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        var deployment = (await w.KubectlAsync("explain", "deployment.spec.template.spec.containers")).Ok();
        Assert.Contains("GROUP:      apps", deployment, StringComparison.Ordinal);
        Assert.Contains("image\t<string>", deployment, StringComparison.Ordinal);
        Assert.Contains("VERSION:    v1", (await w.KubectlAsync("explain", "configmap")).Ok(), StringComparison.Ordinal);
        Assert.Contains("does not exist", (await w.KubectlAsync("explain", "configmap.nope")).Fails(), StringComparison.Ordinal);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Discovery_lists_what_a_stock_server_serves(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        var resources = (await w.KubectlAsync("api-resources")).Ok();
        foreach (var kind in (string[])["ConfigMap", "Deployment", "CronJob", "Ingress", "ClusterRole", "CustomResourceDefinition", "PodDisruptionBudget", "Lease", "StorageClass"])
            Assert.Contains(kind, resources, StringComparison.Ordinal);
        Assert.Contains("apps/v1", (await w.KubectlAsync("api-versions")).Ok(), StringComparison.Ordinal);
        Assert.Equal("ok", (await w.KubectlAsync("get", "--raw", "/readyz")).Ok());
        var version = JsonNode.Parse((await w.KubectlAsync("get", "--raw", "/version")).Ok())!;
        Assert.Equal(("1", "35"), ((string?)version["major"], (string?)version["minor"]));
        Assert.Equal(w.Namespace, (string?)JsonNode.Parse((await w.KubectlAsync("get", "--raw", $"/api/v1/namespaces/{w.Namespace}")).Ok())!["metadata"]!["name"]);
        Assert.Contains("Server Version: v1.35", (await w.KubectlAsync("version")).Ok(), StringComparison.Ordinal);
    }

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Auth_can_i_answers(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        Assert.Equal("yes", (await w.KubectlAsync("auth", "can-i", "create", "deployments.apps")).Ok());
        Assert.Contains("system:masters", (await w.KubectlAsync("auth", "whoami")).Ok(), StringComparison.Ordinal);
    }
}
