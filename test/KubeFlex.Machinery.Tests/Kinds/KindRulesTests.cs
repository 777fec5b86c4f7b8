using System.Text.Json.Nodes;
using KubeFlex.Machinery.Kinds;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Tests.Kinds;

public class KindRulesTests
{
    private const string Template = """{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}""";

    private static string Obj(string apiVersion, string kind, string rest, string name = "o") =>
        "{\"apiVersion\":\"" + apiVersion + "\",\"kind\":\"" + kind + "\",\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"ns\"}," + rest + "}";

    private static string Deployment(string spec) => Obj("apps/v1", "Deployment", "\"spec\":" + spec);

    [Fact]
    public void Deployment_defaults()
    {
        var (made, errors) = KindCase.Create(Deployment("{\"selector\":{\"matchLabels\":{\"app\":\"x\"}},\"template\":" + Template + "}"));
        Assert.Empty(errors);
        KindCase.Equal("""{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"},"type":"RollingUpdate"}""", made["spec"]!["strategy"]);
        Assert.Equal("1 10 600", $"{made["spec"]!["replicas"]} {made["spec"]!["revisionHistoryLimit"]} {made["spec"]!["progressDeadlineSeconds"]}");
        KindCase.Equal("{}", made["status"]);
        Assert.Null(made["spec"]!["template"]!["spec"]!["enableServiceLinks"]);
    }

    [Fact]
    public void A_selector_is_needed_matches_and_stays()
    {
        Assert.Equal(["spec.selector: Required value", "spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels`"],
            KindCase.Create(Deployment("{\"template\":" + Template + "}")).Errors);
        var old = KindCase.Create(Deployment("{\"selector\":{\"matchLabels\":{\"app\":\"x\"}},\"template\":" + Template + "}")).Object;
        Assert.Equal(["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"z\"}}: field is immutable"], KindCase.Update(old, d =>
        {
            d["spec"]!["selector"]!["matchLabels"]!["app"] = "z";
            d["spec"]!["template"]!["metadata"]!["labels"]!["app"] = "z";
        }).Errors);
    }

    [Fact]
    public void Statefulset_claims_are_defaulted_and_mountable()
    {
        var (made, errors) = KindCase.Create(Obj("apps/v1", "StatefulSet",
            """
            "spec":{"selector":{"matchLabels":{"app":"x"}},"serviceName":"s","template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"data","mountPath":"/d"}]}]}},
              "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}
            """));
        Assert.Empty(errors);
        Assert.Equal("Pending", (string?)made["spec"]!["volumeClaimTemplates"]![0]!["status"]!["phase"]);
        KindCase.Equal("""{"availableReplicas":0,"replicas":0}""", made["status"]);
        Assert.StartsWith("spec: Forbidden: updates to statefulset spec for fields other than", Assert.Single(
            KindCase.Update(made, s => s["spec"]!["serviceName"] = "t").Errors), StringComparison.Ordinal);
        Assert.Empty(KindCase.Update(made, s => s["spec"]!["replicas"] = 3).Errors);
    }

    [Fact]
    public void A_job_selects_by_its_uid()
    {
        var (job, errors) = KindCase.Create(
            """{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j","uid":"u-1"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""");
        Assert.Empty(errors);
        KindCase.Equal("""{"matchLabels":{"batch.kubernetes.io/controller-uid":"u-1"}}""", job["spec"]!["selector"]);
        Assert.Equal("j", (string?)job["spec"]!["template"]!["metadata"]!["labels"]!["batch.kubernetes.io/job-name"]);
        Assert.Equal("6", job["spec"]!["backoffLimit"]!.ToString());
    }

