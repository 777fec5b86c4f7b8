using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Kubectl;

public sealed class SetsTests(SharedServer shared)
{
    private const string Documents = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {colour: red}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: password}
        stringData: {p: secret}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader}
        rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: nightly}
        spec:
          schedule: "0 3 * * *"
          jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}
        """;

    [Theory, InlineData("hosting"), InlineData("tenant")]
    public async Task Several_documents_are_applied_compared_and_deleted_together(string target)
    {
        var w = await shared.WorkspaceAsync(target);
        (await w.KubectlWithAsync(Documents, "apply", "-f", "-", "--dry-run=server")).Ok();
        (await w.KubectlAsync("get", "cronjob", "nightly")).Fails();
        Assert.Equal(4, (await w.KubectlWithAsync(Documents, "apply", "-f", "-")).Ok().Split('\n').Count(l => l.EndsWith(" created", StringComparison.Ordinal)));
        Assert.Equal("", (await w.KubectlWithAsync(Documents, "diff", "-f", "-")).Ok());
        var diff = await w.KubectlWithAsync(Documents.Replace("0 3", "0 4", StringComparison.Ordinal).Replace("red", "green", StringComparison.Ordinal), "diff", "-f", "-");
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("+  colour: green", diff.Output, StringComparison.Ordinal);
        Assert.Contains("+  schedule: 0 4 * * *", diff.Output, StringComparison.Ordinal);
        (await w.KubectlAsync("create", "job", "now", "--from=cronjob/nightly")).Ok();
        Assert.Equal(4, (await w.KubectlWithAsync(Documents, "get", "-f", "-", "-o", "name")).Ok().Split('\n').Length);

        using var gone = w.StartKubectl("wait", "--for=delete", "configmap/settings", "cronjob/nightly", "--timeout=150s");
        (await w.KubectlWithAsync(Documents, "delete", "-f", "-", "--wait")).Ok();
        (await gone.EndAsync(Command.Patience)).Ok();
        (await w.KubectlWithAsync(Documents, "get", "-f", "-")).Fails();
    }

    /// <summary>Each of these sends the typed object of a Go client, which is protobuf.</summary>
    [Fact]
    public async Task Everything_that_kubectl_creates_from_arguments()
    {
        var w = await shared.WorkspaceAsync("tenant");
        (string Command, string What, string Path, string Expected)[] cases =
        [
            ("create configmap c --from-literal=a= --from-literal=b=ü", "cm/c", "{.data}", """{"a":"","b":"ü"}"""),
            ("create secret generic s --from-literal=k=v", "secret/s", "{.data.k} {.type}", "dg== Opaque"),
            ("create secret docker-registry r --docker-username=u --docker-password=p --docker-server=x", "secret/r", "{.type}", "kubernetes.io/dockerconfigjson"),
            ("create serviceaccount bot", "sa/bot", "{.metadata.name}", "bot"),
            ("create role r --verb=get,list --resource=pods,deployments.apps --resource-name=x", "role/r", "{.rules[1]}", """{"apiGroups":["apps"],"resourceNames":["x"],"resources":["deployments"],"verbs":["get","list"]}"""),
            ("create rolebinding rb --role=r --serviceaccount=NS:bot", "rolebinding/rb", "{.subjects[0].kind} {.roleRef.name}", "ServiceAccount r"),
            ("create deployment d --image=i:1 --replicas=0 --port=80", "deploy/d", "{.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort} {.spec.strategy.rollingUpdate.maxSurge}", "0 80 25%"),
            ("create service clusterip svc --tcp=80:web", "svc/svc", "{.spec.ports[0].targetPort} {.spec.ports[0].protocol}", "web TCP"),
            ("create service externalname e --external-name=example.com", "svc/e", "{.spec.externalName} {.spec.clusterIP}", "example.com "),
            ("create job j --image=i -- echo hi", "job/j", "{.spec.template.spec.containers[0].command} {.spec.backoffLimit}", """["echo","hi"] 6"""),
            ("create cronjob cj --image=i --schedule=*/5_*_*_*_*", "cronjob/cj", "{.spec.schedule} {.spec.suspend}", "*/5 * * * * false"),
            ("create quota q --hard=cpu=1,pods=2", "quota/q", "{.spec.hard.cpu} {.spec.hard.pods}", "1 2"),
            ("create pdb p --min-available=50% --selector=app=x", "pdb/p", "{.spec.minAvailable}", "50%"),
            ("create ingress in --rule=h.example.com/p*=svc:80", "ingress/in", "{.spec.rules[0].host} {.spec.rules[0].http.paths[0].pathType} {.spec.rules[0].http.paths[0].backend.service.port.number}", "h.example.com Prefix 80"),
            ("run pod --image=i --restart=Never --env=A=1", "pod/pod", "{.spec.restartPolicy} {.spec.containers[0].env[0].value} {.status.phase}", "Never 1 Pending"),
            ("autoscale deployment d --min=1 --max=3 --cpu-percent=50", "hpa/d", "{.spec.minReplicas} {.spec.maxReplicas}", "1 3"),
        ];
        await Eventually.TrueAsync(async () => (await w.KubectlAsync("get", "serviceaccount", "default")).ExitCode == 0, "the default service account");
        foreach (var (command, what, path, expected) in cases)
        {
            (await w.KubectlAsync([.. command.Split(' ').Select(a => a.Replace("NS", w.Namespace, StringComparison.Ordinal).Replace('_', a.StartsWith("--schedule", StringComparison.Ordinal) ? ' ' : '_'))])).Ok();
            Assert.Equal((what, expected), (what, (await w.KubectlAsync("get", what, "-o", $"jsonpath={path}")).Ok()));
        }
        // Nothing of Go's empty values stays behind.
        var yaml = (await w.KubectlAsync("get", "pod", "pod", "-o", "json")).Ok();
        foreach (var trace in (string[])["\"generateName\": \"\"", "\"hostNetwork\": false", "\"nodeName\": \"\"", ": null", "\"selfLink\""]) Assert.DoesNotContain(trace, yaml, StringComparison.Ordinal);
        (await w.KubectlAsync("delete", "deploy,svc,job,cronjob,pod,cm,secret", "--all", "--wait=false")).Ok();
    }
}
