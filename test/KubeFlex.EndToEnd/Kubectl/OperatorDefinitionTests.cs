using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

/// <summary>A definition of the size that operators ship; see <see cref="GeneratedDefinition"/>.</summary>
public sealed class OperatorDefinitionTests(SharedServer shared)
{
    [Fact]
    public async Task A_definition_of_thousands_of_lines_installs_validates_defaults_merges_and_explains_itself()
    {
        var w = await shared.WorkspaceAsync("tenant");
        var group = $"op{w.Namespace[2..]}.example.com";
        var yaml = await GeneratedDefinition.YamlAsync(w, group);
        Assert.InRange(yaml.Count(c => c == '\n'), 3000, 30000);

        // Too large for the annotation of a client-side apply, as such definitions are; server-side it works, and again without change.
        Assert.Contains("Too long: may not be more than 262144 bytes", (await w.KubectlWithAsync(yaml, "apply", "-f", "-")).Fails(), StringComparison.Ordinal);
        (await w.KubectlWithAsync(yaml, "apply", "--server-side", "-f", "-")).Ok();
        (await w.KubectlAsync("wait", $"crd/databases.{group}", "--for=condition=Established", "--timeout=150s")).Ok();
        var version = (await w.KubectlAsync("get", $"crd/databases.{group}", "-o", "jsonpath={.metadata.resourceVersion}")).Ok();
        (await w.KubectlWithAsync(yaml, "apply", "--server-side", "-f", "-")).Ok();
        Assert.Equal(version, (await w.KubectlAsync("get", $"crd/databases.{group}", "-o", "jsonpath={.metadata.resourceVersion}")).Ok());

        string Database(string container, string more = "") => $$"""
            apiVersion: {{group}}/v1
            kind: Database
            metadata: {name: d}
            spec:
              template:
                metadata: {labels: {app: d} }
                spec:
                  containers:
                  - {{container}}
            {{more}}
            """;
        const string Main = """{name: main, image: "db:1", ports: [{containerPort: 5432}], livenessProbe: {httpGet: {port: health}}, resources: {limits: {cpu: 1, memory: 1Gi}}}""";
        const string Rest = """
              service: {ports: [{port: 5432, targetPort: 5432}], selector: {app: d}}
              storage: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
            """;
        (await w.KubectlWithAsync(Database(Main, Rest), "apply", "--server-side", "--field-manager=first", "-f", "-")).Ok();
        Assert.Equal("TCP health 1 TCP 1 1Gi", (await w.KubectlAsync("get", $"databases.{group}", "d", "-o", "jsonpath={.spec.template.spec.containers[0].ports[0].protocol} "
            + "{.spec.template.spec.containers[0].livenessProbe.httpGet.port} {.spec.replicas} {.spec.service.ports[0].protocol} {.spec.template.spec.containers[0].resources.limits.cpu} "
            + "{.spec.template.spec.containers[0].resources.limits.memory}")).Ok());
        Assert.Contains("db:1", (await w.KubectlAsync("get", $"databases.{group}")).Ok(), StringComparison.Ordinal);

        // What is wrong deep inside is named with its path.
        async Task RefusedAsync(string container, string path, string why)
        {
            var refused = (await w.KubectlWithAsync(Database(container), "replace", "-f", "-", "--validate=strict")).Fails();
            Assert.Contains(path, refused, StringComparison.Ordinal);
            Assert.Contains(why, refused, StringComparison.Ordinal);
        }
        await RefusedAsync("""{name: main, ports: [{containerPort: "http"}]}""", "spec.template.spec.containers[0].ports[0].containerPort", "must be of type integer");
        await RefusedAsync("{image: x}", "spec.template.spec.containers[0].name", "Required value");
        await RefusedAsync("{name: main, ports: [{containerPort: 1}, {containerPort: 1}]}", "spec.template.spec.containers[0].ports[1]", "Duplicate value");
        await RefusedAsync("{name: main, livenessProbe: {httpGet: {prot: 1, port: 1}}}", "spec.template.spec.containers[0].livenessProbe.httpGet.prot", "unknown field");
        await RefusedAsync("{name: main, resources: {limits: {cpu: lots}}}", "spec.template.spec.containers[0].resources.limits.cpu", "Invalid value");

        // Lists merge by the keys that the schema names: a second manager adds a container and owns only that.
        (await w.KubectlWithAsync(Database("""{name: side, image: "side:1"}"""), "apply", "--server-side", "--field-manager=second", "-f", "-")).Ok();
        Assert.Equal("main side", (await w.KubectlAsync("get", $"databases.{group}", "d", "-o", "jsonpath={.spec.template.spec.containers[*].name}")).Ok());
        Assert.Contains("conflict", (await w.KubectlWithAsync(Database("""{name: main, image: "db:2"}"""), "apply", "--server-side", "--field-manager=third", "-f", "-")).Fails(), StringComparison.Ordinal);
        (await w.KubectlWithAsync(Database("""{name: other, image: "other:1"}"""), "apply", "--server-side", "--field-manager=second", "-f", "-")).Ok();
        Assert.Equal("main other", (await w.KubectlAsync("get", $"databases.{group}", "d", "-o", "jsonpath={.spec.template.spec.containers[*].name}")).Ok());

        var explained = (await w.KubectlAsync("explain", $"databases.{group}.spec.template.spec.containers.livenessProbe.httpGet")).Ok();
        Assert.Contains("KIND:       Database", explained, StringComparison.Ordinal);
        Assert.Contains("scheme\t<string>", explained, StringComparison.Ordinal);
        (await w.KubectlAsync("delete", $"crd/databases.{group}", "--wait", "--timeout=150s")).Ok();
    }
}
