using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

public sealed class CustomResourceTests(SharedServer shared)
{
    private static string Definition(string group, string scope = "Namespaced") => $$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.{{group}}}
        spec:
          group: {{group}}
          scope: {{scope}}
          names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
          versions:
          - name: v1
            served: true
            storage: true
            subresources:
              status: {}
              scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
            additionalPrinterColumns:
            - {name: Size, type: integer, jsonPath: .spec.size}
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec:
                    type: object
                    required: [size]
                    properties:
                      size: {type: integer, minimum: 1, maximum: 10, description: How big it is}
                      colour: {type: string, default: red, enum: [red, green]}
                      replicas: {type: integer}
                  status:
                    type: object
                    properties:
                      phase: {type: string}
                      replicas: {type: integer}
        """;

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task A_definition_serves_a_kind_that_kubectl_treats_like_any_other(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        var group = $"g{w.Namespace[2..]}.example.com";
        (await w.KubectlWithAsync(Definition(group), "apply", "-f", "-")).Ok();
        (await w.KubectlAsync("wait", $"crd/widgets.{group}", "--for=condition=Established", "--timeout=150s")).Ok();
        string Widget(string spec) => $"apiVersion: {group}/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {spec}\n";

        Assert.Contains("spec.size", (await w.KubectlWithAsync(Widget("{size: 11}"), "apply", "-f", "-")).Fails(), StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.nope\"", (await w.KubectlWithAsync(Widget("{size: 1, nope: 1}"), "apply", "-f", "-")).Fails(), StringComparison.Ordinal);
        (await w.KubectlWithAsync(Widget("{size: 3}"), "apply", "-f", "-")).Ok();
        (await w.KubectlWithAsync(Widget("{size: 4}"), "apply", "--server-side", "--force-conflicts", "-f", "-")).Ok();
        Assert.Equal("4 red", (await w.KubectlAsync("get", $"widgets.{group}", "w", "-o", "jsonpath={.spec.size} {.spec.colour}")).Ok());
        var table = (await w.KubectlAsync("get", $"widgets.{group}")).Ok().Split('\n');
        Assert.Equal(["NAME", "SIZE"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["w", "4"], table[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        (await w.KubectlAsync("scale", $"widgets.{group}/w", "--replicas=6")).Ok();
        (await w.KubectlAsync("patch", $"widgets.{group}", "w", "--subresource=status", "--type=merge", "-p", """{"status":{"phase":"Good"}}""")).Ok();
        Assert.Equal("6 Good", (await w.KubectlAsync("get", $"widgets.{group}", "w", "-o", "jsonpath={.spec.replicas} {.status.phase}")).Ok());
        Assert.Contains("How big it is", (await w.KubectlAsync("explain", $"widgets.{group}.spec.size")).Ok(), StringComparison.Ordinal);
        Assert.Contains("Widget", (await w.KubectlAsync("api-resources", $"--api-group={group}")).Ok(), StringComparison.Ordinal);

        (await w.KubectlAsync("delete", $"crd/widgets.{group}", "--wait", "--timeout=150s")).Ok();
        Assert.Contains("doesn't have a resource type", (await w.KubectlAsync("get", $"widgets.{group}")).Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_definition_is_refused_with_the_field()
    {
        var w = await shared.WorkspaceAsync("tenant");
        var refused = (await w.KubectlWithAsync(Definition("bad.example.com").Replace("scope: Namespaced", "scope: Galactic", StringComparison.Ordinal), "create", "-f", "-")).Fails();
        Assert.Contains("spec.scope", refused, StringComparison.Ordinal);
    }
}
