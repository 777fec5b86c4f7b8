using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Helm;

public sealed class ChartTests(SharedServer shared)
{
    [Fact]
    public async Task Helm_installs_upgrades_and_uninstalls_a_chart_with_a_crd()
    {
        var w = await shared.WorkspaceAsync("tenant");
        var group = $"h{w.Namespace[2..]}.example.com";
        var chart = Directory.CreateDirectory(Path.Combine(w.Server.Home, $"chart-{w.Namespace}")).FullName;
        Write(chart, "Chart.yaml", "apiVersion: v2\nname: sample\nversion: 0.1.0\n");
        Write(chart, "values.yaml", "colour: red\nreplicas: 1\n");
        Write(chart, "crds/gadgets.yaml", $$"""
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: gadgets.{{group}}}
            spec:
              group: {{group}}
              scope: Namespaced
              names: {plural: gadgets, kind: Gadget}
              versions:
              - name: v1
                served: true
                storage: true
                schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {colour: {type: string} } } } } }
            """);
        Write(chart, "templates/all.yaml", $$$$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: {{ .Release.Name }}-settings}
            data: {colour: {{ .Values.colour }}}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: {{ .Release.Name }}}
            spec:
              replicas: {{ .Values.replicas }}
              selector: {matchLabels: {app: x}}
              template:
                metadata: {labels: {app: x}}
                spec: {containers: [{name: c, image: nginx}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: {{ .Release.Name }}}
            spec: {selector: {app: x}, ports: [{port: 80}]}
            ---
            apiVersion: {{{{group}}}}/v1
            kind: Gadget
            metadata: {name: {{ .Release.Name }}}
            spec: {colour: {{ .Values.colour }}}
            """);

        Assert.Contains("STATUS: deployed", (await HelmAsync(w, "install", "rel", chart)).Ok(), StringComparison.Ordinal);
        Assert.Equal("red", (await w.KubectlAsync("get", $"gadgets.{group}", "rel", "-o", "jsonpath={.spec.colour}")).Ok());
        (await HelmAsync(w, "upgrade", "rel", chart, "--set", "colour=green,replicas=3")).Ok();
        Assert.Equal("green", (await w.KubectlAsync("get", $"gadgets.{group}", "rel", "-o", "jsonpath={.spec.colour}")).Ok());
        Assert.Equal("3", (await w.KubectlAsync("get", "deploy", "rel", "-o", "jsonpath={.spec.replicas}")).Ok());
        Assert.Contains("rel", (await HelmAsync(w, "list")).Ok(), StringComparison.Ordinal);
        (await HelmAsync(w, "rollback", "rel", "1")).Ok();
        Assert.Equal("red", (await w.KubectlAsync("get", "cm", "rel-settings", "-o", "jsonpath={.data.colour}")).Ok());
        (await HelmAsync(w, "uninstall", "rel")).Ok();
        (await w.KubectlAsync("get", "deploy", "rel")).Fails();
        Assert.Equal("", (await w.KubectlAsync("get", $"gadgets.{group},deploy,svc", "-o", "name")).Ok());
    }

    private static Task<CommandResult> HelmAsync(Workspace w, params string[] args) =>
        Command.RunAsync(Tools.Helm, ["--kubeconfig", w.Kubeconfig, "--namespace", w.Namespace, .. args], w.Server.Environment);

    private static void Write(string chart, string file, string content)
    {
        var path = Path.Combine(chart, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
