using System.Text.Json.Nodes;
using KubeFlex.Machinery.Kinds;

namespace KubeFlex.Machinery.Tests.Kinds;

public class PodRulesTests
{
    private static string Pod(string spec) => $$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{{spec}}}""";

    private const string Plain = """{"containers":[{"name":"c","image":"nginx"}]}""";

    [Fact]
    public void A_plain_pod_gets_upstreams_defaults() => KindCase.Equal(
        """
        {"containers":[{"name":"c","image":"nginx","imagePullPolicy":"Always","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
         "dnsPolicy":"ClusterFirst","enableServiceLinks":true,"restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}
        """, KindCase.Create(Pod(Plain)).Object["spec"]);

    [Fact]
    public void Probes_environment_and_volumes_get_defaults()
    {
        var (pod, errors) = KindCase.Create(Pod("""
            {"containers":[{"name":"c","image":"nginx:1","ports":[{"containerPort":80}],"livenessProbe":{"httpGet":{"port":80}},
              "env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"B","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}],
              "volumeMounts":[{"name":"v","mountPath":"/v"}]}],
             "volumes":[{"name":"v"},{"name":"s","secret":{"secretName":"x"}},{"name":"h","hostPath":{"path":"/x"}}]}
            """));
        Assert.Empty(errors);
        KindCase.Equal("""{"failureThreshold":3,"periodSeconds":10,"successThreshold":1,"timeoutSeconds":1,"httpGet":{"path":"/","port":80,"scheme":"HTTP"}}""",
            pod["spec"]!["containers"]![0]!["livenessProbe"]);
        KindCase.Equal("""[{"name":"v","emptyDir":{}},{"name":"s","secret":{"secretName":"x","defaultMode":420}},{"name":"h","hostPath":{"path":"/x","type":""}}]""", pod["spec"]!["volumes"]);
        KindCase.Equal("""[{"name":"A","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}},{"name":"B","valueFrom":{"resourceFieldRef":{"divisor":"0","resource":"limits.cpu"}}}]""",
            pod["spec"]!["containers"]![0]!["env"]);
        Assert.Equal("IfNotPresent", (string?)pod["spec"]!["containers"]![0]!["imagePullPolicy"]);
    }

    [Theory]
    [InlineData("{}", "BestEffort")]
    [InlineData("""{"limits":{"cpu":"1","memory":"1Gi"}}""", "Guaranteed")]
    [InlineData("""{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}""", "Burstable")]
    [InlineData("""{"requests":{"cpu":"0"}}""", "BestEffort")]
    [InlineData("""{"limits":{"cpu":"1"}}""", "Burstable")]
    public void Quality_of_service(string resources, string quality) => Assert.Equal(quality,
        (string?)KindCase.Create(Pod($$$"""{"containers":[{"name":"c","image":"i","resources":{{{resources}}}}]}""")).Object["status"]!["qosClass"]);

    [Theory]
    [InlineData("nginx", "Always")]
    [InlineData("nginx:latest", "Always")]
    [InlineData("host:5000/nginx", "Always")]
    [InlineData("host:5000/nginx:1", "IfNotPresent")]
    [InlineData("nginx@sha256:abc", "IfNotPresent")]
    public void Pull_policy_follows_the_tag(string image, string policy) => Assert.Equal(policy, PodSpecDefaults.PullPolicy(image));

    [Theory]
    [InlineData("""{"containers":[]}""", "spec.containers: Required value")]
    [InlineData("""{"containers":[{"name":"c"}]}""", "spec.containers[0].image: Required value")]
    [InlineData("""{"containers":[{"name":"c","image":"i"},{"name":"c","image":"i"}]}""", "spec.containers[1].name: Duplicate value: \"c\"")]
    [InlineData("""{"containers":[{"name":"c","image":"i","imagePullPolicy":"Maybe"}]}""",
        "spec.containers[0].imagePullPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"IfNotPresent\", \"Never\"")]
    [InlineData("""{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}}]}""",
        "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1")]
    [InlineData("""{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}""", "spec.containers[0].volumeMounts[0].name: Not found: \"v\"")]
    [InlineData("""{"containers":[{"name":"c","image":"i"}],"restartPolicy":"Often"}""",
        "spec.restartPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"Never\", \"OnFailure\"")]
    [InlineData("""{"containers":[{"name":"c","image":"i","readinessProbe":{}}]}""", "spec.containers[0].readinessProbe: Required value: must specify a handler type")]
    [InlineData("""{"containers":[{"name":"c","image":"i"}],"tolerations":[{"operator":"Equal","value":"x"}]}""",
        "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"")]
    [InlineData("""{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/x"}}]}""",
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type")]
    public void Bad_specs_are_named(string spec, string error) => Assert.Equal(error, Assert.Single(KindCase.Create(Pod(spec)).Errors));

    [Fact]
    public void Doubled_variables_and_ports_are_warned_of()
    {
        var pod = KindCase.Create(Pod("""
            {"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}],"ports":[{"containerPort":80},{"containerPort":80}]}]}
            """)).Object;
        Assert.Equal(["spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"], new PodRules().Warnings(pod));
    }

    [Fact]
    public void Only_images_deadline_and_tolerations_change()
    {
        var old = KindCase.Create(Pod(Plain)).Object;
        Assert.Empty(KindCase.Update(old, p => p["spec"]!["containers"]![0]!["image"] = "nginx:2").Errors);
        Assert.Empty(KindCase.Update(old, p => p["spec"]!["activeDeadlineSeconds"] = 5).Errors);
        Assert.Empty(KindCase.Update(old, p => p["spec"]!["tolerations"] = JsonNode.Parse("""[{"key":"a","operator":"Exists"}]""")).Errors);
        Assert.StartsWith("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,",
            Assert.Single(KindCase.Update(old, p => p["spec"]!["nodeName"] = "n").Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Status_and_spec_are_written_apart()
    {
        var old = KindCase.Create(Pod(Plain)).Object;
        var status = KindCase.Update(old, p =>
        {
            p["spec"]!["nodeName"] = "x";
            p["status"]!["podIP"] = "10.1.1.1";
        }, "status").Object;
        Assert.False(((JsonObject)status["spec"]!).ContainsKey("nodeName"));
        KindCase.Equal("""[{"ip":"10.1.1.1"}]""", status["status"]!["podIPs"]);
        var spec = KindCase.Update(old, p => p["status"]!["phase"] = "Failed").Object;
        Assert.Equal("Pending", (string?)spec["status"]!["phase"]);
    }
}