    [Fact]
    public void Jobs_do_not_restart_always() => Assert.Equal(["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""],
        KindCase.Create(Obj("batch/v1", "Job", """ "spec":{"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}} """)).Errors);

    [Theory]
    [InlineData("*/5 * * * *", null)]
    [InlineData("0 0 1 JAN mon-fri", null)]
    [InlineData("@daily", null)]
    [InlineData("@every 1h30m", null)]
    [InlineData("nope", "expected exactly 5 fields, found 1: [nope]")]
    [InlineData("70 * * * *", "end of range (70) above maximum (59): 70")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax")]
    [InlineData("@often", "unrecognized descriptor: @often")]
    public void Schedules(string schedule, string? error) => Assert.Equal(error, CronSchedule.Error(schedule));

    [Fact]
    public void Secret_text_becomes_data()
    {
        var (made, _) = KindCase.Create(Obj("v1", "Secret", """ "stringData":{"a":"b"} """));
        KindCase.Equal("""{"a":"Yg=="}""", made["data"]);
        Assert.False(made.ContainsKey("stringData"));
        Assert.Equal("Opaque", (string?)made["type"]);
        Assert.Equal(["type: Invalid value: \"other\": field is immutable"], KindCase.Update(made, s => s["type"] = "other").Errors);
    }

    [Theory]
    [InlineData("kubernetes.io/dockerconfigjson", "data[.dockerconfigjson]: Required value")]
    [InlineData("kubernetes.io/ssh-auth", "data[ssh-privatekey]: Required value")]
    [InlineData("kubernetes.io/service-account-token", "metadata.annotations[kubernetes.io/service-account.name]: Required value")]
    public void Secret_types_need_their_keys(string type, string error) =>
        Assert.Equal([error], KindCase.Create(Obj("v1", "Secret", $"\"type\":\"{type}\"")).Errors);

    [Fact]
    public void An_immutable_configmap_stays()
    {
        var old = KindCase.Create(Obj("v1", "ConfigMap", """ "immutable":true,"data":{"a":"b"} """)).Object;
        Assert.Equal(["data: Forbidden: field is immutable when `immutable` is set"], KindCase.Update(old, c => c["data"]!["a"] = "c").Errors);
        Assert.Equal(["immutable: Forbidden: field is immutable when `immutable` is set"], KindCase.Update(old, c => c["immutable"] = false).Errors);
        Assert.Empty(KindCase.Update(old, c => c["metadata"]!["labels"] = new JsonObject { ["a"] = "b" }).Errors);
    }

    [Fact]
    public void A_namespace_has_its_finalizer_label_and_phase()
    {
        var (made, errors) = KindCase.Create("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}""");
        Assert.Empty(errors);
        KindCase.Equal("""{"finalizers":["kubernetes"]}""", made["spec"]);
        KindCase.Equal("""{"phase":"Active"}""", made["status"]);
        Assert.Equal("n", (string?)made["metadata"]!["labels"]!["kubernetes.io/metadata.name"]);
        KindCase.Equal("""{"finalizers":["kubernetes"]}""", KindCase.Update(made, n => n["spec"]!["finalizers"] = new JsonArray()).Object["spec"]);
        KindCase.Equal("{}", KindCase.Update(made, n => n["spec"]!["finalizers"] = new JsonArray(), "finalize").Object["spec"]);
    }

    [Theory]
    [InlineData("""{"ports":[{"port":0}]}""", "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive|spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive")]
    [InlineData("""{"ports":[{"port":80},{"port":81}]}""", "spec.ports[0].name: Required value|spec.ports[1].name: Required value")]
    [InlineData("""{"ports":[{"port":80}],"type":"Nope"}""", "spec.type: Unsupported value: \"Nope\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"")]
    [InlineData("""{}""", "spec.ports: Required value")]
    [InlineData("""{"type":"ExternalName"}""", "spec.externalName: Required value")]
    public void Bad_services_are_named(string spec, string errors) => Assert.Equal(errors.Split('|'), KindCase.Create(Obj("v1", "Service", "\"spec\":" + spec)).Errors);

    [Fact]
    public void A_service_keeps_what_was_allocated()
    {
        var old = KindCase.Create(Obj("v1", "Service", """ "spec":{"ports":[{"port":80,"nodePort":30001}],"type":"NodePort","clusterIP":"10.0.0.1"} """)).Object;
        var (kept, errors) = KindCase.Update(old, s => s["spec"] = JsonNode.Parse("""{"ports":[{"port":80}],"type":"NodePort"}"""));
        Assert.Empty(errors);
        Assert.Equal("10.0.0.1 30001", $"{kept["spec"]!["clusterIP"]} {kept["spec"]!["ports"]![0]!["nodePort"]}");
        Assert.Equal(["spec.clusterIPs[0]: Invalid value: [\"10.0.0.99\"]: may not change once set"], KindCase.Update(old, s => s["spec"]!["clusterIP"] = "10.0.0.99").Errors);
        Assert.Null(KindCase.Update(old, s => s["spec"]!["type"] = "ClusterIP").Object["spec"]!["ports"]![0]!["nodePort"]);
    }

    [Theory]
    [InlineData("networking.k8s.io/v1", "Ingress", """ "spec":{} """, "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified")]
    [InlineData("networking.k8s.io/v1", "Ingress", """ "spec":{"rules":[{"http":{"paths":[{"path":"nope","pathType":"Prefix","backend":{"service":{"name":"s","port":{"number":80}}}}]}}]} """,
        "spec.rules[0].http.paths[0].path: Invalid value: \"nope\": must be an absolute path")]
    [InlineData("rbac.authorization.k8s.io/v1", "Role", """ "rules":[{"apiGroups":[""],"resources":["pods"]}] """, "rules[0].verbs: Required value: verbs must contain at least one value")]
    [InlineData("rbac.authorization.k8s.io/v1", "RoleBinding", """ "subjects":[] """,
        "roleRef.kind: Unsupported value: \"\": supported values: \"Role\", \"ClusterRole\"|roleRef.name: Required value")]
    [InlineData("policy/v1", "PodDisruptionBudget", """ "spec":{"maxUnavailable":1,"minAvailable":1,"selector":{"matchLabels":{"app":"x"}}} """,
        "spec: Invalid value: {\"MinAvailable\":1,\"Selector\":{\"matchLabels\":{\"app\":\"x\"}},\"MaxUnavailable\":1,\"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both set")]
    [InlineData("autoscaling/v2", "HorizontalPodAutoscaler", """ "spec":{"maxReplicas":3,"minReplicas":5,"scaleTargetRef":{"kind":"Deployment","name":"d"}} """,
        "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`|spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group")]
    [InlineData("networking.k8s.io/v1", "NetworkPolicy", """ "spec":{"ingress":[{"ports":[{"port":99999}]}],"podSelector":{}} """,
        "spec.ingress[0].ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive")]
    [InlineData("certificates.k8s.io/v1", "CertificateSigningRequest", """ "spec":{"request":"bm90IGEgY3Ny","signerName":"a.io/b","usages":["client auth"]} """,
        "spec.request: Invalid value: \"bm90IGEgY3Ny\": PEM block type must be CERTIFICATE REQUEST")]
    public void Bad_objects_are_named(string version, string kind, string rest, string errors) => Assert.Equal(errors.Split('|'), KindCase.Create(Obj(version, kind, rest)).Errors);

    [Fact]
    public void Webhooks_get_defaults()
    {
        var (made, errors) = KindCase.Create(Obj("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
            """
            "webhooks":[{"admissionReviewVersions":["v1"],"clientConfig":{"service":{"name":"s","namespace":"n"}},"name":"a.example.com","sideEffects":"None",
              "rules":[{"apiGroups":["x.io"],"apiVersions":["*"],"operations":["CREATE"],"resources":["x"]}]}]
            """));
        Assert.Empty(errors);
        KindCase.Equal(
            """
            {"admissionReviewVersions":["v1"],"clientConfig":{"service":{"name":"s","namespace":"n","port":443}},"failurePolicy":"Fail","matchPolicy":"Equivalent","name":"a.example.com",
             "namespaceSelector":{},"objectSelector":{},"rules":[{"apiGroups":["x.io"],"apiVersions":["*"],"operations":["CREATE"],"resources":["x"],"scope":"*"}],"sideEffects":"None","timeoutSeconds":10}
            """, made["webhooks"]![0]);
    }

    [Fact]
    public void A_role_reference_stays()
    {
        var old = KindCase.Create(Obj("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", """ "roleRef":{"kind":"ClusterRole","name":"a"} """)).Object;
        Assert.Equal(["roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\"Name\":\"b\"}: cannot change roleRef"],
            KindCase.Update(old, b => b["roleRef"]!["name"] = "b").Errors);
    }

    [Fact]
    public void A_claim_grows_only_when_bound()
    {
        var old = KindCase.Create(Obj("v1", "PersistentVolumeClaim", """ "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}} """)).Object;
        void Grow(JsonObject claim) => claim["spec"]!["resources"]!["requests"]!["storage"] = "2Gi";
        Assert.Single(KindCase.Update(old, Grow).Errors);
        old["status"]!["phase"] = "Bound";
        Assert.Empty(KindCase.Update(old, Grow).Errors);
    }

    [Fact]
    public void Autoscalers_travel_between_versions_without_loss()
    {
        var v2 = KindCase.Create(Obj("autoscaling/v2", "HorizontalPodAutoscaler",
            """
            "spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},"metrics":[
              {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
              {"type":"External","external":{"metric":{"name":"q","selector":{"matchLabels":{"a":"b"}}},"target":{"type":"AverageValue","averageValue":"30"}}},
              {"type":"Object","object":{"metric":{"name":"m"},"describedObject":{"kind":"Service","name":"s"},"target":{"type":"Value","value":"2k"}}}]}
            """)).Object;
        var v1 = BuiltInKinds.Convert(v2, new GroupVersionKind("autoscaling", "v1", "HorizontalPodAutoscaler"));
        Assert.Equal("50", v1["spec"]!["targetCPUUtilizationPercentage"]!.ToString());
        Assert.Equal(
            """[{"type":"External","external":{"metricName":"q","metricSelector":{"matchLabels":{"a":"b"}},"targetAverageValue":"30"}},{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"m","targetValue":"2k"}}]""",
            (string?)v1["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]);
        var back = BuiltInKinds.Convert(v1, new GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler"));
        Assert.Null(back["metadata"]!["annotations"]);
        Assert.Equal(3, back["spec"]!["metrics"]!.AsArray().Count);
        foreach (var metric in v2["spec"]!["metrics"]!.AsArray()) Assert.Contains(back["spec"]!["metrics"]!.AsArray(), m => JsonNode.DeepEquals(m, JsonNode.Parse(metric!.ToJsonString())));
    }

    [Fact]
    public void Events_are_one_object_in_two_groups()
    {
        var core = KindCase.Create(Obj("v1", "Event", """ "involvedObject":{"kind":"Pod","name":"p","namespace":"ns"},"message":"hello","reason":"R","type":"Normal","count":2 """)).Object;
        var modern = BuiltInKinds.Convert(core, new GroupVersionKind("events.k8s.io", "v1", "Event"));
        Assert.Equal("hello 2 p", $"{modern["note"]} {modern["deprecatedCount"]} {modern["regarding"]!["name"]}");
        Assert.True(JsonNode.DeepEquals(core, BuiltInKinds.Convert(modern, new GroupVersionKind("", "v1", "Event"))));
    }

    [Fact]
    public void Every_kind_of_a_new_object_can_be_defaulted_and_checked_when_empty()
    {
        // Rules must stand objects that lack everything: validation answers, nothing throws.
        foreach (var group in new[] { "", "apps", "batch", "networking.k8s.io", "policy", "autoscaling", "rbac.authorization.k8s.io", "storage.k8s.io", "flowcontrol.apiserver.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io", "certificates.k8s.io", "discovery.k8s.io", "coordination.k8s.io", "scheduling.k8s.io", "node.k8s.io", "events.k8s.io" })
            foreach (var resource in KubeFlex.Machinery.Catalog.ApiCatalog.Load().ResourcesOf(new GroupVersion(group, group == "autoscaling" ? "v2" : "v1")))
            {
                var (made, _) = KindCase.Create(Obj(resource.Kind.ApiVersion, resource.Kind.Kind, "\"spec\":{}"));
                Assert.NotNull(KindCase.Update(made, _ => { }).Object);
                Assert.NotNull(KindCase.Update(made, _ => { }, "status").Object);
            }
    }
}
